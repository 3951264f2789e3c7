"""Reads the answers of Control Center, RisPort, log collection, DIME and WebDialer, as received, into values.

Shapes differ between releases: wrappers may be missing, elements flattened, bodies multipart or bare. Every parser
raises InterfaceRefused for a fault and UnexpectedAnswer for anything that is not the answer it reads.
"""

import re
from collections.abc import Iterator

from lxml import etree

from pytest_cucmtls.model.cucm import DeviceStatus, LogFile, ServiceStatus
from pytest_cucmtls.model.errors import InterfaceRefused, UnexpectedAnswer
from pytest_cucmtls.wire.axl_answers import number
from pytest_cucmtls.wire.multipart import boundary_of, split_parts
from pytest_cucmtls.wire.soap import SOAP_NAMESPACE, child, children, excerpt_of, local_name, parse_answer, text_of

CONTROL_CENTER, RISPORT, LOG_COLLECTION, DIME, WEBDIALER = "control-center", "risport", "log-collection", "dime", "webdialer"

MAX_CALL_ANSWER_BYTES = 256 * 1024


def parse_service_status(xml: bytes) -> tuple[ServiceStatus, ...]:
    """Rows of the answer to soapGetServiceStatus or soapDoControlServices.

    Raises: also InterfaceRefused when ReturnCode is not 0, with ReasonCode as code.
    """
    answer = parse_answer(xml, interface=CONTROL_CENTER, operation="service status")
    if local_name(answer) not in ("soapGetServiceStatusResponse", "soapDoControlServicesResponse"):
        raise UnexpectedAnswer(CONTROL_CENTER, "service status", excerpt_of(xml), f"it answers with {local_name(answer)}")
    operation = local_name(answer).removesuffix("Response")
    returned = child(answer, f"{operation}Return")
    if returned is None:
        raise UnexpectedAnswer(CONTROL_CENTER, operation, excerpt_of(xml), "it returns nothing")
    if (text_of(returned, "ReturnCode") or "0") not in ("0", "Ok"):
        code = text_of(returned, "ReasonCode") or text_of(returned, "ReturnCode") or ""
        raise InterfaceRefused(CONTROL_CENTER, operation, code, text_of(returned, "ReasonString") or "no reason given")
    listed = child(returned, "ServiceInfoList")
    rows = children(listed, "item") if listed is not None else iter(())
    return tuple(status for row in rows if (status := _service(row)) is not None)


def parse_device_status(xml: bytes) -> tuple[DeviceStatus, ...]:
    """Devices of the answer to selectCmDevice, one row per node and device; nodes without devices give none.

    Raises: InterfaceRefused for a fault; UnexpectedAnswer for an answer without a result.
    """
    answer = parse_answer(xml, interface=RISPORT, operation="selectCmDevice")
    result = _first_below(answer, "SelectCmDeviceResult", depth=3)
    if result is None:
        raise UnexpectedAnswer(RISPORT, "selectCmDevice", excerpt_of(xml), "it has no SelectCmDeviceResult")
    nodes = child(result, "CmNodes")
    rows: list[DeviceStatus] = []
    for node in children(nodes) if nodes is not None else ():
        devices = child(node, "CmDevices")
        for device in children(devices) if devices is not None else ():
            name = text_of(device, "Name")
            if name is not None:
                status = text_of(device, "Status") or "Unknown"
                rows.append(DeviceStatus(name, status, number(device, "StatusReason"), text_of(node, "Name"), _address(device)))
    return tuple(rows)


def parse_log_files(body: bytes, content_type: str) -> tuple[LogFile, ...]:
    """Files of the answer to selectLogFiles, bare XML or the first part of a multipart body; each path once.

    Raises: InterfaceRefused for a fault; UnexpectedAnswer for the answer to something else.
    """
    xml = _xml_part(body, content_type, LOG_COLLECTION, "selectLogFiles")
    answer = parse_answer(xml, interface=LOG_COLLECTION, operation="selectLogFiles")
    if not local_name(answer).startswith("selectLogFiles"):
        raise UnexpectedAnswer(LOG_COLLECTION, "selectLogFiles", excerpt_of(xml), f"it answers with {local_name(answer)}")
    found: dict[str, LogFile] = {}
    for row in answer.iter("{*}File", "{*}file"):
        path = text_of(row, "absolutepath")
        if path is not None:
            name = text_of(row, "name") or path.rpartition("/")[2]
            found[path] = LogFile(name, path, max(0, number(row, "filesize") or 0), text_of(row, "modifiedDate") or "")
    return tuple(found.values())


