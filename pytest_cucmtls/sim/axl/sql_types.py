"""The type tables of the database: number and name of each literal.

RECORDED in genuine queries: model 131 is the SIP trunk, device protocol 11 is SIP, pattern usage 5 a route pattern and 2 a
device's number, certificate service 4 is CallManager-trust and 6 tomcat-trust. Every other number is ASSUMED.
"""

from pytest_cucmtls.sim.axl.literals import LITERALS
from pytest_cucmtls.sim.axl.sql import Table


def _numbered(names: tuple[str, ...], first: int) -> dict[str, int]:
    """Literals numbered in the schema's order."""
    return {name: number for number, name in enumerate(names, first)}


CERTIFICATE_SERVICES = (
    "ipsec",
    "ipsec-trust",
    "CallManager",
    "CallManager-trust",
    "tomcat",
    "tomcat-trust",
    "CAPF",
    "CAPF-trust",
    "TVS",
    "TVS-trust",
    "Phone-SAST-trust",
    "ITLRecovery",
    "CallManager-ECDSA",
    "tomcat-ECDSA",
    "authz",
)
SIP_TRUNK_MODEL = 131
MODELS = {
    "Route List": 90,
    "SIP Trunk": SIP_TRUNK_MODEL,
    "Third-party SIP Device (Basic)": 336,
    "Third-party SIP Device (Advanced)": 374,
    "Cisco 8845": 36225,
}
"""Models, and products, which have numbers of their own on a real cluster."""

TYPES: dict[str, dict[str, int]] = {
    "typedevicesecuritymode": _numbered(LITERALS["XDeviceSecurityMode"], 1),
    "typetransport": _numbered(LITERALS["XTransport"], 1),
    "typesiptrunkcalllegsecurity": _numbered(LITERALS["XSIPTrunkCallLegSecurity"], 0),
    "typedtmfsignaling": _numbered(LITERALS["XDTMFSignaling"], 0),
    "typestatus": _numbered(LITERALS["XStatus"], 0),
    "typetunneledprotocol": _numbered(LITERALS["XTunneledProtocol"], 0),
    "typeqsigvariant": _numbered(LITERALS["XQSIGVariant"], 0),
    "typeeosuppvoicecall": _numbered(LITERALS["XEOSuppVoiceCall"], 0),
    "typesiprel1xxoptions": _numbered(LITERALS["XSIPRel1XXOptions"], 0),
    "typesipsessionrefreshmethod": _numbered(("Invite", "Update"), 0),
    "typenodeusage": _numbered(LITERALS["XNodeUsage"], 0),
    "typeclass": {"Phone": 1, "Gateway": 2, "Route List": 5, "Trunk": 8},
    "typemodel": MODELS,
    "typeproduct": MODELS,
    "typedeviceprotocol": {"Route Point": 7, "SIP": 11},
    "typesecuritypolicy": {"Phone": 1, "SIP Trunk": 2},
    "typepatternusage": {
        "CallPark": 0,
        "Conference": 1,
        "Device": 2,
        "Translation": 3,
        "Call Pick Up Group": 4,
        "Route": 5,
        "Message Waiting": 6,
        "Hunt Pilot": 7,
        "Voice Mail Port": 8,
        "Device template": 11,
        "Directed Call Park": 12,
        "Device Intercom": 13,
        "Translation Intercom": 14,
        "Translation Calling Party Number": 15,
        "Called Party Number Transformation": 20,
        "ILS Learned Enterprise Number": 23,
        "ILS Learned E164 Number": 24,
        "ILS Learned URI": 28,
    },
    "typecertificateservice": _numbered(CERTIFICATE_SERVICES, 1),
    "typecertificatedistribution": {"Own Certificate": 1, "Trust Certificate": 2},
}


def type_tables() -> dict[str, Table]:
    """Every type table."""
    return {name: _type_table(numbers) for name, numbers in TYPES.items()}


def number_of(table: str, name: object) -> int | None:
    """A literal's number; None for one the table has not."""
    return TYPES[table].get(str(name))


def _type_table(numbers: dict[str, int]) -> Table:
    """enum, name, moniker."""
    return Table(("enum", "name", "moniker"), [(number, name, _moniker(name)) for name, number in numbers.items()])


def _moniker(name: str) -> str:
    """The database's own constant for a literal."""
    return "".join(letter if letter.isalnum() else "_" for letter in name).upper()
