"""The elements of directory numbers."""

from pytest_cucmtls.sim.axl.fields import Field, choice, flag, group, link, number, text
from pytest_cucmtls.sim.axl.kinds import FIVE, ObjectKind, always, since
from pytest_cucmtls.sim.axl.kinds_trunk import CONFIDENTIAL_ACCESS, PRESENTATION_INFO

_FORWARDING_TO = ("Busy", "BusyInt", "NoAnswer", "NoAnswerInt", "NoCoverage", "NoCoverageInt", "OnFailure", "AlternateParty")


def _forward(suffix: str) -> Field:
    """A call forward setting: "all" has a second calling search space, "no answer" a duration, the last one no voice mail."""
    space = link("callingSearchSpaceName", "css", required=True)
    destination = text("destination", 50, nillable=True)
    name = f"callForward{suffix}"
    if suffix == "All":
        second = link("secondaryCallingSearchSpaceName", "css", required=True)
        return group(name, flag("forwardToVoiceMail"), space, second, destination, absent="list")
    if suffix == "AlternateParty":
        voice_mail = flag("forwardToVoiceMail", absent="add update")
        return group(name, voice_mail, space, destination, number("duration"), absent="list")
    if suffix.startswith("NoAnswer"):
        duration = number("duration", nillable=True)
        return group(name, flag("forwardToVoiceMail"), space, destination, duration, absent="list")
    return group(name, flag("forwardToVoiceMail"), space, destination, absent="list")


def _alternate_number(name: str) -> Field:
    """An enterprise or E.164 alternate number."""
    return group(
        name,
        text("numMask", nillable=True),
        flag("isUrgent", False),
        flag("addLocalRoutePartition", True),
        link("routePartition", "routePartition"),
        flag("advertiseGloballyIls", True),
        since="10.0",
    )


_PARK_MONITORING: tuple[Field, ...] = (
    link("defaultActivatedDeviceName"),
    text("parkMonForwardNoRetrieveDn", 50, nillable=True),
    text("parkMonForwardNoRetrieveIntDn", 50, nillable=True),
    flag("parkMonForwardNoRetrieveVmEnabled"),
    flag("parkMonForwardNoRetrieveIntVmEnabled"),
    link("parkMonForwardNoRetrieveCssName", "css"),
    link("parkMonForwardNoRetrieveIntCssName", "css"),
    number("parkMonReversionTimer", nillable=True),
)

_DIRECTORY_URI = group(
    "directoryUri",
    flag("isPrimary", required=True),
    text("uri", 128, required=True, until="9.1"),
    text("uri", 128, required=True, nillable=True, since="10.0"),
    link("partition", "routePartition", required=True),
    flag("advertiseGloballyViaIls", True, since="10.0"),
    at_most=0,
)

LINE = ObjectKind(
    "line",
    "Line",
    (
        text("pattern", required=True),
        text("description"),
        choice("usage", "XPatternUsage", required=True, unset="Device", absent="update"),
        link("routePartitionName", "routePartition"),
        link("aarNeighborhoodName"),
        text("aarDestinationMask", 128, nillable=True),
        flag("aarKeepCallHistory", unset=True),
        flag("aarVoiceMailEnabled"),
        *(_forward(suffix) for suffix in ("All", *_FORWARDING_TO, "NotRegistered", "NotRegisteredInt")),
        link("callPickupGroupName", nillable=False),
        choice("autoAnswer", "XAutoAnswer", "Auto Answer Off"),
        text("networkHoldMohAudioSourceId", nillable=True),
        text("userHoldMohAudioSourceId", nillable=True),
        choice("callingIdPresentationWhenDiverted", "XPresentationBit", "Default", since="12.5"),
        text("alertingName", 50),
        text("asciiAlertingName", 32),
        link("presenceGroupName", "presenceGroup", nillable=False, unset="Standard Presence group"),
        link("shareLineAppearanceCssName", "css"),
        link("voiceMailProfileName"),
        choice("patternPrecedence", "XPatternPrecedence", "Default"),
        choice("releaseClause", "XReleaseCauseValue", "No Error"),
        number("hrDuration", nillable=True),
        number("hrInterval", nillable=True),
        choice("cfaCssPolicy", "XCFACSSActivationPolicy", "Use System Default"),
        *_PARK_MONITORING,
        choice("partyEntranceTone", "XStatus", "Default"),
        group("directoryURIs", _DIRECTORY_URI, absent="list", replaced_whole=True),
        flag("allowCtiControlFlag", True),
        flag("rejectAnonymousCall"),
        flag("patternUrgency", False, since="10.0", absent="list"),
        CONFIDENTIAL_ACCESS,
        link("externalCallControlProfile", since="10.0"),
        _alternate_number("enterpriseAltNum"),
        _alternate_number("e164AltNum"),
        text("pstnFailover", since="10.0"),
        text("callControlAgentProfile", since="10.0", absent="list"),
        group("associatedDevices", text("device", at_most=0), since="10.0", until="11.5", absent="add update"),
        group("associatedDevices", text("device", at_most=0), since="12.0", absent="add update list"),
        flag("useEnterpriseAltNum", since="10.0", absent="list"),
        flag("useE164AltNum", since="10.0", absent="list"),
        flag("active", True, since="10.0", absent="list"),
        PRESENTATION_INFO,
    ),
    always(*FIVE) + since("10.0", "apply", "reset", "restart"),
    searches=("pattern", "description", "usage 10.0", "routePartitionName"),
    identity=("pattern", "routePartitionName"),
    missing_by_uuid="Line",
    duplicate_code=4052,
    duplicate_message="Cannot insert or update pattern. A DN exists with the same pattern and partition.",
)

KINDS = (LINE,)
