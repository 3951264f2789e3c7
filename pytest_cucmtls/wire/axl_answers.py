"""Reads AXL's answers, as received, into the values of `model/cucm.py`.

Every parser takes the whole answer and tolerates what genuine clusters send against their own schema: any order, any
prefix, missing and unknown elements, empty text and ``xsi:nil`` alike for "none", booleans as ``t``/``true``/``1`` in
any case. Raises: InterfaceRefused for a fault (code 5007: no such object), UnexpectedAnswer for anything else that is
not the answer to that operation.
"""

import re

from lxml import etree

from pytest_cucmtls.model.cucm import (
    CallingSearchSpace,
    DirectoryNumber,
    Phone,
    ProcessNode,
    Release,
    RouteGroup,
    RouteList,
    RoutePattern,
    SipTrunk,
    SipTrunkSecurityProfile,
    TrunkDestination,
)
from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.wire.soap import child, children, excerpt_of, local_name, parse_answer, text_of

INTERFACE = "axl"
ABSENT = "5007"
"""axlcode of "Item not valid: The specified … was not found"."""
ENTERPRISE_WIDE_DATA = "EnterpriseWideData"
"""Pseudo node that every cluster lists and no one can reach."""
_TRUE, _FALSE = ("t", "true", "1"), ("f", "false", "0")


def parse_return(xml: bytes, operation: str) -> etree._Element:
    """The ``return`` element of an answer to `operation`.

    Raises: InterfaceRefused for a fault, UnexpectedAnswer for any other answer.
    """
    answer = parse_answer(xml, interface=INTERFACE, operation=operation)
    if local_name(answer) != f"{operation}Response":
        raise UnexpectedAnswer(INTERFACE, operation, excerpt_of(xml), f"it answers with {local_name(answer)}")
    returned = child(answer, "return")
    if returned is None:
        raise UnexpectedAnswer(INTERFACE, operation, excerpt_of(xml), "it has no return element")
    return returned


def parse_object(xml: bytes, kind: str) -> etree._Element:
    """The object inside the answer to ``get`` + kind. Raises: as `parse_return`, also for an answer without one."""
    returned = parse_return(xml, f"get{kind}")
    found = child(returned, kind[0].lower() + kind[1:])
    if found is None:
        raise UnexpectedAnswer(INTERFACE, f"get{kind}", excerpt_of(xml), "it holds no object")
    return found


def parse_rows(xml: bytes, kind: str) -> tuple[etree._Element, ...]:
    """The rows of the answer to ``list`` + kind; an empty ``return`` is no rows."""
    return tuple(children(parse_return(xml, f"list{kind}"), kind[0].lower() + kind[1:]))


def parse_confirmation(xml: bytes, operation: str) -> str:
    """What add, update, remove and reset return: a uuid with braces or ``true``; "" when the element is empty."""
    return text_of(parse_return(xml, operation)) or ""


def parse_listed_names(xml: bytes, kind: str, *tags: str) -> tuple[tuple[str, ...], ...]:
    """The asked tags of every row, "" for none; rows whose first tag is empty are left out."""
    rows = (tuple(text_of(row, tag) or "" for tag in tags) for row in parse_rows(xml, kind))
    return tuple(row for row in rows if row[0])


def parse_version(xml: bytes) -> Release:
    """The answer to getCCMVersion: ``12.5.1.10000(22)``. Raises: as `parse_return`, also for an answer without a number."""
    text = text_of(parse_return(xml, "getCCMVersion"), "componentVersion", "version") or ""
    numbers = re.match(r"(\d{1,3})\.(\d{1,3})", text)
    if numbers is None:
        raise UnexpectedAnswer(INTERFACE, "getCCMVersion", text, "no version number")
    return Release(text, int(numbers.group(1)), int(numbers.group(2)))


def parse_process_nodes(xml: bytes) -> tuple[ProcessNode, ...]:
    """The answer to listProcessNode, EnterpriseWideData left out."""
    return tuple(
        ProcessNode(name, text_of(row, "nodeUsage"), text_of(row, "description"))
        for row in parse_rows(xml, "ProcessNode")
        if (name := text_of(row, "name")) and name != ENTERPRISE_WIDE_DATA
    )


def parse_query(xml: bytes) -> tuple[dict[str, str], ...]:
    """The answer to executeSQLQuery: one dict per row, lower-case columns; NULL is ""."""
    rows = children(parse_return(xml, "executeSQLQuery"), "row")
    return tuple({local_name(column): column.text or "" for column in children(row)} for row in rows)


