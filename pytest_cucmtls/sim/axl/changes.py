"""The writing operations of every object kind: add, update and remove."""

import time
from typing import Any

from lxml import etree

from pytest_cucmtls.sim.axl.calls import AxlCall, find_row
from pytest_cucmtls.sim.axl.catalogue import OBJECT_KINDS
from pytest_cucmtls.sim.axl.faults import AxlFault, still_referenced
from pytest_cucmtls.sim.axl.fields import Field, Form
from pytest_cucmtls.sim.axl.inbound import read_fields, read_value, required_name, with_unset
from pytest_cucmtls.sim.axl.kinds import ObjectKind
from pytest_cucmtls.sim.axl.kinds_line import LINE
from pytest_cucmtls.sim.axl.requests import Element
from pytest_cucmtls.sim.axl.rules import check_row
from pytest_cucmtls.sim.database import Database, Row, new_uuid, repeated

_DEVICES = ("sipTrunk", "phone", "routeList")
_WITH_CTI_ID = ("sipTrunk", "phone")
STANDARD = {
    "sipTrunkSecurityProfile": "Non Secure SIP Trunk Profile",
    "sipProfile": "Standard SIP Profile",
    "devicePool": "Default",
    "callManagerGroup": "Default",
}
"""Objects of a fresh installation that cannot be removed (ASSUMED: refused by the database with this text)."""


def add_object(call: AxlCall, kind: ObjectKind) -> Element:
    """add<Kind>: a new row completed by CUCM's values; answers its uuid. Raises: AxlFault."""
    sent = call.argument(kind.kind)
    if sent is None:
        raise AxlFault(-391, f"Cannot insert a null into column ({kind.kind.lower()}.pkid).")
    fields = kind.fields_of(call.version, "add")
    row = with_unset(read_fields(sent, fields, call.database, call.version), kind.fields)
    for field in fields:
        if field.required and field.form in (Form.TEXT, Form.LINK) and not field.nillable:
            required_name(row, field, kind.kind)
    _check_unique(call.database, kind, row, None)
    check_row(call, kind.kind, row, None)
    _stamp(call.database, kind, row)
    call.database.add(kind.kind, row)
    _add_missing_lines(call.database, row)
    return uuid_result(row)


def update_object(call: AxlCall, kind: ObjectKind) -> Element:
    """update<Kind>: only what was sent changes; answers the uuid. Raises: AxlFault."""
    row = find_row(call, kind)
    fields = tuple(field for field in kind.fields_of(call.version, "update") if field.name not in kind.identity)
    changed = row | read_fields(call.request.body, fields, call.database, call.version)
    changed.update(_new_identity(call, kind))
    for field in fields:
        if field.holds_list and not field.replaced_whole:
            _change_members(call, field, changed)
    _check_unique(call.database, kind, changed, row)
    check_row(call, kind.kind, changed, row)
    old_name = row.get(kind.identity[0])
    row.update(changed)
    if "versionStamp" in row:
        row["versionStamp"] = _version_stamp()
    _add_missing_lines(call.database, row)
    if old_name != row.get(kind.identity[0]):
        _follow_rename(call.database, kind.kind, str(old_name), str(row[kind.identity[0]]))
    return uuid_result(row)


def remove_object(call: AxlCall, kind: ObjectKind) -> Element:
    """remove<Kind>: answers the uuid of what is gone. Raises: AxlFault when something refers to it."""
    row = find_row(call, kind)
    name = str(row.get(kind.identity[0], ""))
    if STANDARD.get(kind.kind) == name:
        raise AxlFault(-746, "You cannot delete this object because it is a standard one.")
    for user_kind, user, field in references_to(call.database, kind.kind, name):
        if user is not row:
            raise still_referenced(f"fk_{user_kind.lower()}_{field.name.removesuffix('Name').lower()}")
    call.database.remove(kind.kind, row)
    return uuid_result(row)


def uuid_result(row: Row) -> Element:
    """``return`` with the object's uuid."""
    result = etree.Element("return")
    result.text = str(row["uuid"])
    return result


