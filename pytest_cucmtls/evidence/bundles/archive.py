"""Bundles as one file (.tar.gz, .zip) and back, trusting nothing an archive says about itself."""

import gzip
import io
import shutil
import stat
import tarfile
import zipfile
import zlib
from datetime import datetime
from pathlib import Path
from typing import IO

from pytest_cucmtls.evidence.bundles.manifest import is_inside
from pytest_cucmtls.evidence.folder_walk import CHUNK_BYTES, walk
from pytest_cucmtls.model.errors import FileUnreadable

MOST_FILES = 50_000
MOST_BYTES = 4 * 1024**3
"""Of everything unpacked together; captures of a run are far below."""
LARGEST_HEADER = 1024 * 1024
"""Longest thing tarfile may want to hold in memory at once (extended headers)."""
LONGEST_DIRECTORY = 64 * 1024 * 1024
"""Of a ZIP's table of contents."""
_END_OF_DIRECTORY = b"PK\x05\x06"
_BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    EOFError,
    zlib.error,
    gzip.BadGzipFile,
    NotImplementedError,
    ValueError,
    KeyError,
)


def is_archive(path: Path) -> bool:
    """The name ends like an archive this program writes."""
    return path.name.endswith((".tar.gz", ".tgz", ".zip"))


def pack(folder: Path, archive: Path, at: datetime) -> None:
    """Everything in the folder, below one folder of its name; the same folder and time give the same bytes.

    Raises: FileUnreadable, when the name is no archive's, the file exists, or the folder holds something that is no file.
    """
    if not is_archive(archive):
        raise FileUnreadable(str(archive), "must end in .tar.gz, .tgz or .zip")
    names = [name for name, regular in walk(folder) if regular or _refuse(folder / name)]
    unfinished = archive.with_name(f".{archive.name}.unfinished")
    try:
        if archive.exists():
            raise FileUnreadable(str(archive), "exists already; nothing was written")
        with unfinished.open("xb") as file:
            (_write_zip if archive.suffix == ".zip" else _write_tar)(file, folder, names, at)
        unfinished.rename(archive)
    except OSError as problem:
        raise FileUnreadable(str(archive), f"cannot be written: {problem.strerror}") from problem
    finally:
        unfinished.unlink(missing_ok=True)


def unpack(archive: Path, target: Path) -> Path:
    """Unpack into an existing empty folder and return the bundle's own folder in it.

    Refused are absolute names and names that lead out, links, devices, names twice, encryption, and more than MOST_FILES
    files or MOST_BYTES bytes. Raises: FileUnreadable.
    """
    try:
        with archive.open("rb") as file:
            begun = file.read(4)
            file.seek(0)
            if begun[:2] == b"\x1f\x8b":
                _unpack_tar(file, target, str(archive))
            elif begun[:2] == b"PK":
                _unpack_zip(file, target, str(archive))
            else:
                raise FileUnreadable(str(archive), "is neither a .tar.gz nor a .zip archive")
    except _BROKEN as problem:
        raise FileUnreadable(str(archive), f"is damaged: {problem}") from problem
    except OSError as problem:
        raise FileUnreadable(str(archive), f"cannot be unpacked: {problem.strerror or problem}") from problem
    return _only_folder(target)


