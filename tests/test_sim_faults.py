"""Injected faults: each changes what it says, where it says, and nothing is injected by mistake."""

import json
from collections.abc import Callable

import pytest

from pytest_cucmtls.sim.calls.manager import CallManager
from pytest_cucmtls.sim.database import Database, repeated
from pytest_cucmtls.sim.faults import FAULTS, UnknownFault, choose_faults
from pytest_cucmtls.sim.pairs import WEBDIALER_SERVICE
from pytest_cucmtls.sim.state import ClusterState, NodeState
from tests.sim_node_stand import MALFORMED_SOAP, RunningNodes, StandInCallManager, ask

CONFIGURATION_FAULTS: dict[str, Callable[[Database], object]] = {
    "device_security_mode_non_secure": lambda database: profile(database)["securityMode"] == "Non Secure",
    "device_security_mode_authenticated": lambda database: profile(database)["securityMode"] == "Authenticated",
    "incoming_transport_plain": lambda database: profile(database)["incomingTransport"] == "TCP+UDP",
    "subject_name_wrong": lambda database: profile(database)["x509SubjectName"] == "CUCM-WRONG",
    "subject_name_of_old_peer_kept": lambda database: profile(database)["x509SubjectName"] == "peer,CUCM-OLD",
    "srtp_not_allowed": lambda database: trunk(database)["srtpAllowed"] is False,
    "trunk_secure_without_tls": lambda database: trunk(database).get("trunkTrafficSecure") == "When using sRTP Only",
    "two_significant_digits": lambda database: (
        (trunk(database).get("sigDigits"), trunk(database).get("sigDigits@enable")) == (2, True)
    ),
    "destination_port_plain": lambda database: repeated(trunk(database), "destinations")[0]["port"] == 5060,
    "route_pattern_missing": lambda database: database.rows("routePattern") == [],
    "directory_number_shadows_pattern": lambda database: database.find("line", pattern="9898") is not None,
}


def profile(database: Database) -> dict[str, object]:
    return database.rows("sipTrunkSecurityProfile")[-1]


def trunk(database: Database) -> dict[str, object]:
    return database.rows("sipTrunk")[0]


@pytest.fixture
def node(nodes: RunningNodes) -> NodeState:
    return nodes.node()


def configure(cluster: ClusterState) -> None:
    """What steps 8 to 10 leave behind."""
    secure = {"securityMode": "Encrypted", "incomingTransport": "TLS", "outgoingTransport": "TLS", "x509SubjectName": "peer"}
    cluster.database.add("sipTrunkSecurityProfile", {"name": "Secure", **secure})
    destination = {"addressIpv4": "127.1.2.3", "port": 5061, "sortOrder": 1}
    trunk_row = {"name": "to-b", "securityProfileName": "Secure", "srtpAllowed": True}
    cluster.database.add("sipTrunk", {**trunk_row, "destinations": {"destination": [destination]}})
    cluster.database.add("routePattern", {"pattern": "9898", "routePartitionName": "", "destination": {"gatewayName": "to-b"}})


def inject(name: str, cluster: ClusterState) -> None:
    for chosen in choose_faults([name], [cluster]):
        chosen.inject()


@pytest.mark.parametrize("name", CONFIGURATION_FAULTS)
def test_a_fault_of_the_configuration_changes_the_configured_objects_only(node: NodeState, name: str) -> None:
    configure(node.cluster)
    assert not CONFIGURATION_FAULTS[name](node.cluster.database)
    inject(name, node.cluster)
    assert CONFIGURATION_FAULTS[name](node.cluster.database)
    assert node.cluster.faults == {name}
    assert node.cluster.writes == []


@pytest.mark.parametrize("name", CONFIGURATION_FAULTS)
def test_a_fault_of_the_configuration_needs_a_configured_cluster(node: NodeState, name: str) -> None:
    with pytest.raises(UnknownFault, match="after it was configured"):
        inject(name, node.cluster)
    assert node.cluster.faults == set()


