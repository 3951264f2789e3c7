"""Who may what, and how much is traced, as database tables: users, access groups, roles and service trace levels.

Names of tables and columns beside ``processnodeservice.tracelevel`` are ASSUMED from Cisco's data dictionary.
"""

from pytest_cucmtls.sim.axl.outbound import derived_uuid
from pytest_cucmtls.sim.axl.sql import Table
from pytest_cucmtls.sim.database import Row
from pytest_cucmtls.sim.state import CALL_MANAGER_SERVICE, ClusterState, SimAccount

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


def account_tables(cluster: ClusterState) -> dict[str, Table]:
    """Application users, end users, groups and roles; each account has one group that holds its roles."""
    users = [account for account in cluster.accounts if account.roles & {"axl", "axl-read"}]
    people = [account for account in cluster.accounts if "end-user" in account.roles]
    roles = sorted({name for account in cluster.accounts for name in _roles_of(account)})
    grants = [(account, name) for account in (*users, *people) for name in _roles_of(account)]
    return {
        "applicationuser": Table(("pkid", "name"), [(_key("user", one.user), one.user) for one in users]),
        "enduser": Table(("pkid", "userid"), [(_key("user", one.user), one.user) for one in people]),
        "dirgroup": Table(("pkid", "name"), [(_key("group", one.user), f"Group of {one.user}") for one in (*users, *people)]),
        "functionrole": Table(("pkid", "name"), [(_key("role", name), name) for name in roles]),
        "applicationuserdirgroupmap": Table(("fkapplicationuser", "fkdirgroup"), [_member(one) for one in users]),
        "enduserdirgroupmap": Table(("fkenduser", "fkdirgroup"), [_member(one) for one in people]),
        "functionroledirgroupmap": Table(
            ("fkfunctionrole", "fkdirgroup"), [(_key("role", name), _key("group", account.user)) for account, name in grants]
        ),
    }


def trace_tables(cluster: ClusterState) -> dict[str, Table]:
    """One row per node for Cisco CallManager; the level is a sum of bits, 127 is Detailed (platform facts §5.4)."""
    level = int(cluster.enterprise_parameters.get(TRACE_LEVEL_PARAMETER, str(DETAILED)))
    rows = [(_node_key(row), _CALL_MANAGER_NUMBER, level, "t") for row in cluster.database.rows("processNode") if _is_node(row)]
    return {
        "processnodeservice": Table(("fkprocessnode", "tkservice", "tracelevel", "enable"), rows),
        "typeservice": Table(("enum", "name"), [(_CALL_MANAGER_NUMBER, CALL_MANAGER_SERVICE)]),
    }


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


def _is_node(row: Row) -> bool:
    return row.get("name") != "EnterpriseWideData"


def _node_key(row: Row) -> str:
    return str(row["uuid"]).strip("{}").lower()
