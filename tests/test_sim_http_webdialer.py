"""WebDialer and the status page of a simulated node, asked with plain HTTP."""

import hashlib
import json
from typing import Any

import pytest

from pytest_cucmtls.sim.releases import RELEASE_15_SU5, RELEASES
from pytest_cucmtls.sim.state import CALL_MANAGER_SERVICE, NodeState
from tests.sim_node_stand import MALFORMED_SOAP, SOAP, Answer, RunningNodes, StandInCallManager, ask

OLD = "/webdialer/services/WebdialerSoapService70"
NEW = "/webdialer/services/webdialer"
PHONE = "SEP001122334418"


@pytest.fixture
def node(nodes: RunningNodes) -> NodeState:
    return nodes.node()


def asked(node: NodeState) -> list[tuple[str, ...]]:
    assert isinstance(node.call_manager, StandInCallManager)
    return node.call_manager.asked


def password(node: NodeState) -> str:
    return next(account.password for account in node.cluster.accounts if "end-user" in account.roles)


def credential(node: NodeState, user: str = "caller1018", secret: str | None = None) -> str:
    return f"<userID>{user}</userID><password>{password(node) if secret is None else secret}</password>"


def profile(device: str = PHONE, line: str = "1018") -> str:
    return f"<user>caller1018</user><deviceName>{device}</deviceName><lineNumber>{line}</lineNumber>"


def old_soap(content: str) -> str:
    return f'<e:Envelope xmlns:e="{SOAP}" xmlns:urn="urn:WD70"><e:Body>{content}</e:Body></e:Envelope>'


def make_call(node: NodeState, destination: str = "9898", *, who: str | None = None, where: str | None = None) -> Answer:
    inside = f"<in0>{who or credential(node)}</in0><in1>{destination}</in1><in2>{where or profile()}</in2>"
    return ask(node, OLD, old_soap(f"<urn:makeCallSoap>{inside}</urn:makeCallSoap>"), role=None)


def end_call(node: NodeState) -> Answer:
    inside = f"<in0>{credential(node)}</in0><in1>{profile()}</in1>"
    return ask(node, OLD, old_soap(f"<urn:endCallSoap>{inside}</urn:endCallSoap>"), role=None)


@pytest.mark.parametrize("malformed", MALFORMED_SOAP)
def test_a_malformed_request_is_answered_with_a_fault(nodes: RunningNodes, malformed: str) -> None:
    assert ask(nodes.shared, OLD, MALFORMED_SOAP[malformed], role=None).fault


def test_the_reply_stands_in_a_multi_reference_beside_the_response(node: NodeState) -> None:
    answer = make_call(node)
    assert answer.status == 200
    body = answer.xml[0]
    assert body[0].find("makeCallSoapReturn").get("href") == "#" + body[1].get("id")
    assert body[1].findtext("responseCode") == "0"
    assert body[1].findtext("responseDescription") == "Success"
    assert asked(node) == [("call", PHONE, "1018", "9898")]


def test_an_invalid_number_is_a_success_all_the_same(node: NodeState) -> None:
    assert make_call(node, "not a number").texts("responseCode") == ["0"]
    assert asked(node) == [("call", PHONE, "1018", "not a number")]


@pytest.mark.parametrize(
    ("user", "secret"), [("caller1018", "wrong"), ("caller1018", ""), ("", ""), ("administrator", None), ("axl-admin", None)]
)
def test_another_user_or_password_is_an_authentication_error(node: NodeState, user: str, secret: str | None) -> None:
    assert make_call(node, who=credential(node, user, secret)).texts("responseCode") == ["2"]
    assert asked(node) == []


@pytest.mark.parametrize(("device", "line"), [("SEP000000000000", "1018"), (PHONE, "1019"), ("", "")])
def test_a_phone_or_line_that_is_not_the_users_cannot_dial(node: NodeState, device: str, line: str) -> None:
    assert make_call(node, where=profile(device, line)).texts("responseCode") == ["5"]
    assert asked(node) == []


