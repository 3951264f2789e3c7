"""Writes the WSDL 1.1 document of a service description, document/literal or rpc/encoded over SOAP 1.1."""

from lxml import etree

from pytest_cucmtls.sim.descriptions.service import BUILT_IN, Field, Operation, ServiceDescription

_WSDL = "http://schemas.xmlsoap.org/wsdl/"
_SOAP = "http://schemas.xmlsoap.org/wsdl/soap/"
_XSD = "http://www.w3.org/2001/XMLSchema"
_HTTP_TRANSPORT = "http://schemas.xmlsoap.org/soap/http"
_ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"

Element = etree._Element


def wsdl_of(service: ServiceDescription, address: str) -> bytes:
    """The whole document; `address` is the URL clients are told to send requests to."""
    prefixes = {"wsdl": _WSDL, "soap": _SOAP, "xsd": _XSD, "tns": service.namespace}
    root = etree.Element(f"{{{_WSDL}}}definitions", {"targetNamespace": service.namespace}, nsmap=prefixes)
    _types(root, service)
    _messages(root, service)
    _port_type(root, service)
    _binding(root, service)
    port = _wsdl(_wsdl(root, "service", name=service.name), "port", name=service.port, binding=f"tns:{service.binding}")
    _soap(port, "address", location=address)
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True))


def _types(root: Element, service: ServiceDescription) -> None:
    form = "unqualified" if service.encoded else "qualified"
    schema = _xsd(_wsdl(root, "types"), "schema", targetNamespace=service.namespace, elementFormDefault=form)
    for name in service.texts:
        content = _xsd(_xsd(schema, "complexType", name=name), "simpleContent")
        _xsd(content, "extension", base="xsd:string")
    for name, fields in service.structures.items():
        _fields(_xsd(schema, "complexType", name=name), fields)
    for name, literals in service.enumerations.items():
        restriction = _xsd(_xsd(schema, "simpleType", name=name), "restriction", base="xsd:string")
        for literal in literals.split():
            _xsd(restriction, "enumeration", value=literal)
    if not service.encoded:
        _body_elements(schema, service)


def _body_elements(schema: Element, service: ServiceDescription) -> None:
    """The elements that stand in a SOAP body, each once."""
    written: set[str] = set()
    for operation in service.operations:
        for wrapper, fields in ((operation.name, operation.request), (operation.response_element, operation.response)):
            name = Field.written(fields[0]).name if operation.bare else wrapper
            if name in written:
                continue
            written.add(name)
            if operation.bare:
                _element(schema, Field.written(fields[0]))
            else:
                _fields(_xsd(_xsd(schema, "element", name=name), "complexType"), fields)


def _fields(parent: Element, fields: tuple[str, ...]) -> None:
    sequence = _xsd(parent, "sequence")
    for text in fields:
        _element(sequence, Field.written(text))


def _element(parent: Element, described: Field) -> None:
    element = _xsd(parent, "element", name=described.name, type=_type_name(described))
    if described.nillable:
        element.set("nillable", "true")
    if described.least == 0:
        element.set("minOccurs", "0")
    if described.unbounded:
        element.set("maxOccurs", "unbounded")


def _type_name(described: Field) -> str:
    return f"{'xsd' if described.type_name in BUILT_IN else 'tns'}:{described.type_name}"


def _messages(root: Element, service: ServiceDescription) -> None:
    for operation in service.operations:
        asked = _wsdl(root, "message", name=f"{operation.name}Request")
        _parts(asked, service, operation, operation.name, operation.request)
        told = _wsdl(root, "message", name=f"{operation.name}Response")
        _parts(told, service, operation, operation.response_element, operation.response)


def _parts(message: Element, service: ServiceDescription, operation: Operation, wrapper: str, fields: tuple[str, ...]) -> None:
    """One part that is the body element, or with rpc one part per parameter."""
    if not service.encoded:
        name = Field.written(fields[0]).name if operation.bare else wrapper
        _wsdl(message, "part", name="parameters", element=f"tns:{name}")
        return
    for text in fields:
        described = Field.written(text)
        _wsdl(message, "part", name=described.name, type=_type_name(described))


def _port_type(root: Element, service: ServiceDescription) -> None:
    port_type = _wsdl(root, "portType", name=service.port_type)
    for operation in service.operations:
        element = _wsdl(port_type, "operation", name=operation.name)
        _wsdl(element, "input", message=f"tns:{operation.name}Request")
        _wsdl(element, "output", message=f"tns:{operation.name}Response")


def _binding(root: Element, service: ServiceDescription) -> None:
    binding = _wsdl(root, "binding", name=service.binding, type=f"tns:{service.port_type}")
    _soap(binding, "binding", style="rpc" if service.encoded else "document", transport=_HTTP_TRANSPORT)
    encoded = {"use": "encoded", "encodingStyle": _ENCODING, "namespace": service.namespace}
    body = encoded if service.encoded else {"use": "literal"}
    for operation in service.operations:
        element = _wsdl(binding, "operation", name=operation.name)
        _soap(element, "operation", soapAction=operation.name)
        for direction in ("input", "output"):
            _soap(_wsdl(element, direction), "body", **body)


def _wsdl(parent: Element, tag: str, **attributes: str) -> Element:
    return etree.SubElement(parent, f"{{{_WSDL}}}{tag}", attributes)


def _soap(parent: Element, tag: str, **attributes: str) -> Element:
    return etree.SubElement(parent, f"{{{_SOAP}}}{tag}", attributes)


def _xsd(parent: Element, tag: str, **attributes: str) -> Element:
    return etree.SubElement(parent, f"{{{_XSD}}}{tag}", attributes)
