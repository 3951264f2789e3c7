"""The checks CUCM's database makes on trunks, profiles and the route plan.

Texts: XDbErrors of the 9.1 schema and the Security Guide, as far as the reference quotes them.
Each raises AxlFault -746 with the rule's text. Wording not quoted by the reference is ASSUMED.
"""

import re
from collections.abc import Callable

from pytest_cucmtls.sim.axl.calls import AxlCall
from pytest_cucmtls.sim.axl.faults import AxlFault, rule_violated
from pytest_cucmtls.sim.database import Database, Row, repeated

_PATTERN = re.compile(r"[\]0-9A-D*#X\[^+?.@!\\-]{1,50}")
_CSS_NAME = re.compile(r"[a-zA-Z 0-9._-]{1,50}")
_PARTITION_NAME = re.compile(r"[a-zA-Z 0-9_-]{1,50}")
_PROFILE_NAME = re.compile(r"[a-zA-Z 0-9._-]{1,75}")
_DESCRIPTION = re.compile(r'[^\x00-\x1F"%\\&<>]{0,100}')
_SUBJECT_NAME = re.compile(r'[^"%&\\<>]{0,4096}')
_SEPARATORS = re.compile(r"[\s,;:]+")
MOST_DESTINATIONS = 16

Rule = Callable[[AxlCall, Row, Row | None], None]


def check_row(call: AxlCall, kind: str, row: Row, present: Row | None) -> None:
    """Run a kind's rules on a row about to be written; `present` is the row an update replaces. Raises: AxlFault."""
    for rule in RULES.get(kind, ()):
        rule(call, row, present)


def profile_texts(_call: AxlCall, row: Row, _present: Row | None) -> None:
    """Characters of a profile's name, description and subject name."""
    _matches(_PROFILE_NAME, row, "name")
    _matches(_DESCRIPTION, row, "description")
    _matches(_SUBJECT_NAME, row, "x509SubjectName")


def profile_transports(_call: AxlCall, row: Row, _present: Row | None) -> None:
    """Secure modes speak TLS both ways, Non Secure never does."""
    secure = row.get("securityMode") in ("Authenticated", "Encrypted")
    if not row.get("outgoingTransport"):
        row["outgoingTransport"] = "TLS" if secure else "TCP"
    if row.get("incomingTransport") not in ("TLS", "TCP+UDP"):
        raise rule_violated("Trunk Security Profiles Incoming Transport Type must use TLS or TCP+UDP")
    if row["outgoingTransport"] not in ("TCP", "UDP", "TLS"):
        raise rule_violated("Trunk Security Profiles Outgoing Transport Type must use TCP or UDP or TLS")
    if secure and (row["incomingTransport"], row["outgoingTransport"]) != ("TLS", "TLS"):
        raise rule_violated("Transport Type must be TLS when Device Security Mode is Authenticated or Encrypted")
    if not secure and "TLS" in (row["incomingTransport"], row["outgoingTransport"]):
        raise rule_violated("Transport Type must not be TLS when Device Security Mode is Non Secure")


def profile_port(call: AxlCall, row: Row, present: Row | None) -> None:
    """TLS and UDP/TCP never share a port, neither with another profile nor with the CallManager's own ports."""
    port, tls = row.get("incomingPort"), row.get("incomingTransport") == "TLS"
    if not isinstance(port, int) or not 0 <= port <= 65535:
        raise rule_violated("Incoming Port must be between 0 and 65535")
    plain_port, secure_port = _call_manager_ports(call.database)
    if tls and port == plain_port:
        raise rule_violated("Incoming Port must not equal the CallManager SIP port if Incoming Transport Type is TLS")
    if not tls and port == secure_port:
        raise rule_violated("Incoming Port must not equal the CallManager SIP secure port if Incoming Transport Type is TCP+UDP")
    for other in call.database.rows("sipTrunkSecurityProfile"):
        same_port = other is not present and other.get("incomingPort", 5060) == port
        if same_port and (other.get("incomingTransport", "TCP+UDP") == "TLS") != tls:
            raise rule_violated("TLS and UDP/TCP ports cannot be shared")


def profile_subject(call: AxlCall, row: Row, present: Row | None) -> None:
    """The same subject name with the same incoming port in two profiles would leave inbound calls undecided."""
    names = _subject_names(row)
    for other in call.database.rows("sipTrunkSecurityProfile"):
        if other is not present and other.get("incomingPort") == row.get("incomingPort") and names & _subject_names(other):
            raise rule_violated("The same X.509 Subject Name and Incoming Port are used by another SIP Trunk Security Profile")


def profile_with_srtp_trunk(call: AxlCall, row: Row, present: Row | None) -> None:
    """Under a trunk with SRTP a profile stays Encrypted, and never becomes Authenticated."""
    if present is None or row.get("securityMode") in ("Encrypted", present.get("securityMode")):
        return
    if any(
        trunk.get("srtpAllowed") and trunk.get("securityProfileName") == present["name"]
        for trunk in call.database.rows("sipTrunk")
    ):
        raise rule_violated(
            "The Security Profile must be Encrypted and TLS because another device is using this profile which has SRTP enabled."
        )


