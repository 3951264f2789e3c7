"""Traces and the stories of calls as lines of text for a terminal."""

from collections.abc import Sequence

from pytest_cucmtls.model.traces import CallStory, TraceEvent, TraceReport
from pytest_cucmtls.wire.trace_story_texts import (
    call_log_text,
    certificate_text,
    connection_text,
    digits_text,
    event_text,
    sip_text,
)

Line = tuple[int, str]


def trace_lines(report: TraceReport, file: str) -> list[str]:
    """What one trace file says about routing and security, in the order of the file."""
    lines = [f"{file}: {_summary(report)}"]
    if report.problem:
        lines.append(f"  problem: {report.problem}")
    if report.collection is not None:
        lines += [f"  {one.kind} {one.path}, {one.size_bytes} bytes" for one in report.collection.files]
    return lines + [f"  {text}" for _, text in sorted(_facts(report), key=lambda entry: entry[0])]


def _summary(report: TraceReport) -> str:
    if report.collection is not None:
        return f"RTMT collected {len(report.collection.files)} files of {report.collection.service} on {report.collection.node}"
    if report.call_log:
        return f"{len(report.call_log)} call log lines"
    header = report.header
    version = f", {header.version} on {header.host_name} ({header.host_address})" if header else ""
    span = f", {report.first_at:%Y-%m-%d %H:%M:%S} to {report.last_at:%H:%M:%S} UTC" if report.first_at and report.last_at else ""
    return f"{report.record_count} records{version}{span}"


def _facts(report: TraceReport) -> list[Line]:
    found = [(one.source.line, f"{one.source.time} {digits_text(one)}") for one in report.digit_analysis]
    found += [(one.source.line, f"{one.source.time} {sip_text(one)}") for one in report.sip_messages]
    found += [(one.source.line, f"{one.source.time} {certificate_text(one)}") for one in report.certificates]
    found += [(one.source.line, f"{one.source.time} {connection_text(one)}") for one in report.connections]
    found += [_event(one) for one in report.events]
    return found + [(one.line, f"{one.time} {call_log_text(one)}") for one in report.call_log]


def _event(event: TraceEvent) -> Line:
    return event.source.line, f"{event.source.time} {event_text(event)}"


def story_lines(stories: Sequence[CallStory]) -> list[str]:
    """Each call with what joins it, then its steps in order, each with its place."""
    lines: list[str] = []
    folder = _common_folder({step.file for story in stories for step in story.steps})
    for story in stories:
        lines.append(f"call {story.caller or '?'} to {story.called or '?'}: {story.ending}")
        lines += [f"  Call-ID {call_id}" for call_id in story.call_ids]
        if story.identifiers:
            lines.append("  legs " + ", ".join(f"{identifier} on {node}" for node, identifier in story.identifiers))
        if story.connections:
            lines.append("  connections " + ", ".join(f"{index} on {node}" for node, index in story.connections))
        width = max((len(node) for node in story.nodes), default=0)
        for step in story.steps:
            moment = f"{step.at:%Y-%m-%d %H:%M:%S}.{step.at.microsecond // 1000:03d}Z" if step.at else step.time
            lines.append(f"  {moment}  {step.node:<{width}}  {step.text}  [{step.file.removeprefix(folder)}:{step.line}]")
    return lines


def _common_folder(files: set[str]) -> str:
    """What all names begin with, up to a slash: said once for all of them by leaving it out."""
    first, last = min(files, default=""), max(files, default="")
    shared = next((place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    return first[: first.rfind("/", 0, shared) + 1]
