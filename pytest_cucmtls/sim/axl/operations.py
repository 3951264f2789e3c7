"""Every operation by name: since which schema version it exists, whether it writes, and what carries it out."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pytest_cucmtls.sim.axl import special
from pytest_cucmtls.sim.axl.calls import AxlCall
from pytest_cucmtls.sim.axl.catalogue import OBJECT_KINDS
from pytest_cucmtls.sim.axl.changes import add_object, remove_object, update_object
from pytest_cucmtls.sim.axl.faults import OperationNotFound
from pytest_cucmtls.sim.axl.fields import VERSIONS
from pytest_cucmtls.sim.axl.kinds import ObjectKind
from pytest_cucmtls.sim.axl.lookups import get_object, list_objects
from pytest_cucmtls.sim.axl.requests import Element

Handler = Callable[[AxlCall], Awaitable[Element]]
_READING = ("get", "list")
_DIRECT = {
    "add": add_object,
    "get": get_object,
    "update": update_object,
    "list": list_objects,
    "remove": remove_object,
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the WSDL."""

    name: str
    since: str
    writes: bool
    handler: Handler
    kind: str = ""
    verb: str = ""


def _handler(verb: str, kind: ObjectKind) -> Handler:
    """What carries out a verb on a kind."""
    direct = _DIRECT.get(verb)

    async def handle(call: AxlCall) -> Element:
        return await special.reset_object(call, kind) if direct is None else direct(call, kind)

    return handle


def _all() -> dict[str, Operation]:
    """The operations of all kinds and the special ones."""
    found = [
        Operation(verb + kind.type_name, since, verb not in _READING, _handler(verb, kind), kind.kind, verb)
        for kind in OBJECT_KINDS.values()
        for verb, since in kind.verbs
    ]
    found += [
        Operation("getCCMVersion", VERSIONS[0], False, special.get_ccm_version),
        Operation("executeSQLQuery", VERSIONS[0], False, special.execute_sql_query),
        Operation("executeSQLUpdate", VERSIONS[0], True, special.execute_sql_update),
        Operation("doDeviceReset", VERSIONS[0], True, special.do_device_reset),
        Operation("doAuthenticateUser", VERSIONS[0], False, special.do_authenticate_user),
    ]
    return {operation.name: operation for operation in found}


OPERATIONS = _all()


def operation(name: str, version: str) -> Operation:
    """The operation of a schema version. Raises: OperationNotFound."""
    found = OPERATIONS.get(name)
    if found is None or VERSIONS.index(found.since) > VERSIONS.index(version):
        raise OperationNotFound(name)
    return found


def operations_of(version: str) -> list[Operation]:
    """All operations of a schema version, by name."""
    place = VERSIONS.index(version)
    return sorted((one for one in OPERATIONS.values() if VERSIONS.index(one.since) <= place), key=lambda one: one.name)
