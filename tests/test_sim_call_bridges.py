"""Session descriptions that pass through the simulated node between two SIP parties, and noise on its UDP port."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.sim.calls.media_negotiation import NoCommonMedia
from pytest_cucmtls.sim.calls.media_relay import RelayEnd, match_offers, relayed
from pytest_cucmtls.sim.database import Database
from pytest_cucmtls.sim.releases import RELEASES
from pytest_cucmtls.sim.sip.transactions import SipTransactions
from pytest_cucmtls.sim.state import ClusterState
from pytest_cucmtls.wire.sdp import parse_session_description
from tests.simulated_nodes import manager, pair, run

KEYS = {"AEAD_AES_256_GCM": "A" * 59 + "=", "AES_CM_128_HMAC_SHA1_80": "B" * 40}


def end(*, secure: bool = True, release: str = "15") -> RelayEnd:
    """The node towards one party."""
    return RelayEnd(ClusterState("x", RELEASES[release], Database()), "127.0.0.9", 7, 1, secure)


def description(address: str, formats: str = "0 8 101", *, suites: tuple[str, ...] = (), extra: str = "") -> bytes:
    """An offer of a phone."""
    profile = "RTP/SAVP" if suites else "RTP/AVP"
    crypto = "".join(f"a=crypto:{tag} {suite} inline:{KEYS[suite]}\r\n" for tag, suite in enumerate(suites, 1))
    return (
        f"v=0\r\no=phone 1 1 IN IP4 {address}\r\ns=x\r\nc=IN IP4 {address}\r\nt=0 0\r\n"
        f"m=audio 4000 {profile} {formats}\r\na=rtpmap:101 telephone-event/8000\r\n{crypto}{extra}"
    ).encode()


def test_a_relayed_description_is_the_nodes_but_the_media_stays_the_phones() -> None:
    shown = relayed(end(), description("127.0.0.1", suites=tuple(KEYS), extra="a=sendonly\r\nm=video 0 RTP/AVP 97\r\n")).decode()
    assert "o=CiscoSystemsCCM-SIP 7 1 IN IP4 127.0.0.9\r\n" in shown
    assert "c=IN IP4 127.0.0.1\r\n" in shown
    assert shown.count("a=crypto:") == 2
    assert "a=sendonly" in shown
    assert "m=video 0" in shown
    assert relayed(end(), b"") == b""


def test_keys_are_taken_away_for_a_party_that_may_not_have_them() -> None:
    shown = relayed(end(secure=False), description("127.0.0.1", suites=tuple(KEYS))).decode()
    assert "m=audio 4000 RTP/AVP 0 8 101" in shown
    assert "crypto" not in shown


def test_suites_the_release_lacks_are_taken_away() -> None:
    shown = relayed(end(release="9.1"), description("127.0.0.1", suites=tuple(KEYS))).decode()
    assert "RTP/AVP" in shown
    assert "crypto" not in shown


def test_two_offers_become_two_answers_with_the_other_partys_address_and_key() -> None:
    first = description("127.0.0.1", "8 0 101", suites=tuple(KEYS))
    second = description("127.0.0.2", "0 101", suites=("AES_CM_128_HMAC_SHA1_80",))
    to_first, to_second = (parse_session_description(body).media[0] for body in match_offers((end(), first), (end(), second)))
    assert (to_first.address, to_second.address) == ("127.0.0.2", "127.0.0.1")
    assert (to_first.formats, to_second.formats) == (("0", "101"), ("0", "101"))
    assert [(line.tag, line.crypto_suite) for line in to_first.crypto] == [(2, "AES_CM_128_HMAC_SHA1_80")]
    assert [(line.tag, line.crypto_suite) for line in to_second.crypto] == [(1, "AES_CM_128_HMAC_SHA1_80")]


@pytest.mark.parametrize("secure", [(True, False), (False, True)])
def test_two_offers_meet_in_rtp_when_one_party_may_not_use_srtp(secure: tuple[bool, bool]) -> None:
    body = description("127.0.0.1", suites=tuple(KEYS))
    for answer in match_offers((end(secure=secure[0]), body), (end(secure=secure[1]), body)):
        assert parse_session_description(answer).media[0].profile == "RTP/AVP"


@pytest.mark.parametrize("formats", ["18", "101", "9 101"])
def test_two_offers_without_a_common_codec_do_not_meet(formats: str) -> None:
    with pytest.raises(NoCommonMedia):
        match_offers((end(), description("127.0.0.1")), (end(), description("127.0.0.2", formats)))


@settings(max_examples=100)
@given(st.binary(max_size=300), st.booleans())
def test_any_body_is_relayed_matched_or_refused(noise: bytes, framed: bool) -> None:
    body = description("127.0.0.1") + noise if framed else noise
    for work in (lambda: relayed(end(), body), lambda: match_offers((end(), body), (end(), description("127.0.0.2")))):
        try:
            work()
        except (NoCommonMedia, UnexpectedAnswer):
            continue


@settings(max_examples=100)
@given(st.lists(st.binary(max_size=80), max_size=5))
def test_any_datagram_is_survived_by_the_transactions(pieces: list[bytes]) -> None:
    async def work() -> None:
        written: list[bytes] = []
        transactions = SipTransactions(written.append)
        for piece in pieces:
            transactions.takes(piece)
            transactions.takes(b"BYE sip:x SIP/2.0\r\n" + piece)
            transactions.send(b"INVITE sip:x SIP/2.0\r\n" + piece)
        transactions.close()

    asyncio.run(work())


def test_an_unanswered_request_is_repeated_and_an_answered_one_is_not() -> None:
    invite = b"INVITE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n"
    trying = invite.replace(b"INVITE sip:x SIP/2.0", b"SIP/2.0 100 Trying")

    async def work() -> None:
        repeated = asyncio.Event()
        written: list[bytes] = []

        def write(data: bytes) -> None:
            written.append(data)
            if len(written) == 3:
                repeated.set()

        transactions = SipTransactions(write, t1_seconds=0.001)
        transactions.send(invite)
        await asyncio.wait_for(repeated.wait(), 10)
        assert transactions.takes(trying)
        assert not transactions._timers
        transactions.close()

    asyncio.run(work())


@pytest.mark.parametrize(
    "noise",
    [
        b"",
        b"\r\n\r\n",
        b"\x00" * 1400,
        b"INVITE",
        b"INVITE sip:9898@x SIP/2.0\r\n\r\n",
        b"SIP/2.0 200 OK\r\n\r\n",
        b"REGISTER sip:x SIP/2.0\r\n\r\n",
    ],
)
def test_noise_on_the_udp_port_leaves_the_node_able_to_take_calls(tmp_path: Path, noise: bytes) -> None:
    async def work() -> None:
        async with pair(tmp_path) as both:
            loop = asyncio.get_running_loop()
            address = (both.b.ip, 5060)
            sender, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=(both.a.ip, 0))
            for _ in range(3):
                sender.sendto(noise, address)
            call = await both.call()
            sender.close()
            assert call.outcome is not None
            assert call.outcome.status == 200
            assert manager(both.b).registrar.find("") is None

    run(work())
