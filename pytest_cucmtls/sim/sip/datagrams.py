"""SIP over UDP on a simulated node: one socket, one link per peer."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol, cast

from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.sim.packets.recording import PacketRecording
from pytest_cucmtls.sim.sip.transactions import SipTransactions

_MOST_LINKS = 1000


class DatagramOwner(Protocol):
    """Whoever is told of messages; every method is called from the event loop."""

    def link_opened(self, link: "DatagramLink") -> None:
        """A peer was heard for the first time."""

    def link_message(self, link: "DatagramLink", message: bytes) -> None:
        """A SIP message arrived that is no repetition."""

    def link_closed(self, link: "DatagramLink") -> None:
        """The socket was closed."""


class DatagramLink:
    """The way to one UDP peer; has the attributes of a `SipConnection`."""

    secure = False
    transport_word = "UDP"
    cipher = ""
    peer_certificate: bytes | None = None

    def __init__(self, socket: "SipDatagrams", peer: Endpoint, index: int) -> None:
        self.index = index
        self.outgoing = False
        self.trunk = ""
        """Name of the trunk the peer was matched to; "" until then, or when none fits."""
        self.device = ""
        """Name of the phone that registered over this link."""
        self.local = socket.local
        self.peer = peer
        self.ready = True
        self.calls: dict[str, int] = {}
        self.gone = asyncio.Event()
        self._socket = socket
        self.transactions = SipTransactions(lambda data: socket.write(data, peer))

    def send(self, message: bytes) -> None:
        """Write one SIP message; nothing happens when the socket is closed."""
        if self.ready:
            self.transactions.send(message)

    def close(self) -> None:
        """Forget the peer."""
        if self.ready:
            self.ready = False
            self.transactions.close()
            self._socket.forget(self)
            self.gone.set()

    abort = close


class SipDatagrams(asyncio.DatagramProtocol):
    """The UDP port; links are made when a peer is first heard or asked for, the oldest idle one goes beyond a limit."""

    def __init__(self, owner: DatagramOwner, next_index: Callable[[], int], recording: PacketRecording) -> None:
        self.local = Endpoint("", 0)
        self._owner = owner
        self._next_index = next_index
        self._recording = recording
        self._transport: asyncio.DatagramTransport | None = None
        self._links: OrderedDict[Endpoint, DatagramLink] = OrderedDict()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop when the socket is open."""
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.local = Endpoint(*transport.get_extra_info("sockname")[:2])

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Called by the loop; keep-alives are passed over (RFC 5626 §4.4.1)."""
        peer = Endpoint(*addr[:2])
        self._recording.datagram(peer, self.local, data)
        if not data.strip(b"\r\n\0"):
            return
        link = self.link_to(peer)
        if link.transactions.takes(data):
            self._owner.link_message(link, data)

    def link_to(self, peer: Endpoint) -> DatagramLink:
        """The link to a peer, made when there is none."""
        link = self._links.get(peer)
        if link is None:
            link = self._links[peer] = DatagramLink(self, peer, self._next_index())
            self._drop_oldest_idle()
            self._owner.link_opened(link)
        self._links.move_to_end(peer)
        return link

    def write(self, data: bytes, peer: Endpoint) -> None:
        """Put bytes on the wire."""
        if self._transport is not None and not self._transport.is_closing():
            self._recording.datagram(self.local, peer, data)
            self._transport.sendto(data, (peer.ip, peer.port))

    def forget(self, link: DatagramLink) -> None:
        """A link is closed."""
        if self._links.get(link.peer) is link:
            del self._links[link.peer]
        self._owner.link_closed(link)

    def close(self) -> None:
        """Close every link and the socket."""
        for link in tuple(self._links.values()):
            link.close()
        if self._transport is not None:
            self._transport.close()

    def _drop_oldest_idle(self) -> None:
        if len(self._links) > _MOST_LINKS:
            idle = next((link for link in self._links.values() if not link.calls and not link.device), None)
            if idle is not None:
                idle.close()
