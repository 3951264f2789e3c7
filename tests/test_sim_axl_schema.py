"""The WSDL and schemas the simulated cluster publishes: served, loadable by strangers, and what the service really speaks."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import zeep
from lxml import etree

from pytest_cucmtls.sim.axl.calls import SCHEMA_STRICT
from pytest_cucmtls.sim.axl.catalogue import OBJECT_KINDS
from pytest_cucmtls.sim.axl.fields import VERSIONS, Field
from pytest_cucmtls.sim.axl.operations import operations_of
from pytest_cucmtls.sim.axl.toolkit import schema_files
from pytest_cucmtls.sim.releases import RELEASES
from tests.axl_cluster import PASSWORD, USER, AxlCluster, serving, serving_a_trunk

XSD = "{http://www.w3.org/2001/XMLSchema}"
TAGS = "<returnedTags><name/></returnedTags>"


@pytest.fixture(scope="module")
def cluster() -> Iterator[AxlCluster]:
    with serving("14") as one:
        yield one


def get(cluster: AxlCluster, path: str) -> requests.Response:
    return requests.get(cluster.url + path, auth=(USER, PASSWORD), timeout=10)


@pytest.mark.parametrize(
    "path", ["/axl/?wsdl", "/axl/AXLAPIService?wsdl", "/axl/services/AXLAPIService?WSDL", "/axl/AXLAPI.wsdl"]
)
def test_the_wsdl_is_served_where_clients_look(cluster: AxlCluster, path: str) -> None:
    answer = get(cluster, path)
    assert answer.status_code == 200
    assert b"AXLAPIBinding" in answer.content
    assert requests.get(cluster.url + path, timeout=10).status_code == 401


def test_a_schema_file_that_does_not_exist_is_not_found(cluster: AxlCluster) -> None:
    assert get(cluster, "/axl/AXLSoap.xsd").status_code == 200
    assert get(cluster, "/axl/AXLOther.xsd").status_code == 404


@pytest.mark.parametrize("release", sorted(RELEASES))
def test_the_toolkit_has_a_folder_per_version_and_current(release: str) -> None:
    with serving(release) as one:
        assert requests.get(one.url + "/plugins/axlsqltoolkit.zip", timeout=10).status_code == 401
        archive = zipfile.ZipFile(io.BytesIO(get(one, "/plugins/axlsqltoolkit.zip").content))
    versions = RELEASES[release].axl_versions
    names = {"AXLAPI.wsdl", "AXLSoap.xsd", "AXLEnums.xsd"}
    assert set(archive.namelist()) == {f"schema/{folder}/{name}" for folder in ("current", *versions) for name in names}
    assert archive.read("schema/current/AXLSoap.xsd") == archive.read(f"schema/{versions[0]}/AXLSoap.xsd")


def test_zeep_loads_the_served_wsdl_and_works_with_it(cluster: AxlCluster) -> None:
    session = requests.Session()
    session.auth = (USER, PASSWORD)
    client = zeep.Client(cluster.url + "/axl/?wsdl", transport=zeep.Transport(session=session))
    service = client.create_service("{http://www.cisco.com/AXLAPIService/}AXLAPIBinding", cluster.url + "/axl/")
    assert service.getCCMVersion()["return"]["componentVersion"]["version"] == "14.0.1.12900(161)"
    found = service.getSipTrunkSecurityProfile(name="Non Secure SIP Trunk Profile")
    assert found["return"]["sipTrunkSecurityProfile"]["securityMode"] == "Non Secure"
    with pytest.raises(zeep.exceptions.Fault, match="was not found"):
        service.getSipTrunk(name="x")


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_s_schema_compiles_and_names_every_operation(version: str) -> None:
    files = schema_files(version)
    etree.XMLSchema(etree.fromstring(files["AXLSoap.xsd"]))
    etree.XMLSchema(etree.fromstring(files["AXLEnums.xsd"]))
    declared = {element.get("name") for element in etree.fromstring(files["AXLSoap.xsd"]).findall(XSD + "element")}
    wsdl = files["AXLAPI.wsdl"].decode()
    for operation in operations_of(version):
        assert {operation.name, operation.name + "Response"} <= declared
        assert f'soapAction="CUCM:DB ver={version} {operation.name}"' in wsdl


READS = [
    ("getCCMVersion", ""),
    ("getSipTrunk", "<name>to-cluster-b</name>"),
    ("getSipTrunkSecurityProfile", "<name>TLS-to-B</name>"),
    ("getRoutePattern", "<pattern>9898</pattern>"),
    ("getLine", "<pattern>1018</pattern>"),
    ("getPhone", "<name>SEP001122334418</name>"),
    ("getSipProfile", "<name>Standard SIP Profile</name>"),
    ("getDevicePool", "<name>Default</name>"),
    ("getLocation", "<name>Hub_None</name>"),
    ("getCallManagerGroup", "<name>Default</name>"),
    ("getCallManager", "<name>CM_cucm-a.alpha.example</name>"),
    ("getProcessNode", "<name>cucm-a.alpha.example</name>"),
    ("getPresenceGroup", "<name>Standard Presence group</name>"),
    ("listSipTrunk", f"<searchCriteria><name>%</name></searchCriteria>{TAGS}"),
    ("listPhone", f"<searchCriteria><name>%</name></searchCriteria>{TAGS}"),
    ("listProcessNode", f"<searchCriteria><name>%</name></searchCriteria>{TAGS}"),
    ("executeSQLQuery", "<sql>select * from securityprofile</sql>"),
    ("doDeviceReset", "<deviceName>to-cluster-b</deviceName><isHardReset>false</isHardReset>"),
    ("doAuthenticateUser", "<userid>x</userid><password>y</password>"),
]


@pytest.mark.parametrize("release", sorted(RELEASES))
def test_strict_answers_validate_against_the_published_schema(release: str) -> None:
    with serving_a_trunk(release) as one:
        one.state.faults.add(SCHEMA_STRICT)
        for version in RELEASES[release].axl_versions:
            schema = etree.XMLSchema(etree.fromstring(schema_files(version)["AXLSoap.xsd"]))
            for operation, content in READS:
                body = etree.fromstring(one.call(operation, content, version=version).content)[0][0]
                schema.assertValid(body)


@pytest.mark.parametrize(
    ("operation", "version", "exists"),
    [
        ("resetSipTrunk", "9.1", False),
        ("resetSipTrunk", "10.0", True),
        ("restartSipTrunk", "9.1", False),
        ("applySipTrunk", "15.0", False),
        ("restartSipTrunkSecurityProfile", "15.0", False),
        ("applySipTrunkSecurityProfile", "10.0", True),
        ("applyRouteGroup", "15.0", False),
        ("resetSipProfile", "15.0", False),
        ("listServiceParameter", "9.0", False),
        ("listServiceParameter", "9.1", True),
        ("doDeviceReset", "9.0", True),
        ("resetPhone", "9.1", False),
    ],
)
def test_operations_exist_since_the_version_that_brought_them(operation: str, version: str, exists: bool) -> None:
    assert (operation in {one.name for one in operations_of(version)}) is exists


@pytest.mark.parametrize(
    ("kind", "field", "version", "exists"),
    [
        ("sipTrunkSecurityProfile", "allowChargingHeader", "9.1", False),
        ("sipTrunkSecurityProfile", "allowChargingHeader", "10.0", True),
        ("sipTrunk", "destinationAddress", "9.1", True),
        ("sipTrunk", "destinationAddress", "10.0", False),
        ("sipTrunk", "rdnTransformationCssName", "10.5", False),
        ("sipTrunk", "rdnTransformationCssName", "11.5", True),
        ("sipTrunk", "callerName", "11.5", True),
        ("sipTrunk", "callerName", "12.5", False),
        ("sipTrunk", "trustReceivedIdentity", "11.5", False),
        ("sipTrunk", "trustReceivedIdentity", "12.5", True),
        ("routePattern", "isEmergencyServiceNumber", "10.5", False),
        ("routePattern", "isEmergencyServiceNumber", "11.0", True),
        ("processNode", "processNodeRole", "9.1", False),
    ],
)
def test_elements_exist_in_the_versions_that_have_them(kind: str, field: str, version: str, exists: bool) -> None:
    assert (field in {one.name for one in OBJECT_KINDS[kind].fields_of(version, "get")}) is exists


@pytest.mark.parametrize("version", VERSIONS)
def test_no_version_has_an_element_twice(version: str) -> None:
    def names_differ(fields: tuple[Field, ...], view: str) -> None:
        present = [one for one in fields if one.exists(version, view)]
        assert len({one.name for one in present}) == len(present)
        for one in present:
            names_differ(one.children, view)

    for kind in OBJECT_KINDS.values():
        for view in ("add", "get", "update", "list"):
            names_differ(kind.fields, view)


def test_the_name_comes_last_in_css_and_route_group_since_10_0() -> None:
    for kind in ("css", "routeGroup"):
        fields = OBJECT_KINDS[kind]
        assert fields.fields_of("9.1", "get")[0].name == "name"
        assert fields.fields_of("10.0", "get")[-1].name == "name"


def test_two_literals_of_the_device_reset_came_later() -> None:
    assert b"Generate PRT" not in schema_files("11.0")["AXLEnums.xsd"]
    assert b"Generate PRT" in schema_files("11.5")["AXLEnums.xsd"]
    assert b"Extended Config Pull" not in schema_files("12.0")["AXLEnums.xsd"]
    assert b"Extended Config Pull" in schema_files("12.5")["AXLEnums.xsd"]


def test_published_files_are_our_own_words(tmp_path: Path) -> None:
    for name, content in schema_files("12.5").items():
        (tmp_path / name).write_bytes(content)
        assert b"Copyright" not in content
        assert b"CONFIDENTIAL" not in content
