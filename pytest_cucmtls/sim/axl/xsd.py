"""Writes the XML schema of one AXL version from the field tables, so that what is published is what is served."""

from lxml import etree

from pytest_cucmtls.sim.axl.catalogue import OBJECT_KINDS
from pytest_cucmtls.sim.axl.fields import Field, Form
from pytest_cucmtls.sim.axl.kinds import ObjectKind
from pytest_cucmtls.sim.axl.literals import literals
from pytest_cucmtls.sim.axl.operations import Operation, operations_of
from pytest_cucmtls.sim.axl.requests import NAMESPACE, Element
from pytest_cucmtls.sim.axl.xsd_requests import add_special_type, choice, element, number_pages, sequence, typed

XSD = "http://www.w3.org/2001/XMLSchema"
_RESPONSE_BASE = "axlapi:APIResponse"
_REQUEST_BASE = "axlapi:APIRequest"
_WRITING = ("add", "update", "change")
"""``change`` is what an update nests: there, required elements are required again."""


def schema_document(version: str) -> bytes:
    """AXLSoap.xsd of a version."""
    return _Schema(version).document()


def enums_document(version: str) -> bytes:
    """AXLEnums.xsd of a version: the enumerations once more, in the namespace of the real file, imported by nobody."""
    namespace = f"http://www.cisco.com/AXL/{version}"
    root = etree.Element(f"{{{XSD}}}schema", nsmap={"xsd": XSD, "axl": namespace})
    root.set("targetNamespace", namespace)
    for name in sorted({name for name, _ in _enumerations(version)}):
        _add_enumeration(root, name, version, open_ended=False)
    return _printed(root)


