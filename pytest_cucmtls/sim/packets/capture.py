"""`utils network capture` of a simulated node: real packets of the loopback interface, or those recorded at the sockets."""

import asyncio
import contextlib
import ctypes
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from pytest_cucmtls.sim.packets.files import LittleRoom, PcapFile, PcapngFile
from pytest_cucmtls.sim.packets.frames import FrameView, read_frame
from pytest_cucmtls.sim.packets.recording import PacketRecording
from pytest_cucmtls.sim.packets.screen import ScreenLines
from pytest_cucmtls.sim.state import NodeState, PacketSource

CAPTURED = "captured on the loopback interface"
RECORDED = "recorded at the sockets: TCP segments and their timing are reconstructed, this is no capture of a wire"

DISK_FILLS_DURING_CAPTURE = "disk_fills_during_capture"
"""Behaviour name: the file stops growing after a few packets."""

_ROOM_BYTES = 3000
_ETH_P_ALL = 0x0003
_PACKET_OUTGOING = 4
_SO_TIMESTAMPNS = 35
_SO_ATTACH_FILTER = 26
_SO_RCVBUFFORCE = 33
_RECEIVE_BUFFER_BYTES = 64 * 1024 * 1024
# Linux socket constants (asm-generic/socket.h, linux/if_packet.h) that the socket module does not name.

PacketTaker = Callable[[int, bytes], None]


@dataclass(frozen=True, slots=True)
class CaptureFilter:
    """Which packets of the node are kept: `host` and `port` None keep all of the node's own."""

    node: str
    host: str | None
    port: int | None

    def keeps(self, view: FrameView) -> bool:
        """The node is one end, the host (if named) too, and one of the ports is the port (if given)."""
        ends = (view.src.ip, view.dst.ip)
        return (
            self.node in ends
            and (self.host is None or self.host in ends)
            and (self.port is None or self.port in (view.src.port, view.dst.port))
        )


class PacketCapture:
    """Starts captures on a node's `eth0` (`PacketCapturePort`).

    Without the right to sniff, or with `sniff` False, packets come from `recording`, which the node's call manager feeds.
    """

    def __init__(self, node: NodeState, *, sniff: bool = True) -> None:
        self.recording = PacketRecording()
        self._node = node
        self._sniff = sniff

    def start_file(self, path: Path, *, count: int, snap_length: int | None, host: str | None, port: int | None) -> PacketSource:
        """Capture into a file: classic pcap when sniffed, pcapng whose comment says so when recorded at the sockets."""
        path.parent.mkdir(parents=True, exist_ok=True)
        sniffer = self._open_sniffer()
        little = LittleRoom(path, _ROOM_BYTES) if DISK_FILLS_DURING_CAPTURE in self._node.cluster.faults else None
        comment = f"Packets {RECORDED}."
        file = PcapFile(path, snap_length, little) if sniffer else PcapngFile(path, snap_length, comment, little)
        return self._run(sniffer, RunningCapture(CaptureFilter(self._node.ip, host, port), count, file.write, file.close))

    def start_screen(
        self, show: Callable[[str], None], *, count: int, numeric: bool, host: str | None, port: int | None
    ) -> PacketSource:
        """Capture to tcpdump's lines."""
        names = {} if numeric else {node.ip: node.name for node in self._node.cluster.nodes}
        lines = ScreenLines(old_style=self._node.cluster.release.major < 10, names=names)

        def show_packet(at_nanoseconds: int, frame: bytes) -> None:
            view = read_frame(frame)
            if view is not None:
                show(lines.line(at_nanoseconds, view))

        filter_ = CaptureFilter(self._node.ip, host, port)
        return self._run(self._open_sniffer(), RunningCapture(filter_, count, show_packet, lambda: None))

    def _run(self, sniffer: socket.socket | None, capture: "RunningCapture") -> PacketSource:
        offset = round(self._node.clock_offset.total_seconds() * 1e9)
        if sniffer is not None:
            return SniffingCapture(sniffer, capture, offset)
        return RecordingCapture(self.recording, capture, offset)

    def _open_sniffer(self) -> socket.socket | None:
        """A packet socket on `lo` that already filters; None when the process may not have one."""
        if not self._sniff or not hasattr(socket, "AF_PACKET"):
            return None
        try:
            sniffer = packet_socket()
        except PermissionError:
            return None
        sniffer.setblocking(False)
        _attach_address_filter(sniffer, self._node.ip)
        sniffer.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        try:
            sniffer.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER_BYTES)
        except PermissionError:
            sniffer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
        sniffer.bind(("lo", _ETH_P_ALL))
        return sniffer