def test_an_injected_fault_runs_at_once_because_trunks_are_reset(node: NodeState) -> None:
    configure(node.cluster)
    answer = ask(node, "/simulator/faults", json.dumps({"fault": "srtp_not_allowed"}), role=None)
    assert answer.status == 200
    assert json.loads(answer.body)["faults"] == ["srtp_not_allowed"]
    assert isinstance(node.call_manager, StandInCallManager)
    assert node.call_manager.asked == [("reset", "to-b")]


@pytest.mark.parametrize(
    "body",
    [*MALFORMED_SOAP.values(), b"{}", b'{"fault": 1}', b'{"fault": "nothing"}', b'{"fault": "clock_ahead@B"}', b"[" * 10_000],
    ids=lambda body: body[:20].decode("latin-1"),
)
def test_what_names_no_fault_of_this_cluster_is_refused(nodes: RunningNodes, body: bytes) -> None:
    answer = ask(nodes.shared, "/simulator/faults", body, role=None)
    assert answer.status == 400
    assert json.loads(answer.body)["message"]
    assert nodes.shared.cluster.faults == set()


def trusting(node: NodeState) -> str:
    """Trust some certificate; its file name."""
    identity = node.certificates.own("tomcat")
    assert identity is not None
    return node.certificates.import_trust("CallManager", identity.der)


def test_missing_trust_is_missing_now_and_after_every_upload(node: NodeState) -> None:
    trusting(node)
    inject("trust_missing", node.cluster)
    assert node.certificates.trust("CallManager") == {}
    trusting(node)
    assert node.certificates.after_identity is not None
    node.certificates.after_identity("CallManager")
    assert node.certificates.trust("CallManager") == {}


def test_misplaced_trust_is_in_the_other_store(node: NodeState) -> None:
    file_name = trusting(node)
    inject("trust_in_tomcat_store", node.cluster)
    assert node.certificates.trust("CallManager") == {}
    assert list(node.certificates.trust("tomcat")) == [file_name]


def test_webdialer_that_is_not_activated_answers_nobody(node: NodeState) -> None:
    inject("webdialer_not_activated", node.cluster)
    assert not node.services[WEBDIALER_SERVICE].activated
    assert ask(node, "/webdialer/services/WebdialerSoapService70", b"<a/>", role=None).status == 404


def test_an_administrator_who_may_only_read_keeps_reading(node: NodeState) -> None:
    before = {account.user: account.password for account in node.cluster.accounts}
    inject("administrator_may_only_read", node.cluster)
    assert {account.user: account.password for account in node.cluster.accounts} == before
    assert not [account for account in node.cluster.accounts if "axl" in account.roles]
    assert [account for account in node.cluster.accounts if "axl-read" in account.roles]


def test_names_without_cluster_go_into_the_first(nodes: RunningNodes) -> None:
    cluster = nodes.shared.cluster
    assert [chosen.cluster for chosen in choose_faults(["clock_ahead", "clock_ahead@A"], [cluster])] == [cluster, cluster]
    assert set(CONFIGURATION_FAULTS) < set(FAULTS)


def test_faults_that_need_something_earlier_say_so(node: NodeState) -> None:
    with pytest.raises(UnknownFault, match="after an upload"):
        FAULTS["previous_certificate_restored"].effect(node.cluster)


def test_an_unknown_release_is_what_the_nodes_report(node: NodeState) -> None:
    FAULTS["unknown_release"].effect(node.cluster)
    assert json.loads(ask(node, "/simulator/status", role=None).body)["release"] == "99.9.1.10000-1"


def test_the_strongest_ciphers_only_are_an_enterprise_parameter(node: NodeState) -> None:
    FAULTS["tls_ciphers_strongest_only"].effect(node.cluster)
    assert node.cluster.enterprise_parameters["TLS Ciphers"].startswith("Strongest")


def test_names_of_other_nodes_lead_to_a_deserted_address(node: NodeState) -> None:
    service = CallManager(node, host_names={node.name: node.ip, "peer.example": "127.1.1.1"})
    node.call_manager = service
    FAULTS["host_names_resolve_to_an_old_address"].effect(node.cluster)
    assert service.host_names[node.name] == node.ip
    assert service.host_names["peer.example"].endswith(".250")
