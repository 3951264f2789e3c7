"""What happens in and around calls of the simulated nodes: ringing, hold, early offer, PRACK, forwarding, voice mail, keys."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_cucmtls.sim.calls.phones import VOICE_MAIL, Phone
from pytest_cucmtls.sim.calls.placed import Call, CallLength
from pytest_cucmtls.sim.state import NodeState
from tests.simulated_nodes import PHONES, SimulatedPair, manager, pair, run, sdl_text
from tests.test_sim_call_hostile import OFFER, RawPeer
from tests.test_sim_call_routing import add_phone

LONG = CallLength(packets=100_000, interval_seconds=0.005)


async def until(condition: Callable[[], object]) -> None:
    """Wait for the event loop to make it true."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0)


def phone_of(node: NodeState, cluster: str) -> Phone:
    """The simulated phone of a cluster."""
    phone = manager(node).phones.find(PHONES[cluster][0])
    assert phone is not None
    return phone


async def talking(both: SimulatedPair) -> tuple[Call, Call]:
    """A call from A to B with audio in both directions: (A's view, B's view)."""
    await manager(both.a).make_call(*PHONES["A"], "9898")
    views: list[Call] = []
    for node, cluster in ((both.a, "A"), (both.b, "B")):
        device = PHONES[cluster][0]
        await until(lambda node=node, device=device: received(manager(node).call_of(device)))  # type: ignore[misc]
        view = manager(node).call_of(device)
        assert view is not None
        views.append(view)
    return views[0], views[1]


def received(call: Call | None) -> int:
    """Packets understood so far."""
    return call.audio.received if call is not None and call.audio is not None else 0


def paused(call: Call) -> bool:
    """The call's phone sends nothing."""
    return call.audio is not None and call.audio.paused


async def finish(both: SimulatedPair) -> Call:
    """Hang up at A; its view of the call."""
    await manager(both.a).end_call(PHONES["A"][0])
    await manager(both.a).wait_until_idle()
    await manager(both.b).wait_until_idle()
    return manager(both.a).calls.finished[-1]


def outcome(call: Call) -> tuple[int, int]:
    """SIP status and Q.850 cause."""
    assert call.outcome is not None
    return call.outcome.status, call.outcome.cause


def ringing(node: NodeState) -> bool:
    """The node told its caller that the phone rings."""
    return "SIP/2.0 180 Ringing" in sdl_text(node)


@pytest.mark.parametrize("holder", [0, 1])
def test_hold_stops_the_media_of_both_phones_and_resume_brings_it_back(tmp_path: Path, holder: int) -> None:
    async def work() -> None:
        async with pair(tmp_path, length=LONG) as both:
            views = await talking(both)
            views[holder].hold()
            await until(lambda: paused(views[0]) and paused(views[1]))
            before = [received(view) for view in views]
            views[holder].resume()
            await until(lambda: all(received(view) > seen for view, seen in zip(views, before, strict=True)))
            assert not paused(views[0])
            assert outcome(await finish(both)) == (200, 16)
            text = sdl_text((both.a, both.b)[holder])
            assert "a=inactive" in text
            assert "a=sendrecv" in text.rpartition("a=inactive")[2]
            assert text.count("ACK sip:") >= 2

    run(work())


def test_an_offer_made_while_ours_is_under_way_is_told_to_wait(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path, length=LONG) as both:
            first, second = await talking(both)
            first.hold()
            second.hold()
            await until(lambda: "SIP/2.0 491 Request Pending" in sdl_text(both.a) + sdl_text(both.b) or paused(first))
            assert outcome(await finish(both)) == (200, 16)

    run(work())


def test_a_peers_update_with_an_offer_is_answered_and_one_without_is_acknowledged(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path, mode="Non Secure") as both:
            await manager(both.a).stop()
            async with RawPeer(both) as peer:
                offer = OFFER.format(own=peer.own, port=40000, profile="RTP/AVP")
                peer.writer.write(peer.invite(offer))
                await peer.answer_starting("SIP/2.0 200")
                peer.writer.write(peer.request("ACK") + peer.request("UPDATE", body=offer + "a=sendonly\r\n"))
                answer = await peer.answer_starting("SIP/2.0 200")
                assert "2 UPDATE" in answer
                assert "a=recvonly" in answer
                peer.writer.write(peer.request("UPDATE"))
                assert "m=audio" not in await peer.answer_starting("SIP/2.0 200")
                peer.writer.write(peer.request("INVITE", body="nonsense"))
                assert "488" in await peer.answer_starting("SIP/2.0 488")
                peer.writer.write(peer.request("BYE"))
                await peer.answer_starting("SIP/2.0 200")

    run(work())


