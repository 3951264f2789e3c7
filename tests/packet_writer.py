"""Writes packets and capture files for tests: TCP conversations, UDP datagrams, link layers, pcap and pcapng."""

import ipaddress
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
BEGINNING = 1_432_386_971_313_121_000
"""2015-05-23T13:16:11.313121Z in nanoseconds."""

End = tuple[str, int]
"""(IP address, port)."""

ETHERNET, NULL, RAW, SLL, SLL2 = 1, 0, 101, 113, 276


@dataclass(frozen=True)
class Frame:
    """One captured frame: nanoseconds since 1970, captured bytes, original length (None: all of it)."""

    at: int
    data: bytes
    original: int | None = None

    def cut(self, snap_bytes: int) -> "Frame":
        return Frame(self.at, self.data[:snap_bytes], self.original or len(self.data))


def ip_packet(protocol: int, src: str, dst: str, payload: bytes, *, identification: int = 0, flags_offset: int = 0) -> bytes:
    source, destination = ipaddress.ip_address(src), ipaddress.ip_address(dst)
    if source.version == 6:
        return struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64) + source.packed + destination.packed + payload
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), identification, flags_offset, 64, protocol, 0)
    return head + source.packed + destination.packed + payload


def ip_fragments(protocol: int, src: str, dst: str, payload: bytes, size: int, identification: int = 7) -> list[bytes]:
    """The same IPv4 packet in fragments of `size` (a multiple of 8) payload bytes."""
    packets = []
    for offset in range(0, len(payload), size):
        more = 0x2000 if offset + size < len(payload) else 0
        piece = payload[offset : offset + size]
        packets.append(ip_packet(protocol, src, dst, piece, identification=identification, flags_offset=more | offset // 8))
    return packets


def tcp_segment(src: End, dst: End, seq: int, ack: int, flags: int, payload: bytes = b"") -> bytes:
    head = struct.pack(">HHIIBBHHH", src[1], dst[1], seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 5 << 4, flags, 8192, 0, 0)
    return ip_packet(6, src[0], dst[0], head + payload)


def udp_datagram(src: End, dst: End, payload: bytes) -> bytes:
    return ip_packet(17, src[0], dst[0], struct.pack(">HHHH", src[1], dst[1], 8 + len(payload), 0) + payload)


def in_link(packet: bytes, link: int = ETHERNET, tags: Sequence[int] = ()) -> bytes:
    """An IP packet in a link layer; `tags` are VLAN tag types, outermost first (Ethernet only)."""
    kind = b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00"
    if link == ETHERNET:
        vlan = b"".join(struct.pack(">HH", tag, 100) for tag in tags)
        return bytes(6) + b"\x02" * 6 + vlan + kind + packet
    if link == NULL:
        return struct.pack("<I", 10 if packet[0] >> 4 == 6 else 2) + packet
    if link == SLL:
        return struct.pack(">HHH8s", 0, 1, 6, b"") + kind + packet
    if link == SLL2:
        return kind + struct.pack(">HIHBB8s", 0, 1, 1, 0, 6, b"") + packet
    return packet


class TcpConversation:
    """Builds the IP packets of one connection, with sequence numbers kept; `mss` cuts what is sent into segments."""

    def __init__(
        self, client: End = ("10.0.0.203", 33135), server: End = ("10.0.0.200", 5061), *, mss: int = 1448, first: int = 1000
    ) -> None:
        self.ends = {"client": client, "server": server}
        self.next = {"client": first, "server": first + 5_000_000}
        self.mss = mss
        self.packets: list[bytes] = []

    def _add(self, sender: str, flags: int, payload: bytes = b"") -> None:
        other = "server" if sender == "client" else "client"
        segment = tcp_segment(self.ends[sender], self.ends[other], self.next[sender], self.next[other], flags, payload)
        self.packets.append(segment)
        self.next[sender] += len(payload) + bool(flags & SYN) + bool(flags & FIN)

    def open(self) -> "TcpConversation":
        self._add("client", SYN)
        self._add("server", SYN | ACK)
        self._add("client", ACK)
        return self

    def send(self, sender: str, data: bytes) -> "TcpConversation":
        for offset in range(0, len(data), self.mss):
            self._add(sender, PSH | ACK, data[offset : offset + self.mss])
        return self

    def exchange(self, flights: Iterable[tuple[str, bytes]]) -> "TcpConversation":
        for sender, data in flights:
            self.send(sender, data)
        return self

    def acknowledge(self, sender: str) -> "TcpConversation":
        self._add(sender, ACK)
        return self

    def close(self, first: str = "client") -> "TcpConversation":
        other = "server" if first == "client" else "client"
        self._add(first, FIN | ACK)
        self._add(other, FIN | ACK)
        self._add(first, ACK)
        return self

    def reset(self, sender: str) -> "TcpConversation":
        self._add(sender, RST | ACK)
        return self


def frames(packets: Iterable[bytes], link: int = ETHERNET, tags: Sequence[int] = (), *, start: int = BEGINNING) -> list[Frame]:
    """IP packets as frames one millisecond apart."""
    return [Frame(start + number * 1_000_000, in_link(packet, link, tags)) for number, packet in enumerate(packets)]


def pcap(captured: Iterable[Frame], *, order: str = "<", nanoseconds: bool = False, link: int = ETHERNET) -> bytes:
    magic, unit = (0xA1B23C4D, 1) if nanoseconds else (0xA1B2C3D4, 1000)
    file = bytearray(struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, link))
    for frame in captured:
        seconds, fraction = divmod(frame.at, 1_000_000_000)
        original = len(frame.data) if frame.original is None else frame.original
        file += struct.pack(order + "IIII", seconds, fraction // unit, len(frame.data), original) + frame.data
    return bytes(file)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section_header(order: str = "<", comment: str = "") -> bytes:
    options = option(1, comment.encode(), order) + option(0, b"", order) if comment else b""
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1) + options, order)


def interface(link: int = ETHERNET, order: str = "<", *, resolution: int | None = None) -> bytes:
    options = option(9, bytes([resolution]), order) + option(0, b"", order) if resolution is not None else b""
    return block(1, struct.pack(order + "HHI", link, 0, 262144) + options, order)


def enhanced(frame: Frame, order: str = "<", *, number: int = 0, per_second: int = 1_000_000) -> bytes:
    ticks = frame.at * per_second // 1_000_000_000
    original = len(frame.data) if frame.original is None else frame.original
    head = struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, len(frame.data), original)
    return block(6, head + frame.data, order)


def pcapng(captured: Iterable[Frame], *, order: str = "<", link: int = ETHERNET, comment: str = "") -> bytes:
    return section_header(order, comment) + interface(link, order) + b"".join(enhanced(frame, order) for frame in captured)
