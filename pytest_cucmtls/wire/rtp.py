"""RTP and SRTP streams by content: what a UDP flow carries per SSRC, and whether its payload is in clear (RFC 3550, RFC 3711)."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

from pytest_cucmtls.model.capture import MediaStream
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.wire.capture_time import datetime_of

SAMPLES = 64
SAMPLE_BYTES = 48
_MOST_STREAMS_OF_A_FLOW = 64
_FARTHEST_REORDERED = 50
_ENOUGH_BYTES = 1024
_UNIFORM_AT_MOST, _READABLE_FROM = 360.0, 600.0
"""Chi-square over 256 byte values: random bytes give 255 ± 23, so 360 is out of their reach by more than 4 sigma."""

AUTHENTICATION_TAGS = {4, 8, 10, 14, 16, 18, 20}
"""Bytes SRTP adds: tag of 4 or 10 (RFC 4568 §6.2), 8 or 16 (RFC 7714 §13.2), each also with an MKI of 4."""

Sample = tuple[int, int, int, bytes]
"""(sequence number, timestamp, payload bytes, beginning of the payload)."""


class RtpStream:
    """Packets of one SSRC of one flow; looks closely at the first ones only."""

    __slots__ = ("first_at", "last_at", "packets", "payload_type", "samples", "sequence", "ssrc")

    def __init__(self, ssrc: bytes, at: int) -> None:
        self.ssrc = ssrc
        self.packets = 0
        self.first_at = at
        self.last_at = at
        self.payload_type: int | None = None
        self.samples: list[Sample] = []
        self.sequence = b""
        """Of the last packet: one captured on two interfaces follows itself."""

    def sample(self, data: bytes, start: int, end: int, real_end: int) -> None:
        """Keeps what tells RTP from SRTP of one packet: ``data[start:end]``, `real_end` where it ended before any cut."""
        first = data[start]
        payload = start + 12 + (first & 15) * 4
        if first & 16 and payload + 4 <= end:
            payload += 4 + (data[payload + 2] << 8 | data[payload + 3]) * 4
        if payload > end:
            return
        if self.payload_type is None:
            self.payload_type = data[start + 1] & 0x7F
        sequence = data[start + 2] << 8 | data[start + 3]
        timestamp = int.from_bytes(data[start + 4 : start + 8], "big")
        if data[start + 1] & 0x7F == self.payload_type:
            self.samples.append((sequence, timestamp, real_end - payload, data[payload : min(end, payload + SAMPLE_BYTES)]))

    def is_credible(self) -> bool:
        """Sequence numbers go on as RTP's do: most steps are small and forward (RFC 3550 appendix A.1)."""
        steps = [(after[0] - before[0] + _FARTHEST_REORDERED) & 0xFFFF for before, after in pairwise(self.samples)]
        near = sum(1 for step in steps if step <= 2 * _FARTHEST_REORDERED)
        moved = any(after[0] != before[0] for before, after in pairwise(self.samples))
        return moved and near * 2 > len(steps)


