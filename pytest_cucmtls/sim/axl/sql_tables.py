"""The database tables a trunk checker queries, built from the state at the moment of the query.

Column names of `securityprofile`, `device`, `sipdevice`, `siptrunkdestination`, `sipprofile` and of the maps are those of
queries written for real clusters, as far as such queries use them; the rest is ASSUMED.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pytest_cucmtls.sim.axl.catalogue import OBJECT_KINDS
from pytest_cucmtls.sim.axl.outbound import derived_uuid
from pytest_cucmtls.sim.axl.sql import Table
from pytest_cucmtls.sim.axl.sql_accounts import account_tables, trace_tables
from pytest_cucmtls.sim.axl.sql_certificates import certificate_tables
from pytest_cucmtls.sim.axl.sql_dictionary import DICTIONARY, catalogue, completed
from pytest_cucmtls.sim.axl.sql_types import TYPES, number_of, type_tables
from pytest_cucmtls.sim.database import Database, Row, repeated
from pytest_cucmtls.sim.state import NodeState

Cell = str | int | None
Reading = Callable[[Database, str, Row], Cell]


@dataclass(frozen=True, slots=True)
class Column:
    """A column and how its cell is found from (database, object kind, row)."""

    name: str
    read: Reading


def tables(node: NodeState, sql: str) -> dict[str, Table]:
    """The tables that a query mentions, by name, as the node has them."""
    text = sql.lower()
    if "systables" in text or "syscolumns" in text:
        everything = _all_tables(node, " ".join((*BUILDERS, *DICTIONARY, *TYPES, *_OTHERS)))
        return {**_all_tables(node, text), **catalogue({name: table.columns for name, table in everything.items()})}
    return _all_tables(node, text)


def _all_tables(node: NodeState, text: str) -> dict[str, Table]:
    """Every table whose name is part of the text."""
    cluster = node.cluster
    found = {name: table for name, table in type_tables().items() if name in text}
    found.update({name: build(node.database) for name, build in BUILDERS.items() if name in text})
    accounts_and_traces = {**account_tables(cluster), **trace_tables(cluster)}
    found.update({name: table for name, table in accounts_and_traces.items() if name in text})
    if "certificate" in text:
        found.update({name: table for name, table in certificate_tables(cluster).items() if name in text})
    known = {name: completed(name, found.get(name)) for name in DICTIONARY if name in text}
    return {**found, **known}


def pkid(row: Row) -> str:
    """A row's uuid as SQL has it: lower case without braces."""
    return str(row["uuid"]).strip("{}").lower()


def _value(kind: str, row: Row, key: str) -> object:
    """A row's value, or what CUCM keeps when it was never sent."""
    if key in row:
        return row[key]
    return next((field.unset for field in OBJECT_KINDS[kind].fields if field.name == key), None)


def _plain(name: str, key: str) -> Column:
    """Text or number as it is."""

    def read(_database: Database, kind: str, row: Row) -> Cell:
        value = _value(kind, row, key)
        return value if isinstance(value, str | int) else None

    return Column(name, read)


def _bool(name: str, key: str) -> Column:
    """Informix's t and f."""
    return Column(name, lambda _database, kind, row: "t" if _value(kind, row, key) not in (False, None, "", "f") else "f")


def _enum(name: str, table: str, key: str) -> Column:
    """A literal as its number."""
    return Column(name, lambda _database, kind, row: number_of(table, _value(kind, row, key)))


def _constant(name: str, value: Cell) -> Column:
    """The same in every row."""
    return Column(name, lambda _database, _kind, _row: value)


def _model(name: str, otherwise: str) -> Column:
    """The number of a phone's product; of another device's only model."""

    def read(_database: Database, kind: str, row: Row) -> Cell:
        found = number_of("typemodel", row.get("product")) if kind == "phone" else None
        return number_of("typemodel", otherwise) if found is None else found

    return Column(name, read)


