"""Clusters of several nodes: what each has of its own, what they share, and how certificate changes travel between them."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pytest_cucmtls.inventory import read_inventory
from pytest_cucmtls.sim.addresses import reserve_subnet
from pytest_cucmtls.sim.certificates.replication import CertificateReplication
from pytest_cucmtls.sim.certificates.store import CertificateRefused, CertificateStore
from pytest_cucmtls.sim.faults import FAULTS, UnknownFault
from pytest_cucmtls.sim.pairs import MODERN, TWO_NODES, build_cluster
from pytest_cucmtls.sim.server import RunningPair, start_pair
from pytest_cucmtls.sim.state import CALL_MANAGER_SERVICE, ClusterState, NodeState
from pytest_cucmtls.wire.x509 import parse_certificate, parse_request
from tests.sim_certificate_stores import Clock, root, signed, store
from tests.sim_node_stand import RunningNodes, ask, soap

CSR = "/platformcom/api/v1/certmgr/config/csr"
IDENTITY = "/platformcom/api/v1/certmgr/config/identity/certificates"


@pytest.fixture
def pair() -> tuple[CertificateStore, CertificateStore, CertificateReplication]:
    """Two stores of one cluster."""
    first, second, replication = store("14"), store("14"), CertificateReplication()
    replication.join(first)
    replication.join(second)
    return first, second, replication


Pair = tuple[CertificateStore, CertificateStore, CertificateReplication]


def test_a_trusted_certificate_reaches_the_other_nodes(pair: Pair) -> None:
    first, second, _ = pair
    first.import_trust("CallManager", root(), description="our root")
    assert second.trust("CallManager")["CA.pem"] == first.trust("CallManager")["CA.pem"]


def test_a_deleted_one_is_gone_everywhere(pair: Pair) -> None:
    first, second, _ = pair
    first.import_trust("CallManager", root())
    second.delete_trust("CallManager", "CA")
    assert first.trust("CallManager") == second.trust("CallManager") == {}


def test_held_changes_wait_and_arrive_in_order(pair: Pair) -> None:
    first, second, replication = pair
    replication.hold()
    first.import_trust("CallManager", root("One"))
    first.import_trust("CallManager", root("Two"))
    first.delete_trust("CallManager", "One")
    assert (second.trust("CallManager"), replication.waiting) == ({}, 3)
    replication.release()
    assert (list(second.trust("CallManager")), replication.waiting, replication.held) == (["Two.pem"], 0, False)


def test_an_identity_stays_on_its_node(pair: Pair) -> None:
    first, second, _ = pair
    first.import_trust("CallManager", root())
    first.import_identity("CallManager", [signed(first.generate_request("CallManager"))])
    own, other = first.own("CallManager"), second.own("CallManager")
    assert own is not None
    assert other is not None
    assert own.der != other.der
    assert second.request("CallManager") is None


def test_a_multi_server_request_and_its_certificate_are_every_nodes(pair: Pair) -> None:
    first, second, _ = pair
    request = first.generate_request("CallManager", common_name="cucm-ms.example", alt_names=("a", "b"), multi_server=True)
    assert second.request("CallManager") == first.request("CallManager")
    first.import_trust("CallManager", root())
    second.import_identity("CallManager", [signed(request)])
    assert first.own("CallManager") == second.own("CallManager")
    assert first.request("CallManager") is second.request("CallManager") is None


def test_a_unit_that_is_never_shared_has_no_multi_server_request() -> None:
    alone = CertificateStore(
        common_name="a", subject=(), release=TWO_NODES.clusters[0].release, units=("CAPF", "CallManager"), clock=Clock()
    )
    with pytest.raises(CertificateRefused):
        alone.generate_request("CAPF", multi_server=True)
    assert alone.request("CAPF") is None


@pytest.mark.parametrize(("release", "bits", "fits"), [("10.5", 1024, True), ("11.5", 1024, True), ("12.5", 1024, False)])
def test_short_keys_are_offered_by_old_releases_only(release: str, bits: int, fits: bool) -> None:
    if fits:
        assert parse_request(store(release).generate_request("CallManager", key_length=bits)).key_bits == bits
    else:
        with pytest.raises(CertificateRefused):
            store(release).generate_request("CallManager", key_length=bits)


@pytest.mark.parametrize(("release", "fits"), [("10.5", True), ("14", False)])
def test_sha1_requests_are_offered_by_old_releases_only(release: str, fits: bool) -> None:
    if fits:
        assert parse_request(store(release).generate_request("tomcat", hash_name="sha1")).signature_hash == "SHA-1"
    else:
        with pytest.raises(CertificateRefused):
            store(release).generate_request("tomcat", hash_name="sha1")


def test_the_ecdsa_identity_shares_the_rsa_ones_trust() -> None:
    found = store("12.5")
    found.import_trust("CallManager-ECDSA", root())
    assert list(found.trust("CallManager-trust")) == ["CA.pem"]
    assert found.trust_units == ("CallManager", "tomcat")
    found.import_identity("CallManager-ECDSA", [signed(found.generate_request("CallManager-ECDSA"))])
    own, rsa_identity = found.own("CallManager-ECDSA"), found.own("CallManager")
    assert own is not None
    assert rsa_identity is not None
    assert parse_certificate(own.der).key_type != parse_certificate(rsa_identity.der).key_type


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator["OnThread"]:
    """The built-in pair of two clusters with two nodes each."""
    thread = OnThread(tmp_path_factory.mktemp("two-nodes"))
    yield thread
    thread.close()


class OnThread(RunningNodes):
    """The whole pair on a loop of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.pair: RunningPair = self.run(start_pair("two-nodes", folder))

    def close(self) -> None:
        self.run(self.pair.close())
        super().close()