def references_to(database: Database, kind: str, name: str) -> list[tuple[str, Row, Field]]:
    """(kind, row, element) of everything that refers to an object by name."""
    found: list[tuple[str, Row, Field]] = []
    for user in OBJECT_KINDS.values():
        for row in database.rows(user.kind):
            found.extend((user.kind, holder, field) for holder, field in _links(row, user.fields, kind, name))
    return found


def _links(row: Row, fields: tuple[Field, ...], kind: str, name: str) -> list[tuple[Row, Field]]:
    """(row or nested row, element) whose value is the name."""
    found: list[tuple[Row, Field]] = []
    for field in fields:
        if field.form is Form.LINK and field.target == kind and row.get(field.name) == name:
            found.append((row, field))
        elif field.holds_list:
            for member in repeated(row, field.name):
                found.extend(_links(member, field.children[0].children, kind, name))
        elif field.form is Form.GROUP and isinstance(row.get(field.name), dict):
            found.extend(_links(row[field.name], field.children, kind, name))
    return found


def _follow_rename(database: Database, kind: str, old_name: str, new_name: str) -> None:
    """References follow the object, as foreign keys do."""
    for _, row, field in references_to(database, kind, old_name):
        row[field.name] = new_name


def _new_identity(call: AxlCall, kind: ObjectKind) -> Row:
    """newName, newPattern, newRoutePartitionName …"""
    changed: Row = {}
    for name in kind.identity:
        element = call.argument("new" + name[0].upper() + name[1:])
        if element is not None:
            changed[name] = read_value(element, kind.field(name), call.database, call.version)
    if changed.get(kind.identity[0]) == "":
        raise AxlFault(-391, f"Cannot insert a null into column ({kind.kind.lower()}.{kind.identity[0].lower()}).")
    return changed


def _change_members(call: AxlCall, field: Field, row: Row) -> None:
    """add<Members> and remove<Members> of an update."""
    suffix = field.name[0].upper() + field.name[1:]
    member = field.children[0]
    rows = list(repeated(row, field.name))
    for verb in ("remove", "add"):
        element = call.argument(verb + suffix)
        if element is None:
            continue
        sent = repeated({"sent": read_value(element, field, call.database, call.version)}, "sent")
        gone = [_member_key(member, one) for one in sent]
        rows = rows + sent if verb == "add" else [one for one in rows if _member_key(member, one) not in gone]
    row[field.name] = {member.name: rows}


def _member_key(member: Field, row: Row) -> tuple[Any, ...]:
    """What makes a member the same: the object it refers to, or a destination's address and port."""
    names = [child.name for child in member.children if child.form is Form.LINK and child.required]
    return tuple(row.get(name) for name in names or ["addressIpv4", "addressIpv6", "port", "index"])


def _check_unique(database: Database, kind: ObjectKind, row: Row, present: Row | None) -> None:
    """Raises: AxlFault for a second row with the same key (devices share their names)."""
    kinds = _DEVICES if kind.kind in _DEVICES else (kind.kind,)
    key = kind.identity[:2]
    for name in kinds:
        for other in database.rows(name):
            if other is not present and all((other.get(part) or "") == (row.get(part) or "") for part in key):
                raise AxlFault(kind.duplicate_code, kind.duplicate_message)


def _add_missing_lines(database: Database, row: Row) -> None:
    """A phone's new directory numbers come into being with it (ASSUMED)."""
    for one in repeated(row, "lines"):
        key = {name: (one.get("dirn") or {}).get(name) or "" for name in LINE.identity}
        if key["pattern"] and database.find("line", **key) is None:
            database.add("line", with_unset(dict(key), LINE.fields))


def _stamp(database: Database, kind: ObjectKind, row: Row) -> None:
    """uuid, version stamp, CTI id, and a uuid for each destination."""
    row["uuid"] = new_uuid()
    if "versionStamp" in row:
        row["versionStamp"] = _version_stamp()
    if kind.kind in _WITH_CTI_ID:
        used = (int(other.get("ctiid", 0)) for name in _WITH_CTI_ID for other in database.rows(name))
        row["ctiid"] = 1 + max(used, default=0)
    for destination in repeated(row, "destinations"):
        destination["uuid"] = new_uuid()


def _version_stamp() -> str:
    """``{<unix time>-<UUID>}`` as recorded."""
    return "{" + f"{int(time.time())}-{new_uuid()[1:-1]}" + "}"
