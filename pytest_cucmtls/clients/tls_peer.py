"""Decides whether the TLS certificate of an HTTPS interface is the expected one: pinned exactly, or verified by name.

CUCM's own Tomcat certificate is self-signed, often without CA flag or key identifiers, and people reach nodes by
address. So a certificate that is itself in the bundle is accepted as it is (pinned), and any other must chain to the
bundle and carry the name that was asked for (RFC 6125; the common name counts only without subject alternative names).
"""

import hashlib
import socket
import ssl
import warnings
from pathlib import Path
from typing import Any

import certifi
from urllib3.util.ssl_match_hostname import CertificateError, match_hostname

from pytest_cucmtls.model.errors import ConfigurationInvalid

X509_V_FLAG_PARTIAL_CHAIN = 0x80000
"""OpenSSL: any certificate of the bundle ends a chain, not only a self-signed CA."""
OP_LEGACY_SERVER_CONNECT = 0x4
"""OpenSSL: connect to servers without secure renegotiation (RFC 5746), as old Tomcat releases are."""
OLD_VERSIONS = ("TLSv1", "TLSv1.1")


class PinningContext(ssl.SSLContext):
    """A client context that adds the name check, unless the presented certificate is one of `pins` (SHA-256 hex)."""

    pins: frozenset[str] = frozenset()

    def wrap_socket(
        self,
        sock: socket.socket,
        server_side: bool = False,
        do_handshake_on_connect: bool = True,
        suppress_ragged_eofs: bool = True,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLSocket:
        """Handshake, then compare names. Raises: ssl.SSLCertVerificationError."""
        wrapped = super().wrap_socket(sock, server_side, do_handshake_on_connect, suppress_ragged_eofs, server_hostname, session)
        presented = wrapped.getpeercert(binary_form=True) or b""
        if hashlib.sha256(presented).hexdigest() in self.pins:
            return wrapped
        try:
            names: Any = wrapped.getpeercert()
            match_hostname(names, str(server_hostname or ""), hostname_checks_common_name=True)
        except (CertificateError, ValueError) as error:
            wrapped.close()
            raise ssl.SSLCertVerificationError(f"certificate verify failed: name mismatch, {error}") from error
        return wrapped


def peer_context(ca_bundle: str | None, oldest_tls: str) -> PinningContext:
    """The context of one interface.

    Args:
        ca_bundle: PEM file whose certificates are trusted as authorities and pinned as they are; None: public authorities.
        oldest_tls: ``TLSv1``, ``TLSv1.1``, ``TLSv1.2`` or ``TLSv1.3``; below 1.2 weak keys and hashes are allowed too.

    Raises: ConfigurationInvalid for an unknown version or a bundle without a certificate.
    """
    context = PinningContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= X509_V_FLAG_PARTIAL_CHAIN
    _allow(context, oldest_tls)
    bundle = Path(ca_bundle) if ca_bundle else Path(certifi.where())
    try:
        text = bundle.read_text("utf-8", "replace")
        context.load_verify_locations(cadata=_certificates_only(text))
    except (OSError, ssl.SSLError, ValueError) as error:
        raise ConfigurationInvalid(
            str(bundle),
            "ca_bundle",
            f"no certificate can be read ({error})",
            remedy="Give a PEM file with the CA or Tomcat certificate.",
        ) from error
    if ca_bundle:
        context.pins = frozenset(hashlib.sha256(der).hexdigest() for der in _ders(text))
    return context


def listening_context(oldest_tls: str) -> ssl.SSLContext:
    """A context that verifies nothing, only to look at what is presented: nothing may be sent over its connections."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    _allow(context, oldest_tls)
    return context


def _allow(context: ssl.SSLContext, oldest_tls: str) -> None:
    versions = {"TLSv1": "TLSv1", "TLSv1.1": "TLSv1_1", "TLSv1.2": "TLSv1_2", "TLSv1.3": "TLSv1_3"}
    if oldest_tls not in versions:
        raise ConfigurationInvalid("inventory", "oldest_tls", f"{oldest_tls!r} is none of {', '.join(versions)}")
    with warnings.catch_warnings():
        # Asking for TLS 1.0 is deprecated, and what a CUCM 9.1 speaks.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion[versions[oldest_tls]]
    if oldest_tls in OLD_VERSIONS:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.options |= OP_LEGACY_SERVER_CONNECT


def _certificates_only(text: str) -> str:
    """The PEM certificate blocks, so that "Bag Attributes" and other prose around them do no harm."""
    return "\n".join(_blocks(text))


def _ders(text: str) -> list[bytes]:
    return [ssl.PEM_cert_to_DER_cert(block) for block in _blocks(text)]


def _blocks(text: str) -> list[str]:
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    bodies = [piece.partition(end) for piece in text.split(begin)[1:]]
    return [f"{begin}\n{body.strip()}\n{end}\n" for body, found, _ in bodies if found]
