"""The TLS record layer of one direction of a connection: where records begin, gaps survived (RFC 5246 §6.2, RFC 8446 §5.1)."""

from typing import Protocol

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA, HEARTBEAT = 20, 21, 22, 23, 24
LARGEST_RECORD = (1 << 14) + 2048
"""RFC 5246 §6.2.3: ciphertext may exceed plaintext by 2048 bytes."""


Holes = tuple[tuple[int, int], ...]
"""(start, end) ranges of a record's body that are missing from the capture; the bytes there are zero."""


class RecordListener(Protocol):
    """Who is told about records; `direction` is 0 or 1, `at` nanoseconds since 1970."""

    def held_bytes(self, direction: int) -> int:
        """Bytes kept of a message that is not complete yet."""

    def record(self, direction: int, kind: int, version: int, body: bytes, holes: Holes, frame: int, at: int) -> None:
        """A record of full length; bytes missing from the capture are zero and listed in `holes`."""

    def opaque(self, direction: int, length: int, frame: int, at: int) -> None:
        """The header of an application record whose content is not wanted."""

    def damaged(self, direction: int, cut: bool) -> None:
        """Bytes inside the record being read are missing; `cut` when the capture's snap length took them."""

    def lost(self, direction: int, cut: bool) -> None:
        """Bytes are missing and it is unknown what they were; `cut` as above."""


def looks_like_record(data: bytes, start: int, end: int) -> bool:
    """Five bytes at `start` are a plausible TLS record header; with more bytes, a handshake's type is plausible too."""
    if end - start < 5 or data[start + 1] != 3 or data[start + 2] > 4:
        return False
    kind, length = data[start], data[start + 3] << 8 | data[start + 4]
    if kind == HANDSHAKE:
        return 0 < length <= LARGEST_RECORD
    if kind == CHANGE_CIPHER_SPEC:
        return length == 1
    if kind == ALERT:
        return 2 <= length <= 256
    return kind == APPLICATION_DATA and 0 < length <= LARGEST_RECORD


class RecordReader:
    """Cuts a byte stream into records and tells `listener`; holds at most one record."""

    __slots__ = ("_direction", "_held", "_holes", "_last", "_listener", "_need", "_skip", "_synchronous", "reads_content")

    def __init__(self, listener: RecordListener, direction: int) -> None:
        self._listener = listener
        self._direction = direction
        self._held = bytearray()
        self._need = 5
        self._skip = 0
        self._holes: list[tuple[int, int]] = []
        self._last = (0, 0)
        self._synchronous = True
        self.reads_content = False
        """When False, application records are only counted."""

    @property
    def held_bytes(self) -> int:
        """Bytes of the unfinished record and of the unfinished message in the records before it."""
        return len(self._held) + self._listener.held_bytes(self._direction)

    def feed(self, data: bytes, start: int, end: int, frame: int, at: int) -> None:
        """The next bytes of the stream: ``data[start:end]``."""
        if (
            end - start > 5
            and data[start] == APPLICATION_DATA
            and not (self._skip or self._held or self.reads_content)
            and self._synchronous
            and _header_is_possible(data, start)
            and end - start == 5 + (data[start + 3] << 8 | data[start + 4])
        ):
            # The frequent case: one whole application record whose content nobody wants.
            self._listener.opaque(self._direction, end - start - 5, frame, at)
            return
        if self._skip:
            if self._skip >= end - start:
                self._skip -= end - start
                return
            start += self._skip
            self._skip = 0
        if not self._synchronous:
            if not looks_like_record(data, start, end):
                return
            self._synchronous = True
        while self._held and start < end:
            start = self._complete_held(data, start, end, frame, at)
        self._read(data, start, end, frame, at)

    def gap(self, missing: int, cut: bool) -> None:
        """`missing` bytes of the stream are not in the capture."""
        if self._skip:
            taken = min(self._skip, missing)
            self._skip -= taken
            missing -= taken
        if len(self._held) >= 5 and missing:
            taken = min(self._need - len(self._held), missing)
            self._holes.append((len(self._held) - 5, len(self._held) - 5 + taken))
            self._held.extend(bytes(taken))
            self._listener.damaged(self._direction, cut)
            missing -= taken
            if len(self._held) == self._need:
                self._deliver_held(*self._last)
        if missing and self._synchronous:
            self._lose(cut)

    def _complete_held(self, data: bytes, start: int, end: int, frame: int, at: int) -> int:
        """Adds bytes to the unfinished record; returns where reading goes on."""
        taken = min(self._need - len(self._held), end - start)
        self._last = (frame, at)
        self._held += data[start : start + taken]
        start += taken
        if len(self._held) < self._need:
            return start
        if self._need == 5:
            header = bytes(self._held)
            if not _header_is_possible(header, 0):
                self._lose(False)
                return end
            length = header[3] << 8 | header[4]
            if header[0] == APPLICATION_DATA and not self.reads_content:
                self._held.clear()
                self._listener.opaque(self._direction, length, frame, at)
                self._skip = max(0, length - (end - start))
                return min(end, start + length)
            self._need = 5 + length
            if length:
                return start
        self._deliver_held(frame, at)
        return start

    def _deliver_held(self, frame: int, at: int) -> None:
        held, holes = bytes(self._held), tuple(self._holes)
        self._held.clear()
        self._holes.clear()
        self._need = 5
        self._listener.record(self._direction, held[0], held[1] << 8 | held[2], held[5:], holes, frame, at)

    def _read(self, data: bytes, start: int, end: int, frame: int, at: int) -> None:
        while start < end:
            left = end - start
            if left < 5:
                self._hold(data, start, end, 5, frame, at)
                return
            if not _header_is_possible(data, start):
                self._lose(False)
                return
            length = data[start + 3] << 8 | data[start + 4]
            if data[start] == APPLICATION_DATA and not self.reads_content:
                self._listener.opaque(self._direction, length, frame, at)
                if left < 5 + length:
                    self._skip = 5 + length - left
                    return
            elif left < 5 + length:
                self._hold(data, start, end, 5 + length, frame, at)
                return
            else:
                version, body = data[start + 1] << 8 | data[start + 2], data[start + 5 : start + 5 + length]
                self._listener.record(self._direction, data[start], version, body, (), frame, at)
            start += 5 + length

    def _hold(self, data: bytes, start: int, end: int, need: int, frame: int, at: int) -> None:
        self._held += data[start:end]
        self._need, self._last = need, (frame, at)

    def _lose(self, cut: bool) -> None:
        self._held.clear()
        self._holes.clear()
        self._need, self._skip, self._synchronous = 5, 0, False
        self._listener.lost(self._direction, cut)


def _header_is_possible(data: bytes, start: int) -> bool:
    """Five bytes at `start` are a record header; asked only where five bytes are."""
    return 20 <= data[start] <= 24 and data[start + 1] == 3 and (data[start + 3] << 8 | data[start + 4]) <= LARGEST_RECORD
