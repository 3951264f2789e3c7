"""Requests as clients of other people send them: forms of HTTP and XML, objects beside trunks, other selections."""

import base64
import gzip
import socket
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import zeep
from lxml import etree

from pytest_cucmtls.sim.descriptions.dime import DIME
from pytest_cucmtls.sim.descriptions.risport import RISPORT
from pytest_cucmtls.sim.descriptions.service import ServiceDescription
from pytest_cucmtls.sim.descriptions.webdialer import LITERAL_WEBDIALER, RPC_WEBDIALER
from pytest_cucmtls.sim.releases import RELEASE_15_SU5
from pytest_cucmtls.sim.state import NodeState
from tests.axl_cluster import PASSWORD, USER, AxlCluster, envelope, serving, serving_tls
from tests.sim_node_stand import Answer, RunningNodes, ask, soap

NODE, PHONE, LINE = "cucm-a.alpha.example", "SEP001122334418", "1018"
VERSION = envelope("getCCMVersion", "", "14.0")
EMPTY_CRITERIA = "<searchCriteria><name>%</name></searchCriteria><returnedTags><name/></returnedTags>"


@pytest.fixture(scope="module")
def cluster() -> Iterator[AxlCluster]:
    with serving("14") as one:
        yield one


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AxlCluster]:
    with serving_tls("14", tmp_path_factory.mktemp("tls")) as one:
        yield one


def spoken(cluster: AxlCluster, head: str, first: bytes, then: bytes = b"", wait_for: bytes = b"") -> bytes:
    """What comes back for bytes on a TLS connection; `then` is sent once `wait_for` was seen."""
    place = urlsplit(cluster.url)
    assert place.port is not None
    token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", place.port), 10) as plain, context.wrap_socket(plain) as connection:
        connection.settimeout(10)
        connection.sendall(f"{head}\r\nHost: {place.netloc}\r\nAuthorization: Basic {token}\r\n".encode() + first)
        seen = b""
        while b"Envelope>" not in seen and (chunk := connection.recv(65536)):
            seen += chunk
            if then and wait_for in seen:
                connection.sendall(then)
                then = b""
        return seen


@pytest.mark.parametrize("persistent", ["", "Connection: keep-alive\r\n"])
def test_http_1_0_is_answered(secured: AxlCluster, persistent: str) -> None:
    rest = f"{persistent}Content-Length: {len(VERSION)}\r\n\r\n".encode() + VERSION
    assert b" 200 OK" in spoken(secured, "POST /axl/ HTTP/1.0", rest).splitlines()[0]


def test_a_client_that_waits_for_100_continue_is_told_so(secured: AxlCluster) -> None:
    head = f"Expect: 100-continue\r\nContent-Length: {len(VERSION)}\r\n\r\n".encode()
    seen = spoken(secured, "POST /axl/ HTTP/1.1", head, VERSION, b"100 Continue\r\n\r\n")
    assert seen.startswith(b"HTTP/1.1 100 Continue")
    assert b"HTTP/1.1 200 OK" in seen


def test_a_chunked_body_is_read(secured: AxlCluster) -> None:
    chunks = f"{len(VERSION):X}\r\n".encode() + VERSION + b"\r\n0\r\n\r\n"
    assert b"getCCMVersionResponse" in spoken(secured, "POST /axl/ HTTP/1.1", b"Transfer-Encoding: chunked\r\n\r\n" + chunks)


@pytest.mark.parametrize(
    "media_type",
    ["text/xml", "text/xml;charset=UTF-8", 'text/xml; charset="utf-8"', "application/xml", "text/plain", "application/soap+xml"],
)
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b"\r\n ", b'<?xml version="1.0" encoding="utf-8"?>\n'])
def test_media_type_and_beginning_of_the_body_do_not_matter(cluster: AxlCluster, media_type: str, start: bytes) -> None:
    answer = requests.post(
        cluster.url + "/axl/", data=start + VERSION, auth=(USER, PASSWORD), headers={"Content-Type": media_type}, timeout=10
    )
    assert answer.status_code == 200


