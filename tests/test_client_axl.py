"""AxlReader and AxlWriter over HTTPS against prepared answers: what they send, what they keep, when they ask again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from pytest_cucmtls.clients.axl import AxlReader
from pytest_cucmtls.clients.axl_exchange import MAX_PAGES, pages_advised
from pytest_cucmtls.clients.axl_writer import AxlWriter
from pytest_cucmtls.clients.back_off import BackOff
from pytest_cucmtls.model.cucm import RoutePattern, SipTrunk, SipTrunkSecurityProfile, TrunkDestination
from pytest_cucmtls.model.errors import ConfigurationInvalid, CredentialsRefused, InterfaceRefused, UnexpectedAnswer
from pytest_cucmtls.wire import axl_answers
from pytest_cucmtls.wire.multipart import split_parts
from pytest_cucmtls.wire.soap import child, children, local_name, parse_envelope, text_of
from tests.axl_examples import LINE, PROCESS_NODES, ROUTE_PATTERN, SECURITY_PROFILE, SIP_TRUNK, absent, answer, fault
from tests.https_stand_in import PASSWORD, HttpsStandIn, Prepared, make_certificate

MEMORY = "Maximum AXL Memory Allocation Consumed. Please retry once requests in progress have completed"
TOO_LARGE = "Query request too large. Total rows matched: {} rows. Suggestive Row Fetch: less than {} rows"
CONFIRMED = "{0A1B2C3D-1111-2222-3333-444455556666}"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
PROFILE = SipTrunkSecurityProfile(
    "P", "Encrypted", "TLS", "TLS", x509_subject_name="cucm-b", incoming_port=5061, transmit_security_status=True
)
TRUNK = SipTrunk("T", security_profile_name="P", srtp_allowed=True, destinations=(TrunkDestination("10.0.0.2", 5061),))


class Cluster(HttpsStandIn):
    """A stand-in with AXL clients on it; waits are noted, not waited."""

    bundle: Path
    waited: list[float]

    def writer(self, version: str = "12.5") -> AxlWriter:
        self.waited = []
        return AxlWriter(self.session(self.bundle), version, back_off=BackOff((1.0, 2.0), self.waited.append))

    def says(self, *bodies: bytes) -> None:
        self.answers[:] = [Prepared(body, 500 if b"Fault>" in body else 200) for body in bodies]

    def request(self, number: int = -1) -> etree._Element:
        return parse_envelope(self.asked[number].body)


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate("cucm-a").write(tmp_path_factory.mktemp("axl"), "tomcat")


@pytest.fixture
def cluster(identity: tuple[Path, Path]) -> Iterator[Cluster]:
    stand_in = Cluster(identity[0])
    stand_in.bundle = identity[1]
    with stand_in:
        yield stand_in


def sent(request: etree._Element, *path: str) -> dict[str, str | None]:
    """Names and texts of the children of the element at a path."""
    element = child(request, *path)
    assert element is not None, path
    return {local_name(below): text_of(below) for below in children(element)}


def test_a_read_is_a_soap_1_1_post_to_the_path_with_its_slash_and_names_operation_and_version(cluster: Cluster) -> None:
    cluster.says(answer("getSipTrunk", SIP_TRUNK))
    reading = cluster.writer().read_sip_trunk("to-cluster-b")
    asked = cluster.asked[0]
    assert (asked.method, asked.path) == ("POST", "/axl/")
    assert asked.headers["soapaction"] == '"CUCM:DB ver=12.5 getSipTrunk"'
    assert asked.headers["content-type"].startswith("text/xml")
    assert cluster.request().tag == "{http://www.cisco.com/AXL/API/12.5}getSipTrunk"
    assert [(below.tag, below.text) for below in cluster.request()] == [("name", "to-cluster-b")], "children carry no namespace"
    assert reading.value is not None
    assert reading.value.name == "to-cluster-b"
    assert reading.raw == answer("getSipTrunk", SIP_TRUNK), "evidence is kept as received"
    assert (reading.interface, reading.operation) == ("axl", "getSipTrunk")
    assert reading.at.tzinfo is not None


def test_an_absent_object_is_none_with_the_fault_as_evidence(cluster: Cluster) -> None:
    cluster.says(absent("getSipTrunk"))
    reading = cluster.writer().read_sip_trunk("nobody")
    assert reading.value is None
    assert reading.raw == absent("getSipTrunk")


@pytest.mark.parametrize(
    ("read", "operation"),
    [
        (lambda axl: axl.read_security_profile("p"), "getSipTrunkSecurityProfile"),
        (lambda axl: axl.read_route_pattern("9898"), "getRoutePattern"),
        (lambda axl: axl.read_route_list("r"), "getRouteList"),
        (lambda axl: axl.read_route_group("r"), "getRouteGroup"),
        (lambda axl: axl.read_css("c"), "getCss"),
        (lambda axl: axl.read_line("1018"), "getLine"),
        (lambda axl: axl.read_phone("SEP1"), "getPhone"),
    ],
)
@pytest.mark.parametrize("version", ["9.1", "15.0"])
def test_every_single_read_works_in_the_oldest_and_the_newest_version(
    cluster: Cluster, read: object, operation: str, version: str
) -> None:
    assert callable(read)
    cluster.says(absent(operation))
    assert read(cluster.writer(version)).value is None
    assert cluster.request().tag == f"{{http://www.cisco.com/AXL/API/{version}}}{operation}"


def test_a_route_pattern_is_named_by_all_four_parts_of_its_key(cluster: Cluster) -> None:
    cluster.says(answer("getRoutePattern", ROUTE_PATTERN))
    cluster.writer().read_route_pattern("9898")
    assert list(sent(cluster.request())) == ["pattern", "routePartitionName", "dialPlanName", "routeFilterName"]
    assert [part.get(NIL) for part in children(cluster.request())] == [None, "true", "true", "true"]
    cluster.writer().read_route_pattern("9898", "PT-1")
    assert sent(cluster.request())["routePartitionName"] == "PT-1"


def test_a_list_read_lists_names_and_reads_each_object_and_keeps_every_answer(cluster: Cluster) -> None:
    rows = "".join(f"<sipTrunk><name>{name}</name></sipTrunk>" for name in ("to-cluster-b", "gone", "to-cluster-b"))
    cluster.says(
        answer("listSipTrunk", rows), answer("getSipTrunk", SIP_TRUNK), absent("getSipTrunk"), answer("getSipTrunk", SIP_TRUNK)
    )
    reading = cluster.writer().read_sip_trunks()
    assert [trunk.name for trunk in reading.value] == ["to-cluster-b", "to-cluster-b"]
    kept = split_parts(reading.raw, reading.media_type)
    assert [axl_answers.parse_sip_trunk(part.body) for part in kept] == list(reading.value)
    assert sent(cluster.request(0), "searchCriteria") == {"name": "%"}


def test_listed_route_patterns_are_read_by_pattern_and_partition(cluster: Cluster) -> None:
    rows = "<routePattern><pattern>9898</pattern><routePartitionName>PT</routePartitionName></routePattern>"
    cluster.says(answer("listRoutePattern", rows), answer("getRoutePattern", ROUTE_PATTERN))
    assert [pattern.pattern for pattern in cluster.writer().read_route_patterns().value] == ["9898"]
    assert sent(cluster.request())["routePartitionName"] == "PT"


def test_nothing_found_is_an_empty_reading(cluster: Cluster) -> None:
    cluster.says(answer("listSipTrunkSecurityProfile", "").replace(b"<return></return>", b"<return/>"))
    reading = cluster.writer().read_security_profiles()
    assert reading.value == ()
    assert split_parts(reading.raw, reading.media_type) == ()


def test_lines_are_listed_without_reading_each(cluster: Cluster) -> None:
    cluster.says(answer("listLine", LINE * 3))
    assert len(cluster.writer().read_lines().value) == 3
    assert len(cluster.asked) == 1


def test_version_nodes_and_sql_are_read(cluster: Cluster) -> None:
    cluster.says(answer("getCCMVersion", "<componentVersion><version>15.0.1.12900(234)</version></componentVersion>"))
    assert cluster.writer().read_version().value.major == 15
    cluster.says(answer("listProcessNode", PROCESS_NODES))
    assert [node.name for node in cluster.writer().read_process_nodes().value] == ["cucm-a"]
    cluster.says(answer("executeSQLQuery", "<row><name>a</name></row>"))
    assert cluster.writer().query("select name from device").value == ({"name": "a"},)
    assert sent(cluster.request()) == {"sql": "select name from device"}


@pytest.mark.parametrize(
    "busy", [Prepared(b"<html>HTTP Status 503</html>", 503, "text/html"), Prepared(fault("-1", MEMORY, "getLine"), 500)]
)
def test_a_busy_cluster_is_asked_again_after_longer_and_longer_pauses(cluster: Cluster, busy: Prepared) -> None:
    cluster.answers[:] = [busy, busy, Prepared(answer("getLine", LINE))]
    assert cluster.writer().read_line("1018").value is not None
    assert cluster.waited == [1.0, 2.0]


def test_a_cluster_that_stays_busy_is_given_up_with_the_attempts_counted(cluster: Cluster) -> None:
    cluster.answers[:] = [Prepared(b"<html>HTTP Status 503</html>", 503, "text/html")]
    with pytest.raises(InterfaceRefused, match="3 attempts, 3 s of waiting") as refused:
        cluster.writer().read_line("1018")
    assert refused.value.code == "503"
    assert len(cluster.asked) == 3


def test_a_list_the_cluster_calls_too_large_is_fetched_in_the_pages_it_advises(cluster: Cluster) -> None:
    one = "<line><pattern>{}</pattern></line>"
    pages = [answer("listLine", one.format(page) * rows) for page, rows in ((1, 2), (2, 2), (3, 1))]
    cluster.says(fault("-1", TOO_LARGE.format(5, 3), "listLine"), *pages)
    reading = cluster.writer().read_lines()
    assert [line.pattern for line in reading.value] == ["1", "1", "2", "2", "3"]
    assert [part.body for part in split_parts(reading.raw, reading.media_type)] == pages
    assert [(sent(cluster.request(n)).get("skip"), sent(cluster.request(n)).get("first")) for n in range(4)] == [
        (None, None),
        ("0", "2"),
        ("2", "2"),
        ("4", "2"),
    ]


@pytest.mark.parametrize(
    "said", ["Query request too large.", TOO_LARGE.format("many", 3), TOO_LARGE.format(2 * MAX_PAGES + 1, 3)]
)
def test_an_answer_too_large_without_advice_is_a_refusal_and_not_asked_for_again(cluster: Cluster, said: str) -> None:
    cluster.says(fault("-1", said, "listLine"))
    with pytest.raises(InterfaceRefused, match="too large"):
        cluster.writer().read_lines()
    assert len(cluster.asked) == 1


@pytest.mark.parametrize(
    ("total", "below", "pages"),
    [(2816, 844, (4, 843)), (843, 844, (1, 843)), (844, 844, (2, 843)), (5, 1, (5, 1)), (0, 9, (0, 8))],
)
def test_the_advice_of_a_fault_becomes_pages(total: int, below: int, pages: tuple[int, int]) -> None:
    assert pages_advised(InterfaceRefused("axl", "listLine", "-1", TOO_LARGE.format(total, below))) == pages


@pytest.mark.parametrize("code", ["-239", "4052", "4055", "-691", "-746", "5003"])
def test_a_database_refusal_keeps_its_code_and_is_not_repeated(cluster: Cluster, code: str) -> None:
    cluster.says(fault(code, "Could not insert new row", "addSipTrunk", fault_code="soapenv:Client"))
    with pytest.raises(InterfaceRefused, match="Could not insert") as refused:
        cluster.writer().add_sip_trunk(TRUNK)
    assert refused.value.code == code
    assert len(cluster.asked) == 1


def test_wrong_credentials_are_said_before_any_soap_is_looked_for(cluster: Cluster) -> None:
    cluster.answers[:] = [Prepared(b"<!-- custom Cisco error page --><html/>", 401, "text/html")]
    with pytest.raises(CredentialsRefused) as refused:
        cluster.writer().read_version()
    assert PASSWORD not in str(refused.value)


def test_an_html_page_with_status_500_or_200_is_not_understood(cluster: Cluster) -> None:
    for status in (500, 200):
        cluster.answers[:] = [Prepared(b"<html><title>Oops</title></html>", status, "text/html")]
        with pytest.raises(UnexpectedAnswer):
            cluster.writer().read_version()


def test_an_unknown_schema_version_is_a_configuration_error(cluster: Cluster) -> None:
    for version in ("8.5", "16.0", "12", ""):
        with pytest.raises(ConfigurationInvalid, match="none of"):
            cluster.writer(version)


def test_a_profile_write_sends_every_field_of_step_8_in_order(cluster: Cluster) -> None:
    cluster.says(answer("addSipTrunkSecurityProfile", CONFIRMED))
    assert cluster.writer().add_security_profile(PROFILE).value == CONFIRMED
    assert list(sent(cluster.request(), "sipTrunkSecurityProfile").items()) == [
        ("name", "P"),
        ("description", None),
        ("securityMode", "Encrypted"),
        ("incomingTransport", "TLS"),
        ("outgoingTransport", "TLS"),
        ("digestAuthentication", "false"),
        ("noncePolicyTime", "600"),
        ("x509SubjectName", "cucm-b"),
        ("incomingPort", "5061"),
        ("applLevelAuthentication", "false"),
        ("acceptPresenceSubscription", "false"),
        ("acceptOutOfDialogRefer", "false"),
        ("acceptUnsolicitedNotification", "false"),
        ("allowReplaceHeader", "false"),
        ("transmitSecurityStatus", "true"),
        ("sipV150OutboundSdpOfferFiltering", "Use Default Filter"),
        ("allowChargingHeader", "false"),
    ]


@pytest.mark.parametrize(("version", "has_it"), [("9.1", False), ("10.0", True), ("10.5", True), ("15.0", True)])
def test_a_field_the_version_lacks_is_left_out(cluster: Cluster, version: str, has_it: bool) -> None:
    cluster.says(answer("addSipTrunkSecurityProfile", CONFIRMED, version=version))
    cluster.writer(version).add_security_profile(PROFILE)
    assert (b"allowChargingHeader" in cluster.asked[0].body) is has_it


@pytest.mark.parametrize("version", ["9.1", "10.5", "11.5", "12.5", "14.0", "15.0"])
def test_a_trunk_write_sends_every_field_of_step_9_and_the_defaults_the_schema_requires(cluster: Cluster, version: str) -> None:
    cluster.says(answer("addSipTrunk", CONFIRMED, version=version))
    cluster.writer(version).add_sip_trunk(TRUNK)
    fields = sent(cluster.request(), "sipTrunk")
    expected = {
        "name": "T",
        "product": "SIP Trunk",
        "class": "Trunk",
        "protocol": "SIP",
        "protocolSide": "User",
        "devicePoolName": "Default",
        "networkLocation": "Use System Default",
        "locationName": "Hub_None",
        "packetCaptureMode": "None",
        "securityProfileName": "P",
        "sipProfileName": "Standard SIP Profile",
        "presenceGroupName": "Standard Presence group",
        "srtpAllowed": "true",
        "srtpFallbackAllowed": "false",
        "trunkTrafficSecure": "When using both sRTP and TLS",
        "tkSipCodec": "711ulaw",
        "dtmfSignalingMethod": "No Preference",
        "sipTrunkType": "None(Default)",
        "destAddrIsSrv": "false",
        "runOnEveryNode": "false",
        "callingAndCalledPartyInfoFormat": "Deliver DN only in connected party",
    }
    assert {name: fields[name] for name in expected} == expected
    row = sent(cluster.request(), "sipTrunk", "destinations", "destination")
    assert row == {"addressIpv4": "10.0.0.2", "addressIpv6": None, "port": "5061", "sortOrder": "1"}
    assert b">True<" not in cluster.asked[0].body


def test_a_trunk_update_replaces_the_destinations_and_leaves_alone_what_the_value_does_not_state(cluster: Cluster) -> None:
    cluster.says(answer("updateSipTrunk", CONFIRMED))
    cluster.writer().update_sip_trunk("T", TRUNK)
    fields = sent(cluster.request())
    assert list(fields) == ["name", "securityProfileName", "srtpAllowed", "destinations"]
    assert sent(cluster.request(), "destinations", "destination")["addressIpv4"] == "10.0.0.2"
    cluster.writer().update_sip_trunk("Old", TRUNK)
    assert list(sent(cluster.request()).items())[:2] == [("name", "Old"), ("newName", "T")]


def test_stated_values_are_written_even_when_they_are_false_zero_or_empty(cluster: Cluster) -> None:
    cluster.says(answer("updateSipTrunk", CONFIRMED))
    cluster.writer().update_sip_trunk("T", SipTrunk("T", description="", srtp_allowed=False, sig_digits=0))
    assert sent(cluster.request()) == {"name": "T", "description": None, "sigDigits": "0", "srtpAllowed": "false"}
    digits = child(cluster.request(), "sigDigits")
    assert digits is not None
    assert digits.get("enable") == "true"


def test_what_was_written_reads_back_as_the_same_value(cluster: Cluster) -> None:
    cluster.says(answer("addSipTrunk", CONFIRMED))
    cluster.writer().add_sip_trunk(TRUNK)
    written = child(cluster.request(), "sipTrunk")
    assert written is not None
    back = axl_answers.parse_sip_trunk(answer("getSipTrunk", etree.tostring(written).decode()))
    assert (back.destinations, back.srtp_allowed, back.security_profile_name) == (TRUNK.destinations, True, "P")
    assert back.sig_digits is None


@pytest.mark.parametrize(
    ("version", "operation"), [("9.1", "doDeviceReset"), ("10.0", "resetSipTrunk"), ("15.0", "resetSipTrunk")]
)
def test_a_trunk_is_reset_the_way_the_version_knows(cluster: Cluster, version: str, operation: str) -> None:
    cluster.says(answer(operation, "true", version=version))
    assert cluster.writer(version).reset_sip_trunk("T").value == "true"
    assert local_name(cluster.request()) == operation
    if operation == "doDeviceReset":
        assert sent(cluster.request()) == {"deviceName": "T", "deviceResetType": "Reset"}
        assert cluster.request().get("isMGCP") == "false"


def test_a_route_pattern_leads_to_a_trunk_or_to_a_route_list(cluster: Cluster) -> None:
    cluster.says(answer("addRoutePattern", CONFIRMED))
    for pattern, expected in (
        (RoutePattern("9898", gateway_name="T"), {"gatewayName": "T"}),
        (RoutePattern("9898", "PT", route_list_name="RL"), {"routeListName": "RL"}),
    ):
        cluster.writer().add_route_pattern(pattern)
        assert sent(cluster.request(), "routePattern", "destination") == expected
        fields = sent(cluster.request(), "routePattern")
        assert {"routePartitionName", "dialPlanName", "digitDiscardInstructionName", "prefixDigitsOut", "routeFilterName"} <= set(
            fields
        )
        assert fields["useCallingPartyPhoneMask"] == "Default"


def test_a_route_pattern_update_moves_only_what_differs(cluster: Cluster) -> None:
    cluster.says(answer("updateRoutePattern", CONFIRMED))
    cluster.writer().update_route_pattern("9898", "", RoutePattern("9898", gateway_name="T"))
    assert not {"newPattern", "newRoutePartitionName"} & set(sent(cluster.request()))
    cluster.writer().update_route_pattern("9898", "", RoutePattern("98XX", "PT", "moved", gateway_name="T"))
    moved = sent(cluster.request())
    assert (moved["newPattern"], moved["newRoutePartitionName"]) == ("98XX", "PT")
    assert list(moved)[4:] == ["newPattern", "description", "newRoutePartitionName", "destination"], "the schema's order"


def test_removals_name_what_they_remove(cluster: Cluster) -> None:
    cluster.says(answer("removeSipTrunk", CONFIRMED))
    cluster.writer().remove_sip_trunk("T")
    cluster.says(answer("removeSipTrunkSecurityProfile", CONFIRMED))
    cluster.writer().remove_security_profile("P")
    cluster.says(answer("removeRoutePattern", CONFIRMED))
    cluster.writer().remove_route_pattern("9898", "PT")
    cluster.says(answer("updateSipTrunkSecurityProfile", CONFIRMED))
    cluster.writer().update_security_profile("P", PROFILE)
    assert [asked.headers["soapaction"].split()[-1].strip('"') for asked in cluster.asked] == [
        "removeSipTrunk",
        "removeSipTrunkSecurityProfile",
        "removeRoutePattern",
        "updateSipTrunkSecurityProfile",
    ]


def test_a_reader_has_no_writing_method() -> None:
    assert not [name for name in dir(AxlReader) if name.startswith(("add_", "update_", "remove_", "reset_"))]


def test_a_secure_profile_read_back_equals_what_step_8_asks(cluster: Cluster) -> None:
    cluster.says(answer("getSipTrunkSecurityProfile", SECURITY_PROFILE))
    value = cluster.writer().read_security_profile("Secure SIP Trunk Profile TLS").value
    assert value is not None
    assert (value.security_mode, value.transmit_security_status) == ("Encrypted", True)
