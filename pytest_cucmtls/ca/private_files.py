"""Files only their owner can read, and folders that appear complete or not at all."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path


def create_folder_at_once(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make `folder` (mode 0700) with these files (mode 0600); when another process was first, theirs stays."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    for name, content in files.items():
        write_private_file(unfinished / name, content)
    try:
        unfinished.rename(folder)
    except OSError:
        shutil.rmtree(unfinished)
        if not folder.is_dir():
            raise


def write_private_file(path: Path, content: bytes) -> None:
    """A new file with mode 0600 from its first moment."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def replace_file_at_once(path: Path, content: bytes) -> None:
    """Write a file that readers see complete or not at all, whoever else writes it at the same time."""
    descriptor, unfinished = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    Path(unfinished).replace(path)