@pytest.mark.parametrize(
    ("setting", "early"),
    [
        ({"earlyOfferSuppVoiceCall": "Disabled (Default value)"}, False),
        ({"earlyOfferSuppVoiceCall": "Best Effort (no MTP inserted)"}, True),
        ({"earlyOfferSuppVoiceCall": "Mandatory (insert MTP if needed)"}, True),
        ({"earlyOfferSupportForVoiceCall": "true"}, True),
        ({}, False),
    ],
)
def test_the_sip_profile_decides_who_offers(tmp_path: Path, setting: dict[str, str], early: bool) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        both.a.cluster.database.add("sipProfile", {"name": "P", **setting})
        both.a.cluster.database.rows("sipTrunk")[0]["sipProfileName"] = "P"
        async with both:
            call = await both.call()
            assert outcome(call) == (200, 16)
            assert call.outcome is not None
            assert call.outcome.agreement is not None
            assert call.outcome.agreement.keys is not None
            invite = sdl_text(both.a).partition("INVITE sip:")[2].partition("NET]")[0]
            assert ("m=audio" in invite) is early

    run(work())


@pytest.mark.parametrize("option", ["Send PRACK if 1xx Contains SDP", "Send PRACK for all 1xx Messages"])
def test_provisional_answers_are_acknowledged_when_both_profiles_ask_for_it(tmp_path: Path, option: str) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        for node in (both.a, both.b):
            node.cluster.database.add("sipProfile", {"name": "P", "sipRe11XxEnabled": option})
            node.cluster.database.rows("sipTrunk")[0]["sipProfileName"] = "P"
        async with both:
            assert outcome(await both.call()) == (200, 16)
            text = sdl_text(both.a)
            assert "RAck: 1 101 INVITE" in text
            assert text.index("Require: 100rel") < text.index("PRACK sip:") < text.index("ACK sip:", text.index("PRACK sip:") + 9)

    run(work())


def test_a_call_given_up_while_the_phone_rings_is_cancelled_on_both_sides(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path) as both:
            phone_of(both.b, "B").answers.clear()
            await manager(both.a).make_call(*PHONES["A"], "9898")
            await until(lambda: ringing(both.b))
            assert outcome(await finish(both)) == (487, 16)
            assert outcome(manager(both.b).calls.finished[-1]) == (487, 16)
            text = sdl_text(both.a)
            assert "CANCEL sip:" in text
            assert "SIP/2.0 487 Request Terminated" in text

    run(work())


def test_a_phone_that_rings_is_talked_to_once_it_is_picked_up(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path) as both:
            phone = phone_of(both.b, "B")
            phone.answers.clear()
            await manager(both.a).make_call(*PHONES["A"], "9898")
            await until(lambda: ringing(both.b))
            assert "SIP/2.0 200 OK" not in sdl_text(both.b)
            phone.answers.set()
            await manager(both.a).wait_until_idle()
            assert outcome(manager(both.a).calls.finished[-1]) == (200, 16)

    run(work())


def test_a_ringing_phone_that_declines_is_busy(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path) as both:
            phone_of(both.b, "B").answers.clear()
            await manager(both.a).make_call(*PHONES["A"], "9898")
            await until(lambda: ringing(both.b))
            assert await manager(both.b).end_call(PHONES["B"][0])
            await manager(both.a).wait_until_idle()
            assert outcome(manager(both.a).calls.finished[-1]) == (486, 17)

    run(work())


@pytest.mark.parametrize("local", [False, True])
def test_nobody_answering_forwards_the_call(tmp_path: Path, local: bool) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        node, dialled = (both.a, "1019") if local else (both.b, "9898")
        if local:
            add_phone(both.a, "SEP0000000000CC", "1019")
        add_phone(node, "SEP0000000000AA", "9899")
        line = next(row for row in node.cluster.database.rows("line") if row["pattern"] == dialled)
        line["callForwardNoAnswer"] = {"destination": "9899", "duration": "0.01"}
        async with both:
            ringing_phone = manager(node).phones.with_line(dialled, "")
            assert ringing_phone is not None
            ringing_phone.answers.clear()
            assert outcome(await both.call(dialled=dialled)) == (200, 16)
            assert manager(node).calls.finished[-1].answered_by == "9899"

    run(work())


