"""Packets of a capture file, pcap or pcapng, recognised by content (draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from pytest_cucmtls.wire.capture_bytes import CaptureBytes
from pytest_cucmtls.wire.key_log import KeyLog
from pytest_cucmtls.wire.pcapng import PcapngBlocks

Packet = tuple[int, int, bytes, int, int, int]
"""(nanoseconds since 1970, link type, buffer, start, end, original length); the packet is ``buffer[start:end]``."""

LARGEST_PACKET = 1 << 24
"""A packet that claims more bytes than this is damage, not a packet (libpcap's own limit is 256 KiB, 128 MiB for USB)."""

_PCAP_MAGICS = {
    0xA1B2C3D4: (1000, 16),
    0xA1B23C4D: (1, 16),
    0xA1B2CD34: (1000, 24),
}
"""Magic -> (nanoseconds per unit of the fraction, bytes of a packet header)."""

_OTHER_FORMATS = (
    (b"\x28\xb5\x2f\xfd", "zstandard-compressed data: unpack it first"),
    (b"BZh", "bzip2-compressed data: unpack it first"),
    (b"\xfd7zXZ\x00", "xz-compressed data: unpack it first"),
    (b"\x04\x22\x4d\x18", "lz4-compressed data: unpack it first"),
    (b"PK\x03\x04", "a zip archive: unpack it first"),
    (b"snoop\x00", "a snoop file: convert it to pcap"),
)


@dataclass(frozen=True, slots=True)
class ClassicLayout:
    """How the records of a pcap file lie: byte order, nanoseconds per unit of the fraction, link type, the first piece."""

    order: str
    unit: int
    link: int
    buffer: bytes


class PacketFile:
    """Reads one capture file as a stream; `problem`, `comments` and `key_log` are complete when `packets` is exhausted."""

    def __init__(self, stream: BinaryIO, key_log: KeyLog | None = None) -> None:
        self._bytes = CaptureBytes(stream)
        self._head: bytes | None = None
        self._readable = False
        self._problem: str | None = None
        self._blocks: PcapngBlocks | None = None
        self.comments: list[str] = []
        self.key_log = KeyLog() if key_log is None else key_log
        """TLS secrets: those given, and those of decryption secrets blocks as they are read."""

    def sha256(self) -> str:
        """Lower-case hex digest of the file as stored."""
        return self._bytes.sha256()

    @property
    def problem(self) -> str | None:
        """Why reading stopped before the end of a whole file, or why the file is no capture; None when all is well."""
        return self._bytes.problem or self._problem or (self._blocks.problem if self._blocks else None)

    @property
    def readable(self) -> bool:
        """The file header was recognised."""
        return self._readable or (self._blocks is not None and self._blocks.readable)

    def classic_layout(self) -> ClassicLayout | None:
        """For a reader that walks the records of a pcap file itself, by `more`; None for every other file: then use `packets`."""
        head = self._first()
        order = _byte_order(head)
        if order is None or len(head) < 24:
            return None
        magic, link = struct.unpack_from(order + "I16xI", head)
        unit, header = _PCAP_MAGICS[magic]
        if header != 16:
            return None
        self._readable = True
        return ClassicLayout(order, unit, link & 0x0FFFFFFF, head)

    def more(self, rest: bytes, number: int) -> bytes:
        """`rest`, the beginning of packet `number`, with the next piece of the file behind it; b"" at the end of the file."""
        piece = self._bytes.next()
        if piece:
            return rest + piece
        if rest:
            self._problem = f"the file ends in the middle of packet {number}"
        return b""

    def damaged(self, number: int, length: int) -> None:
        """Packet `number` claims an impossible length: nothing behind it can be read."""
        self._problem = f"packet {number} claims {length} bytes: the file is damaged there"

    def _first(self) -> bytes:
        if self._head is None:
            head = self._bytes.first()
            while len(head) < 28 and (more := self._bytes.next()):
                head += more
            self._head = head
        return self._head

    def packets(self) -> Iterator[Packet]:
        """Every packet in file order. Ends at the first damage and then says why in `problem`; raises nothing."""
        head = self._first()
        if head[:4] == b"\x0a\x0d\x0d\x0a":
            self._blocks = PcapngBlocks(self._bytes, self.comments, self.key_log)
            return self._blocks.packets(head)
        return self._classic(head)

    def _classic(self, head: bytes) -> Iterator[Packet]:
        order = _byte_order(head)
        if order is None:
            self._problem = _what_it_is_not(head)
            return iter(())
        if len(head) < 24:
            self._problem = "the file ends inside the pcap file header"
            return iter(())
        self._readable = True
        magic, link = struct.unpack_from(order + "I16xI", head)
        return self._records(head, order, magic, link & 0x0FFFFFFF)

    def _records(self, buffer: bytes, order: str, magic: int, link: int) -> Iterator[Packet]:
        unit, header = _PCAP_MAGICS[magic]
        unpack = struct.Struct(order + "IIII").unpack_from
        position, number = 24, 0
        while True:
            limit = len(buffer)
            while position + header <= limit:
                seconds, fraction, length, original = unpack(buffer, position)
                if length > LARGEST_PACKET:
                    self.damaged(number + 1, length)
                    return
                end = position + header + length
                if end > limit:
                    break
                number += 1
                yield seconds * 1_000_000_000 + fraction * unit, link, buffer, position + header, end, original
                position = end
            buffer, position = self.more(buffer[position:], number + 1), 0
            if not buffer:
                return


def _byte_order(head: bytes) -> str | None:
    """``<`` or ``>`` when the first four bytes are a pcap magic, else None."""
    for order in "<>":
        if len(head) >= 4 and struct.unpack_from(order + "I", head)[0] in _PCAP_MAGICS:
            return order
    return None


def _what_it_is_not(head: bytes) -> str:
    if not head:
        return "the file is empty"
    for magic, meaning in _OTHER_FORMATS:
        if head.startswith(magic):
            return f"not a pcap or pcapng file: {meaning}"
    if len(head) < 4:
        return "the file ends inside the pcap file header"
    return f"not a pcap or pcapng file: it begins with {head[:8].hex(' ')}"
