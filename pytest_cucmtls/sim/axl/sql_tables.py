"""The database tables a trunk checker queries, built from the state at the moment of the query.

Column names of `securityprofile`, `certificate` and its maps are those real clusters were seen to have; the others, and
the numbers of the type tables, are ASSUMED.
"""

from collections.abc import Callable
from functools import partial

from pytest_cucmtls.sim.axl.literals import LITERALS
from pytest_cucmtls.sim.axl.outbound import derived_uuid
from pytest_cucmtls.sim.axl.sql import Table
from pytest_cucmtls.sim.axl.sql_certificates import certificate_tables
from pytest_cucmtls.sim.database import Database, Row, repeated
from pytest_cucmtls.sim.state import ClusterState

Cell = str | int | None

TYPE_TABLES = {
    "typedevicesecuritymode": (1, LITERALS["XDeviceSecurityMode"]),
    "typetransport": (1, LITERALS["XTransport"]),
    "typesiptrunkcalllegsecurity": (0, LITERALS["XSIPTrunkCallLegSecurity"]),
    "typenodeusage": (0, LITERALS["XNodeUsage"]),
    "typeclass": (1, ("Phone", "Gateway", "Conference Bridge", "Media Termination Point", "Route List", "Trunk")),
    "typemodel": (1, ("SIP Trunk", "Route List", "Phone")),
    "typesecuritypolicy": (1, ("Phone", "SIP Trunk")),
}
"""table -> (number of the first literal, literals)."""


def tables(cluster: ClusterState, sql: str) -> dict[str, Table]:
    """The tables that a query mentions, by name."""
    text = sql.lower()
    found = {name: _type_table(first, names) for name, (first, names) in TYPE_TABLES.items()}
    found.update({name: build(cluster.database) for name, build in BUILDERS.items() if name in text})
    if "certificate" in text:
        found.update(certificate_tables(cluster))
    return {name: table for name, table in found.items() if name in text}


def pkid(row: Row) -> str:
    """A row's uuid as SQL has it: lower case without braces."""
    return str(row["uuid"]).strip("{}").lower()


def _type_table(first: int, names: tuple[str, ...]) -> Table:
    """Numbers and names of an enumeration."""
    return Table(("enum", "name", "moniker"), [(first + place, name, name.upper()) for place, name in enumerate(names)])


def _enum(table: str, name: object) -> int | None:
    """Number of a literal in its type table."""
    first, names = TYPE_TABLES[table]
    return first + names.index(str(name)) if name in names else None


def _bool(value: object) -> str:
    """Informix's boolean."""
    return "t" if value else "f"


def _fk(database: Database, kind: str, name: object) -> str | None:
    """pkid of a referenced row; None without a reference."""
    row = database.find(kind, name=name) if name else None
    return None if row is None else pkid(row)


def _named(database: Database, kind: str) -> Table:
    """pkid, name and description of an object kind."""
    rows = [(pkid(row), row.get("name", ""), row.get("description", "")) for row in database.rows(kind)]
    return Table(("pkid", "name", "description"), rows)


def _devices(database: Database) -> Table:
    """Trunks, route lists and phones."""
    columns = (
        "pkid",
        "name",
        "description",
        "tkclass",
        "tkmodel",
        "fkdevicepool",
        "fklocation",
        "fkcallingsearchspace",
        "fksecurityprofile",
        "fksipprofile",
        "srtpallowed",
    )
    rows: list[tuple[Cell, ...]] = []
    for kind, class_name, model in (
        ("sipTrunk", "Trunk", "SIP Trunk"),
        ("routeList", "Route List", "Route List"),
        ("phone", "Phone", "Phone"),
    ):
        for row in database.rows(kind):
            rows.append(_device(database, row, class_name, model))
    return Table(columns, rows)


def _device(database: Database, row: Row, class_name: str, model: str) -> tuple[Cell, ...]:
    """One row of `device`."""
    return (
        pkid(row),
        row.get("name", ""),
        row.get("description", ""),
        _enum("typeclass", class_name),
        _enum("typemodel", model),
        _fk(database, "devicePool", row.get("devicePoolName")),
        _fk(database, "location", row.get("locationName")),
        _fk(database, "css", row.get("callingSearchSpaceName")),
        _fk(database, "sipTrunkSecurityProfile", row.get("securityProfileName")),
        _fk(database, "sipProfile", row.get("sipProfileName")),
        _bool(row.get("srtpAllowed")),
    )