def parse_security_profile(xml: bytes) -> SipTrunkSecurityProfile:
    """The answer to getSipTrunkSecurityProfile."""
    found = parse_object(xml, "SipTrunkSecurityProfile")
    return SipTrunkSecurityProfile(
        name=_name(found, xml, "getSipTrunkSecurityProfile"),
        security_mode=text_of(found, "securityMode"),
        incoming_transport=text_of(found, "incomingTransport"),
        outgoing_transport=text_of(found, "outgoingTransport"),
        digest_authentication=boolean(found, "digestAuthentication"),
        nonce_policy_time=number(found, "noncePolicyTime"),
        x509_subject_name=text_of(found, "x509SubjectName"),
        incoming_port=number(found, "incomingPort"),
        appl_level_authentication=boolean(found, "applLevelAuthentication"),
        accept_presence_subscription=boolean(found, "acceptPresenceSubscription"),
        accept_out_of_dialog_refer=boolean(found, "acceptOutOfDialogRefer"),
        accept_unsolicited_notification=boolean(found, "acceptUnsolicitedNotification"),
        allow_replace_header=boolean(found, "allowReplaceHeader"),
        transmit_security_status=boolean(found, "transmitSecurityStatus"),
        sip_v150_outbound_sdp_offer_filtering=text_of(found, "sipV150OutboundSdpOfferFiltering"),
        allow_charging_header=boolean(found, "allowChargingHeader"),
        description=text_of(found, "description"),
        uuid=found.get("uuid") or None,
    )


def parse_sip_trunk(xml: bytes) -> SipTrunk:
    """The answer to getSipTrunk; destinations in sort order."""
    found = parse_object(xml, "SipTrunk")
    return SipTrunk(
        name=_name(found, xml, "getSipTrunk"),
        description=text_of(found, "description"),
        device_pool_name=text_of(found, "devicePoolName"),
        location_name=text_of(found, "locationName"),
        network_location=text_of(found, "networkLocation"),
        packet_capture_mode=text_of(found, "packetCaptureMode"),
        security_profile_name=text_of(found, "securityProfileName"),
        sip_profile_name=text_of(found, "sipProfileName"),
        presence_group_name=text_of(found, "presenceGroupName"),
        srtp_allowed=boolean(found, "srtpAllowed"),
        srtp_fallback_allowed=boolean(found, "srtpFallbackAllowed"),
        trunk_traffic_secure=text_of(found, "trunkTrafficSecure"),
        calling_search_space_name=text_of(found, "callingSearchSpaceName"),
        sig_digits=_significant_digits(found),
        tk_sip_codec=text_of(found, "tkSipCodec"),
        dtmf_signaling_method=text_of(found, "dtmfSignalingMethod"),
        sip_trunk_type=text_of(found, "sipTrunkType"),
        dest_addr_is_srv=boolean(found, "destAddrIsSrv"),
        run_on_every_node=boolean(found, "runOnEveryNode"),
        destinations=_destinations(found),
        version_stamp=text_of(found, "versionStamp"),
        uuid=found.get("uuid") or None,
    )


def parse_route_pattern(xml: bytes) -> RoutePattern:
    """The answer to getRoutePattern; partition "" is <None>."""
    found = parse_object(xml, "RoutePattern")
    return RoutePattern(
        pattern=_name(found, xml, "getRoutePattern", "pattern"),
        partition=text_of(found, "routePartitionName") or "",
        description=text_of(found, "description"),
        block_enable=boolean(found, "blockEnable"),
        gateway_name=text_of(found, "destination", "gatewayName"),
        route_list_name=text_of(found, "destination", "routeListName"),
        called_party_transformation_mask=text_of(found, "calledPartyTransformationMask"),
        prefix_digits_out=text_of(found, "prefixDigitsOut"),
        digit_discard_instruction_name=text_of(found, "digitDiscardInstructionName"),
        uuid=found.get("uuid") or None,
    )


def parse_route_group(xml: bytes) -> RouteGroup:
    """The answer to getRouteGroup; members in selection order."""
    found = parse_object(xml, "RouteGroup")
    members = _members(found, "deviceName", "deviceSelectionOrder")
    return RouteGroup(_name(found, xml, "getRouteGroup"), members, text_of(found, "distributionAlgorithm"))


