"""Trace files of any packing one after the other: files, folders, and members of zip and tar archives, never unpacked to disk."""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from pytest_cucmtls.model.errors import FileUnreadable, UnexpectedAnswer
from pytest_cucmtls.wire.tar_members import looks_like_tar, tar_members
from pytest_cucmtls.wire.trace_bytes import TraceBytes

MOST_FILES = 20_000
"""Files of one folder or archive; a busy cluster writes a few hundred a day."""
LARGEST_MEMBER_BYTES = 2 * 1024**3
"""A trace file of CUCM has 1 to 10 MB; joined ones are larger, a bomb is larger still."""
_ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
_OTHER_PACKERS = {b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"7z\xbc\xaf": "7-Zip", b"Rar!": "RAR"}


@dataclass(frozen=True, slots=True)
class TraceStream:
    """One file: `name` is its path, or ``archive!member``; `given` when the user named it himself; valid until the next one."""

    name: str
    given: bool
    stream: BinaryIO


class _Bounded:
    """A member that says what is wrong with it as OSError, however the archive library puts it, and ends at a limit."""

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self._stream, self._left = stream, limit

    def read(self, size: int = -1) -> bytes:
        try:
            data = self._stream.read(size)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as problem:
            raise OSError(f"the archive is damaged or encrypted: {problem}") from problem
        self._left -= len(data)
        if self._left < 0:
            raise OSError(f"the file is larger than {LARGEST_MEMBER_BYTES} bytes")
        return data


def trace_streams(paths: Sequence[Path]) -> Iterator[TraceStream]:
    """Every file of these paths, in the order given and, inside a folder or an archive, by name.

    Links inside folders are not followed. Raises: FileUnreadable, when a given path cannot be opened, is packed in a way
    that is not known here, holds too many files or is a damaged archive.
    """
    for path in paths:
        if path.is_dir():
            for file in _files_below(path):
                yield from _opened(file, given=False)
        else:
            yield from _opened(path, given=True)


def _files_below(folder: Path) -> list[Path]:
    found: list[Path] = []
    for place in folder.rglob("*"):
        if place.is_file() and not place.is_symlink():
            found.append(place)
        if len(found) > MOST_FILES:
            raise FileUnreadable(str(folder), f"holds more than {MOST_FILES} files", remedy="Name the trace files themselves.")
    return sorted(found)


def _opened(path: Path, *, given: bool) -> Iterator[TraceStream]:
    try:
        with path.open("rb") as stream:
            beginning = stream.read(1024)
            stream.seek(0)
            yield from _by_content(path, stream, beginning, given=given)
    except (zipfile.BadZipFile, NotImplementedError, UnexpectedAnswer) as problem:
        raise FileUnreadable(str(path), f"is a damaged archive: {problem}") from problem
    except OSError as problem:
        raise FileUnreadable(str(path), f"cannot be opened: {problem.strerror or problem}") from problem


def _by_content(path: Path, stream: BinaryIO, beginning: bytes, *, given: bool) -> Iterator[TraceStream]:
    packer = next((name for magic, name in _OTHER_PACKERS.items() if beginning.startswith(magic)), None)
    if packer is not None and given:
        raise FileUnreadable(str(path), f"is packed with {packer}", remedy="Unpack it first; zip, tar and gzip are read as is.")
    if beginning.startswith(_ZIP_MAGICS):
        yield from _zip_members(path, stream)
    elif looks_like_tar(beginning) or looks_like_tar(_unzipped(beginning)):
        for number, (name, member) in enumerate(tar_members(TraceBytes(stream).chunks()), 1):
            yield _member(path, name, member, number)
    else:
        yield TraceStream(str(path), given, stream)


def _zip_members(path: Path, stream: BinaryIO) -> Iterator[TraceStream]:
    with zipfile.ZipFile(stream) as archive:
        for number, entry in enumerate(sorted(archive.infolist(), key=lambda entry: entry.filename), 1):
            if entry.is_dir():
                continue
            try:
                member = archive.open(entry)
            except (RuntimeError, zipfile.BadZipFile, NotImplementedError) as problem:
                raise FileUnreadable(f"{path}!{_printable(entry.filename)}", f"cannot be unpacked: {problem}") from problem
            with member:
                yield _member(path, entry.filename, cast(BinaryIO, member), number)


def _member(path: Path, name: str, stream: BinaryIO, number: int) -> TraceStream:
    if number > MOST_FILES:
        raise FileUnreadable(str(path), f"holds more than {MOST_FILES} files", remedy="Unpack it and name the trace files.")
    return TraceStream(f"{path}!{_printable(name)}", False, cast(BinaryIO, _Bounded(stream, LARGEST_MEMBER_BYTES)))


def _printable(name: str) -> str:
    """A member's name is somebody else's text: nothing in it may steer a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)[:500]


def _unzipped(beginning: bytes) -> bytes:
    """The first block behind gzip, as far as it can be seen; b"" for anything else."""
    try:
        return zlib.decompressobj(31).decompress(beginning, 512)
    except zlib.error:
        return b""
