"""Row values to answer elements, in schema order, with the ways in which a real server departs from its own schema."""

import uuid as uuid_module
from dataclasses import dataclass
from typing import Any

from lxml import etree

from pytest_cucmtls.sim.axl.catalogue import OBJECT_KINDS
from pytest_cucmtls.sim.axl.fields import VERSIONS, Field, Form
from pytest_cucmtls.sim.axl.requests import Element
from pytest_cucmtls.sim.database import Database, Row

XSI = "http://www.w3.org/2001/XMLSchema-instance"
_NIL_KINDS = ("line", "phone")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Requested tags as a tree; an empty tree below a tag means all of it."""

    tags: dict[str, "Wanted"]

    def wants(self, name: str) -> bool:
        """Whether an element was asked for; everything when nothing was named."""
        return not self.tags or name in self.tags

    def below(self, name: str) -> "Wanted":
        """What was asked for inside an element."""
        return self.tags.get(name, EVERYTHING)


EVERYTHING = Wanted({})


@dataclass(frozen=True, slots=True)
class Style:
    """How one answer is written."""

    database: Database
    version: str
    view: str
    kind: str
    follow_schema: bool

    @property
    def nil_references(self) -> bool:
        """Unset references of lines and phones are nil with an empty uuid (recorded on 12.5)."""
        return self.kind in _NIL_KINDS and self.view == "get" and not self.follow_schema

    @property
    def declares_xsi_once(self) -> bool:
        """Since 14 the xsi namespace is declared on the response element only."""
        return VERSIONS.index(self.version) >= VERSIONS.index("14.0")


def write_object(parent: Element, row: Row, wanted: Wanted, style: Style, *, only_wanted: bool) -> Element:
    """Append one object; with `only_wanted` (lists) an empty request means no tag at all."""
    kind = OBJECT_KINDS[style.kind]
    element = etree.SubElement(parent, kind.kind)
    if "ctiid" in row:
        element.set("ctiid", str(row["ctiid"]))
    element.set("uuid", str(row["uuid"]))
    fields = kind.fields_of(style.version, style.view)
    if only_wanted:
        fields = tuple(field for field in fields if field.name in wanted.tags)
    write_fields(element, fields, row, wanted, style)
    return element


def write_fields(parent: Element, fields: tuple[Field, ...], row: Row, wanted: Wanted, style: Style) -> None:
    """Append the elements of a row that exist and were asked for; strict answers leave out what has no value."""
    for field in fields:
        if not wanted.wants(field.name) or (field.never_answered and not style.follow_schema):
            continue
        if not field.exists(style.version, style.view):
            continue
        if style.follow_schema and field.form is not Form.GROUP and written(row.get(field.name, field.unset)) is None:
            continue
        if field.repeats:
            for one in row.get(field.name) or ():
                _write_group(parent, field, one, wanted.below(field.name), style)
        elif field.form is Form.GROUP:
            _write_group(parent, field, row.get(field.name), wanted.below(field.name), style)
        else:
            _write_scalar(parent, field, row, style)


def _write_scalar(parent: Element, field: Field, row: Row, style: Style) -> None:
    """One element without children."""
    value = row.get(field.name, field.unset)
    element = _sub_element(parent, field, value, style)
    element.text = written(value)
    if field.attribute:
        element.set(field.attribute, "true" if row.get(f"{field.name}@{field.attribute}") else "false")
    if field.form is Form.LINK and value:
        element.set("uuid", reference_uuid(style.database, field.target, str(value)))


def _sub_element(parent: Element, field: Field, value: Any, style: Style) -> Element:
    """The element, nil where a real server writes nil."""
    if not (field.form is Form.LINK and not value and style.nil_references):
        return etree.SubElement(parent, field.name)
    element = etree.SubElement(parent, field.name, nsmap=None if style.declares_xsi_once else {"xsi": XSI})
    element.set(f"{{{XSI}}}nil", "true")
    if not style.declares_xsi_once:
        element.set("uuid", "")
    return element


def _write_group(parent: Element, field: Field, value: Any, wanted: Wanted, style: Style) -> None:
    """Nested elements."""
    if field.name == "externalPresentationInfo":
        _write_presentation(parent, value or {}, style)
        return
    element = etree.SubElement(parent, field.name)
    if field.holds_list:
        member = field.children[0]
        rows = value if isinstance(value, list) else (value or {}).get(member.name, [])
        for one in rows:
            _write_member(element, member, one, wanted.below(member.name), style)
        return
    inner = value or {}
    chosen = field.children
    if field.alternatives:
        chosen = tuple(child for child in field.children if inner.get(child.name))
    write_fields(element, chosen, inner, wanted, style)


def _write_member(parent: Element, member: Field, row: Any, wanted: Wanted, style: Style) -> None:
    """One row of a repeating element; with elements inside it has a uuid of its own."""
    element = etree.SubElement(parent, member.name)
    if member.form is not Form.GROUP:
        element.text = written(row)
        return
    write_fields(element, member.children, row, wanted, style)
    element.set("uuid", str(row.get("uuid") or derived_uuid(member.name, repr(sorted(row.items(), key=str)))))


def _write_presentation(parent: Element, value: Row, style: Style) -> None:
    """RECORDED: a real 12.5 answers both alternatives, the presentation first, against the schema's choice."""
    info = etree.SubElement(parent, "externalPresentationInfo")
    shown = value.get("presentationInfo") or {}
    if not style.follow_schema or not value.get("isAnonymous"):
        presentation = etree.SubElement(info, "presentationInfo")
        for name in ("externalPresentationNumber", "externalPresentationName"):
            etree.SubElement(presentation, name).text = written(shown.get(name, ""))
    if not style.follow_schema or value.get("isAnonymous"):
        etree.SubElement(info, "isAnonymous").text = "t" if value.get("isAnonymous") else "f"


def written(value: Any) -> str | None:
    """A value as AXL prints it; None for an empty element."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def reference_uuid(database: Database, kind: str, name: str) -> str:
    """uuid of a referenced object; a stable invented one when its kind is not simulated."""
    if kind:
        row = database.find(kind, **{OBJECT_KINDS[kind].identity[0]: name})
        if row is not None:
            return str(row["uuid"])
    return derived_uuid(kind or "object", name)


def derived_uuid(kind: str, name: str) -> str:
    """The same uuid for the same thing every time."""
    return "{" + str(uuid_module.uuid5(uuid_module.NAMESPACE_OID, f"{kind}/{name}")).upper() + "}"
