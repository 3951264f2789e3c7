"""The audio of our own phone as values: which packet to send next, what a received one says (RFC 3550, RFC 3711, RFC 4733).

Packets are kept as they came, so that a proof can be made of what was on the wire and not of what a library let through.
"""

import secrets
import struct
from collections import deque
from collections.abc import Iterable
from typing import Final

import pylibsrtp

from pytest_cucmtls.calls.phone_media import MediaAgreement, StreamKeys
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.wire import g711
from pytest_cucmtls.wire.marker_tones import marker_samples
from pytest_cucmtls.wire.pcap_write import Datagram
from pytest_cucmtls.wire.srtp import header_bytes

PACKET_SAMPLES: Final = 160
PACKET_SECONDS: Final = 0.02
EVENT_KEYS: Final = "0123456789*#ABCD"
"""Keys by telephone event number (RFC 4733 §3.2)."""
_EVENT_PACKETS: Final = 5
"""100 ms, then the end twice more (RFC 4733 §2.5.1.4)."""
_PAUSE_PACKETS: Final = 5
_MOST_PACKETS: Final = 6000
"""Two minutes: later packets are counted, not kept."""
_MOST_EARLY: Final = 200
_MOST_SAMPLES: Final = 1_000_000
"""Two minutes of talk, whatever a sender writes into its time stamps."""
_LONGEST_GAP: Final = 16000
"""Samples: the keys of a phone number."""
_PROFILES: Final = {
    "AES_CM_128_HMAC_SHA1_80": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    "AEAD_AES_128_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "AEAD_AES_256_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
}


