"""The reading operations of every object kind: get and list."""

import re

from lxml import etree

from pytest_cucmtls.sim.axl.calls import AxlCall, find_row
from pytest_cucmtls.sim.axl.fields import Form, number
from pytest_cucmtls.sim.axl.inbound import scalar
from pytest_cucmtls.sim.axl.kinds import ObjectKind
from pytest_cucmtls.sim.axl.outbound import EVERYTHING, Wanted, write_object, written
from pytest_cucmtls.sim.axl.requests import Element, children, content, local_name
from pytest_cucmtls.sim.database import Row, repeated

_COUNTS = {name: number(name) for name in ("skip", "first")}


def get_object(call: AxlCall, kind: ObjectKind) -> Element:
    """get<Kind>: the object with all elements, or those of returnedTags. Raises: AxlFault."""
    row = find_row(call, kind)
    if kind.kind == "line":
        row = row | {"associatedDevices": {"device": _phones_with(call, row)}}
    row = _with_model(kind, row)
    result = etree.Element("return")
    asked = call.argument("returnedTags")
    wanted = EVERYTHING if asked is None else wanted_tags(asked)
    write_object(result, row, wanted, call.style(kind.kind, "get"), only_wanted=False)
    return result


def _phones_with(call: AxlCall, line: Row) -> list[str]:
    """Names of the phones that have a directory number."""
    key = (line.get("pattern") or "", line.get("routePartitionName") or "")
    found = []
    for phone in call.database.rows("phone"):
        numbers = [one.get("dirn") or {} for one in repeated(phone, "lines")]
        if key in [(number.get("pattern") or "", number.get("routePartitionName") or "") for number in numbers]:
            found.append(str(phone["name"]))
    return found


def _with_model(kind: ObjectKind, row: Row) -> Row:
    """A phone's model is its product's name; it can only be read."""
    return row | {"model": row.get("model") or row.get("product", "")} if kind.kind == "phone" else row


def list_objects(call: AxlCall, kind: ObjectKind) -> Element:
    """list<Kind>: rows that match every criterion, each with exactly the requested tags."""
    result = etree.Element("return")
    asked = call.argument("returnedTags")
    wanted = EVERYTHING if asked is None else wanted_tags(asked)
    style = call.style(kind.kind, "list")
    for row in _page(call, _matching(call, kind)):
        write_object(result, _with_model(kind, row), wanted, style, only_wanted=True)
    return result


def wanted_tags(element: Element) -> Wanted:
    """returnedTags as a tree."""
    return Wanted({local_name(one): wanted_tags(one) for one in children(element)})


def like(pattern: str) -> re.Pattern[str]:
    """SQL's LIKE: % any characters, _ one; without regard to case (ASSUMED)."""
    parts = {"%": ".*", "_": "."}
    return re.compile("".join(parts.get(letter, re.escape(letter)) for letter in pattern), re.IGNORECASE | re.DOTALL)


def _matching(call: AxlCall, kind: ObjectKind) -> list[Row]:
    """Rows that fit all search criteria; no criterion fits all."""
    criteria = [
        (local_name(one), like(content(one)))
        for one in children(call.argument("searchCriteria"))
        if local_name(one) in kind.criteria(call.version)
    ]
    return [
        row
        for row in call.database.rows(kind.kind)
        if all(pattern.fullmatch(_searched(row, kind, name)) for name, pattern in criteria)
    ]


def _searched(row: Row, kind: ObjectKind, name: str) -> str:
    """A row's value as the search sees it."""
    field = kind.field(name)
    value = row.get(name, field.unset)
    return ("t" if value else "f") if field.form is Form.FLAG else written(value) or ""


def _page(call: AxlCall, rows: list[Row]) -> list[Row]:
    """skip and first."""
    skip = _count(call, "skip") or 0
    first = _count(call, "first")
    return rows[skip:] if first is None else rows[skip : skip + first]


def _count(call: AxlCall, name: str) -> int | None:
    """skip or first, an element (an attribute in some clients, ASSUMED to count); no limit without. Raises: AxlFault."""
    sent = call.text(name) or call.request.body.get(name) or ""
    value = scalar(sent, _COUNTS[name], call.version)
    return None if value is None else max(0, int(value))
