"""The web service around AXL: who may call, sessions, redirects, versions, throttles, error pages and hostile bodies."""

import base64
import http.client
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from pytest_cucmtls.sim.axl.faults import NotUnderstood
from pytest_cucmtls.sim.axl.requests import LARGEST_REQUEST_BYTES, parse_request
from pytest_cucmtls.sim.axl.sessions import IDLE_SECONDS, MOST_SESSIONS, SessionStore
from pytest_cucmtls.sim.interfaces.axl import MEMORY_EXHAUSTED, SERVICE, THROTTLED, routes
from pytest_cucmtls.sim.state import ServiceState, SimAccount
from tests.axl_cluster import (
    PASSWORD,
    PROFILE,
    READER,
    STRANGER,
    USER,
    AxlCluster,
    build_cluster,
    envelope,
    served,
    serving,
    trunk,
)

VERSION_CALL = envelope("getCCMVersion")
SERVED = ("14.0", "12.5", "12.0", "11.5", "11.0")


@pytest.fixture
def cluster() -> Iterator[AxlCluster]:
    with serving("14") as one:
        yield one


def test_no_credentials_get_the_challenge_page(cluster: AxlCluster) -> None:
    answer = cluster.post(VERSION_CALL, user=None)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="Cisco AXL API"'
    assert answer.headers["Content-Type"] == "text/html;charset=utf-8"
    assert answer.headers["Cache-Control"] == "private"
    assert "1970" in answer.headers["Expires"]
    assert answer.text.startswith("<!-- custom Cisco error page -->")


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Bearer x", "Basic " + base64.b64encode(b"axl-admin:wrong").decode()])
def test_wrong_credentials_get_the_challenge_page(cluster: AxlCluster, header: str) -> None:
    answer = requests.post(cluster.url + "/axl/", data=VERSION_CALL, headers={"Authorization": header}, timeout=10)
    assert answer.status_code == 401


def test_a_user_without_axl_role_is_forbidden(cluster: AxlCluster) -> None:
    assert cluster.post(VERSION_CALL, user=STRANGER).status_code == 403


def test_a_reader_reads_and_does_not_write(cluster: AxlCluster) -> None:
    assert cluster.call("getCCMVersion", user=READER).status_code == 200
    assert cluster.call("addSipTrunkSecurityProfile", PROFILE, user=READER).status_code == 403
    assert cluster.state.writes == []
    assert cluster.call("addSipTrunkSecurityProfile", PROFILE, user=USER).status_code == 200


def test_release_10_5_has_no_read_only_role_yet() -> None:
    with serving("10.5") as old:
        assert old.call("getCCMVersion", user=READER).status_code == 403


