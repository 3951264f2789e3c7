"""OPTIONS ping over the trunk of two simulated nodes: who asks, who answers, and which service state follows."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from pytest_cucmtls.sim.sip.options_ping import TrunkService, TrunkState
from pytest_cucmtls.sim.state import NodeState
from tests.simulated_nodes import SimulatedPair, manager, pair, run, sdl_text

EAGER = {
    "enableOutboundOptionsPing": "true",
    "optionsPingIntervalWhenStatusOK": "0.02",
    "optionsPingIntervalWhenStatusNotOK": "0.02",
    "sipOptionsRetryTimer": "2000",
    "sipOptionsRetryCount": 1,
}


def pinging(folder: Path, *, mode: str = "Encrypted", **changes: Any) -> SimulatedPair:
    """A pair whose node A pings as often as it can."""
    both = pair(folder, mode=mode)
    database = both.a.cluster.database
    database.add("sipProfile", {"name": "ping", **EAGER, **changes})
    database.rows("sipTrunk")[0]["sipProfileName"] = "ping"
    return both


async def state(node: NodeState, service: TrunkService, reason: str = "") -> TrunkState:
    """The trunk's state once its service is this one, for this reason."""
    async with asyncio.timeout(20):
        return await manager(node).pings.wait_for(
            "to-CUCM10", lambda seen: seen.service is service and reason in [*dict(seen.reasons).values(), ""]
        )


@pytest.mark.parametrize("mode", ["Encrypted", "Authenticated", "Non Secure"])
def test_a_peer_that_answers_is_in_full_service(tmp_path: Path, mode: str) -> None:
    async def work() -> None:
        async with pinging(tmp_path, mode=mode) as both:
            assert (await state(both.a, TrunkService.FULL)).reasons == ()
            assert manager(both.a).trunk_status("to-CUCM10") == ("Registered", 0)
            text = sdl_text(both.a)
            assert f"OPTIONS sip:{both.b.ip}:" in text
            assert "AlarmName: SIPTrunkISV" in text

    run(work())


def test_without_ping_nothing_is_known_and_nothing_is_asked(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path) as both:
            await both.call()
            assert manager(both.a).trunk_state("to-CUCM10").service is TrunkService.UNKNOWN
            assert manager(both.a).trunk_status("to-CUCM10") == ("Unknown", 1)
            assert "OPTIONS sip:" not in sdl_text(both.a)

    run(work())


def test_a_peer_that_goes_away_and_comes_back_changes_the_state_and_says_so(tmp_path: Path) -> None:
    async def work() -> None:
        async with pinging(tmp_path) as both:
            await state(both.a, TrunkService.FULL)
            await manager(both.b).stop()
            gone = await state(both.a, TrunkService.NONE, "Local=2")
            assert gone.reasons == ((f"{both.b.ip}:5061", "Local=2"),)
            assert manager(both.a).trunk_status("to-CUCM10") == ("UnRegistered", 6)
            await manager(both.b).start()
            await state(both.a, TrunkService.FULL)
            alarms = [line.partition("AlarmName: ")[2].split(",")[0] for line in sdl_text(both.a).splitlines() if "Alarm" in line]
            assert alarms[-3:] == ["SIPTrunkISV", "SIPTrunkOOS", "SIPTrunkISV"]

    run(work())


def test_a_peer_that_accepts_and_stays_silent_times_out(tmp_path: Path) -> None:
    asked: list[bytes] = []

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            asked.append(data)
        writer.close()

    async def work() -> None:
        both = pinging(tmp_path, mode="Non Secure", sipOptionsRetryTimer="5")
        server = await asyncio.start_server(silent, both.b.ip, 5060)
        await manager(both.a).start()
        assert (await state(both.a, TrunkService.NONE, "Local=1")).reasons == ((f"{both.b.ip}:5060", "Local=1"),)
        assert b"".join(asked).count(b"OPTIONS sip:") >= 2
        await manager(both.a).stop()
        server.close()

    run(work())


def test_a_destination_name_nobody_knows_is_a_reason_of_its_own(tmp_path: Path) -> None:
    async def work() -> None:
        both = pinging(tmp_path)
        destination = {"addressIpv4": "unknown.example", "port": 5061, "sortOrder": 1}
        both.a.cluster.database.rows("sipTrunk")[0]["destinations"] = {"destination": [destination]}
        async with both:
            assert (await state(both.a, TrunkService.NONE, "Local=3")).reasons == (("unknown.example:5061", "Local=3"),)

    run(work())


def test_an_untrusted_peer_cannot_be_connected(tmp_path: Path) -> None:
    async def work() -> None:
        both = pinging(tmp_path)
        both.a.certificates.trusted.clear()  # type: ignore[attr-defined]
        async with both:
            assert (await state(both.a, TrunkService.NONE, "Local=2")).reasons == ((f"{both.b.ip}:5061", "Local=2"),)

    run(work())


def test_a_peer_without_a_trunk_for_us_answers_503_which_is_its_reason(tmp_path: Path) -> None:
    async def work() -> None:
        both = pinging(tmp_path)
        both.b.cluster.database.rows("sipTrunkSecurityProfile")[0]["x509SubjectName"] = "SOMEBODY"
        async with both:
            assert (await state(both.a, TrunkService.NONE, "Remote=503")).reasons == ((f"{both.b.ip}:5061", "Remote=503"),)

    run(work())


def test_one_dead_destination_of_two_is_partial_service_and_calls_leave_it_out(tmp_path: Path) -> None:
    async def work() -> None:
        both = pinging(tmp_path)
        places = [{"addressIpv4": both.b.ip, "port": port, "sortOrder": order} for order, port in enumerate((5999, 5061))]
        both.a.cluster.database.rows("sipTrunk")[0]["destinations"] = {"destination": places}
        async with both:
            partial = await state(both.a, TrunkService.PARTIAL)
            assert partial.reasons == ((f"{both.b.ip}:5999", "Local=2"),)
            assert manager(both.a).trunk_status("to-CUCM10") == ("Registered", 0)
            call = await both.call()
            assert call.outcome is not None
            assert call.outcome.status == 200

    run(work())


def test_turning_the_ping_off_takes_effect_with_the_reset(tmp_path: Path) -> None:
    async def work() -> None:
        async with pinging(tmp_path) as both:
            await state(both.a, TrunkService.FULL)
            both.a.cluster.database.rows("sipProfile")[0]["enableOutboundOptionsPing"] = "false"
            await manager(both.a).reset_trunk("to-CUCM10")
            assert manager(both.a).trunk_state("to-CUCM10").service is TrunkService.UNKNOWN

    run(work())


@pytest.mark.parametrize(("value", "seconds"), [("", 60.0), ("x", 60.0), ("5", 5.0), (7, 7.0)])
def test_intervals_come_from_the_profile_and_default_to_the_products(tmp_path: Path, value: Any, seconds: float) -> None:
    both = pinging(tmp_path, optionsPingIntervalWhenStatusOK=value)
    plan = manager(both.a).pings.plan_of("to-CUCM10")
    assert plan is not None
    assert (plan.ok_seconds, plan.retries, plan.retry_seconds) == (seconds, 1, 2.0)
