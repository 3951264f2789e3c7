"""Perfmon: counters at once and by session, refusals, the rate limit; log files that appear late."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pytest_cucmtls.sim.calls.manager import CallManager
from pytest_cucmtls.sim.configured import configure
from pytest_cucmtls.sim.logs.late import LateFiles
from pytest_cucmtls.sim.server import start_pair
from pytest_cucmtls.sim.state import NodeState
from tests.sim_node_stand import MALFORMED_SOAP, Answer, RunningNodes, ask, soap

PATH = "/perfmonservice2/services/PerfmonService"
DIME = "/logcollectionservice/services/DimeGetFileService"
LOGS = "/logcollectionservice2/services/LogCollectionPortTypeService"


@pytest.fixture
def node(nodes: RunningNodes) -> NodeState:
    found = nodes.node()
    found.cluster.database.add("sipTrunk", {"name": "to-b", "securityProfileName": "x"})
    return found


def perfmon(node: NodeState, operation: str, content: str = "") -> Answer:
    return ask(node, PATH, soap(f"<soap:{operation}>{content}</soap:{operation}>"))


def host(node: NodeState, name: str | None = None) -> str:
    return f"<soap:Host>{name or node.name}</soap:Host>"


def values(answer: Answer) -> dict[str, str]:
    return dict(zip(answer.texts("Name"), answer.texts("Value"), strict=True))


def counters(*paths: str) -> str:
    return (
        "<soap:ArrayOfCounter>"
        + "".join(f"<soap:Counter><soap:Name>{p}</soap:Name></soap:Counter>" for p in paths)
        + "</soap:ArrayOfCounter>"
    )


def test_all_counters_of_an_object_come_at_once_with_their_paths(node: NodeState) -> None:
    answer = perfmon(node, "perfmonCollectCounterData", host(node) + "<soap:Object>Cisco CallManager</soap:Object>")
    assert answer.status == 200
    assert values(answer)[rf"\\{node.name}\Cisco CallManager\CallsActive"] == "0"
    assert values(answer)[rf"\\{node.name}\Cisco CallManager\RegisteredHardwarePhones"] == "1"
    assert set(answer.texts("CStatus")) == {"1"}


def test_the_sip_object_has_one_instance_per_trunk(node: NodeState) -> None:
    content = host(node, node.ip) + "<soap:Object>Cisco SIP</soap:Object>"
    assert perfmon(node, "perfmonListInstance", content).texts("Name") == ["to-b"]
    assert rf"\\{node.ip}\Cisco SIP(to-b)\CallsActive" in values(perfmon(node, "perfmonCollectCounterData", content))


def test_objects_and_counters_are_listed(node: NodeState) -> None:
    names = perfmon(node, "perfmonListCounter", host(node)).texts("Name")
    assert {"Cisco CallManager", "Cisco SIP", "CallsActive"} <= set(names)


def test_a_session_collects_the_counters_it_was_given(node: NodeState) -> None:
    handle = perfmon(node, "perfmonOpenSession").texts("perfmonOpenSessionReturn")[0]
    session = f"<soap:SessionHandle>{handle}</soap:SessionHandle>"
    first, second = (rf"\\{node.name}\Cisco SIP(to-b)\{name}" for name in ("CallsActive", "CallsCompleted"))
    assert perfmon(node, "perfmonAddCounter", session + counters(first, second)).status == 200
    assert list(values(perfmon(node, "perfmonCollectSessionData", session))) == [first, second]
    perfmon(node, "perfmonRemoveCounter", session + counters(first))
    assert list(values(perfmon(node, "perfmonCollectSessionData", session))) == [second]
    assert perfmon(node, "perfmonCloseSession", session).status == 200
    assert handle in perfmon(node, "perfmonCollectSessionData", session).fault


@pytest.mark.parametrize(
    ("operation", "content"),
    [
        ("perfmonCollectCounterData", "<soap:Host>elsewhere</soap:Host><soap:Object>Cisco SIP</soap:Object>"),
        ("perfmonCollectCounterData", "HOST<soap:Object>Cisco Nothing</soap:Object>"),
        ("perfmonCollectCounterData", ""),
        ("perfmonAddCounter", "<soap:SessionHandle>none</soap:SessionHandle>"),
        ("perfmonCloseSession", ""),
    ],
)
def test_what_does_not_exist_is_a_fault(nodes: RunningNodes, operation: str, content: str) -> None:
    node = nodes.shared
    assert perfmon(node, operation, content.replace("HOST", host(node))).fault


@pytest.mark.parametrize("path", ["", "CallsActive", r"\\elsewhere\Cisco SIP\CallsActive", "\\\\h\\" * 500])
def test_a_counter_path_that_leads_nowhere_is_a_fault(nodes: RunningNodes, path: str) -> None:
    node = nodes.node()
    handle = perfmon(node, "perfmonOpenSession").texts("perfmonOpenSessionReturn")[0]
    session = f"<soap:SessionHandle>{handle}</soap:SessionHandle>"
    assert "does not exist" in perfmon(node, "perfmonAddCounter", session + counters(path)).fault


@pytest.mark.parametrize("name", MALFORMED_SOAP)
def test_malformed_requests_are_faults(nodes: RunningNodes, name: str) -> None:
    assert ask(nodes.shared, PATH, MALFORMED_SOAP[name]).fault


@pytest.mark.parametrize(("allowed", "asked"), [("3", 3), ("0", 0)])
def test_requests_above_the_allowed_rate_are_refused_in_the_recorded_words(nodes: RunningNodes, allowed: str, asked: int) -> None:
    node = nodes.node()
    node.cluster.enterprise_parameters["Allowed Performance Queries Per Minute"] = allowed
    for _ in range(asked):
        assert perfmon(node, "perfmonListCounter", host(node)).status == 200
    text = perfmon(node, "perfmonListCounter", host(node)).fault
    assert text == (
        "AxisFault: Exceeded allowed rate for Perfmon information. "
        f"Current allowed rate for perfmon information is {allowed} requests per minute"
    )


def test_the_credentials_of_an_administrator_are_needed(nodes: RunningNodes) -> None:
    assert ask(nodes.shared, PATH, soap("<soap:perfmonOpenSession/>"), role=None).status == 401
    assert ask(nodes.shared, PATH, soap("<soap:perfmonOpenSession/>"), role="end-user").status == 403


def test_a_call_over_a_trunk_is_counted_on_both_sides(tmp_path: Path) -> None:
    async def check() -> None:
        pair = await start_pair("source-document", tmp_path, prepare=configure)
        try:
            for node in pair.nodes:
                assert isinstance(node.call_manager, CallManager)
            caller, called = pair.nodes
            assert isinstance(caller.call_manager, CallManager)
            assert isinstance(called.call_manager, CallManager)
            await caller.call_manager.make_call("SEP001122334418", "1018", "9898")
            await caller.call_manager.wait_until_idle()
            await called.call_manager.wait_until_idle()
            for node, trunk in ((caller, "CUCM10"), (called, "CUCMA")):
                content = host(node) + "<soap:Object>Cisco SIP</soap:Object>"
                answer = await asyncio.to_thread(perfmon, node, "perfmonCollectCounterData", content)
                path = rf"\\{node.name}\Cisco SIP({trunk})"
                found = values(answer)
                assert (found[rf"{path}\CallsCompleted"], found[rf"{path}\CallsActive"]) == ("1", "0")
                whole = host(node) + "<soap:Object>Cisco CallManager</soap:Object>"
                totals = values(await asyncio.to_thread(perfmon, node, "perfmonCollectCounterData", whole))
                assert totals[rf"\\{node.name}\Cisco CallManager\EncryptedCallsCompleted"] == "1"
        finally:
            await pair.close()

    asyncio.run(check())


def test_a_late_file_is_unknown_once_and_then_there(nodes: RunningNodes) -> None:
    node = nodes.node()
    node.cluster.faults.add("new_log_files_appear_late")
    folder = node.active_log / "platform" / "cli"
    folder.mkdir(parents=True)
    (folder / "packets.cap").write_bytes(b"capture")
    wanted = soap("<soap:GetOneFile><FileName>/var/log/active/platform/cli/packets.cap</FileName></soap:GetOneFile>")
    assert "do not exist" in ask(node, DIME, wanted).fault
    assert b"capture" in ask(node, DIME, wanted).body
    now = datetime.now(UTC)
    listing = soap(
        "<soap:selectLogFiles><soap:FileSelectionCriteria>"
        "<soap:SystemLogs><soap:item>Packet Capture Logs</soap:item></soap:SystemLogs>"
        f"<soap:FromDate>{now - timedelta(hours=1):%m/%d/%y %I:%M %p}</soap:FromDate>"
        f"<soap:ToDate>{now + timedelta(hours=1):%m/%d/%y %I:%M %p}</soap:ToDate>"
        "<soap:TimeZone>Client: (GMT+0:0)Etc/UTC</soap:TimeZone></soap:FileSelectionCriteria></soap:selectLogFiles>"
    )
    assert [ask(node, LOGS, listing).texts("absolutepath") for _ in range(2)] == [
        [],
        ["/var/log/active/platform/cli/packets.cap"],
    ]


def test_without_the_fault_every_file_is_known_at_once(nodes: RunningNodes) -> None:
    assert LateFiles(nodes.shared.cluster).knows("/var/log/active/x")
