"""Files and folders that appear complete or not at all, whoever else reads or writes them at the same time."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path


def write_atomically(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Replace a file so that a reader sees the old or the new content, never a part; its folder is made when it is missing.

    `mode`: the file's permissions, which it has from its first moment or stricter; None: what the umask leaves a new file.
    Raises: OSError; the old file then stands as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def create_folder_at_once(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make `folder` (mode 0700) with these files (mode 0600); when another process was first, theirs stays. Raises: OSError."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    for name, content in files.items():
        _write_private_file(unfinished / name, content)
    try:
        unfinished.rename(folder)
    except OSError:
        shutil.rmtree(unfinished)
        if not folder.is_dir():
            raise


def _write_private_file(path: Path, content: bytes) -> None:
    """A new file with mode 0600 from its first moment."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
