"""The elements of the route plan: route patterns, groups, lists, partitions and calling search spaces."""

from pytest_cucmtls.sim.axl.fields import Field, choice, flag, group, link, number, text
from pytest_cucmtls.sim.axl.kinds import FIVE, ObjectKind, always, since

_NUMBERING = (
    choice("callingPartyNumberingPlan", "XNumberingPlan", "Cisco CallManager"),
    choice("callingPartyNumberType", "XPriOfNumber", "Cisco CallManager"),
    choice("calledPartyNumberingPlan", "XNumberingPlan", "Cisco CallManager"),
    choice("calledPartyNumberType", "XPriOfNumber", "Cisco CallManager"),
)

_PATTERN: tuple[Field, ...] = (
    text("pattern", required=True),
    text("description"),
    choice("usage", "XPatternUsage", unset="Route", absent="add update"),
    link("routePartitionName", "routePartition", required=True),
    flag("blockEnable", required=True),
    text("calledPartyTransformationMask", nillable=True),
    text("callingPartyTransformationMask", nillable=True),
    choice("useCallingPartyPhoneMask", "XStatus", "Default", required=True),
    text("callingPartyPrefixDigits", 50, nillable=True),
    link("dialPlanName", required=True),
    number("dialPlanWizardGenId", absent="add update"),
    link("digitDiscardInstructionName", required=True),
    choice("networkLocation", "XNetworkLocation", "OnNet", required=True),
    flag("patternUrgency"),
    text("prefixDigitsOut", required=True, nillable=True),
    link("routeFilterName", required=True),
    choice("callingLinePresentationBit", "XPresentationBit", "Default"),
    choice("callingNamePresentationBit", "XPresentationBit", "Default"),
    choice("connectedLinePresentationBit", "XPresentationBit", "Default"),
    choice("connectedNamePresentationBit", "XPresentationBit", "Default"),
    flag("supportOverlapSending"),
    choice("patternPrecedence", "XPatternPrecedence", "Default"),
    choice("releaseClause", "XReleaseCauseValue", "No Error"),
    flag("allowDeviceOverride", False),
    flag("provideOutsideDialtone", True),
    *_NUMBERING,
    group(
        "destination",
        link("gatewayName", "sipTrunk", required=True, nillable=False),
        link("routeListName", "routeList", required=True, nillable=False),
        required=True,
        alternatives=True,
        absent="list",
    ),
    flag("authorizationCodeRequired"),
    number("authorizationLevelRequired", 0),
    flag("clientCodeRequired"),
    text("withTag", 50, absent="add update"),
    text("withValueClause", 255, absent="add update"),
    group(
        "isdnNsfInfoElement",
        text("cic"),
        choice("networkServiceProtocol", "XPriProtocol", required=True),
        choice("networkService", "XNSFService"),
        text("paramValue"),
        absent="list",
    ),
    link("resourcePriorityNamespaceName"),
    choice("routeClass", "XPatternRouteClass", "Default"),
    flag("enableDccEnforcement", absent="list", never_answered=True),
    text("blockedCallPercentage", nillable=True, absent="list", never_answered=True),
    link("externalCallControl", since="10.0"),
    flag("isEmergencyServiceNumber", False, since="11.0"),
)

ROUTE_PATTERN = ObjectKind(
    "routePattern",
    "RoutePattern",
    _PATTERN,
    always(*FIVE),
    searches=("pattern", "description", "routePartitionName", "isEmergencyServiceNumber 11.0"),
    identity=("pattern", "routePartitionName", "dialPlanName", "routeFilterName"),
    missing_by_uuid="RoutePattern",
    duplicate_code=4055,
    duplicate_message="Cannot insert or update pattern. A Route Pattern exists with the same pattern and partition.",
)

ROUTE_GROUP = ObjectKind(
    "routeGroup",
    "RouteGroup",
    (
        text("name", required=True, until="9.1"),
        number("dialPlanWizardGenld", absent="add update"),
        choice("distributionAlgorithm", "XDistributeAlgorithm", "Circular", required=True),
        group(
            "members",
            group(
                "member",
                number("deviceSelectionOrder", required=True),
                number("dialPlanWizardGenId", absent="add update"),
                link("deviceName", "sipTrunk", required=True, nillable=False),
                number("port", required=True, unset=0),
                required=True,
                at_most=0,
            ),
            required=True,
            absent="list",
        ),
        text("name", required=True, since="10.0"),
    ),
    always(*FIVE),
)

ROUTE_LIST = ObjectKind(
    "routeList",
    "RouteList",
    (
        text("name", required=True),
        text("description"),
        link("callManagerGroupName", "callManagerGroup", required=True),
        flag("routeListEnabled", False),
        group(
            "members",
            group(
                "member",
                link("routeGroupName", "routeGroup", required=True),
                number("selectionOrder", required=True),
                text("calledPartyTransformationMask", 50, nillable=True),
                text("callingPartyTransformationMask", 50, nillable=True),
                number("dialPlanWizardGenId", absent="add update"),
                link("digitDiscardInstructionName"),
                text("callingPartyPrefixDigits", 50, nillable=True),
                text("prefixDigitsOut", 50, nillable=True),
                choice("useFullyQualifiedCallingPartyNumber", "XStatus", "Default", required=True),
                *_NUMBERING,
                at_most=0,
            ),
            absent="list",
        ),
        flag("runOnEveryNode", False),
    ),
    always(*FIVE) + since("10.0", "apply", "reset"),
    searches=("name", "description"),
)

ROUTE_PARTITION = ObjectKind(
    "routePartition",
    "RoutePartition",
    (
        text("name", required=True),
        text("description"),
        number("dialPlanWizardGenId", absent="add update"),
        link("timeScheduleIdName"),
        flag("useOriginatingDeviceTimeZone", True),
        choice("timeZone", "XTimeZone", "Etc/GMT"),
        choice("partitionUsage", "XPartitionUsage", "General", absent="update"),
    ),
    always(*FIVE) + since("10.0", "apply", "restart"),
    searches=("name", "description"),
)

CSS = ObjectKind(
    "css",
    "Css",
    (
        text("name", 50, required=True, until="9.1"),
        text("description", 50),
        text("clause", 1024, absent="add update"),
        number("dialPlanWizardGenId", absent="add update"),
        group(
            "members",
            group(
                "member",
                link("routePartitionName", "routePartition", required=True, nillable=False),
                number("index", required=True),
                at_most=0,
            ),
            absent="list",
        ),
        choice("partitionUsage", "XPartitionUsage", "General", absent="update"),
        text("name", 50, required=True, since="10.0"),
    ),
    always(*FIVE),
    searches=("description", "partitionUsage 11.5", "name"),
)

KINDS = (ROUTE_PATTERN, ROUTE_GROUP, ROUTE_LIST, ROUTE_PARTITION, CSS)
