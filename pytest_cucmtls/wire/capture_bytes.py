"""The bytes of a capture file in pieces: hashed as stored, and unpacked when they are gzip."""

import hashlib
import zlib
from typing import BinaryIO

CHUNK_BYTES = 1 << 20
_SHORT = 64
"""A first piece shorter than this cannot be recognised yet: streams may deliver byte by byte."""
GZIP_MAGIC = b"\x1f\x8b"


class CaptureBytes:
    """Reads a binary stream once; `sha256()` is that of the stored file even when reading stopped early."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self._ended = False
        self._packed = False
        self._inflater: zlib._Decompress | None = zlib.decompressobj(wbits=31)
        self._stored = b""
        self.problem: str | None = None
        """Why unpacking stopped early, or None."""

    def first(self) -> bytes:
        """The first piece, unpacked; empty when the file is empty."""
        stored = self._read_stored()
        while 0 < len(stored) < _SHORT and (more := self._read_stored()):
            stored += more
        if not stored.startswith(GZIP_MAGIC):
            return stored
        self._packed = True
        self._stored = stored
        return self.next()

    def next(self) -> bytes:
        """The next piece (at most about 1 MiB); empty at the end."""
        return self._inflate() if self._packed else self._read_stored()

    def sha256(self) -> str:
        """Lower-case hex digest of the whole stored file; reads what is left of it."""
        while self._read_stored():
            pass
        return self._hash.hexdigest()

    def _read_stored(self) -> bytes:
        if self._ended:
            return b""
        piece = self._stream.read(CHUNK_BYTES)
        if not piece:
            self._ended = True
            return b""
        self._hash.update(piece)
        return piece

    def _inflate(self) -> bytes:
        """One unpacked piece; several gzip members follow one another as RFC 1952 §2.2 allows."""
        while self._inflater is not None:
            if not self._stored:
                self._stored = self._read_stored()
            if not self._stored:
                return self._stop("the gzip data ends early: the file is cut")
            try:
                piece = self._inflater.decompress(self._stored, CHUNK_BYTES)
            except zlib.error as broken:
                return self._stop(f"the gzip data is damaged ({broken})")
            self._stored = self._inflater.unconsumed_tail
            if self._inflater.eof:
                self._start_member(self._inflater.unused_data)
            if piece:
                return piece
        return b""

    def _stop(self, problem: str) -> bytes:
        self.problem = problem
        self._inflater = None
        return b""

    def _start_member(self, rest: bytes) -> None:
        """The next gzip member, when there is one; zero padding between and after members is allowed."""
        rest = rest.lstrip(b"\0") or self._read_stored().lstrip(b"\0")
        self._stored = rest
        self._inflater = None
        if rest.startswith(GZIP_MAGIC):
            self._inflater = zlib.decompressobj(wbits=31)
        elif rest:
            self.problem = "there are other bytes after the gzip data"
