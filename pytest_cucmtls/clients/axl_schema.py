"""Makes the WSDL of our AXL subset for one schema version and parses it once per process.

The full schema of one version takes zeep about a second and 125 MB to load; the subset of `schema/axl.toml` is what
this package sends and nothing else. Answers are declared as anything: they are read by `wire/axl_answers.py`.
"""

import threading
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Any, Final

from zeep import Settings
from zeep.wsdl import Document

from pytest_cucmtls.model.errors import ConfigurationInvalid

SERVICE_NAMESPACE: Final = "http://www.cisco.com/AXLAPIService/"
BINDING: Final = f"{{{SERVICE_NAMESPACE}}}AXLAPIBinding"
SUPPORTED: Final = ("9.0", "9.1", "10.0", "10.5", "11.0", "11.5", "12.0", "12.5", "14.0", "15.0")
"""AXL Developer Guide, supported versions."""
SETTINGS: Final = Settings(strict=False, xsd_ignore_sequence_order=True, raw_response=True, forbid_external=True)
"""Genuine answers break Cisco's schema in order and in choices; both switches are needed to lose no value of them."""

_XSD: Final = {"str": "xsd:string", "bool": "axl:boolean", "int": "xsd:integer", "fk": "axl:XFkType", "any": "xsd:anyType"}
# zeep has no types; without a transport it cannot fetch anything while it reads the WSDL.
_read_wsdl: Callable[..., Document] = Document
_documents: dict[str, Document] = {}
_documents_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Field:
    """One line of the notation in `schema/axl.toml`."""

    name: str
    type: str
    required: bool = False
    nillable: bool = False
    repeated: bool = False
    since: tuple[int, ...] = (0,)
    until: tuple[int, ...] = (99,)
    add_only: bool = False

    @classmethod
    def parse(cls, line: str) -> "Field":
        """Read ``name[!][~][[]] type [>=V] [<=V] [add]``."""
        marked, kind, *options = line.split()
        since = next((version_key(option[2:]) for option in options if option.startswith(">=")), (0,))
        until = next((version_key(option[2:]) for option in options if option.startswith("<=")), (99,))
        name = marked.removesuffix("[]").rstrip("!~")
        return cls(name, kind, "!" in marked, "~" in marked, marked.endswith("[]"), since, until, "add" in options)

    def declaration(self, *, required: bool) -> str:
        """The field as an XSD element."""
        occurs = "" if required else ' minOccurs="0"'
        occurs += ' maxOccurs="unbounded"' if self.repeated else ""
        nillable = ' nillable="true"' if self.nillable else ""
        return f'<xsd:element name="{self.name}" type="{_XSD.get(self.type, f"axl:{self.type}")}"{occurs}{nillable}/>'


def version_key(version: str) -> tuple[int, ...]:
    """``"10.5"`` as a tuple that sorts. Raises: ValueError."""
    return tuple(int(part) for part in version.split("."))


def namespace(version: str) -> str:
    """Namespace of the operation elements of one version."""
    return f"http://www.cisco.com/AXL/API/{version}"


