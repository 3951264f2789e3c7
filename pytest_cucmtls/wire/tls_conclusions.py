"""What the observed records of a TLS connection amount to: a Handshake value, unknown where the capture does not show it."""

from collections.abc import Callable
from dataclasses import dataclass

from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.handshakes import (
    Alert,
    CertificatesHidden,
    CipherSuite,
    Handshake,
    HandshakeMessage,
    HandshakeOutcome,
)
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.wire.capture_time import datetime_of
from pytest_cucmtls.wire.tls_handshakes import (
    CERTIFICATE,
    CERTIFICATE_REQUEST,
    CERTIFICATE_VERIFY,
    CLIENT_KEY_EXCHANGE,
    NEW_SESSION_TICKET,
    SERVER_HELLO_DONE,
    HandshakeObserver,
    Side,
)
from pytest_cucmtls.wire.tls_messages import (
    ENCRYPT_THEN_MAC,
    EXTENDED_MASTER_SECRET,
    PRE_SHARED_KEY,
    RENEGOTIATION_INFO,
    SESSION_TICKET,
    Hello,
    chosen_group,
    chosen_protocol,
    offered_versions,
    server_name,
)
from pytest_cucmtls.wire.tls_registry import ALERT_LEVELS, alert_name, cipher_suite, is_grease, version_name

_ALERT_RECORD = {19, 11}
"""Bytes of an encrypted TLS 1.3 alert record: 2 + content type + tag of 16 (CCM_8: 8); no Finished is that short."""
_FATAL = 2


@dataclass(frozen=True, slots=True)
class ConnectionFacts:
    """What TCP knows about the connection: both ends by direction, who opened it (None: not seen), and how it ended.

    `first_frame` and `first_at` (nanoseconds) are those of the connection: its SYN when that was captured.
    """

    endpoints: tuple[Endpoint, Endpoint]
    opener: int | None
    first_frame: int
    first_at: int
    closed_by: int | None = None
    reset: bool = False


def conclude(seen: HandshakeObserver, facts: ConnectionFacts, certificate_of: Callable[[bytes], Certificate]) -> Handshake:
    """The handshake of one connection; `certificate_of` turns DER into a certificate value."""
    client_direction = _client_direction(seen, facts)
    client, server = seen.sides[client_direction], seen.sides[1 - client_direction]
    resumed = _resumed(seen, client, server)
    outcome = _outcome(seen, client, server)
    presented = _presented(seen, client, resumed)
    requested = _requested(seen, server, resumed)
    hidden = _hidden(seen, client, server, outcome, resumed, requested, presented)
    names = ("client", "server") if client_direction == 0 else ("server", "client")
    hello = seen.server_hello
    return Handshake(
        client=facts.endpoints[client_direction],
        server=facts.endpoints[1 - client_direction],
        first_frame=facts.first_frame,
        at=datetime_of(facts.first_at),
        outcome=outcome,
        version=None if seen.version is None else version_name(seen.version),
        cipher_suite=_suite(hello),
        offered_versions=_offered_versions(seen.client_hello),
        offered_suites=_offered_suites(seen.client_hello),
        server_name=server_name(seen.client_hello) if seen.client_hello else None,
        alpn=chosen_protocol(hello) if hello else None,
        group=seen.group or (chosen_group(hello) if hello and seen.is_tls13 else None),
        compression=hello.compressions[0] if hello else None,
        extended_master_secret=_extension(seen, EXTENDED_MASTER_SECRET),
        encrypt_then_mac=_extension(seen, ENCRYPT_THEN_MAC),
        renegotiation_info=_extension(seen, RENEGOTIATION_INFO),
        session_ticket=NEW_SESSION_TICKET in server.seen or _extension(seen, SESSION_TICKET),
        resumed=resumed,
        tcp_opened=facts.opener is not None,
        server_chain=tuple(certificate_of(der) for der in server.certificates or ()),
        client_chain=tuple(certificate_of(der) for der in client.certificates or ()),
        server_certificate_frame=server.certificate_frame if server.certificates else None,
        client_certificate_frame=client.certificate_frame if client.certificates else None,
        client_certificate_requested=requested,
        client_certificate_presented=presented,
        client_certificate_verified=_verified(client, presented),
        certificates_hidden=hidden,
        alerts=_alerts(seen, names),
        messages=_messages(seen, names),
        last_at=datetime_of(seen.last_at),
        application_bytes=(client.application_bytes, server.application_bytes),
        decrypted=seen.decrypted,
        notes=(*seen.notes, *_closing_notes(seen, facts, outcome, names, client)),
    )


