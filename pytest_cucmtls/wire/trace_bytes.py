"""A trace file as a sequence of plain chunks: gzip recognised by its magic, digest of the file as it came."""

import hashlib
import zlib
from collections.abc import Iterator
from typing import BinaryIO

CHUNK_BYTES = 1024 * 1024
MOST_MEMBERS = 1000
"""CUCM writes one; a tool that joined files may have made a few hundred."""
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31


class TraceBytes:
    """Reads a stream once; `problem` says afterwards why it ended early (a ``.gzo`` still being written does)."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self.problem: str | None = None

    @property
    def sha256(self) -> str:
        """Lower-case hex over everything read so far, compressed bytes for a compressed file."""
        return self._digest.hexdigest()

    def chunks(self) -> Iterator[bytes]:
        """Plain text in pieces of at most `CHUNK_BYTES`; a read error ends them and becomes `problem`."""
        raw = self._raw_chunks()
        first = next(raw, b"")
        if first.startswith(_GZIP_MAGIC):
            yield from _coalesced(self._unpacked(first, raw))
            return
        if first:
            yield first
        yield from raw

    def _raw_chunks(self) -> Iterator[bytes]:
        while True:
            try:
                chunk = self._stream.read(CHUNK_BYTES)
            except (OSError, ValueError) as problem:
                self.problem = f"reading stopped: {problem}"
                return
            if not chunk:
                return
            self._digest.update(chunk)
            yield chunk

    def _unpacked(self, first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
        """Members one after the other; every output piece is bounded, however far the data expands."""
        unpacker = zlib.decompressobj(_GZIP_WINDOW)
        waiting, members = first, 1
        while True:
            if unpacker.eof:
                members += 1
                waiting = (unpacker.unused_data or next(rest, b"")).lstrip(b"\0")
                if not waiting.startswith(_GZIP_MAGIC) or members > MOST_MEMBERS:
                    self.problem = f"more than {MOST_MEMBERS} gzip members" if members > MOST_MEMBERS else None
                    break
                unpacker = zlib.decompressobj(_GZIP_WINDOW)
            elif not waiting:
                waiting = next(rest, b"")
                if not waiting:
                    self.problem = self.problem or "the compressed file ends early (it may still have been written to)"
                    return
            try:
                piece = unpacker.decompress(waiting, CHUNK_BYTES)
            except zlib.error as problem:
                self.problem = f"the compressed data is damaged: {problem}"
                break
            waiting = unpacker.unconsumed_tail
            if piece:
                yield piece
        for _ in rest:
            continue


def _coalesced(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Small pieces joined to about a chunk: what follows scans every piece with what waits for it."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= CHUNK_BYTES:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)
