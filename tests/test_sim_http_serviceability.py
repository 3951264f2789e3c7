"""Control Center and RISPort of a simulated node, asked with plain HTTP."""

import asyncio
import socket
from datetime import UTC, datetime

import pytest

from pytest_cucmtls.sim.state import CALL_MANAGER_SERVICE, NodeState
from tests.sim_node_stand import MALFORMED_SOAP, Answer, RunningNodes, StandInCallManager, ask, basic, soap, unverified

CONTROL = "/controlcenterservice2/services/ControlCenterServices"
RIS = "/realtimeservice2/services/RISService70"
SERVICES = {CONTROL: "soapGetServiceStatus", RIS: "selectCmDevice"}


@pytest.fixture
def node(nodes: RunningNodes) -> NodeState:
    return nodes.node()


def stand_in(node: NodeState) -> StandInCallManager:
    assert isinstance(node.call_manager, StandInCallManager)
    return node.call_manager


def control(node: NodeState, verb: str, service: str = CALL_MANAGER_SERVICE, place: str | None = None) -> Answer:
    order = (
        f"<soap:NodeName>{place or node.name}</soap:NodeName><soap:ControlType>{verb}</soap:ControlType>"
        f"<soap:ServiceList><soap:item>{service}</soap:item></soap:ServiceList>"
    )
    content = f"<soap:ControlServiceRequest>{order}</soap:ControlServiceRequest>"
    return ask(node, CONTROL, soap(f"<soap:soapDoControlServices>{content}</soap:soapDoControlServices>"))


def status(node: NodeState, *services: str) -> Answer:
    items = "".join(f"<soap:item>{name}</soap:item>" for name in services)
    content = f"<soap:ServiceStatus>{items}</soap:ServiceStatus>"
    return ask(node, CONTROL, soap(f"<soap:soapGetServiceStatus>{content}</soap:soapGetServiceStatus>"))


def select(node: NodeState, *names: str, device_class: str = "Any", wanted: str = "Any") -> Answer:
    items = "".join(f"<soap:item><soap:Item>{name}</soap:Item></soap:item>" for name in names)
    criteria = (
        f"<soap:MaxReturnedDevices>200</soap:MaxReturnedDevices><soap:DeviceClass>{device_class}</soap:DeviceClass>"
        f"<soap:Model>255</soap:Model><soap:Status>{wanted}</soap:Status><soap:NodeName/><soap:SelectBy>Name</soap:SelectBy>"
        f"<soap:SelectItems>{items}</soap:SelectItems><soap:Protocol>Any</soap:Protocol>"
    )
    content = f"<soap:StateInfo/><soap:CmSelectionCriteria>{criteria}</soap:CmSelectionCriteria>"
    return ask(node, RIS, soap(f"<soap:selectCmDevice>{content}</soap:selectCmDevice>"))


@pytest.mark.parametrize("path", SERVICES)
@pytest.mark.parametrize("malformed", MALFORMED_SOAP)
def test_a_malformed_request_is_answered_with_a_fault(nodes: RunningNodes, path: str, malformed: str) -> None:
    answer = ask(nodes.shared, path, MALFORMED_SOAP[malformed])
    assert answer.fault


@pytest.mark.parametrize("path", SERVICES)
@pytest.mark.parametrize(
    "header",
    [None, "Basic", "Basic !!!", "Bearer abc", basic("axl-admin", "wrong"), basic("nobody", ""), "Basic " + "A" * 5000],
    ids=["none", "no value", "not base64", "another scheme", "wrong password", "unknown user", "huge"],
)
def test_nobody_without_good_credentials_gets_in(nodes: RunningNodes, path: str, header: str | None) -> None:
    answer = ask(nodes.shared, path, b"<a/>", role=None, headers={"Authorization": header} if header else {})
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith('Basic realm="')


@pytest.mark.parametrize("path", SERVICES)
def test_an_account_of_another_role_is_forbidden(nodes: RunningNodes, path: str) -> None:
    assert ask(nodes.shared, path, b"<a/>", role="end-user").status == 403


def test_a_get_of_a_soap_service_is_not_allowed(nodes: RunningNodes) -> None:
    assert ask(nodes.shared, CONTROL).status == 405