class _Schema:
    """The schema being written; named types are added when something first uses them."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.namespace = NAMESPACE + version
        self.root = etree.Element(f"{{{XSD}}}schema", nsmap={"xsd": XSD, "axlapi": self.namespace})
        self.root.set("targetNamespace", self.namespace)
        self.root.set("attributeFormDefault", "unqualified")
        self.root.set("elementFormDefault", "unqualified")
        self._sizes: set[int] = set()

    def document(self) -> bytes:
        """The whole file."""
        for operation in operations_of(self.version):
            self._operation(operation)
        for kind in self._kinds():
            self._object_types(kind)
        for name in sorted(_used_enumerations()):
            _add_enumeration(self.root, name, self.version, open_ended=True)
        for size in sorted(self._sizes):
            self._string_type(size)
        _add_common_types(self.root)
        return _printed(self.root)

    def _kinds(self) -> list[ObjectKind]:
        names = {operation.kind for operation in operations_of(self.version) if operation.kind}
        return [kind for kind in OBJECT_KINDS.values() if kind.kind in names]

    def _operation(self, operation: Operation) -> None:
        """Request and response element and their types."""
        name = operation.name
        upper = name[0].upper() + name[1:]
        typed(self.root, name, f"axlapi:{upper}Req")
        answer = f"axlapi:{upper}Res" if operation.verb in ("get", "list") or not operation.verb else "axlapi:StandardResponse"
        if name == "doDeviceReset":
            answer = "axlapi:StandardResponse"
        typed(self.root, f"{name}Response", answer)
        if not operation.kind:
            add_special_type(self.root, name, self.version)
            return
        kind = OBJECT_KINDS[operation.kind]
        self._request_type(operation, kind, f"{upper}Req")
        if operation.verb in ("get", "list"):
            self._result_type(operation, kind, f"{upper}Res")

    def _request_type(self, operation: Operation, kind: ObjectKind, name: str) -> None:
        """A request's type."""
        inner = sequence(self.root, name, _REQUEST_BASE)
        if operation.verb == "add":
            element(inner, kind.kind, f"axlapi:X{kind.type_name}")
        elif operation.verb == "list":
            self._list_request(inner, kind)
        else:
            self._key(inner, kind)
        if operation.verb == "get":
            element(inner, "returnedTags", f"axlapi:R{kind.type_name}", optional=True)
        if operation.verb == "update":
            self._update_fields(inner, kind)

    def _key(self, parent: Element, kind: ObjectKind) -> None:
        """uuid, or the name, or what else identifies the object."""
        alternatives = choice(parent)
        if kind.identity == ("name",):
            element(alternatives, "name", self._string(100))
            element(alternatives, "uuid", "axlapi:XUUID")
            return
        element(alternatives, "uuid", "axlapi:XUUID")
        together = etree.SubElement(alternatives, f"{{{XSD}}}sequence")
        for place, name in enumerate(kind.identity):
            field = kind.field(name)
            optional = place > 0 and kind.kind == "line"
            element(together, name, self._type(field), optional=optional, nillable=field.nillable)

    def _list_request(self, parent: Element, kind: ObjectKind) -> None:
        """Criteria, tags and paging."""
        criteria = element(parent, "searchCriteria", None)
        inner = etree.SubElement(etree.SubElement(criteria, f"{{{XSD}}}complexType"), f"{{{XSD}}}sequence")
        for name in kind.criteria(self.version):
            element(inner, name, "xsd:string", optional=True)
        element(parent, "returnedTags", f"axlapi:L{kind.type_name}")
        number_pages(parent)

    def _result_type(self, operation: Operation, kind: ObjectKind, name: str) -> None:
        """A response's type: ``return`` around one or many objects."""
        outer = element(sequence(self.root, name, _RESPONSE_BASE), "return", None)
        inner = etree.SubElement(etree.SubElement(outer, f"{{{XSD}}}complexType"), f"{{{XSD}}}sequence")
        letter = "R" if operation.verb == "get" else "L"
        one = element(inner, kind.kind, f"axlapi:{letter}{kind.type_name}", optional=operation.verb == "list")
        if operation.verb == "list":
            one.set("maxOccurs", "unbounded")

    def _update_fields(self, parent: Element, kind: ObjectKind) -> None:
        """What may change: identifying elements under their new… name, everything else under its own, all optional."""
        for field in kind.fields_of(self.version, "update"):
            if field.name in kind.identity:
                new_name = "new" + field.name[0].upper() + field.name[1:]
                element(parent, new_name, self._type(field), optional=True, nillable=field.form is Form.LINK)
            elif field.holds_list and not field.replaced_whole:
                self._member_changes(parent, field)
            else:
                self._field(parent, field, "update")

    def _member_changes(self, parent: Element, field: Field) -> None:
        """Members are taken away and added, or replaced altogether."""
        alternatives = choice(parent)
        together = etree.SubElement(alternatives, f"{{{XSD}}}sequence")
        suffix = field.name[0].upper() + field.name[1:]
        for name in (f"remove{suffix}", f"add{suffix}"):
            self._group(element(together, name, None, optional=True), field, "add")
        self._group(element(alternatives, field.name, None, optional=True), field, "add")

    def _object_types(self, kind: ObjectKind) -> None:
        """X (to add), R (to read) and L (to list) of a kind."""
        views = {verb for verb in ("add", "get", "list") if kind.has(verb, self.version)}
        for view, letter in (("add", "X"), ("get", "R"), ("list", "L")):
            if view not in views:
                continue
            outer = etree.SubElement(self.root, f"{{{XSD}}}complexType", name=letter + kind.type_name)
            inner = etree.SubElement(outer, f"{{{XSD}}}sequence")
            for field in kind.fields_of(self.version, view):
                self._field(inner, field, view)
            if view != "add":
                _attribute(outer, "uuid", "axlapi:XUUID")
            if kind.kind in ("sipTrunk", "phone", "callManager"):
                _attribute(outer, "ctiid", "xsd:nonNegativeInteger")

    def _field(self, parent: Element, field: Field, view: str) -> None:
        """One element declaration."""
        required = field.required and view in ("add", "change")
        simple = field.form is not Form.GROUP and not field.attribute
        one = element(
            parent,
            field.name,
            self._type(field) if simple else None,
            optional=not required,
            nillable=field.nillable and view in _WRITING,
        )
        if field.default and view in _WRITING:
            one.set("default", field.default)
        if field.repeats:
            one.set("maxOccurs", str(field.at_most) if field.at_most else "unbounded")
        if field.form is Form.GROUP:
            self._group(one, field, view)
        elif field.attribute:
            outer = etree.SubElement(etree.SubElement(one, f"{{{XSD}}}complexType"), f"{{{XSD}}}simpleContent")
            extension = etree.SubElement(outer, f"{{{XSD}}}extension", base=self._type(field))
            _attribute(extension, field.attribute, "xsd:boolean")

    def _group(self, parent: Element, field: Field, view: str) -> None:
        """Nested declarations."""
        outer = etree.SubElement(parent, f"{{{XSD}}}complexType")
        inner = etree.SubElement(outer, f"{{{XSD}}}{'choice' if field.alternatives else 'sequence'}")
        for child in field.children:
            if child.exists(self.version, "update" if view == "change" else view):
                self._field(inner, child, "change" if view == "update" else view)
        if field.repeats and view not in _WRITING:
            _attribute(outer, "uuid", "axlapi:XUUID")

    def _type(self, field: Field) -> str:
        """Type name of a simple field."""
        named = {Form.NUMBER: "axlapi:XInteger", Form.FLAG: "axlapi:boolean", Form.LINK: "axlapi:XFkType"}
        if field.form is Form.CHOICE:
            return f"axlapi:{field.target}"
        return named.get(field.form) or (self._string(field.size) if field.size else "xsd:string")

    def _string(self, size: int) -> str:
        """A string of limited length."""
        self._sizes.add(size)
        return f"axlapi:String{size}"

    def _string_type(self, size: int) -> None:
        outer = etree.SubElement(self.root, f"{{{XSD}}}simpleType", name=f"String{size}")
        etree.SubElement(
            etree.SubElement(outer, f"{{{XSD}}}restriction", base="xsd:string"), f"{{{XSD}}}maxLength", value=str(size)
        )