def _sip_devices(database: Database) -> Table:
    """SIP settings of trunks."""
    columns = (
        "pkid",
        "fkdevice",
        "tksiptrunkcalllegsecurity",
        "srtpallowed",
        "srtpfallbackallowed",
        "isanonymous",
        "destinationaddrissrv",
    )
    rows: list[tuple[Cell, ...]] = [
        (
            _derived("sipdevice", pkid(row)),
            pkid(row),
            _enum("typesiptrunkcalllegsecurity", row.get("trunkTrafficSecure", "When using both sRTP and TLS")),
            _bool(row.get("srtpAllowed")),
            _bool(row.get("srtpFallbackAllowed")),
            "f",
            _bool(row.get("destAddrIsSrv")),
        )
        for row in database.rows("sipTrunk")
    ]
    return Table(columns, rows)


def _destinations(database: Database) -> Table:
    """Destinations; they hang on `sipdevice`, as on a real cluster."""
    rows: list[tuple[Cell, ...]] = []
    for trunk in database.rows("sipTrunk"):
        for place, one in enumerate(repeated(trunk, "destinations"), 1):
            key = str(one.get("uuid") or derived_uuid("destination", f"{pkid(trunk)}/{place}")).strip("{}").lower()
            order = one.get("sortOrder", place)
            parent = _derived("sipdevice", pkid(trunk))
            rows.append((key, parent, one.get("addressIpv4", ""), one.get("addressIpv6", ""), one.get("port", 5060), order))
    return Table(("pkid", "fksipdevice", "address", "addressipv6", "port", "sortorder"), rows)


def _security_profiles(database: Database) -> Table:
    """SIP trunk security profiles under the columns recorded for `securityprofile`."""
    columns = (
        "pkid",
        "name",
        "description",
        "tkdevicesecuritymode",
        "tktransport",
        "tktransport_out",
        "tksecuritypolicy",
        "noncepolicytime",
        "incomingport",
        "applevelauth",
        "aclpresencesubscription",
        "acloodrefer",
        "aclunsolicitednotification",
        "x509subjectname",
        "aclallowreplace",
        "transmitsecuritystatus",
        "allowchargingheader",
    )
    return Table(columns, [_security_profile(row) for row in database.rows("sipTrunkSecurityProfile")])


def _security_profile(row: Row) -> tuple[Cell, ...]:
    """One row of `securityprofile`."""
    return (
        pkid(row),
        row.get("name", ""),
        row.get("description", ""),
        _enum("typedevicesecuritymode", row.get("securityMode", "Non Secure")),
        _enum("typetransport", row.get("incomingTransport", "TCP+UDP")),
        _enum("typetransport", row.get("outgoingTransport", "TCP")),
        _enum("typesecuritypolicy", "SIP Trunk"),
        row.get("noncePolicyTime", 600),
        row.get("incomingPort", 5060),
        _bool(row.get("applLevelAuthentication")),
        _bool(row.get("acceptPresenceSubscription")),
        _bool(row.get("acceptOutOfDialogRefer")),
        _bool(row.get("acceptUnsolicitedNotification")),
        row.get("x509SubjectName", ""),
        _bool(row.get("allowReplaceHeader")),
        _bool(row.get("transmitSecurityStatus")),
        _bool(row.get("allowChargingHeader")),
    )


def _process_nodes(database: Database) -> Table:
    """Nodes, the pseudo node included."""
    rows: list[tuple[Cell, ...]] = [
        (
            pkid(row),
            row.get("name", ""),
            row.get("description", ""),
            _enum("typenodeusage", row.get("nodeUsage", "Subscriber")),
            _bool(row.get("name") != "EnterpriseWideData"),
        )
        for row in database.rows("processNode")
    ]
    return Table(("pkid", "name", "description", "tknodeusage", "isactive"), rows)


def _number_plan(database: Database) -> Table:
    """Lines (usage 2) and route patterns (usage 5)."""
    rows: list[tuple[Cell, ...]] = []
    for kind, usage in (("line", 2), ("routePattern", 5)):
        for row in database.rows(kind):
            partition = _fk(database, "routePartition", row.get("routePartitionName"))
            rows.append(
                (pkid(row), row.get("pattern", ""), row.get("description", ""), usage, partition, _bool(row.get("blockEnable")))
            )
    return Table(("pkid", "dnorpattern", "description", "tkpatternusage", "fkroutepartition", "blockenable"), rows)


def _derived(kind: str, key: str) -> str:
    """A stable pkid for a row that has no object of its own."""
    return derived_uuid(kind, key).strip("{}").lower()


BUILDERS: dict[str, Callable[[Database], Table]] = {
    "device": _devices,
    "sipdevice": _sip_devices,
    "siptrunkdestination": _destinations,
    "securityprofile": _security_profiles,
    "processnode": _process_nodes,
    "numplan": _number_plan,
    "devicepool": partial(_named, kind="devicePool"),
    "location": partial(_named, kind="location"),
    "sipprofile": partial(_named, kind="sipProfile"),
    "routepartition": partial(_named, kind="routePartition"),
    "callingsearchspace": partial(_named, kind="css"),
    "callmanager": partial(_named, kind="callManager"),
}
