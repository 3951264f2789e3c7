"""One AXL call in the making: the cluster it meets, the request, and how its object is found."""

from dataclasses import dataclass

from pytest_cucmtls.sim.axl.faults import AxlFault, item_not_valid
from pytest_cucmtls.sim.axl.fields import VERSIONS, Form
from pytest_cucmtls.sim.axl.kinds import ObjectKind
from pytest_cucmtls.sim.axl.outbound import Style
from pytest_cucmtls.sim.axl.requests import Element, Request, child, content, spelled_uuid
from pytest_cucmtls.sim.database import Database, Row
from pytest_cucmtls.sim.state import ClusterState, NodeState

SCHEMA_STRICT = "axl_answers_follow_schema"
"""Name in `ClusterState.faults` that switches the recorded departures from the schema off."""


@dataclass(frozen=True, slots=True)
class AxlCall:
    """What an operation gets."""

    node: NodeState
    request: Request

    @property
    def cluster(self) -> ClusterState:
        """The cluster the node belongs to."""
        return self.node.cluster

    @property
    def database(self) -> Database:
        """The configuration as the node has it."""
        return self.node.database

    @property
    def version(self) -> str:
        """Schema version of the call."""
        return self.request.version

    def argument(self, name: str) -> Element | None:
        """A direct child of the call."""
        return child(self.request.body, name)

    def text(self, name: str) -> str:
        """Character data of a direct child, "" when absent."""
        return content(self.argument(name))

    def style(self, kind: str, view: str) -> Style:
        """How an object of the answer is written."""
        return Style(self.database, self.version, view, kind, SCHEMA_STRICT in self.cluster.faults)

    def at_least(self, version: str) -> bool:
        """Whether the call's schema version is this one or newer."""
        return VERSIONS.index(self.version) >= VERSIONS.index(version)


def find_row(call: AxlCall, kind: ObjectKind) -> Row:
    """The object a call names by uuid or by its key; uuid wins when both are sent.

    Raises: AxlFault 5007 with the words real answers had for the way it was asked.
    """
    uuid = call.text("uuid")
    row = call.database.find(kind.kind, uuid=spelled_uuid(uuid)) if uuid else _by_identity(call, kind)
    if row is None:
        raise _not_there(call, kind, uuid)
    return row


def _by_identity(call: AxlCall, kind: ObjectKind) -> Row | None:
    """The object by name, or by pattern and partition (no partition sent means none)."""
    wanted = {name: call.text(name) for name in kind.identity}
    if not wanted[kind.identity[0]]:
        return None
    for name in kind.identity[1:]:
        uuid = (element.get("uuid") if (element := call.argument(name)) is not None else None) or ""
        if uuid and not wanted[name]:
            wanted[name] = _name_behind(call, kind, name, uuid)
    rows = call.database.rows(kind.kind)
    return next((row for row in rows if all((row.get(key) or "") == value for key, value in wanted.items())), None)


def _name_behind(call: AxlCall, kind: ObjectKind, field_name: str, uuid: str) -> str:
    """Name of a key's reference that was given by uuid."""
    field = kind.field(field_name)
    if field.form is not Form.LINK or not field.target:
        return ""
    row = call.database.find(field.target, uuid=spelled_uuid(uuid))
    return "" if row is None else str(row["name"])


def _not_there(call: AxlCall, kind: ObjectKind, uuid: str) -> AxlFault:
    """5007, in three wordings."""
    if call.request.operation.startswith("remove"):
        return item_not_valid("entry")
    if call.request.operation.startswith("update"):
        return AxlFault(5003, f"{kind.type_name} not found", "Server")
    if uuid or kind.identity[0] != "name":
        return item_not_valid(kind.missing_by_uuid)
    return item_not_valid(call.text("name") or "null")
