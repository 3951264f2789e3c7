"""Hellos that ask a TLS server one question each, and what its first bytes answer (RFC 8446 §4.1, RFC 5246 §7.4, SSL 2.0).

The program's own TLS library refuses to speak the old versions, suites and groups a listener must be asked about.
"""

from dataclasses import dataclass

from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.model.probe import Answer
from pytest_cucmtls.wire.tls_messages import (
    HELLO_RETRY_RANDOM,
    KEY_SHARE,
    RENEGOTIATION_INFO,
    SUPPORTED_GROUPS,
    SUPPORTED_VERSIONS,
    chosen_group,
    chosen_version,
    parse_key_exchange_group,
    parse_server_hello,
)
from pytest_cucmtls.wire.tls_records import ALERT, HANDSHAKE
from pytest_cucmtls.wire.tls_registry import ALERT_LEVELS, GROUP_NAMES, VERSION_NAMES, alert_name, cipher_suite, version_name
from pytest_cucmtls.wire.tls_suites import registered_suites

VERSION_NUMBERS = {name: number for number, name in VERSION_NAMES.items()}
GROUP_NUMBERS = {name: number for number, name in GROUP_NAMES.items()}
FALLBACK_SIGNAL = 0x5600
"""TLS_FALLBACK_SCSV (RFC 7507 §2)."""
LARGEST_FLIGHT_BYTES = 1 << 17
TLS13_SUITES = (0x1301, 0x1302, 0x1303, 0x1304, 0x1305)
_SIGNATURES = (0x0401, 0x0501, 0x0601, 0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0201, 0x0203)
_USUAL_GROUPS = tuple(GROUP_NUMBERS[name] for name in ("x25519", "secp256r1", "secp384r1", "secp521r1", "secp224r1"))
_SSLV2_SUITES = bytes.fromhex("010080 0700c0 060040 050080 030080 020080 040080".replace(" ", ""))


@dataclass(frozen=True, slots=True)
class FirstFlight:
    """What the bytes received so far say; `complete` when nothing more is worth waiting for."""

    answer: Answer
    detail: str
    complete: bool
    version: str | None = None
    cipher_suite: str | None = None
    group: str | None = None
    client_certificate_requested: bool | None = None


def usual_suites() -> tuple[int, ...]:
    """Every registered suite up to TLS 1.2 that encrypts with AES or 3DES under certificates, ephemeral ones first."""
    kinds = (
        "TLS_ECDHE_ECDSA_WITH_AES",
        "TLS_ECDHE_RSA_WITH_AES",
        "TLS_DHE_RSA_WITH_AES",
        "TLS_RSA_WITH_AES",
        "TLS_RSA_WITH_3DES",
    )
    names = {number: name for number, (name, _) in registered_suites().items()}
    return tuple(number for kind in kinds for number, name in sorted(names.items()) if name.startswith(kind))


def suites_of_family(family: str) -> tuple[int, ...]:
    """Registered suites up to TLS 1.2 of a family word (``NULL``, ``anon``, ``RC4`` …), under certificates or anonymous."""
    return tuple(
        number
        for number, (name, _) in sorted(registered_suites().items())
        if "_WITH_" in name and family in name.split("_") and not {"PSK", "KRB5", "SRP"} & set(name.split("_"))
    )


def ephemeral_suites() -> tuple[int, ...]:
    """ECDHE suites under certificates."""
    return tuple(number for number in usual_suites() if "_ECDHE_" in cipher_suite(number).name)


def client_hello(version: str, suites: tuple[int, ...], random: bytes, *, groups: tuple[int, ...] = _USUAL_GROUPS) -> bytes:
    """One record with a ClientHello that offers this version at most (TLS 1.3: alone); `random` has 32 bytes.

    SSLv3 and TLS up to 1.2 name their version in the hello; TLS 1.3 is offered with an empty key share, so that any
    listener that speaks it answers with HelloRetryRequest (RFC 8446 §4.2.8). Raises: ValueError.
    """
    number = VERSION_NUMBERS[version]
    if len(random) != 32 or not suites:
        raise ValueError("a hello needs 32 random bytes and at least one suite")
    modern = version == "TLSv1.3"
    offered = b"".join(suite.to_bytes(2, "big") for suite in suites)
    body = min(number, 0x0303).to_bytes(2, "big") + random + b"\0" + _vector(2, offered) + b"\x01\0"
    if version != "SSLv3":
        body += _vector(2, _extensions(groups, modern=modern))
    message = b"\x01" + _vector(3, body)
    return bytes((HANDSHAKE,)) + (0x0300 if version == "SSLv3" else 0x0301).to_bytes(2, "big") + _vector(2, message)


def sslv2_client_hello(random: bytes) -> bytes:
    """SSL 2.0 CLIENT-HELLO with its seven cipher kinds; the first 16 bytes of `random` are the challenge."""
    body = b"\x01\0\x02" + len(_SSLV2_SUITES).to_bytes(2, "big") + b"\0\0\0\x10" + _SSLV2_SUITES + random[:16]
    return (0x8000 | len(body)).to_bytes(2, "big") + body


