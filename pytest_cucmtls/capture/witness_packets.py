"""The packets a second witness needs: the beginning of every TCP connection, whatever it carries."""

import struct
from typing import BinaryIO

from pytest_cucmtls.wire.key_log import KeyLog
from pytest_cucmtls.wire.packets import ETHERNET, TCP, IpReader, locate_ip
from pytest_cucmtls.wire.pcap import PacketFile

BEGINNING_BYTES = 1 << 14
"""Payload kept per direction: several times what a mutual handshake with long chains needs."""
_SYN = 2
_ETHERNET_IPV4 = struct.Struct(">12x3sxH2xHxB2x12s8xBB")
"""Ethernet type with the first byte of IP, total length, fragment field, protocol, addresses and ports, TCP offset, flags."""
_IPV4_WITHOUT_OPTIONS = b"\x08\x00\x45"
_MOST_DIRECTIONS = 500_000


class BeginningsWriter:
    """Copies the beginnings of TCP connections into a pcapng file.

    The choice looks at no content, so that the witness does not depend on what the native reader takes for TLS. Kept are
    packets until 16 KiB of payload went in their direction since its SYN (or since the capture began), and fragments.
    """

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self._sent: dict[bytes, int] = {}
        self._interfaces: dict[int, int] = {}
        self._ip = IpReader()
        self.frames: list[int] = []
        """Number in the source of each packet written: the copy's frame N is the source's ``frames[N - 1]``."""
        target.write(_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))

    def copy(self, source: BinaryIO, key_log: KeyLog) -> str | None:
        """Copies from a capture file; returns why it could not be read to its end, or None.

        TLS secrets inside the file are not copied but added to `key_log`.
        """
        file, unpack, wants = PacketFile(source, key_log), _ETHERNET_IPV4.unpack_from, self._wants_segment
        for frame, (at, link, data, start, end, original) in enumerate(file.packets(), start=1):
            if link == ETHERNET and end - start >= 54:
                # The frequent case, IPv4 without options and fragments in Ethernet, takes one call.
                kind, total, fragment, protocol, key, offset, flags = unpack(data, start)
                if kind == _IPV4_WITHOUT_OPTIONS and not fragment & 0x3FFF and total:
                    if protocol != TCP or not wants(key, flags, total - 20 - (offset >> 4) * 4):
                        continue
                elif not self._is_wanted(link, data, start, end):
                    continue
            elif not self._is_wanted(link, data, start, end):
                continue
            self._write(at, link, data[start:end], original)
            self.frames.append(frame)
        return file.problem

    def _is_wanted(self, link: int, data: bytes, start: int, end: int) -> bool:
        position = locate_ip(link, data, start, end)
        if position < 0:
            return False
        found = self._ip.read(data, position, end)
        if found is None:
            return True
        protocol, addresses, payload, begin, limit, real_end = found
        if protocol != TCP or limit - begin < 20:
            return False
        key = addresses + payload[begin : begin + 4]
        return self._wants_segment(key, payload[begin + 13], real_end - begin - (payload[begin + 12] >> 4) * 4)

    def _wants_segment(self, key: bytes, flags: int, length: int) -> bool:
        """A segment with `length` bytes of payload."""
        if flags & _SYN:
            self._sent[key] = 0
        sent = self._sent.get(key, 0)
        if length > 0 and (len(self._sent) < _MOST_DIRECTIONS or key in self._sent):
            self._sent[key] = sent + length
        return sent < BEGINNING_BYTES and (length > 0 or flags & 7 != 0)

    def _write(self, at: int, link: int, packet: bytes, original: int) -> None:
        number = self._interfaces.get(link)
        if number is None:
            number = self._interfaces[link] = len(self._interfaces)
            nanoseconds = struct.pack("<HHB3xHH", 9, 1, 9, 0, 0)
            self._target.write(_block(1, struct.pack("<HHI", link, 0, 0) + nanoseconds))
        head = struct.pack("<IIIII", number, at >> 32 & 0xFFFFFFFF, at & 0xFFFFFFFF, len(packet), original)
        self._target.write(_block(6, head + packet))


def _block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length
