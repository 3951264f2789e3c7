"""Serviceability clients nobody here wrote work from what each simulated service says of itself at `?wsdl`."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from requests import Session
from requests.auth import HTTPBasicAuth
from zeep import Client, Settings
from zeep.transports import Transport

from pytest_cucmtls.sim.descriptions.control_center import CONTROL_CENTER, CONTROL_CENTER_EXTENDED
from pytest_cucmtls.sim.descriptions.log_collection import LOG_COLLECTION
from pytest_cucmtls.sim.descriptions.perfmon import PERFMON
from pytest_cucmtls.sim.descriptions.risport import RISPORT
from pytest_cucmtls.sim.descriptions.service import Field, ServiceDescription
from pytest_cucmtls.sim.descriptions.webdialer import LITERAL_WEBDIALER, RPC_WEBDIALER
from pytest_cucmtls.sim.descriptions.wsdl import wsdl_of
from pytest_cucmtls.sim.pairs import WEBDIALER_SERVICE
from pytest_cucmtls.sim.releases import RELEASE_15_SU5
from pytest_cucmtls.sim.state import CALL_MANAGER_SERVICE, NodeState
from tests.sim_node_stand import RunningNodes, ask

pytestmark = [
    pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
GUARDED = (RISPORT, CONTROL_CENTER, CONTROL_CENTER_EXTENDED, PERFMON, LOG_COLLECTION)
PHONE, LINE = "SEP001122334418", "1018"


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNodes]:
    running = RunningNodes(tmp_path_factory.mktemp("descriptions"))
    yield running
    running.close()


@pytest.fixture
def node(nodes: RunningNodes) -> NodeState:
    return nodes.shared


def account(node: NodeState) -> tuple[str, str]:
    found = next(known for known in node.cluster.accounts if "axl" in known.roles)
    return found.user, found.password


ZeepService = Callable[[NodeState, ServiceDescription], Any]


@pytest.fixture
def zeep_service() -> Iterator[ZeepService]:
    """What zeep makes of a description, with the settings published clients use; its connections end with the test."""
    settings = Settings(strict=False, xml_huge_tree=True, xsd_ignore_sequence_order=True)
    with ExitStack() as sessions:

        def connect(node: NodeState, service: ServiceDescription) -> Any:
            session = sessions.enter_context(Session())
            session.verify, session.trust_env, session.auth = False, False, HTTPBasicAuth(*account(node))
            url = f"https://{node.ip}:{node.https_port}{service.path}?wsdl"
            client = Client(url, transport=Transport(session=session, timeout=10), settings=settings)
            return client.create_service(f"{{{service.namespace}}}{service.binding}", url.removesuffix("?wsdl"))

        yield connect


def selection(device_class: str, *names: str) -> dict[str, Any]:
    return {
        "MaxReturnedDevices": "1000",
        "DeviceClass": device_class,
        "Model": 255,
        "Status": "Any",
        "NodeName": "",
        "SelectBy": "Name",
        "SelectItems": {"item": [{"Item": name} for name in names]},
        "Protocol": "Any",
        "DownloadStatus": "Any",
    }


@pytest.mark.parametrize("operation", ["selectCmDevice", "selectCmDeviceExt"])
def test_a_device_is_found_through_the_description(zeep_service: ZeepService, node: NodeState, operation: str) -> None:
    answer = getattr(zeep_service(node, RISPORT), operation)("", selection("Phone", PHONE))
    (place,) = answer.SelectCmDeviceResult.CmNodes.item
    (device,) = place.CmDevices.item
    assert (place.ReturnCode, device.Name, device.DirNumber) == ("Ok", PHONE, f"{LINE}-Registered")
    assert [address.IP for address in device.IPAddress.item] == [node.ip]


def test_no_cti_application_is_found(zeep_service: ZeepService, node: NodeState) -> None:
    criteria = {"MaxReturnedItems": 10, "CtiMgrClass": "Provider", "Status": "Any", "NodeName": "", "SelectAppBy": "UserId"}
    answer = zeep_service(node, RISPORT).selectCtiItem("", criteria)
    assert answer.SelectCtiItemResult.TotalItemsFound == 0


def test_only_the_services_asked_about_are_told(zeep_service: ZeepService, node: NodeState) -> None:
    control = zeep_service(node, CONTROL_CENTER)
    told = control.soapGetServiceStatus([CALL_MANAGER_SERVICE, WEBDIALER_SERVICE]).ServiceInfoList.item
    assert [item.ServiceName for item in told] == [CALL_MANAGER_SERVICE, WEBDIALER_SERVICE]
    assert len(control.soapGetServiceStatus([""]).ServiceInfoList.item) == len(node.services)


def test_deactivating_a_service_stops_it_and_activating_starts_it(zeep_service: ZeepService, nodes: RunningNodes) -> None:
    node = nodes.node()
    control = zeep_service(node, CONTROL_CENTER)
    order = {"NodeName": node.name, "DeployType": "UnDeploy", "ServiceList": {"item": [WEBDIALER_SERVICE]}}
    (item,) = control.soapDoServiceDeployment(order).ServiceInfoList.item
    assert (item.ServiceStatus, item.ReasonCode) == ("Stopped", -1068)
    (item,) = control.soapDoServiceDeployment(order | {"DeployType": "Deploy"}).ServiceInfoList.item
    assert (item.ServiceStatus, item.ReasonCode) == ("Started", -1)


def test_a_network_service_cannot_be_deactivated(zeep_service: ZeepService, nodes: RunningNodes) -> None:
    node = nodes.node()
    order = {"NodeName": node.name, "DeployType": "UnDeploy", "ServiceList": {"item": ["Cisco Tomcat"]}}
    (item,) = zeep_service(node, CONTROL_CENTER).soapDoServiceDeployment(order).ServiceInfoList.item
    assert (item.ServiceStatus, item.ReasonCode) == ("Started", -1)


def test_the_installed_product_tells_the_release(zeep_service: ZeepService, node: NodeState) -> None:
    answer = zeep_service(node, CONTROL_CENTER).getProductInformationList("")
    assert answer.ActiveServerVersion == node.cluster.release.full_version
    listed = {item.ServiceName: item.Deployable for item in answer.Services.item}
    assert (listed[WEBDIALER_SERVICE], listed["Cisco Tomcat"]) == (True, False)
    static = zeep_service(node, CONTROL_CENTER).soapGetStaticServiceList("")
    assert [item.ServiceName for item in static.item] == list(listed)


def test_a_folder_is_listed_and_nothing_outside_of_activelog(zeep_service: ZeepService, node: NodeState) -> None:
    file = node.active_log / "tomcat/logs/ccmservice/one.log"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("x")
    extended = zeep_service(node, CONTROL_CENTER_EXTENDED)
    assert extended.getFileDirectoryList("/var/log/active/tomcat/logs/ccmservice") == ["one.log"]
    for outside in ("/etc", "/var/log/active/../..", ""):
        with pytest.raises(Exception, match="does not exist"):
            extended.getFileDirectoryList(outside)


def test_counters_are_read_in_a_session_and_described(zeep_service: ZeepService, node: NodeState) -> None:
    perfmon = zeep_service(node, PERFMON)
    path = f"\\\\{node.name}\\Cisco CallManager\\RegisteredHardwarePhones"
    handle = perfmon.perfmonOpenSession()
    perfmon.perfmonAddCounter(SessionHandle=handle, ArrayOfCounter={"Counter": [{"Name": path}]})
    (read,) = perfmon.perfmonCollectSessionData(SessionHandle=handle)
    assert (read.Name._value_1, read.Value) == (path, 1)
    assert "registered" in perfmon.perfmonQueryCounterDescription(Counter=path)
    perfmon.perfmonCloseSession(SessionHandle=handle)
    assert perfmon.perfmonListInstance(Host=node.name, Object="Cisco SIP") == []  # no trunk is configured here


def test_a_log_file_is_selected_and_arrives_byte_for_byte(zeep_service: ZeepService, node: NodeState) -> None:
    content = bytes(range(256)) * 3
    file = node.active_log / "cm/trace/ccm/sdl/SDL001_100_000077.txt.gz"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    logs = zeep_service(node, LOG_COLLECTION)
    assert logs.listNodeServiceLogs({})[0].name == node.name
    asked = dict.fromkeys(
        ("SearchStr", "ToDate", "FromDate", "TimeZone", "IPAddress", "UserName", "Password", "RemoteFolder"), ""
    )
    fixed = {"Frequency": "OnDemand", "JobType": "DownloadtoClient", "RelText": "None", "RelTime": 0, "Port": 0, "ZipInfo": False}
    services = {"ServiceLogs": {"item": [CALL_MANAGER_SERVICE]}, "SystemLogs": {"item": []}}
    selected = logs.selectLogFiles(asked | fixed | services)
    paths = [found.absolutepath for found in selected.Node.ServiceList.ServiceLogs[0].SetOfFiles.File]
    (path,) = [path for path in paths if path.endswith("000077.txt.gz")]
    assert logs.GetOneFile(path) == content
    with pytest.raises(Exception, match="do not exist"):
        logs.GetOneFile("/etc/passwd")


def test_both_generations_of_webdialer_describe_themselves(zeep_service: ZeepService, nodes: RunningNodes) -> None:
    older, newer = nodes.shared, nodes.node(RELEASE_15_SU5)
    assert b"makeCallSoap" in ask(older, "/webdialer/wsdl/wd70.wsdl", role=None).body
    assert ask(newer, "/webdialer/wsdl/wd70.wsdl", role=None).status == 404
    dialer = zeep_service(newer, LITERAL_WEBDIALER)
    user = next(known for known in newer.cluster.accounts if "end-user" in known.roles)
    who = {"userID": user.user, "password": user.password}
    answer = dialer.makeCallSoap(who, "9898", {"user": user.user, "deviceName": PHONE, "lineNumber": LINE})
    assert (answer.responseCode, answer.responseDescription) == (0, "Success")


@pytest.mark.parametrize("service", GUARDED, ids=lambda service: service.name)
def test_a_description_is_for_those_who_may_use_the_service(node: NodeState, service: ServiceDescription) -> None:
    assert ask(node, f"{service.path}?wsdl", role=None).status == 401
    assert ask(node, f"{service.path}?WSDL").status == 200
    assert ask(node, service.path).status == 405


@pytest.mark.parametrize("service", [*GUARDED, LITERAL_WEBDIALER, RPC_WEBDIALER], ids=lambda service: service.name)
def test_every_type_a_description_uses_is_described(service: ServiceDescription) -> None:
    root = etree.fromstring(wsdl_of(service, "https://node.example:8443/x"))
    named = {element.get("name") for element in root.iter("{*}complexType", "{*}simpleType")}
    used = {name.removeprefix("tns:") for element in root.iter("{*}element", "{*}part") if (name := element.get("type", ""))}
    assert {name for name in used if not name.startswith("xsd:")} <= named


@pytest.mark.parametrize("text", ["", ":string", "Name:", "Name", "Name:?"])
def test_a_field_in_another_notation_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not Name:type"):
        Field.written(text)


CUCMAPI_SCRIPT = """
import json, os, sys
from cucmapi import ccs, log, pfm, ris
user, address, node = sys.argv[1:]
arguments = (user, os.environ["CUCMAPI_PASSWORD"], address, "14.0")
control = ccs(*arguments)
print(json.dumps({
    "device": ris(*arguments).selectCmDeviceExt(["SEP001122334418"], [node])[0].Name,
    "status": control.soapGetServiceStatus(["Cisco CallManager"])[0].ServiceStatus,
    "services": [item.ServiceName for item in control.getStaticServiceListExtended()],
    "counters": [item.Name._value_1 for item in pfm(*arguments).perfmonCollectCounterData(node, "Cisco CallManager")],
    "logs": log(*arguments).listNodeServiceLogs()[0].name,
}))
"""


def test_cucmapi_works_unchanged(node: NodeState, tmp_path: Path) -> None:
    """In a process of its own: the client never closes its connections."""
    if importlib.util.find_spec("cucmapi") is None:
        pytest.skip("cucmapi is not installed")
    user, password = account(node)
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_CA_BUNDLE")}
    environment |= {"CUCMAPI_PASSWORD": password, "XDG_CACHE_HOME": str(tmp_path), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-c", CUCMAPI_SCRIPT, user, node.ip, node.name]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert (told["device"], told["status"], told["logs"]) == (PHONE, "Started", node.name)
    assert CALL_MANAGER_SERVICE in told["services"]
    assert any(name.endswith("RegisteredHardwarePhones") for name in told["counters"])
