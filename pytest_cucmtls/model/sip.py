"""SIP messages and session descriptions as values (RFC 3261, RFC 4566, RFC 4568)."""

from dataclasses import dataclass, field
from datetime import datetime

from pytest_cucmtls.model.network import Endpoint


@dataclass(frozen=True, slots=True)
class SipMessage:
    """One request or response; exactly one of `method` and `status_code` is set."""

    start_line: str
    headers: tuple[tuple[str, str], ...]
    """(canonical long name, value) in order; compact forms are expanded, folded lines joined."""
    body: bytes = field(default=b"", repr=False)
    """Not shown in a repr: a session description may carry media keys."""
    method: str | None = None
    request_uri: str | None = None
    status_code: int | None = None
    reason_phrase: str | None = None

    def header(self, name: str) -> str | None:
        """First value of a header, compared without case; None when absent."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    @property
    def call_id(self) -> str | None:
        """The Call-ID header."""
        return self.header("Call-ID")

    @property
    def via_transport(self) -> str | None:
        """Transport word of the top Via (``TLS``, ``TCP``, ``UDP``), upper case."""
        via = self.header("Via")
        sent_protocol = via.split()[0] if via and via.split() else ""
        parts = sent_protocol.split("/")
        return parts[2].upper() if len(parts) == 3 else None


@dataclass(frozen=True, slots=True)
class CryptoLine:
    """One SDES ``a=crypto`` line (RFC 4568 §9.1) without its key: only a fingerprint of it is kept."""

    tag: int
    crypto_suite: str
    key_fingerprint: str | None
    """First 16 hex digits of SHA-256 over key‖salt; None when masked (``XXXX``) or unreadable."""
    session_parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MediaLine:
    """One ``m=`` section."""

    kind: str
    port: int
    profile: str
    """``RTP/AVP``, ``RTP/SAVP`` …"""
    formats: tuple[str, ...] = ()
    address: str | None = None
    """Connection address that applies to this section."""
    crypto: tuple[CryptoLine, ...] = ()
    direction: str = "sendrecv"

    @property
    def secure(self) -> bool:
        """The transport profile is one of the SRTP family."""
        return "SAVP" in self.profile


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """An SDP body."""

    origin: str
    address: str | None
    media: tuple[MediaLine, ...]


@dataclass(frozen=True, slots=True)
class SipOnWire:
    """A SIP message seen in a capture, with where and when."""

    message: SipMessage
    src: Endpoint
    dst: Endpoint
    transport: str
    """``udp``, ``tcp`` or ``tls`` (readable because the suite is NULL or the bytes were decrypted)."""
    frame: int
    at: datetime
