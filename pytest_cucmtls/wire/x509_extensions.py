"""Extensions of certificates and requests that the judgement needs (RFC 5280 §4.2.1)."""

import ipaddress
from dataclasses import dataclass, field

from pytest_cucmtls.wire.der import (
    BIT_STRING,
    BOOLEAN,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    Element,
    NotDer,
    expect,
    integer_of,
    object_identifier_of,
    read_element,
)
from pytest_cucmtls.wire.x509_names import read_name

KEY_USAGE_BITS = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)
"""RFC 5280 §4.2.1.3, bit 0 first."""

_TEXT_NAMES = {0x81: "email", 0x82: "DNS", 0x86: "URI"}


@dataclass(slots=True)
class Extensions:
    """What was read so far; `problems` collects what was not."""

    subject_alternative_names: tuple[str, ...] = ()
    extended_key_usage: tuple[str, ...] | None = None
    key_usage: tuple[str, ...] | None = None
    is_ca: bool = False
    path_length: int | None = None
    subject_key_identifier: str | None = None
    authority_key_identifier: str | None = None
    problems: list[str] = field(default_factory=list)


def read_extensions(sequence: Element) -> Extensions:
    """Every known extension of an Extensions sequence; an unreadable one becomes a problem, the others are still read."""
    found = Extensions()
    seen: set[str] = set()
    for extension in sequence.children():
        parts = extension.children()
        try:
            identifier = object_identifier_of(parts[0])
            value = read_element(expect(parts[-1], OCTET_STRING).content)
        except (NotDer, IndexError):
            found.problems.append("an extension is not readable")
            continue
        if identifier in seen:
            found.problems.append(f"extension {identifier} twice")
            continue
        seen.add(identifier)
        _read_known(found, identifier, value)
    return found


def _read_known(found: Extensions, identifier: str, value: Element) -> None:
    try:
        match identifier:
            case "2.5.29.17":
                found.subject_alternative_names = _alternative_names(value)
            case "2.5.29.37":
                found.extended_key_usage = tuple(object_identifier_of(child) for child in expect(value, SEQUENCE).children())
            case "2.5.29.15":
                found.key_usage = _key_usage(value)
            case "2.5.29.19":
                found.is_ca, found.path_length = _basic_constraints(value)
            case "2.5.29.14":
                found.subject_key_identifier = expect(value, OCTET_STRING).content.hex()
            case "2.5.29.35":
                keys = [child.content.hex() for child in expect(value, SEQUENCE).children() if child.tag == 0x80]
                found.authority_key_identifier = keys[0] if keys else None
    except NotDer as problem:
        found.problems.append(f"extension {identifier}: {problem}")


def _key_usage(value: Element) -> tuple[str, ...]:
    content = expect(value, BIT_STRING).content
    if not content:
        raise NotDer("empty bit string")
    bits = "".join(f"{byte:08b}" for byte in content[1:3])
    return tuple(name for name, bit in zip(KEY_USAGE_BITS, bits, strict=False) if bit == "1")


def _basic_constraints(value: Element) -> tuple[bool, int | None]:
    parts = expect(value, SEQUENCE).children()
    is_ca = any(part.tag == BOOLEAN and part.content not in {b"", b"\x00"} for part in parts)
    lengths = [integer_of(part) for part in parts if part.tag == INTEGER]
    return is_ca, lengths[0] if lengths else None


def _alternative_names(value: Element) -> tuple[str, ...]:
    return tuple(_general_name(child) for child in expect(value, SEQUENCE).children())


def _general_name(name: Element) -> str:
    if name.tag in _TEXT_NAMES:
        return f"{_TEXT_NAMES[name.tag]}:{name.content.decode('utf-8', 'backslashreplace')}"
    if name.tag == 0x87:
        size = len(name.content)
        return f"IP:{ipaddress.ip_address(name.content)}" if size in {4, 16} else f"IP:{name.content.hex()}"
    if name.tag == 0xA4:
        return f"DirName:{read_name(read_element(name.data, name.body, name.end))}"
    if name.tag == 0x88:
        return f"RID:{name.content.hex()}"
    return f"otherName:{name.content.hex()}"