def members(running: OnThread, cluster: str = "B") -> list[NodeState]:
    return running.pair.cluster(cluster).nodes


def test_every_node_has_its_own_address_name_certificate_and_files(running: OnThread) -> None:
    publisher, subscriber = members(running)
    assert (publisher.role, subscriber.role, publisher.number, subscriber.number) == ("publisher", "subscriber", 1, 2)
    assert publisher.ip != subscriber.ip
    assert publisher.active_log != subscriber.active_log
    for node in (publisher, subscriber):
        assert node.loaded is not None
        assert parse_certificate(node.loaded.identity.der).subject.common_name == node.name


def test_the_inventory_names_every_node_and_vouches_for_each(running: OnThread) -> None:
    inventory = read_inventory(running.pair.files.inventory)
    assert [node.role for node in inventory.cluster_a.nodes] == ["publisher", "subscriber"]
    assert inventory.cluster_a.publisher.name == "cucm-a.alpha.example"
    assert inventory.cluster_a.ca_bundle is not None
    assert Path(inventory.cluster_a.ca_bundle).read_text().count("BEGIN CERTIFICATE") == 2


def test_axl_lists_every_node_from_any_node(running: OnThread) -> None:
    body = soap(
        '<ns:listProcessNode xmlns:ns="http://www.cisco.com/AXL/API/14.0"><searchCriteria><name>%</name></searchCriteria>'
        "<returnedTags><name/><processNodeRole/></returnedTags></ns:listProcessNode>"
    )
    for node in members(running):
        names = ask(node, "/axl/", body, headers={"Content-Type": "text/xml"}).texts("name")
        assert {"cucm-b.beta.example", "cucm-b-sub.beta.example"} <= set(names)


def test_a_restart_is_one_nodes_affair(running: OnThread) -> None:
    publisher, subscriber = members(running)
    before = publisher.services[CALL_MANAGER_SERVICE].started_at
    loaded = subscriber.loaded
    assert subscriber.call_manager is not None
    running.run(subscriber.call_manager.restart())
    assert subscriber.loaded is not loaded
    assert publisher.services[CALL_MANAGER_SERVICE].started_at == before


def test_control_center_of_a_node_refuses_orders_for_another(running: OnThread) -> None:
    publisher, subscriber = members(running)
    order = soap(
        f"<soap:soapDoControlServices><soap:ControlServiceRequest><soap:NodeName>{subscriber.name}</soap:NodeName>"
        "<soap:ControlType>Restart</soap:ControlType><soap:ServiceList><soap:item>Cisco Tftp</soap:item></soap:ServiceList>"
        "</soap:ControlServiceRequest></soap:soapDoControlServices>"
    )
    path = "/controlcenterservice2/services/ControlCenterServices"
    assert subscriber.name in ask(publisher, path, order).fault
    assert ask(subscriber, path, order).status == 200


def test_a_multi_server_certificate_is_asked_for_on_one_node_and_installed_on_all(running: OnThread) -> None:
    publisher, subscriber = members(running)
    body = json.dumps({"service": "CallManager", "distribution": "multi-server", "commonName": "cucm-b.beta.example"})
    made = json.loads(ask(publisher, CSR, body, role="platform").body)["csr"]
    request = parse_request(made.encode())
    assert request.subject.common_name == "cucm-b-ms.beta.example"
    names = {name.partition(":")[2] for name in request.subject_alternative_names}
    assert names == {"cucm-b-ms.beta.example", "cucm-b.beta.example", "cucm-b-sub.beta.example"}
    running.run(trusted(publisher))
    leaf = x509.load_der_x509_certificate(signed(x509.load_pem_x509_csr(made.encode()).public_bytes(Encoding.DER)))
    upload = json.dumps({"service": "CallManager", "certificates": [leaf.public_bytes(Encoding.PEM).decode()]})
    answer = ask(publisher, IDENTITY, upload, role="platform")
    assert answer.status == 201
    assert subscriber.certificates.own("CallManager") == publisher.certificates.own("CallManager")