class _Budget:
    """Counts what is unpacked and refuses more than is reasonable."""

    def __init__(self, archive: str, target: Path) -> None:
        self.archive, self.target = archive, target
        self.files = 0
        self.size_bytes = 0
        self.names: set[str] = set()

    def place(self, name: str) -> Path:
        """Where a member goes. Raises: FileUnreadable for a name that may not be written."""
        if not is_inside(name):
            raise FileUnreadable(self.archive, f"holds {name[:200]!r}, which leads out of the bundle")
        if name in self.names:
            raise FileUnreadable(self.archive, f"holds {name!r} twice")
        self.names.add(name)
        self.count()
        place = self.target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def count(self) -> None:
        """One more file or folder. Raises: FileUnreadable, when it is one too many."""
        self.files += 1
        if self.files > MOST_FILES:
            raise FileUnreadable(self.archive, f"holds more than {MOST_FILES} files")

    def write(self, source: IO[bytes], place: Path) -> None:
        """Copy a member, counting. Raises: FileUnreadable, when the archive unpacks to too much."""
        with place.open("xb") as file:
            while chunk := source.read(CHUNK_BYTES // 4):
                self.size_bytes += len(chunk)
                if self.size_bytes > MOST_BYTES:
                    raise FileUnreadable(self.archive, f"unpacks to more than {MOST_BYTES} bytes")
                file.write(chunk)


class _Bounded(io.RawIOBase):
    """An unpacked stream that refuses to be read in large pieces, so that no header can fill the memory."""

    def __init__(self, source: gzip.GzipFile, archive: str) -> None:
        self._source, self._archive = source, archive
        self.last = b""
        """What was read last: at the end of a whole archive, a block of zeros (POSIX.1-2017, pax, ustar interchange format)."""

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > LARGEST_HEADER:
            raise FileUnreadable(self._archive, "has an absurdly large header")
        if self._source.tell() > MOST_BYTES + MOST_FILES * 4096:
            raise FileUnreadable(self._archive, f"unpacks to more than {MOST_BYTES} bytes")
        self.last = self._source.read(size)
        return self.last

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._source.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_SET and offset > MOST_BYTES + MOST_FILES * 4096:
            raise FileUnreadable(self._archive, f"unpacks to more than {MOST_BYTES} bytes")
        return self._source.seek(offset, whence)


def _unpack_tar(file: IO[bytes], target: Path, archive: str) -> None:
    budget = _Budget(archive, target)
    with gzip.GzipFile(fileobj=file) as plain, tarfile.open(fileobj=(bounded := _Bounded(plain, archive)), mode="r:") as members:
        for member in members:
            name = member.name.removeprefix("./").rstrip("/")
            if member.isdir():
                budget.count()
                if name and not is_inside(name):
                    raise FileUnreadable(archive, f"holds {name[:200]!r}, which leads out of the bundle")
                continue
            if not member.isreg() or member.issparse():
                raise FileUnreadable(archive, f"holds {name[:200]!r}, which is no regular file")
            source = members.extractfile(member)
            if source is not None:
                budget.write(source, budget.place(name))
        rest = plain.read(LARGEST_HEADER)
        if len(rest) == LARGEST_HEADER or not bounded.last or any(bounded.last) or any(rest):
            raise FileUnreadable(archive, "is damaged: behind its last readable file is more than the end of an archive")


def _unpack_zip(file: IO[bytes], target: Path, archive: str) -> None:
    _refuse_large_directory(file, archive)
    budget = _Budget(archive, target)
    with zipfile.ZipFile(file) as members:
        for member in members.infolist():
            if member.is_dir():
                continue
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in (0, stat.S_IFREG):
                raise FileUnreadable(archive, f"holds {member.filename[:200]!r}, which is no regular file")
            if member.flag_bits & 0x1:
                raise FileUnreadable(archive, f"holds {member.filename[:200]!r}, which is encrypted")
            with members.open(member) as source:
                budget.write(source, budget.place(member.filename.removeprefix("./")))


def _refuse_large_directory(file: IO[bytes], archive: str) -> None:
    """A ZIP's table of contents is read into memory whole (PKWARE APPNOTE 4.3.16)."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - 65_557))
    tail = file.read()
    file.seek(0)
    place = tail.rfind(_END_OF_DIRECTORY)
    record = tail[place : place + 22]
    if place < 0 or len(record) < 22:
        raise FileUnreadable(archive, "is damaged: its table of contents is missing")
    entries, length = int.from_bytes(record[10:12], "little"), int.from_bytes(record[12:16], "little")
    if entries > MOST_FILES or length > LONGEST_DIRECTORY:
        raise FileUnreadable(archive, f"holds more than {MOST_FILES} files, or an absurdly large table of contents")


def _write_tar(file: IO[bytes], folder: Path, names: list[str], at: datetime) -> None:
    begun = int(at.timestamp())
    with (
        gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=begun) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as members,
    ):
        for name in names:
            member = tarfile.TarInfo(f"{folder.name}/{name}")
            member.size, member.mtime, member.mode = (folder / name).stat().st_size, begun, 0o644
            with (folder / name).open("rb") as source:
                members.addfile(member, source)


def _write_zip(file: IO[bytes], folder: Path, names: list[str], at: datetime) -> None:
    moment = (max(at.year, 1980), at.month, at.day, at.hour, at.minute, at.second)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as members:
        for name in names:
            member = zipfile.ZipInfo(f"{folder.name}/{name}", moment)
            member.compress_type, member.external_attr = zipfile.ZIP_DEFLATED, (stat.S_IFREG | 0o644) << 16
            with (folder / name).open("rb") as source, members.open(member, "w") as destination:
                shutil.copyfileobj(source, destination, CHUNK_BYTES)


def _refuse(path: Path) -> bool:
    raise FileUnreadable(str(path), "is no regular file; it cannot be packed")


def _only_folder(target: Path) -> Path:
    """An archive holds one folder, or the bundle's files themselves."""
    inside = sorted(target.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else target
