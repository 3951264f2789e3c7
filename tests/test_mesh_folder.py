"""Evidence that several trunks share: bytes kept once, lines that say whom they concern, items taken over without a copy."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pytest_cucmtls.evidence.custody import read_custody
from pytest_cucmtls.evidence.run_folder import RunFolder
from pytest_cucmtls.evidence.shared_folder import SharedFolder
from pytest_cucmtls.mesh_inventory import parse_mesh
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.run.mesh_layout import lay_out
from tests.mesh_files import mesh_text


def test_the_same_bytes_of_one_place_are_one_file_with_a_line_for_each_trunk(tmp_path: Path) -> None:
    shared = SharedFolder(tmp_path)
    for trunk in ("a--b", "a--c"):
        shared.concerning("a", trunk).keep(b"answer", kind="phone", cluster="a")
    lines = shared.entries()
    assert [line.attributes["trunk"] for line in lines] == ["a--b", "a--c"]
    assert len({line.item.path for line in lines}) == 1


@pytest.mark.parametrize(("kind", "cluster", "data"), [("line", "a", b"x"), ("phone", "b", b"x"), ("phone", "a", b"y")])
def test_another_kind_place_or_content_is_another_file(tmp_path: Path, kind: str, cluster: str, data: bytes) -> None:
    shared = SharedFolder(tmp_path)
    shared.keep(b"x", kind="phone", cluster="a")
    shared.keep(data, kind=kind, cluster=cluster)
    assert len({line.item.path for line in shared.entries()}) == 2


def test_what_is_missing_says_which_cluster_it_is_missing_of(tmp_path: Path) -> None:
    SharedFolder(tmp_path).concerning("a").keep_missing("traces of a/n", "refused")
    (line,) = SharedFolder(tmp_path).entries("not_collected")
    assert line.attributes == {"of": "a"}


def source_of(tmp_path: Path) -> RunFolder:
    source = RunFolder(tmp_path / "source")
    source.keep(b"one", kind="ntp", cluster="a", node="n", attributes={"x": 1})
    source.keep(b"two", kind="ntp", cluster="a", node="n")
    return source


def test_adopted_items_are_the_same_lines_and_the_same_bytes_without_a_copy(tmp_path: Path) -> None:
    source, taker = source_of(tmp_path), RunFolder(tmp_path / "taker")
    taker.adopt(source.entries(), source)
    assert taker.entries() == source.entries()
    assert [taker.read(line) for line in taker.entries()] == [b"one", b"two"]
    path = source.entries()[0].item.path
    assert (taker.path / path).samefile(source.path / path)


def test_the_custody_log_of_whoever_adopts_and_goes_on_keeping_is_whole(tmp_path: Path) -> None:
    source, taker = source_of(tmp_path), RunFolder(tmp_path / "taker")
    taker.keep(b"own", kind="call")
    taker.adopt(source.entries(), source)
    taker.keep(b"later", kind="call")
    lines, problems = read_custody(taker.custody_file.read_bytes())
    assert problems == ()
    assert [line.action for line in lines] == ["kept", "adopted", "adopted", "kept"]


def test_a_path_that_is_taken_or_leads_out_is_not_adopted(tmp_path: Path) -> None:
    source, taker = source_of(tmp_path), RunFolder(tmp_path / "taker")
    taker.adopt(source.entries(), source)
    with pytest.raises(FileExistsError):
        taker.adopt(source.entries(), source)
    line = source.entries()[0]
    with pytest.raises(FileUnreadable, match="leads out"):
        taker.adopt([replace(line, item=replace(line.item, path="../../stolen"))], source)


def test_each_trunk_gets_what_concerns_it_its_clusters_or_everybody(tmp_path: Path) -> None:
    mesh, shared = parse_mesh(mesh_text(3)), SharedFolder(tmp_path / "shared")
    shared.keep(b"list", kind="crl", interface="authority")
    shared.keep(b"Admin", kind="version", cluster="c01", node="cucm1.c01.example", interface="cli")
    shared.concerning("c01", "c01--c02").keep(b"trunk", kind="sip_trunk", cluster="c01", interface="axl")
    shared.concerning("c03").keep_missing("traces of c03", "refused")
    lay_out(mesh, shared, lambda name: tmp_path / name)
    kinds = {name: sorted(line.kind for line in RunFolder(tmp_path / name).entries()) for name in mesh.names}
    assert kinds == {
        "c01--c02": ["crl", "sip_trunk", "version"],
        "c01--c03": ["crl", "not_collected", "version"],
        "c02--c03": ["crl", "not_collected"],
    }
    assert RunFolder(tmp_path / "c02--c03").inventory() == mesh.trunk("c02--c03")


def test_a_capture_that_cannot_be_cut_is_taken_over_whole(tmp_path: Path) -> None:
    mesh, shared = parse_mesh(mesh_text(3)), SharedFolder(tmp_path / "shared")
    kept = shared.keep(b"damaged", kind="capture", cluster="c01", node="cucm1.c01.example", at=datetime.now(UTC))
    lay_out(mesh, shared, lambda name: tmp_path / name)
    for name in ("c01--c02", "c01--c03"):
        (line,) = RunFolder(tmp_path / name).entries("capture")
        assert line.item == kept
    assert RunFolder(tmp_path / "c02--c03").entries("capture") == ()
