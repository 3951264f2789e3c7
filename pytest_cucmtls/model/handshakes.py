"""TLS handshakes as seen on the wire (RFC 5246, RFC 8446)."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.network import Endpoint


@dataclass(frozen=True, slots=True)
class CipherSuite:
    """One registered cipher suite; `name` is IANA's, `openssl` OpenSSL's (None when OpenSSL has none)."""

    number: int
    name: str
    openssl: str | None = None

    @property
    def encrypts(self) -> bool:
        """False for the NULL encryption family: handshake and records exist, secrecy does not."""
        return "_WITH_NULL_" not in self.name and self.name not in {"TLS_SHA256_SHA256", "TLS_SHA384_SHA384"}

    @property
    def forward_secret(self) -> bool:
        """True when the key exchange is ephemeral (TLS 1.3 names carry no key exchange and always are)."""
        return "_WITH_" not in self.name or "_DHE_" in self.name or "_ECDHE_" in self.name


class HandshakeOutcome(Enum):
    """How a handshake ended, as far as the capture shows."""

    COMPLETE = "complete"
    REFUSED = "refused"
    INCOMPLETE = "incomplete"


class CertificatesHidden(Enum):
    """Why a complete-looking handshake shows no certificates."""

    TLS13 = "tls13"
    RESUMED = "resumed"
    CAPTURE_STARTED_LATE = "capture_started_late"
    PACKETS_CUT = "packets_cut"
    PACKETS_MISSING = "packets_missing"


@dataclass(frozen=True, slots=True)
class Alert:
    """A TLS alert in clear; `sender` is "client" or "server", `description` the registry's name."""

    sender: str
    level: str
    description: str
    frame: int
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HandshakeMessage:
    """One message in wire order; `name` is the standard's in snake case (``client_hello`` …), also ``change_cipher_spec``
    and ``application_data`` for the first record of each direction. Encrypted ones are ``finished`` after CCS."""

    sender: str
    name: str
    frame: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Handshake:
    """One TLS connection attempt between two endpoints.

    `client` is the side that sent (or would have sent) the ClientHello. Unknown values are None, never guessed.
    """

    client: Endpoint
    server: Endpoint
    first_frame: int
    at: datetime
    outcome: HandshakeOutcome
    transport: str = "tcp"
    version: str | None = None
    """Negotiated: ``SSLv3``, ``TLSv1.0`` … ``TLSv1.3``."""
    cipher_suite: CipherSuite | None = None
    offered_versions: tuple[str, ...] = ()
    offered_suites: tuple[CipherSuite, ...] = ()
    server_name: str | None = None
    alpn: str | None = None
    group: str | None = None
    """Key exchange group name, where visible."""
    compression: int | None = None
    extended_master_secret: bool | None = None
    encrypt_then_mac: bool | None = None
    renegotiation_info: bool | None = None
    session_ticket: bool | None = None
    resumed: bool | None = None
    tcp_opened: bool = False
    """The SYN of this connection is in the capture."""
    server_chain: tuple[Certificate, ...] = ()
    client_chain: tuple[Certificate, ...] = ()
    server_certificate_frame: int | None = None
    client_certificate_frame: int | None = None
    client_certificate_requested: bool | None = None
    client_certificate_presented: bool | None = None
    client_certificate_verified: bool | None = None
    """A CertificateVerify message followed the client's certificate."""
    certificates_hidden: CertificatesHidden | None = None
    alerts: tuple[Alert, ...] = ()
    messages: tuple[HandshakeMessage, ...] = ()
    last_at: datetime | None = None
    application_bytes: tuple[int, int] = (0, 0)
    """Payload bytes of application records: client to server, server to client."""
    decrypted: bool = False
    """Some of this was read from records decrypted with a key log."""
    notes: tuple[str, ...] = field(default=())

    @property
    def mutual_authentication(self) -> str:
        """``yes``, ``no`` or ``unknown`` (DESIGN: `mutual_auth`)."""
        if self.certificates_hidden is not None or self.client_certificate_requested is None:
            return "unknown"
        if self.client_certificate_presented and self.server_chain:
            return "yes"
        if self.outcome is HandshakeOutcome.COMPLETE or self.client_certificate_requested is False:
            return "no"
        return "unknown" if self.client_certificate_presented is None else "no"