def _extensions(groups: tuple[int, ...], *, modern: bool) -> bytes:
    listed = b"".join(group.to_bytes(2, "big") for group in groups)
    schemes = b"".join(scheme.to_bytes(2, "big") for scheme in _SIGNATURES)
    found = [(SUPPORTED_GROUPS, _vector(2, listed)), (13, _vector(2, schemes))]
    if modern:
        found += [(SUPPORTED_VERSIONS, b"\x02\x03\x04"), (KEY_SHARE, b"\0\0")]
    else:
        found += [(11, b"\x01\0"), (RENEGOTIATION_INFO, b"\0"), (23, b"")]
    return b"".join(number.to_bytes(2, "big") + _vector(2, data) for number, data in found)


def _vector(width: int, data: bytes) -> bytes:
    return len(data).to_bytes(width, "big") + data


def read_first_flight(data: bytes) -> FirstFlight:
    """What a server's bytes answer to a `client_hello`; any bytes are allowed and nothing is raised.

    A ServerHello (or HelloRetryRequest) accepts, a fatal alert refuses; fewer bytes than that are unclear and not complete.
    """
    messages, alert, problem = _messages(data)
    hello = next((body for kind, body in messages if kind == 2), None)
    if hello is None:
        if alert:
            return FirstFlight(Answer.REFUSED, f"alert {alert}", complete=True)
        return FirstFlight(Answer.UNCLEAR, problem or "no complete answer", complete=bool(problem))
    try:
        return _accepted(hello, messages)
    except UnexpectedAnswer as broken:
        return FirstFlight(Answer.UNCLEAR, str(broken), complete=True)


def _accepted(hello_body: bytes, messages: list[tuple[int, bytes]]) -> FirstFlight:
    hello = parse_server_hello(hello_body)
    suite, version = cipher_suite(hello.suites[0]), version_name(chosen_version(hello))
    kinds = {kind for kind, _ in messages}
    exchange = next((body for kind, body in messages if kind == 12), None)
    group = chosen_group(hello) if exchange is None else parse_key_exchange_group(exchange, suite.name)
    retry = hello.random == HELLO_RETRY_RANDOM
    done = retry or version == "TLSv1.3" or 14 in kinds
    said = f"selected {version}, {suite.name}" + (f", {group}" if group else "")
    requested = None if version == "TLSv1.3" or 14 not in kinds else 13 in kinds
    return FirstFlight(Answer.ACCEPTED, said, done, version, suite.name, group, requested)


def _messages(data: bytes) -> tuple[list[tuple[int, bytes]], str, str]:
    """(handshake messages complete so far, text of a fatal alert, why the bytes are no TLS records)."""
    stream, alert, at = b"", "", 0
    while at + 5 <= len(data):
        kind, length = data[at], int.from_bytes(data[at + 3 : at + 5], "big")
        if kind not in (20, ALERT, HANDSHAKE, 23) or data[at + 1] != 3:
            return _cut(stream), alert, f"bytes that are no TLS record ({data[at : at + 8].hex()})"
        body = data[at + 5 : at + 5 + length]
        if len(body) < length:
            break
        if kind == ALERT and len(body) == 2 and body[0] == 2:
            alert = alert or f"{ALERT_LEVELS.get(body[0], body[0])} {alert_name(body[1])}"
        if kind == HANDSHAKE:
            stream += body
        at += 5 + length
    return _cut(stream), alert, ""


def _cut(stream: bytes) -> list[tuple[int, bytes]]:
    found, at = list[tuple[int, bytes]](), 0
    while at + 4 <= len(stream):
        end = at + 4 + int.from_bytes(stream[at + 1 : at + 4], "big")
        if end > len(stream):
            break
        found.append((stream[at], stream[at + 4 : end]))
        at = end
    return found


def read_sslv2_answer(data: bytes) -> FirstFlight:
    """What a server's bytes answer to an SSL 2.0 hello: SERVER-HELLO (type 4) accepts, a TLS alert or SSL 2.0 error refuses."""
    if len(data) >= 3 and data[0] & 0x80:
        if data[2] == 4:
            return FirstFlight(Answer.ACCEPTED, "SSL 2.0 SERVER-HELLO", True, "SSLv2")
        return FirstFlight(Answer.REFUSED, f"SSL 2.0 message {data[2]}", True)
    flight = read_first_flight(data)
    if flight.answer is Answer.ACCEPTED:
        return FirstFlight(Answer.REFUSED, f"answered with {flight.version} instead", True, flight.version)
    return flight


def read_clear_answer(data: bytes) -> FirstFlight:
    """What a port's bytes answer to a SIP request in clear text: a SIP status line accepts, TLS bytes refuse."""
    if data.startswith(b"SIP/2.0 "):
        return FirstFlight(Answer.ACCEPTED, data.split(b"\r\n", 1)[0][:60].decode("ascii", "replace"), True)
    if b"SIP/2.0 ".startswith(data[:8]) and len(data) < 8:
        return FirstFlight(Answer.UNCLEAR, "no complete answer", False)
    _, alert, _ = _messages(data)
    if alert or data[:1] in (b"\x14", b"\x15", b"\x16"):
        return FirstFlight(Answer.REFUSED, f"alert {alert}" if alert else "TLS bytes", True)
    return FirstFlight(Answer.UNCLEAR, f"neither SIP nor TLS ({data[:8].hex()})", True)
