"""Writes UDP datagrams as a capture file that any analyser reads (pcap, link type raw IP)."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_address
from typing import Final

from pytest_cucmtls.model.network import Endpoint

_HEADER: Final = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 101)
"""Nanosecond time stamps, LINKTYPE_RAW (draft-ietf-opsawg-pcap, registry of link types)."""
_UDP = 17


@dataclass(frozen=True, slots=True)
class Datagram:
    """One UDP datagram as it was sent or received."""

    at: int
    """Nanoseconds since 1970."""
    src: Endpoint
    dst: Endpoint
    payload: bytes = field(repr=False)


def capture_of(datagrams: Iterable[Datagram]) -> bytes:
    """The file; addresses must be IP addresses of one family per datagram. Raises: ValueError."""
    return _HEADER + b"".join(_record(one) for one in datagrams)


def _record(one: Datagram) -> bytes:
    packet = _ip_packet(one)
    return struct.pack("<IIII", one.at // 10**9, one.at % 10**9, len(packet), len(packet)) + packet


def _ip_packet(one: Datagram) -> bytes:
    src, dst = ip_address(one.src.ip), ip_address(one.dst.ip)
    if src.version != dst.version:
        raise ValueError("source and destination are of different families")
    length = 8 + len(one.payload)
    pseudo = src.packed + dst.packed + struct.pack(">HH", length, _UDP)
    head = struct.pack(">HHH", one.src.port, one.dst.port, length)
    checksum = _checksum(pseudo + head + b"\0\0" + one.payload) or 0xFFFF
    udp = head + struct.pack(">H", checksum) + one.payload
    if isinstance(src, IPv4Address):
        fields = struct.pack(">BBHHHBBH", 0x45, 0, 20 + length, 0, 0x4000, 64, _UDP, 0) + src.packed + dst.packed
        return fields[:10] + struct.pack(">H", _checksum(fields)) + fields[12:] + udp
    return struct.pack(">IHBB", 6 << 28, length, _UDP, 64) + src.packed + dst.packed + udp


def _checksum(data: bytes) -> int:
    """RFC 1071."""
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
