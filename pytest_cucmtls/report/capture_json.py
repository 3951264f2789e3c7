"""The capture report as the JSON object other tools rely on: schema cucmtls-capture-1 (DESIGN §6)."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from pytest_cucmtls.model.capture import CaptureReport, MediaStream
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.errors import CucmTlsError
from pytest_cucmtls.model.handshakes import CipherSuite, Handshake, HandshakeOutcome
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.sip import CryptoLine, SipOnWire
from pytest_cucmtls.wire.sdp import parse_session_description

SCHEMA = "cucmtls-capture-1"


def capture_as_json(report: CaptureReport, file: str) -> dict[str, object]:
    """The contract's object for one file; unknown values are None. SDES keys are not in it, only their count and suites."""
    return {
        "schema": SCHEMA,
        "file": file,
        "sha256": report.sha256,
        "readable": report.readable,
        "problem": report.problem,
        "packets": report.packets,
        "cut_packets": report.cut_packets,
        "first_at": _time(report.first_at),
        "last_at": _time(report.last_at),
        "handshakes": [_handshake(handshake) for handshake in report.handshakes],
        "sip": _sip(report),
        "streams": [_stream(stream) for stream in report.streams],
        "comments": list(report.comments),
        "notes": list(report.notes),
    }


def _handshake(seen: Handshake) -> dict[str, object]:
    return {
        "transport": seen.transport,
        "client": _endpoint(seen.client),
        "server": _endpoint(seen.server),
        "first_frame": seen.first_frame,
        "at": _time(seen.at),
        "version": seen.version,
        "cipher_suite": _suite(seen.cipher_suite),
        "encrypted": encrypted(seen),
        "sni": seen.server_name,
        "alpn": seen.alpn,
        "group": seen.group,
        "resumed": seen.resumed,
        "outcome": seen.outcome.value,
        "alerts": [
            {"sender": alert.sender, "level": alert.level, "description": alert.description, "frame": alert.frame}
            for alert in seen.alerts
        ],
        "client_cert_requested": seen.client_certificate_requested,
        "client_cert_presented": seen.client_certificate_presented,
        "client_cert_verified": seen.client_certificate_verified,
        "mutual_auth": seen.mutual_authentication,
        "certificates_hidden": seen.certificates_hidden.value if seen.certificates_hidden else None,
        "server_certificates": _chain(seen.server_chain, seen.server_certificate_frame),
        "client_certificates": _chain(seen.client_chain, seen.client_certificate_frame),
        "decrypted": seen.decrypted,
        "application_bytes": {"client": seen.application_bytes[0], "server": seen.application_bytes[1]},
        "notes": list(seen.notes),
    }


def encrypted(seen: Handshake) -> bool | None:
    """False when the suite does not encrypt, True when one that does was completed, None when that cannot be known."""
    if seen.cipher_suite is None:
        return None
    if not seen.cipher_suite.encrypts:
        return False
    return True if seen.outcome is HandshakeOutcome.COMPLETE else None


def _suite(suite: CipherSuite | None) -> dict[str, object] | None:
    return None if suite is None else {"id": f"0x{suite.number:04X}", "iana": suite.name, "openssl": suite.openssl}


def _chain(chain: Sequence[Certificate], frame: int | None) -> list[dict[str, object]]:
    return [
        {
            "sha256": certificate.sha256,
            "serial": certificate.serial_hex,
            "subject": str(certificate.subject),
            "issuer": str(certificate.issuer),
            "not_before": _time(certificate.not_before),
            "not_after": _time(certificate.not_after),
            "frame": frame,
            "problem": certificate.problem,
        }
        for certificate in chain
    ]


def _sip(report: CaptureReport) -> dict[str, object]:
    requests = Counter(seen.message.method for seen in report.sip if seen.message.method)
    responses = Counter(str(seen.message.status_code) for seen in report.sip if seen.message.status_code is not None)
    crypto = [line for seen in report.sip for line in _crypto_lines(seen)]
    return {
        "plaintext": report.plaintext_sip,
        "requests": dict(requests),
        "responses": dict(responses),
        "call_ids": list(dict.fromkeys(seen.message.call_id for seen in report.sip if seen.message.call_id)),
        "transports": sorted({seen.transport for seen in report.sip}),
        "sdes_lines": len(crypto),
        "sdes_suites": sorted({line.crypto_suite for line in crypto}),
    }


def _crypto_lines(seen: SipOnWire) -> list[CryptoLine]:
    if b"a=crypto" not in seen.message.body:
        return []
    try:
        description = parse_session_description(seen.message.body)
    except CucmTlsError:
        return []
    return [line for media in description.media for line in media.crypto]


def _stream(stream: MediaStream) -> dict[str, object]:
    return {
        "src": _endpoint(stream.src),
        "dst": _endpoint(stream.dst),
        "ssrc": f"0x{stream.ssrc:08X}",
        "packets": stream.packets,
        "kind": stream.kind,
        "payload_type": stream.payload_type,
        "first_at": _time(stream.first_at),
        "last_at": _time(stream.last_at),
        "reason": stream.reason,
        "call_id": stream.call_id,
        "agreed_profile": stream.agreed_profile,
        "one_way": stream.one_way,
        "quality": _quality(stream),
        "protection": _protection(stream),
        "findings": list(stream.findings),
    }


def _quality(stream: MediaStream) -> dict[str, object] | None:
    measured = stream.quality
    if measured is None:
        return None
    jitter = measured.jitter_seconds
    return {
        "expected": measured.expected,
        "lost": measured.lost,
        "duplicates": measured.duplicates,
        "out_of_order": measured.out_of_order,
        "jitter_seconds": None if jitter is None else round(jitter, 6),
        "longest_gap_seconds": round(measured.longest_gap_seconds, 6),
    }


def _protection(stream: MediaStream) -> dict[str, object] | None:
    seen = stream.protection
    if seen is None:
        return None
    return {
        "keys_tried": seen.keys_tried,
        "authenticated": seen.authenticated,
        "crypto_suite": seen.crypto_suite,
        "key_fingerprint": seen.key_fingerprint,
        "roll_over_counter": seen.roll_over_counter,
        "encrypted": seen.encrypted,
    }


def _endpoint(end: Endpoint) -> dict[str, object]:
    return {"ip": end.ip, "port": end.port}


def _time(at: datetime | None) -> str | None:
    """RFC 3339 with microseconds and ``Z``."""
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