def test_the_welcome_page_is_the_login_check(cluster: AxlCluster) -> None:
    answer = requests.get(cluster.url + "/axl/", auth=(USER, PASSWORD), timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html;charset=ISO-8859-1")
    assert "The AXL Web Service is working and accepting requests. Use HTTP POST to send a request." in answer.text
    assert requests.get(cluster.url + "/axl/", timeout=10).status_code == 401


@pytest.mark.parametrize("method", ["get", "post"])
def test_without_the_slash_there_is_a_redirect(cluster: AxlCluster, method: str) -> None:
    answer = requests.request(method, cluster.url + "/axl", timeout=10, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/axl/")


def test_a_good_answer_has_the_recorded_headers(cluster: AxlCluster) -> None:
    answer = cluster.post(VERSION_CALL)
    assert answer.headers["Content-Type"] == "text/xml;charset=UTF-8"
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Server"] == ""
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert answer.content.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")


def test_two_cookies_are_set_and_the_session_alone_is_enough(cluster: AxlCluster) -> None:
    first = cluster.post(VERSION_CALL)
    cookies = first.raw.headers.getlist("Set-Cookie")
    assert cookies[0].startswith("JSESSIONIDSSO=")
    assert cookies[0].endswith("; Path=/; Secure; HttpOnly")
    assert cookies[1].startswith("JSESSIONID=")
    assert cookies[1].endswith("; Path=/axl; Secure; HttpOnly")
    value = cookies[0].partition("=")[2].partition(";")[0]
    assert len(value) == 32
    again = cluster.post(VERSION_CALL, user=None, cookies={"JSESSIONIDSSO": value})
    assert again.status_code == 200
    assert "Set-Cookie" not in again.headers


@pytest.mark.parametrize(("idle", "status"), [(IDLE_SECONDS, 200), (IDLE_SECONDS + 1, 404)])
def test_a_session_ends_after_thirty_idle_minutes(cluster: AxlCluster, idle: float, status: int) -> None:
    session = cluster.post(VERSION_CALL).raw.headers.getlist("Set-Cookie")[0].partition("=")[2].partition(";")[0]
    cluster.seconds[0] += idle
    assert cluster.post(VERSION_CALL, user=None, cookies={"JSESSIONIDSSO": session}).status_code == status
    assert cluster.post(VERSION_CALL, cookies={"JSESSIONIDSSO": session}).status_code == 200


def test_every_use_keeps_a_session_alive() -> None:
    now = [0.0]
    store = SessionStore(lambda: now[0])
    account = SimAccount("a", "b", frozenset({"axl"}))
    value = store.open(account)
    for _ in range(3):
        now[0] += IDLE_SECONDS - 1
        assert store.account(value) is account


def test_sessions_do_not_grow_without_bound() -> None:
    store = SessionStore(lambda: 0.0)
    account = SimAccount("a", "b", frozenset({"axl"}))
    first = store.open(account)
    for _ in range(MOST_SESSIONS):
        store.open(account)
    assert store.account(first) is None


def test_an_unknown_session_is_stale(cluster: AxlCluster) -> None:
    assert cluster.post(VERSION_CALL, user=None, cookies={"JSESSIONIDSSO": "0" * 32}).status_code == 404


def test_a_stopped_axl_service_answers_404(cluster: AxlCluster) -> None:
    cluster.node.services[SERVICE] = ServiceState(SERVICE, status="Stopped")
    assert cluster.post(VERSION_CALL).status_code == 404
    cluster.node.services[SERVICE].status = "Started"
    assert cluster.post(VERSION_CALL).status_code == 200


ACTIONS = [
    None,
    "",
    '""',
    "CUCM:DB ver=14.0",
    "CUCM:DB ver=14.0 getCCMVersion",
    '"CUCM:DB ver=14.0 getCCMVersion"',
    "CUCM:DB",
    "CUCM:DB ver=14.0 somethingElse",
]


@pytest.mark.parametrize("action", ACTIONS)
def test_the_body_decides_whatever_the_soap_action(cluster: AxlCluster, action: str | None) -> None:
    assert cluster.post(VERSION_CALL, action=action).status_code == 200


@pytest.mark.parametrize("version", ["14.0", "12.5", "12.0", "11.5", "11.0"])
def test_release_14_serves_its_five_schema_versions(cluster: AxlCluster, version: str) -> None:
    answer = cluster.call("getCCMVersion", version=version)
    assert answer.status_code == 200
    assert f"http://www.cisco.com/AXL/API/{version}" in answer.text


@pytest.mark.parametrize("version", ["15.0", "10.5", "10.0", "8.5", "", "14", "14.0/x"])
def test_another_version_is_a_page_with_status_599(cluster: AxlCluster, version: str) -> None:
    answer = cluster.post(envelope("getCCMVersion", version=version), action=None)
    assert answer.status_code == 599
    assert "HTTP Status 599 - Incorrect axl version. Supported axl versions are 11.x, 12.x and 14.0" in answer.text
    assert answer.headers["Content-Type"].startswith("text/html")


def test_release_15_says_the_recorded_sentence() -> None:
    with serving("15") as newest:
        text = newest.call("getCCMVersion", version="9.1").text
    assert "HTTP Status 599 - Incorrect axl version. Supported axl versions are 12.x, 14.0 and 15.0" in text


def test_action_and_namespace_must_agree(cluster: AxlCluster) -> None:
    assert cluster.post(VERSION_CALL, action="CUCM:DB ver=12.5 getCCMVersion").status_code == 599


def test_namespace_1_0_without_action_means_the_oldest_schema() -> None:
    with serving("10.5") as old:
        assert old.post(envelope("getCCMVersion", version="1.0"), action=None).status_code == 200
        assert old.post(envelope("getCCMVersion", version="1.0"), action="CUCM:DB ver=10.5").status_code == 599
        missing = old.post(envelope("resetSipTrunk", "<name>x</name>", version="1.0"), action=None)
        assert "Operation not found" in missing.text


def test_an_unknown_operation_gets_the_engine_s_fault(cluster: AxlCluster) -> None:
    answer = cluster.post(envelope("applySipTrunk"), action="CUCM:DB ver=14.0 applySipTrunk")
    root = etree.fromstring(answer.content)
    assert (answer.status_code, answer.headers["Connection"]) == (500, "close")
    assert root.findtext(".//faultcode") == "axis2ns2:Client"
    assert root.findtext(".//faultstring") == (
        "The endpoint reference (EPR) for the Operation not found is https://127.0.0.1:8443/axl/services/AXLAPIService"
        " and the WSA Action = CUCM:DB ver=14.0 applySipTrunk"
    )
    detail = root.find(".//detail")
    assert detail is not None
    assert len(detail) == 0


def test_the_connection_stays_after_an_answer_and_is_closed_after_a_fault(cluster: AxlCluster) -> None:
    address = urlsplit(cluster.url)
    token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
    for operation, stays in (("getCCMVersion", True), ("getCCMVersion", True), ("nothing", False)):
        connection.request("POST", "/axl/", envelope(operation), {"Authorization": f"Basic {token}"})
        answer = connection.getresponse()
        answer.read()
        assert (connection.sock is not None) is stays
    connection.close()
    raw = socket.create_connection((str(address.hostname), address.port or 0), timeout=10)
    with raw, raw.makefile("rb") as stream:
        body = envelope("nothing")
        head = f"POST /axl/ HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {token}\r\nContent-Length: {len(body)}\r\n\r\n"
        raw.sendall(head.encode() + body)
        assert b"Operation not found" in stream.read()


def test_operations_that_9_1_lacked_are_not_found_there() -> None:
    with serving("9.1") as old:
        assert "Operation not found" in old.call("resetSipTrunk", "<name>x</name>").text
        assert "Operation not found" in old.call("resetSipTrunkSecurityProfile", "<name>x</name>").text
        assert old.fault("doDeviceReset", "<deviceName>x</deviceName>")[1] == 5007


def test_throttled_writes_answer_503_and_reads_go_on(cluster: AxlCluster) -> None:
    cluster.state.faults.add(THROTTLED)
    assert cluster.call("addSipTrunkSecurityProfile", PROFILE).status_code == 503
    assert cluster.call("getCCMVersion").status_code == 200
    assert cluster.state.writes == []
    cluster.state.faults.remove(THROTTLED)
    assert cluster.call("addSipTrunkSecurityProfile", PROFILE).status_code == 200


def test_exhausted_memory_is_a_soap_fault(cluster: AxlCluster) -> None:
    cluster.state.faults.add(MEMORY_EXHAUSTED)
    assert cluster.fault("getCCMVersion") == (
        "soapenv:Server",
        -1,
        "Maximum AXL Memory Allocation Consumed. Please retry once requests in progress have completed",
    )


def test_a_read_only_cluster_refuses_and_records_the_write(cluster: AxlCluster) -> None:
    cluster.state.read_only = True
    code, number, message = cluster.fault("addSipTrunkSecurityProfile", PROFILE)
    assert (code, number) == ("soapenv:Client", 5003)
    assert "must not be changed" in message
    assert [(write.interface, write.operation) for write in cluster.state.writes] == [("axl", "addSipTrunkSecurityProfile")]
    assert cluster.state.database.find("sipTrunkSecurityProfile", name="TLS-to-B") is None


def test_a_write_is_recorded_even_when_it_fails(cluster: AxlCluster) -> None:
    cluster.fault("removeSipTrunk", "<name>nothing</name>")
    cluster.fault("getSipTrunk", "<name>nothing</name>")
    assert [write.operation for write in cluster.state.writes] == ["removeSipTrunk"]


def test_a_subscriber_serves_the_same_database() -> None:
    cluster = build_cluster("12.5")
    assert {route.path for route in routes(cluster.node)} >= {"/axl", "/axl/", "/plugins/axlsqltoolkit.zip"}
    with served(cluster) as publisher, served(build_cluster("12.5")) as stranger:
        publisher.result("addSipTrunkSecurityProfile", PROFILE)
        with served(cluster) as subscriber:
            assert subscriber.result("getSipTrunkSecurityProfile", "<name>TLS-to-B</name>").findtext(".//incomingPort") == "5061"
        assert stranger.fault("getSipTrunkSecurityProfile", "<name>TLS-to-B</name>")[1] == 5007


ENTITY_BOMB = b'<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">' + b"".join(b'<!ENTITY a%d "&a;&a;&a;&a;">' % n for n in range(9)) + b"]>"
MALFORMED = {
    "empty": b"",
    "blank": b" \n",
    "not XML": b"\x00\x01\x02garbage",
    "truncated": VERSION_CALL[:-20],
    "wrong encoding": VERSION_CALL.replace(b"<e:Body>", b"<e:Body>\xff\xfe"),
    "HTML": b"<html><body>hello</body></html>",
    "entity bomb": ENTITY_BOMB + VERSION_CALL.replace(b"</n:", b"&a8;</n:"),
    "outside entity": b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + VERSION_CALL.replace(b"</n:", b"&f;</n:"),
    "harmless DTD": b"<!DOCTYPE Envelope>" + VERSION_CALL,
    "no body": b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"/>',
    "empty body": b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body/></e:Envelope>',
    "SOAP 1.2": VERSION_CALL.replace(b"http://schemas.xmlsoap.org/soap/envelope/", b"http://www.w3.org/2003/05/soap-envelope"),
    "no namespace": b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><getSipTrunk/></e:Body></e:Envelope>',
    "deep": VERSION_CALL.replace(b"</n:", b"<a>" * 3000 + b"</n:"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_body_that_is_no_call_is_a_page_with_status_599(cluster: AxlCluster, name: str) -> None:
    answer = cluster.post(MALFORMED[name])
    assert answer.status_code == 599
    assert "passwd" not in answer.text
    assert "root:" not in answer.text


def test_a_body_above_the_limit_is_refused_unread(cluster: AxlCluster) -> None:
    padding = b" " * LARGEST_REQUEST_BYTES
    assert cluster.post(VERSION_CALL[: LARGEST_REQUEST_BYTES // 2] + padding).status_code == 413
    fitting = VERSION_CALL + b" " * (LARGEST_REQUEST_BYTES - len(VERSION_CALL))
    assert cluster.post(fitting).status_code == 200


def test_comments_instructions_headers_and_prefixes_do_not_matter(cluster: AxlCluster) -> None:
    body = (
        b'<?xml version="1.0"?><?hello x?><!-- a --><S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/">'
        b'<S:Header><x>1</x></S:Header><B:Body xmlns:B="http://schemas.xmlsoap.org/soap/envelope/"><!-- b -->'
        b'<getSipProfile xmlns="http://www.cisco.com/AXL/API/14.0" sequence="77"><name>Standard<!-- c --> SIP Profile</name>'
        b"</getSipProfile></B:Body></S:Envelope>"
    )
    answer = cluster.post(body)
    assert answer.status_code == 200
    assert 'sequence="77"' in answer.text


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_the_request_parser_never_crashes_on_bytes(data: bytes) -> None:
    with pytest.raises(NotUnderstood):
        parse_request(data, None, SERVED)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(VERSION_CALL) - 1), st.binary(min_size=0, max_size=3), st.text(max_size=40))
def test_the_request_parser_never_crashes_on_a_damaged_call(place: int, change: bytes, action: str) -> None:
    damaged = VERSION_CALL[:place] + change + VERSION_CALL[place + len(change) :]
    try:
        found = parse_request(damaged, action, SERVED)
    except NotUnderstood:
        return
    assert found.version in SERVED


TEXTS = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufffe\uffff"), max_size=30)


@settings(max_examples=60, deadline=None)
@given(TEXTS, TEXTS, TEXTS)
def test_any_text_in_a_trunk_is_stored_or_refused(name: str, number: str, literal: str) -> None:
    with_texts = trunk("NAME", more="<sigDigits>NUMBER</sigDigits><srtpAllowed>FLAG</srtpAllowed>").replace(">5061<", ">PORT<")
    for placeholder, value in (("NAME", name), ("NUMBER", number), ("FLAG", literal), ("PORT", number)):
        element = etree.Element("x")
        element.text = value
        escaped = etree.tostring(element, encoding="unicode")[3:-4] if value else ""
        with_texts = with_texts.replace(placeholder, escaped, 1)
    answer = SHARED.call("addSipTrunk", with_texts)
    assert answer.status_code in (200, 500, 599)


SHARED = build_cluster("12.5")


@pytest.fixture(autouse=True, scope="module")
def _shared_is_served() -> Iterator[None]:
    with served(SHARED):
        yield