def _client_direction(seen: HandshakeObserver, facts: ConnectionFacts) -> int:
    """Who sent the ClientHello; else who opened the connection; else the end with the higher port."""
    if seen.client_direction is not None:
        return seen.client_direction
    if facts.opener is not None:
        return facts.opener
    return 0 if facts.endpoints[0].port >= facts.endpoints[1].port else 1


def _suite(hello: Hello | None) -> CipherSuite | None:
    return cipher_suite(hello.suites[0]) if hello else None


def _offered_versions(hello: Hello | None) -> tuple[str, ...]:
    return tuple(version_name(number) for number in offered_versions(hello) if not is_grease(number)) if hello else ()


def _offered_suites(hello: Hello | None) -> tuple[CipherSuite, ...]:
    return tuple(cipher_suite(number) for number in hello.suites if not is_grease(number)) if hello else ()


def _extension(seen: HandshakeObserver, number: int) -> bool | None:
    """The server agreed to an extension of TLS up to 1.2; None when that cannot be known or has no meaning."""
    if seen.server_hello is None or seen.is_tls13:
        return None
    return number in seen.server_hello.extensions


def _resumed(seen: HandshakeObserver, client: Side, server: Side) -> bool | None:
    """RFC 5246 §7.3: in an abbreviated handshake the server goes from its hello to ChangeCipherSpec. RFC 8446 §4.2.11."""
    hello = seen.server_hello
    if hello is not None and seen.is_tls13:
        return PRE_SHARED_KEY in hello.extensions
    if server.seen & {CERTIFICATE, SERVER_HELLO_DONE, CERTIFICATE_REQUEST} or CLIENT_KEY_EXCHANGE in client.seen:
        return False
    if hello is None:
        return None
    offered = seen.client_hello.session_id if seen.client_hello else b""
    if offered and offered == hello.session_id:
        return True
    damaged = server.cut or server.missing
    return True if server.changed_cipher and not damaged else None


def _outcome(seen: HandshakeObserver, client: Side, server: Side) -> HandshakeOutcome:
    complete = _complete_tls13(seen, client, server) if seen.is_tls13 else _complete(client, server)
    if complete:
        return HandshakeOutcome.COMPLETE
    if any(level == _FATAL for _, _, level, _, _ in seen.alerts) or _encrypted_refusal(seen, client):
        return HandshakeOutcome.REFUSED
    return HandshakeOutcome.INCOMPLETE


def _complete(client: Side, server: Side) -> bool:
    """Both Finished were seen, or application data, which nobody sends before."""
    if client.finished and server.finished:
        return True
    return bool(client.application_bytes or server.application_bytes)


def _complete_tls13(seen: HandshakeObserver, client: Side, server: Side) -> bool:
    """The client's Finished is its first encrypted record; a server that refuses it answers with nothing but an alert."""
    if client.finished and server.finished:
        refused = any(level == _FATAL for _, direction, level, _, _ in seen.alerts if direction != seen.client_direction)
        return not refused or server.application_bytes > 0
    if not client.opaque_lengths or not server.opaque_lengths:
        return False
    return not _encrypted_refusal(seen, client)


def _encrypted_refusal(seen: HandshakeObserver, client: Side) -> bool:
    """TLS 1.3: a record of an alert's size stands where a Finished or the server's first answer should."""
    if not seen.is_tls13 or not client.opaque_lengths:
        return False
    if client.opaque_lengths[0] in _ALERT_RECORD:
        return True
    return seen.server_answers == 1 and seen.first_server_answer in _ALERT_RECORD


def _requested(seen: HandshakeObserver, server: Side, resumed: bool | None) -> bool | None:
    if CERTIFICATE_REQUEST in server.seen:
        return True
    if resumed or server.cut or server.missing:
        return None
    return False if SERVER_HELLO_DONE in server.seen or (seen.is_tls13 and server.finished) else None


