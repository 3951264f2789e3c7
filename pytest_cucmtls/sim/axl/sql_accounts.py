"""Who may what, and how much is traced, as database tables: users, access groups, roles and service trace levels.

Names of tables and columns beside ``processnodeservice.tracelevel`` are ASSUMED from Cisco's data dictionary.
"""

from pytest_cucmtls.sim.axl.outbound import derived_uuid
from pytest_cucmtls.sim.axl.sql import Table
from pytest_cucmtls.sim.state import CALL_MANAGER_SERVICE, ClusterState, NodeState, SimAccount

TRACE_LEVEL_PARAMETER = "Trace Level"
"""Key of `ClusterState.enterprise_parameters`: the CallManager service's trace level where it is not the default."""
DETAILED = 127
_ROLE_NAMES = {
    "axl": ("Standard AXL API Access", "Standard CCM Admin Users"),
    "axl-read": ("Standard AXL Read Only API Access",),
    "end-user": ("Standard CCM End Users", "Standard CTI Enabled"),
}
_SERVICEABILITY = "Standard CCM Super Users"
_CALL_MANAGER_NUMBER = 0
_ACTIVE = 1


def account_tables(cluster: ClusterState) -> dict[str, Table]:
    """Application users, end users, groups and roles; each account has one group that holds its roles."""
    users = [account for account in cluster.accounts if account.roles & {"axl", "axl-read"}]
    people = [account for account in cluster.accounts if "end-user" in account.roles]
    roles = sorted({name for account in cluster.accounts for name in _roles_of(account)})
    grants = [(account, name) for account in (*users, *people) for name in _roles_of(account)]
    return {
        "applicationuser": Table(("pkid", "name"), [(_key("user", one.user), one.user) for one in users]),
        "enduser": Table(
            ("pkid", "userid", "lastname", "islocaluser", "status"),
            [(_key("user", one.user), one.user, one.user, "t", _ACTIVE) for one in people],
        ),
        "enduserdevicemap": Table(("pkid", "fkenduser", "fkdevice", "tkuserassociation"), _controlled(cluster, people)),
        "dirgroup": Table(("pkid", "name"), [(_key("group", one.user), f"Group of {one.user}") for one in (*users, *people)]),
        "functionrole": Table(("pkid", "name"), [(_key("role", name), name) for name in roles]),
        "applicationuserdirgroupmap": Table(("fkapplicationuser", "fkdirgroup"), [_member(one) for one in users]),
        "enduserdirgroupmap": Table(("fkenduser", "fkdirgroup"), [_member(one) for one in people]),
        "functionroledirgroupmap": Table(
            ("fkfunctionrole", "fkdirgroup"), [(_key("role", name), _key("group", account.user)) for account, name in grants]
        ),
    }


def trace_tables(cluster: ClusterState) -> dict[str, Table]:
    """Services by node; the level of Cisco CallManager is a sum of bits, 127 is Detailed (platform facts §5.4)."""
    level = int(cluster.enterprise_parameters.get(TRACE_LEVEL_PARAMETER, str(DETAILED)))
    names = dict.fromkeys((CALL_MANAGER_SERVICE, *(name for node in cluster.nodes for name in sorted(node.services))))
    numbers = {name: number for number, name in enumerate(names, _CALL_MANAGER_NUMBER)}
    rows = [
        (_key("service", node.name + name), _node_key(cluster, node), numbers[name], node.name, *_tracing(name, level), "t")
        for node in cluster.nodes
        for name in dict.fromkeys((CALL_MANAGER_SERVICE, *sorted(node.services)))
    ]
    columns = ("pkid", "fkprocessnode", "tkservice", "servername", "tracelevel", "enable", "isactive")
    return {
        "processnodeservice": Table(columns, rows),
        "typeservice": Table(("enum", "name", "moniker"), [(number, name, None) for name, number in numbers.items()]),
    }


def _tracing(service: str, level: int) -> tuple[int | None, str]:
    """Level and whether traces are written; of other services than Cisco CallManager nothing is traced."""
    return (level, "t") if service == CALL_MANAGER_SERVICE else (None, "f")


def _controlled(cluster: ClusterState, people: list[SimAccount]) -> list[tuple[str | int, ...]]:
    """Which devices an end user controls."""
    rows: list[tuple[str | int, ...]] = []
    for one in people:
        row = cluster.database.find("user", userid=one.user) or {}
        for device in (row.get("associatedDevices") or {}).get("device") or ():
            phone = cluster.database.find("phone", name=device)
            if phone is not None:
                pkid = str(phone["uuid"]).strip("{}").lower()
                rows.append((_key("control", one.user + pkid), _key("user", one.user), pkid, 1))
    return rows


def _roles_of(account: SimAccount) -> tuple[str, ...]:
    """A full AXL account is also the serviceability account of a simulated cluster."""
    names = [name for role in sorted(account.roles) for name in _ROLE_NAMES.get(role, ())]
    if account.roles & {"axl", "axl-read"}:
        names.append(_SERVICEABILITY)
    return tuple(dict.fromkeys(names))


def _member(account: SimAccount) -> tuple[str, str]:
    return _key("user", account.user), _key("group", account.user)


def _key(kind: str, name: str) -> str:
    return derived_uuid(kind, name).strip("{}").lower()


def _node_key(cluster: ClusterState, node: NodeState) -> str | None:
    row = cluster.database.find("processNode", name=node.name)
    return None if row is None else str(row["uuid"]).strip("{}").lower()
