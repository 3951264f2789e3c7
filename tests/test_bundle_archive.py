"""Archives of bundles come back as they went; an archive made to do harm does none."""

import gzip
import io
import shutil
import stat
import tarfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pytest_cucmtls.evidence.bundles import archive as archives
from pytest_cucmtls.evidence.bundles.archive import pack, unpack
from pytest_cucmtls.evidence.bundles.opened import export, opened_bundle
from pytest_cucmtls.evidence.bundles.seal import Occasion
from pytest_cucmtls.evidence.bundles.verification import verify_bundle
from pytest_cucmtls.evidence.folder_walk import walk
from pytest_cucmtls.evidence.rejudge import rejudge
from pytest_cucmtls.model.errors import FileUnreadable
from tests.sealed_bundles import NOW, sealed

ENDINGS = [".tar.gz", ".tgz", ".zip"]


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    return sealed(tmp_path_factory.mktemp("sealed")).folder


def content(folder: Path) -> dict[str, bytes]:
    return {path: (folder / path).read_bytes() for path, _ in walk(folder)}


def tar(place: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(place / "x.tar.gz", "w:gz") as made:
        for member, data in members:
            member.size = len(data) if member.isreg() else 0
            made.addfile(member, io.BytesIO(data))
    return place / "x.tar.gz"


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def zipped(place: Path, *members: tuple[zipfile.ZipInfo | str, bytes]) -> Path:
    with zipfile.ZipFile(place / "x.zip", "w", zipfile.ZIP_DEFLATED) as made:
        for info, data in members:
            made.writestr(info, data)
    return place / "x.zip"


@pytest.fixture
def target(tmp_path) -> Path:
    (tmp_path / "deep" / "target").mkdir(parents=True)
    return tmp_path / "deep" / "target"


def nothing_escaped(target: Path) -> bool:
    return [place.name for place in target.parent.iterdir()] == ["target"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_packed_bundle_comes_back_byte_for_byte(original, tmp_path, target, ending):
    pack(original, tmp_path / f"b{ending}", NOW)
    assert content(unpack(tmp_path / f"b{ending}", target)) == content(original)


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_folder_and_time_give_the_same_archive(original, tmp_path, ending):
    for name in ("one", "two"):
        pack(original, tmp_path / f"{name}{ending}", NOW)
    assert (tmp_path / f"one{ending}").read_bytes() == (tmp_path / f"two{ending}").read_bytes()


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_archive_is_verified_and_judged_like_the_folder(original, tmp_path, ending):
    bundle = Path(shutil.copytree(original, tmp_path / "bundle"))
    occasion = Occasion("bob", datetime.now(UTC), "audit")
    assert export(bundle, tmp_path / f"b{ending}", occasion, "the auditor").intact
    with opened_bundle(tmp_path / f"b{ending}") as folder:
        assert rejudge(folder).differences == ()
        report = verify_bundle(folder, datetime.now(UTC))
    assert report.intact
    assert (report.custody[-1].action, report.custody[-1].purpose) == ("exported", "to the auditor; audit")
    assert not folder.exists()


def test_a_broken_bundle_is_not_exported(original, tmp_path):
    bundle = Path(shutil.copytree(original, tmp_path / "bundle"))
    (bundle / "run.json").write_text("{}")
    assert not export(bundle, tmp_path / "b.zip", Occasion("bob", datetime.now(UTC))).intact
    assert not (tmp_path / "b.zip").exists()


def test_a_failed_export_leaves_no_line_in_the_custody_log(original, tmp_path):
    bundle = Path(shutil.copytree(original, tmp_path / "bundle"))
    before = (bundle / "custody.jsonl").read_bytes()
    with pytest.raises(FileUnreadable):
        export(bundle, tmp_path / "missing" / "b.zip", Occasion("bob", datetime.now(UTC)))
    with pytest.raises(FileUnreadable, match="must end in"):
        export(bundle, tmp_path / "b.rar", Occasion("bob", datetime.now(UTC)))
    assert (bundle / "custody.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    "name", ["../evil", "/tmp/evil", "a/../../evil", "a\\..\\evil", "a/./../../evil", "..", "a\nb", "\x1b[2J"]
)
def test_a_name_that_leads_out_is_refused(tmp_path, target, name):
    for made in (tar(tmp_path, (member(name), b"x")), zipped(tmp_path, (name, b"x"))):
        with pytest.raises(FileUnreadable, match="leads out"):
            unpack(made, target)
        assert nothing_escaped(target)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path, target, kind):
    made = tar(tmp_path, (member("x", kind, "/etc/passwd"), b""), (member("x/y"), b"z"))
    with pytest.raises(FileUnreadable, match="no regular file"):
        unpack(made, target)
    assert nothing_escaped(target)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_in_a_zip_are_refused(tmp_path, target, kind):
    info = zipfile.ZipInfo("x")
    info.external_attr = (kind | 0o777) << 16
    with pytest.raises(FileUnreadable, match="no regular file"):
        unpack(zipped(tmp_path, (info, b"/etc/passwd")), target)


def test_a_folder_that_leads_out_is_refused(tmp_path, target):
    with pytest.raises(FileUnreadable, match="leads out"):
        unpack(tar(tmp_path, (member("../evil", tarfile.DIRTYPE), b"")), target)
    assert nothing_escaped(target)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_is_refused(tmp_path, target):
    for made in (tar(tmp_path, (member("a"), b"1"), (member("a"), b"2")), zipped(tmp_path, ("b", b"1"), ("b", b"2"))):
        with pytest.raises(FileUnreadable, match="twice"):
            unpack(made, target)


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path, target, monkeypatch):
    monkeypatch.setattr(archives, "MOST_BYTES", 1_000_000)
    for made in (tar(tmp_path, (member("a"), bytes(1_000_001))), zipped(tmp_path, ("b", bytes(1_000_001)))):
        with pytest.raises(FileUnreadable, match="more than 1000000 bytes"):
            unpack(made, target)
    for made in (tar(tmp_path, (member("c"), bytes(1_000_000))), zipped(tmp_path, ("d", bytes(1_000_000)))):
        unpack(made, target)


def test_too_many_files_are_refused(tmp_path, target, monkeypatch):
    monkeypatch.setattr(archives, "MOST_FILES", 3)
    many = [f"f{number}" for number in range(4)]
    for made in (tar(tmp_path, *((member(name), b"") for name in many)), zipped(tmp_path, *((name, b"") for name in many))):
        with pytest.raises(FileUnreadable, match="more than 3 files"):
            unpack(made, target)
    with pytest.raises(FileUnreadable, match="more than 3 files"):
        unpack(tar(tmp_path, *((member(name, tarfile.DIRTYPE), b"") for name in many)), target)


def test_a_header_that_would_fill_the_memory_is_refused(tmp_path, target):
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 3 * 1024**3
    with gzip.open(tmp_path / "x.tar.gz", "wb") as packed:
        packed.write(header.tobuf())
        packed.write(bytes(4096))
    with pytest.raises(FileUnreadable, match="header"):
        unpack(tmp_path / "x.tar.gz", target)


def test_a_tar_with_a_broken_header_in_the_middle_is_not_taken_for_its_beginning(original, tmp_path, target):
    pack(original, tmp_path / "b.tar.gz", NOW)
    plain = bytearray(gzip.decompress((tmp_path / "b.tar.gz").read_bytes()))
    with tarfile.open(fileobj=io.BytesIO(bytes(plain))) as members:
        offsets = [one.offset for one in members]
    for offset in offsets[1:]:
        broken = bytes(plain[: offset + 150]) + b"x" + bytes(plain[offset + 151 :])
        (tmp_path / "b.tar.gz").write_bytes(gzip.compress(broken, 1))
        with pytest.raises(FileUnreadable, match="behind its last readable file"):
            unpack(tmp_path / "b.tar.gz", target)
        shutil.rmtree(target)
        target.mkdir()


def test_an_archive_without_a_seal_is_not_judged(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as made:
        made.writestr("run/run.json", "{}")
    with pytest.raises(FileUnreadable, match="no sealed bundle"), opened_bundle(tmp_path / "x.zip"):
        pass


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_archive_is_refused(original, tmp_path, target, ending, part):
    pack(original, tmp_path / f"b{ending}", NOW)
    data = (tmp_path / f"b{ending}").read_bytes()
    (tmp_path / f"b{ending}").write_bytes(data[: int(len(data) * part)])
    with pytest.raises(FileUnreadable):
        unpack(tmp_path / f"b{ending}", target)


def test_much_behind_the_last_file_is_refused(tmp_path, target):
    with gzip.open(tmp_path / "x.tar.gz", "wb") as packed:
        packed.write(bytes(3_000_000))
    with pytest.raises(FileUnreadable, match="behind its last readable file"):
        unpack(tmp_path / "x.tar.gz", target)


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"PK\x03\x04" + bytes(50), b"\x1f\x8b", b"\x1f\x8b" + bytes(50), b"Rar!", bytes(100)]
)
def test_what_is_no_archive_is_refused(tmp_path, target, data):
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(FileUnreadable):
        unpack(tmp_path / "x.zip", target)


def test_flipped_bytes_in_an_archive_never_go_unnoticed(original, tmp_path):
    pack(original, tmp_path / "b.zip", NOW)
    data = (tmp_path / "b.zip").read_bytes()
    for position in range(0, len(data), max(1, len(data) // 60)):
        (tmp_path / "b.zip").write_bytes(data[:position] + bytes((data[position] ^ 4,)) + data[position + 1 :])
        try:
            with opened_bundle(tmp_path / "b.zip") as folder:
                assert content(folder) == content(original), position
        except FileUnreadable:
            continue


def test_an_archive_without_a_folder_inside_is_accepted(original, tmp_path, target):
    with zipfile.ZipFile(tmp_path / "flat.zip", "w") as made:
        for path in content(original):
            made.write(original / path, path)
    assert content(unpack(tmp_path / "flat.zip", target)) == content(original)
