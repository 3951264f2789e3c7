"""Cuts one capture into one per peer: the packets between some addresses and each peer's, as pcap files of their own."""

import struct
from collections.abc import Mapping
from typing import BinaryIO

from pytest_cucmtls.wire.packets import locate_ip
from pytest_cucmtls.wire.pcap import PacketFile

_NANOSECOND_MAGIC = 0xA1B23C4D
_FILE_HEADER = struct.Struct("<IHHiIII")
_RECORD_HEADER = struct.Struct("<IIII")
_SNAP_LENGTH = 262_144


def cut_capture(stream: BinaryIO, own: frozenset[bytes], peers: Mapping[bytes, str]) -> dict[str, bytes] | None:
    """A pcap file (nanoseconds, packets whole, in order) for each name in `peers`, with the packets between `own` and it.

    Addresses are packed, 4 or 16 bytes. A peer without packets has a file without packets. None when the file cannot be cut
    without losing what it says: it is no capture, is damaged, or mixes link types; raises nothing.
    """
    file = PacketFile(stream)
    pieces: dict[str, bytearray] = {name: bytearray() for name in peers.values()}
    links: set[int] = set()
    for at, link, data, start, end, original in file.packets():
        links.add(link)
        ends = _addresses(link, data, start, end)
        if ends is None:
            continue
        source, destination = ends
        name = peers.get(destination) if source in own else peers.get(source) if destination in own else None
        if name is not None:
            seconds, rest = divmod(at, 1_000_000_000)
            pieces[name] += _RECORD_HEADER.pack(seconds, rest, end - start, original) + data[start:end]
    if not file.readable or file.problem is not None or len(links) > 1:
        return None
    head = _FILE_HEADER.pack(_NANOSECOND_MAGIC, 2, 4, 0, 0, _SNAP_LENGTH, min(links, default=1))
    return {name: head + bytes(piece) for name, piece in pieces.items()}


def _addresses(link: int, data: bytes, start: int, end: int) -> tuple[bytes, bytes] | None:
    """Source and destination of the IP packet in a frame."""
    position = locate_ip(link, data, start, end)
    if position < 0:
        return None
    version = data[position] >> 4
    offset, size = {4: (12, 4), 6: (8, 16)}.get(version, (0, 0))
    first = position + offset
    if not size or first + 2 * size > end:
        return None
    return bytes(data[first : first + size]), bytes(data[first + size : first + 2 * size])
