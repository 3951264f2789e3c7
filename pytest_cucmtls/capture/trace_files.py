"""Opens trace files on disk: one by one, or all of a case with their folders and archives."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_cucmtls.capture.trace_streams import trace_streams
from pytest_cucmtls.model.traces import TraceReport
from pytest_cucmtls.wire.traces import parse_trace


@dataclass(frozen=True, slots=True)
class NamedTrace:
    """One file's report; `given` when the user named the file itself, not a folder or an archive it lies in."""

    name: str
    given: bool
    report: TraceReport


def read_traces(paths: Sequence[Path]) -> Iterator[NamedTrace]:
    """What every file of these paths says, folders and archives included. Raises: FileUnreadable, see `trace_streams`."""
    for found in trace_streams(paths):
        yield NamedTrace(found.name, found.given, parse_trace(found.stream, file_name=found.name))
