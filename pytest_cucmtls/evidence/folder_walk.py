"""The files below a folder by relative name, without following links, and their digests."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from pytest_cucmtls.model.errors import FileUnreadable

CHUNK_BYTES = 1024 * 1024


def walk(folder: Path) -> Iterator[tuple[str, bool]]:
    """(relative name with forward slashes, is a regular file) of everything but folders, in order of names."""
    yield from _walk(folder, "")


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, bool]]:
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as problem:
        raise FileUnreadable(str(folder), f"cannot be listed: {problem.strerror}") from problem
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(folder / entry.name, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry.is_file(follow_symlinks=False)


def digest_of(path: Path) -> tuple[str, int]:
    """(SHA-256 as lower-case hex, size in bytes). Raises: FileUnreadable."""
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
                size += len(chunk)
    except OSError as problem:
        raise FileUnreadable(str(path), f"cannot be read: {problem.strerror}") from problem
    return digest.hexdigest(), size


def read_bytes(path: Path) -> bytes:
    """The whole file. Raises: FileUnreadable."""
    try:
        return path.read_bytes()
    except OSError as problem:
        raise FileUnreadable(str(path), f"cannot be read: {problem.strerror}") from problem
