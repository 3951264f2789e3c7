"""Writers of capture files: classic little-endian pcap and pcapng, both link type Ethernet."""

import struct
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

WHOLE_PACKETS = 65535

_SECTION_HEADER, _INTERFACE, _ENHANCED_PACKET = 0x0A0D0D0A, 1, 6
_COMMENT, _END_OF_OPTIONS, _TIME_RESOLUTION = 1, 0, 9
_ETHERNET = 1


class LittleRoom(BytesIO):
    """A file on a disk with room for so many bytes more: what does not fit is lost, in the middle of a packet as it comes."""

    def __init__(self, path: Path, room: int) -> None:
        super().__init__()
        self._path = path
        self._room = room
        path.touch()

    def write(self, data: "Buffer") -> int:
        """Keep what fits."""
        kept = bytes(data)[: max(0, self._room - self.tell())]
        super().write(kept)
        with self._path.open("ab") as file:
            file.write(kept)
        return len(kept)


class PcapFile:
    """Classic pcap, microseconds."""

    def __init__(self, path: Path, snap_length: int | None, file: BinaryIO | None = None) -> None:
        self._snap_length = snap_length or WHOLE_PACKETS
        self._file: BinaryIO = file or path.open("wb")
        self._file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, self._snap_length, _ETHERNET))
        self._file.flush()

    def write(self, at_nanoseconds: int, frame: bytes) -> None:
        """Append one packet, cut to the snap length; its original length is kept."""
        seconds, nanoseconds = divmod(at_nanoseconds, 1_000_000_000)
        kept = frame[: self._snap_length]
        self._file.write(struct.pack("<IIII", seconds, nanoseconds // 1000, len(kept), len(frame)) + kept)

    def close(self) -> None:
        """Flush and close; closing twice is harmless."""
        self._file.close()


class PcapngFile:
    """pcapng with one section whose comment says where the packets come from; nanoseconds."""

    def __init__(self, path: Path, snap_length: int | None, comment: str, file: BinaryIO | None = None) -> None:
        self._snap_length = snap_length or WHOLE_PACKETS
        self._file: BinaryIO = file or path.open("wb")
        section = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)
        self._block(_SECTION_HEADER, section + _option(_COMMENT, comment.encode()) + _option(_END_OF_OPTIONS, b""))
        interface = struct.pack("<HHI", _ETHERNET, 0, self._snap_length)
        self._block(_INTERFACE, interface + _option(_TIME_RESOLUTION, b"\x09") + _option(_END_OF_OPTIONS, b""))
        self._file.flush()

    def write(self, at_nanoseconds: int, frame: bytes) -> None:
        """Append one packet, cut to the snap length; its original length is kept."""
        kept = frame[: self._snap_length]
        fields = (0, at_nanoseconds >> 32, at_nanoseconds & 0xFFFFFFFF, len(kept), len(frame))
        self._block(_ENHANCED_PACKET, struct.pack("<IIIII", *fields) + kept + bytes(-len(kept) % 4))

    def close(self) -> None:
        """Flush and close; closing twice is harmless."""
        self._file.close()

    def _block(self, kind: int, body: bytes) -> None:
        size = struct.pack("<I", len(body) + 12)
        self._file.write(struct.pack("<I", kind) + size + body + size)


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)
