"""Media of a call measured and proven: SRTP by its keys, loss, order and jitter, one-way media, and every way to cheat."""

import base64
import io
import json
import random

import pylibsrtp
import pytest

from pytest_cucmtls.model.capture import CaptureReport
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.report.capture_json import capture_as_json
from pytest_cucmtls.report.capture_text import capture_lines
from pytest_cucmtls.wire.capture_report import parse_capture
from pytest_cucmtls.wire.media_descriptions import MediaDescriptions
from pytest_cucmtls.wire.media_report import with_measured_media
from pytest_cucmtls.wire.rtp_quality import RtpMeasurement
from pytest_cucmtls.wire.srtp import SUITES, SrtpAuthenticator
from pytest_cucmtls.wire.srtp_proof import SrtpProver
from tests.packet_writer import BEGINNING, Frame, in_link, pcap, udp_datagram

CALLER, CALLED = ("10.1.0.1", 16384), ("10.1.0.2", 24578)
SIGNALLING = (("10.0.0.203", 5060), ("10.0.0.200", 5060))
AES_80, GCM_128 = "AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM"
PROFILES = {
    AES_80: pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    GCM_128: pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "AEAD_AES_256_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
}


def key_of(suite: str, seed: int) -> bytes:
    return bytes((seed + number) % 256 for number in range(SUITES[suite].key_bytes + SUITES[suite].salt_bytes))


def sdp(end: tuple[str, int], crypto: str = "", *, profile: str = "RTP/SAVP", formats: str = "0") -> bytes:
    lines = ["v=0", f"o=- 1 1 IN IP4 {end[0]}", "s=-", f"c=IN IP4 {end[0]}", "t=0 0", f"m=audio {end[1]} {profile} {formats}"]
    return "\r\n".join([*lines, *([crypto] if crypto else []), "", ""]).encode()


def crypto_line(suite: str, seed: int, after: str = "", mki: str = "") -> str:
    return f"a=crypto:1 {suite} inline:{base64.b64encode(key_of(suite, seed)).decode()}{mki}{after}"


def sip(first: str, body: bytes) -> bytes:
    head = f"{first}\r\nVia: SIP/2.0/UDP 10.0.0.203\r\nCall-ID: call-1\r\nCSeq: 101 INVITE\r\nContent-Type: application/sdp\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def signalling(offer: bytes, answer: bytes | None) -> list[bytes]:
    packets = [udp_datagram(*SIGNALLING, sip("INVITE sip:9898@10.0.0.200 SIP/2.0", offer))]
    if answer is not None:
        packets.append(udp_datagram(SIGNALLING[1], SIGNALLING[0], sip("SIP/2.0 200 OK", answer)))
    return packets


def rtp(sequence: int, *, ssrc: int = 7, payload: bytes = b"\xff" * 160, payload_type: int = 0) -> bytes:
    head = bytes([0x80, payload_type]) + (sequence & 0xFFFF).to_bytes(2, "big") + (sequence * 160 & 0xFFFFFFFF).to_bytes(4, "big")
    return head + ssrc.to_bytes(4, "big") + payload


def protected(packets: list[bytes], suite: str, seed: int) -> list[bytes]:
    policy = pylibsrtp.Policy(key=key_of(suite, seed), ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND, srtp_profile=PROFILES[suite])
    session = pylibsrtp.Session(policy)
    return [session.protect(packet) for packet in packets]


def both_ways(there: list[bytes], back: list[bytes]) -> list[bytes]:
    datagrams = []
    for one, other in zip(there, back, strict=True):
        datagrams += [udp_datagram(CALLER, CALLED, one), udp_datagram(CALLED, CALLER, other)]
    return datagrams


def measured(packets: list[bytes], *, twice: bool = False) -> CaptureReport:
    """The packets 10 ms apart; `twice` as a capture on every interface shows them."""
    captured = [Frame(BEGINNING + number * 10_000_000, in_link(packet)) for number, packet in enumerate(packets)]
    if twice:
        captured = [copy for frame in captured for copy in (frame, Frame(frame.at + 1000, frame.data))]
    file = pcap(captured)
    return with_measured_media(parse_capture(io.BytesIO(file)), io.BytesIO(file))


