"""The files of a simulated node that log collection lists and DIME hands out, by CUCM's absolute paths."""

from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from pytest_cucmtls.sim.state import CALL_MANAGER_SERVICE, NodeState

ACTIVE_LOG = PurePosixPath("/var/log/active")

SERVICE_FOLDERS = {CALL_MANAGER_SERVICE: "cm/trace/ccm"}
"""Trace folder per service name, below activelog."""
SYSTEM_FOLDERS = {"Packet Capture Logs": "platform/cli"}
"""The same for system logs (RTMT's name)."""


def files_below(node: NodeState, folder: str) -> list[Path]:
    """Regular files of a folder and its subfolders, sorted; what was traced until now is on disk first."""
    if node.traces is not None:
        node.traces.flush()
    return sorted(path for path in (node.active_log / folder).rglob("*") if path.is_file() and not path.is_symlink())


def absolute_path(node: NodeState, path: Path) -> str:
    """CUCM's name of a real file."""
    return str(ACTIVE_LOG / path.relative_to(node.active_log).as_posix())


def real_path(node: NodeState, name: str) -> Path | None:
    """The real file behind CUCM's name; None when there is none, or the name leads out of activelog."""
    found = _below(node, name)
    return found if found is not None and found.is_file() else None


def real_folder(node: NodeState, name: str) -> Path | None:
    """The real folder behind CUCM's name; None when there is none, or the name leads out of activelog."""
    found = _below(node, name)
    return found if found is not None and found.is_dir() else None


def _below(node: NodeState, name: str) -> Path | None:
    wanted = PurePosixPath(name)
    if "\0" in name or not wanted.is_relative_to(ACTIVE_LOG):
        return None
    root = node.active_log.resolve()
    found = (root / wanted.relative_to(ACTIVE_LOG)).resolve()
    return found if found.is_relative_to(root) else None


def modified_at(path: Path) -> datetime:
    """Last change, UTC."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
