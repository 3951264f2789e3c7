"""The literals of AXL's enumerations, as the schema spells them; the server refuses any other."""

from pytest_cucmtls.sim.axl.fields import VERSIONS

LITERALS: dict[str, tuple[str, ...]] = {
    "XDeviceSecurityMode": ("Non Secure", "Authenticated", "Encrypted"),
    "XTransport": ("TCP", "UDP", "TLS", "TCP+UDP"),
    "XV150SDPFilter": ("No Filtering", "Remove MER V.150", "Remove Pre-MER V.150", "Use Default Filter"),
    "XSIPTrunkCallLegSecurity": ("When using both sRTP and TLS", "When using sRTP Only"),
    "XSIPIdentityBlend": (
        "Deliver DN only in connected party",
        "Deliver URI only in connected party, if available",
        "Deliver URI and DN in connected party, if available",
    ),
    "XTrunkService": (
        "None(Default)",
        "Call Control Discovery",
        "Extension Mobility Cross Cluster",
        "Cisco Intercompany Media Engine",
        "IP Multimedia Subsystem Service Control (ISC)",
    ),
    "XDTMFSignaling": ("No Preference", "Out of Band", "RFC 2833", "OOB and RFC 2833"),
    "XSIPCodec": ("711ulaw", "711alaw", "G729/G729a", "G729b/G729ab"),
    "XSipAssertedType": ("Default", "PAI", "PPI"),
    "XSipPrivacy": ("Default", "None", "ID", "ID Critical"),
    "XTrustReceivedIdentity": ("Trust All (Default)", "Trust PAI Only", "Trust None"),
    "XNetworkLocation": ("OnNet", "OffNet", "Use System Default"),
    "XProtocolSide": ("Network", "User"),
    "XStatus": ("Off", "On", "Default"),
    "XPreemption": ("Disabled", "Forceful", "Default"),
    "XPresentationBit": ("Default", "Allowed", "Restricted"),
    "XCallingPartySelection": (
        "Originator",
        "First Redirect Number",
        "Last Redirect Number",
        "First Redirect Number (External)",
        "Last Redirect Number (External)",
    ),
    "XTunneledProtocol": ("None", "QSIG"),
    "XQSIGVariant": ("No Changes", "ECMA", "ISO"),
    "XASN1RoseOidEncoding": ("No Changes", "Use Local Value", "Use Global Value ISO", "Use Global Value ECMA"),
    "XPacketCaptureMode": ("None", "Batch Processing Mode"),
    "XReleaseCauseValue": (
        "No Error",
        "Unallocated Number",
        "Call Rejected",
        "Number Changed",
        "Invalid Number Format",
        "Precedence Level Exceeded",
    ),
    "XNumberingPlan": ("Cisco CallManager", "ISDN", "National Standard", "Private", "Unknown"),
    "XPriOfNumber": ("Cisco CallManager", "Unknown", "National", "International", "Subscriber"),
    "XPatternPrecedence": (
        "Flash Override",
        "Flash",
        "Immediate",
        "Priority",
        "Routine",
        "Default",
        "Executive Override",
    ),
    "XPatternRouteClass": ("Default", "Voice", "Data", "Satellite Avoidance", "Hotline Voice", "Hotline Data"),
    "XDistributeAlgorithm": ("Top Down", "Circular", "Longest Idle Time", "Broadcast"),
    "XPartitionUsage": ("Intercom", "Call Control Discovery Learned Pattern", "General", "Directory URI"),
    "XNodeUsage": ("Publisher", "Subscriber"),
    "XProcessNodeRole": ("CUCM Voice/Video", "CUCM IM and Presence"),
    "XReset": ("Reset", "Restart", "Apply Configuration", "Generate PRT", "Extended Config Pull"),
    "XEOSuppVoiceCall": (
        "Disabled (Default value)",
        "Best Effort (no MTP inserted)",
        "Mandatory (insert MTP if needed)",
    ),
    "XSIPRel1XXOptions": ("Disabled", "Send PRACK if 1xx Contains SDP", "Send PRACK for all 1xx Messages"),
}

_SINCE = {("XReset", "Generate PRT"): "11.5", ("XReset", "Extended Config Pull"): "12.5"}


def literals(enumeration: str, version: str) -> tuple[str, ...]:
    """Literals of an enumeration in a schema version; empty for one whose literals are not enforced here."""
    place = VERSIONS.index(version)
    return tuple(
        literal
        for literal in LITERALS.get(enumeration, ())
        if VERSIONS.index(_SINCE.get((enumeration, literal), VERSIONS[0])) <= place
    )
