"""Audio of a simulated phone: PCMU over RTP or SRTP, one packet every 20 ms (RFC 3550, RFC 3551, RFC 3711)."""

import asyncio
import math
import secrets
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import cast

import pylibsrtp

from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.sim.calls.media_negotiation import EVENT_PAYLOAD, Agreement, SrtpKeys

SAMPLES_PER_PACKET = 160
PACKET_INTERVAL_SECONDS = 0.02
FIRST_PORT, LAST_PORT = 16384, 32766
"""CUCM's default media port range."""

EVENT_KEYS = "0123456789*#ABCD"
"""Keys by telephone event number (RFC 4733 §3.2)."""

MEDIA_BLOCKED = "media_blocked"
MEDIA_PACKETS_LOST = "media_packets_lost"
"""Behaviour names: nothing a phone sends arrives; every tenth packet does not."""

_PATIENCE_SECONDS = 3.0
_MOST_EARLY_PACKETS = 200
_TONE_HERTZ = 440
_PROFILES = {
    "AES_CM_128_HMAC_SHA1_80": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    "AEAD_AES_128_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "AEAD_AES_256_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
}


class AudioStream(asyncio.DatagramProtocol):
    """One call's audio at one phone: sends a tone to the other phone and counts what it understands.

    Ends by itself after `packets` sent and received, or when the other side stays silent; `on_finished` is called once.
    """

    def __init__(self, packets: int, interval_seconds: float, on_finished: Callable[[], None]) -> None:
        self.sent = 0
        self.received = 0
        """Packets understood: authenticated ones when keys were agreed."""
        self.refused = 0
        """Packets that failed authentication or were no RTP."""
        self._packets = packets
        self._interval_seconds = interval_seconds
        self._on_finished = on_finished
        self._transport: asyncio.DatagramTransport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._agreement: Agreement | None = None
        self._protect: pylibsrtp.Session | None = None
        self._unprotect: pylibsrtp.Session | None = None
        self._early: list[bytes] = []
        self._finished = False
        # A start in the lower half keeps the sequence number from wrapping, so a late listener knows the roll-over counter.
        self._sequence, self._clock, self._ssrc = secrets.randbits(15), secrets.randbits(32), secrets.randbits(32)
        self._emitted = 0
        """RTP packets of any kind: the sequence number."""
        self.digits = ""
        """Telephone events understood, one character per key press."""
        self._keys: deque[str] = deque()
        self.on_key: Callable[[str], None] | None = None
        """Hears of keys instead of the other phone, where they travel out of band."""
        self._last_event: int | None = None
        """RTP time stamp of the last event heard, which all its packets share."""
        self._send_plain = False
        self.loses_every = 0
        """Every so many-th packet never leaves: 1 loses all, 0 none."""

    @property
    def local(self) -> Endpoint:
        """Where the phone receives."""
        assert self._transport is not None
        return Endpoint(*self._transport.get_extra_info("sockname")[:2])

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop when the socket is open."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, _addr: tuple[str, int]) -> None:
        """Called by the loop; packets ahead of the agreement wait for it."""
        if self._agreement is not None:
            self._take(data)
        elif len(self._early) < _MOST_EARLY_PACKETS:
            self._early.append(data)

    def start(self, agreement: Agreement, *, send_plain: bool = False) -> None:
        """Begin to send and to understand; `send_plain` sends RTP whatever was agreed."""
        self._send_plain = send_plain
        self._use(agreement)
        early, self._early = self._early, []
        for data in early:
            self._take(data)

    def renegotiate(self, agreement: Agreement) -> None:
        """A re-INVITE or UPDATE settled something else: another place, other keys, or a pause."""
        self._use(agreement)

    def rest(self) -> None:
        """Send nothing until the next agreement."""
        if self._agreement is not None:
            self._use(replace(self._agreement, sends=False))

    @property
    def paused(self) -> bool:
        """The call is held: this phone sends nothing."""
        return self._agreement is not None and not self._agreement.sends

    def press(self, keys: str) -> None:
        """Send keys (0-9, *, #, A-D) as telephone events between the next audio packets; others are left out."""
        pressed = [key for key in keys.upper() if key in EVENT_KEYS]
        if self.on_key is None:
            self._keys.extend(pressed)
            return
        for key in pressed:
            self.on_key(key)

    def _use(self, agreement: Agreement) -> None:
        before = self._agreement.keys if self._agreement else None
        self._agreement = agreement
        if agreement.keys is None:
            self._unprotect = self._protect = None
        elif agreement.keys != before:
            self._unprotect = _session(agreement.keys, agreement.keys.receive, pylibsrtp.Policy.SSRC_ANY_INBOUND)
            if not self._send_plain:
                self._protect = _session(agreement.keys, agreement.keys.send, pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
        for timer in (self._timer, self._patience):
            if timer is not None:
                timer.cancel()
        if agreement.sends and not self._finished:
            loop = asyncio.get_running_loop()
            self._patience = loop.call_later(self._packets * self._interval_seconds + _PATIENCE_SECONDS, self._finish)
            self._send_next(loop.time())

    def close(self) -> None:
        """Stop sending and close the socket."""
        for timer in (self._timer, self._patience):
            if timer is not None:
                timer.cancel()
        self._finished = True
        if self._transport is not None:
            self._transport.close()

    def _take(self, data: bytes) -> None:
        try:
            packet = self._unprotect.unprotect(data) if self._unprotect else data
        except pylibsrtp.Error:
            self.refused += 1
        else:
            if len(packet) > 12 and packet[0] >> 6 == 2:
                self._understand(packet)
            else:
                self.refused += 1
        self._finish_if_done()

    def _understand(self, packet: bytes) -> None:
        if packet[1] & 0x7F != EVENT_PAYLOAD:
            self.received += 1
            return
        stamp = int.from_bytes(packet[4:8], "big")
        if stamp != self._last_event and len(packet) >= 16 and packet[12] < len(EVENT_KEYS):
            self._last_event = stamp
            self.digits += EVENT_KEYS[packet[12]]

    def _send_next(self, due: float) -> None:
        if self._finished or self.sent >= self._packets or self._transport is None or self._agreement is None:
            return
        if self._keys and self._agreement.event_payload is not None:
            self._send_event(EVENT_KEYS.index(self._keys.popleft()), self._agreement.event_payload)
        self._write(0x80 if self.sent == 0 else 0, _TONE[self.sent % len(_TONE)])
        self.sent += 1
        self._finish_if_done()
        following = due + self._interval_seconds
        if not self._finished:
            self._timer = asyncio.get_running_loop().call_at(following, self._send_next, following)

    def _send_event(self, event: int, payload_type: int) -> None:
        """A key press of 60 ms: its packets share a time stamp, the end is sent three times (RFC 4733 §2.5)."""
        for number, (end, duration) in enumerate(((0, 160), (0, 320), (0x80, 480), (0x80, 480), (0x80, 480))):
            self._write(payload_type | (0x80 if number == 0 else 0), struct.pack(">BBH", event, end | 10, duration))

    def _write(self, marker_and_type: int, payload: bytes) -> None:
        assert self._transport is not None
        assert self._agreement is not None
        sequence = (self._sequence + self._emitted) & 0xFFFF
        clock = (self._clock + self.sent * SAMPLES_PER_PACKET) & 0xFFFFFFFF
        packet = struct.pack(">BBHII", 0x80, marker_and_type, sequence, clock, self._ssrc) + payload
        remote = self._agreement.remote
        self._emitted += 1
        data = self._protect.protect(packet) if self._protect else packet
        if not self.loses_every or self._emitted % self.loses_every:
            self._transport.sendto(data, (remote.ip, remote.port))

    def _finish_if_done(self) -> None:
        if self.sent >= self._packets and self.received + self.refused >= self._packets:
            self._finish()

    def _finish(self) -> None:
        if not self._finished:
            self._finished = True
            self._on_finished()


def _session(keys: SrtpKeys, key: bytes, direction: int) -> pylibsrtp.Session:
    return pylibsrtp.Session(policy=pylibsrtp.Policy(key=key, ssrc_type=direction, srtp_profile=_PROFILES[keys.suite]))


def encode_mu_law(sample: int) -> int:
    """One 16-bit linear sample as G.711 µ-law (ITU-T G.711 §3.2, table 2)."""
    bias, largest = 0x84, 32635
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), largest) + bias
    exponent = magnitude.bit_length() - 8
    mantissa = magnitude >> (exponent + 3) & 0x0F
    return ~(sign | exponent << 4 | mantissa) & 0xFF


def _tone_packets() -> tuple[bytes, ...]:
    """One second of tone, so that it joins without a click."""
    samples = [round(8000 * math.sin(2 * math.pi * _TONE_HERTZ * index / 8000)) for index in range(8000)]
    encoded = bytes(encode_mu_law(sample) for sample in samples)
    return tuple(encoded[start : start + SAMPLES_PER_PACKET] for start in range(0, 8000, SAMPLES_PER_PACKET))


_TONE = _tone_packets()
