"""AXL's answers as genuine clusters send them, deviations from their own schema included, become values."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.model.cucm import (
    CallingSearchSpace,
    DirectoryNumber,
    Phone,
    ProcessNode,
    Release,
    RouteGroup,
    RouteList,
    TrunkDestination,
)
from pytest_cucmtls.model.errors import InterfaceRefused, UnexpectedAnswer
from pytest_cucmtls.wire import axl_answers as axl
from tests.axl_examples import (
    CSS,
    LINE,
    PHONE,
    PROCESS_NODES,
    ROUTE_GROUP,
    ROUTE_LIST,
    ROUTE_PATTERN,
    SECURITY_PROFILE,
    SIP_TRUNK,
    absent,
    answer,
    fault,
)

PARSERS: list[Callable[[bytes], Any]] = [
    axl.parse_sip_trunk,
    axl.parse_security_profile,
    axl.parse_route_pattern,
    axl.parse_route_list,
    axl.parse_route_group,
    axl.parse_css,
    axl.parse_line,
    axl.parse_lines,
    axl.parse_phone,
    axl.parse_process_nodes,
    axl.parse_version,
    axl.parse_query,
]


def test_a_genuine_trunk_is_read_in_spite_of_is_anonymous_standing_in_the_wrong_place() -> None:
    trunk = axl.parse_sip_trunk(answer("getSipTrunk", SIP_TRUNK))
    assert trunk.name == "to-cluster-b"
    assert trunk.security_profile_name == "Secure SIP Trunk Profile TLS"
    assert (trunk.srtp_allowed, trunk.srtp_fallback_allowed, trunk.run_on_every_node) == (True, False, False)
    assert trunk.trunk_traffic_secure == "When using both sRTP and TLS"
    assert trunk.calling_search_space_name is None
    assert trunk.description is None
    assert trunk.version_stamp == "{1603101010-6C5E7D0A-0000-1111-2222-333344445555}"
    assert trunk.uuid == "{5A2E0B2D-11C2-4F6B-A1B7-2E2A53DC2D10}"


def test_destinations_come_in_sort_order() -> None:
    trunk = axl.parse_sip_trunk(answer("getSipTrunk", SIP_TRUNK))
    assert trunk.destinations == (TrunkDestination("cucm-b.beta.example", 5061, 1), TrunkDestination("10.0.0.9", 5061, 2))


@pytest.mark.parametrize(
    ("written", "read"), [("0", (0,)), ("65535", (65535,)), ("65536", ()), ("-1", ()), ("", ()), ("sip", ())]
)
def test_a_destination_whose_port_is_none_is_no_destination(written: str, read: tuple[int, ...]) -> None:
    row = f"<destination><addressIpv4>10.0.0.1</addressIpv4><port>{written}</port><sortOrder>1</sortOrder></destination>"
    trunk = axl.parse_sip_trunk(answer("getSipTrunk", f"<sipTrunk><name>t</name><destinations>{row}</destinations></sipTrunk>"))
    assert tuple(destination.port for destination in trunk.destinations) == read


def test_the_flat_destination_of_9_1_counts_when_there_are_no_rows() -> None:
    flat = "<destinationAddress>10.1.1.1</destinationAddress><destinationport>5061</destinationport>"
    trunk = axl.parse_sip_trunk(answer("getSipTrunk", f"<sipTrunk><name>t</name>{flat}</sipTrunk>", version="9.1"))
    assert trunk.destinations == (TrunkDestination("10.1.1.1", 5061, 1),)


@pytest.mark.parametrize(
    ("element", "kept"),
    [
        ('<sigDigits enable="false">99</sigDigits>', None),
        ('<sigDigits enable="true">99</sigDigits>', None),
        ('<sigDigits enable="t">4</sigDigits>', 4),
        ('<sigDigits enable="false">4</sigDigits>', None),
        ("<sigDigits>4</sigDigits>", None),
        ("", None),
    ],
)
def test_significant_digits_count_only_when_they_are_enabled(element: str, kept: int | None) -> None:
    trunk = axl.parse_sip_trunk(answer("getSipTrunk", f"<sipTrunk><name>t</name>{element}</sipTrunk>"))
    assert trunk.sig_digits == kept


def test_children_in_any_order_and_unknown_ones_lose_nothing() -> None:
    shuffled = "<sipTrunk><future>x</future><srtpAllowed>TRUE</srtpAllowed><name> t </name><destinations/></sipTrunk>"
    trunk = axl.parse_sip_trunk(answer("getSipTrunk", shuffled))
    assert (trunk.name, trunk.srtp_allowed, trunk.destinations) == ("t", True, ())


def test_a_missing_field_is_not_said_rather_than_false() -> None:
    trunk = axl.parse_sip_trunk(answer("getSipTrunk", "<sipTrunk><name>t</name><srtpFallbackAllowed/></sipTrunk>"))
    assert trunk.srtp_allowed is None
    assert trunk.srtp_fallback_allowed is None


def test_a_security_profile_is_read_whatever_spelling_its_booleans_have() -> None:
    profile = axl.parse_security_profile(answer("getSipTrunkSecurityProfile", SECURITY_PROFILE))
    assert (profile.security_mode, profile.incoming_transport, profile.outgoing_transport) == ("Encrypted", "TLS", "TLS")
    assert (profile.incoming_port, profile.nonce_policy_time) == (5061, 600)
    assert profile.x509_subject_name == "cucm-b.beta.example"
    assert profile.transmit_security_status is True
    assert profile.appl_level_authentication is False
    assert profile.accept_presence_subscription is False
    assert profile.accept_out_of_dialog_refer is False


def test_a_route_pattern_with_a_nil_partition_lies_in_none() -> None:
    pattern = axl.parse_route_pattern(answer("getRoutePattern", ROUTE_PATTERN))
    assert (pattern.pattern, pattern.partition, pattern.block_enable) == ("9898", "", False)
    assert (pattern.gateway_name, pattern.route_list_name) == ("to-cluster-b", None)


def test_members_come_in_selection_order_as_numbers_not_as_text() -> None:
    assert axl.parse_route_group(answer("getRouteGroup", ROUTE_GROUP)) == RouteGroup("RG-1", ("T9", "T10"), "Top Down")
    assert axl.parse_route_list(answer("getRouteList", ROUTE_LIST)) == RouteList("RL-B", ("RG-1", "RG-2"), True)
    assert axl.parse_css(answer("getCss", CSS)) == CallingSearchSpace("CSS-phones", ("PT1", "PT2"))


def test_a_line_and_a_phone_are_read() -> None:
    assert axl.parse_line(answer("getLine", LINE)) == DirectoryNumber("1018", "", "CSS-phones", "5000")
    assert axl.parse_phone(answer("getPhone", PHONE)) == Phone(
        "SEP001122334418", (("1018", ""), ("1019", "PT1")), None, "Default"
    )


def test_listed_lines_know_their_search_space_but_not_where_they_forward_to() -> None:
    named = "<line><pattern>1019</pattern><shareLineAppearanceCssName>CSS-phones</shareLineAppearanceCssName></line>"
    rows = "<line><pattern>1018</pattern><routePartitionName/></line><line><routePartitionName>PT</routePartitionName></line>"
    assert axl.parse_lines(answer("listLine", rows + named)) == (
        DirectoryNumber("1018"),
        DirectoryNumber("1019", "", "CSS-phones"),
    )


def test_enterprise_wide_data_is_no_node() -> None:
    nodes = axl.parse_process_nodes(answer("listProcessNode", PROCESS_NODES))
    assert nodes == (ProcessNode("cucm-a", "Publisher", "pub"),)


def test_an_empty_list_is_no_rows() -> None:
    empty = answer("listSipTrunk", "").replace(b"<return></return>", b"<return/>")
    assert axl.parse_listed_names(empty, "SipTrunk", "name") == ()


def test_a_version_is_read_with_its_build_in_parentheses() -> None:
    version = "<componentVersion><version>12.5.1.10000(22)</version></componentVersion>"
    assert axl.parse_version(answer("getCCMVersion", version)) == Release("12.5.1.10000(22)", 12, 5)


@pytest.mark.parametrize("text", ["", "System", "12", "<x/>"])
def test_a_version_without_numbers_is_not_understood(text: str) -> None:
    with pytest.raises(UnexpectedAnswer):
        axl.parse_version(answer("getCCMVersion", f"<componentVersion><version>{text}</version></componentVersion>"))


def test_sql_rows_keep_their_columns_and_null_is_empty() -> None:
    rows = "<row><name>a</name><port/></row><row><name>b</name><port>5061</port></row>"
    assert axl.parse_query(answer("executeSQLQuery", rows)) == ({"name": "a", "port": ""}, {"name": "b", "port": "5061"})
    assert axl.parse_query(answer("executeSQLQuery", "")) == ()


def test_the_answer_of_the_other_engine_is_read_too() -> None:
    xml = (
        b'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ns="http://www.cisco.com/AXL/API/12.5">'
        b"<soapenv:Body><ns:listPhoneResponse><return><phone><name>SEP1</name></phone></return></ns:listPhoneResponse></soapenv:Body>"
        b"</soapenv:Envelope><!--This API has been processed by GAXL not AXL-->"
    )
    assert axl.parse_listed_names(xml, "Phone", "name") == (("SEP1",),)


@pytest.mark.parametrize("parse", PARSERS)
def test_a_fault_is_a_refusal_with_axls_code(parse: Callable[[bytes], Any]) -> None:
    with pytest.raises(InterfaceRefused, match="null was not found") as refused:
        parse(absent("getSipTrunk"))
    assert refused.value.code == axl.ABSENT


def test_a_fault_with_a_prefixed_detail_is_read_by_local_names() -> None:
    xml = fault("-239", "duplicate value", "addSipTrunk", fault_code="soapenv:Client")
    xml = xml.replace(b"<axlError>", b'<ns2:axlError xmlns:ns2="urn:x">').replace(b"</axlError>", b"</ns2:axlError>")
    with pytest.raises(InterfaceRefused, match="duplicate value") as refused:
        axl.parse_confirmation(xml, "addSipTrunk")
    assert refused.value.code == "-239"


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"<html><body>HTTP Status 599</body></html>",
        answer("getSipTrunk", SIP_TRUNK)[:-40],
        answer("getSomethingElse", "<sipTrunk/>"),
        answer("getSipTrunk", "").replace(b"<return></return>", b""),
        answer("getSipTrunk", "<sipTrunk/>"),
    ],
)
def test_anything_else_is_an_answer_not_understood(parse: Callable[[bytes], Any], xml: bytes) -> None:
    with pytest.raises(UnexpectedAnswer):
        parse(xml)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_damaged_answer_never_raises_anything_but_our_errors(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([answer("getSipTrunk", SIP_TRUNK), answer("getPhone", PHONE), absent("getLine")]))
    at = data.draw(st.integers(0, len(whole)))
    damaged = whole[:at] + data.draw(st.binary(max_size=6)) + whole[at + data.draw(st.integers(0, 40)) :]
    for parse in PARSERS:
        try:
            parse(damaged)
        except (InterfaceRefused, UnexpectedAnswer):
            continue


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet="0123456789+-. \t\u0661", max_size=25))
def test_numbers_are_plain_decimal_or_none(text: str) -> None:
    trunk = axl.parse_object(answer("getSipTrunk", f"<sipTrunk><n>{text}</n></sipTrunk>"), "SipTrunk")
    found = axl.number(trunk, "n")
    assert found is None or found == int(text.strip())