def parse_get_one_file(body: bytes, content_type: str) -> bytes:
    """The file in the answer to GetOneFile: the second part of a multipart body, or the bare body.

    Raises: InterfaceRefused for a fault (``… do not exist``); UnexpectedAnswer for an answer without a file.
    """
    if boundary_of(content_type) is not None:
        parts = split_parts(body, content_type, interface=DIME, operation="GetOneFile")
        if parts and _is_envelope(parts[0].body):
            parse_answer(parts[0].body, interface=DIME, operation="GetOneFile")
        if len(parts) < 2:
            raise UnexpectedAnswer(DIME, "GetOneFile", excerpt_of(body), f"{len(parts)} body parts, the file is missing")
        return parts[1].body
    if _is_envelope(body):
        parse_answer(body, interface=DIME, operation="GetOneFile")
        raise UnexpectedAnswer(DIME, "GetOneFile", excerpt_of(body), "an envelope without the file")
    return body


def parse_call_response(xml: bytes) -> tuple[int, str]:
    """(responseCode, description) of makeCallSoap, endCallSoap and getProfileDetailSoap, both generations of WebDialer.

    The older one answers in rpc/encoded form with multi-references (SOAP 1.1 §5): ``href="#id0"`` is followed.
    Code 0 is success, which only says that the phone went off hook.
    Raises: InterfaceRefused for a fault; UnexpectedAnswer for an answer that is too long or without a code.
    """
    if len(xml) > MAX_CALL_ANSWER_BYTES:
        raise UnexpectedAnswer(WEBDIALER, "call", excerpt_of(xml), f"{len(xml)} bytes for a result code")
    answer = parse_answer(xml, interface=WEBDIALER, operation="call")
    by_id = {sibling.get("id"): sibling for sibling in _siblings(answer) if sibling.get("id")}
    for element in (answer, *answer.iterdescendants("*")):
        target = by_id.get((element.get("href") or "").removeprefix("#"), element) if element.get("href") else element
        code = number(target, "responseCode")
        if code is None:
            code = _referenced_number(target, "responseCode", by_id)
        if code is not None:
            return code, text_of(target, "responseDescription") or text_of(target, "description") or ""
    raise UnexpectedAnswer(WEBDIALER, "call", excerpt_of(xml), "it has no responseCode")


def _service(row: etree._Element) -> ServiceStatus | None:
    name = text_of(row, "ServiceName")
    if name is None:
        return None
    return ServiceStatus(
        name=name,
        status=text_of(row, "ServiceStatus") or "Unknown",
        reason_code=number(row, "ReasonCode"),
        reason=text_of(row, "ReasonCodeString"),
        start_time=text_of(row, "StartTime"),
        up_time_seconds=up if (up := number(row, "UpTime")) is not None and up >= 0 else None,
    )


def _address(device: etree._Element) -> str | None:
    """``IPAddress/item/IP`` since release 10, plain ``IPAddress`` text or ``IpAddress`` before."""
    return text_of(device, "IPAddress", "item", "IP") or text_of(device, "IPAddress") or text_of(device, "IpAddress")


def _first_below(element: etree._Element, name: str, depth: int) -> etree._Element | None:
    """The first descendant of a name at most `depth` levels down (releases wrap results differently)."""
    if local_name(element) == name:
        return element
    if depth == 0:
        return None
    found = (_first_below(below, name, depth - 1) for below in children(element))
    return next((one for one in found if one is not None), None)


def _xml_part(body: bytes, content_type: str, interface: str, operation: str) -> bytes:
    if boundary_of(content_type) is None:
        return body
    parts = split_parts(body, content_type, interface=interface, operation=operation)
    if not parts:
        raise UnexpectedAnswer(interface, operation, excerpt_of(body), "a multipart body without parts")
    return parts[0].body


def _is_envelope(body: bytes) -> bool:
    """Whether a body can only be a SOAP envelope; a log file that quotes one further down is not."""
    start = body[:2048].lstrip(b"\xef\xbb\xbf \t\r\n")
    return (
        start.startswith(b"<")
        and SOAP_NAMESPACE.encode() in start
        and re.match(rb"(<\?xml[^>]*>\s*)?<[\w-]*:?Envelope", start) is not None
    )


def _siblings(element: etree._Element) -> Iterator[etree._Element]:
    parent = element.getparent()
    return children(parent) if parent is not None else iter(())


def _referenced_number(parent: etree._Element, name: str, by_id: dict[str | None, etree._Element]) -> int | None:
    """A scalar that is itself a multi-reference."""
    element = child(parent, name)
    target = by_id.get((element.get("href") or "").removeprefix("#")) if element is not None else None
    text = (target.text or "").strip() if target is not None else ""
    return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else None
