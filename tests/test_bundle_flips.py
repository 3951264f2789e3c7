"""Any byte of any file of a bundle, changed in any way, is named; whatever kind of file it is in."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.evidence.bundles.archive import pack
from pytest_cucmtls.evidence.bundles.opened import export
from pytest_cucmtls.evidence.bundles.seal import Occasion
from pytest_cucmtls.evidence.bundles.verification import verify_bundle
from pytest_cucmtls.evidence.folder_walk import walk
from tests.sealed_bundles import enterprise_signer, sealed


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a certificate and CMS, handed over once, so that the custody log goes on after the seal."""
    place = tmp_path_factory.mktemp("flips")
    folder = sealed(place, enterprise_signer()[0]).folder
    export(folder, place / "out.zip", Occasion("alice", datetime.now(UTC)), "bob")
    return folder


def named(folder: Path) -> set[str]:
    return {problem.path for problem in verify_bundle(folder, datetime.now(UTC)).problems}


def files(folder: Path) -> list[str]:
    return sorted(path for path, _ in walk(folder))


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_a_changed_byte_is_named_with_its_file(bundle: Path, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(files(bundle)))
    content = (bundle / path).read_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    change = data.draw(st.integers(1, 255))
    try:
        (bundle / path).write_bytes(content[:place] + bytes([content[place] ^ change]) + content[place + 1 :])
        assert path in named(bundle)
    finally:
        (bundle / path).write_bytes(content)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_cut_lengthened_or_emptied_files_are_named(bundle: Path, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(files(bundle)))
    content = (bundle / path).read_bytes()
    changed = data.draw(
        st.one_of(
            st.just(b""),
            st.integers(0, len(content) - 1).map(lambda end: content[:end]),
            st.binary(min_size=1, max_size=9).map(lambda more: content + more),
            st.binary(min_size=1, max_size=9).map(lambda more: more + content),
        )
    )
    try:
        (bundle / path).write_bytes(changed)
        assert path in named(bundle)
    finally:
        (bundle / path).write_bytes(content)


def test_every_kind_of_file_is_there_to_be_changed(bundle: Path) -> None:
    assert named(bundle) == set()
    kinds = {path.split("/")[0] for path in files(bundle)}
    assert kinds >= {"raw", "derived", "reports", "manifest.json", "statement.p7s", "custody.jsonl", "README.txt", "signer.pem"}


def test_two_files_exchanged_are_both_named(bundle: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(bundle, tmp_path / "bundle"))
    first, second = [path for path in files(folder) if path.startswith("raw/A/")][:2]
    one, other = (folder / first).read_bytes(), (folder / second).read_bytes()
    (folder / first).write_bytes(other)
    (folder / second).write_bytes(one)
    assert named(folder) == {first, second}


def test_an_archive_of_a_changed_bundle_names_the_file_as_well(bundle: Path, tmp_path: Path, capsys) -> None:
    from pytest_cucmtls.cli import main

    folder = Path(shutil.copytree(bundle, tmp_path / "bundle"))
    (folder / "verdicts.json").write_bytes((folder / "verdicts.json").read_bytes() + b" ")
    pack(folder, tmp_path / "evidence.tar.gz", datetime.now(UTC))
    assert main(["bundle", "verify", str(tmp_path / "evidence.tar.gz")]) == 1
    assert "verdicts.json: changed" in capsys.readouterr().out
