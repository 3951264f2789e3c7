"""SRTP proven by its keys: derivation against libsrtp, roll-over counter, wrong keys, plain RTP."""

import base64
import io

import pylibsrtp
import pytest

from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.wire.capture_report import parse_capture
from pytest_cucmtls.wire.srtp import SUITES, SrtpAuthenticator, next_roll_over_counter
from pytest_cucmtls.wire.srtp_proof import MediaKey, keys_used_both_ways, media_keys, prove_srtp
from tests.packet_writer import frames, pcap, udp_datagram
from tests.tls_pairs import INVITE

PROFILES = {
    "AES_CM_128_HMAC_SHA1_80": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    "AEAD_AES_128_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "AEAD_AES_256_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
}
A, B = ("10.1.0.1", 16384), ("10.1.0.2", 24578)


def key_of(suite: str, seed: int = 0) -> bytes:
    return bytes((seed + number) % 256 for number in range(SUITES[suite].key_bytes + SUITES[suite].salt_bytes))


def rtp(sequence: int) -> bytes:
    head = bytes([0x80, 0]) + (sequence & 0xFFFF).to_bytes(2, "big") + (sequence * 160 & 0xFFFFFFFF).to_bytes(4, "big")
    return head + b"\x12\x34\xab\xcd" + b"\xff" * 160


def protected(suite: str, sequences: range, key: bytes | None = None) -> list[bytes]:
    policy = pylibsrtp.Policy(
        key=key or key_of(suite), ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND, srtp_profile=PROFILES[suite]
    )
    session = pylibsrtp.Session(policy)
    return [session.protect(rtp(sequence)) for sequence in sequences]


def capture_of(packets: list[bytes]) -> io.BytesIO:
    return io.BytesIO(pcap(frames([udp_datagram(A, B, packet) for packet in packets])))


@pytest.mark.parametrize("suite", PROFILES)
def test_every_packet_of_libsrtp_authenticates_with_its_key_and_no_other(suite: str) -> None:
    right, wrong = SrtpAuthenticator(suite, key_of(suite)), SrtpAuthenticator(suite, key_of(suite, 1))
    for packet in protected(suite, range(1, 20)):
        assert right.authenticates(packet, 0)
        assert not right.authenticates(packet, 1)
        assert not wrong.authenticates(packet, 0)
        assert not right.authenticates(packet[:-1] + bytes([packet[-1] ^ 1]), 0)


@pytest.mark.parametrize("suite", PROFILES)
def test_the_roll_over_counter_is_found_when_the_capture_begins_late(suite: str) -> None:
    sequences = range(65500, 65536 * 2 + 40, 30)
    late = protected(suite, sequences)[1200:]
    (proof,) = prove_srtp(capture_of(late), [MediaKey(suite, key_of(suite))])
    assert proof.authenticated == proof.packets == len(late)
    assert proof.roll_over_counter == 1
    assert (proof.crypto_suite, proof.encrypted) == (suite, True)


def test_a_wrap_in_the_middle_of_a_capture_is_followed() -> None:
    suite = "AES_CM_128_HMAC_SHA1_80"
    (proof,) = prove_srtp(capture_of(protected(suite, range(65530, 65550))), [MediaKey(suite, key_of(suite))])
    assert (proof.packets, proof.authenticated, proof.roll_over_counter) == (20, 20, 0)


def test_plain_rtp_authenticates_under_no_key() -> None:
    keys = [MediaKey(suite, key_of(suite)) for suite in PROFILES]
    (proof,) = prove_srtp(capture_of([rtp(number) for number in range(10)]), keys)
    assert (proof.packets, proof.authenticated, proof.key_fingerprint, proof.encrypted) == (10, 0, None, None)


def test_keys_are_taken_from_the_sdp_of_readable_sip_and_never_shown() -> None:
    suite = "AES_CM_128_HMAC_SHA1_80"
    text = base64.b64encode(key_of(suite)).decode()
    sdp = (
        f"v=0\r\no=- 1 1 IN IP4 {A[0]}\r\nc=IN IP4 {A[0]}\r\nm=audio {A[1]} RTP/SAVP 0\r\n"
        f"a=crypto:1 {suite} inline:{text}|2^31 UNENCRYPTED_SRTP\r\na=crypto:2 {suite} inline:XXXXXXXX\r\n"
    ).encode()
    invite = INVITE.replace(b"Content-Length: 0", b"Content-Type: application/sdp\r\nContent-Length: %d" % len(sdp)) + sdp
    packets = [udp_datagram(("10.1.0.9", 5060), ("10.1.0.8", 5060), invite)]
    packets += [udp_datagram(A, B, packet) for packet in protected(suite, range(10))]
    file = pcap(frames(packets))
    (key,) = media_keys(parse_capture(io.BytesIO(file)).sip)
    assert (key.crypto_suite, key.call_id, key.session_parameters) == (suite, "77-1@10.0.0.203", ("UNENCRYPTED_SRTP",))
    assert text not in repr(key)
    assert repr(key_of(suite)) not in repr(key)
    (proof,) = prove_srtp(io.BytesIO(file), (key,))
    assert (proof.authenticated, proof.key_fingerprint, proof.encrypted) == (10, key.fingerprint, False)


@pytest.mark.parametrize(("suite", "key"), [("AES_CM_128_HMAC_SHA1_80", bytes(29)), ("F8_128_HMAC_SHA1_80", bytes(30))])
def test_an_unknown_suite_or_a_key_of_the_wrong_length_is_refused(suite: str, key: bytes) -> None:
    with pytest.raises(UnexpectedAnswer):
        SrtpAuthenticator(suite, key)
    (proof,) = prove_srtp(capture_of([rtp(1)]), [MediaKey(suite, key)])
    assert proof.authenticated == 0


def test_short_packets_authenticate_under_nothing() -> None:
    for suite in PROFILES:
        authenticator = SrtpAuthenticator(suite, key_of(suite))
        for length in range(40):
            assert not authenticator.authenticates((b"\x9f" + b"\xff" * 60)[:length], 0)


@pytest.mark.parametrize(
    ("counter", "highest", "sequence", "expected"),
    [
        (3, 65535, 0, 4),
        (3, 0, 65535, 2),
        (0, 0, 65535, 0),
        (3, 40000, 40001, 3),
        (3, 100, 99, 3),
        (3, 0x8000, 0, 3),
        (3, 0x8001, 0, 4),
    ],
)
def test_the_counter_of_the_next_packet_follows_the_standard(counter: int, highest: int, sequence: int, expected: int) -> None:
    assert next_roll_over_counter(counter, highest, sequence) == expected


@pytest.mark.parametrize("same", [True, False])
def test_one_key_for_both_directions_is_found(same: bool) -> None:
    suite = "AES_CM_128_HMAC_SHA1_80"
    keys = [MediaKey(suite, key_of(suite)), MediaKey(suite, key_of(suite, 9))]
    there = [udp_datagram(A, B, packet) for packet in protected(suite, range(5))]
    back = [udp_datagram(B, A, packet) for packet in protected(suite, range(5), keys[0 if same else 1].key_and_salt)]
    proofs = prove_srtp(io.BytesIO(pcap(frames(there + back))), keys)
    assert [proof.authenticated for proof in proofs] == [5, 5]
    assert keys_used_both_ways(proofs) == ((keys[0].fingerprint,) if same else ())
