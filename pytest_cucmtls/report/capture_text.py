"""What a capture shows, as lines of text for a terminal."""

from collections import Counter
from collections.abc import Iterable, Iterator

from pytest_cucmtls.model.capture import CaptureReport, MediaStream
from pytest_cucmtls.model.handshakes import Handshake
from pytest_cucmtls.model.witnesses import WitnessReading
from pytest_cucmtls.report.ladder_text import printable


def capture_lines(report: CaptureReport, file: str) -> list[str]:
    """What a capture shows, connection by connection; every line is free of control characters."""
    return [printable(line) for line in _lines(report, file)]


def _lines(report: CaptureReport, file: str) -> Iterator[str]:
    yield f"{file}: {report.packets} packets" + (f", {report.cut_packets} cut short" if report.cut_packets else "")
    if report.problem:
        yield f"  problem: {report.problem}"
    for handshake in report.handshakes:
        yield from _handshake(handshake)
    if report.sip:
        yield from _sip(report)
    for stream in report.streams:
        yield from _stream(stream)
    yield from (f"  comment: {comment}" for comment in report.comments)
    yield from (f"  note: {note}" for note in report.notes)


def _handshake(seen: Handshake) -> Iterator[str]:
    suite = seen.cipher_suite
    encrypted = "" if suite is None else (", encrypted" if suite.encrypts else ", NOT ENCRYPTED")
    words = "DTLS" if seen.transport == "udp" else "TLS"
    yield (
        f"  {words} {seen.client} → {seen.server}, frame {seen.first_frame}: {seen.outcome.value}, "
        f"{seen.version or 'version not seen'}, {suite.name if suite else 'suite not seen'}{encrypted}, "
        f"mutual authentication: {seen.mutual_authentication}{', resumed' if seen.resumed else ''}"
        f"{', decrypted' if seen.decrypted else ''}"
    )
    if seen.certificates_hidden:
        yield f"    certificates cannot be seen: {seen.certificates_hidden.value.replace('_', ' ')}"
    for side, chain in (("server", seen.server_chain), ("client", seen.client_chain)):
        for certificate in chain:
            problem = f" ({certificate.problem})" if certificate.problem else ""
            yield f"    {side}: {certificate.subject}, serial {certificate.serial_hex}, issuer {certificate.issuer}{problem}"
    yield from (f"    alert from {alert.sender}: {alert.level} {alert.description}, frame {alert.frame}" for alert in seen.alerts)
    yield from (f"    note: {note}" for note in seen.notes)


def _sip(report: CaptureReport) -> Iterator[str]:
    methods = Counter(seen.message.method or str(seen.message.status_code) for seen in report.sip)
    where = ", ".join(sorted({seen.transport for seen in report.sip}))
    yield f"  SIP that could be read ({where}): " + ", ".join(f"{count} {name}" for name, count in methods.items())
    calls = Counter(seen.message.call_id for seen in report.sip if seen.message.call_id)
    yield from (f"    call {call_id}: {count} messages" for call_id, count in calls.most_common(20))
    if len(calls) > 20:
        yield f"    and {len(calls) - 20} more calls"


def _stream(stream: MediaStream) -> Iterator[str]:
    call = f", call {stream.call_id}" if stream.call_id else ""
    yield f"  {stream.kind or 'media?'} {stream.src} → {stream.dst}, SSRC 0x{stream.ssrc:08X}, {stream.packets} packets{call}"
    if stream.reason:
        yield f"    {stream.reason}"
    measured = stream.quality
    if measured is not None:
        jitter = "" if measured.jitter_seconds is None else f", jitter {measured.jitter_seconds * 1000:.2f} ms"
        yield (
            f"    {measured.lost} of {measured.expected} lost, {measured.out_of_order} out of order, "
            f"{measured.duplicates} captured twice{jitter}, longest gap {measured.longest_gap_seconds:.3f} s"
        )
    yield from (f"    FINDING: {finding}" for finding in stream.findings)


def disagreement_lines(reading: WitnessReading, disagreements: Iterable[str]) -> list[str]:
    """What the comparison with the second witness gave."""
    if reading.unavailable is not None:
        return [f"  second witness: none, {printable(reading.unavailable)}"]
    lines = [f"  second witness's problem: {printable(reading.problem)}"] if reading.problem else []
    found = [f"  the witnesses disagree: {printable(sentence)}" for sentence in disagreements]
    if not (found or reading.handshakes):
        return [*lines, "  second witness: Wireshark's dissectors saw no TLS handshake over TCP either"]
    return lines + (found or ["  second witness: Wireshark's dissectors saw the same handshakes"])