def test_a_compressed_body_and_another_encoding_are_read(cluster: AxlCluster) -> None:
    packed = requests.post(
        cluster.url + "/axl/",
        data=gzip.compress(VERSION),
        auth=(USER, PASSWORD),
        headers={"Content-Encoding": "gzip", "Content-Type": "text/xml"},
        timeout=10,
    )
    assert packed.status_code == 200
    assert cluster.post(VERSION.decode().encode("utf-16")).status_code == 200


def test_children_may_inherit_the_operation_s_namespace(cluster: AxlCluster) -> None:
    """Wrappers that write ``xmlns=`` on the operation put its children into the namespace too."""
    body = (
        b'<?xml version="1.0"?><S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>'
        b'<listPhone sequence="12" xmlns="http://www.cisco.com/AXL/API/14.0"><searchCriteria><name>SEP%</name></searchCriteria>'
        b"<returnedTags><name>?</name><model/></returnedTags></listPhone></S:Body></S:Envelope>"
    )
    answer = etree.fromstring(cluster.post(body).content)
    phone = answer.find(".//phone")
    assert phone is not None
    assert [(one.tag, one.text) for one in phone] == [("name", PHONE), ("model", "Cisco 8845")]
    assert answer.find(".//{*}listPhoneResponse").get("sequence") == "12"  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", ["Region", "DeviceDefaults", "TransPattern", "HuntPilot", "Gateway", "MediaResourceList"])
def test_objects_beside_trunks_are_none_and_that_is_no_error(cluster: AxlCluster, kind: str) -> None:
    assert len(cluster.result(f"list{kind}", EMPTY_CRITERIA)) == 0
    assert cluster.fault(f"get{kind}", "<name>x</name>")[1:] == (5007, f"Item not valid: The specified {kind} was not found")
    assert cluster.fault(f"add{kind}", f"<{kind.lower()}/>")[1] == -1


def test_users_are_those_of_the_cluster(cluster: AxlCluster) -> None:
    tags = "<returnedTags><userid/><telephoneNumber/></returnedTags>"
    people = cluster.result("listUser", f"<searchCriteria><userid>%</userid></searchCriteria>{tags}")
    known = [account.user for account in cluster.state.accounts if "end-user" in account.roles]
    assert [one.findtext("userid") for one in people] == known != []
    assert cluster.result("getUser", f"<userid>{known[0]}</userid>").findtext("user/userid") == known[0]
    assert len(cluster.result("listUser", f"<searchCriteria><userid>x</userid></searchCriteria>{tags}")) == 0
    assert cluster.fault("getUser", "<userid>x</userid>")[2] == "Item not valid: The specified User was not found"
    programs = cluster.result("listAppUser", f"<searchCriteria><userid>axl-adm%</userid></searchCriteria>{tags}")
    assert [one.findtext("userid") for one in programs] == [USER]


@pytest.mark.parametrize("operation", ["listNothing", "getusers", "list", "removeEverything", "resetGateway"])
def test_what_axl_never_had_stays_unknown(cluster: AxlCluster, operation: str) -> None:
    answer = cluster.call(operation, EMPTY_CRITERIA)
    assert answer.status_code == 500
    assert "The endpoint reference (EPR) for the Operation not found" in answer.text


def selected(node: NodeState, by: str, item: str) -> Answer:
    criteria = (
        "<soap:MaxReturnedDevices>200</soap:MaxReturnedDevices><soap:DeviceClass>Any</soap:DeviceClass><soap:Model>255</soap:Model>"
        f"<soap:Status>Any</soap:Status><soap:NodeName/><soap:SelectBy>{by}</soap:SelectBy><soap:SelectItems><soap:item>"
        f"<soap:Item>{item}</soap:Item></soap:item></soap:SelectItems><soap:Protocol>Any</soap:Protocol>"
        "<soap:DownloadStatus>Any</soap:DownloadStatus>"
    )
    content = f"<soap:StateInfo></soap:StateInfo><soap:CmSelectionCriteria>{criteria}</soap:CmSelectionCriteria>"
    return ask(
        node, "/realtimeservice2/services/RISService70", soap(f"<soap:selectCmDeviceExt>{content}</soap:selectCmDeviceExt>")
    )


