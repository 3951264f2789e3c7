"""Answers of Control Center, RisPort, log collection, DIME and WebDialer, in every shape releases give them."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.model.cucm import DeviceStatus, LogFile, ServiceStatus
from pytest_cucmtls.model.errors import InterfaceRefused, UnexpectedAnswer
from pytest_cucmtls.wire import serviceability_answers as answers
from pytest_cucmtls.wire.multipart import Part, write_parts

MULTIPART = 'multipart/related; type="text/xml"; boundary="MIMEBoundaryurn_uuid_0F"'
RATE = (
    "AxisFault: Exceeded allowed rate for Reatime information. "
    "Current allowed rate for realtime information is 15 requests per minute"
)


def envelope(content: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
        f"<soapenv:Body>{content}</soapenv:Body></soapenv:Envelope>"
    ).encode()


def fault(message: str) -> bytes:
    return envelope(
        f"<soapenv:Fault><faultcode>soapenv:Server</faultcode><faultstring>{message}</faultstring><detail/></soapenv:Fault>"
    )


def multipart(*bodies: bytes) -> bytes:
    return write_parts(tuple(Part((("content-type", "text/xml"),), body) for body in bodies), "MIMEBoundaryurn_uuid_0F")


def services(operation: str, *items: str, code: str = "0", reason: str = "") -> bytes:
    listed = "".join(f"<ns1:item>{item}</ns1:item>" for item in items)
    return envelope(
        f'<ns1:{operation}Response xmlns:ns1="http://schemas.cisco.com/ast/soap"><ns1:{operation}Return>'
        f"<ns1:ReturnCode>{code}</ns1:ReturnCode><ns1:ReasonCode>-1</ns1:ReasonCode><ns1:ReasonString>{reason}</ns1:ReasonString>"
        f"<ns1:ServiceInfoList>{listed}</ns1:ServiceInfoList></ns1:{operation}Return></ns1:{operation}Response>"
    )


CALL_MANAGER = (
    "<ServiceName>Cisco CallManager</ServiceName><ServiceStatus>Started</ServiceStatus><ReasonCode>-1</ReasonCode>"
    "<ReasonCodeString> </ReasonCodeString><StartTime>Mon Nov 23 10:00:00 2026</StartTime><UpTime>3600</UpTime>"
)
DEACTIVATED = (
    "<ServiceName>Cisco CTIManager</ServiceName><ServiceStatus>Stopped</ServiceStatus><ReasonCode>-1068</ReasonCode>"
    "<ReasonCodeString>Service Not Activated</ReasonCodeString><StartTime/><UpTime>-1</UpTime>"
)
DEVICE = "<ns1:Name>CUCM10</ns1:Name>{}<ns1:Status>Registered</ns1:Status><ns1:StatusReason>0</ns1:StatusReason>"
NESTED = "<ns1:IPAddress><ns1:item><ns1:IP>10.106.95.200</ns1:IP><ns1:IPAddrType>ipv4</ns1:IPAddrType></ns1:item></ns1:IPAddress>"


def _listed(device: str) -> str:
    return f"<ns1:CmDevices>{device}</ns1:CmDevices>"


def devices(device: str, *, wrapped: bool = True) -> bytes:
    node = f"<ns1:item><ns1:ReturnCode>Ok</ns1:ReturnCode><ns1:Name>cucm-a</ns1:Name>{_listed(device)}</ns1:item>"
    empty = "<ns1:item><ns1:ReturnCode>NotFound</ns1:ReturnCode><ns1:Name>cucm-b</ns1:Name><ns1:CmDevices/></ns1:item>"
    result = (
        "<ns1:SelectCmDeviceResult><ns1:TotalDevicesFound>1</ns1:TotalDevicesFound>"
        f"<ns1:CmNodes>{node}{empty}</ns1:CmNodes></ns1:SelectCmDeviceResult><ns1:StateInfo/>"
    )
    content = f"<ns1:selectCmDeviceReturn>{result}</ns1:selectCmDeviceReturn>" if wrapped else result
    return envelope(
        f'<ns1:selectCmDeviceResponse xmlns:ns1="http://schemas.cisco.com/ast/soap">{content}</ns1:selectCmDeviceResponse>'
    )


FILES = envelope(
    '<ns1:selectLogFilesResponse xmlns:ns1="http://schemas.cisco.com/ast/soap"><ns1:ResultSet><ns1:SchemaFileSelectionResult><ns1:Node>'
    "<ns1:name>cucm-a</ns1:name><ns1:ServiceList><ns1:ServiceLogs><ns1:name>Cisco CallManager</ns1:name><ns1:SetOfFiles>"
    "<ns1:File><ns1:name>SDL001_100_000208.txt.gz</ns1:name>"
    "<ns1:absolutepath>/var/log/active/cm/trace/ccm/sdl/SDL001_100_000208.txt.gz</ns1:absolutepath>"
    "<ns1:filesize>4711</ns1:filesize><ns1:modifiedDate>Mon Mar 17 10:00:00 PDT 2026</ns1:modifiedDate></ns1:File>"
    "<ns1:File><ns1:name/><ns1:absolutepath>/var/log/active/x/calllogs_00000001.txt</ns1:absolutepath><ns1:filesize/></ns1:File>"
    "<ns1:File><ns1:name>nowhere</ns1:name></ns1:File>"
    "</ns1:SetOfFiles></ns1:ServiceLogs></ns1:ServiceList></ns1:Node></ns1:SchemaFileSelectionResult></ns1:ResultSet>"
    "</ns1:selectLogFilesResponse>"
)
GOT_FILE = envelope('<ns1:GetOneFileResponse xmlns:ns1="http://schemas.cisco.com/ast/soap/"/>')
OLD_CALL = envelope(
    '<ns1:makeCallSoapResponse xmlns:ns1="urn:WD70"><makeCallSoapReturn href="#id0"/></ns1:makeCallSoapResponse>'
    '<multiRef id="id0" xsi:type="ns2:CallResponse" xmlns:ns2="urn:WD70"><responseCode xsi:type="xsd:int">0</responseCode>'
    '<responseDescription xsi:type="xsd:string">Success</responseDescription></multiRef>'
)
NEW_CALL = envelope(
    '<ns2:makeCallSoapResponse xmlns:ns2="http://webdialer.ccm.cisco.com"><ns2:return><responseCode>2</responseCode>'
    "<responseDescription>Authentication error</responseDescription></ns2:return></ns2:makeCallSoapResponse>"
)


@pytest.mark.parametrize("operation", ["soapGetServiceStatus", "soapDoControlServices"])
def test_service_states_are_read_from_status_and_control_answers(operation: str) -> None:
    assert answers.parse_service_status(services(operation, CALL_MANAGER, DEACTIVATED, "<ServiceStatus>x</ServiceStatus>")) == (
        ServiceStatus("Cisco CallManager", "Started", -1, None, "Mon Nov 23 10:00:00 2026", 3600),
        ServiceStatus("Cisco CTIManager", "Stopped", -1068, "Service Not Activated", None, None),
    )


def test_a_return_code_other_than_zero_is_a_refusal() -> None:
    with pytest.raises(InterfaceRefused, match="no such node") as refused:
        answers.parse_service_status(services("soapDoControlServices", code="1", reason="no such node"))
    assert refused.value.code == "-1"


@pytest.mark.parametrize("wrapped", [True, False])
@pytest.mark.parametrize(
    "address", [NESTED, "<ns1:IpAddress>10.106.95.200</ns1:IpAddress>", "<ns1:IPAddress>10.106.95.200</ns1:IPAddress>"]
)
def test_device_states_are_read_with_and_without_the_wrapper_of_newer_releases(wrapped: bool, address: str) -> None:
    xml = devices(f"<ns1:item>{DEVICE.format(address)}</ns1:item>", wrapped=wrapped)
    assert answers.parse_device_status(xml) == (DeviceStatus("CUCM10", "Registered", 0, "cucm-a", "10.106.95.200"),)


def test_a_device_no_node_knows_gives_no_rows() -> None:
    assert answers.parse_device_status(devices("")) == ()


def test_log_files_are_read_from_bare_and_multipart_answers() -> None:
    expected = (
        LogFile(
            "SDL001_100_000208.txt.gz",
            "/var/log/active/cm/trace/ccm/sdl/SDL001_100_000208.txt.gz",
            4711,
            "Mon Mar 17 10:00:00 PDT 2026",
        ),
        LogFile("calllogs_00000001.txt", "/var/log/active/x/calllogs_00000001.txt", 0, ""),
    )
    assert answers.parse_log_files(FILES, "text/xml") == expected
    assert answers.parse_log_files(multipart(FILES), MULTIPART) == expected


def test_a_file_is_the_second_part_or_the_bare_body() -> None:
    content = b"\x1f\x8b\x08\x00\r\n--almost\r\n\x00"
    assert answers.parse_get_one_file(multipart(GOT_FILE, content), MULTIPART) == content
    assert answers.parse_get_one_file(content, "application/octet-stream") == content
    assert answers.parse_get_one_file(b"", "application/octet-stream") == b""


def test_a_log_file_that_quotes_an_envelope_is_a_file() -> None:
    quoting = b"09:00:00 |sent " + fault("do not exist")
    assert answers.parse_get_one_file(quoting, "text/plain") == quoting
    assert answers.parse_get_one_file(multipart(GOT_FILE, fault("x")), MULTIPART) == fault("x")


@pytest.mark.parametrize("body", [fault("FileName /x do not exist"), b"\xef\xbb\xbf" + fault("FileName /x do not exist")])
def test_a_missing_file_is_a_refusal_bare_or_as_a_part(body: bytes) -> None:
    with pytest.raises(InterfaceRefused, match="do not exist"):
        answers.parse_get_one_file(body, "text/xml")
    with pytest.raises(InterfaceRefused, match="do not exist"):
        answers.parse_get_one_file(multipart(body), MULTIPART)


@pytest.mark.parametrize(("body", "kind"), [(GOT_FILE, "text/xml"), (multipart(GOT_FILE), MULTIPART), (multipart(), MULTIPART)])
def test_an_answer_without_the_file_is_not_understood(body: bytes, kind: str) -> None:
    with pytest.raises(UnexpectedAnswer):
        answers.parse_get_one_file(body, kind)


def test_a_call_answer_is_read_through_its_multi_reference() -> None:
    assert answers.parse_call_response(OLD_CALL) == (0, "Success")


def test_a_code_that_is_itself_a_reference_is_followed() -> None:
    xml = OLD_CALL.replace(b'<responseCode xsi:type="xsd:int">0</responseCode>', b'<responseCode href="#id1"/>')
    xml = xml.replace(b"</multiRef>", b'</multiRef><multiRef id="id1" xsi:type="xsd:int">7</multiRef>')
    assert answers.parse_call_response(xml) == (7, "Success")


def test_the_newer_call_answer_is_read_in_place() -> None:
    assert answers.parse_call_response(NEW_CALL) == (2, "Authentication error")


@pytest.mark.parametrize("target", [b"#id9", b"#", b"", b"#id0"])
def test_a_reference_that_leads_nowhere_or_to_itself_is_not_understood(target: bytes) -> None:
    xml = OLD_CALL.replace(b"#id0", target).replace(b"responseCode", b"other").replace(b"<multiRef", b'<multiRef href="#id0"')
    with pytest.raises(UnexpectedAnswer):
        answers.parse_call_response(xml)


@pytest.mark.parametrize(("size", "read"), [(answers.MAX_CALL_ANSWER_BYTES, True), (answers.MAX_CALL_ANSWER_BYTES + 1, False)])
def test_a_call_answer_of_absurd_size_is_refused(size: int, read: bool) -> None:
    xml = OLD_CALL + b" " * (size - len(OLD_CALL))
    if read:
        assert answers.parse_call_response(xml) == (0, "Success")
        return
    with pytest.raises(UnexpectedAnswer, match="bytes for a result code"):
        answers.parse_call_response(xml)


PARSERS: list[Callable[[bytes], Any]] = [
    answers.parse_service_status,
    answers.parse_device_status,
    answers.parse_call_response,
    lambda body: answers.parse_log_files(body, "text/xml"),
    lambda body: answers.parse_log_files(body, MULTIPART),
    lambda body: answers.parse_get_one_file(body, MULTIPART),
]


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("body", [b"", b"<html/>", FILES[:-30], envelope("<other/>"), b"\x00" * 50])
def test_anything_else_is_not_understood(parse: Callable[[bytes], Any], body: bytes) -> None:
    with pytest.raises(UnexpectedAnswer):
        parse(body)


@pytest.mark.parametrize("parse", PARSERS[:4])
def test_the_rate_limit_is_a_refusal_with_its_own_words(parse: Callable[[bytes], Any]) -> None:
    with pytest.raises(InterfaceRefused, match="Exceeded allowed rate"):
        parse(fault(RATE))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_damaged_answers_never_raise_anything_but_our_errors(data: st.DataObject) -> None:
    whole = data.draw(
        st.sampled_from([services("soapGetServiceStatus", CALL_MANAGER), devices(""), FILES, multipart(FILES), OLD_CALL])
    )
    at = data.draw(st.integers(0, len(whole)))
    damaged = whole[:at] + data.draw(st.binary(max_size=6)) + whole[at + data.draw(st.integers(0, 40)) :]
    for parse in PARSERS:
        try:
            parse(damaged)
        except (InterfaceRefused, UnexpectedAnswer):
            continue
