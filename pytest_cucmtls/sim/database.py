"""The configuration database of a simulated cluster: rows per object kind, AXL's field names.

A row is a dict in the shape of AXL's elements: scalars are str, int, bool or None, foreign keys are the name of the
referenced object ("" for none), nested elements are dicts and repeated ones lists of dicts. `uuid` is upper case with
braces. Knows no XML and no rules: those are the AXL service's.

Repeated elements keep AXL's wrapper: ``row["destinations"] == {"destination": [{"addressIpv4": "10.0.0.1", "addressIpv6": "",
"port": 5061, "sortOrder": 1}]}``, ``row["members"] == {"member": [{"routeGroupName": "RG-B", "selectionOrder": 1}]}``,
``row["lines"] == {"line": [{"index": 1, "dirn": {"pattern": "1018", "routePartitionName": ""}}]}``; a route pattern's
``row["destination"] == {"gatewayName": "to-b"}`` or ``{"routeListName": "RL-B"}``. `repeated` reads such a list.
A key that is missing from a row means the value CUCM gives when nothing was sent (field tables of sim/axl).
"""

import uuid as uuid_module
from copy import deepcopy
from typing import Any

Row = dict[str, Any]

KINDS = (
    "sipTrunkSecurityProfile",
    "sipTrunk",
    "sipProfile",
    "routePattern",
    "routeGroup",
    "routeList",
    "routePartition",
    "css",
    "line",
    "phone",
    "processNode",
    "callManager",
    "callManagerGroup",
    "devicePool",
    "location",
    "presenceGroup",
    "serviceParameter",
    "user",
)


def new_uuid() -> str:
    """A fresh identifier in AXL's form."""
    return "{" + str(uuid_module.uuid4()).upper() + "}"


def repeated(row: Row, wrapper: str) -> list[Row]:
    """The rows inside a wrapper element (``destinations``, ``members``, ``lines``); empty when the row has none."""
    inner = row.get(wrapper) or {}
    if isinstance(inner, list):
        return inner
    return next((value for value in inner.values() if isinstance(value, list)), [])


class Database:
    """Tables in insertion order."""

    def __init__(self) -> None:
        self._tables: dict[str, list[Row]] = {kind: [] for kind in KINDS}

    def replica(self) -> "Database":
        """Another node's view: the same tables until it is cut off."""
        view = Database()
        view._tables = self._tables
        return view

    def cut_off(self) -> None:
        """Replication is broken from now on: this view keeps what it has and hears of no change."""
        self._tables = deepcopy(self._tables)

    def follow(self, source: "Database") -> None:
        """Replication works again: the same tables as the source."""
        self._tables = source._tables

    def follows(self, source: "Database") -> bool:
        """Changes of the source are seen here."""
        return self._tables is source._tables

    def rows(self, kind: str) -> list[Row]:
        """All rows of a kind, oldest first. Raises: KeyError for an unknown kind."""
        return self._tables[kind]

    def find(self, kind: str, **fields: Any) -> Row | None:
        """First row whose fields equal the given ones."""
        return next((row for row in self._tables[kind] if all(row.get(key) == value for key, value in fields.items())), None)

    def add(self, kind: str, row: Row) -> Row:
        """Append a row, giving it a uuid when it has none."""
        row.setdefault("uuid", new_uuid())
        self._tables[kind].append(row)
        return row

    def remove(self, kind: str, row: Row) -> None:
        """Take a row out. Raises: ValueError when it is not there."""
        self._tables[kind].remove(row)
