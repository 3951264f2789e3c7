"""What phones of our own measured, read back from a run folder."""

from datetime import UTC, datetime
from typing import Any

from pytest_cucmtls.model.calls import MediaProof
from pytest_cucmtls.model.network import Endpoint


def media_proof_from_json(values: dict[str, Any]) -> MediaProof:
    """Raises: KeyError, TypeError, ValueError when it is none, or says something that cannot be."""
    proof = MediaProof(
        direction=str(values["direction"]),
        talker=str(values["talker"]),
        listener=str(values["listener"]),
        measured_at=datetime.fromisoformat(values["measured_at"]).astimezone(UTC),
        signalling=str(values["signalling"]),
        profile=str(values["profile"]),
        codec=str(values["codec"]),
        src=_end(values["src"]),
        dst=_end(values["dst"]),
        ssrc=_optional_count(values["ssrc"]),
        packets=_count(values["packets"]),
        lost=_count(values["lost"]),
        crypto_suite=_optional_text(values["crypto_suite"]),
        key_fingerprint=_optional_text(values["key_fingerprint"]),
        authenticated=_count(values["authenticated"]),
        encrypted=_optional_flag(values["encrypted"]),
        marker=str(values["marker"]),
        marker_share=float(values["marker_share"]),
        marker_heard=values["marker_heard"] is True,
        keys_sent=str(values["keys_sent"]),
        keys_heard=str(values["keys_heard"]),
    )
    if proof.authenticated > proof.packets or (proof.encrypted and not proof.authenticated):
        raise ValueError("more packets authenticate than were received, or encryption is claimed without one")
    return proof


def _end(values: dict[str, Any] | None) -> Endpoint | None:
    return None if values is None else Endpoint(str(values["ip"]), int(values["port"]))


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no number of packets")
    return value


def _optional_count(value: object) -> int | None:
    return None if value is None else _count(value)


def _optional_text(value: object) -> str | None:
    return None if value is None else str(value)


def _optional_flag(value: object) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true, false nor unknown")
    return value
