"""What the second witness saw, in the words of the capture report: as JSON and as lines of text."""

from typing import Any

from pytest_cucmtls.model.witnesses import WitnessedHandshake, WitnessReading
from pytest_cucmtls.report.capture_json import SCHEMA
from pytest_cucmtls.report.ladder_text import printable
from pytest_cucmtls.wire.tls_registry import cipher_suite


def witness_as_json(reading: WitnessReading) -> dict[str, Any]:
    """The reading with its handshakes; `unavailable` says why there are none."""
    return {
        "reader": "pyshark",
        "unavailable": reading.unavailable,
        "problem": reading.problem,
        "handshakes": [_handshake(seen) for seen in reading.handshakes],
    }


def reading_as_capture_json(reading: WitnessReading, file: str) -> dict[str, Any]:
    """The capture report as this witness alone gives it: null where it is not asked."""
    unasked = dict.fromkeys(("sha256", "packets", "cut_packets", "first_at", "last_at", "sip", "streams"))
    head = {"schema": SCHEMA, "file": file, "readable": reading.unavailable is None}
    return head | {"problem": reading.unavailable or reading.problem} | unasked | witness_as_json(reading)


def reading_lines(reading: WitnessReading, file: str) -> list[str]:
    """The same as text."""
    lines = [f"{file}: {len(reading.handshakes)} TLS handshakes as Wireshark's dissectors see them"]
    trouble = reading.unavailable or reading.problem
    lines += [f"  problem: {trouble}"] if trouble else []
    for seen in reading.handshakes:
        suite = "suite not seen" if seen.cipher_suite is None else cipher_suite(seen.cipher_suite).name
        lines.append(
            f"  TLS {seen.client} → {seen.server}, frame {seen.first_frame}: {seen.version or 'version not seen'}, {suite}"
        )
        for side, digests in (("server", seen.server_certificates), ("client", seen.client_certificates)):
            lines += [f"    {side}: certificate with SHA-256 {digest}" for digest in digests]
        lines += [f"    alert from {sender}: {level} {text}" for sender, level, text in seen.alerts]
    return [printable(line) for line in lines]


def _handshake(seen: WitnessedHandshake) -> dict[str, Any]:
    suite = None if seen.cipher_suite is None else cipher_suite(seen.cipher_suite)
    return {
        "client": {"ip": seen.client.ip, "port": seen.client.port},
        "server": {"ip": seen.server.ip, "port": seen.server.port},
        "first_frame": seen.first_frame,
        "version": seen.version,
        "cipher_suite": None if suite is None else {"id": f"0x{suite.number:04X}", "iana": suite.name, "openssl": suite.openssl},
        "server_certificates": [{"sha256": digest} for digest in seen.server_certificates],
        "client_certificates": [{"sha256": digest} for digest in seen.client_certificates],
        "alerts": [{"sender": sender, "level": level, "description": text} for sender, level, text in seen.alerts],
    }
