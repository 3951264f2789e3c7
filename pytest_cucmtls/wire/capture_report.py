"""A capture file as one report: handshakes, connections, SIP in clear, media streams (DESIGN §5, §6)."""

import struct
from typing import BinaryIO

from pytest_cucmtls.model.capture import CaptureReport, TcpConnection
from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.model.handshakes import Handshake
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.sip import SipOnWire
from pytest_cucmtls.wire.capture_time import datetime_of
from pytest_cucmtls.wire.key_log import KeyLog
from pytest_cucmtls.wire.packets import ETHERNET, TCP, UDP, IpReader, address_text, link_type_is_known, locate_ip
from pytest_cucmtls.wire.pcap import LARGEST_PACKET, ClassicLayout, PacketFile
from pytest_cucmtls.wire.presented_certificates import PresentedCertificates
from pytest_cucmtls.wire.rtp import SAMPLES
from pytest_cucmtls.wire.sip_messages import parse_sip_message
from pytest_cucmtls.wire.stream_content import ContentRecogniser, TlsContent
from pytest_cucmtls.wire.tcp_streams import Connection, Direction, TcpTracker, source_of
from pytest_cucmtls.wire.tls_conclusions import ConnectionFacts, conclude
from pytest_cucmtls.wire.udp_flows import UdpFlows

_ETHERNET_IPV4 = struct.Struct(">12x3sxH2xHxB2x12s8xH")
"""Ethernet type with the first byte of IP, total length, fragment field, protocol, addresses and ports, TCP offset and flags."""
_FREQUENT = {order: struct.Struct(order + "IIII12x3sxBB2x2sxB2x12s4xBx2sBB2x4s") for order in "<>"}
"""A pcap record with IPv4 in Ethernet: its header, Ethernet type with the first byte of IP, total length, fragment field,
protocol, addresses and ports; then at the places of UDP's payload the first byte and sequence number of RTP, at those of TCP its
offset and flags, and RTP's SSRC."""
_FREQUENT_BYTES = 54
_RECORD_HEAD = {order: struct.Struct(order + "IIII") for order in "<>"}
_WHOLE = {b"\0\0", b"\x40\0"}
"""Fragment fields of packets that are no fragments, without and with "don't fragment"."""
_IPV4_WITHOUT_OPTIONS = b"\x08\x00\x45"

MOST_SIP_MESSAGES = 100_000
MOST_SIP_BYTES = 1 << 26
MOST_CONNECTIONS = 100_000
MOST_HANDSHAKES = 20_000
_CAPTURED_TWICE_NANOSECONDS = 10_000_000
"""A datagram seen again so soon was captured on two interfaces: SIP repeats after half a second (RFC 3261 §17.1.1.1, T1)."""
MOST_ADDRESSES = 65_536


def parse_capture(stream: BinaryIO, *, key_log: str | KeyLog | None = None) -> CaptureReport:
    """Everything one capture file shows: pcap or pcapng, plain or gzip, read once from start to end.

    With `key_log` (text in NSS format, or a KeyLog, which may hold private keys too) or decryption secrets inside a pcapng
    file, the certificates of TLS 1.3 and the SIP inside TLS become visible; such handshakes have `decrypted` set.

    Raises nothing on bad content: what is no capture has `readable` False and a `problem`; a damaged or cut file has the
    report of everything before the damage, and a `problem`.
    """
    return CaptureReading(stream, key_log if isinstance(key_log, KeyLog) else KeyLog(key_log or "")).report()


