"""Captures made to fill memory: what is held of unfinished things is bounded, and giving up is said."""

import io
import struct

import pytest

from pytest_cucmtls.wire import capture_report, rtp, tcp_streams, udp_flows
from pytest_cucmtls.wire.capture_report import parse_capture
from pytest_cucmtls.wire.dtls import DtlsFlows
from pytest_cucmtls.wire.ip_fragments import FragmentTable
from pytest_cucmtls.wire.presented_certificates import PresentedCertificates
from tests.packet_writer import TcpConversation, frames, pcap, udp_datagram

BEGUN = b"\x16\x03\x03\x40\x00" + b"\x0b\x0f\xff\xff" + bytes(2000)
"""A handshake record of 16 KiB that is never finished, in it a certificate message that never is."""


def half_open(count: int) -> bytes:
    packets: list[bytes] = []
    for number in range(count):
        packets += TcpConversation(("10.0.0.203", 20000 + number)).open().send("client", BEGUN).packets
    return pcap(frames(packets))


def test_unfinished_messages_of_many_connections_are_given_up_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp_streams, "_FED_BETWEEN_CHECKS", 20_000)
    monkeypatch.setattr(tcp_streams, "_MOST_HELD", 30_000)
    report = parse_capture(io.BytesIO(half_open(100)))
    assert any("connections were given up" in note for note in report.notes)
    assert report.problem is None
    assert len(report.connections) == 100


def test_few_unfinished_messages_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp_streams, "_FED_BETWEEN_CHECKS", 20_000)
    assert parse_capture(io.BytesIO(half_open(100))).notes == ()


def test_more_handshakes_than_the_limit_are_counted_out_in_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture_report, "MOST_HANDSHAKES", 3)
    packets: list[bytes] = []
    for number in range(5):
        alert = b"\x15\x03\x03\x00\x02\x02\x28"
        packets += TcpConversation(("10.0.0.203", 20000 + number)).open().send("server", alert).close().packets
    report = parse_capture(io.BytesIO(pcap(frames(packets))))
    assert len(report.handshakes) == 3
    assert "only the first 3 TLS handshakes are listed" in report.notes


def test_more_media_streams_than_the_limit_are_counted_out_in_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udp_flows, "_MOST_STREAMS", 3)
    packets = [
        udp_datagram(("10.1.0.1", 2000 + flow), ("10.1.0.2", 2002), bytes([0x80, 0, 0, n]) + bytes(8) + bytes(160))
        for flow in range(5)
        for n in range(5)
    ]
    report = parse_capture(io.BytesIO(pcap(frames(packets))))
    assert len(report.streams) == 3
    assert report.notes == ("only the first 3 media streams are listed",)


def test_announced_dtls_messages_do_not_take_the_memory_they_announce() -> None:
    flows, announced = DtlsFlows(), 1 << 17
    message = b"\x0b" + announced.to_bytes(3, "big") + b"\0\0" + b"\0\0\0" + b"\0\0\1" + b"x"
    record = b"\x16\xfe\xfd" + bytes(8) + struct.pack(">H", len(message)) + message
    for number in range(1000):
        key = b"\x0a\0\0\1\x0a\0\0\2" + struct.pack(">HH", 1000 + number, 5061)
        flows.datagram(key, record, 0, len(record), number + 1, 0)
    held = sum(len(one.body) for pair, _ in flows._associations.values() for side in pair.fragments for one in side.values())
    assert held <= 2 * (1 << 24)


def test_fragments_that_overlap_do_not_pile_up() -> None:
    table = FragmentTable()
    for offset in range(0, 2048, 8):
        assert table.add(b"key", offset + 8, True, bytes(60_000)) is None
    assert sum(len(piece) for partial in table._partials.values() for piece in partial.pieces.values()) <= 2 * 65_575


def test_too_many_different_certificates_are_named_as_not_read() -> None:
    certificates = PresentedCertificates()
    certificates._room = 5000
    assert "too many" not in (certificates.read(b"\x30\x03abc").problem or "")
    refused = certificates.read(b"\x30\x03abd")
    assert "too many different certificates" in (refused.problem or "")
    assert len(refused.sha256) == 64


def test_one_flow_cannot_hold_more_streams_than_its_limit() -> None:
    flow = rtp.UdpFlow(rtp.StreamLimit(1000))
    for number in range(200):
        packet = bytes([0x80, 0, 0, 1]) + bytes(4) + number.to_bytes(4, "big") + bytes(160)
        flow.packet(packet, 0, len(packet), len(packet), number)
    assert len(flow.streams) == 64
