"""The SIP ports a simulated node listens on, as its trunks' profiles want them at the moment."""

import asyncio
import socket
from typing import Protocol

from pytest_cucmtls.sim.calls.trunks import RunningTrunks
from pytest_cucmtls.sim.logs.traces import TraceWriter
from pytest_cucmtls.sim.packets.recording import PacketRecording
from pytest_cucmtls.sim.sip.connection import SipConnection
from pytest_cucmtls.sim.sip.datagrams import DatagramOwner, SipDatagrams
from pytest_cucmtls.sim.sip.middlebox import Middlebox
from pytest_cucmtls.sim.state import NodeState

LAN_SEGMENT_BYTES = 1460

PHONE_PORT = 5060
"""Phones register here, over TCP and UDP, whatever trunks there are (AXL: callManager, sipPhonePort)."""


class Acceptor(DatagramOwner, Protocol):
    """Whoever takes what arrives."""

    def accept(self, secure: bool) -> SipConnection | Middlebox:
        """The protocol of an accepted connection; True for a TLS port."""

    @property
    def recording(self) -> PacketRecording:
        """Where packets are recorded."""

    def next_index(self) -> int:
        """Number of a new link."""


class SipListeners:
    """Opens and closes the ports of one node."""

    def __init__(self, node: NodeState, trunks: RunningTrunks, traces: TraceWriter, acceptor: Acceptor) -> None:
        self.datagrams: SipDatagrams | None = None
        """The UDP port while it is open."""
        self._ip = node.ip
        self._sip_port = node.sip_port
        self._trunks = trunks
        self._traces = traces
        self._acceptor = acceptor
        self._servers: dict[tuple[int, bool], asyncio.Server] = {}
        """By port and whether it speaks TLS."""

    async def listen_as_configured(self) -> None:
        """TLS port and phone port always; a further port for every other incoming port of a trunk's profile.

        Raises: OSError when the TLS port is taken; a further port that is taken is left out and traced.
        """
        own = self._sip_port
        wanted = {(trunk.incoming_port, trunk.secure_inbound) for trunk in self._trunks.all() if trunk.incoming_port != own}
        wanted.add((own, True))
        if not any(port == PHONE_PORT for port, _ in wanted):
            wanted.add((PHONE_PORT, False))
        await self._open_datagrams()
        for gone in self._servers.keys() - wanted:
            self._servers.pop(gone).close()
        for port, secure in sorted(wanted - self._servers.keys()):
            try:
                self._servers[port, secure] = await self._listen(port, secure=secure)
            except OSError as problem:
                if port == own:
                    raise
                self._traces.app_info(f"SIPTcp - cannot listen on port {port}: {problem.strerror}")

    def close(self) -> None:
        """Close every port; accepted connections go on."""
        for server in self._servers.values():
            server.close()
        self._servers.clear()
        if self.datagrams is not None:
            self.datagrams.close()
            self.datagrams = None

    async def _open_datagrams(self) -> None:
        if self.datagrams is not None:
            return
        datagrams = SipDatagrams(self._acceptor, self._acceptor.next_index, self._acceptor.recording)
        loop = asyncio.get_running_loop()
        try:
            await loop.create_datagram_endpoint(lambda: datagrams, local_addr=(self._ip, PHONE_PORT))
        except OSError as problem:
            self._traces.app_info(f"SIPUdp - cannot listen on port {PHONE_PORT}: {problem.strerror}")
        else:
            self.datagrams = datagrams

    async def _listen(self, port: int, *, secure: bool) -> asyncio.Server:
        listener = lan_socket()
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self._ip, port))
            return await asyncio.get_running_loop().create_server(lambda: self._acceptor.accept(secure), sock=listener)
        except OSError:
            listener.close()
            raise


def lan_socket() -> socket.socket:
    """A TCP socket whose segments are as long as on Ethernet, not as on loopback."""
    tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    tcp.setblocking(False)
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, LAN_SEGMENT_BYTES)
    return tcp
