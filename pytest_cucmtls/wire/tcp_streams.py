"""TCP connections of a capture: segments put in order and handed to whoever reads their content (RFC 9293 §3.4)."""

import struct
from collections import deque
from collections.abc import Callable

from pytest_cucmtls.wire.tcp_connections import Connection as Connection
from pytest_cucmtls.wire.tcp_connections import Consumer as Consumer
from pytest_cucmtls.wire.tcp_connections import Direction as Direction
from pytest_cucmtls.wire.tcp_connections import reverse_key as reverse_key
from pytest_cucmtls.wire.tcp_connections import source_of as source_of

FIN, SYN, RST, ACK = 1, 2, 4, 16
_HEADER = struct.Struct(">4xI4xBB")
"""Sequence number, data offset, flags."""
_HALF = 1 << 31
_MASK = (1 << 32) - 1
_MOST_PENDING_SEGMENTS = 256
_MOST_PENDING_BYTES = 1 << 20
_MOST_PENDING_IN_ALL = 1 << 26
_MOST_EARLY_SEGMENTS = 8
_MOST_EARLY_IN_ALL = 1 << 24
_FAR = 1 << 20
"""A segment this far from the expected one, after both ends closed, belongs to another connection on the same ports."""
_ENOUGH_BINARY, _ENOUGH_TEXT = 5, 16
_LETTERS = range(0x41, 0x7B)
_MOST_CLOSED = 4096
_MOST_OPEN = 50_000
_MOST_HELD = 1 << 25
_FED_BETWEEN_CHECKS = 1 << 24
"""After so many bytes it is checked that no more than _MOST_HELD of them are held by the readers of all connections."""


Opened = Callable[[Direction, bytes, int, int], Consumer | None]
"""Asked who reads a stream that shows ``data[start:end]``; None when nobody does."""


class _Beginning:
    """Reads the first bytes of a stream until it is clear who shall read it."""

    __slots__ = ("_direction", "_held", "_recognise")

    def __init__(self, direction: Direction, recognise: Opened) -> None:
        self._direction = direction
        self._recognise = recognise
        self._held = b""

    @property
    def held_bytes(self) -> int:
        """A few at most."""
        return len(self._held)

    def feed(self, data: bytes, start: int, end: int, frame: int, at: int) -> None:
        """The next bytes; with five of a binary stream or sixteen of a text it is recognised, or left alone."""
        if self._held or end - start < _ENOUGH_TEXT:
            data, start, end = self._held + data[start:end], 0, len(self._held) + end - start
            self._held = data
            if end < (_ENOUGH_TEXT if data[0] in _LETTERS else _ENOUGH_BINARY):
                return
        self._direction.consumer = consumer = self._recognise(self._direction, data, start, end)
        if consumer is not None:
            consumer.feed(data, start, end, frame, at)

    def gap(self, missing: int, cut: bool) -> None:
        """The beginning is not in the capture."""
        del missing, cut
        self._direction.consumer = None


