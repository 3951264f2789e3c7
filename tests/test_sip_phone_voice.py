"""The audio of our own SIP phone: what it sends, what it understands, and what a hostile sender can do to it."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.calls.heard_media import ExpectedTalk, media_proof, proof_values
from pytest_cucmtls.calls.phone_media import MediaAgreement, MediaWish, StreamKeys, make_answer, make_offer
from pytest_cucmtls.calls.rtp_voice import RtpVoice, lost_packets
from pytest_cucmtls.evidence.media_proofs import media_proof_from_json
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.wire.pcap_write import Datagram

HERE, THERE = Endpoint("10.0.0.1", 20000), Endpoint("10.0.0.2", 30000)
MINE, THEIRS = "0123456789ab", "ba9876543210"
TALK = ExpectedTalk("A->B", "B", "A", "tls", THEIRS, "12#")


def pair(secure: str = "allowed", suite: str = "AEAD_AES_256_GCM", codec: str = "PCMU") -> tuple[RtpVoice, RtpVoice]:
    """Two ends that have agreed."""
    offer = make_offer(MediaWish(HERE, (codec,), secure, (suite,)), 1)
    body, at_peer = make_answer(MediaWish(THERE, (codec,), secure, (suite,)), offer.body, 1, fallback=True)
    mine, theirs = RtpVoice(HERE, MINE), RtpVoice(THERE, THEIRS)
    mine.use(offer.conclude(body))
    theirs.use(at_peer)
    return mine, theirs


def talk(sender: RtpVoice, listener: RtpVoice, packets: int = 110, *, lose: frozenset[int] = frozenset()) -> None:
    """Packets of one end reach the other, except some."""
    for number in range(packets):
        packet = sender.next_packet()
        assert packet is not None
        if number not in lose:
            listener.take(packet, sender.local, number * 20_000_000)


@pytest.mark.parametrize("suite", ["AEAD_AES_256_GCM", "AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"])
@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
def test_srtp_of_every_suite_is_proven_by_our_own_reading(suite: str, codec: str) -> None:
    mine, theirs = pair(suite=suite, codec=codec)
    talk(theirs, mine)
    proof = media_proof(TALK, mine)
    assert (proof.authenticated, proof.packets, proof.encrypted, proof.crypto_suite) == (110, 110, True, suite)
    assert proof.marker_heard
    assert media_proof_from_json(proof_values(proof)) == proof


def test_nothing_secret_is_in_what_is_kept() -> None:
    mine, theirs = pair()
    talk(theirs, mine)
    assert mine.agreement is not None
    assert mine.agreement.keys is not None
    kept = repr(proof_values(media_proof(TALK, mine)))
    for key in (mine.agreement.keys.receive, mine.agreement.keys.send):
        assert key.hex() not in kept
        assert repr(key) not in kept


def test_plain_rtp_is_called_so_and_its_marker_is_heard() -> None:
    mine, theirs = pair("never")
    talk(theirs, mine)
    proof = media_proof(TALK, mine)
    assert (proof.profile, proof.encrypted, proof.authenticated, proof.marker_heard) == ("RTP/AVP", False, 0, True)


def test_another_voice_is_not_the_marker() -> None:
    mine, theirs = pair("never")
    theirs.marker = "fedcba012345"
    assert theirs.agreement is not None
    theirs.use(theirs.agreement)
    talk(theirs, mine)
    assert not media_proof(TALK, mine).marker_heard


def test_packets_under_another_key_are_refused_and_prove_nothing() -> None:
    mine, _ = pair()
    _, stranger = pair()
    talk(stranger, mine)
    proof = media_proof(TALK, mine)
    assert (mine.received, mine.refused) == (0, 110)
    assert (proof.authenticated, proof.encrypted, proof.marker_heard) == (0, None, False)


def test_plain_packets_where_srtp_was_agreed_are_refused() -> None:
    mine, _ = pair()
    _, plain = pair("never")
    talk(plain, mine)
    proof = media_proof(TALK, mine)
    assert (proof.packets, proof.authenticated, proof.encrypted) == (110, 0, None)


def test_lost_packets_are_counted_and_the_marker_is_heard_all_the_same() -> None:
    mine, theirs = pair()
    talk(theirs, mine, lose=frozenset(range(10, 30)))
    proof = media_proof(TALK, mine)
    assert (proof.lost, proof.packets, proof.marker_heard) == (20, 90, True)


def test_packets_before_the_agreement_are_understood_afterwards() -> None:
    mine, theirs = pair()
    agreed = mine.agreement
    assert agreed is not None
    early = RtpVoice(HERE, MINE)
    talk(theirs, early, 50)
    assert early.received == 0
    early.use(agreed)
    assert early.received == 50


def test_keys_pressed_are_heard_once_each() -> None:
    mine, theirs = pair()
    assert theirs.press("12#")
    talk(theirs, mine)
    assert mine.keys_heard == "12#"
    assert not theirs.keys_pending
    assert not theirs.press("x")
    assert not RtpVoice(HERE, MINE).press("1")


def test_a_held_call_sends_nothing() -> None:
    mine, _ = pair()
    assert mine.agreement is not None
    held = MediaAgreement(THERE, "PCMU", 0, "RTP/AVP", sends=False)
    mine.use(held)
    assert mine.next_packet() is None


@pytest.mark.parametrize(
    ("numbers", "lost"), [([], 0), ([5], 0), ([5, 6, 7], 0), ([5, 7], 1), ([65534, 65535, 0, 2], 1), ([2, 0, 65535], 1)]
)
def test_losses_are_counted_across_the_wrap(numbers: list[int], lost: int) -> None:
    packets = [Datagram(0, THERE, HERE, b"\x80\0" + number.to_bytes(2, "big") + bytes(20)) for number in numbers]
    assert lost_packets(packets) == lost


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=20), st.booleans())
def test_nothing_that_arrives_breaks_the_phone(datagrams: list[bytes], secure: bool) -> None:
    mine, theirs = pair("allowed" if secure else "never")
    for data in datagrams:
        for shape in (data, b"\x80\0" + data, b"\xb0\x65" + data, b"\xbf\x00\0\0" + data):
            mine.take(shape, THERE, 0)
    talk(theirs, mine, 3)
    assert mine.received >= 3
    assert media_proof(TALK, mine).packets >= 3


def test_a_flood_is_bounded() -> None:
    mine, _ = pair("never")
    noise = random.Random(3)
    for _ in range(7000):
        mine.take(b"\x80\0" + noise.randbytes(30), THERE, 0)
    assert len(mine.packets) == 6000
    assert len(mine.samples()) <= 1_000_000 + 16_000 + 2048


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("packets", -1), ("packets", True), ("packets", "5"), ("encrypted", "yes"), ("authenticated", 999), ("src", {"ip": 1}),
        ("measured_at", "yesterday"), ("marker_share", "x"),
    ],
)  # fmt: skip
def test_a_damaged_proof_is_not_read(key: str, value: object) -> None:
    mine, theirs = pair()
    talk(theirs, mine, 10)
    values = proof_values(media_proof(TALK, mine)) | {key: value}
    with pytest.raises((ValueError, KeyError, TypeError)):
        media_proof_from_json(values)


def test_a_claim_of_encryption_without_an_authenticated_packet_is_not_read() -> None:
    mine, _ = pair()
    values = proof_values(media_proof(TALK, mine)) | {"packets": 5, "encrypted": True}
    with pytest.raises(ValueError, match="encryption is claimed"):
        media_proof_from_json(values)


def test_keys_do_not_print() -> None:
    assert "aa" not in repr(StreamKeys("AEAD_AES_128_GCM", b"aa" * 14, b"aa" * 14))
