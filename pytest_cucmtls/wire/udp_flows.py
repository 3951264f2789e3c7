"""UDP datagrams sorted by what they carry: RTP or SRTP, SIP, DTLS."""

from collections.abc import Callable, Iterable
from datetime import datetime

from pytest_cucmtls.model.capture import MediaStream
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.handshakes import Handshake
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.sip import SipOnWire
from pytest_cucmtls.wire.dtls import DtlsFlows
from pytest_cucmtls.wire.packets import address_text
from pytest_cucmtls.wire.rtp import StreamLimit, UdpFlow
from pytest_cucmtls.wire.stream_content import begins_sip

_MOST_FLOWS = 100_000
_MOST_STREAMS = 16_384

SipDatagram = Callable[[bytes, bytes, int, int], None]
"""Told a datagram that begins like SIP: flow key, payload, frame, nanoseconds."""


class UdpFlows:
    """Every direction between two UDP endpoints, by its key (source‖destination address‖source‖destination port)."""

    def __init__(self, sip: SipDatagram) -> None:
        self._sip = sip
        self.flows: dict[bytes, UdpFlow] = {}
        self._dtls = DtlsFlows()
        self._limit = StreamLimit(_MOST_STREAMS)

    def datagram(self, key: bytes, data: bytes, start: int, end: int, real_end: int, frame: int, at: int) -> None:
        """One UDP datagram, its header at `start`."""
        flow = self.flows.get(key)
        if flow is None:
            if len(self.flows) >= _MOST_FLOWS:
                return
            flow = self.flows[key] = UdpFlow(self._limit)
        payload = start + 8
        if payload >= end:
            return
        first = data[payload]
        if first & 0xC0 == 0x80:
            # RTCP types 192 to 223 share the port on RTP/RTCP multiplexing (RFC 5761 §4).
            if end - payload >= 12 and not 192 <= data[payload + 1] <= 223:
                length = data[start + 4] << 8 | data[start + 5]
                flow.packet(data, payload, end, start + length if length >= 8 else real_end, at)
        elif first > 0x40:
            if begins_sip(data, payload, end):
                self._sip(key, data[payload:end], frame, at)
        elif 20 <= first <= 23:
            self._dtls.datagram(key, data, payload, end, frame, at)

    def notes(self) -> tuple[str, ...]:
        """Which limits were reached."""
        flows = (f"only the first {_MOST_FLOWS} UDP flows are read",) if len(self.flows) >= _MOST_FLOWS else ()
        return flows + (() if self._limit.left else (f"only the first {_MOST_STREAMS} media streams are listed",))

    def handshakes(self, certificate_of: Callable[[bytes], Certificate]) -> list[Handshake]:
        """DTLS associations seen."""
        return self._dtls.handshakes(certificate_of)

    def addresses(self) -> set[bytes]:
        """Packed addresses of all flows."""
        found: set[bytes] = set()
        for key in self.flows:
            half = (len(key) - 4) // 2
            found.update((key[:half], key[half : 2 * half]))
        return found

    def media(self, sip: Iterable[SipOnWire]) -> tuple[MediaStream, ...]:
        """RTP and SRTP streams in order of their first packet; `sip` tells which ports SDP announced."""
        described = _describer(sip)
        streams: list[MediaStream] = []
        for key, flow in self.flows.items():
            if flow.streams:
                half = (len(key) - 4) // 2
                src = Endpoint(address_text(key[:half]), int.from_bytes(key[-4:-2], "big"))
                dst = Endpoint(address_text(key[half : 2 * half]), int.from_bytes(key[-2:], "big"))
                at = flow.last_at()
                streams.extend(flow.media(src, dst, described(dst, at) or described(src, at)))
        return tuple(sorted(streams, key=_order))


def _order(stream: MediaStream) -> tuple[str, Endpoint, int]:
    return str(stream.first_at), stream.src, stream.ssrc


def _describer(sip: Iterable[SipOnWire]) -> Callable[[Endpoint, datetime], str | None]:
    """Call-ID of the session description that announced an end, or None."""
    messages = tuple(sip)
    if not messages:
        return lambda _end, _at: None
    # Imported here: most captures of a trunk hold no readable SIP.
    from pytest_cucmtls.wire.media_descriptions import MediaDescriptions

    descriptions = MediaDescriptions(messages)

    def call_of(end: Endpoint, at: datetime) -> str | None:
        found = descriptions.of(end, at)
        return found.call_id if found else None

    return call_of