def _fk(name: str, target: str, key: str) -> Column:
    """pkid of the referenced object; NULL without one."""
    return Column(name, lambda database, kind, row: _pkid_of(database, target, _value(kind, row, key)))


def _derived(name: str, table: str) -> Column:
    """A stable pkid of a row that has no object of its own."""
    return Column(name, lambda _database, _kind, row: derived_key(table, pkid(row)))


def _pkid_of(database: Database, kind: str, name: object) -> str | None:
    row = database.find(kind, name=name) if name else None
    return None if row is None else pkid(row)


def derived_key(table: str, key: str) -> str:
    """The same pkid for the same thing every time."""
    return derived_uuid(table, key).strip("{}").lower()


PKID = Column("pkid", lambda _database, _kind, row: pkid(row))
NAMED = (PKID, _plain("name", "name"), _plain("description", "description"))

_DEVICE = (
    *NAMED,
    _fk("fkdevicepool", "devicePool", "devicePoolName"),
    _fk("fklocation", "location", "locationName"),
    _fk("fkcallingsearchspace", "css", "callingSearchSpaceName"),
    _fk("fksecurityprofile", "sipTrunkSecurityProfile", "securityProfileName"),
    _fk("fksipprofile", "sipProfile", "sipProfileName"),
    _bool("mtprequired", "mtpRequired"),
    _bool("retryvideocallasaudio", "retryVideoCallAsAudio"),
    _bool("srtpallowed", "srtpAllowed"),
    _bool("pstnaccess", "pstnAccess"),
    _bool("runonallnodes", "runOnEveryNode"),
    _enum("tkstatus_usetrustedrelaypoint", "typestatus", "useTrustedRelayPoint"),
    _enum("tkdtmfsignaling", "typedtmfsignaling", "dtmfSignalingMethod"),
)
_DEVICE_KINDS = (
    ("sipTrunk", "Trunk", "SIP Trunk", "SIP"),
    ("routeList", "Route List", "Route List", "Route Point"),
    ("phone", "Phone", "Cisco 8845", "SIP"),
)

_SIP_DEVICE = (
    _derived("pkid", "sipdevice"),
    Column("fkdevice", lambda _database, _kind, row: pkid(row)),
    _enum("tksiptrunkcalllegsecurity", "typesiptrunkcalllegsecurity", "trunkTrafficSecure"),
    _enum("tktunneledprotocol", "typetunneledprotocol", "tunneledProtocol"),
    _enum("tkqsigvariant", "typeqsigvariant", "qsigVariant"),
    _bool("srtpfallbackallowed", "srtpFallbackAllowed"),
    _bool("destaddrissrv", "destAddrIsSrv"),
    _constant("fksipnormalizationscript", None),
)

_SECURITY_PROFILE = (
    *NAMED,
    _enum("tkdevicesecuritymode", "typedevicesecuritymode", "securityMode"),
    _enum("tktransport", "typetransport", "incomingTransport"),
    _enum("tktransport_out", "typetransport", "outgoingTransport"),
    _constant("tksecuritypolicy", number_of("typesecuritypolicy", "SIP Trunk")),
    _plain("noncepolicytime", "noncePolicyTime"),
    _plain("incomingport", "incomingPort"),
    _bool("applevelauth", "applLevelAuthentication"),
    _bool("aclpresencesubscription", "acceptPresenceSubscription"),
    _bool("acloodrefer", "acceptOutOfDialogRefer"),
    _bool("aclunsolicitednotification", "acceptUnsolicitedNotification"),
    _plain("x509subjectname", "x509SubjectName"),
    _bool("aclallowreplace", "allowReplaceHeader"),
    _bool("transmitsecuritystatus", "transmitSecurityStatus"),
    _bool("allowchargingheader", "allowChargingHeader"),
)

