"""Distinguished names: from DER and from the texts CUCM prints (RFC 5280 §4.1.2.4, RFC 4514)."""

import re

from pytest_cucmtls.model.certificates import DistinguishedName
from pytest_cucmtls.wire.der import SET, Element, NotDer, object_identifier_of, text_of

ATTRIBUTE_NAMES = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "street",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.17": "postalCode",
    "2.5.4.42": "GN",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
}
"""RFC 4514 §3 short names, and OpenSSL's for the rest."""

_SPELLINGS = {name.upper(): name for name in ATTRIBUTE_NAMES.values()} | {
    "S": "ST",
    "E": "emailAddress",
    "EMAIL": "emailAddress",
    "COMMONNAME": "CN",
    "COUNTRYNAME": "C",
    "LOCALITYNAME": "L",
    "STATEORPROVINCENAME": "ST",
    "ORGANIZATIONNAME": "O",
    "ORGANIZATIONALUNITNAME": "OU",
    "DOMAINCOMPONENT": "DC",
}
_KEY = r"[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+"
_SLASH = re.compile(rf"/\s*({_KEY})\s*=")
_COMMA = re.compile(rf"(?:^|[,;+])\s*({_KEY})\s*=")


def read_name(element: Element) -> DistinguishedName:
    """A Name as encoded; raises NotDer when an attribute cannot be read."""
    attributes: list[tuple[str, str]] = []
    for relative in element.children():
        if relative.tag != SET:
            raise NotDer("a name holds sets only")
        for pair in relative.children():
            parts = pair.children()
            if len(parts) != 2:
                raise NotDer("a name attribute has a type and a value")
            identifier = object_identifier_of(parts[0])
            attributes.append((ATTRIBUTE_NAMES.get(identifier, identifier), text_of(parts[1])))
    return DistinguishedName(tuple(attributes))


def parse_distinguished_name(text: str) -> DistinguishedName:
    """A printed name: ``CN=a, OU=b`` (commas) or ``/C=IN/CN=a`` (OpenSSL's slashes); text without ``=`` is a bare CN.

    Attribute names are brought to one spelling (``S``, ``st`` → ``ST``); order is kept as printed. A separator that is
    not followed by ``name=`` belongs to the value, as does one after a backslash or inside quotes (RFC 4514 §2.4).
    """
    stripped = text.strip()
    if "=" not in stripped:
        return DistinguishedName((("CN", stripped),) if stripped else ())
    pattern = _SLASH if stripped.startswith("/") else _COMMA
    starts = [found for found in pattern.finditer(stripped) if not _inside_value(stripped, found.start())]
    attributes = []
    for index, found in enumerate(starts):
        end = starts[index + 1].start() if index + 1 < len(starts) else len(stripped)
        name = found.group(1)
        attributes.append((_SPELLINGS.get(name.upper(), name), _unescaped(stripped[found.end() : end].strip())))
    return DistinguishedName(tuple(attributes))


def _inside_value(text: str, position: int) -> bool:
    """The separator at this position is escaped or quoted."""
    before = text[:position]
    backslashes = len(before) - len(before.rstrip("\\"))
    return backslashes % 2 == 1 or (before.count('"') - before.count('\\"')) % 2 == 1


def _unescaped(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = value[1:-1]
    return re.sub(r"\\(.)", r"\1", value)