def _presented(seen: HandshakeObserver, client: Side, resumed: bool | None) -> bool | None:
    """False after an empty Certificate message, or when the key exchange came without one."""
    if client.certificates is not None:
        return bool(client.certificates)
    if resumed or CERTIFICATE in client.seen or client.cut or client.missing:
        return None
    if seen.is_tls13:
        return False if client.finished else None
    return False if CLIENT_KEY_EXCHANGE in client.seen else None


def _verified(client: Side, presented: bool | None) -> bool | None:
    if CERTIFICATE_VERIFY in client.seen:
        return True
    return False if presented and client.finished and not (client.cut or client.missing) else None


def _hidden(
    seen: HandshakeObserver,
    client: Side,
    server: Side,
    outcome: HandshakeOutcome,
    resumed: bool | None,
    requested: bool | None,
    presented: bool | None,
) -> CertificatesHidden | None:
    """Why a certificate that was or may have been sent cannot be seen; None when everything sent is visible."""
    if resumed:
        return CertificatesHidden.RESUMED
    if seen.is_tls13 and (server.certificates is None or presented is None):
        return CertificatesHidden.TLS13 if server.opaque_lengths or client.opaque_lengths else None
    complete = outcome is HandshakeOutcome.COMPLETE
    if server.certificates is None:
        if _began_late(seen):
            return CertificatesHidden.CAPTURE_STARTED_LATE
        suite = _suite(seen.server_hello)
        if suite is not None and _carries_no_certificate(suite.name):
            return None
        return _damage(server) or (CertificatesHidden.PACKETS_MISSING if complete else None)
    if presented is None and requested is not False:
        return _damage(client) or _damage(server) or (CertificatesHidden.PACKETS_MISSING if complete else None)
    return None


def _began_late(seen: HandshakeObserver) -> bool:
    """No hello of either side is in the capture."""
    return seen.client_hello is None and seen.server_hello is None and not any(side.seen for side in seen.sides)


def _damage(side: Side) -> CertificatesHidden | None:
    if side.cut:
        return CertificatesHidden.PACKETS_CUT
    return CertificatesHidden.PACKETS_MISSING if side.missing else None


def _carries_no_certificate(suite_name: str) -> bool:
    """Anonymous, pre-shared-key and SRP suites authenticate without certificates (RFC 5246 appendix F.1.1, RFC 4279)."""
    if "_RSA_PSK_" in suite_name or "_SRP_SHA_RSA_" in suite_name or "_SRP_SHA_DSS_" in suite_name:
        return False
    return "_anon_" in suite_name or "_PSK_" in suite_name or "_SRP_" in suite_name or "_ECJPAKE_" in suite_name


def _alerts(seen: HandshakeObserver, names: tuple[str, str]) -> tuple[Alert, ...]:
    return tuple(
        Alert(names[direction], ALERT_LEVELS[level], alert_name(description), frame, datetime_of(at))
        for frame, direction, level, description, at in sorted(seen.alerts, key=lambda alert: alert[0])
    )


def _messages(seen: HandshakeObserver, names: tuple[str, str]) -> tuple[HandshakeMessage, ...]:
    """In wire order: segments that came out of order are reported in the frame that completed the message."""
    in_order = sorted(seen.messages, key=lambda message: message[0])
    return tuple(HandshakeMessage(names[direction], name, frame, datetime_of(at)) for frame, direction, name, at in in_order)


def _closing_notes(
    seen: HandshakeObserver, facts: ConnectionFacts, outcome: HandshakeOutcome, names: tuple[str, str], client: Side
) -> list[str]:
    notes: list[str] = []
    if outcome is HandshakeOutcome.REFUSED and _encrypted_refusal(seen, client):
        sender = "client" if client.opaque_lengths[0] in _ALERT_RECORD else "server"
        notes.append(f"the {sender} ended the handshake with an encrypted record of an alert's size; its reason is not readable")
    if outcome is HandshakeOutcome.INCOMPLETE and facts.closed_by is not None:
        how = "reset" if facts.reset else "closed"
        notes.append(f"the {names[facts.closed_by]} {how} the TCP connection before the handshake was complete")
    return notes
