"""Complete handshakes with no, a trusted and an untrusted client certificate, through the program's own TLS library."""

import socket
import ssl
import tempfile
import warnings
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pytest_cucmtls.model.certificates import DistinguishedName
from pytest_cucmtls.model.probe import Answer, ListenerAnswer
from pytest_cucmtls.probe.exchanges import LIMIT_SECONDS
from pytest_cucmtls.wire.x509 import pem_of
from pytest_cucmtls.wire.x509_sign import generate_key, private_key_pem, self_signed

OBJECTION_SECONDS = 2.0
"""How long a TLS 1.3 listener may take to object to a client certificate after the client's part is done."""
UNTRUSTED_SUBJECT = DistinguishedName((("CN", "cucmtls-probe-untrusted"),))


@dataclass(frozen=True, slots=True)
class ClientIdentity:
    """A certificate chain and its key, PEM; the key lives as long as the probe."""

    pem: bytes

    def __repr__(self) -> str:
        """Never the key."""
        return "ClientIdentity(…)"


def untrusted_identity(at: datetime) -> ClientIdentity:
    """A self-signed certificate nobody can have in a trust store."""
    key = generate_key(2048)
    der = self_signed(
        key,
        UNTRUSTED_SUBJECT,
        not_before=at - timedelta(hours=1),
        not_after=at + timedelta(days=1),
        serial_number=int(at.timestamp()),
    )
    return ClientIdentity(pem_of(der).encode() + private_key_pem(key))


def shake_hands(
    address: str, port: int, asked: str, identity: ClientIdentity | None, *, limit_seconds: float = LIMIT_SECONDS
) -> ListenerAnswer:
    """Whether the listener completes a handshake with this client certificate (None: without one).

    With TLS 1.3 a server judges the certificate after the client is done (RFC 8446 §4.4.2.4): silence until the limit then
    counts as accepted, an alert or a close as refused. The server's certificate is not verified: what is asked is whom
    the listener lets in.
    """
    try:
        connection = socket.create_connection((address, port), timeout=limit_seconds)
    except OSError as problem:
        return ListenerAnswer("certificate", asked, Answer.UNREACHABLE, f"no TCP connection: {problem.strerror or problem}")
    with connection:
        try:
            return _handshake(connection, asked, identity)
        except TimeoutError:
            return ListenerAnswer("certificate", asked, Answer.UNCLEAR, f"no answer within {limit_seconds:g} s")
        except ssl.SSLError as problem:
            reason = (problem.reason or str(problem)).replace("_", " ").lower()
            return ListenerAnswer("certificate", asked, Answer.REFUSED, reason)
        except OSError as problem:
            detail = f"the connection was reset ({problem.strerror or problem})"
            return ListenerAnswer("certificate", asked, Answer.REFUSED, detail)


def _handshake(connection: socket.socket, asked: str, identity: ClientIdentity | None) -> ListenerAnswer:
    with _context(identity).wrap_socket(connection, server_hostname=None) as channel:
        version, cipher = channel.version(), channel.cipher()
        name = cipher[0] if cipher else None
        said = f"handshake complete with {version}, {name}"
        channel.settimeout(min(OBJECTION_SECONDS, channel.gettimeout() or OBJECTION_SECONDS))
        try:
            if version == "TLSv1.3" and not channel.recv(1):
                return ListenerAnswer("certificate", asked, Answer.REFUSED, "closed after the handshake", version, name)
        except TimeoutError:
            said += "; no objection until the limit"
        return ListenerAnswer("certificate", asked, Answer.ACCEPTED, said, version, name)


def _context(identity: ClientIdentity | None) -> ssl.SSLContext:
    """Speaks whatever the listener speaks: old versions and short keys are its findings, not reasons to give up."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    if identity is not None:
        with tempfile.TemporaryDirectory(prefix="cucmtls-probe-") as folder:
            path = Path(folder, "identity.pem")
            path.touch(mode=0o600)
            path.write_bytes(identity.pem)
            context.load_cert_chain(path)
    return context
