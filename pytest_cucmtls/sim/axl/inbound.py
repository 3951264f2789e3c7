"""Request elements to row values: literals, references, sizes and numbers are checked, defaults come from the field tables."""

import re
from typing import Any

from pytest_cucmtls.sim.axl.catalogue import OBJECT_KINDS
from pytest_cucmtls.sim.axl.faults import AxlFault, invalid_literal, missing_reference, rule_violated
from pytest_cucmtls.sim.axl.fields import Field, Form
from pytest_cucmtls.sim.axl.literals import literals
from pytest_cucmtls.sim.axl.requests import Element, children, content, local_name, spelled_uuid
from pytest_cucmtls.sim.database import Database, Row

_TRUE, _FALSE = ("t", "true", "1"), ("f", "false", "0")
_NUMBER = re.compile(r"[+-]?\d{1,10}")
_DEVICES = ("sipTrunk", "phone", "routeList")


def read_fields(parent: Element, fields: tuple[Field, ...], database: Database, version: str) -> Row:
    """Values of the known elements that were sent, in any order; unknown elements are ignored.

    Raises: AxlFault for a value the database would refuse.
    """
    known = {field.name: field for field in fields}
    row: Row = {}
    for element in children(parent):
        field = known.get(local_name(element))
        if field is not None and field.repeats:
            row.setdefault(field.name, []).append(read_value(element, field, database, version))
        elif field is not None:
            row[field.name] = read_value(element, field, database, version)
            if field.attribute:
                row[f"{field.name}@{field.attribute}"] = _flag(element.get(field.attribute) or "f", field.name)
    return row


def read_value(element: Element, field: Field, database: Database, version: str) -> Any:
    """One element's value."""
    if field.form is Form.GROUP:
        return _group(element, field, database, version)
    if field.form is Form.LINK:
        return _reference(element, field, database)
    return scalar(content(element), field, version)


def scalar(value: str, field: Field, version: str) -> Any:
    """Text to the field's type. Raises: AxlFault."""
    if field.form is Form.FLAG:
        return field.unset if not value else _flag(value, field.name)
    if field.form is Form.NUMBER:
        return _number(value, field)
    if field.form is Form.CHOICE:
        return _literal(value, field, version)
    if field.size and len(value) > field.size:
        raise rule_violated(f"The value of {field.name} is longer than {field.size} characters")
    return value


def _flag(value: str, name: str) -> bool:
    """AXL's boolean without regard to case."""
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise invalid_literal(name, value)


def _number(value: str, field: Field) -> int | None:
    """An integer; empty means none."""
    if not value:
        return None
    if not _NUMBER.fullmatch(value):
        raise invalid_literal(field.name, value)
    return int(value)


def _literal(value: str, field: Field, version: str) -> str:
    """An enumeration's literal; empty means the default."""
    if not value:
        return str(field.unset or "")
    allowed = literals(field.target, version)
    if allowed and value not in allowed:
        raise invalid_literal(field.name, value)
    return value


def _group(element: Element, field: Field, database: Database, version: str) -> Row:
    """Nested elements; a repeating one becomes a list of rows."""
    if field.alternatives:
        sent = read_fields(element, field.children, database, version)
        return {name: value for name, value in sent.items() if value}
    if not field.holds_list:
        return with_unset(read_fields(element, field.children, database, version), field.children)
    member = field.children[0]
    found = [one for one in children(element) if local_name(one) == member.name]
    if member.form is not Form.GROUP:
        return {member.name: [read_value(one, member, database, version) for one in found]}
    rows = [with_unset(read_fields(one, member.children, database, version), member.children) for one in found]
    return {member.name: rows}


def _reference(element: Element, field: Field, database: Database) -> str:
    """Name of the referenced object, given by name or by uuid attribute; "" for none."""
    name, uuid = content(element), element.get("uuid") or ""
    if not name and not uuid:
        return ""
    if not field.target:
        return name
    row = database.find(field.target, uuid=spelled_uuid(uuid)) if not name else _named(database, field.target, name)
    if row is None:
        raise missing_reference(f"fk_{field.name.removesuffix('Name').lower()}")
    return str(row[OBJECT_KINDS[field.target].identity[0]])


def _named(database: Database, kind: str, name: str) -> Row | None:
    """The row a reference names; route group members may be any device."""
    return database.find(kind, **{OBJECT_KINDS[kind].identity[0]: name})


def with_unset(row: Row, fields: tuple[Field, ...]) -> Row:
    """The row completed by what CUCM keeps for elements that were not sent."""
    for field in fields:
        if field.name not in row:
            row[field.name] = unset_value(field)
    return row


def unset_value(field: Field) -> Any:
    """What CUCM keeps for an element that was not sent."""
    if field.repeats:
        return []
    if field.form is not Form.GROUP:
        return field.unset
    if field.holds_list:
        return {field.children[0].name: []}
    return {} if field.alternatives else with_unset({}, field.children)


def device(database: Database, name: str) -> tuple[str, Row] | None:
    """(kind, row) of a device by name."""
    for kind in _DEVICES:
        row = database.find(kind, name=name)
        if row is not None:
            return kind, row
    return None


def required_name(row: Row, field: Field, kind: str) -> None:
    """Raises: AxlFault (ASSUMED code) when an element without which no row can exist is empty."""
    if row.get(field.name) in ("", None):
        raise AxlFault(-391, f"Cannot insert a null into column ({kind.lower()}.{field.name.lower()}).")
