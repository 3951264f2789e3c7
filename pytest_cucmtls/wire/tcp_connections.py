"""A TCP connection of a capture and its two directions, as they are followed."""

from typing import Protocol

from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.wire.packets import address_text


class Consumer(Protocol):
    """Reads the bytes of one direction in order."""

    @property
    def held_bytes(self) -> int:
        """Bytes kept of records and messages that are not complete yet."""

    def feed(self, data: bytes, start: int, end: int, frame: int, at: int) -> None:
        """The next bytes: ``data[start:end]``."""

    def gap(self, missing: int, cut: bool) -> None:
        """The next `missing` bytes are not in the capture; `cut` when the snap length took them."""


class Direction:
    """One direction of a connection; `consumer` is None while its content is of no interest."""

    __slots__ = ("connection", "consumer", "early", "index", "next_sequence", "pending", "pending_bytes")

    def __init__(self, connection: "Connection", index: int) -> None:
        self.connection = connection
        self.index = index
        self.next_sequence = 0
        self.consumer: Consumer | None = None
        self.pending: dict[int, tuple[bytes, int, int, int]] = {}
        """Sequence number -> (bytes, bytes cut after them, frame, nanoseconds) of segments that came too early."""
        self.pending_bytes = 0
        self.early: list[tuple[int, bytes, int, int, int]] | None = []
        """First segments of a stream whose beginning was not seen: the beginning may come later. None: no longer kept."""


class Connection:
    """Both directions of one connection, from its SYN or from where the capture begins."""

    __slots__ = (
        "answered", "closed_by", "content", "data_seen", "directions", "fin", "first_at", "first_frame",
        "first_sequence", "keys", "last_at", "opener", "refused", "reset",
    )  # fmt: skip

    def __init__(self, key: bytes, frame: int, at: int) -> None:
        self.keys = (key, reverse_key(key))
        self.directions = (Direction(self, 0), Direction(self, 1))
        self.first_frame = frame
        self.first_at = at
        self.last_at = at
        self.opener: int | None = None
        self.first_sequence: int | None = None
        self.answered = False
        self.data_seen = False
        self.refused = False
        self.reset = False
        self.closed_by: int | None = None
        self.fin = 0
        self.content: object | None = None
        """What the reader of the content keeps per connection."""

    def endpoints(self) -> tuple[Endpoint, Endpoint]:
        """Source of direction 0 and source of direction 1."""
        return source_of(self.keys[0]), source_of(self.keys[1])


def reverse_key(key: bytes) -> bytes:
    """Key of the other direction: source and destination exchanged."""
    half = (len(key) - 4) // 2
    return key[half : 2 * half] + key[:half] + key[-2:] + key[-4:-2]


def source_of(key: bytes) -> Endpoint:
    """The sending endpoint of a key (source‖destination address‖source‖destination port)."""
    half = (len(key) - 4) // 2
    return Endpoint(address_text(key[:half]), int.from_bytes(key[-4:-2], "big"))
