"""What the SIP sockets of one node sent and received, rebuilt as frames for captures made without the right to sniff.

Sequence numbers are counted from the first byte of a connection whether or not anybody listens, so a capture that
starts in the middle of a connection shows the numbers a real one would.
"""

import secrets
import time
from collections.abc import Callable
from itertools import count

from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.sim.packets.frames import ACK, FIN, PUSH, RST, SYN, TcpSegment, tcp_frame, udp_frame

SEGMENT_BYTES = 1448

FrameListener = Callable[[int, bytes], None]
"""Called with (nanoseconds since 1970, frame)."""


class PacketRecording:
    """The frames of one node, handed to whoever captures at the moment."""

    def __init__(self) -> None:
        self._listeners: list[FrameListener] = []
        self._identifications = count(1)

    def listen(self, listener: FrameListener) -> None:
        """Hand every frame from now on to `listener`."""
        self._listeners.append(listener)

    def forget(self, listener: FrameListener) -> None:
        """Stop handing frames to `listener`."""
        self._listeners.remove(listener)

    def open_connection(self, local: Endpoint, peer: Endpoint, *, outgoing: bool) -> "RecordedConnection":
        """A TCP connection came up; its three-way handshake is recorded."""
        return RecordedConnection(self, local, peer, outgoing=outgoing)

    def datagram(self, src: Endpoint, dst: Endpoint, data: bytes) -> None:
        """A UDP packet was sent or received."""
        if self._listeners:
            self._hand_over(udp_frame(src, dst, data, next(self._identifications)))

    def show(self, segment: TcpSegment) -> None:
        """Build the frame and hand it over, if anybody listens."""
        if self._listeners:
            self._hand_over(tcp_frame(segment, next(self._identifications)))

    def _hand_over(self, frame: bytes) -> None:
        now = time.time_ns()
        for listener in tuple(self._listeners):
            listener(now, frame)


class RecordedConnection:
    """One TCP connection of a node."""

    def __init__(self, recording: PacketRecording, local: Endpoint, peer: Endpoint, *, outgoing: bool) -> None:
        self._recording = recording
        self._local, self._peer = local, peer
        self._sent, self._received = secrets.randbits(32), secrets.randbits(32)
        """Next sequence number of each direction."""
        self._open = True
        self._clock_start = time.monotonic_ns()
        self._handshake(outgoing)

    def sent(self, data: bytes) -> None:
        """The node wrote bytes."""
        for start in range(0, len(data), SEGMENT_BYTES):
            piece = data[start : start + SEGMENT_BYTES]
            self._from_local(ACK | PUSH, piece)
            self._sent += len(piece)
        self._from_peer(ACK)

    def received(self, data: bytes) -> None:
        """The node read bytes."""
        for start in range(0, len(data), SEGMENT_BYTES):
            piece = data[start : start + SEGMENT_BYTES]
            self._from_peer(ACK | PUSH, piece)
            self._received += len(piece)
        self._from_local(ACK)

    def closed(self, *, abruptly: bool) -> None:
        """The connection ended: by FIN from both sides, or by RST."""
        if not self._open:
            return
        self._open = False
        if abruptly:
            self._from_peer(RST | ACK)
            return
        self._from_local(FIN | ACK)
        self._sent += 1
        self._from_peer(FIN | ACK)
        self._received += 1
        self._from_local(ACK)

    def _handshake(self, outgoing: bool) -> None:
        first, second = (self._from_local, self._from_peer) if outgoing else (self._from_peer, self._from_local)
        first(SYN)
        self._count_syn(local=outgoing)
        second(SYN | ACK)
        self._count_syn(local=not outgoing)
        first(ACK)

    def _count_syn(self, *, local: bool) -> None:
        if local:
            self._sent += 1
        else:
            self._received += 1

    def _from_local(self, flags: int, payload: bytes = b"") -> None:
        acknowledgement = self._received if flags & ACK else 0
        self._show(self._local, self._peer, self._sent, acknowledgement, flags, payload)

    def _from_peer(self, flags: int, payload: bytes = b"") -> None:
        acknowledgement = self._sent if flags & ACK else 0
        self._show(self._peer, self._local, self._received, acknowledgement, flags, payload)

    def _show(self, src: Endpoint, dst: Endpoint, sequence: int, acknowledgement: int, flags: int, payload: bytes) -> None:
        ticks = (time.monotonic_ns() - self._clock_start) // 1_000_000 + 1
        timestamp = (ticks, ticks if flags & ACK else 0)
        self._recording.show(TcpSegment(src, dst, sequence, acknowledgement, flags, timestamp, payload))