def _attribute(parent: Element, name: str, type_name: str) -> None:
    etree.SubElement(parent, f"{{{XSD}}}attribute", name=name, type=type_name)


def _enumerations(version: str) -> list[tuple[str, tuple[str, ...]]]:
    """Enumerations whose literals are known."""
    return [(name, literals(name, version)) for name in _used_enumerations() if literals(name, version)]


def _used_enumerations() -> set[str]:
    """Names of all enumerations of the object kinds."""
    waiting = [field for kind in OBJECT_KINDS.values() for field in kind.fields]
    found = {"XReset"}
    while waiting:
        field = waiting.pop()
        waiting.extend(field.children)
        if field.form is Form.CHOICE:
            found.add(field.target)
    return found


def _add_enumeration(root: Element, name: str, version: str, *, open_ended: bool) -> None:
    """An enumeration; in AXLSoap.xsd a union with string, so that no client refuses a literal."""
    outer = etree.SubElement(root, f"{{{XSD}}}simpleType", name=name)
    if open_ended:
        union = etree.SubElement(outer, f"{{{XSD}}}union", memberTypes="xsd:string")
        outer = etree.SubElement(union, f"{{{XSD}}}simpleType")
    restriction = etree.SubElement(outer, f"{{{XSD}}}restriction", base="xsd:string")
    for literal in literals(name, version):
        etree.SubElement(restriction, f"{{{XSD}}}enumeration", value=literal)


def _add_common_types(root: Element) -> None:
    """Types that every version has."""
    for name, pattern in (
        ("boolean", "t|f|true|false|0|1"),
        ("XInteger", "([+\\-]?[0-9]+)?"),
        ("XUUID", "\\{[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\\}"),
    ):
        outer = etree.SubElement(root, f"{{{XSD}}}simpleType", name=name)
        etree.SubElement(etree.SubElement(outer, f"{{{XSD}}}restriction", base="xsd:string"), f"{{{XSD}}}pattern", value=pattern)
    reference = etree.SubElement(etree.SubElement(root, f"{{{XSD}}}complexType", name="XFkType"), f"{{{XSD}}}simpleContent")
    _attribute(etree.SubElement(reference, f"{{{XSD}}}extension", base="xsd:string"), "uuid", "axlapi:XUUID")
    for name in ("APIRequest", "APIResponse"):
        _attribute(etree.SubElement(root, f"{{{XSD}}}complexType", name=name), "sequence", "xsd:unsignedLong")
    element(sequence(root, "StandardResponse", _RESPONSE_BASE), "return", "xsd:string")


def _printed(root: Element) -> bytes:
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True))
