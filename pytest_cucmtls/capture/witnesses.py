"""Compares what two independent readers saw of the same TLS handshakes."""

from collections import defaultdict
from collections.abc import Iterable

from pytest_cucmtls.model.capture import CaptureReport
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.handshakes import Handshake
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.witnesses import WitnessedHandshake as WitnessedHandshake
from pytest_cucmtls.model.witnesses import WitnessReading as WitnessReading


def compare(native: CaptureReport, other: WitnessReading) -> tuple[str, ...]:
    """One sentence per disagreement, empty when both saw the same. An unavailable witness is one sentence: it agreed to nothing.

    Compared are handshakes of which at least one message or alert is in clear, over TCP, per pair of endpoints in order.
    Left out is close_notify: it ends connections, of which the other reader sees the beginnings only.
    """
    if other.unavailable is not None:
        return (f"there is no second witness: {other.unavailable}",)
    ours = _by_endpoints(handshake for handshake in native.handshakes if _is_comparable(handshake))
    theirs: dict[tuple[Endpoint, Endpoint], list[WitnessedHandshake]] = defaultdict(list)
    for witnessed in other.handshakes:
        theirs[witnessed.client, witnessed.server].append(witnessed)
    sentences: list[str] = []
    for ends in sorted(set(ours) | set(theirs)):
        sentences.extend(_compare_connections(ours.get(ends, []), theirs.get(ends, []), f"{ends[0]} to {ends[1]}"))
    return tuple(sentences)


def _by_endpoints(handshakes: Iterable[Handshake]) -> dict[tuple[Endpoint, Endpoint], list[Handshake]]:
    found: dict[tuple[Endpoint, Endpoint], list[Handshake]] = defaultdict(list)
    for handshake in handshakes:
        found[handshake.client, handshake.server].append(handshake)
    return found


def _is_comparable(handshake: Handshake) -> bool:
    """More than encrypted records was seen; hello messages make sure that both readers know who is the client."""
    names = {message.name for message in handshake.messages}
    return handshake.transport == "tcp" and bool(names & {"client_hello", "server_hello"})


def _compare_connections(ours: list[Handshake], theirs: list[WitnessedHandshake], where: str) -> list[str]:
    if len(ours) != len(theirs):
        return [f"{where}: the native reader saw {len(ours)} handshakes, Wireshark's dissectors {len(theirs)}"]
    return [sentence for pair in zip(ours, theirs, strict=True) for sentence in _compare_one(*pair, where)]


def _compare_one(ours: Handshake, theirs: WitnessedHandshake, where: str) -> list[str]:
    suite = None if ours.cipher_suite is None else f"0x{ours.cipher_suite.number:04X}"
    other_suite = None if theirs.cipher_suite is None else f"0x{theirs.cipher_suite:04X}"
    facts = (
        ("version", ours.version, theirs.version),
        ("cipher suite", suite, other_suite),
        ("server's certificates", _fingerprints(ours.server_chain), theirs.server_certificates),
        ("client's certificates", _fingerprints(ours.client_chain), theirs.client_certificates),
        ("alerts", _telling((alert.sender, alert.level, alert.description) for alert in ours.alerts), _telling(theirs.alerts)),
    )
    return [
        f"{where}, frame {ours.first_frame}: {name}: the native reader saw {_shown(own)}, Wireshark's dissectors {_shown(other)}"
        for name, own, other in facts
        if own != other
    ]


def _telling(alerts: Iterable[tuple[str, str, str]]) -> tuple[tuple[str, str, str], ...]:
    return tuple(alert for alert in alerts if alert[2] != "close_notify")


def _fingerprints(chain: Iterable[Certificate]) -> tuple[str, ...]:
    return tuple(certificate.sha256 for certificate in chain)


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(" ".join(part) if isinstance(part, tuple) else str(part) for part in value) or "none"
    return "none" if value is None else str(value)