def test_the_node_serves_its_tomcat_certificate(nodes: RunningNodes) -> None:
    node = nodes.shared
    with socket.create_connection((node.ip, node.https_port), 5) as plain, unverified().wrap_socket(plain) as secured:
        served = secured.getpeercert(binary_form=True)
    identity = node.certificates.own("tomcat")
    assert identity is not None
    assert served == identity.der


def test_the_state_of_named_services_is_told(node: NodeState) -> None:
    answer = status(node, CALL_MANAGER_SERVICE, "Cisco Tftp")
    assert answer.status == 200
    assert answer.texts("ServiceName") == [CALL_MANAGER_SERVICE, "Cisco Tftp"]
    assert answer.texts("ServiceStatus") == ["Started", "Started"]
    assert answer.texts("ReturnCode") == ["0"]


def test_without_a_name_every_service_is_told(node: NodeState) -> None:
    assert status(node).texts("ServiceName") == list(node.services)


def test_an_unknown_service_is_told_apart_from_one_that_is_not_activated(node: NodeState) -> None:
    node.services["Cisco Tftp"].activated = False
    answer = status(node, "Cisco Tftp", "Cisco <Nothing>".replace("<", "&lt;"))
    assert answer.texts("ReasonCode")[1:] == ["-1068", "-1030"]
    assert answer.texts("ServiceName")[1] == "Cisco <Nothing>"


def finish_restart(nodes: RunningNodes, node: NodeState) -> None:
    async def let_it_start() -> None:
        stand_in(node).may_start.set()

    nodes.run(let_it_start())
    assert stand_in(node).started.wait(5)


