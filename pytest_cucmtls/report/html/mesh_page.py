"""The matrix page of a mesh: clusters by clusters, one cell per direction, above it what explains the cells not proven."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_cucmtls.report.answers import Standing
from pytest_cucmtls.report.html.page import environment, style
from pytest_cucmtls.report.html.shown import moment, span
from pytest_cucmtls.report.html.words import claimed
from pytest_cucmtls.report.html.words_mesh import mesh_words
from pytest_cucmtls.report.mesh_matrix import BAD, Cell, Matrix
from pytest_cucmtls.whole_files import write_atomically


@dataclass(frozen=True, slots=True)
class Row:
    """One calling cluster with a cell (or None) per called one."""

    name: str
    cells: tuple[Cell | None, ...]
    bad: int


def write_mesh_page(folder: Path, matrix: Matrix, about: Mapping[str, Any], *, language: str = "en") -> None:
    """``matrix.html`` in the folder of the mesh; its links lead to ``trunks/<name>/report.html``."""
    write_atomically(folder / "matrix.html", render_mesh_page(matrix, about, language=language).encode())


def render_mesh_page(matrix: Matrix, about: Mapping[str, Any], *, language: str = "en") -> str:
    """The page as text; the same arguments give the same text.

    `about` has `started_at`, `policy`, `source`, `simulated` and `phases` as in ``mesh.json``. Raises: ConfigurationInvalid.
    """
    words = mesh_words(language)
    counts = matrix.counts()
    return (
        environment()
        .get_template("mesh.html")
        .render(
            t=words,
            language=language,
            style=style(),
            claimed=lambda check, title: claimed(words, check, title),
            clusters=matrix.clusters,
            rows=_rows(matrix),
            trunks=len({cell.trunk for cell in matrix.cells}),
            count=len(matrix.cells),
            counts=[(standing.value, counts[standing]) for standing in Standing],
            tone=_tone(matrix),
            bad=[cell for standing in BAD for cell in matrix.cells if cell.standing is standing],
            suspects=matrix.suspects(),
            policy=str(about.get("policy", "")),
            simulated=bool(about.get("simulated")),
            started_at=moment(str(about.get("started_at", ""))),
            phases=[(str(phase["phase"]), span(float(phase["seconds"]))) for phase in about.get("phases", ())],
        )
    )


def _tone(matrix: Matrix) -> str:
    """The gravest standing, as a class of the style sheet."""
    present = matrix.counts()
    gravest = (Standing.REFUTED, Standing.UNDECIDED, Standing.FRAGILE)
    return next((standing.value for standing in gravest if present[standing]), Standing.PROVEN.value)


def _rows(matrix: Matrix) -> list[Row]:
    by_ends = {(cell.client, cell.server): cell for cell in matrix.cells}
    rows = []
    for name in matrix.clusters:
        cells = tuple(by_ends.get((name, other)) for other in matrix.clusters)
        rows.append(Row(name, cells, sum(cell is not None and cell.standing in BAD for cell in cells)))
    return rows
