"""The way from our own phone to its node: UDP, TCP or TLS, whole messages in and out."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, cast

from pytest_cucmtls.calls.phone_tls import check_node_name
from pytest_cucmtls.model.errors import ClusterUnreachable, CucmTlsError, PeerNotVerified
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.wire.sip_messages import SipFraming, parse_sip_message, sip_bytes

INTERFACE = "sip phone"
CONNECT_SECONDS = 15.0
CLOSE_SECONDS = 2.0

Taker = Callable[[SipMessage], None]


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """Where to connect, and from where."""

    transport: str
    """``udp``, ``tcp`` or ``tls``."""
    node: Endpoint
    node_name: str
    """Name the node's certificate must carry, for ``tls``."""
    local_ip: str = ""
    """Own address to use; "" lets the routing table decide."""
    context: ssl.SSLContext | None = None


class SipLink(Protocol):
    """An open way to the node."""

    local: Endpoint

    def send(self, message: SipMessage) -> None:
        """Put a message on the wire; nothing happens when the link is gone."""

    async def close(self) -> None:
        """End it; returns when it is gone."""


class _Datagrams(asyncio.DatagramProtocol):
    """UDP: one message per datagram; what is no SIP, or comes from somebody else than the node, is passed over."""

    def __init__(self, node_ip: str, take: Taker) -> None:
        self.local = Endpoint("", 0)
        self._node_ip = node_ip
        self._take = take
        self._transport: asyncio.DatagramTransport | None = None
        self._gone = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._gone.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.local = Endpoint(*transport.get_extra_info("sockname")[:2])

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if addr[0] == self._node_ip and data.strip(b"\r\n\0"):
            _deliver(data, self._take)

    def error_received(self, exc: Exception) -> None:
        """ICMP says that nobody listens: the transaction's own limit decides."""
        del exc

    def send(self, message: SipMessage) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(sip_bytes(message))

    async def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
            await self._gone.wait()


class _Stream(asyncio.Protocol):
    """TCP or TLS: messages cut out of the stream."""

    def __init__(self, take: Taker, lost: Callable[[], None]) -> None:
        self.local = Endpoint("", 0)
        self.certificate: bytes | None = None
        self._take, self._lost = take, lost
        self._framing = SipFraming()
        self._transport: asyncio.Transport | None = None
        self._closed = False
        self._gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.local = Endpoint(*transport.get_extra_info("sockname")[:2])
        tls = transport.get_extra_info("ssl_object")
        self.certificate = tls.getpeercert(binary_form=True) if tls is not None else None

    def data_received(self, data: bytes) -> None:
        for message in self._framing.feed(data):
            _deliver(message, self._take)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._gone.set()
        if not self._closed:
            self._closed = True
            self._lost()

    def send(self, message: SipMessage) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(sip_bytes(message))

    async def close(self) -> None:
        self._closed = True
        if self._transport is None:
            return
        self._transport.close()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._gone.wait()
        except TimeoutError:
            self._transport.abort()
            await self._gone.wait()


async def open_link(settings: LinkSettings, take: Taker, lost: Callable[[], None]) -> SipLink:
    """Connect. Raises: ClusterUnreachable, PeerNotVerified."""
    node = settings.node
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            return await _open(settings, take, lost)
    except ssl.SSLCertVerificationError as problem:
        text = f"its certificate is not trusted: {problem.verify_message}"
        raise PeerNotVerified(
            INTERFACE, str(node), "not shown by the library", text, remedy="Name the authority's PEM file as sip_phone.ca_file."
        ) from problem
    except ssl.SSLError as problem:
        raise ClusterUnreachable(INTERFACE, node.ip, node.port, f"TLS failed: {problem.reason or problem}") from problem
    except TimeoutError as problem:
        raise ClusterUnreachable(INTERFACE, node.ip, node.port, f"no connection within {CONNECT_SECONDS:g} s") from problem
    except OSError as problem:
        raise ClusterUnreachable(INTERFACE, node.ip, node.port, problem.strerror or str(problem)) from problem


async def _open(settings: LinkSettings, take: Taker, lost: Callable[[], None]) -> SipLink:
    loop, node = asyncio.get_running_loop(), settings.node
    own = (settings.local_ip, 0) if settings.local_ip else None
    if settings.transport == "udp":
        _, datagrams = await loop.create_datagram_endpoint(
            lambda: _Datagrams(node.ip, take), local_addr=own, remote_addr=(node.ip, node.port)
        )
        return datagrams
    context = settings.context if settings.transport == "tls" else None
    _, stream = await loop.create_connection(
        lambda: _Stream(take, lost),
        node.ip,
        node.port,
        ssl=context,
        server_hostname=settings.node_name if context is not None else None,
        local_addr=own,
    )
    if context is not None:
        try:
            check_node_name(stream.certificate, settings.node_name, str(node))
        except CucmTlsError:
            await stream.close()
            raise
    return stream


def _deliver(data: bytes, take: Taker) -> None:
    """What cannot be read as SIP, or could not be sent back without breaking a line, is passed over."""
    with suppress(CucmTlsError):
        message = parse_sip_message(data)
        if not any("\r" in text or "\n" in text for text in (message.start_line, *(value for _, value in message.headers))):
            take(message)