@pytest.mark.parametrize(
    ("by", "item", "found"),
    [
        ("DirNumber", LINE, 1),
        ("DirNumber", "10*", 1),
        ("DirNumber", "9999", 0),
        ("Description", f"*{LINE}", 1),
        ("Description", "nobody", 0),
        ("IPV4Address", "192.0.2.9", 0),
        ("Name", PHONE.lower(), 1),
    ],
)
def test_devices_are_selected_by_other_things_than_their_names(nodes: RunningNodes, by: str, item: str, found: int) -> None:
    answer = selected(nodes.shared, by, item)
    assert answer.texts("TotalDevicesFound") == [str(found)]


def test_a_phone_is_selected_by_its_address(nodes: RunningNodes) -> None:
    assert PHONE in selected(nodes.shared, "IPV4Address", nodes.shared.ip).texts("Name")
    assert "is not simulated" in selected(nodes.shared, "SIPStatus", "x").fault


def test_the_schema_toolkit_is_read_by_an_unzipper_that_knows_only_local_headers(cluster: AxlCluster) -> None:
    """A published client walks the archive header by header and takes sizes from there."""
    archive = requests.get(cluster.url + "/plugins/axlsqltoolkit.zip", auth=(USER, PASSWORD), timeout=10).content
    names, place = [], 0
    while archive[place : place + 4] == b"PK\x03\x04":
        method, size = (
            int.from_bytes(archive[place + 8 : place + 10], "little"),
            int.from_bytes(archive[place + 18 : place + 22], "little"),
        )
        name, extra = (int.from_bytes(archive[place + at : place + at + 2], "little") for at in (26, 28))
        names.append(archive[place + 30 : place + 30 + name].decode())
        assert method in (0, 8)
        assert size > 0
        place += 30 + name + extra + size
    assert "schema/current/AXLAPI.wsdl" in names


