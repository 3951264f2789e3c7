"""Folders and archives of traces: every file is found, nothing leaves the archive, nothing hostile gets far."""

import gzip
import io
import json
import tarfile
import zipfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.capture import trace_streams as module
from pytest_cucmtls.capture.trace_files import read_traces
from pytest_cucmtls.commands.traces import add_commands
from pytest_cucmtls.model.errors import FileUnreadable, UnexpectedAnswer
from pytest_cucmtls.wire.tar_members import tar_members
from tests.trace_writer import CALL_ID, both_sides

A, B = (text.encode() for text in both_sides(datetime(2026, 11, 23, 12, 0, tzinfo=UTC)))


def tar_of(entries: dict[str, bytes], *, mode: str = "w", form: int = tarfile.PAX_FORMAT) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=mode, format=form) as archive:
        for name, data in entries.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return target.getvalue()


def zip_of(entries: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return target.getvalue()


def counted(path: Path) -> dict[str, int]:
    return {trace.name.removeprefix(str(path)): trace.report.record_count for trace in read_traces([path])}


ENTRIES = {"b/SDL001_100_000001.txt.gz": gzip.compress(B), "a/SDL001_100_000001.txt": A, "a/readme.md": b"no trace"}


@pytest.mark.parametrize(
    "data",
    [
        zip_of(ENTRIES),
        tar_of(ENTRIES),
        tar_of(ENTRIES, mode="w:gz"),
        tar_of(ENTRIES, form=tarfile.GNU_FORMAT),
        tar_of(ENTRIES, form=tarfile.USTAR_FORMAT),
    ],
    ids=["zip", "tar", "tar.gz", "gnu", "ustar"],
)
def test_every_archive_gives_all_its_files(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "case"
    path.write_bytes(data)
    found = counted(path)
    assert set(found) == {"!a/SDL001_100_000001.txt", "!a/readme.md", "!b/SDL001_100_000001.txt.gz"}
    assert found["!a/readme.md"] == 0
    assert found["!a/SDL001_100_000001.txt"] > 10
    assert found["!b/SDL001_100_000001.txt.gz"] > 8


def test_a_folder_is_searched_by_name_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "b.txt").write_bytes(B)
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(A))
    (tmp_path / "case.zip").write_bytes(zip_of({"x.txt": A}))
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "secret").symlink_to("/etc/hostname")
    assert list(counted(tmp_path)) == ["/a.txt.gz", "/case.zip!x.txt", "/deep/er/b.txt"]


