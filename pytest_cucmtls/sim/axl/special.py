"""Operations that are not one of the five of an object kind: version, resets, SQL, authentication."""

import re

from lxml import etree

from pytest_cucmtls.sim.axl.calls import AxlCall, find_row
from pytest_cucmtls.sim.axl.changes import uuid_result
from pytest_cucmtls.sim.axl.faults import AxlFault, invalid_literal, item_not_valid
from pytest_cucmtls.sim.axl.inbound import device
from pytest_cucmtls.sim.axl.kinds import ObjectKind
from pytest_cucmtls.sim.axl.literals import literals
from pytest_cucmtls.sim.axl.requests import Element, spelled_uuid
from pytest_cucmtls.sim.axl.sql import run_query
from pytest_cucmtls.sim.axl.sql_accounts import TRACE_LEVEL_PARAMETER
from pytest_cucmtls.sim.axl.sql_certificates import make_certificates
from pytest_cucmtls.sim.axl.sql_tables import tables
from pytest_cucmtls.sim.database import Row
from pytest_cucmtls.sim.state import CALL_MANAGER_SERVICE

_TRACE_LEVEL = re.compile(
    r"\s*update\s+processnodeservice\s+set\s+tracelevel\s*=\s*'?(\d{1,3})'?(?:\s*,\s*enable\s*=\s*'[tf]')?(\s+where\s.+?)?;?\s*",
    re.IGNORECASE | re.DOTALL,
)


def printed_version(full_version: str) -> str:
    """``12.5.1.10000-22`` as AXL prints it: ``12.5.1.10000(22)``."""
    version, _, build = full_version.partition("-")
    return f"{version}({build})" if build else version


async def get_ccm_version(call: AxlCall) -> Element:
    """getCCMVersion. Raises: AxlFault for a node that is not in the cluster."""
    name = call.text("processNodeName")
    if name and call.cluster.node(name) is None:
        raise item_not_valid(name)
    result = etree.Element("return")
    component = etree.SubElement(result, "componentVersion")
    etree.SubElement(component, "version").text = printed_version(call.cluster.release.full_version)
    return result


async def execute_sql_query(call: AxlCall) -> Element:
    """executeSQLQuery over tables built from the state. Raises: AxlFault."""
    sql = call.text("sql")
    if "certificate" in sql.lower():
        await make_certificates(call.cluster)
    result = etree.Element("return")
    for row in run_query(sql, tables(call.node, sql)):
        element = etree.SubElement(result, "row")
        for column, value in row:
            etree.SubElement(element, column).text = value
    return result


async def execute_sql_update(call: AxlCall) -> Element:
    """executeSQLUpdate: the trace level of services, which no operation of AXL sets; anything else is refused (ASSUMED).

    Raises: AxlFault.
    """
    found = _TRACE_LEVEL.fullmatch(call.text("sql"))
    if found is None:
        refusal = f"executeSQLUpdate is not simulated on {call.cluster.name}: use the add, update and remove operations"
        raise AxlFault(-1, refusal)
    sql = f"select ts.name, pns.pkid from (select * from processnodeservice{found[2] or ''}) pns, typeservice ts"
    rows = [dict(row) for row in run_query(f"{sql} where pns.tkservice = ts.enum", tables(call.node, sql))]
    if any(row["name"] == CALL_MANAGER_SERVICE for row in rows):
        call.cluster.enterprise_parameters[TRACE_LEVEL_PARAMETER] = found[1]
    result = etree.Element("return")
    etree.SubElement(result, "rowsUpdated").text = str(len(rows))
    return result


async def do_device_reset(call: AxlCall) -> Element:
    """doDeviceReset: reset, restart or apply the configuration of one device; answers ``true``. Raises: AxlFault."""
    kind_of_reset = call.text("deviceResetType")
    if kind_of_reset and kind_of_reset not in literals("XReset", call.version):
        raise invalid_literal("deviceResetType", kind_of_reset)
    element = call.argument("deviceName")
    uuid = (element.get("uuid") or "") if element is not None else ""
    found = device(call.database, call.text("deviceName")) or _device_by_uuid(call, uuid)
    if found is None:
        raise item_not_valid(call.text("deviceName") or "null")
    kind, row = found
    if kind == "sipTrunk":
        await reset_trunks(call, [row])
    result = etree.Element("return")
    result.text = "true"
    return result


async def reset_object(call: AxlCall, kind: ObjectKind) -> Element:
    """reset, restart or apply of one object: the trunks that depend on it take their configuration anew. Raises: AxlFault."""
    row = find_row(call, kind)
    await reset_trunks(call, _dependent_trunks(call, kind, row))
    return uuid_result(row)


def _dependent_trunks(call: AxlCall, kind: ObjectKind, row: Row) -> list[Row]:
    """Trunks that a reset of the object concerns."""
    if kind.kind == "sipTrunk":
        return [row]
    field = {"sipTrunkSecurityProfile": "securityProfileName", "sipProfile": "sipProfileName"}.get(kind.kind)
    return [] if field is None else [trunk for trunk in call.database.rows("sipTrunk") if trunk.get(field) == row["name"]]


async def reset_trunks(call: AxlCall, trunks: list[Row]) -> None:
    """Let the call manager of every node copy the trunks' configuration."""
    for trunk in trunks:
        for node in call.cluster.nodes:
            if node.call_manager is not None:
                await node.call_manager.reset_trunk(str(trunk["name"]))


def _device_by_uuid(call: AxlCall, uuid: str) -> tuple[str, Row] | None:
    """A device given by the uuid attribute alone."""
    if not uuid:
        return None
    for kind in ("sipTrunk", "phone", "routeList"):
        row = call.database.find(kind, uuid=spelled_uuid(uuid))
        if row is not None:
            return kind, row
    return None


async def do_authenticate_user(call: AxlCall) -> Element:
    """doAuthenticateUser: whether an end user's password (or PIN) is right."""
    user, password = call.text("userid"), call.text("password") or call.text("pin")
    result = etree.Element("return")
    etree.SubElement(result, "userAuthenticated").text = "true" if call.cluster.account(user, password) else "false"
    etree.SubElement(result, "code").text = "0" if call.cluster.account(user, password) else "1"
    etree.SubElement(result, "daysToExpiry").text = "0"
    if call.at_least("11.0"):
        etree.SubElement(result, "isWarningNeeded").text = "false"
    return result
