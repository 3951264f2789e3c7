"""UTC times for call logs: they print local times, and the zone stands in the FileHead of the same node's SDL traces."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pytest_cucmtls.model.traces import CallLogLine, TraceReport
from pytest_cucmtls.wire.trace_nodes import NamedReport, node_key, own_address


def with_dated_call_logs(reports: Sequence[NamedReport]) -> list[NamedReport]:
    """The same files; lines of a call log have a time where a trace of the same node tells its zone."""
    zones = {
        node_key(report): report.header.utc_offset_seconds
        for _, report in reports
        if report.header is not None and report.header.utc_offset_seconds is not None and node_key(report)
    }
    return [(name, _dated(report, zones.get(own_address(report) or ""))) for name, report in reports]


def _dated(report: TraceReport, offset_seconds: int | None) -> TraceReport:
    if offset_seconds is None or not report.call_log:
        return report
    return replace(report, call_log=tuple(replace(line, at=_at(line, offset_seconds)) for line in report.call_log))


def _at(line: CallLogLine, offset_seconds: int) -> datetime | None:
    try:
        local = datetime.strptime(line.time, "%Y/%m/%d %H:%M:%S.%f").replace(tzinfo=UTC)
        return local - timedelta(seconds=offset_seconds)
    except (ValueError, OverflowError):
        return None