def parse_route_list(xml: bytes) -> RouteList:
    """The answer to getRouteList; members in selection order."""
    found = parse_object(xml, "RouteList")
    members = _members(found, "routeGroupName", "selectionOrder")
    return RouteList(_name(found, xml, "getRouteList"), members, boolean(found, "routeListEnabled"))


def parse_css(xml: bytes) -> CallingSearchSpace:
    """The answer to getCss; partitions in order."""
    found = parse_object(xml, "Css")
    return CallingSearchSpace(_name(found, xml, "getCss"), _members(found, "routePartitionName", "index"))


def parse_line(xml: bytes) -> DirectoryNumber:
    """The answer to getLine; the line's own calling search space is ``shareLineAppearanceCssName``."""
    found = parse_object(xml, "Line")
    return DirectoryNumber(
        pattern=_name(found, xml, "getLine", "pattern"),
        partition=text_of(found, "routePartitionName") or "",
        calling_search_space_name=text_of(found, "shareLineAppearanceCssName"),
        forward_all_destination=text_of(found, "callForwardAll", "destination"),
    )


def parse_lines(xml: bytes) -> tuple[DirectoryNumber, ...]:
    """The answer to listLine: pattern, partition and calling search space; where a line forwards to is None."""
    rows = parse_listed_names(xml, "Line", "pattern", "routePartitionName", "shareLineAppearanceCssName")
    return tuple(DirectoryNumber(pattern, partition, space or None) for pattern, partition, space in rows)


def parse_phone(xml: bytes) -> Phone:
    """The answer to getPhone; lines in index order."""
    found = parse_object(xml, "Phone")
    lines = child(found, "lines")
    rows = sorted(children(lines, "line"), key=lambda row: number(row, "index") or 0) if lines is not None else []
    numbers = ((text_of(row, "dirn", "pattern"), text_of(row, "dirn", "routePartitionName") or "") for row in rows)
    return Phone(
        name=_name(found, xml, "getPhone"),
        lines=tuple((pattern, partition) for pattern, partition in numbers if pattern),
        calling_search_space_name=text_of(found, "callingSearchSpaceName"),
        device_pool_name=text_of(found, "devicePoolName"),
    )


def boolean(parent: etree._Element, name: str) -> bool | None:
    """A flag by name; None when absent, empty or no boolean."""
    text = (text_of(parent, name) or "").lower()
    return True if text in _TRUE else False if text in _FALSE else None


def number(parent: etree._Element, name: str) -> int | None:
    """An integer by name; None when absent, empty, longer than 18 characters or no integer."""
    text = text_of(parent, name) or ""
    return int(text) if re.fullmatch(r"[+-]?[0-9]{1,17}", text) else None


def _name(found: etree._Element, xml: bytes, operation: str, element: str = "name") -> str:
    text = text_of(found, element)
    if text is None:
        raise UnexpectedAnswer(INTERFACE, operation, excerpt_of(xml), f"the object has no {element}")
    return text


def _destinations(trunk: etree._Element) -> tuple[TrunkDestination, ...]:
    """Rows in sort order; schema 9.1 also knows one flat destination, used when there are no rows."""
    listed = child(trunk, "destinations")
    rows = children(listed, "destination") if listed is not None else ()
    read = [found for row in rows if (found := _destination(row, "addressIpv4", "addressIpv6", "port")) is not None]
    if not read:
        flat = _destination(trunk, "destinationAddress", "destinationAddressIpv6", "destinationport")
        read = [flat] if flat is not None else []
    return tuple(sorted(read, key=lambda destination: destination.sort_order))


def _destination(row: etree._Element, ipv4: str, ipv6: str, port_name: str) -> TrunkDestination | None:
    address = text_of(row, ipv4) or text_of(row, ipv6)
    port = number(row, port_name)
    if address is None or port is None or not 0 <= port <= 65535:
        return None
    return TrunkDestination(address, port, number(row, "sortOrder") or 1)


def _significant_digits(trunk: etree._Element) -> int | None:
    """``<sigDigits enable="false">99</sigDigits>`` and 99 itself mean all digits."""
    element = child(trunk, "sigDigits")
    enabled = element is not None and (element.get("enable") or "").strip().lower() in _TRUE
    digits = number(trunk, "sigDigits")
    return digits if enabled and digits != 99 else None


def _members(found: etree._Element, name: str, order: str) -> tuple[str, ...]:
    members = child(found, "members")
    if members is None:
        return ()
    rows = sorted(children(members, "member"), key=lambda row: number(row, order) or 0)
    return tuple(text for row in rows if (text := text_of(row, name)))
