"""SOAP envelopes: what is read, what is refused, and that hostile XML costs nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from pytest_cucmtls.model.errors import InterfaceRefused, UnexpectedAnswer
from pytest_cucmtls.wire import soap

ENVELOPE = b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header/><e:Body>%s</e:Body></e:Envelope>'
BOMB = b"""<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">%s]>""" % b"".join(
    b'<!ENTITY a%d "%s">' % (level, b"&a%d;" % (level - 1) * 10 if level > 1 else b"&a;" * 10) for level in range(1, 9)
)


def test_the_first_child_of_the_body_is_the_content_whatever_the_prefixes() -> None:
    content = soap.parse_envelope(ENVELOPE % b"<!-- note --><x:ask xmlns:x='urn:x'><n> 5 </n><n/></x:ask><other/>")
    assert soap.local_name(content) == "ask"
    assert [soap.text_of(n) for n in soap.children(content, "n")] == ["5", None]


def test_nil_empty_and_absent_are_all_none() -> None:
    content = soap.parse_envelope(
        ENVELOPE % b"<a><b xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='true'/><c> </c></a>"
    )
    assert [soap.text_of(content, name) for name in "bcd"] == [None, None, None]
    assert soap.child(content, "b", "x", "y") is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\x01",
        b"plain",
        b"<a>",
        b"<Envelope><Body><a/></Body></Envelope>",
        b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><a/></e:Body></e:Envelope>',
        ENVELOPE % b"",
        ENVELOPE.replace(b"Body", b"Other") % b"<a/>",
        (ENVELOPE % b"<a/>")[:-5],
        b"<?xml version='1.0' encoding='no-such'?>" + ENVELOPE % b"<a/>",
        ENVELOPE % (b"<d>" * 100_000),
    ],
)
def test_what_is_no_envelope_is_not_understood(data: bytes) -> None:
    with pytest.raises(UnexpectedAnswer) as refused:
        soap.parse_envelope(data)
    assert len(refused.value.excerpt) <= 200


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_in_any_encoding(encoding: str) -> None:
    text = '<!DOCTYPE e [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + (ENVELOPE % b"<a>&x;</a>").decode()
    with pytest.raises(UnexpectedAnswer, match=r"document type|not XML"):
        soap.parse_envelope(text.encode(encoding))


def test_an_entity_bomb_is_refused() -> None:
    with pytest.raises(UnexpectedAnswer):
        soap.parse_envelope(BOMB + ENVELOPE % b"<a>&a8;</a>")


def test_a_document_over_the_limit_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(UnexpectedAnswer, match="bytes of XML"):
        soap.parse_envelope(b"<" * (soap.MAX_XML_BYTES + 1))


def test_a_fault_becomes_a_refusal_with_the_fault_code_when_there_is_no_axl_code() -> None:
    fault = (
        b'<x:Fault xmlns:x="http://schemas.xmlsoap.org/soap/envelope/"><faultcode>a:Client</faultcode>'
        b"<faultstring>no</faultstring><detail /></x:Fault>"
    )
    with pytest.raises(InterfaceRefused, match="no") as refused:
        soap.parse_answer(ENVELOPE % fault, interface="risport", operation="selectCmDevice")
    assert (refused.value.interface, refused.value.operation, refused.value.code) == ("risport", "selectCmDevice", "Client")
    assert soap.fault_of(soap.parse_envelope(ENVELOPE % fault)) == soap.SoapFault("Client", "no")


def test_an_element_called_fault_in_another_namespace_is_an_answer() -> None:
    assert soap.fault_of(soap.parse_envelope(ENVELOPE % b"<Fault/>")) is None


def test_what_is_written_can_be_read() -> None:
    request = etree.Element("{urn:x}ask")
    soap.add_text(request, "name", "<&>\x00 ä")
    content = soap.parse_envelope(soap.write_envelope(request))
    assert content.tag == "{urn:x}ask"
    assert soap.text_of(content, "name") == "<&> ä"


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.binary(max_size=60).map(lambda junk: ENVELOPE % junk)))
def test_no_bytes_raise_anything_but_our_errors(data: bytes) -> None:
    try:
        soap.parse_answer(data, interface="soap", operation="x")
    except (UnexpectedAnswer, InterfaceRefused):
        return
