"""SOAP 1.1 envelopes: reading an answer safely, reading its fault, and writing a request."""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from pytest_cucmtls.model.errors import InterfaceRefused, UnexpectedAnswer

SOAP_NAMESPACE = "http://schemas.xmlsoap.org/soap/envelope/"
"""SOAP 1.1 §4."""
XSI_NAMESPACE = "http://www.w3.org/2001/XMLSchema-instance"
MAX_XML_BYTES = 32 * 1024 * 1024
"""AXL answers at most 16 MB over all (AXL Developer Guide, throttling); twice that leaves room for other services."""


@dataclass(frozen=True, slots=True)
class SoapFault:
    """A fault as the server worded it (SOAP 1.1 §4.4); `axl_code` and `request` come from AXL's ``axlError``."""

    fault_code: str
    """Local part of faultcode: ``Client``, ``Server`` …"""
    message: str
    axl_code: str = ""
    """``5007``, ``-239`` … or "" when the detail has none."""
    request: str = ""


def local_name(element: etree._Element) -> str:
    """Name of an element without its namespace."""
    return str(etree.QName(element).localname)


def children(element: etree._Element, name: str = "") -> Iterator[etree._Element]:
    """Child elements in order, only those of a local name when one is given."""
    for child in element.iterchildren("*"):
        if not name or local_name(child) == name:
            yield child


def child(element: etree._Element | None, *path: str) -> etree._Element | None:
    """The element below at a path of local names (first match at each step), or None."""
    for name in path:
        if element is None:
            return None
        element = next(children(element, name), None)
    return element


def text_of(element: etree._Element | None, *path: str) -> str | None:
    """Stripped text at a path of local names; None when it is absent, empty or nil (AXL uses all three for "none")."""
    found = child(element, *path)
    if found is None:
        return None
    text = (found.text or "").strip()
    return text or None


def parse_xml(data: bytes, *, interface: str = "soap", operation: str = "answer") -> etree._Element:
    """The root element of a document, read without DTD, entities or network.

    Raises: UnexpectedAnswer for anything that is not well-formed, holds a document type declaration (SOAP 1.1 §3
    forbids one) or is larger than MAX_XML_BYTES.
    """
    if len(data) > MAX_XML_BYTES:
        raise UnexpectedAnswer(interface, operation, excerpt_of(data), f"{len(data)} bytes of XML, more than {MAX_XML_BYTES}")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise UnexpectedAnswer(interface, operation, excerpt_of(data), f"not XML ({error})") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnexpectedAnswer(interface, operation, excerpt_of(data), "it declares a document type, which SOAP forbids")
    return root


def parse_envelope(data: bytes, *, interface: str = "soap", operation: str = "answer") -> etree._Element:
    """The first child of the body of a SOAP 1.1 envelope, which may be a Fault.

    Raises: UnexpectedAnswer when the document is not an envelope with a body that holds something.
    """
    root = parse_xml(data, interface=interface, operation=operation)
    body = child(root, "Body") if root.tag == f"{{{SOAP_NAMESPACE}}}Envelope" else None
    content = next(children(body), None) if body is not None else None
    if content is None:
        raise UnexpectedAnswer(interface, operation, excerpt_of(data), "not a SOAP envelope with content")
    return content


def fault_of(element: etree._Element) -> SoapFault | None:
    """The fault an element of the body is, or None when it is a proper answer."""
    if element.tag != f"{{{SOAP_NAMESPACE}}}Fault":
        return None
    error = child(element, "detail", "axlError")
    code = text_of(element, "faultcode") or ""
    message = text_of(error, "axlmessage") or text_of(element, "faultstring") or "no reason given"
    return SoapFault(code.rpartition(":")[2], message, text_of(error, "axlcode") or "", text_of(error, "request") or "")


def parse_answer(data: bytes, *, interface: str, operation: str) -> etree._Element:
    """As `parse_envelope`, for a caller that wants no fault.

    Raises: InterfaceRefused for a fault, with the AXL code, or else the fault code, as its code; UnexpectedAnswer.
    """
    content = parse_envelope(data, interface=interface, operation=operation)
    fault = fault_of(content)
    if fault is not None:
        raise InterfaceRefused(interface, operation, fault.axl_code or fault.fault_code, fault.message)
    return content


def write_envelope(content: etree._Element) -> bytes:
    """An envelope around one body element, UTF-8 with an XML declaration."""
    envelope = etree.Element(f"{{{SOAP_NAMESPACE}}}Envelope", nsmap={"soapenv": SOAP_NAMESPACE})
    etree.SubElement(envelope, f"{{{SOAP_NAMESPACE}}}Header")
    etree.SubElement(envelope, f"{{{SOAP_NAMESPACE}}}Body").append(content)
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")


def add_text(parent: etree._Element, name: str, text: str = "") -> etree._Element:
    """Append a child with text; `name` may be in Clark notation. Characters XML 1.0 forbids are left out."""
    element = etree.SubElement(parent, name)
    element.text = "".join(character for character in text if _allowed(ord(character)))
    return element


def excerpt_of(data: bytes) -> str:
    """The first 200 characters of a body, for a message."""
    return data[:400].decode("utf-8", "replace").strip()[:200]


def _allowed(code: int) -> bool:
    """XML 1.0 §2.2, production 2."""
    return code in (0x9, 0xA, 0xD) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF
