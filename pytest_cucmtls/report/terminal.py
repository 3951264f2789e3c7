"""Reports as lines of text for a terminal."""

from collections import Counter
from collections.abc import Sequence

from pytest_cucmtls.model.traces import TraceReport
from pytest_cucmtls.model.verdicts import Outcome, Verdict
from pytest_cucmtls.report.capture_text import capture_lines as capture_lines

_QUIET = {Outcome.PASS, Outcome.NOT_APPLICABLE}


def verdict_lines(verdicts: Sequence[Verdict]) -> list[str]:
    """One line per verdict; those that are not a pass also say why and what to do."""
    lines = []
    for verdict in verdicts:
        lines.append(f"{verdict.outcome.value:<14} {verdict.step:>3}  {verdict.subject:<12} {verdict.title}")
        if verdict.outcome not in _QUIET:
            remedy = f" Remedy: {', '.join(verdict.remedies)}." if verdict.remedies else ""
            lines.append(f"{'':<20}{verdict.diagnosis}{remedy}")
    counted = Counter(verdict.outcome for verdict in verdicts)
    lines.append(", ".join(f"{counted[outcome]} {outcome.value}" for outcome in Outcome if counted[outcome]) or "no verdicts")
    return lines


def trace_lines(report: TraceReport, file: str) -> list[str]:
    """What a trace says about routing and security, record by record."""
    version = f", {report.header.version} on {report.header.host_name}" if report.header else ""
    lines = [f"{file}: {report.record_count} records{version}"]
    if report.problem:
        lines.append(f"  problem: {report.problem}")
    for analysis in report.digit_analysis:
        pattern = analysis.result("DialingPattern")
        lines.append(
            f"  {analysis.source.time} digits {analysis.dialed_digits}: {analysis.outcome or 'cut off'}"
            + (f", pattern {pattern}" if pattern else "")
        )
    for traced in report.sip_messages:
        lines.append(f"  {traced.source.time} SIP {traced.direction} {traced.peer}:{traced.port} {traced.message.start_line}")
    for seen in report.certificates:
        lines.append(
            f"  {seen.source.time} certificate on connection {seen.connection_index} from {seen.remote_ip}:{seen.remote_port}: "
            f"{seen.subject}, {seen.cipher}"
        )
    lines += [f"  {line.time} {line.subsystem} {line.event} {' '.join(line.columns)}" for line in report.call_log]
    return lines
