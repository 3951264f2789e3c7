"""Puts IP fragments together again (RFC 791 §3.2, RFC 8200 §4.5), bounded in memory."""

from collections import OrderedDict
from dataclasses import dataclass, field

_MOST_DATAGRAMS = 512
_MOST_FRAGMENTS = 256
_LARGEST_DATAGRAM = 65535 + 40


@dataclass(slots=True)
class _Partial:
    """The fragments of one datagram seen so far; `size` is known once the last one came."""

    pieces: dict[int, bytes] = field(default_factory=dict)
    held_bytes: int = 0
    size: int | None = None


class FragmentTable:
    """Holds unfinished datagrams; the oldest is forgotten when there are too many, so that 64 MiB are the most ever held."""

    def __init__(self) -> None:
        self._partials: OrderedDict[bytes, _Partial] = OrderedDict()

    def add(self, key: bytes, offset: int, more: bool, data: bytes) -> bytes | None:
        """Adds one fragment (`offset` in bytes); returns the payload of the datagram when it is complete, else None."""
        if offset + len(data) > _LARGEST_DATAGRAM:
            return None
        partial = self._partials.get(key)
        if partial is None:
            if len(self._partials) >= _MOST_DATAGRAMS:
                self._partials.popitem(last=False)
            partial = self._partials[key] = _Partial()
        if len(partial.pieces) < _MOST_FRAGMENTS and partial.held_bytes <= _LARGEST_DATAGRAM and offset not in partial.pieces:
            partial.pieces[offset] = data
            partial.held_bytes += len(data)
        if not more:
            partial.size = offset + len(data)
        whole = _joined(partial)
        if whole is not None:
            del self._partials[key]
        return whole


def _joined(partial: _Partial) -> bytes | None:
    """The whole payload when no byte is missing; where fragments overlap the one that begins first wins."""
    if partial.size is None:
        return None
    whole = bytearray()
    for offset in sorted(partial.pieces):
        if offset > len(whole):
            return None
        whole += partial.pieces[offset][len(whole) - offset :]
    return bytes(whole[: partial.size]) if len(whole) >= partial.size else None