class CaptureReading:
    """One pass over one capture file."""

    def __init__(self, stream: BinaryIO, key_log: KeyLog) -> None:
        self._file = PacketFile(stream, key_log)
        self._ip = IpReader()
        self._udp = UdpFlows(self._sip_datagram)
        self._tcp = TcpTracker(ContentRecogniser(self._sip_in_stream, key_log).recognise, self._connection_over)
        self._certificates = PresentedCertificates()
        self._handshakes: list[Handshake] = []
        self._connections: list[TcpConnection] = []
        self._sip: list[SipOnWire] = []
        self._sip_bytes = 0
        self._last_datagram: tuple[tuple[bytes, bytes], int] = ((b"", b""), 0)
        self._addresses: set[bytes] = set()
        self._notes: dict[str, None] = {}
        self._packets = 0
        self._cut_packets = 0
        self._first_at = 0
        self._last_at = 0

    def report(self) -> CaptureReport:
        """Reads the file and sums up."""
        self._read_packets()
        if self._tcp.shed_connections:
            self._notes[f"{self._tcp.shed_connections} connections were given up: too many unfinished messages at once"] = None
        self._tcp.finish()
        self._handshakes.extend(self._udp.handshakes(self._certificates.read))
        streams, addresses = self._udp.media(self._sip), self._addresses | self._ip.addresses | self._udp.addresses()
        timed = self._packets and self._last_at
        return CaptureReport(
            sha256=self._file.sha256(),
            readable=self._file.readable,
            problem=self._file.problem,
            packets=self._packets,
            cut_packets=self._cut_packets,
            first_at=datetime_of(self._first_at) if timed else None,
            last_at=datetime_of(self._last_at) if timed else None,
            handshakes=tuple(sorted(self._handshakes, key=lambda handshake: handshake.first_frame)),
            connections=tuple(sorted(self._connections, key=lambda connection: connection.first_frame)),
            sip=tuple(sorted(self._sip, key=lambda message: message.frame)),
            streams=streams,
            addresses=tuple(sorted(address_text(packed) for packed in addresses)),
            comments=tuple(self._file.comments),
            notes=(*self._notes, *self._udp.notes()),
        )

    def _read_packets(self) -> None:
        layout = self._file.classic_layout()
        if layout is None or layout.link != ETHERNET:
            self._read_any_packets()
        else:
            self._read_ethernet_records(layout)

    def _read_any_packets(self) -> None:
        """Every kind of file and link type, packet by packet; what is frequent takes one call here too."""
        frame = cut = last_at = 0
        tcp_segment, udp_datagram, other_packet = self._tcp.segment, self._udp.datagram, self._other_packet
        flow_of, direction_of, unpack = self._udp.flows.get, self._tcp.directions.get, _ETHERNET_IPV4.unpack_from
        for at, link, data, start, end, original in self._file.packets():
            frame += 1
            if end - start < original:
                cut += 1
            if at > last_at:
                last_at = at
                if frame == 1:
                    self._first_at = at
            if link != ETHERNET or end - start < _FREQUENT_BYTES:
                other_packet(link, data, start, end, frame, at)
                continue
            kind, total, fragment, protocol, key, tcp_flags = unpack(data, start)
            if kind != _IPV4_WITHOUT_OPTIONS or fragment & 0x3FFF or total < 28:
                other_packet(link, data, start, end, frame, at)
                continue
            real_end = start + 14 + total
            if protocol == UDP:
                flow = flow_of(key)
                if flow is None or not flow.goes_on(data, start + 42, end, at):
                    udp_datagram(key, data, start + 34, end if end < real_end else real_end, real_end, frame, at)
            elif protocol == TCP:
                if tcp_flags & 0xFFF == 16 and real_end - start - 34 == (tcp_flags >> 12) * 4:
                    direction = direction_of(key)
                    if direction is not None:
                        direction.connection.last_at = at
                        continue
                tcp_segment(key, data, start + 34, end if end < real_end else real_end, real_end, frame, at)
            else:
                other_packet(link, data, start, end, frame, at)
        self._packets, self._cut_packets, self._last_at = frame, cut, last_at

    def _read_ethernet_records(self, layout: ClassicLayout) -> None:
        """The hot loop: what is frequent in a pcap file (IPv4, no options, no fragments) is unpacked by one call."""
        buffer, position, unit = layout.buffer, 24, layout.unit
        tcp_segment, udp_datagram, other_packet = self._tcp.segment, self._udp.datagram, self._other_packet
        flow_of, direction_of = self._udp.flows.get, self._tcp.directions.get
        unpack, unpack_head, frame = _FREQUENT[layout.order].unpack_from, _RECORD_HEAD[layout.order].unpack_from, self._packets
        while buffer:
            limit, last_at = len(buffer), self._last_at
            if not frame and position + 16 <= limit:
                seconds, fraction = unpack_head(buffer, position)[:2]
                self._first_at = seconds * 1_000_000_000 + fraction * unit
            while position + 16 + _FREQUENT_BYTES <= limit:
                (seconds, fraction, length, original, kind, high, low, fragment, protocol, key, first, sequence, offset, flags,
                 ssrc) = unpack(buffer, position)  # fmt: skip
                start = position + 16
                end = start + length
                if end > limit:
                    break
                position = end
                frame += 1
                at = seconds * 1_000_000_000 + fraction * unit
                if at > last_at:
                    last_at = at
                if length < original:
                    self._cut_packets += 1
                total = high << 8 | low
                if kind != _IPV4_WITHOUT_OPTIONS or fragment not in _WHOLE or length < _FREQUENT_BYTES or total < 28:
                    other_packet(ETHERNET, buffer, start, end, frame, at)
                    continue
                real_end = start + 14 + total
                if protocol == UDP:
                    flow = flow_of(key)
                    stream = None if flow is None else flow.current
                    if stream is not None and stream.packets >= SAMPLES and ssrc == stream.ssrc and first & 0xC0 == 0x80:
                        # The next packet of a stream that is known well enough: counted, unless it was captured twice.
                        if sequence != stream.sequence:
                            stream.sequence = sequence
                            stream.packets += 1
                            stream.last_at = at
                        continue
                    udp_datagram(key, buffer, start + 34, end if end < real_end else real_end, real_end, frame, at)
                elif protocol == TCP:
                    if flags == 16 and real_end - start - 34 == (offset >> 4) * 4:
                        # A mere acknowledgement: nothing to do but to note the time.
                        direction = direction_of(key)
                        if direction is not None:
                            direction.connection.last_at = at
                            continue
                    tcp_segment(key, buffer, start + 34, end if end < real_end else real_end, real_end, frame, at)
                else:
                    other_packet(ETHERNET, buffer, start, end, frame, at)
            self._packets, self._last_at = frame, last_at
            buffer, position = self._read_short_records(layout, buffer, position)
            frame = self._packets

    def _read_short_records(self, layout: ClassicLayout, buffer: bytes, position: int) -> tuple[bytes, int]:
        """What is left at the end of a piece of a pcap file; returns the next piece and where its first record begins."""
        unpack = _RECORD_HEAD[layout.order].unpack_from
        while position + 16 <= len(buffer):
            seconds, fraction, length, original = unpack(buffer, position)
            start = position + 16
            if length > LARGEST_PACKET:
                self._file.damaged(self._packets + 1, length)
                return b"", 0
            if start + length > len(buffer):
                break
            at = seconds * 1_000_000_000 + fraction * layout.unit
            self._packets += 1
            self._cut_packets += length < original
            self._last_at = max(self._last_at, at)
            self._other_packet(ETHERNET, buffer, start, start + length, self._packets, at)
            position = start + length
        return self._file.more(buffer[position:], self._packets + 1), 0

    def _other_packet(self, link: int, data: bytes, start: int, end: int, frame: int, at: int) -> None:
        """Any link type, tags, IPv6, options, fragments, tunnels."""
        position = locate_ip(link, data, start, end)
        if position < 0:
            if not link_type_is_known(link):
                self._notes[f"packets of link type {link} cannot be read"] = None
            return
        found = self._ip.read(data, position, end)
        if found is None or found[4] - found[3] < 8:
            return
        protocol, addresses, payload, begin, limit, real_end = found
        if protocol == UDP:
            self._udp.datagram(addresses + payload[begin : begin + 4], payload, begin, limit, real_end, frame, at)
        elif protocol == TCP:
            self._tcp.segment(addresses + payload[begin : begin + 4], payload, begin, limit, real_end, frame, at)

    def _sip_datagram(self, key: bytes, data: bytes, frame: int, at: int) -> None:
        known, known_at = self._last_datagram
        self._last_datagram = (key, data), at
        if known == (key, data) and 0 <= at - known_at < _CAPTURED_TWICE_NANOSECONDS:
            return
        self._keep_sip(data, source_of(key), _destination_of(key), "udp", frame, at)

    def _sip_in_stream(self, data: bytes, direction: Direction, transport: str, frame: int, at: int) -> None:
        ends = direction.connection.endpoints()
        self._keep_sip(data, ends[direction.index], ends[1 - direction.index], transport, frame, at)

    def _keep_sip(self, data: bytes, src: Endpoint, dst: Endpoint, transport: str, frame: int, at: int) -> None:
        if len(self._sip) >= MOST_SIP_MESSAGES or self._sip_bytes > MOST_SIP_BYTES:
            self._notes[f"only the first {len(self._sip)} SIP messages are listed"] = None
            return
        try:
            message = parse_sip_message(data)
        except UnexpectedAnswer:
            return
        self._sip_bytes += len(data)
        self._sip.append(SipOnWire(message, src, dst, transport, frame, datetime_of(at)))

    def _connection_over(self, connection: Connection) -> None:
        ends = connection.endpoints()
        if len(self._addresses) < MOST_ADDRESSES:
            self._addresses.update(_packed_addresses(connection.keys[0]))
        client = connection.opener
        if isinstance(connection.content, TlsContent) and connection.content.observer.is_credible:
            if len(self._handshakes) >= MOST_HANDSHAKES:
                self._notes[f"only the first {MOST_HANDSHAKES} TLS handshakes are listed"] = None
                return
            facts = _facts(connection, ends)
            handshake = conclude(connection.content.observer, facts, self._certificates.read)
            self._handshakes.append(handshake)
            client = ends.index(handshake.client)
        if len(self._connections) >= MOST_CONNECTIONS:
            self._notes[f"only the first {MOST_CONNECTIONS} connections are listed"] = None
            return
        if client is None:
            client = 0 if ends[0].port >= ends[1].port else 1
        self._connections.append(
            TcpConnection(
                client=ends[client],
                server=ends[1 - client],
                first_frame=connection.first_frame,
                at=datetime_of(connection.first_at),
                opened=connection.answered or connection.data_seen,
                refused=connection.refused,
                last_at=datetime_of(connection.last_at),
            )
        )


def _facts(connection: Connection, ends: tuple[Endpoint, Endpoint]) -> ConnectionFacts:
    return ConnectionFacts(
        ends, connection.opener, connection.first_frame, connection.first_at, connection.closed_by, connection.reset
    )


def _destination_of(key: bytes) -> Endpoint:
    half = (len(key) - 4) // 2
    return Endpoint(address_text(key[half : 2 * half]), int.from_bytes(key[-2:], "big"))


def _packed_addresses(key: bytes) -> tuple[bytes, bytes]:
    half = (len(key) - 4) // 2
    return key[:half], key[half : 2 * half]
