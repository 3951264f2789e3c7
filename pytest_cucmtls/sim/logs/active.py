"""File specifications below a simulated node's ``activelog``: folder or pattern, never outside it."""

import fnmatch
from pathlib import Path, PurePosixPath

from pytest_cucmtls.sim.cli_command import CommandFailed


def folder_of(root: Path, spec: str) -> tuple[Path, str]:
    """The existing folder a specification names, and the pattern of names in it (``*`` for a folder).

    A leading slash means the root of the tree itself, as people write it.

    Raises: CommandFailed for ``..``, a link that leads out, or no such folder.
    """
    words = PurePosixPath(spec.removeprefix("/var/log/active/").removeprefix("active/").lstrip("/"))
    if ".." in words.parts:
        raise CommandFailed("The file specification is not valid.")
    whole = _inside(root, root / words)
    if whole.is_dir():
        return whole, "*"
    parent = _inside(root, root / words.parent)
    if not parent.is_dir():
        raise CommandFailed(f"no such file or directory can be found: {spec}")
    return parent, words.name


def matching_files(root: Path, spec: str, *, recursive: bool = False) -> list[Path]:
    """Regular files of a specification, by name. Raises: CommandFailed as `folder_of`."""
    folder, pattern = folder_of(root, spec)
    candidates = folder.rglob("*") if recursive else folder.iterdir()
    return sorted(
        path for path in candidates if path.is_file() and not path.is_symlink() and fnmatch.fnmatchcase(path.name, pattern)
    )


def one_file(root: Path, spec: str) -> Path:
    """The one file a specification names. Raises: CommandFailed."""
    found = matching_files(root, spec)
    if len(found) != 1 or found[0].name != PurePosixPath(spec).name:
        raise CommandFailed(f"no such file or directory can be found: {spec}")
    return found[0]


def _inside(root: Path, path: Path) -> Path:
    resolved = path.resolve()
    if not resolved.is_relative_to(root.resolve()):
        raise CommandFailed("The file specification is not valid.")
    return resolved
