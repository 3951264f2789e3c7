"""Loss, order, duplicates and jitter of one RTP stream (RFC 3550 §6.4.1, appendices A.1, A.3, A.8)."""

from pytest_cucmtls.model.capture import MediaQuality

_WINDOW = 512
_FARTHEST_AHEAD = 3000
"""RFC 3550 appendix A.1, MAX_DROPOUT: a sequence number farther ahead begins a new count."""

STATIC_CLOCK_RATES = dict.fromkeys((0, 3, 4, 5, 7, 8, 9, 12, 13, 15, 18), 8000) | {
    6: 16000, 10: 44100, 11: 44100, 14: 90000, 16: 11025, 17: 22050, 25: 90000, 26: 90000, 28: 90000, 31: 90000,
    32: 90000, 33: 90000, 34: 90000,
}  # fmt: skip
"""Payload type -> clock rate in Hz (RFC 3551 §6)."""


class RtpMeasurement:
    """Counts the packets of one SSRC in the order of capture; constant memory."""

    __slots__ = (
        "_earlier", "_first", "_highest", "_jitter", "_longest_gap", "_payload_type", "_seen", "_span", "_transit",
        "clock_rate", "duplicates", "last_at", "out_of_order", "received",
    )  # fmt: skip

    def __init__(self, clock_rate: int | None) -> None:
        self.clock_rate = clock_rate
        self.received = 0
        """Distinct packets."""
        self.duplicates = 0
        self.out_of_order = 0
        self.last_at = 0
        self._first = 0
        self._highest = 0
        self._seen = 0
        """Bit n: the packet n before the highest was seen."""
        self._span = 0
        """Sequence numbers from the first to the highest of the present count."""
        self._earlier = 0
        """The same of the counts before."""
        self._payload_type = -1
        self._transit: float | None = None
        self._jitter = 0.0
        self._longest_gap = 0

    def packet(self, sequence: int, timestamp: int, payload_type: int, at: int) -> bool:
        """One packet, `at` in nanoseconds; False when it was seen before."""
        if not self._is_new(sequence):
            self.duplicates += 1
            return False
        self.received += 1
        if self.last_at and at - self.last_at > self._longest_gap:
            self._longest_gap = at - self.last_at
        self.last_at = max(self.last_at, at)
        if self._payload_type < 0:
            self._payload_type = payload_type
        if self.clock_rate and payload_type == self._payload_type:
            self._update_jitter(timestamp, at)
        return True

    def _is_new(self, sequence: int) -> bool:
        ahead = (sequence - self._highest) & 0xFFFF
        if not self._seen or _FARTHEST_AHEAD <= ahead <= 0x10000 - _WINDOW:
            self._earlier += self._span
            self._highest, self._seen, self._span = sequence, 1, 1
            return True
        if ahead < _FARTHEST_AHEAD:
            if ahead == 0:
                return False
            self._seen = (self._seen << ahead | 1) & ((1 << _WINDOW) - 1)
            self._highest = sequence
            self._span += ahead
            return True
        behind = 0x10000 - ahead
        if self._seen >> behind & 1:
            return False
        self._seen |= 1 << behind
        self._span = max(self._span, behind + 1)
        self.out_of_order += 1
        return True

    def _update_jitter(self, timestamp: int, at: int) -> None:
        """J(i) = J(i-1) + (|D(i-1,i)| - J(i-1))/16, in timestamp units; a jump of the timestamp is no jitter."""
        rate = self.clock_rate or 1
        transit = at * rate / 1e9 - timestamp
        if self._transit is not None:
            difference = abs(transit - self._transit)
            # Timestamps are 32 bits; after a wrap or a new beginning the difference says nothing about the network.
            if difference < 10 * rate:
                self._jitter += (difference - self._jitter) / 16
        self._transit = transit

    def quality(self) -> MediaQuality:
        """What was measured."""
        expected = self._earlier + self._span
        return MediaQuality(
            expected=expected,
            lost=max(0, expected - self.received),
            duplicates=self.duplicates,
            out_of_order=self.out_of_order,
            jitter_seconds=self._jitter / self.clock_rate if self.clock_rate else None,
            longest_gap_seconds=self._longest_gap / 1e9,
        )
