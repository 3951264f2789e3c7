"""Handshake messages out of handshake records: split, coalesced, and with missing parts (RFC 5246 §7.4)."""

from dataclasses import dataclass

from pytest_cucmtls.wire.tls_registry import HANDSHAKE_NAMES

LARGEST_MESSAGE = 1 << 20
"""No certificate chain of a SIP trunk comes near; what claims more is not a handshake message."""


@dataclass(frozen=True, slots=True)
class AssembledMessage:
    """One handshake message; `whole` is False when bytes of it are missing from the capture (they are zero then)."""

    kind: int
    body: bytes
    whole: bool


class HandshakeAssembler:
    """Collects the handshake records of one direction; holds at most one message."""

    __slots__ = ("_held", "_holes", "uncertain")

    def __init__(self) -> None:
        self._held = bytearray()
        self._holes: list[tuple[int, int]] = []
        self.uncertain = False
        """Bytes were lost before: records may already be encrypted, so a message must look exactly right to count."""

    def reset(self) -> None:
        """Forget an unfinished message: bytes were lost."""
        self._held.clear()
        self._holes.clear()
        self.uncertain = True

    @property
    def held_bytes(self) -> int:
        """Bytes of the unfinished message."""
        return len(self._held)

    def feed(self, body: bytes, holes: tuple[tuple[int, int], ...]) -> list[AssembledMessage] | None:
        """Messages completed by one record; None when the record cannot be handshake in clear (it is encrypted).

        `holes` are the (start, end) ranges of `body` that are missing from the capture.
        """
        if self.uncertain and not self._held and not _looks_exact(body):
            return None
        offset = len(self._held)
        self._holes.extend((start + offset, end + offset) for start, end in holes)
        self._held += body
        messages: list[AssembledMessage] = []
        while len(self._held) >= 4:
            if self._damaged(0, 4):
                self.reset()
                break
            length = int.from_bytes(self._held[1:4], "big")
            if self._held[0] not in HANDSHAKE_NAMES or length > LARGEST_MESSAGE:
                self.reset()
                return messages or None
            if len(self._held) < 4 + length:
                break
            messages.append(self._take(4 + length))
        return messages

    def _damaged(self, start: int, end: int) -> bool:
        return any(hole_start < end and hole_end > start for hole_start, hole_end in self._holes)

    def _take(self, size: int) -> AssembledMessage:
        message = AssembledMessage(self._held[0], bytes(self._held[4:size]), not self._damaged(0, size))
        del self._held[:size]
        self._holes = [(start - size, end - size) for start, end in self._holes if end > size]
        return message


def _looks_exact(body: bytes) -> bool:
    """A record that begins with a known message which fits into it (or fills it and goes on in the next record)."""
    if len(body) < 4 or body[0] == 0 or body[0] not in HANDSHAKE_NAMES:
        return False
    length = int.from_bytes(body[1:4], "big")
    return 4 + length <= len(body) or (body[0] == 11 and length <= LARGEST_MESSAGE)
