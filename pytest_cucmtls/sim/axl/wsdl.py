"""Writes AXLAPI.wsdl of one version: document/literal over SOAP 1.1, the names real clients look for."""

from lxml import etree

from pytest_cucmtls.sim.axl.operations import operations_of
from pytest_cucmtls.sim.axl.requests import NAMESPACE, Element

WSDL = "http://schemas.xmlsoap.org/wsdl/"
SOAP_BINDING = "http://schemas.xmlsoap.org/wsdl/soap/"
SERVICE_NAMESPACE = "http://www.cisco.com/AXLAPIService/"
PLACEHOLDER_ADDRESS = "https://CCMSERVERNAME:8443/axl/"
_XSD = "http://www.w3.org/2001/XMLSchema"


def wsdl_document(version: str) -> bytes:
    """The whole file; the address is the real file's placeholder, to be replaced by the client."""
    names = [operation.name for operation in operations_of(version)]
    prefixes = {"wsdl": WSDL, "soap": SOAP_BINDING, "xsd": _XSD, "s0": SERVICE_NAMESPACE, "axl": NAMESPACE + version}
    root = etree.Element(f"{{{WSDL}}}definitions", nsmap=prefixes)
    root.set("name", "AXLAPIService")
    root.set("targetNamespace", SERVICE_NAMESPACE)
    _types(root, version)
    for name in names:
        _message(root, f"{name}In", f"axl:{name}")
        _message(root, f"{name}Out", f"axl:{name}Response")
    _port_type(root, names)
    _binding(root, names, version)
    port = _wsdl(_wsdl(root, "service", {"name": "AXLAPIService"}), "port", {"name": "AXLPort", "binding": "s0:AXLAPIBinding"})
    _soap(port, "address", {"location": PLACEHOLDER_ADDRESS})
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True))


def _types(root: Element, version: str) -> None:
    """The import of AXLSoap.xsd."""
    schema = etree.SubElement(_wsdl(root, "types", {}), f"{{{_XSD}}}schema")
    etree.SubElement(schema, f"{{{_XSD}}}import", {"namespace": NAMESPACE + version, "schemaLocation": "AXLSoap.xsd"})


def _message(root: Element, name: str, element: str) -> None:
    """A message of one part."""
    _wsdl(_wsdl(root, "message", {"name": name}), "part", {"name": "axlParams", "element": element})


def _port_type(root: Element, names: list[str]) -> None:
    """Operations with their messages."""
    port_type = _wsdl(root, "portType", {"name": "AXLPort"})
    for name in names:
        operation = _wsdl(port_type, "operation", {"name": name})
        _wsdl(operation, "input", {"message": f"s0:{name}In"})
        _wsdl(operation, "output", {"message": f"s0:{name}Out"})


def _binding(root: Element, names: list[str], version: str) -> None:
    """Operations with their SOAPAction."""
    binding = _wsdl(root, "binding", {"name": "AXLAPIBinding", "type": "s0:AXLPort"})
    _soap(binding, "binding", {"style": "document", "transport": "http://schemas.xmlsoap.org/soap/http"})
    for name in names:
        operation = _wsdl(binding, "operation", {"name": name})
        _soap(operation, "operation", {"soapAction": f"CUCM:DB ver={version} {name}", "style": "document"})
        for direction in ("input", "output"):
            _soap(_wsdl(operation, direction, {}), "body", {"use": "literal"})


def _wsdl(parent: Element, name: str, attributes: dict[str, str]) -> Element:
    """A child of the WSDL namespace."""
    return etree.SubElement(parent, f"{{{WSDL}}}{name}", attributes)


def _soap(parent: Element, name: str, attributes: dict[str, str]) -> Element:
    """A child of the SOAP binding's namespace."""
    return etree.SubElement(parent, f"{{{SOAP_BINDING}}}{name}", attributes)