@pytest.mark.parametrize("name", ["../../outside.txt", "/absolute.txt", "a/../../../x.txt", "C:\\x.txt", "x" * 3000])
def test_no_name_leads_out_of_an_archive(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "inside" / "deeper"
    folder.mkdir(parents=True)
    for number, data in enumerate((zip_of({name: A}), tar_of({name: A}))):
        path = folder / f"case-{number}"
        path.write_bytes(data)
        (found,) = read_traces([path])
        assert found.report.record_count > 10
        assert len(found.name) < 800
    assert {file.name for file in tmp_path.rglob("*") if file.is_file()} == {"case-0", "case-1"}


def test_a_member_name_cannot_steer_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "case.zip"
    path.write_bytes(zip_of({"a\x1b[2Jb\nc.txt": A}))
    (found,) = read_traces([path])
    assert found.name.endswith("!a?[2Jb?c.txt")


def test_a_bomb_ends_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_MEMBER_BYTES", 4 * 1024 * 1024)
    for data in (zip_of({"big.txt": A + b"\n" * 20_000_000}), tar_of({"big.txt": A + b"\n" * 20_000_000}, mode="w:gz")):
        path = tmp_path / "bomb"
        path.write_bytes(data)
        (found,) = read_traces([path])
        assert found.report.problem is not None
        assert "larger than" in found.report.problem


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FILES", 3)
    for number, data in enumerate((zip_of, tar_of)):
        for count, refused in ((3, False), (4, True)):
            path = tmp_path / f"case-{number}-{count}"
            path.write_bytes(data({f"{member}.txt": A for member in range(count)}))
            if refused:
                with pytest.raises(FileUnreadable, match="more than 3 files"):
                    list(read_traces([path]))
            else:
                assert len(list(read_traces([path]))) == count
    folder = tmp_path / "many"
    folder.mkdir()
    for member in range(4):
        (folder / f"{member}.txt").write_bytes(A)
    with pytest.raises(FileUnreadable, match="more than 3 files"):
        list(read_traces([folder]))


def test_an_encrypted_or_damaged_zip_says_so(tmp_path: Path) -> None:
    good = zip_of({"a.txt": A})
    encrypted = bytearray(good)
    encrypted[6] |= 1
    central = bytes(encrypted).index(b"PK\x01\x02")
    encrypted[central + 8] |= 1
    for data in (bytes(encrypted), good[:40], good[: len(good) // 2]):
        path = tmp_path / "case.zip"
        path.write_bytes(data)
        with pytest.raises(FileUnreadable, match=r"case\.zip"):
            list(read_traces([path]))


def test_damaged_data_in_a_zip_is_a_problem_of_that_file_only(tmp_path: Path) -> None:
    data = bytearray(zip_of({"a.txt": A, "b.txt": B}))
    data[60] ^= 0xFF
    path = tmp_path / "case.zip"
    path.write_bytes(data)
    first, second = read_traces([path])
    assert first.report.problem is not None
    assert second.report.problem is None


def test_a_packer_we_do_not_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "case.7z"
    path.write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(100))
    with pytest.raises(FileUnreadable, match="7-Zip"):
        list(read_traces([path]))
    with pytest.raises(FileUnreadable, match="No such file"):
        list(read_traces([tmp_path / "absent"]))


def test_a_cut_tar_ends_and_a_damaged_header_is_an_error() -> None:
    whole = tar_of({"a.txt": A, "b.txt": B})
    for size in range(0, len(whole), 511):
        names = [name for name, stream in tar_members([whole[:size]]) if stream.read(10) is not None]
        assert names == ["a.txt", "b.txt"][: len(names)]
    damaged = bytearray(whole)
    damaged[3] ^= 1
    with pytest.raises(UnexpectedAnswer, match="checksum"):
        list(tar_members([bytes(damaged)]))


def test_links_and_devices_in_a_tar_are_passed_over() -> None:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE):
            member = tarfile.TarInfo(f"odd-{kind!r}")
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
        member = tarfile.TarInfo("x.txt")
        member.size = 3
        archive.addfile(member, io.BytesIO(b"abc"))
    assert [(name, stream.read(9)) for name, stream in tar_members([target.getvalue()])] == [("x.txt", b"abc")]


def test_a_tar_header_may_claim_any_size() -> None:
    header = bytearray(tar_of({"a.txt": b"abc"})[:512])
    header[124:136] = b"\x80" + (2**60).to_bytes(11, "big")
    header[148:156] = b" " * 8
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    ((name, stream),) = list(tar_members([bytes(header), b"abc"]))
    assert name == "a.txt"
    assert stream.read(1) == b""


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 2000), st.booleans())
def test_overwritten_archives_never_crash(tmp_path_factory: pytest.TempPathFactory, junk: bytes, at: int, zipped: bool) -> None:
    entries = {"a.txt": A[:800], "b.txt": B[:800]}
    data = bytearray(zip_of(entries) if zipped else tar_of(entries))
    data[at : at + len(junk)] = junk
    path = tmp_path_factory.mktemp("odd") / "case"
    path.write_bytes(bytes(data))
    with suppress(FileUnreadable):
        assert all(trace.name for trace in read_traces([path]))


def run(*arguments: str) -> int:
    import argparse

    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers())
    parsed = parser.parse_args(["read-trace", *arguments])
    code: int = parsed.run(parsed)
    return code


def test_the_command_prints_every_file_of_an_archive_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "case.zip"
    path.write_bytes(zip_of(ENTRIES))
    assert run(str(path), "--json") == 0
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {Path(entry["file"]).name for entry in objects} == {"SDL001_100_000001.txt", "SDL001_100_000001.txt.gz", "readme.md"}
    wanted = {"records", "file_header", "digit_analysis", "sip_messages", "routing", "security", "alarms", "calllogs"}
    assert all(wanted <= entry.keys() for entry in objects)


def test_the_command_tells_a_call_or_says_there_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_bytes(A)
    (tmp_path / "b.txt").write_bytes(B)
    assert run(str(tmp_path), "--call", CALL_ID) == 0
    assert capsys.readouterr().out.startswith("call 1018 to 9898: answered")
    assert run(str(tmp_path), "--call", "9898", "--json") == 0
    assert json.loads(capsys.readouterr().out)["call_ids"] == [CALL_ID]
    assert run(str(tmp_path), "--call", "4711") == 3
    assert "no call 4711 in 2 trace files" in capsys.readouterr().out


def test_a_file_that_is_no_trace_leaves_the_answer_open(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(A)
    (tmp_path / "note.txt").write_text("nothing")
    assert run(str(tmp_path)) == 0
    assert run(str(tmp_path / "note.txt"), str(tmp_path / "a.txt")) == 3
    with pytest.raises(FileUnreadable, match="holds no trace"):
        run(str(tmp_path / "note.txt"), "--call", "1")


def test_the_list_of_rtmt_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "result.xml"
    path.write_text(
        '<?xml version="1.0"?>\n<QueryResult>\n<Node name="192.0.2.6">\n<ServiceName name="Cisco CallManager">\n'
        '<FileType name="sdl">\n<FileName name="/var/log/a&amp;b.txt.gzo" size="12"></FileName>\n</FileType>\n</QueryResult>\n'
    )
    assert run(str(path), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["node"], found["service"]) == ("192.0.2.6", "Cisco CallManager")
    assert found["files"] == [{"type": "sdl", "path": "/var/log/a&b.txt.gzo", "size": 12}]
    assert run(str(path)) == 0
    assert "RTMT collected 1 files of Cisco CallManager on 192.0.2.6" in capsys.readouterr().out
