"""Blocks of a pcapng file: sections, interfaces, packets, comments and decryption secrets (draft-ietf-opsawg-pcapng)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_cucmtls.wire.capture_bytes import CaptureBytes
from pytest_cucmtls.wire.key_log import KeyLog

Packet = tuple[int, int, bytes, int, int, int]

SECTION_HEADER = 0x0A0D0D0A
INTERFACE, OLD_PACKET, SIMPLE_PACKET, ENHANCED_PACKET, DECRYPTION_SECRETS = 1, 2, 3, 6, 10
TLS_KEY_LOG = 0x544C534B
LARGEST_BLOCK = 1 << 25
_PACKET_HEAD = {order: struct.Struct(order + "IIIIIII") for order in "<>"}
"""Block type and length, interface, two halves of the time, captured and original length of an enhanced packet block."""
_MOST_COMMENTS = 1000
_MOST_INTERFACES = 65536


@dataclass(slots=True)
class _Interface:
    """One interface description: link type, snap length (0: none) and how its ticks become nanoseconds."""

    link: int
    snap_bytes: int
    ticks_per_second: int = 1_000_000
    offset_seconds: int = 0

    def nanoseconds(self, ticks: int) -> int:
        if self.ticks_per_second == 1_000_000:
            return ticks * 1000 + self.offset_seconds * 1_000_000_000
        return ticks * 1_000_000_000 // self.ticks_per_second + self.offset_seconds * 1_000_000_000


class PcapngBlocks:
    """Reads blocks in order; hands section comments and TLS key logs to the list and the log it was given."""

    def __init__(self, source: CaptureBytes, comments: list[str], key_log: KeyLog) -> None:
        self._source = source
        self._comments = comments
        self._key_log = key_log
        self._interfaces: list[_Interface] = []
        self._order = "<"
        self._number = 0
        self.readable = False
        self.problem: str | None = None

    def packets(self, buffer: bytes) -> Iterator[Packet]:
        """Packets of every section; stops at damage and says why in `problem`."""
        position = 0
        while True:
            limit, unpack = len(buffer), _PACKET_HEAD[self._order].unpack_from
            # The frequent case, a run of enhanced packet blocks; whatever is not exactly that is read block by block below.
            while position + 32 <= limit:
                kind, length, number, high, low, captured, original = unpack(buffer, position)
                if kind != ENHANCED_PACKET or length & 3 or length < 32 + captured or position + length > limit:
                    break
                if number >= len(self._interfaces):
                    break
                interface = self._interfaces[number]
                at = interface.nanoseconds(high << 32 | low)
                self._number += 1
                yield at, interface.link, buffer, position + 28, position + 28 + captured, original
                position += length
            length = self._block_length(buffer, position)
            if length < 0:
                return
            if length == 0 or position + length > len(buffer):
                piece = self._source.next()
                if not piece:
                    self._note_end(buffer, position)
                    return
                buffer, position = buffer[position:] + piece, 0
                continue
            kind = struct.unpack_from(self._order + "I", buffer, position)[0]
            packet = self._read_block(kind, buffer, position, position + length)
            if packet is not None:
                self._number += 1
                yield packet
            if self.problem is not None:
                return
            position += length

    def _note_end(self, buffer: bytes, position: int) -> None:
        if not self.readable:
            self.problem = "the file ends inside the pcapng section header"
        elif position < len(buffer):
            self.problem = f"the file ends in the middle of the block after packet {self._number}"

    def _block_length(self, buffer: bytes, position: int) -> int:
        """Bytes of the block at `position`; 0 when more data is needed, -1 (and `problem` set) when it is damaged."""
        if len(buffer) - position < 12:
            return 0
        if buffer[position : position + 4] == b"\x0a\x0d\x0d\x0a":
            magic = buffer[position + 8 : position + 12]
            if magic not in (b"\x4d\x3c\x2b\x1a", b"\x1a\x2b\x3c\x4d"):
                self.problem = "a pcapng section header without its byte-order magic: the file is damaged"
                return -1
            self._order = "<" if magic == b"\x4d\x3c\x2b\x1a" else ">"
        length: int = struct.unpack_from(self._order + "I", buffer, position + 4)[0]
        if length < 12 or length > LARGEST_BLOCK:
            self.problem = f"the block after packet {self._number} claims {length} bytes: the file is damaged there"
            return -1
        return length + (-length % 4)

    def _read_block(self, kind: int, buffer: bytes, start: int, end: int) -> Packet | None:
        body, limit = start + 8, end - 4
        if kind == ENHANCED_PACKET:
            return self._enhanced(buffer, body, limit)
        if kind == SIMPLE_PACKET:
            return self._simple(buffer, body, limit)
        if kind == OLD_PACKET:
            return self._old_packet(buffer, body, limit)
        if kind == INTERFACE:
            self._interface(buffer, body, limit)
        elif kind == SECTION_HEADER:
            self._section(buffer, body, limit)
        elif kind == DECRYPTION_SECRETS:
            self._secrets(buffer, body, limit)
        return None

    def _section(self, buffer: bytes, body: int, limit: int) -> None:
        self.readable = True
        self._interfaces = []
        for code, value in self._options(buffer, body + 16, limit):
            if code == 1 and len(self._comments) < _MOST_COMMENTS:
                self._comments.append(value.decode("utf-8", "replace").rstrip("\0"))

    def _interface(self, buffer: bytes, body: int, limit: int) -> None:
        if limit - body < 8 or len(self._interfaces) >= _MOST_INTERFACES:
            self.problem = "an interface description that cannot be read: the file is damaged"
            return
        link, snap = struct.unpack_from(self._order + "H2xI", buffer, body)
        interface = _Interface(link, snap)
        for code, value in self._options(buffer, body + 8, limit):
            if code == 9 and value:
                exponent = value[0] & 0x7F
                interface.ticks_per_second = 2**exponent if value[0] & 0x80 else 10 ** min(exponent, 30)
            elif code == 14 and len(value) == 8:
                interface.offset_seconds = struct.unpack(self._order + "q", value)[0]
        self._interfaces.append(interface)

    def _enhanced(self, buffer: bytes, body: int, limit: int) -> Packet | None:
        if limit - body < 20:
            self._note_damaged_packet()
            return None
        number, high, low, length, original = struct.unpack_from(self._order + "IIIII", buffer, body)
        if number >= len(self._interfaces) or body + 20 + length > limit:
            self._note_damaged_packet()
            return None
        interface = self._interfaces[number]
        at = interface.nanoseconds(high << 32 | low)
        return at, interface.link, buffer, body + 20, body + 20 + length, original

    def _simple(self, buffer: bytes, body: int, limit: int) -> Packet | None:
        """A packet without a time: 0 stands for "unknown"."""
        if limit - body < 4 or not self._interfaces:
            self._note_damaged_packet()
            return None
        interface = self._interfaces[0]
        original = struct.unpack_from(self._order + "I", buffer, body)[0]
        length = min(original, interface.snap_bytes or original, limit - body - 4)
        return 0, interface.link, buffer, body + 4, body + 4 + length, original

    def _old_packet(self, buffer: bytes, body: int, limit: int) -> Packet | None:
        if limit - body < 20:
            self._note_damaged_packet()
            return None
        number, high, low, length, original = struct.unpack_from(self._order + "H2xIIII", buffer, body)
        if number >= len(self._interfaces) or body + 20 + length > limit:
            self._note_damaged_packet()
            return None
        interface = self._interfaces[number]
        return interface.nanoseconds(high << 32 | low), interface.link, buffer, body + 20, body + 20 + length, original

    def _note_damaged_packet(self) -> None:
        self.problem = f"packet {self._number + 1} cannot be read: its block is damaged or its interface is not described"

    def _secrets(self, buffer: bytes, body: int, limit: int) -> None:
        if limit - body < 8:
            return
        kind, length = struct.unpack_from(self._order + "II", buffer, body)
        if kind == TLS_KEY_LOG:
            self._key_log.add(buffer[body + 8 : min(body + 8 + length, limit)].decode("ascii", "replace"))

    def _options(self, buffer: bytes, position: int, limit: int) -> Iterator[tuple[int, bytes]]:
        while position + 4 <= limit:
            code, length = struct.unpack_from(self._order + "HH", buffer, position)
            if code == 0 or position + 4 + length > limit:
                return
            yield code, buffer[position + 4 : position + 4 + length]
            position += 4 + length + (-length % 4)
