"""Session timers of the simulated nodes: who refreshes, what is too short, and the end of a session nobody refreshed."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.sim.calls.placed import CallLength
from pytest_cucmtls.sim.database import Database
from pytest_cucmtls.sim.releases import RELEASES
from pytest_cucmtls.sim.sip.headers import request_message, response_message
from pytest_cucmtls.sim.sip.session_timer import MINIMUM_PARAMETER, SESSION_EXPIRES_PARAMETER, SessionDue, SessionTimer
from pytest_cucmtls.sim.state import ClusterState
from tests.simulated_nodes import manager, pair, run, sdl_text
from tests.test_sim_call_features import finish, outcome, talking, until
from tests.test_sim_call_hostile import OFFER, RawPeer

LONG = CallLength(packets=100_000, interval_seconds=0.005)
TIMER = "Supported: timer\r\n"


def cluster(seconds: str = "1800", minimum: str = "1800") -> ClusterState:
    """A cluster with the two service parameters."""
    parameters = {SESSION_EXPIRES_PARAMETER: seconds, MINIMUM_PARAMETER: minimum}
    return ClusterState("x", RELEASES["15"], Database(), enterprise_parameters=parameters)


@pytest.mark.parametrize("method", ["Invite", "Update"])
def test_the_asker_refreshes_at_half_the_interval_as_its_sip_profile_says(tmp_path: Path, method: str) -> None:
    async def work() -> None:
        both = pair(tmp_path, length=LONG)
        for node in (both.a, both.b):
            node.cluster.enterprise_parameters |= {SESSION_EXPIRES_PARAMETER: "1", MINIMUM_PARAMETER: "1"}
            node.cluster.database.add("sipProfile", {"name": "refresh", "sipSessionRefreshMethod": method})
            node.cluster.database.rows("sipTrunk")[0]["sipProfileName"] = "refresh"
        async with both:
            await talking(both)
            word = "UPDATE sip:" if method == "Update" else "INVITE sip:"
            before = sdl_text(both.a).count(word)
            await until(lambda: sdl_text(both.a).count(word) >= before + 2)
            assert "Session-Expires: 1;refresher=uac" in sdl_text(both.a)
            assert outcome(await finish(both)) == (200, 16)

    run(work())


def test_a_session_its_peer_does_not_refresh_is_ended_with_the_timers_cause(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path, mode="Non Secure", length=LONG)
        both.b.cluster.enterprise_parameters |= {SESSION_EXPIRES_PARAMETER: "1", MINIMUM_PARAMETER: "1"}
        async with both:
            await manager(both.a).stop()
            async with RawPeer(both) as peer:
                offer = OFFER.format(own=peer.own, port=40000, profile="RTP/AVP")
                peer.writer.write(peer.invite(offer, headers=TIMER + "Session-Expires: 1\r\n"))
                answer = await peer.answer_starting("SIP/2.0 200")
                assert "Session-Expires: 1;refresher=uac" in answer
                assert "Require: timer" in answer
                peer.writer.write(peer.request("ACK"))
                assert "Reason: Q.850;cause=102" in await peer.answer_starting("BYE ")

    run(work())


@pytest.mark.parametrize("headers", ["", "Session-Expires: 60\r\n"])
def test_a_peer_without_timers_gets_none(tmp_path: Path, headers: str) -> None:
    async def work() -> None:
        async with pair(tmp_path, mode="Non Secure", length=LONG) as both:
            await manager(both.a).stop()
            async with RawPeer(both) as peer:
                offer = OFFER.format(own=peer.own, port=40000, profile="RTP/AVP")
                peer.writer.write(peer.invite(offer, headers=headers))
                assert "Session-Expires" not in await peer.answer_starting("SIP/2.0 200")

    run(work())


@pytest.mark.parametrize(("seconds", "status"), [("1799", 422), ("1800", 200), ("90", 422)])
def test_an_interval_below_the_minimum_is_refused_with_the_minimum(tmp_path: Path, seconds: str, status: int) -> None:
    async def work() -> None:
        async with pair(tmp_path, mode="Non Secure", length=LONG) as both:
            await manager(both.a).stop()
            async with RawPeer(both) as peer:
                offer = OFFER.format(own=peer.own, port=40000, profile="RTP/AVP")
                peer.writer.write(peer.invite(offer, headers=TIMER + f"Session-Expires: {seconds}\r\n"))
                answer = await peer.answer_starting(f"SIP/2.0 {status}")
                assert ("Min-SE: 1800" in answer) is (status == 422)

    run(work())


def test_a_caller_that_is_told_a_longer_minimum_asks_again(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        both.a.cluster.enterprise_parameters |= {SESSION_EXPIRES_PARAMETER: "600", MINIMUM_PARAMETER: "90"}
        async with both:
            assert outcome(await both.call()) == (200, 16)
            text = sdl_text(both.a)
            assert text.index("SIP/2.0 422 Session Interval Too Small") < text.index("Session-Expires: 1800")

    run(work())


def test_what_is_due_is_told_once_and_never_after_the_end() -> None:
    async def work() -> None:
        told: list[SessionDue] = []
        timer = SessionTimer(cluster("1", "1"), "call")
        timer.start(told.append)
        timer.accept(request_message("INVITE", "sip:x", (("Supported", "timer"), ("Session-Expires", "1;refresher=uas")), b""))
        assert timer.ours
        await until(lambda: told)
        assert told == [SessionDue("call", expired=False)]
        timer.stop()
        assert timer._handle is None

    asyncio.run(work())


@settings(max_examples=100)
@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_odd_header_values_are_survived(interval: str, minimum: str, supported: str) -> None:
    timer = SessionTimer(cluster(), "call")
    headers = (("To", "x"), ("Session-Expires", interval), ("Min-SE", minimum), ("Supported", f"timer,{supported}"))
    request = request_message("INVITE", "sip:x", headers, b"")
    timer.refuses(request)
    timer.accept(request)
    timer.conclude(response_message(request, 200, headers, ""))
    timer.raise_to(response_message(request, 422, headers, ""))
    assert timer.wanted >= 1800


@pytest.mark.parametrize("value", ["", "0", "x", "-5", "99999999"])
def test_an_odd_parameter_means_the_default(value: str) -> None:
    assert SessionTimer(cluster(value), "call").wanted == 1800
