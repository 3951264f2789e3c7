"""What a capture file shows (DESIGN §6, `read-capture`)."""

from dataclasses import dataclass
from datetime import datetime

from pytest_cucmtls.model.handshakes import Handshake
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.sip import SipOnWire


@dataclass(frozen=True, slots=True)
class MediaStream:
    """RTP or SRTP packets of one SSRC in one direction; `kind` is None when it cannot be told."""

    src: Endpoint
    dst: Endpoint
    ssrc: int
    packets: int
    kind: str | None
    first_at: datetime | None = None
    last_at: datetime | None = None
    payload_type: int | None = None
    reason: str = ""
    """Why `kind` is what it is, in words."""
    call_id: str | None = None
    """The call whose readable session description announced one of the two ends; None when none did."""


@dataclass(frozen=True, slots=True)
class TcpConnection:
    """A TCP connection seen, TLS or not; `refused` when a RST answered the SYN."""

    client: Endpoint
    server: Endpoint
    first_frame: int
    at: datetime
    opened: bool
    refused: bool = False
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CaptureReport:
    """Everything read from one capture file."""

    sha256: str
    readable: bool
    problem: str | None
    packets: int
    cut_packets: int
    first_at: datetime | None
    last_at: datetime | None
    handshakes: tuple[Handshake, ...] = ()
    connections: tuple[TcpConnection, ...] = ()
    sip: tuple[SipOnWire, ...] = ()
    streams: tuple[MediaStream, ...] = ()
    addresses: tuple[str, ...] = ()
    """Distinct IP addresses seen, sorted."""
    comments: tuple[str, ...] = ()
    """pcapng section comments."""
    notes: tuple[str, ...] = ()
    """What was left out of this report and why: limits reached, link types that cannot be read."""

    @property
    def plaintext_sip(self) -> bool:
        """At least one SIP message could be read without decryption over UDP or TCP."""
        return any(seen.transport in {"udp", "tcp"} for seen in self.sip)
