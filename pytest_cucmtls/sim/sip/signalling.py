"""SIP connections of a simulated node: listeners, outgoing connections, and which call a message belongs to."""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from enum import Enum, auto
from ipaddress import IPv4Address
from itertools import count
from pathlib import Path
from typing import Protocol

from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.sim.calls.trunks import RunningTrunk, RunningTrunks
from pytest_cucmtls.sim.certificates.clock import CertificateClock
from pytest_cucmtls.sim.logs.traces import TraceWriter
from pytest_cucmtls.sim.packets.recording import PacketRecording
from pytest_cucmtls.sim.sip import tls_contexts
from pytest_cucmtls.sim.sip.connection import SipConnection, TlsProblem
from pytest_cucmtls.sim.sip.datagrams import DatagramLink
from pytest_cucmtls.sim.sip.dialogs import PLAIN_PORT, SipDialog
from pytest_cucmtls.sim.sip.links import SipLink
from pytest_cucmtls.sim.sip.listeners import SipListeners, lan_socket
from pytest_cucmtls.sim.sip.middlebox import MIDDLEBOX_TERMINATES_TLS, Middlebox
from pytest_cucmtls.sim.sip.peers import SipPeers
from pytest_cucmtls.sim.sip.session_timer import SessionDue
from pytest_cucmtls.sim.state import LoadedSecurity, NodeState
from pytest_cucmtls.wire.sip_messages import parse_sip_message, sip_bytes

CONNECT_SECONDS = 10.0

TRUNK_STILL_RESETTING = "trunk_still_resetting"
"""Behaviour name: the first call after a trunk reset finds the trunk out of service."""


class LegEvent(Enum):
    """What can reach a call leg beside SIP messages."""

    HANG_UP = auto()
    CONNECTION_LOST = auto()
    MEDIA_DONE = auto()
    HOLD = auto()
    RESUME = auto()
    PICKED_UP = auto()
    NO_ANSWER = auto()


CallEvent = SipMessage | LegEvent | SessionDue
Inbox = asyncio.Queue[CallEvent]


class RequestTaker(Protocol):
    """Whoever answers requests that belong to no call."""

    def take_request(self, link: SipLink, request: SipMessage) -> None:
        """A request outside any known call."""

    def link_lost(self, link: SipLink) -> None:
        """A link is gone."""


class ConnectionFailed(Exception):
    """A trunk reached none of its destinations, or the peer was not who the profile names."""


class NameUnknown(OSError):
    """A destination's host name cannot be resolved."""


