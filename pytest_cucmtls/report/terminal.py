"""Reports as lines of text for a terminal."""

from collections import Counter
from collections.abc import Sequence

from pytest_cucmtls.model.capture import CaptureReport
from pytest_cucmtls.model.handshakes import Handshake
from pytest_cucmtls.model.traces import TraceReport
from pytest_cucmtls.model.verdicts import Outcome, Verdict

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


def capture_lines(report: CaptureReport, file: str) -> list[str]:
    """What a capture shows, connection by connection."""
    lines = [f"{file}: {report.packets} packets" + (f", {report.cut_packets} cut short" if report.cut_packets else "")]
    if report.problem:
        lines.append(f"  problem: {report.problem}")
    for handshake in report.handshakes:
        lines += _handshake_lines(handshake)
    if report.sip:
        methods = Counter(seen.message.method or str(seen.message.status_code) for seen in report.sip)
        lines.append("  SIP that could be read: " + ", ".join(f"{count} {name}" for name, count in methods.items()))
    for stream in report.streams:
        lines.append(
            f"  {stream.kind or 'media?'} {stream.src} → {stream.dst}, SSRC 0x{stream.ssrc:08X}, {stream.packets} packets"
        )
    return lines


def _handshake_lines(handshake: Handshake) -> list[str]:
    suite = handshake.cipher_suite
    encrypted = "" if suite is None else (", encrypted" if suite.encrypts else ", NOT ENCRYPTED")
    lines = [
        f"  TLS {handshake.client} → {handshake.server}, frame {handshake.first_frame}: {handshake.outcome.value}, "
        f"{handshake.version or 'version not seen'}, {suite.name if suite else 'suite not seen'}{encrypted}, "
        f"mutual authentication: {handshake.mutual_authentication}"
    ]
    if handshake.certificates_hidden:
        lines.append(f"    certificates cannot be seen: {handshake.certificates_hidden.value.replace('_', ' ')}")
    for side, chain in (("server", handshake.server_chain), ("client", handshake.client_chain)):
        for certificate in chain:
            lines.append(f"    {side}: {certificate.subject}, serial {certificate.serial_hex}, issuer {certificate.issuer}")
    lines += [
        f"    alert from {alert.sender}: {alert.level} {alert.description}, frame {alert.frame}" for alert in handshake.alerts
    ]
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
