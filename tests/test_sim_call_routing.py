"""Where calls of the simulated clusters go: no route, forwarding, fail-over, local numbers, changed numbers."""

from pathlib import Path
from typing import Any

import pytest

from pytest_cucmtls.sim.calls.placed import Call
from pytest_cucmtls.sim.state import NodeState
from tests.simulated_nodes import PHONES, SimulatedPair, call_log_text, manager, pair, run, sdl_text


def add_phone(node: NodeState, name: str, number: str) -> None:
    """A second phone with its line."""
    database = node.cluster.database
    database.add("line", {"pattern": number, "routePartitionName": ""})
    database.add(
        "phone", {"name": name, "lines": {"line": [{"index": 1, "dirn": {"pattern": number, "routePartitionName": ""}}]}}
    )


def status_of(call: Call) -> tuple[int, int]:
    """SIP status and Q.850 cause."""
    assert call.outcome is not None
    return call.outcome.status, call.outcome.cause


def test_a_number_without_a_pattern_never_leaves_the_cluster(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path) as both:
            assert status_of(await both.call(dialled="7777")) == (0, 1)
            text = sdl_text(both.a)
            assert 'dd="7777"' in text
            assert "Digit analysis: potentialMatches=NoPotentialMatchesExist" in text
            assert "createConnMsg" not in text
            assert not manager(both.b).calls.finished

    run(work())


