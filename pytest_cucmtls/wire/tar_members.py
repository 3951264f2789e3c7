"""The regular files of a tar stream (POSIX ustar and pax, GNU long names), read forward only and in bounded memory."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO, cast

from pytest_cucmtls.model.errors import UnexpectedAnswer

BLOCK = 512
_LONGEST_NAME_RECORD = 64 * 1024
_REGULAR = {b"0", b"\0", b"7"}


def looks_like_tar(beginning: bytes) -> bool:
    """The first block carries the magic of POSIX or GNU tar."""
    return beginning[257:262] == b"ustar"


class ChunkReader:
    """`read` over an iterable of chunks: never holds more than one of them and what was asked for."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._held = b""

    def read(self, size: int) -> bytes:
        """At most `size` bytes, fewer at a chunk's end, none at the end of all."""
        if not self._held:
            self._held = next(self._chunks, b"")
        taken, self._held = self._held[:size], self._held[size:]
        return taken

    def exactly(self, size: int) -> bytes:
        """`size` bytes, fewer only at the end of all."""
        parts, missing = [], size
        while missing and (part := self.read(missing)):
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def skip(self, size: int) -> None:
        """Pass over `size` bytes."""
        while size and (part := self.read(min(size, 1024 * 1024))):
            size -= len(part)


class _Member:
    """The data of one member; what is left of it is passed over before the next one."""

    def __init__(self, source: ChunkReader, size: int) -> None:
        self._source, self.left = source, size

    def read(self, size: int = -1) -> bytes:
        wanted = self.left if size < 0 else min(size, self.left)
        part = self._source.read(wanted) if wanted else b""
        self.left = self.left - len(part) if part else 0
        return part


def tar_members(chunks: Iterable[bytes]) -> Iterator[tuple[str, BinaryIO]]:
    """(name, stream) of each regular file; a stream is valid until the next is asked for, links and devices are passed over.

    Raises UnexpectedAnswer when a header is damaged; a tar cut off in the middle simply ends.
    """
    source, long_name = ChunkReader(chunks), ""
    while True:
        header = source.exactly(BLOCK)
        if len(header) < BLOCK or not header.strip(b"\0"):
            return
        if not _checksum_fits(header):
            raise UnexpectedAnswer("tar", "header", "", "its checksum is wrong: the archive is damaged")
        size, kind = _size(header), header[156:157]
        padding = -size % BLOCK
        if kind in {b"L", b"x"} and size <= _LONGEST_NAME_RECORD:
            data = source.exactly(size)
            long_name = _text(data) if kind == b"L" else _pax_path(data) or long_name
            source.skip(padding)
            continue
        if kind not in _REGULAR:
            source.skip(size + padding)
            long_name = long_name if kind in {b"g", b"K", b"L", b"x"} else ""
            continue
        member = _Member(source, size)
        yield long_name or _name(header), cast(BinaryIO, member)
        source.skip(member.left + padding)
        long_name = ""


def _checksum_fits(header: bytes) -> bool:
    stated = header[148:156].strip(b" \0")
    actual = sum(header[:148]) + 8 * 0x20 + sum(header[156:])
    return stated.isdigit() and len(stated) < 8 and set(stated) <= set(b"01234567") and int(stated, 8) == actual


def _size(header: bytes) -> int:
    """Octal text, or base 256 when the first bit is set (GNU)."""
    field = header[124:136]
    if field[0] & 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    return int(digits, 8) if digits and set(digits) <= set(b"01234567") else 0


def _name(header: bytes) -> str:
    name, prefix = _text(header[:100]), _text(header[345:500]) if header[257:263] == b"ustar\0" else ""
    return f"{prefix}/{name}" if prefix else name


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "replace")


def _pax_path(data: bytes) -> str:
    """The ``path`` record of a pax header, "" without one; lines are ``length key=value``."""
    for line in data.split(b"\n"):
        key, equals, value = line.partition(b" ")[2].partition(b"=")
        if equals and key == b"path":
            return value.decode("utf-8", "replace")
    return ""
