"""Compares our reading of a capture with the second reader's: neither hides the other's failure (DESIGN §5)."""

from typing import Any

from pytest_cucmtls.model.capture import CaptureReport
from pytest_cucmtls.model.handshakes import Handshake


def disagreements(report: CaptureReport, reading: dict[str, Any]) -> list[str]:
    """One sentence per fact on which the two readers differ; `reading` has the form of `read-capture --json` (DESIGN §6).

    Compared per connection (both endpoints): version, suite, outcome, certificate request and both leaf certificates. A value
    one reader leaves open (null) is no contradiction.
    """
    if not isinstance(reading, dict) or not isinstance(reading.get("handshakes"), list):
        return ["the second reading holds no handshake list"]
    ours: dict[tuple[str, int, str, int], list[Handshake]] = {}
    for handshake in report.handshakes:
        if _shows_a_hello(handshake):
            ours.setdefault(_key_of(handshake), []).append(handshake)
    theirs: dict[tuple[str, int, str, int], list[dict[str, Any]]] = {}
    for entry in reading["handshakes"]:
        theirs.setdefault(_key_in(entry), []).append(entry)
    found = [f"only our reader sees a handshake {_text(key)}" for key in ours if key not in theirs]
    found += [f"only the second reader sees a handshake {_text(key)}" for key in theirs if key not in ours]
    for key, group in ours.items():
        for handshake, entry in zip(group, theirs.get(key, []), strict=False):
            found += [f"{_text(key)}: {sentence}" for sentence in _differences(handshake, entry)]
    return found


def _shows_a_hello(handshake: Handshake) -> bool:
    """The capture has the beginning; of a connection that was open before, only one reader makes an entry."""
    return any(message.name in {"client_hello", "server_hello"} for message in handshake.messages)


def _key_of(handshake: Handshake) -> tuple[str, int, str, int]:
    return (handshake.client.ip, handshake.client.port, handshake.server.ip, handshake.server.port)


def _key_in(entry: dict[str, Any]) -> tuple[str, int, str, int]:
    client, server = entry.get("client") or {}, entry.get("server") or {}
    return (str(client.get("ip")), int(client.get("port") or 0), str(server.get("ip")), int(server.get("port") or 0))


def _text(key: tuple[str, int, str, int]) -> str:
    return f"{key[0]}:{key[1]} -> {key[2]}:{key[3]}"


def _differences(handshake: Handshake, entry: dict[str, Any]) -> list[str]:
    suite = f"0x{handshake.cipher_suite.number:04X}" if handshake.cipher_suite else None
    their_suite = (entry.get("cipher_suite") or {}).get("id")
    pairs = [
        ("version", handshake.version, entry.get("version")),
        ("cipher suite", suite and suite.lower(), their_suite and str(their_suite).lower()),
        ("certificate request", handshake.client_certificate_requested, entry.get("client_cert_requested")),
        ("server certificate", _leaf(handshake, "server"), _their_leaf(entry, "server_certificates")),
        ("client certificate", _leaf(handshake, "client"), _their_leaf(entry, "client_certificates")),
    ]
    return [
        f"{fact} is {mine} for our reader and {other} for the second"
        for fact, mine, other in pairs
        if mine is not None and other is not None and mine != other
    ]


def _leaf(handshake: Handshake, role: str) -> str | None:
    chain = handshake.server_chain if role == "server" else handshake.client_chain
    return chain[0].sha256 if chain else None


def _their_leaf(entry: dict[str, Any], key: str) -> str | None:
    chain = entry.get(key) or []
    return str(chain[0].get("sha256", "")).lower().replace(":", "") or None if chain else None