class SipSignalling:
    """Everything between calls and sockets on one node."""

    def __init__(
        self, node: NodeState, trunks: RunningTrunks, traces: TraceWriter, recording: PacketRecording, requests: RequestTaker
    ) -> None:
        self.key_log: Path | None = None
        """File that TLS session secrets are appended to, when a capture shall be decrypted later."""
        self.host_names: Mapping[str, str] = {}
        """Host name to address: the simulated DNS for trunk destinations."""
        self.out_of_service: Callable[[str, str, int], bool] = lambda _trunk, _host, _port: False
        """Whether calls leave out a destination (trunk, host, port), because its OPTIONS ping fails."""
        self.node = node
        self._trunks = trunks
        self._traces = traces
        self.recording = recording
        self._requests = requests
        self.peers = SipPeers(node, trunks, traces)
        self._contexts: tls_contexts.TlsContexts | None = None
        self._indexes = count(1)
        self._listeners = SipListeners(node, trunks, traces, self)
        self._connections: list[SipConnection] = []
        self._ready: dict[SipConnection, asyncio.Future[str]] = {}
        """Resolved with "" when a connection of ours is up, else with why it failed."""
        self._resetting: set[str] = set()
        self._opening: dict[str, asyncio.Lock] = {}
        """One attempt to connect at a time and trunk: parallel calls share the connection."""
        self._inboxes: dict[str, Inbox] = {}
        self._inbox_connections: dict[str, SipLink] = {}
        self._untold: dict[SipLink, RunningTrunk] = {}
        """Outgoing connections whose certificate indication comes after the first message, as in real traces."""

    async def start(self, loaded: LoadedSecurity) -> None:
        """Serve and trust what was loaded; listen. Raises: OSError when the port is taken, ssl.SSLError."""
        self.use(loaded)
        self._server_context()
        try:
            await self.listen_as_configured()
        except OSError:
            self._listeners.close()
            raise

    async def stop(self) -> None:
        """Close listeners and connections and wait until they are gone."""
        self._listeners.close()
        await self._close(list(self._connections))

    async def listen_as_configured(self) -> None:
        """See `SipListeners.listen_as_configured`."""
        await self._listeners.listen_as_configured()

    async def close_trunk(self, name: str) -> None:
        """Close the trunk's connections, whichever side opened them."""
        if TRUNK_STILL_RESETTING in self.node.cluster.faults:
            self._resetting.add(name)
        await self._close([connection for connection in self._connections if connection.trunk == name])

    async def connect(self, trunk: RunningTrunk) -> SipLink:
        """The trunk's connection, opened when there is none. Raises: ConnectionFailed."""
        if trunk.name in self._resetting:
            self._resetting.remove(trunk.name)
            raise ConnectionFailed(f"{trunk.name} is being reset")
        async with self._opening.setdefault(trunk.name, asyncio.Lock()):
            existing = self._existing(trunk.name)
            if existing is not None:
                return existing
            self._traces.create_connection(trunk.tls_security)
            for host, port in trunk.destinations:
                if self.out_of_service(trunk.name, host, port):
                    continue
                link = await self._try(trunk, host, port)
                if link is not None:
                    return link
            raise ConnectionFailed(f"no destination of {trunk.name} can be used")

    async def connect_to(self, trunk: RunningTrunk, host: str, port: int) -> SipLink:
        """A connection to one destination of a trunk. Raises: ConnectionFailed, NameUnknown, OSError, TimeoutError, SSLError."""
        address = self._address_of(host)
        async with self._opening.setdefault(trunk.name, asyncio.Lock()):
            for each in self._connections:
                if each.trunk == trunk.name and each.outgoing and each.ready and each.peer == Endpoint(address, port):
                    return each
            self._traces.create_connection(trunk.tls_security)
            link = await self._open_link(trunk, host, port)
            if link is None:
                raise ConnectionFailed(f"{host} is not who {trunk.name} expects")
            return link

    def send(self, dialog: SipDialog, message: SipMessage) -> None:
        """Write a message of a call, with trace and call log."""
        connection, data = dialog.connection, sip_bytes(message)
        net_id = self._traces.sip_message(
            "out", connection.peer.ip, connection.peer.port, connection.index, data, connection.transport_word
        )
        self._log(connection, dialog.ci, "out", net_id, message)
        connection.send(data)
        trunk = self._untold.pop(connection, None)
        if trunk is not None:
            self.peers.indicate_certificate(connection, trunk)

    def send_outside(self, link: SipLink, message: SipMessage) -> None:
        """Write a message of no call, with its trace."""
        data = sip_bytes(message)
        self._traces.sip_message("out", link.peer.ip, link.peer.port, link.index, data, link.transport_word)
        link.send(data)

    def open_inbox(self, call_id: str, connection: SipLink, ci: int, inbox: Inbox | None = None) -> Inbox:
        """From now on messages of this call go into the inbox returned: the one given, or a new one."""
        inbox = inbox or asyncio.Queue()
        self._inboxes[call_id] = inbox
        self._inbox_connections[call_id] = connection
        connection.calls[call_id] = ci
        return inbox

    def close_inbox(self, call_id: str) -> None:
        """The call is over."""
        self._inboxes.pop(call_id, None)
        connection = self._inbox_connections.pop(call_id, None)
        if connection is not None:
            connection.calls.pop(call_id, None)

    def connection_ready(self, connection: SipConnection) -> None:
        """A handshake is complete: find out who the peer is."""
        future = self._ready.pop(connection, None)
        if future is not None and not future.done():
            future.set_result("")
        if connection.outgoing:
            return
        peer = connection.peer
        self._traces.connection(peer.ip, peer.port, connection.index, outgoing=False, secure=connection.secure)
        trunk = self.peers.inbound_trunk(connection)
        connection.trunk = trunk.name if trunk else ""
        if connection.secure:
            self.peers.indicate_certificate(connection, trunk)

    def link_opened(self, link: DatagramLink) -> None:
        """A UDP peer: who it is is asked with its first request."""

    def link_closed(self, link: DatagramLink) -> None:
        """A UDP peer is forgotten."""
        self._tell_lost(link)

    def link_message(self, link: DatagramLink, message: bytes) -> None:
        """A message arrived over UDP."""
        self.connection_message(link, message)

    def connection_message(self, connection: SipLink, message: bytes) -> None:
        """A message arrived: trace it, give it to its call, or begin one."""
        peer = connection.peer
        net_id = self._traces.sip_message("in", peer.ip, peer.port, connection.index, message, connection.transport_word)
        try:
            parsed = parse_sip_message(message)
        except UnexpectedAnswer:
            return
        call_id = parsed.call_id or ""
        if call_id in self._inboxes:
            self._inboxes[call_id].put_nowait(parsed)
        elif parsed.method is not None and parsed.method != "ACK":
            self._requests.take_request(connection, parsed)
        self._log(connection, connection.calls.get(call_id, 0), "in", net_id, parsed)

    def connection_closed(self, connection: SipConnection, problem: TlsProblem | None) -> None:
        """A connection is gone: its calls learn it."""
        if problem is not None:
            peer = connection.peer
            self._traces.tls_failure(connection.index, peer.ip, peer.port, problem.verify_code, problem.text)
        future = self._ready.pop(connection, None)
        if future is not None and not future.done():
            future.set_result(problem.text if problem else "closed during the handshake")
        self._tell_lost(connection)
        self._untold.pop(connection, None)
        if connection in self._connections:
            self._connections.remove(connection)

    def _tell_lost(self, link: SipLink) -> None:
        for call_id in tuple(link.calls):
            self._inboxes[call_id].put_nowait(LegEvent.CONNECTION_LOST)
        self._requests.link_lost(link)

    def _existing(self, name: str) -> SipConnection | None:
        return next((each for each in self._connections if each.trunk == name and each.outgoing and each.ready), None)

    async def _try(self, trunk: RunningTrunk, host: str, port: int) -> SipLink | None:
        """One destination of several; None, and a trace, when it cannot be used."""
        try:
            return await self._open_link(trunk, host, port)
        except TimeoutError:
            reason = "timed out"
        except (OSError, ssl.SSLError) as problem:
            reason = (problem.strerror or str(problem)).replace("\n", " ")
        self._traces.connection_failure(trunk.name, host, port, reason)
        return None

    async def _open_link(self, trunk: RunningTrunk, host: str, port: int) -> SipLink | None:
        if trunk.over_udp:
            address = Endpoint(self._address_of(host), port)
            if self._listeners.datagrams is None:
                raise OSError("the UDP port is not open")
            link = self._listeners.datagrams.link_to(address)
            link.trunk = trunk.name
            return link
        async with asyncio.timeout(CONNECT_SECONDS):
            return await self._open(trunk, host, port)

    async def _open(self, trunk: RunningTrunk, host: str, port: int) -> SipConnection | None:
        """One attempt; None when the peer is not who the X.509 list names. Raises: OSError, ConnectionFailed, TimeoutError."""
        assert self._contexts is not None
        context = self._contexts.client(trunk.suite_mode) if trunk.secure_outbound else None
        loop = asyncio.get_running_loop()
        tcp = lan_socket()
        try:
            tcp.bind((self.node.ip, 0))
            await loop.sock_connect(tcp, (self._address_of(host), port))
        except (OSError, asyncio.CancelledError):
            tcp.close()
            raise
        connection = self._new_connection(outgoing=True, context=context)
        connection.trunk = trunk.name
        ready = self._ready[connection] = loop.create_future()
        await loop.create_connection(lambda: connection, sock=tcp)
        peer = connection.peer
        self._traces.connection(peer.ip, peer.port, connection.index, outgoing=True, secure=connection.secure)
        try:
            failure = await ready
        except asyncio.CancelledError:
            connection.abort()
            raise
        if failure:
            raise ConnectionRefusedError(failure)
        if not self.peers.is_expected(connection, trunk):
            connection.trunk = ""
            connection.close()
            return None
        if connection.secure:
            self._untold[connection] = trunk
        return connection

    def _address_of(self, host: str) -> str:
        """Address of a destination; the machine's own name service is never asked. Raises: OSError for an unknown name."""
        address = self.host_names.get(host.lower(), host)
        try:
            return str(IPv4Address(address))
        except ValueError:
            raise NameUnknown(f"{host} cannot be resolved") from None

    def _log(self, connection: SipLink, ci: int, direction: str, net_id: int, message: SipMessage) -> None:
        self._traces.call_log.trunk_message(
            ci=ci,
            direction=direction,
            local_port=self.node.sip_port if connection.secure else PLAIN_PORT,
            device=connection.trunk or connection.device,
            subsystem="SIPT" if connection.trunk or not connection.device else "SIPL",
            transport="UDP" if connection.transport_word == "UDP" else "TCP",
            peer=(connection.peer.ip, connection.peer.port),
            index=connection.index,
            net_id=net_id,
            call_id=message.call_id or "",
            words=message.method or f"{message.status_code} {message.reason_phrase}",
        )

    def next_index(self) -> int:
        """Number of a new connection."""
        return next(self._indexes)

    def accept(self, secure: bool) -> SipConnection | Middlebox:
        """The protocol of an accepted connection; True for a TLS port."""
        connection = self._new_connection(outgoing=False, context=self._server_context() if secure else None)
        cluster, loaded = self.node.cluster, self.node.loaded
        if secure and loaded is not None and MIDDLEBOX_TERMINATES_TLS in cluster.faults:
            return Middlebox(cluster, loaded, self._modes(), connection)
        return connection

    def use(self, loaded: LoadedSecurity) -> None:
        """Serve and trust something else from the next connection on."""
        self._contexts = tls_contexts.TlsContexts(self.node.cluster, loaded, self.key_log)

    def _modes(self) -> set[str]:
        """Of the trunks as they run now; without any TLS trunk the port speaks Encrypted (phones use it too)."""
        return {trunk.suite_mode for trunk in self._trunks.all() if trunk.secure_inbound} or {tls_contexts.ENCRYPTED}

    def _server_context(self) -> ssl.SSLContext:
        assert self._contexts is not None
        return self._contexts.server(self._modes())

    def _new_connection(self, *, outgoing: bool, context: ssl.SSLContext | None) -> SipConnection:
        connection = SipConnection(
            self,
            index=self.next_index(),
            outgoing=outgoing,
            context=context,
            recording=self.recording,
            clock=CertificateClock(self.node.now) if self.node.clock_offset else None,
        )
        self._connections.append(connection)
        return connection

    async def _close(self, connections: list[SipConnection]) -> None:
        for connection in connections:
            connection.close()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):  # wait_for may swallow a cancellation before Python 3.12
                for connection in connections:
                    await connection.gone.wait()
        except TimeoutError:
            for connection in connections:
                connection.abort()