class RunningCapture:
    """Filter, limit and destination of one capture."""

    def __init__(self, filter_: CaptureFilter, limit: int, take: PacketTaker, close: Callable[[], None]) -> None:
        self._filter = filter_
        self._limit = limit
        self._take = take
        self._close = close
        self.packets = 0

    def offer(self, at_nanoseconds: int, frame: bytes) -> None:
        """Keep the packet if the filter does and the limit is not reached."""
        view = read_frame(frame)
        if view is None or self.packets >= self._limit or not self._filter.keeps(view):
            return
        self.packets += 1
        self._take(at_nanoseconds, frame)

    def close(self) -> None:
        """Nothing comes any more."""
        self._close()


class SniffingCapture:
    """Packets of `lo`, each once: the copy that leaves is kept, the one that arrives is the same packet again."""

    comment = CAPTURED

    def __init__(self, sniffer: socket.socket, capture: RunningCapture, offset_nanoseconds: int) -> None:
        self._sniffer = sniffer
        self._capture = capture
        self._offset = offset_nanoseconds
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(sniffer.fileno(), self._drain)
        self._running = True

    def stop(self) -> int:
        """Take what the kernel still holds, close; returns the number of packets written (again when called twice)."""
        if self._running:
            self._running = False
            self._loop.remove_reader(self._sniffer.fileno())
            self._drain()
            self._sniffer.close()
            self._capture.close()
        return self._capture.packets

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                frame, ancillary, _, address = self._sniffer.recvmsg(65536 + 64, 64)
                if address[2] == _PACKET_OUTGOING:
                    self._capture.offer(_kernel_time(ancillary) + self._offset, frame)


class RecordingCapture:
    """Packets rebuilt from what the node's sockets sent and received."""

    comment = RECORDED

    def __init__(self, recording: PacketRecording, capture: RunningCapture, offset_nanoseconds: int) -> None:
        self._recording = recording
        self._capture = capture
        self._offset = offset_nanoseconds
        self._running = True
        recording.listen(self._take)

    def stop(self) -> int:
        """End and close; returns the number of packets written (again when called twice)."""
        if self._running:
            self._running = False
            self._recording.forget(self._take)
            self._capture.close()
        return self._capture.packets

    def _take(self, at_nanoseconds: int, frame: bytes) -> None:
        self._capture.offer(at_nanoseconds + self._offset, frame)


def packet_socket() -> socket.socket:
    """A packet socket that receives nothing yet (protocol 0), so that its filter comes first. Raises: PermissionError."""
    return socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)


def _kernel_time(ancillary: list[tuple[int, int, bytes]]) -> int:
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("qq", data[:16])
            return int(seconds * 1_000_000_000 + nanoseconds)
    return time.time_ns()


def _attach_address_filter(sniffer: socket.socket, ip: str) -> None:
    """Classic BPF: IPv4 with the node's address as source or destination; everything else never leaves the kernel."""
    load_half, load_word, jump_equal, give = 0x28, 0x20, 0x15, 0x06
    address = int(IPv4Address(ip))
    program = (
        (load_half, 0, 0, 12),
        (jump_equal, 0, 5, 0x0800),
        (load_word, 0, 0, 26),
        (jump_equal, 2, 0, address),
        (load_word, 0, 0, 30),
        (jump_equal, 0, 1, address),
        (give, 0, 0, 0x40000),
        (give, 0, 0, 0),
    )
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *instruction) for instruction in program))
    sniffer.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HL", len(program), ctypes.addressof(code)))
