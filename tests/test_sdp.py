"""Session descriptions show profile, address and crypto suites, and never a key."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.wire.sdp import LARGEST_BYTES, MOST_MEDIA, parse_session_description
from pytest_cucmtls.wire.sdp_write import OfferedMedia, crypto_offer, read_crypto_offers, session_description_bytes

KEY = base64.b64encode(bytes(range(30))).decode()
OFFER = (
    "v=0\r\no=CiscoSystemsCCM-SIP 34 1 IN IP4 192.0.2.10\r\ns=SIP Call\r\nc=IN IP4 192.0.2.11\r\nt=0 0\r\n"
    "m=audio 19220 RTP/SAVP 0 101\r\n"
    f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^31|1:1 UNENCRYPTED_SRTCP\r\n"
    f"a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:{'X' * 40}\r\n"
    "a=rtpmap:0 PCMU/8000\r\na=inactive\r\n"
).encode()


def test_a_secure_offer_is_read_without_its_key() -> None:
    read = parse_session_description(OFFER)
    (media,) = read.media
    assert (media.kind, media.port, media.profile, media.formats) == ("audio", 19220, "RTP/SAVP", ("0", "101"))
    assert (media.secure, media.direction, media.address) == (True, "inactive", "192.0.2.11")
    assert [line.crypto_suite for line in media.crypto] == ["AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"]
    assert media.crypto[0].session_parameters == ("UNENCRYPTED_SRTCP",)
    assert KEY not in repr(read)
    assert KEY[:12] not in repr(read)


def test_equal_keys_have_equal_fingerprints_and_masked_ones_none() -> None:
    first, masked = parse_session_description(OFFER).media[0].crypto
    other = OFFER.replace(KEY.encode(), base64.b64encode(bytes(range(1, 31))))
    assert first.key_fingerprint is not None
    assert len(first.key_fingerprint) == 16
    assert parse_session_description(OFFER).media[0].crypto[0] == first
    assert parse_session_description(other).media[0].crypto[0].key_fingerprint != first.key_fingerprint
    assert masked.key_fingerprint is None


@pytest.mark.parametrize("key", ["", "XXXX", "xxxx", "****", "not_base64!", "A"])
def test_a_key_that_cannot_be_read_has_no_fingerprint(key: str) -> None:
    body = f"m=audio 1 RTP/SAVP 0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{key}\n".encode()
    crypto = parse_session_description(body).media[0].crypto
    assert [line.key_fingerprint for line in crypto] == [None]


def test_a_section_without_its_own_address_and_direction_has_the_sessions() -> None:
    body = (
        b"v=0\nc=IN IP4 192.0.2.1/127\na=sendonly\nm=audio 1 RTP/AVP 0\nm=video 2/2 RTP/AVP 9\nc=IN IP6 2001:db8::1\na=recvonly\n"
    )
    audio, video = parse_session_description(body).media
    assert (audio.address, audio.direction, audio.secure) == ("192.0.2.1", "sendonly", False)
    assert (video.address, video.direction, video.port) == ("2001:db8::1", "recvonly", 2)


@pytest.mark.parametrize(
    ("port", "accepted"), [("0", True), ("65535", True), ("65536", False), ("-1", False), ("x", False), ("٣", False)]
)
def test_a_port_is_a_number_a_socket_can_have(port: str, accepted: bool) -> None:
    body = f"v=0\nm=audio {port} RTP/AVP 0\n".encode()
    if accepted:
        assert parse_session_description(body).media[0].port == int(port)
    else:
        with pytest.raises(UnexpectedAnswer, match="no port"):
            parse_session_description(body)


@pytest.mark.parametrize("nothing", [b"", b"hello", b"<xml/>", b"\x00" * 100, b"m=\n", b"m=audio\n", b"m=audio 1\n"])
def test_what_is_no_session_description_is_refused(nothing: bytes) -> None:
    with pytest.raises(UnexpectedAnswer):
        parse_session_description(nothing)


def test_sizes_are_bounded_on_both_sides() -> None:
    section = b"m=audio 1 RTP/AVP 0\n"
    assert len(parse_session_description(section * MOST_MEDIA).media) == MOST_MEDIA
    with pytest.raises(UnexpectedAnswer):
        parse_session_description(section * (MOST_MEDIA + 1))
    assert parse_session_description(b"v=0\n" + b"a" * (LARGEST_BYTES - 4)).media == ()
    with pytest.raises(UnexpectedAnswer):
        parse_session_description(b"v=0\n" + b"a" * (LARGEST_BYTES - 3))


def test_what_is_written_is_read_back_with_its_keys() -> None:
    key = bytes(range(30))
    audio = OfferedMedia(
        "audio", 4000, "RTP/SAVP", ("0",), ("rtpmap:0 PCMU/8000",), (crypto_offer(1, "AES_CM_128_HMAC_SHA1_80", key),)
    )
    video = OfferedMedia("video", 0, "RTP/AVP", ("31",), direction="inactive", address="2001:db8::2")
    body = session_description_bytes("CiscoSystemsCCM-SIP 34 1", "192.0.2.10", [audio, video])
    read = parse_session_description(body)
    assert read.origin == "CiscoSystemsCCM-SIP 34 1 IN IP4 192.0.2.10"
    assert [(line.port, line.address, line.direction) for line in read.media] == [
        (4000, "192.0.2.10", "sendrecv"),
        (0, "2001:db8::2", "inactive"),
    ]
    offers = read_crypto_offers(body)
    assert [len(section) for section in offers] == [1, 0]
    assert offers[0][0].key_bytes() == key
    assert KEY not in repr(offers)
    assert read_crypto_offers(OFFER)[0][1].key_bytes() is None


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.integers(0, len(OFFER)), st.integers(0, len(OFFER)))
def test_arbitrary_bytes_give_a_description_or_a_refusal(noise: bytes, start: int, end: int) -> None:
    for body in (noise, b"v=0\n" + noise, OFFER[:start] + noise + OFFER[end:]):
        for reader in (parse_session_description, read_crypto_offers):
            try:
                reader(body)
            except UnexpectedAnswer:
                continue
