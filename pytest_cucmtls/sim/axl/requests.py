"""Reads an AXL request: which operation, in which schema version, with which elements; tolerant in form, strict in size.

Namespace prefixes, element order, unknown elements, a Header and the spelling of SOAPAction do not matter.
"""

import re
from dataclasses import dataclass

from lxml import etree

from pytest_cucmtls.sim.axl.faults import NotUnderstood

LARGEST_REQUEST_BYTES = 4 * 1024 * 1024
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
NAMESPACE = "http://www.cisco.com/AXL/API/"
_ACTION_VERSION = re.compile(r"ver=(\d{1,2}\.\d{1,2})")
Element = etree._Element


@dataclass(frozen=True, slots=True)
class Request:
    """One call; `namespace` is echoed in the answer, `version` selects the schema."""

    operation: str
    version: str
    namespace: str
    sequence: str | None
    body: Element


def incorrect_version(served: tuple[str, ...]) -> NotUnderstood:
    """The 599 text; recorded for release 15, other lists composed alike (ASSUMED)."""
    oldest_first = list(reversed(served))
    majors = [version.split(".")[0] for version in oldest_first]
    words: list[str] = []
    for version, major in zip(oldest_first, majors, strict=True):
        word = f"{major}.x" if majors.count(major) > 1 else version
        if word not in words:
            words.append(word)
    text = words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
    return NotUnderstood(f"Incorrect axl version. Supported axl versions are {text}")


def parse_request(data: bytes, soap_action: str | None, served: tuple[str, ...]) -> Request:
    """The call in an HTTP body. `served` are the release's schema versions, newest first.

    Raises: NotUnderstood for anything that is not a SOAP call of a served version.
    """
    call = _call_element(data)
    namespace, operation = _split(call.tag)
    version = _version(namespace, soap_action, served)
    return Request(operation, version, namespace, call.get("sequence"), call)


def _call_element(data: bytes) -> Element:
    """First element of the SOAP body."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as problem:
        raise NotUnderstood(f"The request is not well-formed XML: {str(problem)[:200]}") from problem
    if _has_document_type(root):
        raise NotUnderstood("The request contains a document type declaration")
    if root.tag != f"{{{SOAP}}}Envelope":
        raise NotUnderstood("The request is not a SOAP 1.1 envelope")
    body = root.find(f"{{{SOAP}}}Body")
    call = next((child for child in body if isinstance(child.tag, str)), None) if body is not None else None
    if call is None:
        raise NotUnderstood("The SOAP body is empty")
    return call


def _has_document_type(root: Element) -> bool:
    """Whether the document declares a type, however harmless."""
    information = root.getroottree().docinfo
    return information is not None and information.internalDTD is not None


def _split(tag: str) -> tuple[str, str]:
    """(namespace, local name)."""
    if tag.startswith("{"):
        namespace, _, local = tag[1:].partition("}")
        return namespace, local
    return "", tag


def _version(namespace: str, soap_action: str | None, served: tuple[str, ...]) -> str:
    """Schema version of a call (AXL Developer Guide): action and namespace agree, or 1.0 without action: the oldest."""
    if not namespace.startswith(NAMESPACE):
        raise incorrect_version(served)
    asked = namespace[len(NAMESPACE) :].strip("/")
    action = _ACTION_VERSION.search(soap_action or "")
    if asked == "1.0" and action is None:
        return served[-1]
    if asked not in served or (action is not None and action[1] != asked):
        raise incorrect_version(served)
    return asked


def local_name(element: Element) -> str:
    """Name without namespace; empty for comments and the like."""
    return _split(element.tag)[1] if isinstance(element.tag, str) else ""


def children(element: Element | None) -> list[Element]:
    """Child elements."""
    return [] if element is None else [child for child in element if isinstance(child.tag, str)]


def child(element: Element | None, name: str) -> Element | None:
    """First child of a local name."""
    return next((one for one in children(element) if local_name(one) == name), None)


def content(element: Element | None) -> str:
    """Stripped character data; "" for an absent element."""
    return "" if element is None or len(element) else (element.text or "").strip()


def spelled_uuid(text: str) -> str:
    """A uuid in the database's form, whatever case and braces it came in."""
    return "{" + text.strip().strip("{}").upper() + "}"
