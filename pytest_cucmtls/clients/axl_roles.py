"""Which roles an AXL account has, found in the tables of roles without writing."""

from pytest_cucmtls.clients.axl import AxlReader
from pytest_cucmtls.model.errors import InterfaceRefused

FULL_ROLE, READING_ROLE = "Standard AXL API Access", "Standard AXL Read Only API Access"
_ROLES = (
    "select r.name from {table} u inner join {table}dirgroupmap m on m.fk{table} = u.pkid "
    "inner join functionroledirgroupmap f on f.fkdirgroup = m.fkdirgroup "
    "inner join functionrole r on r.pkid = f.fkfunctionrole where lower(u.{column}) = '{user}'"
)
"""Tables of Cisco's data dictionary; that a given release has them in this form is ASSUMED."""


def roles_of_account(axl: AxlReader, user: str) -> set[str] | None:
    """Names of the account's roles as application user or end user; None when the tables cannot be asked.

    Raises: InterfaceRefused, when the node is too busy to answer; what the session raises.
    """
    name = user.lower().replace("'", "''")
    try:
        found = _names(axl, "applicationuser", "name", name)
        return found or _names(axl, "enduser", "userid", name)
    except InterfaceRefused as refusal:
        if refusal.code in ("503", "-1"):
            raise
        return None


def _names(axl: AxlReader, table: str, column: str, user: str) -> set[str]:
    rows = axl.query(_ROLES.format(table=table, column=column, user=user)).value
    return {row.get("name", "") for row in rows}