def srtp_call(suite: str, offer_after: str = "", seeds: tuple[int, int] = (1, 2)) -> list[bytes]:
    """An offer and an answer with keys, then fifty packets each way under them."""
    plain = [rtp(number) for number in range(50)]
    offer, answer = sdp(CALLER, crypto_line(suite, seeds[0], offer_after)), sdp(CALLED, crypto_line(suite, seeds[1]))
    there, back = protected(plain, suite, seeds[0]), protected(plain, suite, seeds[1])
    return signalling(offer, answer) + both_ways(there, back)


@pytest.mark.parametrize("suite", PROFILES)
def test_srtp_under_the_keys_of_its_call_is_proven_both_ways(suite: str) -> None:
    report = measured(srtp_call(suite))
    assert len(report.streams) == 2
    for stream in report.streams:
        assert (stream.kind, stream.call_id, stream.agreed_profile, stream.one_way) == ("srtp", "call-1", "RTP/SAVP", False)
        assert (stream.protection.authenticated, stream.protection.crypto_suite) == (50, suite)
        assert stream.protection.encrypted is True
        assert stream.findings == ()
    fingerprints = {stream.protection.key_fingerprint for stream in report.streams}
    assert len(fingerprints) == 2


def test_no_key_is_in_the_json_the_text_or_a_repr() -> None:
    report = measured(srtp_call(AES_80))
    shown = json.dumps(capture_as_json(report, "f")) + "\n".join(capture_lines(report, "f")) + repr(report)
    for seed in (1, 2):
        assert base64.b64encode(key_of(AES_80, seed)).decode() not in shown
        assert repr(key_of(AES_80, seed)) not in shown
    assert "FINDING" not in "\n".join(capture_lines(report, "f"))


def test_plain_rtp_under_a_savp_answer_is_exposed() -> None:
    plain = [rtp(number) for number in range(50)]
    report = measured(
        signalling(sdp(CALLER, crypto_line(AES_80, 1)), sdp(CALLED, crypto_line(AES_80, 2))) + both_ways(plain, plain)
    )
    assert {stream.kind for stream in report.streams} == {"rtp"}
    assert all("plain RTP, although the answer of its call says RTP/SAVP" in stream.findings for stream in report.streams)


def test_plain_rtp_under_an_avp_answer_or_without_an_answer_is_no_finding() -> None:
    plain = [rtp(number) for number in range(50)]
    offer = sdp(CALLER, crypto_line(AES_80, 1))
    for answer in (sdp(CALLED, profile="RTP/AVP"), None):
        assert all(stream.findings == () for stream in measured(signalling(offer, answer) + both_ways(plain, plain)).streams)


def test_unencrypted_srtp_is_exposed_and_is_not_called_srtp() -> None:
    """With UNENCRYPTED_SRTP the payload travels in clear and only the tag is right."""
    authenticator = SrtpAuthenticator(AES_80, key_of(AES_80, 1))
    clear = [authenticated_only(authenticator, rtp(number)) for number in range(50)]
    back = protected([rtp(number) for number in range(50)], AES_80, 2)
    offer, answer = sdp(CALLER, crypto_line(AES_80, 1, " UNENCRYPTED_SRTP")), sdp(CALLED, crypto_line(AES_80, 2))
    first, second = measured(signalling(offer, answer) + both_ways(clear, back)).streams
    assert (first.kind, first.protection.authenticated, first.protection.encrypted) == ("rtp", 50, False)
    assert any("UNENCRYPTED_SRTP" in finding for finding in first.findings)
    assert (second.kind, second.protection.encrypted) == ("srtp", True)
    secretly = measured(signalling(sdp(CALLER, crypto_line(AES_80, 1)), answer) + both_ways(clear, back)).streams[0]
    assert any("readable" in finding for finding in secretly.findings)