def test_a_number_the_other_cluster_does_not_know_is_answered_404(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        both.b.cluster.database.rows("line").clear()
        async with both:
            assert status_of(await both.call()) == (404, 1)
            assert "NoPotentialMatchesExist\n" in sdl_text(both.b)
            assert "SIP/2.0 404 Not Found" in sdl_text(both.a)
            assert "Reason: Q.850;cause=1" in sdl_text(both.a)

    run(work())


@pytest.mark.parametrize(("digits", "enabled", "status"), [(2, True, 404), (4, True, 200), (2, False, 200), (99, True, 200)])
def test_significant_digits_of_the_trunk_cut_the_called_number(tmp_path: Path, digits: int, enabled: bool, status: int) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        both.b.cluster.database.rows("sipTrunk")[0].update({"sigDigits": digits, "sigDigits@enable": enabled})
        async with both:
            assert status_of(await both.call())[0] == status
            assert (f'dd="{"98" if status == 404 else "9898"}"') in sdl_text(both.b)

    run(work())


def test_the_trunks_search_space_decides_what_inbound_calls_reach(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        database = both.b.cluster.database
        for row in (database.rows("line")[0], database.rows("phone")[0]["lines"]["line"][0]["dirn"]):
            row["routePartitionName"] = "PT-phones"
        async with both:
            assert status_of(await both.call())[0] == 404
            database.add("css", {"name": "CSS", "members": {"member": [{"routePartitionName": "PT-phones", "index": 1}]}})
            database.rows("sipTrunk")[0]["callingSearchSpaceName"] = "CSS"
            assert status_of(await both.call())[0] == 404
            await manager(both.b).reset_trunk("to-CUCMA")
            assert status_of(await both.call())[0] == 200
            assert 'pss="PT-phones"' in sdl_text(both.b)

    run(work())


def test_call_forward_all_lets_another_party_answer_and_says_so(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        add_phone(both.b, "SEP0000000000AA", "9899")
        both.b.cluster.database.rows("line")[0]["callForwardAll"] = {"destination": "9899"}
        async with both:
            assert status_of(await both.call())[0] == 200
            assert manager(both.b).calls.finished[-1].answered_by == "9899"
            answer = sdl_text(both.a).split("SIP/2.0 200 OK")[1]
            assert f"Remote-Party-ID: <sip:9899@{both.b.ip}>;party=called" in answer
            assert "|SEP0000000000AA\n" in call_log_text(both.b)

    run(work())


@pytest.mark.parametrize("destination", ["9898", "7777"])
def test_forwarding_in_a_circle_or_to_nowhere_ends_in_404(tmp_path: Path, destination: str) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        both.b.cluster.database.rows("line")[0]["callForwardAll"] = {"destination": destination}
        async with both:
            assert status_of(await both.call())[0] == 404

    run(work())


def test_a_local_directory_number_is_answered_without_the_trunk(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        add_phone(both.a, "SEP0000000000BB", "9898")
        async with both:
            call = await both.call()
            assert status_of(call) == (200, 16)
            assert call.trunk == ""
            assert call.audio is not None
            assert call.audio.received == 5
            assert "PID=LineControl(" in sdl_text(both.a)
            assert "PID=SIPD(" not in sdl_text(both.a)
            assert "createConnMsg" not in sdl_text(both.a)

    run(work())


def test_a_blocked_pattern_rejects_the_call(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        both.a.cluster.database.rows("routePattern")[0]["blockEnable"] = "true"
        async with both:
            assert status_of(await both.call()) == (0, 21)
            assert "|RouteBlockFlag=BlockThisPattern" in sdl_text(both.a)

    run(work())


def test_a_line_without_a_phone_is_unavailable_and_a_loop_between_clusters_ends(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        both.b.cluster.database.rows("phone").clear()
        async with both:
            assert status_of(await both.call()) == (480, 20)
            both.b.cluster.database.rows("line").clear()
            both.b.cluster.database.add("routePattern", {"pattern": "98XX", "destination": {"gatewayName": "to-CUCMA"}})
            assert status_of(await both.call()) == (483, 25)
            assert "Max-Forwards: 0" in sdl_text(both.b) + sdl_text(both.a)

    run(work())


@pytest.mark.parametrize(("mode", "keys"), [("Encrypted", True), ("Non Secure", False)])
def test_a_call_passes_from_trunk_to_trunk_with_its_media_between_the_ends(tmp_path: Path, mode: str, keys: bool) -> None:
    async def work() -> None:
        both = pair(tmp_path, mode=mode)
        database = both.a.cluster.database
        add_phone(both.a, "SEP001122337001", "7001")
        database.add("css", {"name": "out", "members": {"member": [{"routePartitionName": "out", "index": 1}]}})
        database.add(
            "routePattern", {"pattern": "7001", "routePartitionName": "out", "destination": {"gatewayName": "to-CUCM10"}}
        )
        database.rows("phone")[0]["callingSearchSpaceName"] = "out"
        both.b.cluster.database.add("routePattern", {"pattern": "7XXX", "destination": {"gatewayName": "to-CUCMA"}})
        async with both:
            call = await both.call(dialled="7001")
            assert status_of(manager(both.a).calls.finished[0]) == (200, 16)
            call = next(
                each for each in manager(both.a).calls.finished if each.trunk == "to-CUCM10" and each.device == PHONES["A"][0]
            )
            assert status_of(call) == (200, 16)
            assert call.outcome is not None
            assert call.outcome.agreement is not None
            assert (call.outcome.agreement.keys is not None) is keys
            assert call.audio is not None
            assert call.audio.received >= 5
            assert call.outcome.agreement.remote.ip.rpartition(".")[0] == both.a.ip.rpartition(".")[0]
            passed = manager(both.b).calls.finished[-1]
            assert (passed.trunk, passed.device) == ("to-CUCMA", "")
            assert "Max-Forwards: 68" in sdl_text(both.b)

    run(work())


def test_discard_and_prefix_change_the_number_the_peer_sees(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        changes = {"pattern": "0.98", "digitDiscardInstructionName": "PreDot", "prefixDigitsOut": "98"}
        both.a.cluster.database.rows("routePattern")[0].update(changes)
        async with both:
            assert status_of(await both.call(dialled="098"))[0] == 200
            text = sdl_text(both.a)
            assert "|PretransformDigitString=098" in text
            assert "|CollectedDigits=9898" in text
            assert f"INVITE sip:9898@{both.b.ip}:5061" in text

    run(work())


def second_trunk(both: SimulatedPair, **changes: Any) -> None:
    """A second trunk on A, and a route list that tries the new one first."""
    database = both.a.cluster.database
    first = database.rows("sipTrunk")[0]
    database.add("sipTrunk", {**first, "uuid": "{00000000-0000-0000-0000-000000000002}", "name": "second", **changes})
    members = [{"deviceName": "second", "deviceSelectionOrder": 1}, {"deviceName": "to-CUCM10", "deviceSelectionOrder": 2}]
    database.add("routeGroup", {"name": "RG", "members": {"member": members}})
    database.add("routeList", {"name": "RL", "members": {"member": [{"routeGroupName": "RG", "selectionOrder": 1}]}})
    database.rows("routePattern")[0]["destination"] = {"routeListName": "RL"}


def test_a_route_list_goes_on_when_its_first_member_cannot_be_reached(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        address = {"addressIpv4": both.b.ip, "port": 5999, "sortOrder": 1}
        second_trunk(both, destinations={"destination": [address]})
        async with both:
            call = await both.call()
            assert status_of(call)[0] == 200
            assert call.trunk == "to-CUCM10"
            text = sdl_text(both.a)
            assert "PID=RouteListControl(" in text
            assert "findLocalDevice - Name=RL " in text
            assert "findLocalDevice - Name=second " in text

    run(work())


def test_a_route_list_stops_at_a_number_that_does_not_exist(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        second_trunk(both)
        both.b.cluster.database.rows("line").clear()
        async with both:
            call = await both.call()
            assert status_of(call)[0] == 404
            assert call.trunk == "second"

    run(work())


def test_a_trunk_tries_its_destinations_in_sort_order_and_resolves_names(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        wrong = {"addressIpv4": both.b.ip, "port": 5999, "sortOrder": 1}
        named = {"addressIpv4": "Cucm-B.beta.example", "port": 5061, "sortOrder": 2}
        both.a.cluster.database.rows("sipTrunk")[0]["destinations"] = {"destination": [named, wrong]}
        manager(both.a).host_names["cucm-b.beta.example"] = both.b.ip
        async with both:
            assert status_of(await both.call())[0] == 200

    run(work())


def test_a_destination_name_nobody_knows_fails_without_asking_the_machines_name_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*_: object, **__: object) -> None:
        raise AssertionError("the machine's name service was asked")

    async def work() -> None:
        both = pair(tmp_path)
        unknown = {"addressIpv4": "unknown.example", "port": 5061, "sortOrder": 1}
        both.a.cluster.database.rows("sipTrunk")[0]["destinations"] = {"destination": [unknown]}
        async with both:
            monkeypatch.setattr("socket.getaddrinfo", asked)
            assert status_of(await both.call()) == (503, 41)

    run(work())


def test_the_line_dialled_from_decides_the_calling_number(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path) as both:
            assert status_of(await both.call("B"))[0] == 200
            assert 'fqcn="9898"' in sdl_text(both.a)
            assert f"From: <sip:{PHONES['B'][1]}@{both.b.ip}>" in sdl_text(both.a)

    run(work())