_SIP_PROFILE = (
    *NAMED,
    _bool("zzredirectbyapp", "redirectByApplication"),
    _bool("ringing180", "ringing180"),
    _bool("enableurioutdialsupport", "enableUriOutdialSupport"),
    _enum("tkstatus_handlingofreceivedoffercodecpreferences", "typestatus", "acceptAudioCodecPreferences"),
    _bool("inactivesdprequired", "inactiveSDPRequired"),
    _bool("sendrecvsdpinmidcallinvite", "sendRecvSDPInMidCallInvite"),
    _enum("tksiprel1xxoptions", "typesiprel1xxoptions", "sipRe11XxEnabled"),
    _enum("tksipsessionrefreshmethod", "typesipsessionrefreshmethod", "sipSessionRefreshMethod"),
    _enum("tkeosuppvoicecall", "typeeosuppvoicecall", "earlyOfferSuppVoiceCall"),
    _bool("enableoutboundoptionsping", "enableOutboundOptionsPing"),
    _bool("allowpresentationsharingusingbfcp", "allowPresentationSharingUsingBfcp"),
    _bool("allowixchannel", "allowiXApplicationMedia"),
    _bool("allowmultiplecodecsinanswersdp", "allowMultipleCodecs"),
    _constant("fksipnormalizationscript", None),
    _constant("fksdpattributelist", None),
)

_PROCESS_NODE = (
    *NAMED,
    _enum("tknodeusage", "typenodeusage", "nodeUsage"),
    Column("isactive", lambda _database, _kind, row: "f" if row.get("name") == "EnterpriseWideData" else "t"),
)

_NUMBER = (
    PKID,
    _plain("dnorpattern", "pattern"),
    _plain("description", "description"),
    _enum("tkpatternusage", "typepatternusage", "usage"),
    _fk("fkroutepartition", "routePartition", "routePartitionName"),
    _bool("blockenable", "blockEnable"),
)


def _of(kinds: Iterable[str], columns: tuple[Column, ...]) -> Callable[[Database], Table]:
    """A table with one row per object of the kinds."""

    def build(database: Database) -> Table:
        rows = [tuple(column.read(database, kind, row) for column in columns) for kind in kinds for row in database.rows(kind)]
        return Table(tuple(column.name for column in columns), rows)

    return build


def _devices(database: Database) -> Table:
    """Trunks, route lists and phones with their class, model and protocol."""
    parts = []
    for kind, class_name, model, protocol in _DEVICE_KINDS:
        columns = (
            *_DEVICE,
            _constant("tkclass", number_of("typeclass", class_name)),
            _model("tkmodel", model),
            _model("tkproduct", model),
            _constant("tkdeviceprotocol", number_of("typedeviceprotocol", protocol)),
        )
        parts.append(_of((kind,), columns)(database))
    return Table(parts[0].columns, [row for part in parts for row in part.rows])


def _destinations(database: Database) -> Table:
    """Destinations; they hang on `sipdevice`, as on a real cluster."""
    rows: list[tuple[Cell, ...]] = []
    for trunk in database.rows("sipTrunk"):
        parent = derived_key("sipdevice", pkid(trunk))
        for place, one in enumerate(repeated(trunk, "destinations"), 1):
            key = str(one.get("uuid") or derived_uuid("destination", f"{pkid(trunk)}/{place}")).strip("{}").lower()
            address = (one.get("addressIpv4", ""), one.get("addressIpv6", ""), one.get("port", 5060))
            rows.append((key, parent, *address, one.get("sortOrder", place)))
    return Table(("pkid", "fksipdevice", "address", "addressipv6", "port", "sortorder"), rows)


