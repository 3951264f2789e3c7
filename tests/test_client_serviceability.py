"""Control Center, RisPort, log collection and DIME clients over HTTPS against prepared answers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from pytest_cucmtls.clients.back_off import BackOff
from pytest_cucmtls.clients.control_center import ControlCenterReader, ControlCenterWriter, is_later_start
from pytest_cucmtls.clients.dime import Dime
from pytest_cucmtls.clients.log_collection import LogCollection, log_date, zone_text
from pytest_cucmtls.clients.risport import RisPort
from pytest_cucmtls.model.cucm import ServiceStatus
from pytest_cucmtls.model.errors import AnswerTimedOut, ConfigurationInvalid, InterfaceRefused, UnexpectedAnswer
from pytest_cucmtls.wire.soap import parse_envelope, text_of
from tests.https_stand_in import HttpsStandIn, Prepared, make_certificate
from tests.test_serviceability_answers import (
    CALL_MANAGER,
    DEVICE,
    FILES,
    GOT_FILE,
    MULTIPART,
    NESTED,
    RATE,
    devices,
    fault,
    multipart,
    services,
)

NAME = "Cisco CallManager"
BEFORE = ServiceStatus(NAME, "Started", -1, None, "Mon Nov 23 10:00:00 2026", 3600)
RESTARTED = CALL_MANAGER.replace("10:00:00", "11:30:00").replace("3600", "1")
STOPPING = CALL_MANAGER.replace("Started", "Stopping")
PATH = "/var/log/active/cm/trace/ccm/sdl/SDL001_100_000208.txt.gz"


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate("cucm-a").write(tmp_path_factory.mktemp("serviceability"), "tomcat")


@pytest.fixture
def node(identity: tuple[Path, Path]) -> Iterator[HttpsStandIn]:
    with HttpsStandIn(identity[0]) as stand_in:
        yield stand_in


def not_waiting(seconds: float) -> None:
    assert seconds > 0


def says(node: HttpsStandIn, *bodies: bytes, content_type: str = "text/xml;charset=UTF-8") -> None:
    node.answers[:] = [Prepared(body, 500 if b"Fault>" in body else 200, content_type) for body in bodies]


def states(*items: str) -> list[bytes]:
    return [services("soapGetServiceStatus", item) for item in items]


def writer(node: HttpsStandIn, identity: tuple[Path, Path], waited: list[float]) -> ControlCenterWriter:
    return ControlCenterWriter(node.session(identity[1]), back_off=BackOff((1.0,), waited.append), wait=waited.append)


def test_service_states_are_asked_by_name_and_only_those_are_handed_over(node: HttpsStandIn, identity: tuple[Path, Path]) -> None:
    says(node, services("soapGetServiceStatus", CALL_MANAGER, CALL_MANAGER.replace("CallManager", "Tftp")))
    reading = ControlCenterReader(node.session(identity[1])).read_services("cucm-a", [NAME])
    assert reading.value == (BEFORE,)
    assert (reading.interface, reading.operation) == ("control-center", "soapGetServiceStatus cucm-a")
    assert node.asked[0].path == "/controlcenterservice2/services/ControlCenterServices"
    assert node.asked[0].headers["soapaction"] == '"soapGetServiceStatus"'
    assert text_of(parse_envelope(node.asked[0].body), "ServiceStatus", "item") == NAME


def test_no_names_ask_for_all_services(node: HttpsStandIn, identity: tuple[Path, Path]) -> None:
    says(node, services("soapGetServiceStatus", CALL_MANAGER, CALL_MANAGER.replace("CallManager", "Tftp")))
    assert len(ControlCenterReader(node.session(identity[1])).read_services("cucm-a", []).value) == 2


def test_a_service_the_node_does_not_list_is_a_refusal(node: HttpsStandIn, identity: tuple[Path, Path]) -> None:
    says(node, services("soapGetServiceStatus"))
    with pytest.raises(InterfaceRefused, match="lists no service"):
        ControlCenterReader(node.session(identity[1])).read_service("cucm-a", NAME)


def test_a_restart_is_over_only_when_the_service_has_started_anew(node: HttpsStandIn, identity: tuple[Path, Path]) -> None:
    restarting = services("soapDoControlServices", STOPPING)
    says(node, *states(CALL_MANAGER), restarting, *states(CALL_MANAGER, STOPPING, RESTARTED))
    waited: list[float] = []
    reading = writer(node, identity, waited).restart_and_wait("cucm-a", NAME, limit_seconds=60, poll_seconds=4)
    assert reading.value.start_time == "Mon Nov 23 11:30:00 2026"
    assert waited == [4, 4, 4]
    control = parse_envelope(node.asked[1].body)
    assert text_of(control, "ControlServiceRequest", "NodeName") == "cucm-a"
    assert text_of(control, "ControlServiceRequest", "ControlType") == "Restart"
    assert text_of(control, "ControlServiceRequest", "ServiceList", "item") == NAME


def test_a_service_that_never_starts_anew_ends_the_wait_after_a_bounded_number_of_polls(
    node: HttpsStandIn, identity: tuple[Path, Path]
) -> None:
    says(node, *states(CALL_MANAGER))
    waited: list[float] = []
    with pytest.raises(AnswerTimedOut, match="restart of Cisco CallManager on cucm-a"):
        writer(node, identity, waited).wait_until_started("cucm-a", NAME, BEFORE, limit_seconds=20, poll_seconds=5)
    assert waited == [5, 5, 5, 5]


def test_a_web_server_that_is_away_for_a_moment_does_not_end_the_wait(identity: tuple[Path, Path]) -> None:
    waited: list[float] = []
    with HttpsStandIn(identity[0]) as gone:
        control = writer(gone, identity, waited)
    with pytest.raises(AnswerTimedOut):
        control.wait_until_started("cucm-a", NAME, BEFORE, limit_seconds=2, poll_seconds=1)
    assert waited == [1, 1]


@pytest.mark.parametrize(
    ("start_time", "up_time", "later"),
    [
        ("Mon Nov 23 10:00:00 2026", 1, False),
        ("Mon Nov 23 10:00:01 2026", 3600, True),
        (None, 3599, True),
        (None, 3600, False),
        (None, None, False),
    ],
)
def test_a_later_start_shows_in_the_start_time_or_else_in_the_up_time(
    start_time: str | None, up_time: int | None, later: bool
) -> None:
    assert is_later_start(BEFORE, ServiceStatus(NAME, "Started", start_time=start_time, up_time_seconds=up_time)) is later


def test_a_service_that_was_down_before_and_runs_now_has_started(node: HttpsStandIn) -> None:
    del node
    assert is_later_start(ServiceStatus(NAME, "Stopped"), ServiceStatus(NAME, "Started", start_time="x"))


@pytest.mark.parametrize(
    ("device_class", "read"), [("SIPTrunk", RisPort.read_trunk_status), ("Phone", RisPort.read_phone_status)]
)
def test_a_device_state_is_selected_by_class_and_name(
    node: HttpsStandIn, identity: tuple[Path, Path], device_class: str, read: object
) -> None:
    assert callable(read)
    says(node, devices(f"<ns1:item>{DEVICE.format(NESTED)}</ns1:item>"))
    reading = read(RisPort(node.session(identity[1])), "CUCM10")
    assert [(row.name, row.status, row.node) for row in reading.value] == [("CUCM10", "Registered", "cucm-a")]
    criteria = parse_envelope(node.asked[0].body)
    assert node.asked[0].path == "/realtimeservice2/services/RISService70"
    assert text_of(criteria, "CmSelectionCriteria", "DeviceClass") == device_class
    assert text_of(criteria, "CmSelectionCriteria", "SelectItems", "item", "Item") == "CUCM10"
    assert text_of(criteria, "CmSelectionCriteria", "Model") == "255"


def test_the_rate_limit_of_risport_is_obeyed(node: HttpsStandIn, identity: tuple[Path, Path]) -> None:
    waited: list[float] = []
    says(node, fault(RATE), fault(RATE), devices(""))
    ris = RisPort(node.session(identity[1]), back_off=BackOff((20.0, 60.0), waited.append))
    assert ris.read_trunk_status("CUCM10").value == ()
    assert waited == [20.0, 60.0]


def test_a_rate_limit_that_does_not_end_is_reported_with_the_attempts(node: HttpsStandIn, identity: tuple[Path, Path]) -> None:
    says(node, fault(RATE))
    with pytest.raises(InterfaceRefused, match="2 attempts"):
        RisPort(node.session(identity[1]), back_off=BackOff((20.0,), not_waiting)).read_trunk_status("CUCM10")


def test_log_files_are_asked_for_a_window_of_whole_minutes_in_the_given_zone(
    node: HttpsStandIn, identity: tuple[Path, Path]
) -> None:
    says(node, multipart(FILES), content_type=MULTIPART)
    since, until = datetime(2026, 1, 2, 20, 30, 59, tzinfo=UTC), datetime(2026, 1, 2, 20, 31, 1, tzinfo=UTC)
    reading = LogCollection(node.session(identity[1])).list_files(NAME, since, until, "America/Los_Angeles")
    assert reading.value[0].path == PATH
    assert reading.media_type == MULTIPART
    criteria = parse_envelope(node.asked[0].body)
    asked = {
        name: text_of(criteria, "FileSelectionCriteria", name) for name in ("FromDate", "ToDate", "TimeZone", "JobType", "Port")
    }
    assert asked == {
        "FromDate": "01/02/26 12:30 PM",
        "ToDate": "01/02/26 12:32 PM",
        "TimeZone": "Client: (GMT-8:0)America/Los_Angeles",
        "JobType": "DownloadtoClient",
        "Port": None,
    }
    assert text_of(criteria, "FileSelectionCriteria", "ServiceLogs", "item") == NAME


@pytest.mark.parametrize(
    ("hour", "written"),
    [(0, "12:05 AM"), (1, "01:05 AM"), (11, "11:05 AM"), (12, "12:05 PM"), (13, "01:05 PM"), (23, "11:05 PM")],
)
def test_hours_are_written_on_the_twelve_hour_clock(hour: int, written: str) -> None:
    assert log_date(datetime(2022, 10, 4, hour, 5, tzinfo=UTC)) == f"10/04/22 {written}"


@pytest.mark.parametrize(
    ("zone", "month", "written"),
    [
        ("UTC", 1, "Client: (GMT+0:0)UTC"),
        ("Europe/London", 7, "Client: (GMT+1:0)Europe/London"),
        ("Asia/Kolkata", 1, "Client: (GMT+5:30)Asia/Kolkata"),
        ("America/St_Johns", 1, "Client: (GMT-3:30)America/St_Johns"),
    ],
)
def test_zones_are_written_with_their_offset_on_that_day(zone: str, month: int, written: str) -> None:
    assert zone_text(zone, datetime(2026, month, 1, tzinfo=timezone(timedelta(hours=9)))) == written


@pytest.mark.parametrize("zone", ["Nowhere/Land", "", "../etc/passwd", "\x00"])
def test_an_unknown_zone_is_a_configuration_error(zone: str) -> None:
    with pytest.raises(ConfigurationInvalid, match="time_zone"):
        zone_text(zone, datetime(2026, 1, 1, tzinfo=UTC))


def test_a_file_is_fetched_as_it_is(node: HttpsStandIn, identity: tuple[Path, Path]) -> None:
    content = b"\x1f\x8b\x00" * 1000
    says(node, multipart(GOT_FILE, content), content_type=MULTIPART)
    reading = Dime(node.session(identity[1])).read_file(PATH)
    assert reading.value == reading.raw == content
    assert reading.media_type == "application/octet-stream"
    assert node.asked[0].path == "/logcollectionservice/services/DimeGetFileService"
    assert node.asked[0].headers["soapaction"] == '"http://schemas.cisco.com/ast/soap/action/#LogCollectionPort#GetOneFile"'
    assert text_of(parse_envelope(node.asked[0].body), "FileName") == PATH


def test_a_file_just_written_is_asked_for_again_a_bounded_number_of_times(
    node: HttpsStandIn, identity: tuple[Path, Path]
) -> None:
    waited: list[float] = []
    missing = fault(f"FileName {PATH} do not exist")
    says(node, missing, missing, b"late")
    dime = Dime(node.session(identity[1]), back_off=BackOff((1.0, 2.0), waited.append))
    assert dime.read_file(PATH).value == b"late"
    assert waited == [1.0, 2.0]
    says(node, missing)
    with pytest.raises(InterfaceRefused, match="do not exist"):
        dime.read_file(PATH)


def test_a_file_over_the_limit_is_refused(node: HttpsStandIn, identity: tuple[Path, Path]) -> None:
    says(node, b"x" * 1001, content_type="application/octet-stream")
    with pytest.raises(UnexpectedAnswer, match="more than 1000 bytes"):
        Dime(node.session(identity[1]), limit_bytes=1000).read_file(PATH)


def test_log_collection_and_dime_never_see_each_others_cookies(node: HttpsStandIn, identity: tuple[Path, Path]) -> None:
    cookie = (("Set-Cookie", "JSESSIONID=crumb; Path=/; Secure"),)
    node.choose = lambda asked: Prepared(b"file" if b"GetOneFile" in asked.body else FILES, headers=cookie)
    session = node.session(identity[1])
    logs, dime = LogCollection(session), Dime(session)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    logs.list_files(NAME, now, now)
    dime.read_file(PATH)
    logs.list_files(NAME, now, now)
    assert ["cookie" in asked.headers for asked in node.asked] == [False, False, True]


def test_an_html_error_page_is_not_taken_for_a_file_or_a_list(node: HttpsStandIn, identity: tuple[Path, Path]) -> None:
    node.answers[:] = [Prepared(b"<html><title>HTTP Status 500</title></html>", 500, "text/html")]
    with pytest.raises(UnexpectedAnswer, match="HTTP 500"):
        Dime(node.session(identity[1])).read_file(PATH)
    with pytest.raises(UnexpectedAnswer, match="HTTP 500"):
        RisPort(node.session(identity[1])).read_trunk_status("x")
