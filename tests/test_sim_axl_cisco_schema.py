"""Our AXL schemas against Cisco's own, element by element, and our answers against Cisco's (where ciscoaxl, which has them, is).

Names, order, occurrence, nillability and defaults must be equal. What is left out on purpose is named below.
"""

import importlib.util
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from pytest_cucmtls.sim.axl.calls import SCHEMA_STRICT
from pytest_cucmtls.sim.axl.operations import operations_of
from pytest_cucmtls.sim.axl.toolkit import schema_files
from tests.axl_cluster import serving_a_trunk
from tests.test_sim_axl_schema import READS

XSD = "{http://www.w3.org/2001/XMLSchema}"
VERSIONS = ("9.1", "10.0", "10.5", "11.0", "11.5", "12.0", "12.5")
NOT_SIMULATED = re.compile(
    r"/(addOnModules|busyLampFields|blfDirectedCallParks|services|vendorConfig|lineIdentifier|currentConfig)\b"
)
"""Parts of a phone that have nothing to do with its calls over a trunk."""

Described = dict[str, tuple[str, ...]]


def cisco_schema(version: str) -> Path:
    """Cisco's AXLSoap.xsd of a version; skips where nobody has it."""
    found = importlib.util.find_spec("ciscoaxl")
    if found is None or found.origin is None:
        pytest.skip("ciscoaxl, which carries Cisco's schemas, is not installed (the extra interop)")
    return Path(found.origin).parent / "schema" / version / "AXLSoap.xsd"


class Schema:
    """The elements of a schema as paths: ``getPhone/returnedTags/name`` to its occurrence, nillability and default."""

    def __init__(self, root: etree._Element) -> None:
        self._types = {one.get("name"): one for one in root.findall(XSD + "complexType")}
        self._elements = {one.get("name"): one for one in root.findall(XSD + "element")}

    def described(self, name: str) -> Described:
        """Every element below a body element, in the schema's order."""
        return dict(self._below(self._elements[name], name, ()))

    def _below(self, node: etree._Element, path: str, seen: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Elements under a node of the schema; `seen` are the types it lies in, which end a recursion."""
        for type_name in (_local(node.get("type")), _local(node.get("base"))):
            if type_name in self._types and type_name not in seen:
                yield from self._below(self._types[type_name], path, (*seen, type_name))
        for child in node.iterchildren(tag=etree.Element):
            if child.tag == XSD + "element":
                inner = f"{path}/{child.get('name')}"
                yield (
                    inner,
                    (child.get("minOccurs", "1"), child.get("maxOccurs", "1"), child.get("nillable", "false"), _default(child)),
                )
                yield from self._below(child, inner, seen)
            else:
                yield from self._below(child, path, seen)


def _local(name: str | None) -> str:
    return (name or "").rpartition(":")[2]


def _default(element: etree._Element) -> str:
    return element.get("default") or ""


@cache
def schemas(version: str) -> tuple[Schema, Schema]:
    """(Cisco's, ours)."""
    theirs = etree.parse(cisco_schema(version), etree.XMLParser(resolve_entities=False, no_network=True)).getroot()
    return Schema(theirs), Schema(etree.fromstring(schema_files(version)["AXLSoap.xsd"]))


def compared(described: Described) -> list[tuple[str, tuple[str, ...]]]:
    return [(path, facts) for path, facts in described.items() if not NOT_SIMULATED.search(path)]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_operation_of_ours_is_what_cisco_s_schema_says(version: str) -> None:
    theirs, ours = schemas(version)
    for operation in operations_of(version):
        for name in (operation.name, f"{operation.name}Response"):
            assert compared(ours.described(name)) == compared(theirs.described(name)), name


@pytest.mark.parametrize(("release", "version"), [("9.1", "9.1"), ("12.5", "12.5")])
def test_our_answers_validate_against_cisco_s_schema(release: str, version: str) -> None:
    schema = etree.XMLSchema(etree.parse(cisco_schema(version)))
    with serving_a_trunk(release) as cluster:
        cluster.state.faults.add(SCHEMA_STRICT)
        for operation, content in READS:
            body = etree.fromstring(cluster.call(operation, content, version=version).content)[0][0]
            schema.assertValid(body)