def _device_numbers(database: Database) -> Table:
    """Which device a number belongs to, or a route pattern leads to."""
    rows: list[tuple[Cell, ...]] = []
    for pattern in database.rows("routePattern"):
        destination = pattern.get("destination") or {}
        for kind, key in (("sipTrunk", "gatewayName"), ("routeList", "routeListName")):
            found = _pkid_of(database, kind, destination.get(key))
            if found is not None:
                rows.append((derived_key("devicenumplanmap", pkid(pattern) + found), found, pkid(pattern), 0))
    for phone in database.rows("phone"):
        for place, line in enumerate(repeated(phone, "lines"), 1):
            dirn = line.get("dirn") or {}
            number_key = {name: dirn.get(name) or "" for name in ("pattern", "routePartitionName")}
            number = database.find("line", **number_key)
            if number is not None:
                rows.append((derived_key("devicenumplanmap", pkid(phone) + pkid(number)), pkid(phone), pkid(number), place))
    return Table(("pkid", "fkdevice", "fknumplan", "numplanindex"), rows)


_ROUTE_LIST_COLUMNS = ("pkid", "fkdevice", "fkroutegroup", "selectionorder")
_ROUTE_GROUP_COLUMNS = ("pkid", "fkroutegroup", "fkdevice", "deviceselectionorder")
_GROUP_COLUMNS = ("pkid", "fkcallmanagergroup", "fkcallmanager", "priority")
_CSS_COLUMNS = ("pkid", "fkcallingsearchspace", "fkroutepartition", "sortorder")


def _members(kind: str, columns: tuple[str, ...], target: str, key: str, order: str) -> Callable[[Database], Table]:
    """A table with one row per member of a group or list."""

    def build(database: Database) -> Table:
        rows: list[tuple[Cell, ...]] = []
        for parent in database.rows(kind):
            for member in repeated(parent, "members"):
                found = _pkid_of(database, target, member.get(key))
                rows.append((derived_key(kind, f"{pkid(parent)}{found}"), pkid(parent), found, member.get(order)))
        return Table(columns, rows)

    return build


_OTHERS = (
    "certificateprocessnodemap",
    "dirgroup",
    "functionrole",
    "functionroledirgroupmap",
    "applicationuserdirgroupmap",
    "enduserdirgroupmap",
    "certificateservicecertificatemap",
    "typeservice",
)
"""Tables of other modules that neither the dictionary nor a longer name of it mentions."""

BUILDERS: dict[str, Callable[[Database], Table]] = {
    "device": _devices,
    "sipdevice": _of(("sipTrunk",), _SIP_DEVICE),
    "siptrunkdestination": _destinations,
    "securityprofile": _of(("sipTrunkSecurityProfile",), _SECURITY_PROFILE),
    "sipprofile": _of(("sipProfile",), _SIP_PROFILE),
    "processnode": _of(("processNode",), _PROCESS_NODE),
    "numplan": _of(("line", "routePattern"), _NUMBER),
    "devicenumplanmap": _device_numbers,
    "routegroup": _of(("routeGroup",), NAMED),
    "routelist": _members("routeList", _ROUTE_LIST_COLUMNS, "routeGroup", "routeGroupName", "selectionOrder"),
    "routegroupdevicemap": _members("routeGroup", _ROUTE_GROUP_COLUMNS, "sipTrunk", "deviceName", "deviceSelectionOrder"),
    "callingsearchspacemember": _members("css", _CSS_COLUMNS, "routePartition", "routePartitionName", "index"),
    "devicepool": _of(("devicePool",), (*NAMED, _fk("fkcallmanagergroup", "callManagerGroup", "callManagerGroupName"))),
    "location": _of(("location",), NAMED),
    "routepartition": _of(("routePartition",), NAMED),
    "callingsearchspace": _of(("css",), NAMED),
    "callmanager": _of(("callManager",), (*NAMED, _fk("fkprocessnode", "processNode", "processNodeName"))),
    "callmanagergroup": _of(("callManagerGroup",), (PKID, _plain("name", "name"), _bool("tftpdefault", "tftpDefault"))),
    "callmanagergroupmember": _members("callManagerGroup", _GROUP_COLUMNS, "callManager", "callManagerName", "priority"),
    "sipnormalizationscript": _of((), NAMED),
    "sdpattributelist": _of((), NAMED),
}
