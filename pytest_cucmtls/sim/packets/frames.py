"""Ethernet frames: building TCP segments with correct checksums, and reading the addresses of a frame (RFC 791, RFC 9293)."""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

from pytest_cucmtls.model.network import Endpoint

FIN, SYN, RST, PUSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
WINDOW = 229
"""Scaled window printed for segments after the handshake."""

TcpOption = tuple[str, tuple[int, ...]]

_SINGLE_BYTE_OPTIONS = {0: "eol", 1: "nop"}
_SIZED_OPTIONS = {2: ("mss", ">H"), 3: ("wscale", ">B"), 4: ("sackOK", ""), 5: ("sack", ""), 8: ("timestamp", ">II")}
_ETHERNET = bytes(12) + b"\x08\x00"
_TCP, _UDP = 6, 17


@dataclass(frozen=True, slots=True)
class TcpSegment:
    """One segment to put into a frame; `timestamp` is the pair (value, echo) of RFC 7323."""

    src: Endpoint
    dst: Endpoint
    sequence: int
    acknowledgement: int
    flags: int
    timestamp: tuple[int, int]
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class FrameView:
    """What the filters and the screen form need of an IPv4 frame; TCP fields are 0 for other protocols."""

    protocol: str
    """``tcp``, ``udp`` or ``ip``."""
    src: Endpoint
    dst: Endpoint
    payload_bytes: int
    sequence: int = 0
    acknowledgement: int = 0
    flags: int = 0
    window: int = 0
    options: tuple[TcpOption, ...] = ()


def tcp_frame(segment: TcpSegment, identification: int) -> bytes:
    """Ethernet II + IPv4 + TCP with correct checksums; a SYN carries MSS 1460, SACK and window scale options."""
    source, destination = (IPv4Address(end.ip).packed for end in (segment.src, segment.dst))
    options = struct.pack(">BBBBII", 1, 1, 8, 10, *(value & 0xFFFFFFFF for value in segment.timestamp))
    window = WINDOW
    if segment.flags & SYN:
        options = b"\x02\x04\x05\xb4\x04\x02" + options[2:] + b"\x01\x03\x03\x07"
        window = 29200
    header = struct.pack(
        ">HHIIBBHHH",
        segment.src.port,
        segment.dst.port,
        segment.sequence & 0xFFFFFFFF,
        segment.acknowledgement & 0xFFFFFFFF,
        (20 + len(options)) // 4 << 4,
        segment.flags,
        window,
        0,
        0,
    )
    tcp = header + options + segment.payload
    checksum = internet_checksum(source + destination + struct.pack(">BBH", 0, _TCP, len(tcp)) + tcp)
    tcp = tcp[:16] + struct.pack(">H", checksum) + tcp[18:]
    return _ethernet(source, destination, _TCP, identification, tcp)


def udp_frame(src: Endpoint, dst: Endpoint, payload: bytes, identification: int) -> bytes:
    """Ethernet II + IPv4 + UDP with correct checksums, in one packet whatever its size."""
    source, destination = (IPv4Address(end.ip).packed for end in (src, dst))
    udp = struct.pack(">HHHH", src.port, dst.port, 8 + len(payload), 0) + payload
    checksum = internet_checksum(source + destination + struct.pack(">BBH", 0, _UDP, len(udp)) + udp) or 0xFFFF
    return _ethernet(source, destination, _UDP, identification, udp[:6] + struct.pack(">H", checksum) + udp[8:])


def _ethernet(source: bytes, destination: bytes, protocol: int, identification: int, payload: bytes) -> bytes:
    fields = (0x45, 0, 20 + len(payload), identification & 0xFFFF, 0x4000, 64, protocol, 0, source, destination)
    ip = struct.pack(">BBHHHBBH4s4s", *fields)
    return _ETHERNET + ip[:10] + struct.pack(">H", internet_checksum(ip)) + ip[12:] + payload


def internet_checksum(data: bytes) -> int:
    """RFC 1071 sum of 16-bit words."""
    padded = data + b"\x00" * (len(data) % 2)
    total: int = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def read_frame(frame: bytes) -> FrameView | None:
    """Addresses and TCP fields of an IPv4 frame; None for anything else or when it is cut too short."""
    if len(frame) < 34 or frame[12:14] != b"\x08\x00" or frame[14] >> 4 != 4:
        return None
    header_bytes = (frame[14] & 0x0F) * 4
    total, protocol = struct.unpack_from(">H", frame, 16)[0], frame[23]
    source, destination = (str(IPv4Address(frame[start : start + 4])) for start in (26, 30))
    start = 14 + header_bytes
    fragment_offset = struct.unpack_from(">H", frame, 20)[0] & 0x1FFF
    if protocol == _TCP and not fragment_offset and len(frame) >= start + 20:
        return _read_tcp(frame, start, source, destination, total - header_bytes)
    if protocol == _UDP and not fragment_offset and len(frame) >= start + 8:
        source_port, destination_port = struct.unpack_from(">HH", frame, start)
        return FrameView("udp", Endpoint(source, source_port), Endpoint(destination, destination_port), total - header_bytes - 8)
    return FrameView("ip", Endpoint(source, 0), Endpoint(destination, 0), total - header_bytes)


def _read_tcp(frame: bytes, start: int, source: str, destination: str, tcp_bytes: int) -> FrameView:
    fields = struct.unpack_from(">HHIIBBH", frame, start)
    header_bytes = (fields[4] >> 4) * 4
    return FrameView(
        protocol="tcp",
        src=Endpoint(source, fields[0]),
        dst=Endpoint(destination, fields[1]),
        payload_bytes=max(tcp_bytes - header_bytes, 0),
        sequence=fields[2],
        acknowledgement=fields[3],
        flags=fields[5],
        window=fields[6],
        options=_tcp_options(frame[start + 20 : start + header_bytes]),
    )


def _tcp_options(data: bytes) -> tuple[TcpOption, ...]:
    """Options in order up to the first malformed one; each is (name as tcpdump knows it, its numbers)."""
    options: list[TcpOption] = []
    position = 0
    while position < len(data):
        kind = data[position]
        if kind in _SINGLE_BYTE_OPTIONS:
            options.append((_SINGLE_BYTE_OPTIONS[kind], ()))
            position += 1
            continue
        size = data[position + 1] if position + 1 < len(data) else 0
        if size < 2 or position + size > len(data):
            break
        name, layout = _SIZED_OPTIONS.get(kind, (f"unknown-{kind}", ""))
        value = data[position + 2 : position + size]
        options.append((name, struct.unpack(layout, value) if layout and struct.calcsize(layout) == len(value) else ()))
        position += size
    return tuple(options)