class RtpVoice:
    """Both directions of one call's audio: plays a marker over and over, keeps what comes."""

    def __init__(self, local: Endpoint, marker: str) -> None:
        self.local = local
        self.marker = marker
        self.agreement: MediaAgreement | None = None
        self.sent = 0
        """Packets sent, telephone events included."""
        self.received = 0
        """Audio and event packets understood; authenticated ones where keys were agreed."""
        self.refused = 0
        """Packets that were no RTP or failed authentication."""
        self.packets: list[Datagram] = []
        """As they came, at most two minutes of them."""
        self.keys_heard = ""
        self._protect: pylibsrtp.Session | None = None
        self._unprotect: pylibsrtp.Session | None = None
        self._early: deque[tuple[bytes, Endpoint, int]] = deque(maxlen=_MOST_EARLY)
        # A start in the lower half keeps the sequence number from wrapping: whoever listens later knows the roll-over counter.
        self._sequence, self._clock, self._ssrc = secrets.randbits(15), secrets.randbits(31), secrets.randbits(32)
        self._emitted = self._ticks = 0
        self._tone: list[bytes] = []
        self._events: deque[tuple[int, int]] = deque()
        """(event, packet of it) still to be sent; event -1 is a pause."""
        self._event_clock = 0
        self._heard: dict[int, bytes] = {}
        """Audio by extended RTP time stamp, relative to the first one."""
        self._first_clock: int | None = None
        self._last_event: int | None = None

    def use(self, agreement: MediaAgreement) -> None:
        """Send and understand like this from now on; what came earlier is understood now."""
        before = self.agreement.keys if self.agreement else None
        self.agreement = agreement
        if agreement.keys is None:
            self._protect = self._unprotect = None
        elif before is None or (before.send, before.receive) != (agreement.keys.send, agreement.keys.receive):
            self._protect = _session(agreement.keys, agreement.keys.send, pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
            self._unprotect = _session(agreement.keys, agreement.keys.receive, pylibsrtp.Policy.SSRC_ANY_INBOUND)
        self._tone = _tone_packets(self.marker, agreement.codec)
        early, self._early = list(self._early), deque(maxlen=_MOST_EARLY)
        for data, src, at in early:
            self.take(data, src, at)

    def press(self, keys: str) -> bool:
        """Send keys as telephone events instead of the next audio; False when the other side takes none of these."""
        if self.agreement is None or self.agreement.event_payload is None or not set(keys.upper()) <= set(EVENT_KEYS):
            return False
        for key in keys.upper():
            self._events.extend((EVENT_KEYS.index(key), number) for number in range(_EVENT_PACKETS + 2))
            self._events.extend((-1, 0) for _ in range(_PAUSE_PACKETS))
        return True

    @property
    def keys_pending(self) -> bool:
        """Keys pressed are not all sent."""
        return bool(self._events)

    def next_packet(self) -> bytes | None:
        """The packet of the next 20 ms, ready for the wire; None while nothing may be sent."""
        agreed = self.agreement
        if agreed is None or not agreed.sends:
            return None
        if self._events:
            return self._event_packet(agreed)
        payload = self._tone[self._ticks % len(self._tone)]
        marker = 0x80 if self.sent == 0 else 0
        packet = self._packet(agreed.payload_type | marker, self._ticks * PACKET_SAMPLES, payload)
        self._ticks += 1
        return packet

    def take(self, data: bytes, src: Endpoint, at: int) -> None:
        """A datagram came; `at` in nanoseconds."""
        if self.agreement is None:
            self._early.append((data, src, at))
            return
        if len(data) < 12 or data[0] >> 6 != 2 or 192 <= data[1] <= 223:
            return  # no RTP: STUN, RTCP beside RTP, strangers
        if len(self.packets) < _MOST_PACKETS:
            self.packets.append(Datagram(at, src, self.local, data))
        try:
            packet = self._unprotect.unprotect(data) if self._unprotect else data
        except pylibsrtp.Error:
            self.refused += 1
            return
        self._understand(packet)

    def samples(self) -> list[int]:
        """Everything heard, in the order of its time stamps, as linear samples; gaps up to two seconds are silence."""
        if self.agreement is None:
            return []
        found: list[int] = []
        end: int | None = None
        for place, payload in sorted(self._heard.items()):
            if len(found) >= _MOST_SAMPLES:
                break
            if end is not None and 0 < place - end <= _LONGEST_GAP:
                found += [0] * (place - end)
            found += g711.decode(self.agreement.codec, payload)
            end = place + len(payload)
        return found

    @property
    def heard_seconds(self) -> float:
        """Audio understood so far."""
        return sum(map(len, self._heard.values())) / 8000

    def _event_packet(self, agreed: MediaAgreement) -> bytes | None:
        event, number = self._events.popleft()
        ticks, self._ticks = self._ticks, self._ticks + 1
        if event < 0:
            payload = self._tone[ticks % len(self._tone)]
            return self._packet(agreed.payload_type, ticks * PACKET_SAMPLES, payload)
        if number == 0:
            self._event_clock = ticks * PACKET_SAMPLES
        end = 0x80 if number >= _EVENT_PACKETS - 1 else 0
        duration = min(number + 1, _EVENT_PACKETS) * PACKET_SAMPLES
        payload = struct.pack(">BBH", event, end | 10, duration)
        return self._packet((agreed.event_payload or 0) | (0x80 if number == 0 else 0), self._event_clock, payload)

    def _packet(self, marker_and_type: int, clock: int, payload: bytes) -> bytes:
        sequence = (self._sequence + self._emitted) & 0xFFFF
        head = struct.pack(">BBHII", 0x80, marker_and_type, sequence, (self._clock + clock) & 0xFFFFFFFF, self._ssrc)
        self._emitted += 1
        self.sent += 1
        return self._protect.protect(head + payload) if self._protect else head + payload

    def _understand(self, packet: bytes) -> None:
        agreed = self.agreement
        start = header_bytes(packet)
        padding = packet[-1] if packet[0] & 0x20 else 0
        payload = packet[start : len(packet) - padding]
        if agreed is None or not payload:
            self.refused += 1
            return
        clock, kind = int.from_bytes(packet[4:8], "big"), packet[1] & 0x7F
        if kind == agreed.event_payload or (kind == 101 and kind != agreed.payload_type):
            self.received += 1
            self._event(clock, payload)
        elif kind in (agreed.payload_type, g711.PAYLOAD_TYPES[agreed.codec]):
            self.received += 1
            self._keep(clock, payload)
        else:
            self.refused += 1

    def _keep(self, clock: int, payload: bytes) -> None:
        if self._first_clock is None:
            self._first_clock = clock
        place = (clock - self._first_clock + 2**31) % 2**32 - 2**31
        if len(self._heard) < _MOST_PACKETS:
            self._heard.setdefault(place, payload[:2048])

    def _event(self, clock: int, payload: bytes) -> None:
        """All packets of one key press share a time stamp (RFC 4733 §2.5.1)."""
        if clock != self._last_event and len(payload) >= 4 and payload[0] < len(EVENT_KEYS):
            self._last_event = clock
            if len(self.keys_heard) < 256:
                self.keys_heard += EVENT_KEYS[payload[0]]


def _session(keys: StreamKeys, key: bytes, direction: int) -> pylibsrtp.Session:
    return pylibsrtp.Session(policy=pylibsrtp.Policy(key=key, ssrc_type=direction, srtp_profile=_PROFILES[keys.crypto_suite]))


def _tone_packets(marker: str, codec: str) -> list[bytes]:
    """One period of the marker; it joins itself without a click."""
    encoded = g711.encode(codec, marker_samples(marker))
    return [encoded[start : start + PACKET_SAMPLES] for start in range(0, len(encoded), PACKET_SAMPLES)]


def lost_packets(packets: Iterable[Datagram]) -> int:
    """How many sequence numbers between the first and the last packet of the most frequent source never came."""
    numbers: dict[bytes, set[int]] = {}
    for one in packets:
        numbers.setdefault(one.payload[8:12], set()).add(int.from_bytes(one.payload[2:4], "big"))
    if not numbers:
        return 0
    seen = max(numbers.values(), key=len)
    first = min(seen)
    relative = {(number - first + 32768) % 65536 - 32768 for number in seen}
    return max(relative) - min(relative) + 1 - len(relative)