async def trusted(node: NodeState) -> None:
    """The test root in CallManager-trust of the whole cluster."""
    node.certificates.import_trust("CallManager", root())


def test_held_replication_is_shown_and_let_through_on_the_simulators_page(running: OnThread) -> None:
    publisher, subscriber = members(running, "A")
    assert ask(publisher, "/simulator/faults", '{"fault": "certificates_not_replicated"}', role=None).status == 200
    running.run(trusted(publisher))
    shown = json.loads(ask(subscriber, "/simulator/status", role=None).body)
    assert shown["replication"] == {"held": True, "waiting": 1}
    assert subscriber.certificates.trust("CallManager") == {}
    released = ask(subscriber, "/simulator/replication", '{"held": false}', role=None)
    assert json.loads(released.body)["replication"] == {"held": False, "waiting": 0}
    assert list(subscriber.certificates.trust("CallManager")) == ["CA.pem"]


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"held": 1}', "no JSON", "[" * 100_000])
def test_an_unclear_replication_order_is_refused(running: OnThread, body: str) -> None:
    assert ask(members(running, "A")[0], "/simulator/replication", body, role=None).status == 400


def test_a_subscriber_alone_can_keep_its_old_certificate(tmp_path: Path) -> None:
    async def check() -> None:
        pair = await start_pair("two-nodes", tmp_path, faults=("old_certificate_served_by_a_subscriber",))
        try:
            publisher, subscriber = pair.cluster("A").nodes
            loaded = publisher.loaded, subscriber.loaded
            for node in (publisher, subscriber):
                assert node.call_manager is not None
                await node.call_manager.restart()
            assert publisher.loaded is not loaded[0]
            assert subscriber.loaded is loaded[1]
        finally:
            await pair.close()

    asyncio.run(check())


def test_faults_of_subscribers_need_one(tmp_path: Path) -> None:
    subnet = reserve_subnet([MODERN.clusters[0].host], ())
    cluster: ClusterState = build_cluster(MODERN.clusters[0], subnet, tmp_path)
    subnet.release()
    for name in ("certificates_not_replicated", "old_certificate_served_by_a_subscriber"):
        with pytest.raises(UnknownFault):
            FAULTS[name].effect(cluster)


def test_the_pairs_sip_profile_pings_so_that_every_node_is_seen_on_the_wire(running: OnThread) -> None:
    body = soap(
        '<ns:getSipProfile xmlns:ns="http://www.cisco.com/AXL/API/14.0"><name>Standard SIP Profile</name></ns:getSipProfile>'
    )
    answer = ask(members(running)[0], "/axl/", body, headers={"Content-Type": "text/xml"})
    assert answer.texts("enableOutboundOptionsPing") == ["true"]


def ris(node: NodeState, place: str) -> list[tuple[str, str]]:
    """(node, return code) of the answer to a question about every trunk and phone."""
    body = soap(
        "<soap:selectCmDevice><soap:StateInfo/><soap:CmSelectionCriteria><soap:MaxReturnedDevices>100</soap:MaxReturnedDevices>"
        f"<soap:DeviceClass>Any</soap:DeviceClass><soap:Status>Any</soap:Status><soap:NodeName>{place}</soap:NodeName>"
        "<soap:SelectBy>Name</soap:SelectBy></soap:CmSelectionCriteria></soap:selectCmDevice>"
    )
    nodes = ask(node, "/realtimeservice2/services/RISService70", body).xml.xpath("//*[local-name()='CmNodes']/*")
    return [(item.findtext("{*}Name"), item.findtext("{*}ReturnCode")) for item in nodes]


def test_risport_answers_for_every_node_or_the_one_asked_about(running: OnThread) -> None:
    publisher, subscriber = members(running)
    assert [name for name, _ in ris(publisher, "")] == [publisher.name, subscriber.name]
    assert ris(publisher, subscriber.ip)[0][0] == subscriber.name
    assert ris(publisher, "nobody") == []


def test_a_restored_backup_brings_the_earlier_certificate_back(pair: Pair) -> None:
    first, _, _ = pair
    before = first.own("CallManager")
    assert not first.bring_back_previous("CallManager")
    first.import_trust("CallManager", root())
    first.import_identity("CallManager", [signed(first.generate_request("CallManager"))])
    assert first.bring_back_previous("CallManager")
    assert first.own("CallManager") == before