def connected(node: NodeState, session: requests.Session, service: ServiceDescription, **settings: bool) -> Any:
    """zeep on a description loaded from the node; the address has ``?wsdl`` behind it, as published clients leave it there."""
    account = next(one for one in node.cluster.accounts if "axl" in one.roles)
    session.verify, session.trust_env, session.auth = False, False, (account.user, account.password)
    url = f"https://{node.ip}:{node.https_port}{service.path}?wsdl"
    client = zeep.Client(url, transport=zeep.Transport(session=session, timeout=10), settings=zeep.Settings(**settings))
    return client.create_service(f"{{{service.namespace}}}{service.binding}", url)


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_a_file_arrives_as_an_attachment_through_the_description_of_dime(nodes: RunningNodes) -> None:
    node = nodes.shared
    (node.active_log / "platform/cli").mkdir(parents=True, exist_ok=True)
    (node.active_log / "platform/cli/note.txt").write_bytes(b"caf\xc3\xa9")
    with requests.Session() as session:
        answer = connected(node, session, DIME, strict=False).GetOneFile("/var/log/active/platform/cli/note.txt")
        assert answer.attachments[0].content == b"caf\xc3\xa9"
        with pytest.raises(zeep.exceptions.Fault, match="do not exist"):
            connected(node, session, DIME).GetOneFile("/var/log/active/platform/cli/none.txt")


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_registration_states_are_read_by_a_client_that_tolerates_no_deviation(nodes: RunningNodes) -> None:
    criteria = {
        "MaxReturnedDevices": "10",
        "DeviceClass": "Any",
        "Model": 255,
        "Status": "Any",
        "NodeName": "",
        "SelectBy": "DirNumber",
        "SelectItems": {"item": [{"Item": LINE}]},
        "Protocol": "Any",
        "DownloadStatus": "Any",
    }
    with requests.Session() as session:
        answer = connected(nodes.shared, session, RISPORT, strict=True).selectCmDeviceExt("", criteria)
    (device,) = answer.SelectCmDeviceResult.CmNodes.item[0].CmDevices.item
    assert (device.Name, device.LoginUserId, device.BoxProduct) == (PHONE, None, 0)


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_a_click_to_dial_application_asks_for_the_user_s_devices_and_lines(nodes: RunningNodes) -> None:
    node = nodes.node(RELEASE_15_SU5)
    user = next(one for one in node.cluster.accounts if "end-user" in one.roles)
    good, bad = ({"userID": user.user, "password": word} for word in (user.password, "wrong"))
    with requests.Session() as session:
        dialer = connected(node, session, LITERAL_WEBDIALER, strict=True)
        assert dialer.isClusterUserSoap(user.user) is True
        assert dialer.isClusterUserSoap("nobody") is False
        assert dialer.getPrimaryLine(good) == LINE
        assert not dialer.getPrimaryLine(bad)
        profile, detail = dialer.getProfileSoap(good, user.user), dialer.getProfileDetailSoap(good)
        refused = dialer.getProfileDetailSoap(bad)
    for found, devices in ((profile, profile.deviceInfoList), (detail, detail.deviceInfoListDetail)):
        assert (found.responseCode, found.description, devices[0].deviceName) == (0, "Success", PHONE)
        assert devices[0].lines == [f"{LINE} ; no partition"]
    assert detail.deviceInfoListDetail[0].phoneType == "Cisco 8845"
    assert (refused.responseCode, refused.deviceInfoListDetail) == (2, [])


def dialled(node: NodeState, operation: str, inside: str) -> Answer:
    """An rpc/encoded request as the developer pages print it."""
    encoding = 'soapenv:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"'
    body = (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:urn="urn:WD70" '
        'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Header/>'
        f"<soapenv:Body><urn:{operation} {encoding}>{inside}</urn:{operation}></soapenv:Body></soapenv:Envelope>"
    )
    return ask(node, RPC_WEBDIALER.path, body, role=None)


def test_the_older_service_tells_devices_and_lines_by_reference(nodes: RunningNodes) -> None:
    node = nodes.node()
    user = next(one for one in node.cluster.accounts if "end-user" in one.roles)
    good, bad = (
        f'<in0 xsi:type="urn:Credential"><userID>{user.user}</userID><password>{word}</password></in0>'
        for word in (user.password, "wrong")
    )
    assert dialled(node, "getPrimaryLine", good).texts("getPrimaryLineReturn") == [LINE]
    assert dialled(node, "getPrimaryLine", bad).texts("getPrimaryLineReturn") == [""]
    for name, expected in ((user.user, "true"), ("nobody", "false")):
        assert dialled(node, "isClusterUserSoap", f"<in0>{name}</in0>").texts("isClusterUserSoapReturn") == [expected]
    for operation in ("getProfileSoap", "getProfileDetailSoap"):
        answer = dialled(node, operation, f"{good}<in1>{user.user}</in1>" if operation == "getProfileSoap" else good)
        by_id = {f"#{one.get('id')}": one for one in answer.xml.iter("multiRef")}
        whole = by_id[answer.xml.find(f".//{operation}Return").get("href")]
        assert (whole.findtext("responseCode"), whole.findtext("description")) == ("0", "Success")
        device = by_id[whole.find("*/item").get("href")]
        assert device.findtext("deviceName") == PHONE
        assert [line.text for line in device.iterfind("lines/item")] == [f"{LINE} ; no partition"]
    assert dialled(node, "getProfileDetailSoap", bad).texts("responseCode") == ["2"]