def test_a_request_with_references_is_understood(node: NodeState) -> None:
    call = '<urn:makeCallSoap><in0 href="#a"/><in1>9898</in1><in2 href="#b"/></urn:makeCallSoap>'
    references = f'<multiRef id="a">{credential(node)}</multiRef><multiRef id="b">{profile()}</multiRef>'
    assert ask(node, OLD, old_soap(call + references), role=None).texts("responseCode") == ["0"]


@pytest.mark.parametrize(
    "inside", ["", "<in0/>", '<in0 href="#nowhere"/><in1>1</in1><in2/>', "<in0/><in2/>", "<in0/><in1/><in2/>"]
)
def test_a_request_without_its_parts_is_a_fault(node: NodeState, inside: str) -> None:
    assert ask(node, OLD, old_soap(f"<urn:makeCallSoap>{inside}</urn:makeCallSoap>"), role=None).fault


def test_hanging_up_succeeds_once(node: NodeState) -> None:
    make_call(node)
    assert end_call(node).texts("responseCode") == ["0"]
    assert end_call(node).texts("responseCode") == ["1"]


def test_without_the_call_service_there_is_no_call(node: NodeState) -> None:
    node.services[CALL_MANAGER_SERVICE].status = "Stopped"
    assert make_call(node).texts("responseCode") == ["6"]


def test_webdialer_that_is_not_activated_is_not_there(node: NodeState) -> None:
    node.services["Cisco WebDialer Web Service"].activated = False
    assert make_call(node).status == 404


def test_from_15_su5_only_the_new_service_answers(nodes: RunningNodes) -> None:
    node = nodes.node(RELEASE_15_SU5)
    inside = f"<args0>{credential(node)}</args0><args1>9898</args1><args2>{profile()}</args2>"
    namespace = 'xmlns:n="http://webdialer.ccm.cisco.com"'
    answer = ask(node, NEW, old_soap(f"<n:makeCallSoap {namespace}>{inside}</n:makeCallSoap>"), role=None)
    assert answer.texts("responseCode") == ["0"]
    assert asked(node) == [("call", PHONE, "1018", "9898")]
    ended = f"<args0>{credential(node)}</args0><args1>{profile()}</args1>"
    assert ask(node, NEW, old_soap(f"<n:endCallSoap {namespace}>{ended}</n:endCallSoap>"), role=None).texts("responseCode") == [
        "0"
    ]
    assert make_call(node).status == 404


@pytest.mark.parametrize("release", sorted(RELEASES))
def test_until_15_su4_only_the_old_service_answers(nodes: RunningNodes, release: str) -> None:
    node = nodes.node(release)
    assert make_call(node).texts("responseCode") == ["0"]
    assert ask(node, NEW, old_soap("<a/>"), role=None).status == 404


def page(node: NodeState) -> Any:
    answer = ask(node, "/simulator/status", role=None)
    assert answer.status == 200
    return json.loads(answer.body)


def test_the_status_page_tells_store_and_memory_apart(node: NodeState) -> None:
    identity = node.certificates.own("CallManager")
    assert identity is not None
    shown = page(node)
    assert shown["certificates"]["store"]["sha256"] == hashlib.sha256(identity.der).hexdigest()
    assert shown["certificates"]["loaded"] is None
    assert shown["certificates"]["request_pending"] is False


def test_the_status_page_lists_trunks_and_writes(node: NodeState) -> None:
    destination = {"addressIpv4": "127.1.2.3", "port": 5061, "sortOrder": 1}
    node.cluster.database.add(
        "sipTrunk", {"name": "to-b", "securityProfileName": "Secure", "destinations": {"destination": [destination]}}
    )
    node.cluster.record_write("axl", "addSipTrunk")
    shown = page(node)
    assert [(trunk["name"], trunk["destinations"]) for trunk in shown["trunks"]] == [("to-b", [["127.1.2.3", 5061]])]
    assert [write["operation"] for write in shown["writes"]] == ["addSipTrunk"]


def test_the_status_page_holds_no_secret(node: NodeState) -> None:
    shown = json.dumps(page(node))
    assert not [account.user for account in node.cluster.accounts if account.password in shown]
    assert "PRIVATE" not in shown
