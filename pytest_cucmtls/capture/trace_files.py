"""Opens trace files on disk."""

from pathlib import Path

from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.model.traces import TraceReport
from pytest_cucmtls.wire.traces import parse_trace


def read_trace(path: Path) -> TraceReport:
    """What one trace file says. Raises: FileUnreadable when it cannot be opened."""
    try:
        with path.open("rb") as stream:
            return parse_trace(stream, file_name=path.name)
    except OSError as problem:
        raise FileUnreadable(str(path), f"cannot be opened: {problem.strerror}") from problem