def authenticated_only(authenticator: SrtpAuthenticator, packet: bytes) -> bytes:
    tagged = authenticator._hmac.copy()
    tagged.update(packet + bytes(4))
    return packet + tagged.digest()[:10]


@pytest.mark.parametrize(("plain", "authenticated"), [(0, 200), (3, 197), (40, 137), (200, 0)])
def test_media_that_becomes_srtp_late_is_srtp_only_when_nine_in_ten_packets_authenticate(plain: int, authenticated: int) -> None:
    """After four packets that fit no key every 32nd is tried."""
    packets = [rtp(number) for number in range(plain)]
    packets += protected([rtp(number) for number in range(plain, 200)], AES_80, 1) if plain < 200 else []
    offer, answer = sdp(CALLER, crypto_line(AES_80, 1)), sdp(CALLED, crypto_line(AES_80, 2))
    (stream,) = measured(signalling(offer, answer) + [udp_datagram(CALLER, CALLED, packet) for packet in packets]).streams
    assert stream.protection.authenticated == authenticated
    proven = authenticated >= 180
    assert (stream.protection.encrypted, stream.kind == "srtp") == (True if proven else None, proven)
    assert any("do not authenticate" in finding for finding in stream.findings) is (0 < authenticated < 200)


def test_one_key_for_both_directions_is_exposed_on_the_wire_and_in_the_descriptions() -> None:
    report = measured(srtp_call(AES_80, seeds=(1, 1)))
    assert all("the same key" in stream.findings[0] for stream in report.streams)
    plain = [rtp(number) for number in range(50)]
    only_said = signalling(sdp(CALLER, crypto_line(AES_80, 1)), sdp(CALLED, crypto_line(AES_80, 1)))
    wrong = protected(plain, AES_80, 5)
    for stream in measured(only_said + both_ways(wrong, protected(plain, AES_80, 6))).streams:
        assert any("carry the same key" in finding for finding in stream.findings)
        assert any("no packet authenticates" in finding for finding in stream.findings)


@pytest.mark.parametrize("suite", [AES_80, GCM_128])
def test_packets_with_a_master_key_identifier_are_proven(suite: str) -> None:
    tag = SUITES[suite].tag_bytes
    plain = protected([rtp(number) for number in range(50)], suite, 1)
    if suite == AES_80:
        packets = [packet[:-tag] + b"\0\0\0\1" + packet[-tag:] for packet in plain]
    else:
        packets = [packet + b"\0\0\0\1" for packet in plain]
    offer = sdp(CALLER, crypto_line(suite, 1, mki="|2^20|1:4"))
    report = measured(signalling(offer, None) + [udp_datagram(CALLER, CALLED, packet) for packet in packets])
    (stream,) = report.streams
    assert (stream.kind, stream.protection.authenticated) == ("srtp", 50)


def test_one_way_media_is_said_once_there_was_time_for_an_answer() -> None:
    long, short = [rtp(number) for number in range(25)], [rtp(number) for number in range(24)]
    (stream,) = measured([udp_datagram(CALLER, CALLED, packet) for packet in long]).streams
    assert stream.one_way is True
    assert "one-way" in stream.findings[0]
    (stream,) = measured([udp_datagram(CALLER, CALLED, packet) for packet in short]).streams
    assert stream.one_way is None


def test_a_packet_captured_twice_counts_once() -> None:
    for stream in measured(srtp_call(AES_80), twice=True).streams:
        assert (stream.packets, stream.quality.duplicates, stream.quality.lost) == (50, 50, 0)
        assert stream.protection.authenticated == 50


def quality_of(sequences: list[int], times: list[int] | None = None) -> object:
    measurement = RtpMeasurement(8000)
    for place, sequence in enumerate(sequences):
        at = times[place] if times else place * 20_000_000
        measurement.packet(sequence & 0xFFFF, sequence * 160 & 0xFFFFFFFF, 0, BEGINNING + at)
    return measurement.quality()