def test_a_busy_line_forwards_or_says_busy(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        add_phone(both.b, "SEP0000000000AA", "9899")
        async with both:
            phone = phone_of(both.b, "B")
            phone.calls = 2
            assert outcome(await both.call()) == (486, 17)
            both.b.cluster.database.rows("line")[0]["callForwardBusy"] = {"destination": "9899"}
            assert outcome(await both.call()) == (200, 16)
            assert manager(both.b).calls.finished[-1].answered_by == "9899"

    run(work())


@pytest.mark.parametrize("reason", ["callForwardAll", "callForwardBusy", "callForwardNoAnswer"])
def test_voice_mail_answers_what_is_forwarded_to_it(tmp_path: Path, reason: str) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        both.b.cluster.enterprise_parameters["Voice Mail Pilot"] = "9000"
        both.b.cluster.database.rows("line")[0][reason] = {"forwardToVoiceMail": "true", "destination": "", "duration": "0.01"}
        async with both:
            phone = phone_of(both.b, "B")
            phone.answers.clear()
            phone.calls = 2 if reason == "callForwardBusy" else 0
            assert outcome(await both.call()) == (200, 16)
            taken = manager(both.b).calls.finished[-1]
            assert taken.answered_by == "9000"
            assert "Remote-Party-ID: <sip:9000@" in sdl_text(both.a)

    run(work())


def test_the_voice_mail_pilot_can_be_dialled_and_without_one_nothing_forwards(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        line = both.b.cluster.database.rows("line")[0]
        line["callForwardAll"] = {"forwardToVoiceMail": "true"}
        async with both:
            assert outcome(await both.call()) == (200, 16)
            assert manager(both.b).calls.finished[-1].answered_by == "9898"
            both.a.cluster.enterprise_parameters["Voice Mail Pilot"] = "9000"
            assert outcome(await both.call(dialled="9000")) == (200, 16)
            assert manager(both.a).phones.voice_mail.name == VOICE_MAIL

    run(work())


@pytest.mark.parametrize("keys", ["1", "0123456789*#ABCD", "11", "55x5"])
def test_keys_pressed_are_heard_by_the_other_phone(tmp_path: Path, keys: str) -> None:
    async def work() -> None:
        async with pair(tmp_path, length=LONG) as both:
            first, second = await talking(both)
            assert first.audio is not None
            assert second.audio is not None
            first.audio.press(keys)
            wanted = keys.replace("x", "")
            await until(lambda: second.audio is not None and len(second.audio.digits) >= len(wanted))
            assert second.audio.digits == wanted
            assert first.audio.digits == ""
            await finish(both)

    run(work())


def test_a_codec_our_phones_lack_is_not_acceptable_and_extra_sections_are_refused(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path, mode="Non Secure") as both:
            await manager(both.a).stop()
            async with RawPeer(both) as peer:
                offer = OFFER.format(own=peer.own, port=40000, profile="RTP/AVP")
                peer.writer.write(peer.invite(offer.replace("RTP/AVP 0", "RTP/AVP 18"), call_id="a"))
                assert "Reason: Q.850;cause=47" in await peer.answer_starting("SIP/2.0 488")
                peer.writer.write(peer.invite(offer + "m=video 40002 RTP/AVP 97\r\n", call_id="b"))
                answer = await peer.answer_starting("SIP/2.0 200")
                assert "m=video 0 RTP/AVP 97" in answer
                peer.writer.write(peer.request("ACK", call_id="b") + peer.request("BYE", call_id="b"))
                await peer.answer_starting("SIP/2.0 200")

    run(work())


@pytest.mark.parametrize(("headers", "status"), [("", "488"), ("Supported: X-cisco-srtp-fallback\r\n", "200")])
def test_a_secure_offer_without_fallback_is_refused_where_srtp_is_impossible(tmp_path: Path, headers: str, status: str) -> None:
    async def work() -> None:
        async with pair(tmp_path, mode="Non Secure") as both:
            await manager(both.a).stop()
            async with RawPeer(both) as peer:
                offer = OFFER.format(own=peer.own, port=40000, profile="RTP/SAVP")
                peer.writer.write(peer.invite(offer, headers=headers))
                answer = await peer.answer_starting(f"SIP/2.0 {status}")
                assert ("m=audio" in answer) is (status == "200")
                assert "RTP/SAVP" not in answer

    run(work())


def test_an_extension_nobody_knows_is_refused_by_name(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path, mode="Non Secure") as both:
            await manager(both.a).stop()
            async with RawPeer(both) as peer:
                peer.writer.write(peer.invite(headers="Require: telepathy, 100rel\r\n"))
                assert "Unsupported: telepathy" in await peer.answer_starting("SIP/2.0 420")

    run(work())
