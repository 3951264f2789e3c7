"""Clients nobody here wrote work unchanged against the simulated AXL (they run where ciscoaxl and suds are installed)."""

import urllib.request
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from pytest_cucmtls.sim.axl.toolkit import schema_files
from tests.axl_cluster import PASSWORD, PROFILE, USER, AxlCluster, route_pattern, serving, serving_tls, trunk

pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
CISCOAXL_VERSIONS = ("9.1", "12.5")
"""The schemas ciscoaxl carries at both ends of its range; the others were tried by hand."""


@pytest.fixture(scope="module", params=CISCOAXL_VERSIONS)
def ciscoaxl_client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, AxlCluster]]:
    folder = tmp_path_factory.mktemp("ciscoaxl")
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as environment:
        warnings.simplefilter("ignore")
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            environment.delenv(name, raising=False)
        environment.setenv("XDG_CACHE_HOME", str(folder))
        ciscoaxl = pytest.importorskip("ciscoaxl", exc_type=ImportError)
        with serving_tls(request.param, folder) as cluster:
            port = urlsplit(cluster.url).port
            yield ciscoaxl.axl(USER, PASSWORD, "127.0.0.1", request.param, cucm_port=port), cluster


def test_ciscoaxl_builds_reads_changes_and_removes_a_trunk(ciscoaxl_client: tuple[Any, AxlCluster]) -> None:
    client, cluster = ciscoaxl_client
    cluster.state.database.add("routePartition", {"name": "PT-Test"})
    profile = client.client.addSipTrunkSecurityProfile(
        {
            "name": "TLS-to-B",
            "securityMode": "Encrypted",
            "incomingTransport": "TLS",
            "outgoingTransport": "TLS",
            "x509SubjectName": "CUCM10",
            "incomingPort": 5061,
            "sipV150OutboundSdpOfferFiltering": "Use Default Filter",
        }
    )
    assert profile["return"].startswith("{")
    added = client.add_sip_trunk(
        sipTrunk={
            "name": "to-b",
            "product": "SIP Trunk",
            "class": "Trunk",
            "protocol": "SIP",
            "protocolSide": "Network",
            "devicePoolName": "Default",
            "locationName": "Hub_None",
            "securityProfileName": "TLS-to-B",
            "sipProfileName": "Standard SIP Profile",
            "presenceGroupName": "Standard Presence group",
            "callingAndCalledPartyInfoFormat": "Deliver DN only in connected party",
            "destinations": {"destination": [{"addressIpv4": "10.1.1.1", "port": 5061, "sortOrder": 1}]},
            "srtpAllowed": "true",
        }
    )
    assert added["return"] == cluster.state.database.rows("sipTrunk")[0]["uuid"]
    assert client.get_sip_trunk(name="to-b")["securityProfileName"]["_value_1"] == "TLS-to-B"
    assert client.get_sip_trunk(name="to-b")["destinations"]["destination"][0]["addressIpv4"] == "10.1.1.1"
    assert [one["name"] for one in client.get_sip_trunks()] == ["to-b"]
    client.update_sip_trunk(name="to-b", description="changed")
    assert client.get_sip_trunk(name="to-b")["description"] == "changed"
    assert "return" in client.add_route_pattern("9898", gateway="to-b", partition="PT-Test")
    assert client.get_route_pattern(pattern="9898")["destination"]["gatewayName"]["_value_1"] == "to-b"
    assert client.delete_route_pattern(uuid=client.get_route_pattern(pattern="9898")["uuid"])["return"].startswith("{")
    assert client.delete_sip_trunk(name="to-b")["return"].startswith("{")
    assert cluster.state.database.find("sipTrunk", name="to-b") is None


def test_ciscoaxl_gets_faults_as_fault_objects(ciscoaxl_client: tuple[Any, AxlCluster]) -> None:
    client, _ = ciscoaxl_client
    fault = client.get_sip_trunk(name="nowhere")
    assert fault.message == "Item not valid: The specified nowhere was not found"
    assert fault.detail.findtext(".//axlcode") == "5007"


def test_ciscoaxl_resets_a_trunk_where_the_schema_has_it(ciscoaxl_client: tuple[Any, AxlCluster]) -> None:
    client, cluster = ciscoaxl_client
    cluster.state.database.add("sipTrunk", {"name": "to-reset", "securityProfileName": "Non Secure SIP Trunk Profile"})
    if cluster.version == "9.1":
        with pytest.raises(AttributeError):
            client.reset_sip_trunk(name="to-reset")
        return
    assert client.reset_sip_trunk(name="to-reset")["return"].startswith("{")
    assert cluster.call_manager.resets == ["to-reset"]


def test_ciscoaxl_reads_by_sql(ciscoaxl_client: tuple[Any, AxlCluster]) -> None:
    client, _ = ciscoaxl_client
    result = client.run_sql_query("select name from processnode where tknodeusage = 0")
    assert result["num_rows"] == 1
    assert result["query"].startswith("select")


def test_suds_finds_operations_in_our_wsdl_and_answers_the_challenge(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        suds_client = pytest.importorskip("suds.client", exc_type=ImportError)
        for name, content in schema_files("14.0").items():
            (tmp_path / name).write_bytes(content)
        with serving("14") as cluster:
            client = suds_client.Client(
                (tmp_path / "AXLAPI.wsdl").as_uri(),
                location=cluster.url + "/axl/",
                username=USER,
                password=PASSWORD,
                cache=None,
            )
            assert client.service.getCCMVersion()["return"]["componentVersion"]["version"] == "14.0.1.12900(161)"
            nodes = client.service.listProcessNode({"name": "%"}, {"name": ""})["return"]["processNode"]
            assert [str(node.name) for node in nodes] == ["EnterpriseWideData", "cucm-a.alpha.example"]


def test_a_client_that_only_knows_urllib_sets_up_a_trunk() -> None:
    with serving("15") as cluster:
        manager = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        manager.add_password(None, cluster.url, USER, PASSWORD)
        opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(manager))
        with opener.open(cluster.url + "/axl/", timeout=10) as answer:
            assert b"AXL Web Service is working" in answer.read()
        cluster.result("addSipTrunkSecurityProfile", PROFILE)
        cluster.result("addSipTrunk", trunk())
        assert cluster.result("addRoutePattern", route_pattern()).text
