"""Objects through AXL: what is stored, what is answered, and what a reset reaches."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from pytest_cucmtls.sim.axl.calls import SCHEMA_STRICT
from pytest_cucmtls.sim.database import repeated
from pytest_cucmtls.sim.state import NodeState
from tests.axl_cluster import (
    GROUP,
    PROFILE,
    AxlCluster,
    RecordingCallManager,
    route_pattern,
    serving,
    serving_a_trunk,
    trunk,
)

NAME = "<name>to-cluster-b</name>"
PATTERN = "<pattern>9898</pattern><routePartitionName/>"
XSI_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


@pytest.fixture
def cluster() -> Iterator[AxlCluster]:
    with serving("12.5") as one:
        one.result("addSipTrunkSecurityProfile", PROFILE)
        yield one


@pytest.fixture
def with_trunk() -> Iterator[AxlCluster]:
    with serving_a_trunk("12.5") as one:
        yield one


def test_adding_answers_the_uuid_in_upper_case_with_braces(cluster: AxlCluster) -> None:
    uuid = cluster.result("addSipTrunk", trunk()).text or ""
    assert uuid == uuid.upper()
    assert (uuid[0], uuid[-1], len(uuid)) == ("{", "}", 38)
    assert cluster.state.database.rows("sipTrunk")[0]["uuid"] == uuid


def test_fields_that_were_not_sent_have_the_values_a_real_server_gives(with_trunk: AxlCluster) -> None:
    found = with_trunk.result("getSipTrunk", NAME)[0]
    expected = {
        "networkLocation": "Use System Default",
        "packetCaptureMode": "None",
        "packetCaptureDuration": "0",
        "mlppIndicationStatus": "Off",
        "preemption": "Disabled",
        "unknownPrefix": "Default",
        "calledPartyUnknownPrefix": "Default",
        "tkSipCodec": "711ulaw",
        "srtpFallbackAllowed": "false",
        "isPaiEnabled": "true",
        "trustReceivedIdentity": "Trust All (Default)",
        "pstnAccess": "false",
        "runOnEveryNode": "false",
        "trunkTrafficSecure": "When using both sRTP and TLS",
        "callingSearchSpaceName": "",
        "recordingInformation": "",
    }
    assert {name: found.findtext(name) for name in expected} == expected
    assert found.get("ctiid") == "1"
    assert found.findtext("confidentialAccess/confidentialAccessLevel") == "-1"


def test_a_real_answer_departs_from_the_schema_as_recorded(with_trunk: AxlCluster) -> None:
    found = with_trunk.result("getSipTrunk", NAME)[0]
    info = found.find("externalPresentationInfo")
    assert info is not None
    assert [child.tag for child in info] == ["presentationInfo", "isAnonymous"]
    assert info.findtext("isAnonymous") == "f"
    assert found.find("enableCiscoRecordingQsigTunneling") is None
    load, digits = found.find("loadInformation"), found.find("sigDigits")
    assert load is not None
    assert load.get("special") == "false"
    assert digits is not None
    assert (digits.get("enable"), digits.text) == ("false", "99")
    assert (found.findtext("versionStamp") or "").startswith("{")


def test_two_elements_of_a_route_pattern_are_never_answered(with_trunk: AxlCluster) -> None:
    names = {child.tag for child in with_trunk.result("getRoutePattern", PATTERN)[0]}
    assert not {"enableDccEnforcement", "blockedCallPercentage"} & names
    assert {"usage", "dialPlanWizardGenId", "withTag", "withValueClause"} <= names


def test_the_departures_can_be_switched_off(with_trunk: AxlCluster) -> None:
    with_trunk.state.faults.add(SCHEMA_STRICT)
    found = with_trunk.result("getSipTrunk", NAME)[0]
    assert found.find("externalPresentationInfo/isAnonymous") is None
    assert found.find("enableCiscoRecordingQsigTunneling") is not None
    line = with_trunk.result("getLine", "<pattern>1018</pattern>")[0]
    assert not [child for child in line.iter() if child.get(XSI_NIL)]


def test_unset_references_of_lines_are_nil_with_an_empty_uuid(with_trunk: AxlCluster) -> None:
    partition = with_trunk.result("getLine", "<pattern>1018</pattern>")[0].find("routePartitionName")
    assert partition is not None
    assert (partition.get(XSI_NIL), partition.get("uuid")) == ("true", "")


def test_since_14_xsi_is_declared_once_and_nil_has_no_uuid() -> None:
    with serving("14") as newer:
        answer = newer.call("getLine", "<pattern>1018</pattern>")
    assert answer.text.count("http://www.w3.org/2001/XMLSchema-instance") == 1
    assert 'xsi:nil="true"/>' in answer.text


def test_elements_are_answered_in_schema_order_however_they_were_sent(cluster: AxlCluster) -> None:
    children = list(etree.fromstring(f"<x>{trunk()}</x>")[0])
    mixed = b"".join(etree.tostring(child) for child in reversed(children)).decode()
    cluster.result("addSipTrunk", f"<sipTrunk>{mixed}<unknownElement>1</unknownElement></sipTrunk>")
    names = [child.tag for child in cluster.result("getSipTrunk", NAME)[0]]
    assert names[:7] == ["name", "description", "product", "model", "class", "protocol", "protocolSide"]
    assert names.index("securityProfileName") < names.index("srtpAllowed") < names.index("destinations")


@pytest.mark.parametrize("spelling", ["true", "True", "TRUE", "t", "T", "1"])
def test_booleans_are_accepted_in_any_spelling(cluster: AxlCluster, spelling: str) -> None:
    cluster.result("addSipTrunk", trunk(more=f"<srtpAllowed>{spelling}</srtpAllowed>"))
    assert cluster.state.database.rows("sipTrunk")[0]["srtpAllowed"] is True


@pytest.mark.parametrize("change", [str, str.lower, lambda uuid: uuid.strip("{}"), lambda uuid: uuid.strip("{}").lower()])
def test_a_uuid_is_accepted_in_either_case_with_or_without_braces(with_trunk: AxlCluster, change: object) -> None:
    uuid = with_trunk.state.database.rows("sipTrunk")[0]["uuid"]
    asked = change(uuid) if callable(change) else uuid
    assert with_trunk.result("getSipTrunk", f"<uuid>{asked}</uuid>").findtext("sipTrunk/name") == "to-cluster-b"


def test_a_reference_may_be_given_by_uuid_alone(cluster: AxlCluster) -> None:
    uuid = cluster.state.database.rows("sipTrunkSecurityProfile")[1]["uuid"]
    by_uuid = trunk().replace("<securityProfileName>TLS-to-B</", f'<securityProfileName uuid="{uuid.lower()}"></')
    cluster.result("addSipTrunk", by_uuid)
    assert cluster.state.database.rows("sipTrunk")[0]["securityProfileName"] == "TLS-to-B"


def test_requested_tags_are_returned_and_no_others(with_trunk: AxlCluster) -> None:
    asked = NAME + "<returnedTags><srtpAllowed/><destinations><destination><port/></destination></destinations></returnedTags>"
    found = with_trunk.result("getSipTrunk", asked)[0]
    assert [child.tag for child in found] == ["srtpAllowed", "destinations"]
    assert [child.tag for child in found.iter()][2:] == ["destinations", "destination", "port"]


def test_a_list_has_the_requested_tags_and_never_destinations(with_trunk: AxlCluster) -> None:
    asked = "<searchCriteria><name>%</name></searchCriteria><returnedTags><name/><destinations/></returnedTags>"
    found = with_trunk.result("listSipTrunk", asked)
    assert [[child.tag for child in row] for row in found] == [["name"]]


@pytest.mark.parametrize(
    ("criterion", "count"),
    [("%", 2), ("TLS%", 1), ("%to-B", 1), ("%-to-%", 1), ("tls-to-b", 1), ("TLS_to_B", 1), ("TLS", 0), ("", 0), ("[", 0)],
)
def test_a_list_searches_like_sql(cluster: AxlCluster, criterion: str, count: int) -> None:
    asked = f"<searchCriteria><name>{criterion}</name></searchCriteria><returnedTags><name/></returnedTags>"
    assert len(cluster.result("listSipTrunkSecurityProfile", asked)) == count


def test_a_list_without_rows_is_an_empty_return(cluster: AxlCluster) -> None:
    answer = cluster.call("listSipTrunk", "<searchCriteria><name>%</name></searchCriteria><returnedTags><name/></returnedTags>")
    assert "<return/>" in answer.text


def test_a_list_is_paged_by_skip_and_first(with_trunk: AxlCluster) -> None:
    base = "<searchCriteria><name>%</name></searchCriteria><returnedTags><name/></returnedTags>"
    everything = [row.findtext("name") for row in with_trunk.result("listProcessNode", base)]
    assert [row.findtext("name") for row in with_trunk.result("listProcessNode", base + "<skip>1</skip>")] == everything[1:]
    assert [row.findtext("name") for row in with_trunk.result("listProcessNode", base + "<first>1</first>")] == everything[:1]
    assert with_trunk.fault("listProcessNode", base + "<first>many</first>")[1] == -746


def test_the_pseudo_node_is_in_the_list(cluster: AxlCluster) -> None:
    base = "<searchCriteria><name>%</name></searchCriteria><returnedTags><name/><nodeUsage/></returnedTags>"
    rows = {row.findtext("name"): row for row in cluster.result("listProcessNode", base)}
    assert rows["EnterpriseWideData"].get("uuid") == "{00000000-1111-0000-0000-000000000000}"
    assert rows["cucm-a.alpha.example"].findtext("nodeUsage") == "Publisher"


def test_list_phone_has_its_own_form() -> None:
    with serving("12.5") as cluster:
        base = "<searchCriteria><name>SEP%</name></searchCriteria><returnedTags><name/></returnedTags>"
        answer = cluster.call("listPhone", base)
        assert answer.headers["Content-Type"] == "text/xml;charset=ISO-8859-1"
        assert answer.headers["Transfer-Encoding"] == "chunked"
        assert answer.content.startswith(b"<soapenv:Envelope")
        assert answer.content.endswith(b"<!--This API has been processed by GAXL not AXL-->")
        cluster.state.faults.add(SCHEMA_STRICT)
        assert cluster.call("listPhone", base).headers["Content-Type"] == "text/xml;charset=UTF-8"


MISSING = "{00000000-0000-0000-0000-000000000001}"


@pytest.mark.parametrize(
    ("operation", "key", "fault"),
    [
        ("getSipTrunk", f"<uuid>{MISSING}</uuid>", ("soapenv:Server", 5007, "Item not valid: The specified null was not found")),
        ("getSipTrunk", "<name>T-x</name>", ("soapenv:Server", 5007, "Item not valid: The specified T-x was not found")),
        ("getSipTrunk", "", ("soapenv:Server", 5007, "Item not valid: The specified null was not found")),
        ("getPhone", "<name>SEP1</name>", ("soapenv:Server", 5007, "Item not valid: The specified SEP1 was not found")),
        (
            "getRoutePattern",
            f"<uuid>{MISSING}</uuid>",
            ("soapenv:Server", 5007, "Item not valid: The specified RoutePattern was not found"),
        ),
        ("getLine", "<pattern>1</pattern>", ("soapenv:Server", 5007, "Item not valid: The specified Line was not found")),
        ("removeSipTrunk", "<name>x</name>", ("soapenv:Server", 5007, "Item not valid: The specified entry was not found")),
        ("updateSipTrunk", "<name>x</name>", ("soapenv:Server", 5003, "SipTrunk not found")),
        ("resetSipTrunk", "<name>x</name>", ("soapenv:Server", 5007, "Item not valid: The specified x was not found")),
    ],
)
def test_what_is_not_there_is_a_fault_in_the_recorded_words(
    cluster: AxlCluster, operation: str, key: str, fault: tuple[str, int, str]
) -> None:
    assert cluster.fault(operation, key) == fault


def test_duplicates_have_three_codes(with_trunk: AxlCluster) -> None:
    unique = (
        "soapenv:Client",
        -239,
        "Could not insert new row - duplicate value in a UNIQUE INDEX column (Unique Index:).",
    )
    assert with_trunk.fault("addSipTrunk", trunk()) == unique
    assert with_trunk.fault("addSipTrunk", trunk("SEP001122334418")) == unique
    assert with_trunk.fault("addRoutePattern", route_pattern())[1:] == (
        4055,
        "Cannot insert or update pattern. A Route Pattern exists with the same pattern and partition.",
    )
    assert with_trunk.fault("addLine", "<line><pattern>1018</pattern><usage>Device</usage></line>")[1:] == (
        4052,
        "Cannot insert or update pattern. A DN exists with the same pattern and partition.",
    )


def test_an_update_changes_only_what_was_sent(with_trunk: AxlCluster) -> None:
    before = dict(with_trunk.state.database.rows("sipTrunk")[0])
    with_trunk.result("updateSipTrunk", NAME + "<description>changed</description><product>H.323 Trunk</product>")
    after = with_trunk.state.database.rows("sipTrunk")[0]
    assert {name for name in before if before[name] != after[name]} == {"description", "versionStamp"}


def test_destinations_are_added_removed_or_replaced(with_trunk: AxlCluster) -> None:
    def addresses() -> list[tuple[str, int]]:
        row = with_trunk.state.database.rows("sipTrunk")[0]
        return [(one["addressIpv4"], one["port"]) for one in repeated(row, "destinations")]

    one = "<destination><addressIpv4>{}</addressIpv4><port>5061</port><sortOrder>1</sortOrder></destination>"
    with_trunk.result("updateSipTrunk", f"{NAME}<addDestinations>{one.format('10.0.0.2')}</addDestinations>")
    assert addresses() == [("10.0.0.1", 5061), ("10.0.0.2", 5061)]
    removed = one.format("10.0.0.1").replace("<port>", "<addressIpv6/><port>")
    with_trunk.result("updateSipTrunk", f"{NAME}<removeDestinations>{removed}</removeDestinations>")
    assert addresses() == [("10.0.0.2", 5061)]
    with_trunk.result("updateSipTrunk", f"{NAME}<destinations>{one.format('10.0.0.3')}</destinations>")
    assert addresses() == [("10.0.0.3", 5061)]
    assert with_trunk.fault("updateSipTrunk", f"{NAME}<destinations/>")[1] == -746
    assert addresses() == [("10.0.0.3", 5061)]


def test_references_follow_a_renamed_object(with_trunk: AxlCluster) -> None:
    with_trunk.result("updateSipTrunkSecurityProfile", "<name>TLS-to-B</name><newName>Renamed</newName>")
    with_trunk.result("updateSipTrunk", NAME + "<newName>renamed-trunk</newName>")
    assert with_trunk.state.database.rows("sipTrunk")[0]["securityProfileName"] == "Renamed"
    assert with_trunk.state.database.rows("routePattern")[0]["destination"] == {"gatewayName": "renamed-trunk"}


def test_what_is_in_use_is_not_removed(with_trunk: AxlCluster) -> None:
    assert with_trunk.fault("removeSipTrunkSecurityProfile", "<name>TLS-to-B</name>")[1] == -692
    assert with_trunk.fault("removeSipTrunk", NAME)[1] == -692
    with_trunk.result("removeRoutePattern", PATTERN)
    with_trunk.result("removeSipTrunk", NAME)
    with_trunk.result("removeSipTrunkSecurityProfile", "<name>TLS-to-B</name>")
    assert with_trunk.fault("removeSipTrunkSecurityProfile", "<name>TLS-to-B</name>")[1] == 5007


def test_a_reset_reaches_the_trunk_on_every_node(with_trunk: AxlCluster) -> None:
    publisher = with_trunk.node
    other = RecordingCallManager()
    subscriber = NodeState(
        "cucm-a2.alpha.example", "127.0.0.2", "subscriber", 2, Path("."), with_trunk.state, publisher.certificates
    )
    subscriber.call_manager = other  # type: ignore[assignment]
    without_service = NodeState(
        "cucm-a3.alpha.example", "127.0.0.3", "subscriber", 3, Path("."), with_trunk.state, publisher.certificates
    )
    with_trunk.state.nodes += [subscriber, without_service]
    assert (with_trunk.result("resetSipTrunk", NAME).text or "").startswith("{")
    with_trunk.result("restartSipTrunk", NAME)
    reset = "<deviceName>to-cluster-b</deviceName><deviceResetType>{}</deviceResetType>"
    for word in ("Reset", "Restart", "Apply Configuration"):
        assert with_trunk.result("doDeviceReset", reset.format(word)).text == "true"
    with_trunk.result("resetSipTrunkSecurityProfile", "<name>TLS-to-B</name>")
    with_trunk.result("resetSipTrunkSecurityProfile", "<name>Non Secure SIP Trunk Profile</name>")
    assert with_trunk.call_manager.resets == other.resets == ["to-cluster-b"] * 6
    assert with_trunk.fault("doDeviceReset", reset.format("Explode"))[1] == -746


def test_changing_an_object_resets_nothing_by_itself(with_trunk: AxlCluster) -> None:
    with_trunk.result("updateSipTrunkSecurityProfile", "<name>TLS-to-B</name><x509SubjectName>changed</x509SubjectName>")
    assert with_trunk.call_manager.resets == []


def test_the_version_is_printed_with_the_build_in_brackets(cluster: AxlCluster) -> None:
    assert cluster.result("getCCMVersion").findtext("componentVersion/version") == "12.5.1.10000(22)"
    assert cluster.result("getCCMVersion", "<processNodeName>cucm-a.alpha.example</processNodeName>").findtext(".//version")
    assert cluster.fault("getCCMVersion", "<processNodeName>unknown</processNodeName>")[1] == 5007


def test_a_user_is_authenticated_by_password(cluster: AxlCluster) -> None:
    asked = "<userid>axl-admin</userid><password>{}</password>"
    assert cluster.result("doAuthenticateUser", asked.format("correct horse")).findtext("userAuthenticated") == "true"
    assert cluster.result("doAuthenticateUser", asked.format("wrong")).findtext("userAuthenticated") == "false"


def test_a_line_names_the_phones_that_have_it(cluster: AxlCluster) -> None:
    found = cluster.result("getLine", "<pattern>1018</pattern>")[0]
    assert [device.text for device in found.findall("associatedDevices/device")] == ["SEP001122334418"]
    cluster.result("addLine", "<line><pattern>3003</pattern><usage>Device</usage></line>")
    assert cluster.result("getLine", "<pattern>3003</pattern>").findall(".//device") == []


def test_a_device_pool_keeps_its_repeated_route_groups(cluster: AxlCluster) -> None:
    base = (
        "<name>DP-B</name><dateTimeSettingName>CMLocal</dateTimeSettingName><callManagerGroupName>Default</callManagerGroupName>"
        "<regionName>Default</regionName><srstName>Disable</srstName><aarNeighborhoodName/>"
    )
    groups = "".join(f"<localRouteGroup><name>L{n}</name><value>RG{n}</value></localRouteGroup>" for n in (1, 2))
    cluster.result("addDevicePool", f"<devicePool>{base}{groups}</devicePool>")
    found = cluster.result("getDevicePool", "<name>DP-B</name>")[0]
    assert [one.findtext("value") for one in found.findall("localRouteGroup")] == ["RG1", "RG2"]
    assert cluster.result("getDevicePool", "<name>Default</name>")[0].find("localRouteGroup") is None


def test_call_forward_is_stored_with_its_parts(cluster: AxlCluster) -> None:
    forward = "<callForwardAll><destination>9898</destination></callForwardAll>"
    cluster.result("updateLine", f"<pattern>1018</pattern>{forward}")
    row = cluster.state.database.find("line", pattern="1018")
    assert row is not None
    assert row["callForwardAll"]["destination"] == "9898"
    found = cluster.result("getLine", "<pattern>1018</pattern>")[0]
    assert found.findtext("callForwardAll/forwardToVoiceMail") == "false"
    assert found.findtext("callForwardAll/destination") == "9898"


def test_a_route_group_keeps_its_members_in_a_wrapper(with_trunk: AxlCluster) -> None:
    with_trunk.result("addSipTrunk", trunk("second"))
    with_trunk.result("addRouteGroup", GROUP.format("second", "RG"))
    row = with_trunk.state.database.find("routeGroup", name="RG")
    assert row is not None
    assert [member["deviceName"] for member in repeated(row, "members")] == ["second"]
