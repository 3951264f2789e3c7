"""The simulated nodes against peers that do not keep to the rules: nothing crashes, and the next call still works."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from tests.simulated_nodes import SimulatedPair, manager, pair, run, sdl_text

INVITE = (
    "INVITE sip:{called}@{to} SIP/2.0\r\nVia: SIP/2.0/TCP {own}:5060;branch=z9hG4bK1\r\nFrom: <sip:1018@{own}>;tag=a\r\n"
    "To: <sip:{called}@{to}>\r\nCall-ID: {call_id}\r\nCSeq: 1 INVITE\r\n{headers}Content-Length: {size}\r\n\r\n{body}"
)
OFFER = "v=0\r\no=x 1 1 IN IP4 {own}\r\ns=x\r\nc=IN IP4 {own}\r\nt=0 0\r\nm=audio {port} {profile} 0\r\n"


class RawPeer:
    """Node A's address without node A: speaks whatever the test writes to B's plain port."""

    def __init__(self, both: SimulatedPair) -> None:
        self.own, self.to = both.a.ip, both.b.ip

    async def __aenter__(self) -> "RawPeer":
        self.reader, self.writer = await asyncio.open_connection(self.to, 5060, local_addr=(self.own, 0))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        await self.writer.wait_closed()

    def invite(self, body: str = "", *, called: str = "9898", call_id: str = "1@x", headers: str = "") -> bytes:
        """An INVITE with an optional early offer."""
        values = {"called": called, "to": self.to, "own": self.own, "call_id": call_id, "headers": headers}
        return INVITE.format(size=len(body), body=body, **values).encode()

    async def answer_starting(self, start: str) -> str:
        """Read messages up to one whose start line begins so."""
        while True:
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            size = int(head.partition("Content-Length: ")[2].split()[0])
            body = (await self.reader.readexactly(size)).decode()
            if head.startswith(start):
                return head + body

    def request(self, method: str, *, call_id: str = "1@x", body: str = "") -> bytes:
        """Another request of the same call."""
        message = self.invite(body, call_id=call_id).decode()
        return message.replace("INVITE sip", f"{method} sip", 1).replace("1 INVITE", f"2 {method}").encode()


def test_an_early_offer_is_answered_in_the_200(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path, mode="Non Secure") as both:
            await manager(both.a).stop()
            async with RawPeer(both) as peer:
                peer.writer.write(peer.invite(OFFER.format(own=peer.own, port=40000, profile="RTP/AVP")))
                answer = await peer.answer_starting("SIP/2.0 200")
                assert "m=audio " in answer
                assert "RTP/AVP" in answer
                peer.writer.write(peer.request("ACK") + peer.request("BYE"))
                assert "CSeq: 2 BYE" in await peer.answer_starting("SIP/2.0 200")

    run(work())


@pytest.mark.parametrize(
    "body", ["nonsense", "v=0\r\n", OFFER.format(own="127.0.0.1", port=0, profile="RTP/AVP"), "m=audio x RTP/AVP 0\r\n"]
)
def test_an_offer_without_usable_audio_is_not_acceptable(tmp_path: Path, body: str) -> None:
    async def work() -> None:
        async with pair(tmp_path, mode="Non Secure") as both:
            await manager(both.a).stop()
            async with RawPeer(both) as peer:
                peer.writer.write(peer.invite(body))
                await peer.answer_starting("SIP/2.0 488")

    run(work())


def test_an_answer_that_selects_nothing_offered_ends_the_call(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path, mode="Non Secure") as both:
            await manager(both.a).stop()
            async with RawPeer(both) as peer:
                peer.writer.write(peer.invite())
                await peer.answer_starting("SIP/2.0 200")
                peer.writer.write(peer.request("ACK", body=OFFER.format(own=peer.own, port=40000, profile="RTP/SAVP")))
                bye = await peer.answer_starting("BYE ")
                assert "Reason: Q.850;cause=47" in bye

    run(work())


def test_requests_outside_a_call_are_answered(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path, mode="Non Secure") as both:
            await manager(both.a).stop()
            async with RawPeer(both) as peer:
                peer.writer.write(peer.request("ACK") + peer.request("BYE", call_id="none@x"))
                await peer.answer_starting("SIP/2.0 481")
                peer.writer.write(peer.request("OPTIONS"))
                await peer.answer_starting("SIP/2.0 200")

    run(work())


def test_a_peer_nobody_configured_is_answered_503(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path, mode="Non Secure") as both:
            await manager(both.a).stop()
            stranger = both.a.ip.rpartition(".")[0] + ".77"
            async with RawPeer(both) as own:
                own.own = stranger
                reader, writer = await asyncio.open_connection(both.b.ip, 5060, local_addr=(stranger, 0))
                writer.write(own.invite())
                assert (await reader.readline()).startswith(b"SIP/2.0 503")
                writer.close()
                await writer.wait_closed()

    run(work())


@pytest.mark.parametrize(
    "noise",
    [
        b"\x00" * 5000,
        b"GET / HTTP/1.1\r\n\r\n",
        b"\r\n\r\n\r\n",
        b"INVITE sip:9898@x SIP/2.0\r\n\r\n",
        b"INVITE sip:9898@x SIP/2.0\r\nCall-ID: z\r\nContent-Length: 999999999\r\n\r\n",
        b"SIP/2.0 200 OK\r\nCall-ID: unknown\r\nContent-Length: 0\r\n\r\n",
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
        b"A" * 200_000,
    ],
    ids=["zeros", "http", "keepalive", "bare-invite", "huge-length", "stray-response", "tls", "long-line"],
)
@pytest.mark.parametrize("port", [5060, 5061])
def test_noise_on_a_sip_port_leaves_the_node_able_to_take_calls(tmp_path: Path, noise: bytes, port: int) -> None:
    async def work() -> None:
        async with pair(tmp_path, mode="Non Secure") as both:
            _, writer = await asyncio.open_connection(both.b.ip, port, local_addr=(both.a.ip, 0))
            writer.write(noise)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            call = await both.call()
            assert call.outcome is not None
            assert call.outcome.status == 200

    run(work())


def test_a_peer_that_vanishes_in_the_call_ends_it(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path, mode="Non Secure") as both:
            await manager(both.a).stop()
            async with RawPeer(both) as peer:
                peer.writer.write(peer.invite())
                await peer.answer_starting("SIP/2.0 200")
            await manager(both.b).wait_until_idle()
            call = manager(both.b).calls.finished[-1]
            assert call.outcome is not None
            assert (call.outcome.status, call.outcome.cause) == (0, 41)

    run(work())


@pytest.mark.parametrize("destination", ["", "98\r\n98", 'x" dd="1', "9" * 5000, "+49 (89) 9898", "😀"])
def test_whatever_is_dialled_the_trace_stays_readable(tmp_path: Path, destination: str) -> None:
    async def work() -> None:
        async with pair(tmp_path) as both:
            call = await both.call(dialled=destination or "-")
            assert call.outcome is not None
            dialled = [line for line in sdl_text(both.a).splitlines() if " dd=" in line]
            assert len(dialled) == 1
            assert dialled[0].endswith(f'dd="{call.dialled}",dac="0")')

    run(work())