class TcpTracker:
    """Follows every connection; tells `recognise` what streams begin with and `finished` when a connection is over."""

    def __init__(self, recognise: Opened, finished: Callable[[Connection], None]) -> None:
        self._recognise = recognise
        self._finished = finished
        self.directions: dict[bytes, Direction] = {}
        self._closed: deque[Connection] = deque()
        self._pending_bytes = 0
        self._early_bytes = 0
        self._fed = 0
        self.shed_connections = 0
        """Concluded before their end because too much was held."""

    def segment(self, key: bytes, data: bytes, start: int, end: int, real_end: int, frame: int, at: int) -> None:
        """One TCP segment, header at `start`; `key` is source‖destination address‖source‖destination port."""
        if start + 20 > end:
            return
        if self._fed > _FED_BETWEEN_CHECKS:
            self._shed()
        sequence, offset, flags = _HEADER.unpack_from(data, start)
        payload = start + (offset >> 4) * 4
        direction = self.directions.get(key)
        if direction is None or flags & (SYN | FIN | RST):
            direction = self._control(direction, key, data, start, flags, frame, at)
        elif direction.connection.fin == 3 and payload < real_end and self._is_far(direction, sequence):
            self._forget(direction.connection)
            direction = self._open(key, frame, at)
        direction.connection.last_at = at
        if payload < real_end and payload >= start + 20 and not flags & RST:
            if flags & SYN:
                sequence += 1
            if (
                direction.next_sequence == sequence
                and real_end == end
                and direction.consumer is not None
                and not direction.pending
            ):
                # The frequent case of `_payload`: whole, in order, nothing waiting.
                direction.connection.data_seen = True
                direction.next_sequence = (sequence + end - payload) & _MASK
                self._fed += end - payload
                direction.consumer.feed(data, payload, end, frame, at)
                return
            if direction.consumer is None and direction.early is None and not _may_begin(data, payload):
                return
            self._payload(direction, sequence, data, min(payload, end), end, max(0, real_end - max(payload, end)), frame, at)

    def _shed(self) -> None:
        """Concludes connections, oldest first, until what the others hold of unfinished records and messages is within bounds."""
        self._fed = 0
        held = {direction.connection: 0 for direction in self.directions.values()}
        for direction in self.directions.values():
            held[direction.connection] += 0 if direction.consumer is None else direction.consumer.held_bytes
        surplus = sum(held.values()) - _MOST_HELD
        for connection, size in held.items():
            if surplus <= 0:
                return
            if size:
                surplus -= size
                self.shed_connections += 1
                self._forget(connection)

    def finish(self) -> None:
        """The capture is over: everything still open is reported."""
        for direction in list(self.directions.values()):
            if direction.index == 0:
                self._conclude(direction.connection)
        self.directions.clear()

    def _control(
        self, direction: Direction | None, key: bytes, data: bytes, start: int, flags: int, frame: int, at: int
    ) -> Direction:
        """First segment of a connection, or one with SYN, FIN or RST."""
        sequence = int.from_bytes(data[start + 4 : start + 8], "big")
        if direction is not None and flags & (SYN | ACK | RST) == SYN and self._is_another(direction, sequence):
            self._forget(direction.connection)
            direction = None
        if direction is None:
            direction = self._open(key, frame, at)
        connection = direction.connection
        if flags & SYN and not flags & RST:
            self._synchronise(direction, sequence, flags)
        elif flags & RST:
            if connection.opener == 1 - direction.index and not connection.answered and not connection.data_seen:
                connection.refused = True
            connection.reset = connection.reset or connection.closed_by is None
            self._close(connection, direction.index, 3)
        elif flags & FIN:
            self._close(connection, direction.index, 1 << direction.index)
        return direction

    @staticmethod
    def _is_another(direction: Direction, sequence: int) -> bool:
        """A SYN on known ports begins another connection, unless it is a repetition or came after its own answer."""
        connection = direction.connection
        if connection.opener == direction.index and connection.first_sequence == sequence:
            return False
        return connection.opener is not None or connection.data_seen or bool(connection.fin)

    @staticmethod
    def _is_far(direction: Direction, sequence: int) -> bool:
        return direction.consumer is not None and _FAR < (sequence - direction.next_sequence) & _MASK < _MASK + 1 - _FAR

    def _open(self, key: bytes, frame: int, at: int) -> Direction:
        connection = Connection(key, frame, at)
        if len(self.directions) >= 2 * _MOST_OPEN:
            self._forget(next(iter(self.directions.values())).connection)
        for direction, direction_key in zip(connection.directions, connection.keys, strict=True):
            self.directions[direction_key] = direction
        return connection.directions[0]

    def _synchronise(self, direction: Direction, sequence: int, flags: int) -> None:
        connection = direction.connection
        if flags & ACK:
            connection.answered = True
            if connection.opener is None:
                connection.opener = 1 - direction.index
        else:
            connection.opener = direction.index
            connection.first_sequence = sequence
        if direction.consumer is None and direction.early == []:
            direction.next_sequence = (sequence + 1) & _MASK
            direction.early = None
            direction.consumer = _Beginning(direction, self._recognise)

    def _close(self, connection: Connection, direction: int, ended: int) -> None:
        if connection.closed_by is None:
            connection.closed_by = direction
        if connection.fin != 3 and connection.fin | ended == 3:
            self._closed.append(connection)
            if len(self._closed) > _MOST_CLOSED:
                self._forget(self._closed.popleft())
        connection.fin |= ended

    def _forget(self, connection: Connection) -> None:
        """Reports a connection and drops its state; does nothing for one already dropped."""
        if self.directions.get(connection.keys[0]) is connection.directions[0]:
            for key in connection.keys:
                self.directions.pop(key, None)
            self._conclude(connection)

    def _conclude(self, connection: Connection) -> None:
        for direction in connection.directions:
            self._drop_early(direction)
            while direction.pending:
                self._skip_gap(direction)
        self._finished(connection)

    def _payload(
        self, direction: Direction, sequence: int, data: bytes, start: int, end: int, cut: int, frame: int, at: int
    ) -> None:
        direction.connection.data_seen = True
        if direction.consumer is None:
            self._scan(direction, sequence, data, start, end, cut, frame, at)
            return
        ahead = (sequence - direction.next_sequence) & _MASK
        if ahead == 0:
            self._deliver(direction, data, start, end, cut, frame, at)
        elif ahead < _HALF:
            self._postpone(direction, sequence, data[start:end], cut, frame, at)
        else:
            self._deliver_rest(direction, _MASK + 1 - ahead, data, start, end, cut, frame, at)

    def _scan(
        self, direction: Direction, sequence: int, data: bytes, start: int, end: int, cut: int, frame: int, at: int
    ) -> None:
        """A segment of a stream nobody reads: does something known begin here?"""
        direction.consumer = self._recognise(direction, data, start, end)
        if direction.consumer is None:
            self._keep_early(direction, (sequence, data[start:end], cut, frame, at))
            return
        early = self._drop_early(direction)
        direction.next_sequence = sequence
        for segment in early:
            if 0 < (segment[0] - sequence) & _MASK < _HALF:
                self._postpone(direction, *segment)
        self._deliver(direction, data, start, end, cut, frame, at)

    def _keep_early(self, direction: Direction, segment: tuple[int, bytes, int, int, int]) -> None:
        if direction.early is None:
            return
        direction.early.append(segment)
        self._early_bytes += len(segment[1])
        if len(direction.early) >= _MOST_EARLY_SEGMENTS or self._early_bytes > _MOST_EARLY_IN_ALL:
            self._drop_early(direction)

    def _drop_early(self, direction: Direction) -> list[tuple[int, bytes, int, int, int]]:
        early, direction.early = direction.early or [], None
        self._early_bytes -= sum(len(segment[1]) for segment in early)
        return early

    def _deliver(self, direction: Direction, data: bytes, start: int, end: int, cut: int, frame: int, at: int) -> None:
        """The bytes that come next, then everything that waited for them."""
        self._hand_over(direction, data, start, end, cut, frame, at)
        while direction.pending and self._deliver_pending(direction, frame, at):
            pass

    def _hand_over(self, direction: Direction, data: bytes, start: int, end: int, cut: int, frame: int, at: int) -> None:
        direction.next_sequence = (direction.next_sequence + end - start + cut) & _MASK
        self._fed += end - start
        if start < end and direction.consumer is not None:
            direction.consumer.feed(data, start, end, frame, at)
        if cut and direction.consumer is not None:
            direction.consumer.gap(cut, True)

    def _deliver_rest(
        self, direction: Direction, behind: int, data: bytes, start: int, end: int, cut: int, frame: int, at: int
    ) -> None:
        """A segment that begins `behind` bytes before the expected one: what is new of it, if anything."""
        if behind >= end - start + cut:
            return
        if behind <= end - start:
            self._deliver(direction, data, start + behind, end, cut, frame, at)
        else:
            self._deliver(direction, data, end, end, cut - (behind - (end - start)), frame, at)

    def _postpone(self, direction: Direction, sequence: int, piece: bytes, cut: int, frame: int, at: int) -> None:
        """Keeps a segment that came before its predecessors; too many of them mean that the predecessors are lost."""
        known = direction.pending.get(sequence)
        if known is not None and len(known[0]) + known[1] >= len(piece) + cut:
            return
        grown = len(piece) - (len(known[0]) if known else 0)
        direction.pending[sequence] = (piece, cut, frame, at)
        direction.pending_bytes += grown
        self._pending_bytes += grown
        if (
            len(direction.pending) > _MOST_PENDING_SEGMENTS
            or direction.pending_bytes > _MOST_PENDING_BYTES
            or self._pending_bytes > _MOST_PENDING_IN_ALL
        ):
            self._skip_gap(direction)

    def _deliver_pending(self, direction: Direction, frame: int, at: int) -> bool:
        """Delivers one waiting segment that has become due; its frame is that of the segment that filled the gap."""
        sequence = direction.next_sequence
        if sequence not in direction.pending:
            overdue = [kept for kept in direction.pending if (kept - sequence) & _MASK >= _HALF]
            if not overdue and direction.consumer is not None:
                return False
            sequence = overdue[0] if overdue else self._nearest(direction)
        piece, cut, own_frame, own_at = self._take_pending(direction, sequence)
        if direction.consumer is None:
            self._scan(direction, sequence, piece, 0, len(piece), cut, own_frame, own_at)
            return True
        behind = (direction.next_sequence - sequence) & _MASK
        if behind < len(piece) + cut:
            taken = min(behind, len(piece))
            self._hand_over(direction, piece, taken, len(piece), cut - (behind - taken), max(frame, own_frame), max(at, own_at))
        return True

    def _take_pending(self, direction: Direction, sequence: int) -> tuple[bytes, int, int, int]:
        segment = direction.pending.pop(sequence)
        direction.pending_bytes -= len(segment[0])
        self._pending_bytes -= len(segment[0])
        return segment

    @staticmethod
    def _nearest(direction: Direction) -> int:
        expected = direction.next_sequence
        return min(direction.pending, key=lambda sequence: (sequence - expected) & _MASK)

    def _skip_gap(self, direction: Direction) -> None:
        """Gives up waiting: the missing bytes are reported as a gap and reading goes on behind them."""
        nearest = self._nearest(direction)
        missing = (nearest - direction.next_sequence) & _MASK
        direction.next_sequence = nearest
        if direction.consumer is not None and missing < _HALF:
            direction.consumer.gap(missing, False)
        while direction.pending and self._deliver_pending(direction, 0, 0):
            pass


def _may_begin(data: bytes, start: int) -> bool:
    """Cheap question before the careful one: TLS records, SSLv2 hellos and SIP all begin otherwise than most other content."""
    head = data[start : start + 4]
    first = head[0] if head else 0
    return 20 <= first <= 23 or head[:3].isalnum() or (first >= 0x80 and head[2:] == b"\1\3")
