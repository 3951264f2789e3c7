"""What a second, independent reader saw of the TLS handshakes in a capture file (DESIGN §5)."""

from dataclasses import dataclass

from pytest_cucmtls.model.network import Endpoint


@dataclass(frozen=True, slots=True)
class WitnessedHandshake:
    """One handshake as the other reader saw it; None and empty where it saw nothing."""

    client: Endpoint
    server: Endpoint
    first_frame: int
    version: str | None = None
    cipher_suite: int | None = None
    server_certificates: tuple[str, ...] = ()
    """SHA-256 of each certificate's DER, lower-case hex, leaf first."""
    client_certificates: tuple[str, ...] = ()
    alerts: tuple[tuple[str, str, str], ...] = ()
    """(sender, level, description) of alerts in clear."""


@dataclass(frozen=True, slots=True)
class WitnessReading:
    """What the second witness says; `unavailable` says why there is none, and then there are no handshakes."""

    handshakes: tuple[WitnessedHandshake, ...] = ()
    problem: str | None = None
    """Why the reading ends early (a cut file), or None."""
    unavailable: str | None = None
