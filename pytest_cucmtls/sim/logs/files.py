"""Numbered trace files of a simulated node: one open file that grows, older ones compressed when it is full."""

import gzip
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TextIO


class CompressedText:
    """A text file that is compressed while it is written: ``….gzo`` as long as it is open, ``….gz`` afterwards."""

    def __init__(self, path: Path) -> None:
        self._open_name = path.with_name(f"{path.name}.gzo")
        self._final_name = path.with_name(f"{path.name}.gz")
        self._file = self._open_name.open("wb")
        self._packer = zlib.compressobj(wbits=31)

    def write(self, text: str) -> None:
        """Append."""
        self._file.write(self._packer.compress(text.encode()))

    def flush(self) -> None:
        """Put everything on disk; the gzip data has no end yet."""
        self._file.write(self._packer.flush(zlib.Z_SYNC_FLUSH))
        self._file.flush()

    def close(self) -> None:
        """End the gzip data and give the file its final name."""
        self._file.write(self._packer.flush())
        self._file.close()
        self._open_name.rename(self._final_name)


class RotatingFile:
    """``<prefix><number><suffix>`` below a folder; a full file becomes ``….gz`` and the next number begins.

    `head` gives the first line of a file from its number ("" for none). Opened with the first line written.
    `compressed` is asked when a file is opened: whether it is compressed from its first line on.
    """

    def __init__(
        self,
        folder: Path,
        prefix: str,
        digits: int,
        *,
        head: Callable[[int], str],
        largest_bytes: int,
        keep_files: int,
        compressed: Callable[[], bool] = lambda: False,
    ) -> None:
        self._folder, self._prefix, self._digits = folder, prefix, digits
        self._head = head
        self._compressed = compressed
        self._largest_bytes = largest_bytes
        self._keep_files = keep_files
        self._number = 0
        self._written = 0
        self._file: TextIO | CompressedText | None = None

    @property
    def path(self) -> Path:
        """The open file (the first one when nothing was written yet)."""
        return self._path(max(self._number, 1))

    @property
    def is_open(self) -> bool:
        """A file is being written."""
        return self._file is not None

    def write(self, line: str) -> None:
        """Append a line, continuing in a new file when this one is full."""
        self.make_room()
        self._put(line)

    def make_room(self) -> None:
        """Have a file open that is not full; its head is written now, before a following record is numbered."""
        if self._file is not None and self._written >= self._largest_bytes:
            self.rotate()
        if self._file is None:
            self._open_next()

    def rotate(self) -> None:
        """Close and compress the open file; the next line starts a new one. The oldest files beyond `keep_files` go."""
        if self._file is None:
            return
        self._file.close()
        self._file = None
        full = self._path(self._number)
        if full.exists():
            _compress(full)
        expired = self._path(self._number - self._keep_files)
        for name in (expired.name, f"{expired.name}.gz"):
            expired.with_name(name).unlink(missing_ok=True)

    def flush(self) -> None:
        """Put everything on disk."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Close the open file without compressing it."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open_next(self) -> None:
        self._number += 1
        self._written = 0
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(self._number)
        self._file = CompressedText(path) if self._compressed() else path.open("w", encoding="utf-8", newline="\n")
        head = self._head(self._number)
        if head:
            self._put(head)

    def _put(self, line: str) -> None:
        assert self._file is not None
        self._file.write(line + "\n")
        self._written += len(line) + 1

    def _path(self, number: int) -> Path:
        return self._folder / f"{self._prefix}{number:0{self._digits}d}.txt"


def _compress(path: Path) -> None:
    with gzip.open(f"{path}.gz", "wb") as packed:
        packed.write(path.read_bytes())
    path.unlink()
