"""The matrix of a mesh: what it counts, whom it names, and how it reads as page, CSV and JSON."""

import csv
import io
import json
import re
from html.parser import HTMLParser
from itertools import permutations

import pytest

from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.report.answers import Standing
from pytest_cucmtls.report.html.mesh_page import render_mesh_page
from pytest_cucmtls.report.mesh_matrix import COLUMNS, Cell, Matrix, matrix_as_csv, matrix_as_json

ABOUT = {"started_at": "2026-11-23T20:00:00+00:00", "policy": "p", "simulated": True, "phases": [{"phase": "x", "seconds": 1.5}]}


def cell(client: str, server: str, standing: Standing = Standing.PROVEN, **values: str) -> Cell:
    bad = standing in (Standing.REFUTED, Standing.UNDECIDED)
    found = {"check": "right_party_answers", "title": "the claim", "subject": "s", "diagnosis": "why"} if bad else {}
    texts = {"check": "", "title": "", "subject": "", "diagnosis": ""} | found | values
    return Cell(client, server, "--".join(sorted((client, server))), standing, **texts, more=0, warnings=0)


def matrix(names: str, **wrong: Standing) -> Matrix:
    """Full mesh of one-letter names; ``ab=Standing.REFUTED`` is the direction a->b."""
    cells = tuple(cell(one, other, wrong.get(one + other, Standing.PROVEN)) for one, other in permutations(names, 2))
    return Matrix(tuple(names), cells)


def named(found: Matrix) -> list[tuple[str, str]]:
    return [(suspect.kind, suspect.name) for suspect in found.suspects()]


def test_nothing_is_named_where_everything_is_proven() -> None:
    assert named(matrix("abc")) == []


def test_one_direction_is_named_alone_and_both_are_named_as_their_trunk() -> None:
    assert named(matrix("abc", ab=Standing.REFUTED)) == [("direction", "a->b")]
    assert named(matrix("abc", ab=Standing.REFUTED, ba=Standing.REFUTED)) == [("trunk", "a--b")]


def test_a_cluster_is_named_when_all_its_trunks_are_concerned() -> None:
    wrong = dict.fromkeys(("ab", "ba", "ac", "ca"), Standing.REFUTED)
    assert named(matrix("abc", **wrong)) == [("cluster", "a")]
    assert named(matrix("abc", **{**wrong, "ca": Standing.PROVEN})) == [("calls_from", "a"), ("direction", "b->a")]


def test_a_cluster_that_cannot_be_called_is_named_for_that_role() -> None:
    assert named(matrix("abc", ba=Standing.REFUTED, ca=Standing.REFUTED)) == [("calls_to", "a")]


def test_a_cluster_with_one_trunk_is_never_named_for_it() -> None:
    assert named(matrix("ab", ab=Standing.REFUTED, ba=Standing.REFUTED)) == [("trunk", "a--b")]


def test_refuted_and_undecided_are_never_explained_by_one_name() -> None:
    found = matrix("abc", ab=Standing.REFUTED, ac=Standing.UNDECIDED)
    assert named(found) == [("direction", "a->b"), ("direction", "a->c")]
    assert [suspect.standing for suspect in found.suspects()] == [Standing.REFUTED, Standing.UNDECIDED]


def test_every_cell_that_is_not_proven_is_explained_exactly_once() -> None:
    found = matrix(
        "abcd", ab=Standing.REFUTED, ba=Standing.REFUTED, cd=Standing.UNDECIDED, ad=Standing.REFUTED, ac=Standing.REFUTED
    )
    explained = [one.direction for suspect in found.suspects() for one in suspect.cells]
    assert sorted(explained) == ["a->b", "a->c", "a->d", "b->a", "c->d"]


def test_the_json_counts_and_lists_every_direction() -> None:
    document = json.loads(matrix_as_json(matrix("abc", ab=Standing.REFUTED), dict(ABOUT)))
    assert document["schema"] == "cucmtls-mesh-matrix-1"
    assert document["counts"] == {"proven": 5, "fragile": 0, "refuted": 1, "undecided": 0}
    assert [row["direction"] for row in document["directions"] if row["standing"] == "refuted"] == ["a->b"]
    assert document["suspects"][0]["directions"] == ["a->b"]


def test_the_csv_has_a_row_per_direction_and_no_formula() -> None:
    rows = list(csv.reader(io.StringIO(matrix_as_csv([cell("a", "b", Standing.REFUTED, diagnosis="=cmd()")]))))
    assert rows[0] == list(COLUMNS)
    assert rows[1][:4] == ["a", "b", "a--b", "refuted"]
    assert rows[1][COLUMNS.index("diagnosis")] == "'=cmd()"


class Links(HTMLParser):
    """Everything a page points to, and its cells."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.cells = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.targets += [str(value) for name, value in attributes if name in ("href", "src")]
        self.cells += tag == "td"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_page_of_twenty_clusters_links_each_cell_to_its_trunks_report_and_nothing_outside(language: str) -> None:
    names = [f"cluster-{number:02d}" for number in range(20)]
    cells = tuple(cell(one, other) for one, other in permutations(names, 2))
    page = render_mesh_page(Matrix(tuple(names), cells), ABOUT, language=language)
    links = Links()
    links.feed(page)
    reports = [target for target in links.targets if target.endswith("/report.html")]
    assert len(reports) == 380
    assert set(links.targets) - set(reports) <= {"data:,"}
    assert not re.search(r"https?://|<script", page)
    assert len(page) < 300_000


def test_the_page_says_first_who_is_the_odd_one_out() -> None:
    page = render_mesh_page(matrix("abc", ab=Standing.REFUTED, ba=Standing.REFUTED), ABOUT)
    assert "2 of 6 directions are not proven." in page
    assert page.index("trunk a--b, both directions") < page.index('<div class="mesh">')
    assert "2 × the claim" in page


def test_each_cell_has_a_letter_and_a_word_beside_its_colour() -> None:
    standings = {"ab": Standing.REFUTED, "ac": Standing.UNDECIDED, "ba": Standing.FRAGILE}
    page = render_mesh_page(matrix("abc", **standings), ABOUT)
    for letter, word in (("R", "Refuted"), ("U", "Undecided"), ("W", "Proven, fragile"), ("P", "Proven")):
        assert re.search(rf'title="[abc]-&gt;[abc]: {word}[^"]*">{letter}</a>', page)


def test_the_french_page_speaks_french() -> None:
    page = render_mesh_page(matrix("abc", ab=Standing.REFUTED), ABOUT, language="fr")
    assert '<html lang="fr">' in page
    assert "Ce qui sort du lot" in page
    assert "Matrice" in page


def test_names_from_outside_are_escaped() -> None:
    page = render_mesh_page(Matrix(("a", "b"), (cell("a", "b", Standing.REFUTED, diagnosis="<img src=x>"),)), ABOUT)
    assert "<img" not in page


def test_a_language_there_is_none_of_is_refused() -> None:
    with pytest.raises(ConfigurationInvalid):
        render_mesh_page(matrix("ab"), ABOUT, language="de")


def test_clusters_without_a_trunk_have_an_empty_cell() -> None:
    page = render_mesh_page(Matrix(("a", "b", "c"), (cell("a", "b"), cell("b", "a"))), ABOUT)
    assert page.count('title="no trunk"') == 4
