"""Object kinds that AXL has and the simulator does not configure: lists of them are empty, and nothing of theirs is found.

Inventories and health checks ask for them beside trunks; "no such operation" would be wrong, for the operation exists. End users
and application users are those the cluster knows. Their writing operations are refused.
"""

from collections.abc import Awaitable, Callable

from lxml import etree

from pytest_cucmtls.sim.axl.calls import AxlCall
from pytest_cucmtls.sim.axl.faults import AxlFault, item_not_valid
from pytest_cucmtls.sim.axl.lookups import like, wanted_tags
from pytest_cucmtls.sim.axl.outbound import Wanted, derived_uuid
from pytest_cucmtls.sim.axl.requests import Element, children, content, local_name
from pytest_cucmtls.sim.database import Row

_NAMES = """
AarGroup Announcement AppServer AppUser CallPark CallPickupGroup CallingPartyTransformationPattern
CalledPartyTransformationPattern CmcInfo CommonDeviceConfig CommonPhoneConfig ConferenceBridge ConferenceNow
CredentialPolicy CtiRoutePoint DateTimeGroup DeviceDefaults DeviceMobility DeviceProfile DirectedCallPark FacInfo
FeatureControlPolicy FeatureGroupTemplate Gateway GeoLocation GeoLocationFilter H323Gateway H323Trunk HuntList HuntPilot
IpPhoneServices LdapDirectory LdapFilter LineGroup MediaResourceGroup MediaResourceList MeetMe MohAudioSource Mtp
PhoneButtonTemplate PhoneNtp PhoneSecurityProfile PhysicalLocation RecordingProfile Region RemoteDestination
RemoteDestinationProfile ResourcePriorityNamespace RouteFilter ServiceProfile SipRealm SipRoutePattern SoftKeyTemplate
Srst TimePeriod TimeSchedule TransPattern Transcoder UcService User UserGroup VoiceMailPilot VoiceMailPort
VoiceMailProfile
"""
TYPE_NAMES = frozenset(_NAMES.split())
_USERS = {"User": "end-user", "AppUser": "axl"}
_VERBS = ("list", "get", "add", "update", "remove")
Handler = Callable[[AxlCall], Awaitable[Element]]


def elsewhere(operation: str) -> tuple[bool, Handler] | None:
    """Whether an operation of such a kind writes, and what answers it; None for every other operation."""
    verb = next((verb for verb in _VERBS if operation.removeprefix(verb) in TYPE_NAMES and operation.startswith(verb)), None)
    if verb is None:
        return None
    type_name = operation.removeprefix(verb)

    async def handle(call: AxlCall) -> Element:
        if verb == "list":
            return _listed(call, type_name)
        if verb == "get":
            return _found(call, type_name)
        raise AxlFault(-1, f"{operation} is not simulated on {call.cluster.name}")

    return verb not in ("list", "get"), handle


def _rows(call: AxlCall, type_name: str) -> list[Row]:
    """The users of a kind; nothing of every other kind."""
    role = _USERS.get(type_name)
    names = [account.user for account in call.cluster.accounts if role in account.roles]
    known = {name: call.database.find("user", userid=name) or {} for name in dict.fromkeys(names)}
    return [{"uuid": derived_uuid("user", name), "userid": name, **row} for name, row in known.items()]


def _listed(call: AxlCall, type_name: str) -> Element:
    asked = call.argument("returnedTags")
    criteria = [(local_name(one), like(content(one))) for one in children(call.argument("searchCriteria")) if content(one)]
    result = etree.Element("return")
    for row in _rows(call, type_name):
        if all(pattern.fullmatch(str(row.get(name) or "")) for name, pattern in criteria):
            _write(result, type_name, row, Wanted({}) if asked is None else wanted_tags(asked))
    return result


def _found(call: AxlCall, type_name: str) -> Element:
    """Raises: AxlFault 5007."""
    asked, name = call.argument("returnedTags"), call.text("userid")
    row = next((row for row in _rows(call, type_name) if row["userid"] == name), None)
    if row is None:
        raise item_not_valid(type_name)
    wanted = Wanted({tag: Wanted({}) for tag in ("firstName", "lastName", "userid")}) if asked is None else wanted_tags(asked)
    result = etree.Element("return")
    _write(result, type_name, row, wanted)
    return result


def _write(parent: Element, type_name: str, row: Row, wanted: Wanted) -> None:
    """The tags asked for, empty where the cluster keeps nothing of that name."""
    element = etree.SubElement(parent, type_name[0].lower() + type_name[1:])
    element.set("uuid", str(row["uuid"]))
    for name in wanted.tags:
        value = row.get(name)
        etree.SubElement(element, name).text = value if isinstance(value, str) and value else None
