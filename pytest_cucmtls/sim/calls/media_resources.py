"""Media resources a node has itself: a media termination point that RTP passes through, and music for held parties.

Both are the node's *IP Voice Media Streaming* application: their packets are the node's own and seen in its captures.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar, cast

from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.sim.calls.media import AudioStream
from pytest_cucmtls.sim.calls.media_negotiation import Agreement
from pytest_cucmtls.sim.calls.phones import NoFreeAddress

_Made = TypeVar("_Made", bound=asyncio.DatagramProtocol)

FIRST_PORT, LAST_PORT = 24576, 32766
"""Media ports of the application."""
_MUSIC_PACKETS = 1 << 30


class MediaTermination:
    """Stands between a phone and a trunk's peer: each sends to the node, which passes packets on (no SRTP: ASSUMED)."""

    def __init__(self, outer: "_Port", inner: "_Port", phone: Endpoint) -> None:
        self._outer, self._inner = outer, inner
        inner.remote = phone
        outer.pass_to, inner.pass_to = inner, outer

    @property
    def address(self) -> Endpoint:
        """Where the peer sends."""
        return self._outer.local

    def connect(self, agreement: Agreement) -> Agreement:
        """The peer is known: what the phone is to do instead."""
        self._outer.remote = agreement.remote
        return replace(agreement, remote=self._inner.local)

    def close(self) -> None:
        """Give both ports back."""
        self._outer.close()
        self._inner.close()


class _Port(asyncio.DatagramProtocol):
    """One side of a termination point."""

    def __init__(self) -> None:
        self.remote: Endpoint | None = None
        self.pass_to: _Port | None = None
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def local(self) -> Endpoint:
        assert self._transport is not None
        return Endpoint(*self._transport.get_extra_info("sockname")[:2])

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, _addr: tuple[str, int]) -> None:
        if self.pass_to is not None:
            self.pass_to.send(data)

    def send(self, data: bytes) -> None:
        if self._transport is not None and self.remote is not None and self.remote.port:
            self._transport.sendto(data, (self.remote.ip, self.remote.port))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


async def open_termination(node_ip: str, phone: Endpoint) -> MediaTermination:
    """A termination point on a node for a phone's call. Raises: NoFreeAddress."""
    outer = await _open(node_ip, _Port)
    try:
        return MediaTermination(outer, await _open(node_ip, _Port), phone)
    except NoFreeAddress:
        outer.close()
        raise


async def open_music(node_ip: str, interval_seconds: float) -> AudioStream:
    """Music (the simulator's tone) that goes on until it is closed. Raises: NoFreeAddress."""
    return await _open(node_ip, lambda: AudioStream(_MUSIC_PACKETS, interval_seconds, _nothing))


async def _open(node_ip: str, make: Callable[[], _Made]) -> _Made:
    for port in range(FIRST_PORT, LAST_PORT + 1, 2):
        try:
            _, made = await asyncio.get_running_loop().create_datagram_endpoint(make, local_addr=(node_ip, port))
        except OSError:
            continue
        return made
    raise NoFreeAddress(f"no media port free on {node_ip}")


def _nothing() -> None:
    """Music is never finished."""
