"""Media streams and SIP over UDP: what is RTP, what is SRTP, what cannot be told."""

import io
import random

import pylibsrtp
import pytest

from pytest_cucmtls.model.capture import CaptureReport, MediaStream
from pytest_cucmtls.report.capture_json import capture_as_json
from pytest_cucmtls.wire.capture_report import parse_capture
from tests.packet_writer import BEGINNING, Frame, frames, in_link, pcap, udp_datagram
from tests.tls_pairs import INVITE

A, B = ("10.1.0.1", 16384), ("10.1.0.2", 24578)
KEY = bytes(range(30))
SDP = (
    b"v=0\r\no=- 1 1 IN IP4 10.1.0.1\r\ns=-\r\nc=IN IP4 10.1.0.1\r\nt=0 0\r\nm=audio 16384 RTP/SAVP 0\r\n"
    b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd\r\n"
)


def rtp(sequence: int, payload: bytes, *, payload_type: int = 0, step: int = 160, ssrc: int = 0x1234ABCD) -> bytes:
    head = bytes([0x80, payload_type]) + (sequence & 0xFFFF).to_bytes(2, "big")
    return head + (sequence * step).to_bytes(4, "big") + ssrc.to_bytes(4, "big") + payload


def report_of(datagrams: list[bytes], src: tuple[str, int] = A, dst: tuple[str, int] = B) -> CaptureReport:
    return parse_capture(io.BytesIO(pcap(frames([udp_datagram(src, dst, data) for data in datagrams]))))


def only_stream(datagrams: list[bytes]) -> MediaStream:
    (stream,) = report_of(datagrams).streams
    return stream


def protected(packets: list[bytes], profile: int = pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80) -> list[bytes]:
    policy = pylibsrtp.Policy(key=KEY, ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile)
    session = pylibsrtp.Session(policy)
    return [session.protect(packet) for packet in packets]


def test_g711_in_clear_is_rtp() -> None:
    stream = only_stream([rtp(number, b"\xff" * 160) for number in range(50)])
    assert (stream.kind, stream.packets, stream.ssrc, stream.payload_type) == ("rtp", 50, 0x1234ABCD, 0)
    assert (stream.src.port, stream.dst.port) == (16384, 24578)


@pytest.mark.parametrize(
    "profile", [pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80, pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_32]
)
def test_g711_with_an_authentication_tag_is_srtp(profile: int) -> None:
    stream = only_stream(protected([rtp(number, b"\xff" * 160) for number in range(50)], profile))
    assert stream.kind == "srtp"
    assert "authentication tag" in stream.reason


def test_a_tag_behind_a_readable_payload_is_not_encryption() -> None:
    stream = only_stream([rtp(number, b"\xff" * 160 + random.Random(number).randbytes(10)) for number in range(50)])
    assert stream.kind == "rtp"


def test_a_dynamic_codec_that_looks_random_cannot_be_told() -> None:
    chance = random.Random(1)
    stream = only_stream([rtp(number, chance.randbytes(80), payload_type=96, step=960) for number in range(64)])
    assert stream.kind is None


def test_random_datagrams_are_no_stream() -> None:
    chance = random.Random(2)
    assert report_of([b"\x80\x00" + chance.randbytes(60) for _ in range(50)]).streams == ()


def test_one_packet_is_a_stream_only_when_sdp_announced_its_port() -> None:
    packet = rtp(1, b"\xff" * 160)
    assert report_of([packet]).streams == ()
    invite = INVITE.replace(b"Content-Length: 0", b"Content-Type: application/sdp\r\nContent-Length: %d" % len(SDP)) + SDP
    packets = [udp_datagram(("10.1.0.9", 5060), ("10.1.0.8", 5060), invite), udp_datagram(B, A, packet)]
    report = parse_capture(io.BytesIO(pcap(frames(packets))))
    assert [(stream.packets, stream.call_id) for stream in report.streams] == [(1, "77-1@10.0.0.203")]


def test_rtcp_on_the_same_ports_is_not_counted() -> None:
    report = bytes([0x80, 200, 0, 6]) + bytes(24)
    assert only_stream([rtp(number, b"\xff" * 160) for number in range(20)] + [report] * 5).packets == 20


def test_the_json_of_a_capture_with_sip_and_media_follows_the_contract() -> None:
    invite = INVITE.replace(b"Content-Length: 0", b"Content-Type: application/sdp\r\nContent-Length: %d" % len(SDP)) + SDP
    document = capture_as_json(report_of([invite, *(rtp(number, b"\xff" * 160) for number in range(50))]), "packets.cap")
    assert document["sip"] == {
        "plaintext": True,
        "requests": {"INVITE": 1},
        "responses": {},
        "call_ids": ["77-1@10.0.0.203"],
        "transports": ["udp"],
        "sdes_lines": 1,
        "sdes_suites": ["AES_CM_128_HMAC_SHA1_80"],
    }
    (stream,) = document["streams"]
    assert (stream["ssrc"], stream["kind"], stream["packets"]) == ("0x1234ABCD", "rtp", 50)
    assert stream["src"] == {"ip": "10.1.0.1", "port": 16384}
    assert (document["schema"], document["packets"], document["problem"]) == ("cucmtls-capture-1", 51, None)
    assert document["first_at"] == "2015-05-23T13:16:11.313121Z"
    assert "AAECAwQF" not in str(document)


@pytest.mark.parametrize(("apart_milliseconds", "counted"), [(0.2, 1), (9.9, 1), (10.1, 2), (500, 2)])
def test_a_sip_datagram_captured_on_two_interfaces_counts_once_a_repetition_twice(
    apart_milliseconds: float, counted: int
) -> None:
    packet = in_link(udp_datagram(("10.0.0.203", 5060), ("10.0.0.200", 5060), INVITE))
    file = pcap([Frame(BEGINNING, packet), Frame(BEGINNING + int(apart_milliseconds * 1_000_000), packet)])
    assert len(parse_capture(io.BytesIO(file)).sip) == counted


def test_rtp_captured_on_two_interfaces_counts_once() -> None:
    stream = only_stream([rtp(number // 2, b"\xff" * 160) for number in range(300)])
    assert (stream.packets, stream.kind) == (150, "rtp")
