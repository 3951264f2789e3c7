"""Log collection and DIME of a simulated node, asked with plain HTTP: which files there are, and what is in them."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pytest_cucmtls.sim.state import CALL_MANAGER_SERVICE, NodeState
from pytest_cucmtls.wire.multipart import split_parts
from tests.sim_node_stand import MALFORMED_SOAP, Answer, RunningNodes, ask, soap

LOGS = "/logcollectionservice2/services/LogCollectionPortTypeService"
DIME = "/logcollectionservice/services/DimeGetFileService"
NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
SDL = "cm/trace/ccm/sdl/SDL001_100_000001.txt"
GREENWICH = "Client: (GMT+0:0)Greenwich Mean Time-Etc/UTC"


@pytest.fixture
def node(nodes: RunningNodes) -> NodeState:
    return nodes.node()


def write(node: NodeState, name: str, content: bytes = b"trace", at: datetime = NOON) -> Path:
    path = node.active_log / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


def select(
    node: NodeState,
    *services: str,
    since: str = "07/01/26 11:00 AM",
    until: str = "07/01/26 01:00 PM",
    zone: str = GREENWICH,
    search: str = "",
    kind: str = "ServiceLogs",
) -> Answer:
    items = "".join(f"<soap:item>{name}</soap:item>" for name in services or (CALL_MANAGER_SERVICE,))
    criteria = (
        f"<soap:{kind}>{items}</soap:{kind}><soap:SearchStr>{search}</soap:SearchStr><soap:Frequency>OnDemand</soap:Frequency>"
        f"<soap:JobType>DownloadtoClient</soap:JobType><soap:ToDate>{until}</soap:ToDate><soap:FromDate>{since}</soap:FromDate>"
        f"<soap:TimeZone>{zone}</soap:TimeZone><soap:RelText>None</soap:RelText><soap:RelTime>0</soap:RelTime>"
    )
    content = f"<soap:FileSelectionCriteria>{criteria}</soap:FileSelectionCriteria>"
    return ask(node, LOGS, soap(f"<soap:selectLogFiles>{content}</soap:selectLogFiles>"))


def get_file(node: NodeState, name: str, headers: dict[str, str] | None = None) -> Answer:
    return ask(node, DIME, soap(f"<soap:GetOneFile><FileName>{name}</FileName></soap:GetOneFile>"), headers=headers)


@pytest.mark.parametrize("path", [LOGS, DIME])
@pytest.mark.parametrize("malformed", MALFORMED_SOAP)
def test_a_malformed_request_is_answered_with_a_fault(nodes: RunningNodes, path: str, malformed: str) -> None:
    assert ask(nodes.shared, path, MALFORMED_SOAP[malformed]).fault


@pytest.mark.parametrize("path", [LOGS, DIME])
@pytest.mark.parametrize(("role", "status"), [(None, 401), ("platform", 403)])
def test_only_administrators_get_in(nodes: RunningNodes, path: str, role: str | None, status: int) -> None:
    assert ask(nodes.shared, path, b"<a/>", role=role).status == status


def test_the_services_with_logs_are_listed(nodes: RunningNodes) -> None:
    answer = ask(nodes.shared, LOGS, soap("<soap:listNodeServiceLogs><soap:ListRequest/></soap:listNodeServiceLogs>"))
    assert CALL_MANAGER_SERVICE in answer.texts("item")
    assert answer.texts("name") == [nodes.shared.name]


def test_a_trace_file_is_listed_with_path_size_and_time(node: NodeState) -> None:
    write(node, SDL, b"12345")
    answer = select(node)
    assert answer.texts("absolutepath") == [f"/var/log/active/{SDL}"]
    assert answer.texts("filesize") == ["5"]
    assert answer.texts("modifiedDate") == ["Wed Jul 01 12:00:00 UTC 2026"]


@pytest.mark.parametrize(
    ("at", "listed"),
    [
        (NOON - timedelta(hours=1, seconds=1), False),
        (NOON - timedelta(hours=1), True),
        (NOON + timedelta(hours=1, seconds=59), True),
        (NOON + timedelta(hours=1, seconds=60), False),
    ],
)
def test_a_file_is_selected_from_the_first_second_of_the_first_to_the_last_of_the_last_minute(
    node: NodeState, at: datetime, listed: bool
) -> None:
    write(node, SDL, at=at)
    assert bool(select(node).texts("absolutepath")) is listed


@pytest.mark.parametrize(
    ("zone", "since", "listed"),
    [
        ("Client: (GMT+0:0)Greenwich Mean Time-Europe/London", "07/01/26 01:00 PM", True),
        ("Client: (GMT+0:0)Greenwich Mean Time-Europe/London", "07/01/26 01:01 PM", False),
        ("Client: (GMT-8:0)America/Los_Angeles", "07/01/26 05:00 AM", True),
        ("Client: (GMT-8:0)America/Los_Angeles", "07/01/26 05:01 AM", False),
        ("Client: (GMT-8:30)Nowhere/Land", "07/01/26 03:30 AM", True),
        ("Client: (GMT-8:30)Nowhere/Land", "07/01/26 03:31 AM", False),
        ("nonsense", "07/01/26 12:00 PM", True),
        ("Client: (GMT+99:0)", "07/01/26 12:01 PM", False),
    ],
)
def test_times_are_read_in_the_zone_that_is_named(node: NodeState, zone: str, since: str, listed: bool) -> None:
    write(node, SDL)
    answer = select(node, zone=zone, since=since, until="07/02/26 12:00 PM")
    assert bool(answer.texts("absolutepath")) is listed


def test_a_search_text_and_an_unknown_service_narrow_the_selection(node: NodeState) -> None:
    write(node, SDL)
    write(node, "cm/trace/ccm/calllogs/calllogs_00000001.txt.gz")
    assert select(node, search="calllogs").texts("name")[-1] == "calllogs_00000001.txt.gz"
    assert select(node, "Cisco Tftp").texts("absolutepath") == []


def test_captures_are_system_logs(node: NodeState) -> None:
    write(node, "platform/cli/packets.cap")
    answer = select(node, "Packet Capture Logs", kind="SystemLogs")
    assert answer.texts("absolutepath") == ["/var/log/active/platform/cli/packets.cap"]


def test_without_dates_every_file_is_selected(nodes: RunningNodes) -> None:
    node = nodes.shared
    write(node, SDL)
    assert f"/var/log/active/{SDL}" in select(node, since="", until="").texts("absolutepath")


@pytest.mark.parametrize("since", ["2026-07-01", "13/41/26 11:00 AM", "x" * 5000])
def test_a_time_in_another_form_is_a_fault(nodes: RunningNodes, since: str) -> None:
    assert select(nodes.shared, since=since).fault.startswith("FromDate")


@pytest.mark.parametrize(("release", "multipart"), [("10.5", False), ("11.5", True)])
def test_newer_releases_wrap_the_list_in_a_multipart_body(nodes: RunningNodes, release: str, multipart: bool) -> None:
    node = nodes.node(release)
    write(node, SDL)
    answer = select(node)
    assert answer.headers["Content-Type"].startswith("multipart/related") is multipart
    assert answer.texts("absolutepath") == [f"/var/log/active/{SDL}"]


@pytest.mark.parametrize("content", [b"", b"text\r\n", bytes(range(256)) * 300, b"------=_Part_1\r\n--\r\n"])
def test_a_file_arrives_byte_for_byte_as_the_second_part(node: NodeState, content: bytes) -> None:
    write(node, SDL, content)
    answer = get_file(node, f"/var/log/active/{SDL}")
    parts = split_parts(answer.body, answer.headers["Content-Type"])
    assert [part.media_type for part in parts] == ["text/xml", "application/octet-stream"]
    assert parts[1].body == content


@pytest.mark.parametrize(
    "name",
    [
        "/var/log/active/nothing.txt",
        "/var/log/active",
        "/var/log/active/../../../etc/passwd",
        "/etc/passwd",
        "cm/trace/ccm/sdl/SDL001_100_000001.txt",
        "",
        "x" * 10_000,
    ],
    ids=["absent", "folder", "climbing", "elsewhere", "relative", "empty", "huge"],
)
def test_a_name_that_leads_to_no_file_of_the_node_is_a_fault(node: NodeState, name: str) -> None:
    write(node, SDL)
    assert get_file(node, name).fault == f"FileName {name} do not exist"


def test_a_link_that_leads_out_of_the_logs_is_not_followed(node: NodeState, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    link = node.active_log / "cm/trace/ccm/link.txt"
    link.parent.mkdir(parents=True)
    link.symlink_to(secret)
    assert get_file(node, "/var/log/active/cm/trace/ccm/link.txt").fault
    assert select(node, since="01/01/20 12:00 AM", until="01/01/40 12:00 AM").texts("absolutepath") == []


class CountingTraces:
    """Counts how often it was asked to write everything down."""

    def __init__(self, node: NodeState) -> None:
        self._node = node

    def flush(self) -> None:
        write(self._node, SDL, b"flushed", NOON)


def test_what_was_traced_is_on_disk_before_files_are_listed_or_read(node: NodeState) -> None:
    node.traces = CountingTraces(node)
    assert select(node).texts("filesize") == ["7"]
    (node.active_log / SDL).unlink()
    assert b"flushed" in get_file(node, f"/var/log/active/{SDL}").body


def test_a_session_of_one_service_is_an_error_for_the_other(node: NodeState) -> None:
    write(node, SDL)
    listed = select(node)
    cookie = listed.headers["Set-Cookie"].partition(";")[0]
    assert "Path=/logcollectionservice2" in listed.headers["Set-Cookie"]
    path = f"/var/log/active/{SDL}"
    assert get_file(node, path, {"Cookie": cookie}).status == 500
    own = get_file(node, path).headers["Set-Cookie"].partition(";")[0]
    again = get_file(node, path, {"Cookie": own})
    assert again.status == 200
    assert again.headers["Set-Cookie"] is None


@pytest.mark.parametrize("cookie", ["JSESSIONID=", "a=b; c", "=;;;=", "JSESSIONIDSSO=0123"])
def test_a_cookie_without_a_session_is_no_session(node: NodeState, cookie: str) -> None:
    write(node, SDL)
    assert get_file(node, f"/var/log/active/{SDL}", {"Cookie": cookie}).status == 200