@pytest.mark.parametrize(
    ("sequences", "expected", "lost", "out_of_order", "duplicates"),
    [
        (list(range(100)), 100, 0, 0, 0),
        (list(range(65500, 65636)), 136, 0, 0, 0),
        ([1, 2, 4, 5], 5, 1, 0, 0),
        ([1, 3, 2, 4], 4, 0, 1, 0),
        ([2, 1, 3], 3, 0, 1, 0),
        ([1, 1, 2, 2, 3], 3, 0, 0, 2),
        ([65535, 65534, 65536, 65536], 3, 0, 1, 1),
        ([1, 2, 40000, 40001], 4, 0, 0, 0),
        ([1, 3000], 3000, 2998, 0, 0),
        ([1, 3001], 2, 0, 0, 0),
        ([7], 1, 0, 0, 0),
    ],
)
def test_loss_and_order_follow_the_sequence_numbers(
    sequences: list[int], expected: int, lost: int, out_of_order: int, duplicates: int
) -> None:
    quality = quality_of(sequences)
    assert (quality.expected, quality.lost, quality.out_of_order, quality.duplicates) == (
        expected,
        lost,
        out_of_order,
        duplicates,
    )


def test_jitter_is_zero_for_an_even_stream_and_grows_to_the_variation_of_an_uneven_one() -> None:
    assert quality_of(list(range(200))).jitter_seconds == pytest.approx(0, abs=1e-6)
    late = [number * 20_000_000 + (number % 2) * 4_000_000 for number in range(400)]
    assert quality_of(list(range(400)), late).jitter_seconds == pytest.approx(0.004, rel=0.02)
    assert quality_of([1, 2, 3], [0, 20_000_000, 500_000_000]).longest_gap_seconds == pytest.approx(0.48)


def test_the_clock_rate_of_a_dynamic_payload_type_comes_from_its_description() -> None:
    offer = sdp(CALLER, "a=rtpmap:96 opus/48000/2", profile="RTP/AVP", formats="96")
    chance = random.Random(3)
    packets = [rtp(number, payload=chance.randbytes(80), payload_type=96) for number in range(50)]
    (stream,) = measured(signalling(offer, None) + [udp_datagram(CALLER, CALLED, packet) for packet in packets]).streams
    assert stream.quality.jitter_seconds is not None
    (stream,) = measured([udp_datagram(CALLER, CALLED, packet) for packet in packets]).streams
    assert stream.quality.jitter_seconds is None


def test_the_work_of_searching_keys_is_bounded_and_giving_up_is_said() -> None:
    lines = (f"a=crypto:{n} {AES_80} inline:{base64.b64encode(bytes([n]) * 30).decode()}" for n in range(240))
    offer = sdp(CALLER, "\r\n".join(lines))
    packets = [udp_datagram(CALLER, CALLED, packet) for packet in protected([rtp(n) for n in range(30)], AES_80, 3)]
    report = measured(signalling(offer, None) + packets)
    assert any("not every packet was tried" in note for note in report.notes)
    assert report.streams[0].protection.authenticated == 0


def test_a_delayed_offer_is_answered_by_the_acknowledgement() -> None:
    ack = sip("ACK sip:9898@10.0.0.200 SIP/2.0", sdp(CALLER, profile="RTP/AVP"))
    offer = udp_datagram(SIGNALLING[1], SIGNALLING[0], sip("SIP/2.0 200 OK", sdp(CALLED, crypto_line(AES_80, 2))))
    file = pcap([Frame(BEGINNING, in_link(offer)), Frame(BEGINNING + 1, in_link(udp_datagram(*SIGNALLING, ack)))])
    descriptions = MediaDescriptions(parse_capture(io.BytesIO(file)).sip)
    offered = descriptions.of(Endpoint(*CALLED))
    assert (offered.answer, offered.agreed_profile, offered.is_secure) == (False, "RTP/AVP", False)


def test_an_empty_prover_finds_nothing() -> None:
    assert SrtpProver([]).find(rtp(1)) is None
    assert measured([]).streams == ()
