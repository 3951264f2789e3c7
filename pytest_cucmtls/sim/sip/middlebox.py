"""A middlebox in front of a node's SIP TLS port: ends the peer's TLS, opens its own to the node, re-signs both certificates.

Packets between the peer and the port carry its certificates; the node itself sees a connection from the middlebox. Both
clusters must trust its authority for a call to pass, and a path that validates is exactly what makes it hard to notice.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from pytest_cucmtls.model.certificates import DistinguishedName
from pytest_cucmtls.sim.certificates.identities import Identity
from pytest_cucmtls.sim.sip import tls_contexts
from pytest_cucmtls.sim.sip.connection import SipConnection
from pytest_cucmtls.sim.state import ClusterState, LoadedSecurity
from pytest_cucmtls.wire.x509_sign import generate_key, self_signed, sign_certificate

MIDDLEBOX_TERMINATES_TLS = "middlebox_terminates_tls"
"""Behaviour name."""

AUTHORITY_NAME = "Inspection Proxy CA"
_HOST = 253
"""The node sees the middlebox at this place of its /24."""
_LIFETIME = timedelta(days=5 * 365)


class MiddleboxAuthority:
    """The proxy's root and the one key behind everything it signs."""

    def __init__(self) -> None:
        self._root_key: rsa.RSAPrivateKey = generate_key(2048)
        self._leaf_key: rsa.RSAPrivateKey = generate_key(2048)
        name, now = DistinguishedName((("O", "Network Security"), ("CN", AUTHORITY_NAME))), datetime.now(UTC)
        self.der = self_signed(
            self._root_key,
            name,
            not_before=now - timedelta(days=30),
            not_after=now + _LIFETIME,
            serial_number=x509.random_serial_number(),
            hash_name="sha256",
            extensions=((x509.BasicConstraints(ca=True, path_length=None), True),),
        )

    def resigned(self, der: bytes) -> Identity:
        """A certificate that says what the given one says, with the proxy's key and signature."""
        original = x509.load_der_x509_certificate(der)
        builder = x509.CertificateBuilder(
            issuer_name=x509.load_der_x509_certificate(self.der).subject,
            subject_name=original.subject,
            public_key=self._leaf_key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=original.not_valid_before_utc,
            not_valid_after=original.not_valid_after_utc,
        )
        for extension in original.extensions:
            if isinstance(extension.value, x509.SubjectAlternativeName | x509.ExtendedKeyUsage | x509.KeyUsage):
                builder = builder.add_extension(extension.value, extension.critical)
        signed = sign_certificate(builder, self._root_key, "sha256")
        return Identity(self._leaf_key, signed, (self.der,), "", datetime.now(UTC))


@cache
def middlebox_authority() -> MiddleboxAuthority:
    """One proxy, and so one authority, stands before all clusters of the process."""
    return MiddleboxAuthority()


class Middlebox(asyncio.Protocol):
    """One connection of a peer to the port, and the one the middlebox makes of it to the node."""

    def __init__(self, cluster: ClusterState, loaded: LoadedSecurity, modes: set[str], node: SipConnection) -> None:
        self._cluster, self._loaded, self._node = cluster, loaded, node
        trust = (*loaded.trust, middlebox_authority().der)
        own = replace(loaded, identity=middlebox_authority().resigned(loaded.identity.der), ecdsa_identity=None, trust=trust)
        context = tls_contexts.server_context(cluster, own, modes)
        self._peer_in, self._peer_out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._peer = context.wrap_bio(self._peer_in, self._peer_out, server_side=True)
        self._node_in, self._node_out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._to_node: ssl.SSLObject | None = None
        self._node_ready = False
        self._waiting = b""
        """From the peer, while the second handshake runs."""
        self._transport: asyncio.Transport | None = None
        self._inner: _InnerTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop: the peer is connected."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Called by the loop with bytes of the peer."""
        self._peer_in.write(data)
        try:
            if self._to_node is None:
                self._peer.do_handshake()
                self._connect_to_node()
            else:
                self._pass_on()
        except ssl.SSLWantReadError:
            self._flush()
        except ssl.SSLError:
            self._flush()
            self.close()
        else:
            self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop: the peer is gone."""
        self._node.connection_lost(exc)

    def close(self) -> None:
        """Hang up on the peer."""
        if self._transport is not None:
            self._transport.close()

    def from_node(self, data: bytes) -> None:
        """Bytes the node wrote."""
        self._node_in.write(data)
        try:
            self._shake_hands_with_node()
            while self._node_ready and self._to_node is not None:
                text = self._to_node.read(65536)
                if not text:
                    raise ssl.SSLZeroReturnError
                self._peer.write(text)
        except ssl.SSLWantReadError:
            self._flush()
        except ssl.SSLError:
            self._flush()
            self.close()

    def _connect_to_node(self) -> None:
        """The peer's handshake is through: go on to the node in the peer's name."""
        assert self._transport is not None
        presented = self._peer.getpeercert(True)
        identity = middlebox_authority().resigned(presented or self._loaded.identity.der)
        mode = (
            tls_contexts.AUTHENTICATED if (self._peer.cipher() or ("",))[0] == tls_contexts.NULL_SUITE else tls_contexts.ENCRYPTED
        )
        own = replace(self._loaded, identity=identity, ecdsa_identity=None)
        context = tls_contexts.client_context(self._cluster, own, mode)
        context.verify_mode = ssl.CERT_NONE
        self._to_node = context.wrap_bio(self._node_in, self._node_out)
        self._inner = _InnerTransport(self._transport, self.from_node, self.close)
        self._node.connection_made(self._inner)
        self._shake_hands_with_node()

    def _shake_hands_with_node(self) -> None:
        if self._node_ready or self._to_node is None:
            return
        try:
            self._to_node.do_handshake()
        except ssl.SSLWantReadError:
            return
        finally:
            self._flush()
        self._node_ready = True
        self._pass_on()

    def _pass_on(self) -> None:
        """What the peer wrote, to the node."""
        try:
            while True:
                text = self._peer.read(65536)
                if not text:
                    raise ssl.SSLZeroReturnError
                self._waiting += text
        except ssl.SSLWantReadError:
            pass
        if self._node_ready and self._to_node is not None and self._waiting:
            self._to_node.write(self._waiting)
            self._waiting = b""

    def _flush(self) -> None:
        if self._transport is not None and (data := self._peer_out.read()):
            self._transport.write(data)
        if self._inner is not None and (data := self._node_out.read()):
            asyncio.get_running_loop().call_soon(self._node.data_received, data)


class _InnerTransport(asyncio.Transport):
    """The node's side of its connection with the middlebox: no socket, the same machine."""

    def __init__(self, outer: asyncio.Transport, write: Callable[[bytes], None], hang_up: Callable[[], None]) -> None:
        super().__init__()
        self._outer, self._write, self._hang_up = outer, write, hang_up
        self._closing = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As of the peer's connection, but it comes from the middlebox."""
        found = self._outer.get_extra_info(name, default)
        return (f"{found[0].rpartition('.')[0]}.{_HOST}", found[1]) if name == "peername" and found else found

    def write(self, data: Any) -> None:
        """Hand the node's bytes over in the next round, as a wire would."""
        asyncio.get_running_loop().call_soon(self._write, bytes(data))

    def is_closing(self) -> bool:
        """The node hung up."""
        return self._closing

    def close(self) -> None:
        """The node hangs up, after what it wrote."""
        self._closing = True
        asyncio.get_running_loop().call_soon(self._hang_up)

    def abort(self) -> None:
        """The same at once."""
        self.close()