def test_every_restart_has_another_start_time_later_than_the_order(nodes: RunningNodes, node: NodeState) -> None:
    told = [status(node, CALL_MANAGER_SERVICE).texts("StartTime")[0]]
    for _ in range(3):
        ordered_at = datetime.now(UTC)
        stand_in(node).started.clear()
        control(node, "Restart")
        finish_restart(nodes, node)
        answer = status(node, CALL_MANAGER_SERVICE)
        told.append(answer.texts("StartTime")[0])
        assert datetime.strptime(told[-1], "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC) > ordered_at
        assert int(answer.texts("UpTime")[0]) >= 0
    assert len(set(told)) == 4


def test_a_restart_is_answered_before_the_service_is_up(nodes: RunningNodes, node: NodeState) -> None:
    answer = control(node, "Restart")
    assert answer.texts("ServiceStatus") == ["Stopping"]
    assert status(node, CALL_MANAGER_SERVICE).texts("ServiceStatus") == ["Starting"]
    assert stand_in(node).asked == [("restart",)]

    finish_restart(nodes, node)
    assert status(node, CALL_MANAGER_SERVICE).texts("ServiceStatus") == ["Started"]
    assert [write.operation for write in node.cluster.writes] == ["Restart Cisco CallManager"]


@pytest.mark.parametrize(("verb", "asked"), [("Stop", "stop"), ("Start", "start")])
def test_stop_and_start_reach_the_service(node: NodeState, verb: str, asked: str) -> None:
    assert control(node, verb).status == 200
    assert stand_in(node).ordered.wait(5)
    assert stand_in(node).asked == [(asked,)]


@pytest.mark.parametrize(
    ("verb", "place"), [("Explode", None), ("", None), ("Restart", "another-node"), ("Restart", "127.0.0.1")]
)
def test_an_impossible_order_is_a_fault_and_changes_nothing(node: NodeState, verb: str, place: str | None) -> None:
    assert control(node, verb, place=place).fault
    assert stand_in(node).asked == []
    assert node.cluster.writes == []


def test_an_order_without_content_is_a_fault(node: NodeState) -> None:
    assert ask(node, CONTROL, soap("<soap:soapDoControlServices/>")).fault


def test_a_service_that_is_not_activated_stays_as_it_is(node: NodeState) -> None:
    node.services[CALL_MANAGER_SERVICE].activated = False
    assert control(node, "Restart").texts("ReasonCode") == ["-1", "-1068"]
    assert stand_in(node).asked == []


def test_a_read_only_cluster_refuses_a_restart_and_remembers_the_attempt(nodes: RunningNodes) -> None:
    node = nodes.node(read_only=True)
    assert "must not be changed" in control(node, "Restart").fault
    assert stand_in(node).asked == []
    assert [write.interface for write in node.cluster.writes] == ["control-center"]
    assert status(node, CALL_MANAGER_SERVICE).status == 200


def add_trunk(node: NodeState, name: str = "to-b") -> None:
    destination = {"addressIpv4": "127.1.2.3", "addressIpv6": "", "port": 5061, "sortOrder": 1}
    node.cluster.database.add("sipTrunk", {"name": name, "destinations": {"destination": [destination]}})


def test_a_trunk_is_found_by_name_with_its_state(node: NodeState) -> None:
    add_trunk(node)
    stand_in(node).status = ("UnRegistered", 6)
    answer = select(node, "TO-B")
    assert answer.texts("TotalDevicesFound") == ["1"]
    assert answer.texts("Status") == ["UnRegistered"]
    assert answer.texts("StatusReason") == ["6"]
    assert answer.texts("IP") == ["127.1.2.3"]


def test_a_phone_tells_its_line(node: NodeState) -> None:
    answer = select(node, "SEP001122334418")
    assert answer.texts("DirNumber") == ["1018-Registered"]


def test_nothing_found_is_no_fault(node: NodeState) -> None:
    answer = select(node, "nobody")
    assert answer.texts("ReturnCode") == ["NotFound"]
    assert answer.texts("TotalDevicesFound") == ["0"]


@pytest.mark.parametrize(
    ("device_class", "wanted", "found"),
    [("SIPTrunk", "Any", ["to-b"]), ("Phone", "Any", ["SEP001122334418"]), ("Gateway", "Any", []), ("Any", "Rejected", [])],
)
def test_class_and_status_narrow_the_selection(node: NodeState, device_class: str, wanted: str, found: list[str]) -> None:
    add_trunk(node)
    names = select(node, "*", device_class=device_class, wanted=wanted).texts("Name")
    assert [name for name in names if name != node.name] == found


def test_a_star_stands_for_anything_and_a_regular_expression_for_itself(node: NodeState) -> None:
    add_trunk(node, "to-b.1")
    assert select(node, "to-*").texts("TotalDevicesFound") == ["1"]
    assert select(node, "to-b.*").texts("TotalDevicesFound") == ["1"]
    assert select(node, "to.b.1").texts("TotalDevicesFound") == ["0"]


@pytest.mark.parametrize(("release", "wrapped"), [("10.5", False), ("11.5", True)])
def test_old_releases_answer_without_the_return_wrapper(nodes: RunningNodes, release: str, wrapped: bool) -> None:
    node = nodes.node(release)
    add_trunk(node)
    answer = select(node, "to-b")
    assert bool(answer.texts("selectCmDeviceReturn")) is wrapped
    assert bool(answer.texts("IPAddrType")) is wrapped


def test_the_sixteenth_request_within_a_minute_is_refused(node: NodeState) -> None:
    assert {select(node, "x").status for _ in range(15)} == {200}
    assert select(node, "x").fault.startswith("AxisFault: Exceeded allowed rate for Reatime information.")


def test_the_limit_is_an_enterprise_parameter(node: NodeState) -> None:
    node.cluster.enterprise_parameters["Allowed Device Queries Per Minute"] = "1"
    assert select(node, "x").status == 200
    assert select(node, "x").fault.endswith("is 1 requests per minute")


def test_a_selection_without_criteria_is_a_fault(node: NodeState) -> None:
    assert ask(node, RIS, soap("<soap:selectCmDevice/>")).fault


def test_two_nodes_are_asked_at_once_without_mixing_them_up(nodes: RunningNodes) -> None:
    first, second = nodes.node(), nodes.node("14")
    assert first.ip != second.ip
    add_trunk(first)

    async def both() -> list[Answer]:
        return await asyncio.gather(asyncio.to_thread(select, first, "to-b"), asyncio.to_thread(select, second, "to-b"))

    answers = asyncio.run(both())
    assert [answer.texts("TotalDevicesFound") for answer in answers] == [["1"], ["0"]]