@cache
def subset() -> dict[str, Any]:
    """The contents of `schema/axl.toml`."""
    text = files("pytest_cucmtls.clients.schema").joinpath("axl.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def object_fields(kind: str, version: str) -> tuple[Field, ...]:
    """Fields of an object, in wire order, that a version has. Raises: KeyError for an unknown kind."""
    return tuple(_fields(subset()["objects"][kind].get("fields", ""), version))


@cache
def operations(version: str) -> tuple[str, ...]:
    """Names of the operations of the subset that a version has."""
    named = list(subset()["operations"])
    for kind, entry in subset()["objects"].items():
        for operation in entry["operations"]:
            verb, _, since = operation.partition(">=")
            if version_key(version) >= version_key(since or "0"):
                named.append(verb + kind)
    return tuple(named)


def document(version: str) -> Document:
    """The parsed WSDL of a version, shared by every cluster that speaks it.

    Raises: ConfigurationInvalid for a version AXL never had.
    """
    if version not in SUPPORTED:
        raise ConfigurationInvalid("AXL", "version", f"{version!r} is none of {', '.join(SUPPORTED)}")
    with _documents_lock:
        if version not in _documents:
            _documents[version] = _read_wsdl(BytesIO(wsdl(version)), None, settings=SETTINGS)
        return _documents[version]


def wsdl(version: str) -> bytes:
    """The WSDL with its schema inside, SOAP 1.1 document/literal."""
    names = operations(version)
    elements = "".join(_request(name, version) + _response(name) for name in names)
    types = "".join(_type(name, entry, version) for name, entry in subset()["types"].items())
    return "".join(
        (
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" '
            f'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:axl="{namespace(version)}" xmlns:s="{SERVICE_NAMESPACE}" '
            f'targetNamespace="{SERVICE_NAMESPACE}"><wsdl:types><xsd:schema targetNamespace="{namespace(version)}">',
            _BASE_TYPES,
            types,
            elements,
            "</xsd:schema></wsdl:types>",
            "".join(_messages(name) for name in names),
            '<wsdl:portType name="AXLPort">',
            "".join(_port_operation(name) for name in names),
            '</wsdl:portType><wsdl:binding name="AXLAPIBinding" type="s:AXLPort">',
            '<soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>',
            "".join(_bound_operation(name, version) for name in names),
            "</wsdl:binding></wsdl:definitions>",
        )
    ).encode()


_BASE_TYPES: Final = (
    '<xsd:simpleType name="boolean"><xsd:restriction base="xsd:string"/></xsd:simpleType>'
    '<xsd:complexType name="XFkType"><xsd:simpleContent><xsd:extension base="xsd:string">'
    '<xsd:attribute name="uuid" type="xsd:string"/></xsd:extension></xsd:simpleContent></xsd:complexType>'
)


def _fields(notation: str, version: str) -> Iterable[Field]:
    for line in notation.strip().splitlines():
        field = Field.parse(line)
        if field.since <= version_key(version) <= field.until:
            yield field


def _sequence(declarations: Iterable[str], attributes: Iterable[str] = ()) -> str:
    written = "".join(f'<xsd:attribute name="{name}" type="xsd:string"/>' for name in attributes)
    return f"<xsd:complexType><xsd:sequence>{''.join(declarations)}</xsd:sequence>{written}</xsd:complexType>"


def _type(name: str, entry: dict[str, Any], version: str) -> str:
    if "value" in entry:
        return (
            f'<xsd:complexType name="{name}"><xsd:simpleContent><xsd:extension base="{_XSD[entry["value"]]}">'
            f'<xsd:attribute name="{entry["attribute"]}" type="xsd:string"/>'
            "</xsd:extension></xsd:simpleContent></xsd:complexType>"
        )
    declared = [field.declaration(required=field.required) for field in _fields(entry["fields"], version)]
    return f'<xsd:complexType name="{name}"><xsd:sequence>{"".join(declared)}</xsd:sequence></xsd:complexType>'


def _request(operation: str, version: str) -> str:
    direct = subset()["operations"].get(operation)
    if direct is not None:
        declared = [field.declaration(required=field.required) for field in _fields(direct["fields"], version)]
        return f'<xsd:element name="{operation}">{_sequence(declared, direct.get("attributes", ()))}</xsd:element>'
    verb = next(verb for verb in _CONTENT if operation.startswith(verb))
    kind = operation.removeprefix(verb)
    return f'<xsd:element name="{operation}">{_sequence(_CONTENT[verb](kind, version))}</xsd:element>'


def _add_content(kind: str, version: str) -> Iterable[str]:
    declared = [field.declaration(required=field.required) for field in object_fields(kind, version)]
    yield f'<xsd:element name="{wrapper(kind)}">{_sequence(declared)}</xsd:element>'


def wrapper(kind: str) -> str:
    """Name of the element around an object: the kind with a lower first letter."""
    return kind[0].lower() + kind[1:]


def _key_content(kind: str, version: str) -> Iterable[str]:
    for field in _fields(subset()["keys"][subset()["objects"][kind]["key"]], version):
        yield field.declaration(required=field.required)


def _update_content(kind: str, version: str) -> Iterable[str]:
    """The key, then every changeable field in the object's order; those of the key as new values: ``newName`` …"""
    yield from _key_content(kind, version)
    keyed = {field.name for field in _fields(subset()["keys"][subset()["objects"][kind]["key"]], version)}
    for field in object_fields(kind, version):
        if field.name in keyed:
            yield replace(field, name=f"new{field.name[0].upper()}{field.name[1:]}").declaration(required=False)
        elif not field.add_only:
            yield field.declaration(required=False)


def _list_content(kind: str, version: str) -> Iterable[str]:
    del version
    entry = subset()["objects"][kind]
    for name, tags in (("searchCriteria", entry["search"]), ("returnedTags", entry["listed"])):
        declared = [Field(tag, "str").declaration(required=False) for tag in tags]
        yield f'<xsd:element name="{name}">{_sequence(declared)}</xsd:element>'
    yield from (Field(name, "int").declaration(required=False) for name in ("skip", "first"))


_CONTENT: Final = {
    "add": _add_content,
    "get": _key_content,
    "update": _update_content,
    "list": _list_content,
    "remove": _key_content,
    "reset": _key_content,
    "restart": _key_content,
}


def _response(operation: str) -> str:
    anything = '<xsd:element name="return" type="xsd:anyType" minOccurs="0"/>'
    return f'<xsd:element name="{operation}Response">{_sequence([anything])}</xsd:element>'


def _messages(operation: str) -> str:
    return (
        f'<wsdl:message name="{operation}In"><wsdl:part name="axlParams" element="axl:{operation}"/></wsdl:message>'
        f'<wsdl:message name="{operation}Out"><wsdl:part name="axlParams" element="axl:{operation}Response"/></wsdl:message>'
    )


def _port_operation(operation: str) -> str:
    return (
        f'<wsdl:operation name="{operation}"><wsdl:input message="s:{operation}In"/>'
        f'<wsdl:output message="s:{operation}Out"/></wsdl:operation>'
    )


def _bound_operation(operation: str, version: str) -> str:
    return (
        f'<wsdl:operation name="{operation}"><soap:operation soapAction="CUCM:DB ver={version} {operation}"/>'
        '<wsdl:input><soap:body use="literal"/></wsdl:input>'
        '<wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>'
    )
