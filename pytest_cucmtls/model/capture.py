"""What a capture file shows (DESIGN §6, `read-capture`)."""

from dataclasses import dataclass
from datetime import datetime

from pytest_cucmtls.model.handshakes import Handshake
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.sip import SipOnWire


@dataclass(frozen=True, slots=True)
class MediaQuality:
    """How a stream arrived at the place of capture (RFC 3550 §6.4.1, appendix A.3 and A.8)."""

    expected: int
    """Packets from the first to the last sequence number, wraps counted."""
    lost: int
    duplicates: int
    """Packets captured more than once; they count once in everything else."""
    out_of_order: int
    jitter_seconds: float | None
    """Interarrival jitter at the end; None when the clock rate of the payload type is not known."""
    longest_gap_seconds: float


@dataclass(frozen=True, slots=True)
class MediaProtection:
    """What the SDES keys of readable session descriptions say about a stream; no key is in it, only a fingerprint."""

    keys_tried: int
    authenticated: int
    """Packets whose authentication tag is right: SRTP under that key beyond doubt."""
    crypto_suite: str | None = None
    key_fingerprint: str | None = None
    roll_over_counter: int | None = None
    encrypted: bool | None = None
    """False when the session description or the readable payload says that SRTP only authenticates."""


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
    quality: MediaQuality | None = None
    protection: MediaProtection | None = None
    """None when streams were not measured; with no keys to try, `keys_tried` is 0."""
    agreed_profile: str | None = None
    """``RTP/SAVP`` …: what the answer of its call said for this stream; None when no answer was readable."""
    one_way: bool | None = None
    """True when no packet of the other direction is in the capture; None when not measured or too short to tell."""
    findings: tuple[str, ...] = ()
    """What is wrong with this stream, in sentences."""


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
