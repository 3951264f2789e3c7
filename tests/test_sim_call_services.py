"""Further services of simulated trunks: media termination, music for held parties, keys out of band, REFER."""

from pathlib import Path

import pytest

from pytest_cucmtls.sim.calls.placed import CallLength
from pytest_cucmtls.sim.state import NodeState
from tests.simulated_nodes import PHONES, manager, pair, run, sdl_text
from tests.test_sim_call_features import LONG, finish, outcome, paused, received, talking, until
from tests.test_sim_call_hostile import OFFER, RawPeer
from tests.test_sim_call_routing import add_phone


def trunk_of(node: NodeState, **fields: object) -> None:
    """Change the node's trunk."""
    node.cluster.database.rows("sipTrunk")[0].update(fields)


@pytest.mark.parametrize("side", ["a", "b"])
def test_mtp_required_forces_an_early_offer_and_takes_the_media_through_the_node(tmp_path: Path, side: str) -> None:
    async def work() -> None:
        both = pair(tmp_path, length=CallLength(packets=20, interval_seconds=0.005))
        node = both.a if side == "a" else both.b
        trunk_of(node, mtpRequired=True)
        async with both:
            call = await both.call()
            assert outcome(call) == (200, 16)
            other = manager(both.b).calls.finished[-1]
            assert (received(call), received(other)) == (20, 20)
            far = other if side == "a" else call
            assert far.outcome is not None
            assert far.outcome.agreement is not None
            assert far.outcome.agreement.remote.ip == node.ip
            assert far.outcome.agreement.keys is None
            invite = sdl_text(both.a).partition("INVITE sip:")[2].partition("[")[0]
            assert ("m=audio" in invite) is (side == "a")

    run(work())


def test_a_held_party_hears_music_from_the_node_where_the_phone_has_a_source(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path, length=LONG)
        both.a.cluster.database.rows("phone")[0]["userHoldMohAudioSourceId"] = "1"
        async with both:
            first, second = await talking(both)
            first.hold()
            await until(lambda: "a=sendonly" in sdl_text(both.a))
            await until(lambda: paused(second))
            offered = sdl_text(both.a).rpartition("a=sendonly")[0].rpartition("c=IN IP4 ")[2].split()[0]
            assert offered == both.a.ip
            before = received(second)
            await until(lambda: received(second) > before + 5)
            first.resume()
            await until(lambda: not paused(second))
            heard = received(first)
            await until(lambda: received(first) > heard)
            assert outcome(await finish(both)) == (200, 16)

    run(work())


@pytest.mark.parametrize("method", ["Out of Band", "OOB and RFC 2833"])
def test_keys_travel_out_of_band_where_the_trunk_says_so(tmp_path: Path, method: str) -> None:
    async def work() -> None:
        both = pair(tmp_path, length=LONG)
        for node in (both.a, both.b):
            trunk_of(node, dtmfSignalingMethod=method)
        async with both:
            first, second = await talking(both)
            for node in (both.a, both.b):
                await until(lambda node=node: sdl_text(node).count("SUBSCRIBE sip:") >= 2)  # type: ignore[misc]
            await until(lambda: first.audio is not None and first.audio.on_key is not None)
            assert first.audio is not None
            assert second.audio is not None
            first.audio.press("12#x")
            await until(lambda: second.audio is not None and second.audio.digits == "12#")
            assert ("telephone-event" in sdl_text(both.a)) is (method != "Out of Band")
            assert 'digits="2"' in sdl_text(both.b)
            assert outcome(await finish(both)) == (200, 16)

    run(work())


async def referring(peer: RawPeer, target: str) -> str:
    """A call to 9898 whose peer refers the phone to a target; the answer to the REFER."""
    offer = OFFER.format(own=peer.own, port=40000, profile="RTP/AVP")
    peer.writer.write(peer.invite(offer))
    await peer.answer_starting("SIP/2.0 200")
    refer = peer.request("REFER").replace(b"Content-Length: 0", f"Refer-To: {target}\r\nContent-Length: 0".encode())
    peer.writer.write(peer.request("ACK") + refer)
    return await peer.answer_starting("SIP/2.0 ")


