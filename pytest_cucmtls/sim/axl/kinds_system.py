"""The elements of nodes, call managers and the other objects that trunks and phones refer to."""

from pytest_cucmtls.sim.axl.fields import Field, choice, flag, group, link, number, text
from pytest_cucmtls.sim.axl.kinds import FIVE, ObjectKind, always

PROCESS_NODE = ObjectKind(
    "processNode",
    "ProcessNode",
    (
        text("name", 255, required=True),
        text("description", 50),
        text("mac"),
        text("ipv6Name"),
        choice("nodeUsage", "XNodeUsage", unset="Subscriber", absent="add update"),
        link("lbmHubGroup"),
        choice("processNodeRole", "XProcessNodeRole", unset="CUCM Voice/Video", since="10.0"),
        text("cupDomain", since="10.0", absent="add update list"),
    ),
    always("get", "list"),
    searches=("name", "description", "processNodeRole"),
)

CALL_MANAGER = ObjectKind(
    "callManager",
    "CallManager",
    (
        text("name", 50),
        text("description", 50),
        group(
            "autoRegistration",
            text("startDn", 255, unset="1000"),
            text("endDn", 255, unset="1000"),
            text("nextDn", 255, unset="1000"),
            link("routePartitionName", "routePartition"),
            text("e164Mask", 50),
            flag("autoRegistrationEnabled", False, since="10.0"),
            link("universalDeviceTemplate", since="10.0"),
            link("lineTemplate", since="10.0"),
        ),
        group(
            "ports",
            number("ethernetPhonePort", 2000),
            group("mgcpPorts", number("listen", 2427), number("keepAlive", 2428)),
            group(
                "sipPorts",
                number("sipPhonePort", 5060),
                number("sipPhoneSecurePort", 5061),
                number("sipOAuthPort", 5090, since="12.5"),
                number("sipOAuthMRAPort", 5091, since="12.5"),
            ),
            absent="list",
        ),
        link("processNodeName", "processNode"),
        link("lbmGroup"),
    ),
    always("get", "list"),
    searches=("name", "description"),
)

CALL_MANAGER_GROUP = ObjectKind(
    "callManagerGroup",
    "CallManagerGroup",
    (
        text("name", 50, required=True),
        flag("tftpDefault"),
        group(
            "members",
            group(
                "member",
                link("callManagerName", "callManager", required=True, nillable=False),
                number("priority", required=True),
                required=True,
                at_most=0,
            ),
            required=True,
            absent="list",
        ),
    ),
    always(*FIVE),
)

_NUMBER_TYPES = ("National", "International", "Unknown", "Subscriber")


def _by_number_type(party: str) -> tuple[Field, ...]:
    """Prefix, digits to strip and transformation of one party's numbers, each for every type of number."""
    return (
        *(text(f"{party}{kind}Prefix", 16, unset="Default") for kind in _NUMBER_TYPES),
        *((link("adjunctCallingSearchSpace", "css"),) if party == "callingParty" else ()),
        *(number(f"{party}{kind}StripDigits", nillable=True) for kind in _NUMBER_TYPES),
        *(link(f"{party}{kind}TransformationCssName", "css") for kind in _NUMBER_TYPES),
    )


DEVICE_POOL = ObjectKind(
    "devicePool",
    "DevicePool",
    (
        text("name", 50, required=True),
        link("autoSearchSpaceName", "css"),
        link("dateTimeSettingName", required=True, nillable=False, unset="CMLocal"),
        link("callManagerGroupName", "callManagerGroup", required=True, nillable=False, unset="Default"),
        link("mediaResourceListName"),
        link("regionName", required=True, nillable=False, unset="Default"),
        choice("networkLocale", "XCountry", nillable=True),
        link("srstName", required=True, nillable=False, unset="Disable"),
        number("connectionMonitorDuration", -1),
        link("automatedAlternateRoutingCssName", "css"),
        link("aarNeighborhoodName", required=True),
        link("locationName", "location"),
        link("mobilityCssName", "css"),
        link("physicalLocationName"),
        link("deviceMobilityGroupName"),
        choice("revertPriority", "XRevertPriority", "Default"),
        choice("singleButtonBarge", "XBarge", "Default"),
        choice("joinAcrossLines", "XStatus", "Default"),
        link("cgpnTransformationCssName", "css"),
        link("cdpnTransformationCssName", "css"),
        link("localRouteGroupName", until="9.1"),
        link("localRouteGroupName", nillable=False, since="10.0"),
        link("geoLocationName"),
        link("geoLocationFilterName"),
        *_by_number_type("callingParty"),
        *_by_number_type("calledParty"),
        link("imeEnrolledPatternGroupName"),
        link("cntdPnTransformationCssName", "css", absent="list"),
        group("localRouteGroup", text("name", nillable=True), text("value"), since="10.0", at_most=0),
        link("redirectingPartyTransformationCSS", "css", absent="list", since="10.0"),
        link("callingPartyTransformationCSS", "css", absent="list", since="10.0"),
        link("wirelessLanProfileGroup", absent="list", since="10.0"),
        link("elinGroup", absent="list", since="11.0"),
        link("mraServiceDomain", since="12.5"),
    ),
    always(*FIVE),
    searches=("name", "callManagerGroupName", "regionName"),
)

LOCATION = ObjectKind(
    "location",
    "Location",
    (
        text("name", 50, required=True),
        number("id", absent="add update"),
        number("kbits", until="9.1"),
        number("videoKbits", until="9.1"),
        group(
            "relatedLocations",
            group("relatedLocation", link("locationName", "location"), text("rsvpSetting"), at_most=0),
            absent="list",
        ),
        number("withinAudioBandwidth", 0),
        number("withinVideoBandwidth", 0),
        number("withinImmersiveKbits", 0),
        group(
            "betweenLocations",
            group(
                "betweenLocation",
                link("locationName", "location"),
                number("weight"),
                number("audioBandwidth"),
                number("videoBandwidth"),
                number("immersiveBandwidth"),
                at_most=0,
            ),
            absent="list",
        ),
    ),
    always("get", "list"),
)

PRESENCE_GROUP = ObjectKind(
    "presenceGroup",
    "PresenceGroup",
    (
        text("name", required=True),
        text("description"),
        group(
            "presenceGroups",
            group("presenceGroup", link("presenceGroupName", "presenceGroup"), text("subscriptionPermission"), at_most=0),
            absent="list",
        ),
    ),
    always("get", "list"),
    searches=("name", "description"),
)

SERVICE_PARAMETER = ObjectKind(
    "serviceParameter",
    "ServiceParameter",
    (
        link("processNodeName", "processNode", nillable=False, absent="update"),
        text("name", absent="update"),
        text("service", absent="update"),
        text("value", nillable=True),
        choice("valueType", "XParam", absent="add update"),
    ),
    (*always("get", "update"), ("list", "9.1")),
    searches=("processNodeName", "service"),
    identity=("processNodeName", "name", "service"),
)

KINDS = (PROCESS_NODE, CALL_MANAGER, CALL_MANAGER_GROUP, DEVICE_POOL, LOCATION, PRESENCE_GROUP, SERVICE_PARAMETER)
