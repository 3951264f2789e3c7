"""What a TLS server presents and whether it is the expected one; sends nothing over the connection but the handshake."""

import hashlib
import socket
import ssl
from dataclasses import dataclass
from typing import Any

from pytest_cucmtls.clients.tls_peer import listening_context, peer_context
from pytest_cucmtls.model.errors import ClusterUnreachable, PeerNotVerified

INTERFACE = "https"
_COMPARE = (
    "Compare the fingerprint with `show cert own tomcat` on the node's own CLI; only if it is the same: `cucmtls trust --accept`."
)


@dataclass(frozen=True, slots=True)
class PresentedChain:
    """The certificates of one handshake in DER, leaf first, and what was agreed; nothing of it is verified."""

    certificates: tuple[bytes, ...]
    version: str
    cipher: str

    @property
    def fingerprint(self) -> str:
        """Of the leaf."""
        return tls_fingerprint(self.certificates[0])


def tls_fingerprint(der: bytes) -> str:
    """``SHA256:`` and 64 upper-case hexadecimal digits."""
    return f"SHA256:{hashlib.sha256(der).hexdigest().upper()}"


def read_presented_chain(address: str, port: int, oldest_tls: str, limit_seconds: float) -> PresentedChain:
    """Shake hands and look, trusting nobody. Raises: ClusterUnreachable, also when no certificate came."""
    try:
        with (
            socket.create_connection((address, port), timeout=limit_seconds) as plain,
            listening_context(oldest_tls).wrap_socket(plain, server_hostname=address) as wrapped,
        ):
            leaf = wrapped.getpeercert(binary_form=True)
            chain = _chain_of(wrapped)
            agreed = wrapped.cipher()
            version = wrapped.version() or "unknown"
    except (OSError, ValueError) as problem:
        raise unreachable(address, port, problem) from problem
    if not leaf:
        raise ClusterUnreachable(INTERFACE, address, port, "the server presents no certificate")
    return PresentedChain(chain or (leaf,), version, agreed[0] if agreed else "unknown")


def presented_fingerprint(address: str, port: int, oldest_tls: str, limit_seconds: float) -> str:
    """The fingerprint a server presents, or ``no certificate``: for the message of a refusal, nothing is trusted."""
    try:
        return read_presented_chain(address, port, oldest_tls, limit_seconds).fingerprint
    except ClusterUnreachable:
        return "no certificate"


def verify_peer(address: str, port: int, ca_bundle: str | None, oldest_tls: str, limit_seconds: float) -> tuple[str, str]:
    """(TLS version, cipher) of a handshake with a peer that the bundle vouches for, exactly as HttpsSession decides it.

    Raises: PeerNotVerified with the fingerprint presented, ClusterUnreachable, ConfigurationInvalid (unusable bundle).
    """
    context = peer_context(ca_bundle, oldest_tls)
    try:
        with (
            socket.create_connection((address, port), timeout=limit_seconds) as plain,
            context.wrap_socket(plain, server_hostname=address) as wrapped,
        ):
            agreed = wrapped.cipher()
            return wrapped.version() or "unknown", agreed[0] if agreed else "unknown"
    except ssl.SSLCertVerificationError as problem:
        presented = read_presented_chain(address, port, oldest_tls, limit_seconds).fingerprint
        detail = problem.verify_message or str(problem.args[-1])
        raise PeerNotVerified(INTERFACE, f"{address}:{port}", presented, detail, remedy=_COMPARE) from problem
    except (OSError, ValueError) as problem:
        raise unreachable(address, port, problem) from problem


def unreachable(address: str, port: int, problem: Exception) -> ClusterUnreachable:
    """The error of a connection that could not be made."""
    if isinstance(problem, ssl.SSLError):
        detail = f"TLS handshake failed: {problem.reason or problem}"
    elif isinstance(problem, TimeoutError):
        detail = "no answer in time"
    else:
        detail = getattr(problem, "strerror", None) or str(problem)
    return ClusterUnreachable(INTERFACE, address, port, detail)


def _chain_of(wrapped: ssl.SSLSocket) -> tuple[bytes, ...]:
    """Every certificate sent: a public method from Python 3.13 on, one of the object underneath before."""
    public: Any = getattr(wrapped, "get_unverified_chain", None)
    if public is not None:
        return tuple(bytes(der) for der in public())
    below: Any = getattr(wrapped, "_sslobj", None)
    found: Any = getattr(below, "get_unverified_chain", lambda: None)()
    return tuple(ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in found or ())