@pytest.mark.parametrize(("number", "status"), [("7001", "200 OK"), ("4444", "404 Not Found")])
def test_a_peers_refer_lets_our_phone_call_and_tells_the_peer(tmp_path: Path, number: str, status: str) -> None:
    async def work() -> None:
        both = pair(tmp_path, mode="Non Secure", length=LONG)
        add_phone(both.b, "SEP001122337001", "7001")
        async with both:
            await manager(both.a).stop()
            async with RawPeer(both) as peer:
                assert "202 Accepted" in await referring(peer, f"<sip:{number}@{both.b.ip}>")
                first = await peer.answer_starting("NOTIFY ")
                assert "SIP/2.0 100 Trying" in first
                assert "Subscription-State: active" in first
                last = await peer.answer_starting("NOTIFY ")
                assert f"SIP/2.0 {status}" in last
                assert "Subscription-State: terminated" in last
                calls = [*manager(both.b).calls.active.values(), *manager(both.b).calls.finished]
                made = next(call for call in calls if call.dialled == number)
                assert (made.device, made.calling) == (PHONES["B"][0], "9898")
                peer.writer.write(peer.request("BYE"))
                await peer.answer_starting("SIP/2.0 200")

    run(work())


def test_a_refer_without_a_number_is_a_bad_request(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path, mode="Non Secure", length=LONG) as both:
            await manager(both.a).stop()
            async with RawPeer(both) as peer:
                assert "400 Bad Request" in await referring(peer, "nobody")

    run(work())


@pytest.mark.parametrize("method", ["REFER", "SUBSCRIBE", "NOTIFY"])
@pytest.mark.parametrize("accepted", [False, True])
def test_services_outside_calls_are_refused_unless_the_profile_accepts_them(tmp_path: Path, method: str, accepted: bool) -> None:
    async def work() -> None:
        both = pair(tmp_path, mode="Non Secure")
        fields = {"REFER": "acceptOutOfDialogRefer", "SUBSCRIBE": "acceptPresenceSubscription"}
        field = fields.get(method, "acceptUnsolicitedNotification")
        both.b.cluster.database.rows("sipTrunkSecurityProfile")[0][field] = accepted
        async with both:
            await manager(both.a).stop()
            async with RawPeer(both) as peer:
                peer.writer.write(peer.request(method, call_id="out@x"))
                await peer.answer_starting("SIP/2.0 501" if accepted else "SIP/2.0 403")

    run(work())


def test_a_subscription_to_something_else_within_a_call_is_a_bad_event(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path, mode="Non Secure", length=LONG) as both:
            await manager(both.a).stop()
            async with RawPeer(both) as peer:
                offer = OFFER.format(own=peer.own, port=40000, profile="RTP/AVP")
                peer.writer.write(peer.invite(offer))
                await peer.answer_starting("SIP/2.0 200")
                peer.writer.write(peer.request("ACK") + peer.request("SUBSCRIBE"))
                assert "Allow-Events: kpml" in await peer.answer_starting("SIP/2.0 489")

    run(work())


@pytest.mark.parametrize(
    ("told", "setting", "reason"), [(True, "callForwardAll", "unconditional"), (False, "callForwardAll", "")]
)
def test_a_call_forwarded_over_a_trunk_says_who_forwarded_it_where_the_trunk_delivers_that(
    tmp_path: Path, told: bool, setting: str, reason: str
) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        trunk_of(both.a, acceptOutboundRdnis=told)
        add_phone(both.a, "SEP001122337001", "7001")
        line = next(row for row in both.a.cluster.database.rows("line") if row["pattern"] == "7001")
        line[setting] = {"destination": "9898", "callingSearchSpaceName": ""}
        async with both:
            assert outcome(await both.call(dialled="7001")) == (200, 16)
            text = sdl_text(both.b)
            assert ("Diversion: <sip:7001@" in text) is told
            assert (f">;reason={reason};privacy=off;screen=yes" in text) is told

    run(work())