def trunk_texts(_call: AxlCall, row: Row, _present: Row | None) -> None:
    """A trunk's name and what it cannot be without."""
    if not row.get("name"):
        raise AxlFault(-391, "Cannot insert a null into column (device.name).")
    for name, column in (("devicePoolName", "fkdevicepool"), ("sipProfileName", "fksipprofile")):
        if not row.get(name):
            raise AxlFault(-391, f"Cannot insert a null into column (device.{column}).")
    if not row.get("securityProfileName"):
        raise rule_violated("A security profile is required for this device type")


def trunk_srtp(call: AxlCall, row: Row, _present: Row | None) -> None:
    """SRTP keys travel in the signalling, so Authenticated (NULL cipher) is refused."""
    profile = call.database.find("sipTrunkSecurityProfile", name=row.get("securityProfileName"))
    if row.get("srtpAllowed") and profile is not None and profile.get("securityMode") == "Authenticated":
        raise rule_violated("sRTP cannot be used on a SIP trunk with Security Mode of Authenticated.")


def trunk_destinations(_call: AxlCall, row: Row, _present: Row | None) -> None:
    """At least one and at most 16 destinations, all different; one only when it is an SRV name (port 0)."""
    destinations = repeated(row, "destinations")
    if row.get("destinationAddress") and not destinations:
        port = row.get("destinationport") or 5060
        destinations = [{"addressIpv4": row["destinationAddress"], "addressIpv6": "", "port": port, "sortOrder": 1}]
        row["destinations"] = {"destination": destinations}
    if not destinations:
        raise rule_violated("At least one destination is required")
    if len(destinations) > MOST_DESTINATIONS:
        raise rule_violated("A SIP trunk cannot have more than 16 destinations")
    keys = [(one.get("addressIpv4"), one.get("addressIpv6"), one.get("port")) for one in destinations]
    if len(set(keys)) != len(keys):
        raise rule_violated("Destinations must be unique")
    if any(not one[0] and not one[1] for one in keys):
        raise rule_violated("A destination needs an address")
    if len(keys) > 1 and (row.get("destAddrIsSrv") or any(one[2] == 0 for one in keys)):
        raise rule_violated("Only one destination is allowed when it is an SRV address")
    if any(not isinstance(one[2], int) or not 0 <= one[2] <= 65535 for one in keys):
        raise rule_violated("Destination Port must be between 0 and 65535")


def pattern_text(_call: AxlCall, row: Row, _present: Row | None) -> None:
    """A route pattern's characters."""
    if not row.get("pattern"):
        raise rule_violated("The pattern must not be empty")
    _matches(_PATTERN, row, "pattern")


def pattern_destination(call: AxlCall, row: Row, present: Row | None) -> None:
    """A pattern leads to a trunk or a route list, and not to a trunk that is in a route group."""
    destination = row.get("destination") or {}
    if not destination.get("gatewayName") and not destination.get("routeListName"):
        raise rule_violated("A gateway or a route list is required")
    members = {one.get("deviceName") for group in call.database.rows("routeGroup") for one in repeated(group, "members")}
    unchanged = present is not None and present.get("destination") == destination
    if destination.get("gatewayName") in members and not unchanged:
        raise rule_violated("The device is already a member of a route group")


def group_members(call: AxlCall, row: Row, present: Row | None) -> None:
    """A trunk is in one route group, and in none while a route pattern leads to it."""
    mine = [one.get("deviceName") for one in repeated(row, "members")]
    if not mine:
        raise rule_violated("A route group needs at least one member")
    for other in call.database.rows("routeGroup"):
        if other is not present and {one.get("deviceName") for one in repeated(other, "members")} & set(mine):
            raise rule_violated("The device is already a member of a route group")
    if len(set(mine)) != len(mine):
        raise rule_violated("The device is already a member of a route group")
    if any((pattern.get("destination") or {}).get("gatewayName") in mine for pattern in call.database.rows("routePattern")):
        raise rule_violated("The device is already associated with a route pattern")


def css_name(_call: AxlCall, row: Row, _present: Row | None) -> None:
    """A calling search space's characters."""
    _matches(_CSS_NAME, row, "name")


def partition_name(_call: AxlCall, row: Row, _present: Row | None) -> None:
    """A partition's characters."""
    _matches(_PARTITION_NAME, row, "name")


RULES: dict[str, tuple[Rule, ...]] = {
    "sipTrunkSecurityProfile": (
        profile_texts,
        profile_transports,
        profile_port,
        profile_subject,
        profile_with_srtp_trunk,
    ),
    "sipTrunk": (trunk_texts, trunk_srtp, trunk_destinations),
    "routePattern": (pattern_text, pattern_destination),
    "routeGroup": (group_members,),
    "css": (css_name,),
    "routePartition": (partition_name,),
}


def _matches(allowed: re.Pattern[str], row: Row, name: str) -> None:
    """Raises: AxlFault (ASSUMED wording) when a text has characters the database refuses."""
    value = row.get(name) or ""
    if not allowed.fullmatch(value):
        raise rule_violated(f"Invalid characters in {name}. It must match ^{allowed.pattern}$")


def _subject_names(row: Row) -> set[str]:
    """A profile's subject names."""
    return {name.lower() for name in _SEPARATORS.split(row.get("x509SubjectName") or "") if name}


def _call_manager_ports(database: Database) -> tuple[int, int]:
    """(SIP port, SIP secure port) of the CallManager."""
    row = next(iter(database.rows("callManager")), {})
    ports = (row.get("ports") or {}).get("sipPorts") or {}
    return int(ports.get("sipPhonePort", 5060)), int(ports.get("sipPhoneSecurePort", 5061))
