"""Pieces of the published schema: declarations, and the types of the operations that concern no object kind."""

from collections.abc import Callable

from lxml import etree

from pytest_cucmtls.sim.axl.fields import VERSIONS
from pytest_cucmtls.sim.axl.requests import Element

XSD = "http://www.w3.org/2001/XMLSchema"


def typed(root: Element, name: str, type_name: str) -> None:
    """A global element."""
    etree.SubElement(root, f"{{{XSD}}}element", name=name, type=type_name)


def sequence(root: Element, name: str, base: str) -> Element:
    """A named type that extends another by a sequence, which is returned."""
    content = etree.SubElement(etree.SubElement(root, f"{{{XSD}}}complexType", name=name), f"{{{XSD}}}complexContent")
    return etree.SubElement(etree.SubElement(content, f"{{{XSD}}}extension", base=base), f"{{{XSD}}}sequence")


def choice(parent: Element) -> Element:
    """Alternatives."""
    return etree.SubElement(parent, f"{{{XSD}}}choice")


def element(parent: Element, name: str, type_name: str | None, *, optional: bool = False, nillable: bool = False) -> Element:
    """A local element; without a type name its type follows inside."""
    one = etree.SubElement(parent, f"{{{XSD}}}element", name=name)
    if type_name is not None:
        one.set("type", type_name)
    if optional:
        one.set("minOccurs", "0")
    if nillable:
        one.set("nillable", "true")
    return one


def number_pages(parent: Element) -> None:
    """skip and first of a list."""
    for name in ("skip", "first"):
        element(parent, name, "xsd:unsignedLong", optional=True)


def add_special_type(root: Element, operation: str, version: str) -> None:
    """Request and response types of an operation without object kind."""
    upper = operation[0].upper() + operation[1:]
    request = sequence(root, f"{upper}Req", "axlapi:APIRequest")
    _REQUESTS[operation](request)
    if operation == "doDeviceReset":
        etree.SubElement(
            next(request.iterancestors(f"{{{XSD}}}extension")),
            f"{{{XSD}}}attribute",
            name="isMGCP",
            type="xsd:boolean",
            default="false",
        )
        return
    result = element(sequence(root, f"{upper}Res", "axlapi:APIResponse"), "return", None)
    inner = etree.SubElement(etree.SubElement(result, f"{{{XSD}}}complexType"), f"{{{XSD}}}sequence")
    _RESPONSES[operation](inner)
    if operation == "doAuthenticateUser" and VERSIONS.index(version) >= VERSIONS.index("11.0"):
        element(inner, "isWarningNeeded", "axlapi:boolean", optional=True)


def _sql(parent: Element) -> None:
    element(parent, "sql", "xsd:string")


def _node_name(parent: Element) -> None:
    element(parent, "processNodeName", "xsd:string", optional=True)


def _device_reset(parent: Element) -> None:
    element(parent, "deviceName", "axlapi:XFkType")
    alternatives = choice(parent)
    element(alternatives, "isHardReset", "axlapi:boolean")
    element(alternatives, "deviceResetType", "axlapi:XReset")


def _credentials(parent: Element) -> None:
    element(parent, "userid", "xsd:string")
    alternatives = choice(parent)
    element(alternatives, "password", "xsd:string")
    element(alternatives, "pin", "xsd:string")


def _component_version(parent: Element) -> None:
    outer = etree.SubElement(element(parent, "componentVersion", None), f"{{{XSD}}}complexType")
    element(etree.SubElement(outer, f"{{{XSD}}}sequence"), "version", "xsd:string")


def _rows(parent: Element) -> None:
    element(parent, "row", "xsd:anyType", optional=True).set("maxOccurs", "unbounded")


def _rows_updated(parent: Element) -> None:
    element(parent, "rowsUpdated", "xsd:integer")


def _authenticated(parent: Element) -> None:
    element(parent, "userAuthenticated", "axlapi:boolean")
    element(parent, "code", "xsd:nonNegativeInteger")
    element(parent, "daysToExpiry", "xsd:integer", optional=True)


_REQUESTS: dict[str, Callable[[Element], None]] = {
    "getCCMVersion": _node_name,
    "executeSQLQuery": _sql,
    "executeSQLUpdate": _sql,
    "doDeviceReset": _device_reset,
    "doAuthenticateUser": _credentials,
}
_RESPONSES: dict[str, Callable[[Element], None]] = {
    "getCCMVersion": _component_version,
    "executeSQLQuery": _rows,
    "executeSQLUpdate": _rows_updated,
    "doAuthenticateUser": _authenticated,
}