class StreamLimit:
    """How many more streams may be begun in one capture."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left


_NO_STREAM = RtpStream(b"", 0)


class UdpFlow:
    """One direction between two UDP endpoints: its RTP streams by SSRC."""

    __slots__ = ("_limit", "current", "streams")

    def __init__(self, limit: StreamLimit) -> None:
        self._limit = limit
        self.streams: dict[bytes, RtpStream] = {}
        self.current = _NO_STREAM

    def goes_on(self, data: bytes, start: int, end: int, at: int) -> bool:
        """Counts a datagram when it plainly is the next packet of the stream that was seen last and is known well enough."""
        stream = self.current
        if (
            stream.packets < SAMPLES
            or data[start + 8 : start + 12] != stream.ssrc
            or data[start] & 0xC0 != 0x80
            or start + 12 > end
        ):
            return False
        sequence = data[start + 2 : start + 4]
        if sequence != stream.sequence:
            stream.sequence = sequence
            stream.packets += 1
            stream.last_at = at
        return True

    def packet(self, data: bytes, start: int, end: int, real_end: int, at: int) -> None:
        """A datagram that may be RTP: version 2, at least 12 bytes, no RTCP type."""
        ssrc = data[start + 8 : start + 12]
        stream = self.current
        if stream.ssrc != ssrc:
            known = self.streams.get(ssrc)
            if known is None:
                if len(self.streams) >= _MOST_STREAMS_OF_A_FLOW or not self._limit.left:
                    return
                self._limit.left -= 1
                known = self.streams[ssrc] = RtpStream(ssrc, at)
            self.current = stream = known
        sequence = data[start + 2 : start + 4]
        if sequence == stream.sequence:
            return
        stream.sequence = sequence
        stream.packets += 1
        stream.last_at = at
        if stream.packets <= SAMPLES:
            stream.sample(data, start, end, real_end)

    def last_at(self) -> datetime:
        """Time of the last packet of any stream."""
        return datetime_of(max((stream.last_at for stream in self.streams.values()), default=0))

    def media(self, src: Endpoint, dst: Endpoint, call_id: str | None) -> Iterator[MediaStream]:
        """The streams that are RTP: credible by themselves, or to or from an address and port that SDP of `call_id` announced."""
        for stream in self.streams.values():
            if not (stream.is_credible() or (call_id and stream.samples)):
                continue
            kind, reason = tell_kind(stream.payload_type, stream.samples)
            yield MediaStream(
                src=src,
                dst=dst,
                ssrc=int.from_bytes(stream.ssrc, "big"),
                packets=stream.packets,
                kind=kind,
                first_at=datetime_of(stream.first_at),
                last_at=datetime_of(stream.last_at),
                payload_type=stream.payload_type,
                reason=reason,
                call_id=call_id,
            )


def tell_kind(payload_type: int | None, samples: list[Sample]) -> tuple[str | None, str]:
    """(``rtp``, ``srtp`` or None, the reason in words).

    Codecs of fixed rate tell by size: the payload is as long as the time it spans, or longer by an authentication tag.
    Otherwise readable bytes are not evenly spread; evenly spread ones may be encrypted or only compressed: None.
    """
    readable = is_readable(samples)
    excess = _most_common_excess(payload_type, samples)
    if excess == 0:
        return "rtp", "the payload is exactly as long as the time it spans: no authentication tag"
    if excess in AUTHENTICATION_TAGS:
        if readable:
            return "rtp", f"{excess} bytes follow the payload like an authentication tag, but the payload is readable"
        return "srtp", f"{excess} bytes more than the time it spans: an authentication tag"
    if readable:
        return "rtp", "the payload is readable: its bytes are not evenly spread"
    return None, "neither the size nor the content of the payload tells whether it is encrypted"


def _most_common_excess(payload_type: int | None, samples: list[Sample]) -> int | None:
    """Payload bytes beyond what the timestamps account for, in most packets; None when the codec's rate is not fixed."""
    differences: Counter[int] = Counter()
    for before, after in pairwise(samples):
        units = (after[1] - before[1]) & 0xFFFFFFFF
        if (after[0] - before[0]) & 0xFFFF != 1 or not 0 < units <= 8000:
            continue
        expected = _payload_bytes(payload_type, units)
        if expected is not None:
            differences[before[2] - expected] += 1
    if not differences:
        return None
    excess, count = differences.most_common(1)[0]
    return excess if count * 2 > differences.total() else None


def _payload_bytes(payload_type: int | None, units: int) -> int | None:
    """Bytes that codecs of RFC 3551 §6 with a fixed rate send for so many 8 kHz timestamp units."""
    if payload_type in (0, 8, 9):
        return units
    if payload_type == 18 and units % 80 == 0:
        return units // 80 * 10
    if payload_type == 3 and units % 160 == 0:
        return units // 160 * 33
    if payload_type == 15 and units % 20 == 0:
        return units // 20 * 5
    return None


def is_readable(samples: list[Sample]) -> bool:
    """The bytes are so unevenly spread that they are not encrypted; False too when there are too few to tell."""
    spread = _spread(samples)
    return spread is not None and spread > _READABLE_FROM


def _spread(samples: list[Sample]) -> float | None:
    """Chi-square statistic of the sampled bytes against an even spread; None when there are too few."""
    counts: Counter[int] = Counter()
    for _, _, _, beginning in samples:
        counts.update(beginning)
    total = counts.total()
    if total < _ENOUGH_BYTES:
        return None
    expected = total / 256
    return sum((counts[value] - expected) ** 2 for value in range(256)) / expected
