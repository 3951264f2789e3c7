"""What the simulated AXL service does and how well each behaviour is known.

Sources: answers of a live 12.5 ("live 12.5"), the AXL schemas 9.1 to 15.0 ("schema"), the AXL Developer Guide ("guide"),
the Security Guide, reports of other clients ("reported"), and "none found".
"""

from pytest_cucmtls.sim.axl.operations import OPERATIONS
from pytest_cucmtls.sim.provenance import Behaviour, Provenance

_ANSWERS_SEEN = frozenset({"getSipTrunk", "getRoutePattern", "getLine", "getPhone", "listPhone"})
_REQUESTS_SEEN = frozenset({"addSipTrunk", "addRoutePattern", "addPhone", "updateLine"})

_RECORDED = (
    ("dispatch on the body's element whatever the SOAPAction says", "live 12.5"),
    ("any prefix, element order and unknown element is accepted", "live 12.5"),
    ("an empty reference means none", "live 12.5"),
    ("uuid and name together are accepted, the uuid decides", "live 12.5 (updateLine)"),
    ("add, update and remove answer the uuid, upper case with braces", "live 12.5"),
    ("status 401 with realm, page and cache headers", "live 12.5"),
    ("cookies JSESSIONIDSSO and JSESSIONID with their attributes", "live 12.5"),
    ("GET /axl/ answers the welcome page", "live 12.5"),
    ("headers of answers; Connection: close on faults", "live 12.5"),
    ("unparseable XML is an HTML page with status 599", "live 12.5"),
    ("599 sentence of release 15", "tests of another project against a live cluster"),
    ("5007 for an unknown uuid of a trunk, a phone, a route pattern", "live 12.5"),
    ("5007 for an unknown name", "tests of ciscoaxl"),
    ("5007 for the removal of a missing object", "live 12.5"),
    ("-239 for a duplicate name", "live 12.5"),
    ("4052 and 4055 for duplicate numbers and patterns", "live 12.5"),
    ("an operation that does not exist: the engine's EPR fault", "live 12.5"),
    ("externalPresentationInfo holds both alternatives", "live 12.5"),
    ("enableCiscoRecordingQsigTunneling, enableDccEnforcement and blockedCallPercentage are left out", "live 12.5"),
    ("unset references of lines and phones are nil with an empty uuid", "live 12.5"),
    ("values of fields that addSipTrunk did not send", "live 12.5"),
    ("listPhone in ISO-8859-1, chunked, with a trailing comment", "live 12.5"),
    ("versionStamp, ctiid, uuid of destinations", "live 12.5"),
    ("uuids of Default, Hub_None, Standard SIP Profile, Standard Presence group", "live 12.5"),
    ("pseudo node EnterpriseWideData", "live 12.5"),
    ("SQL: pkid in lower case without braces", "live 12.5"),
    ("SQL: columns of device and enduser; numbers of pattern usages", "published select * and a query of a CUCM 15"),
    ("SQL: columns of securityprofile; model 131, protocol 11, certificate services 4 and 6", "queries for real clusters"),
    ("certificates are readable by SQL on any release", "queries for real clusters"),
)

_SPECIFIED = (
    ("schema versions each release serves", "guide; 10.5's own version added"),
    ("namespace and SOAPAction version must agree", "guide"),
    ("namespace 1.0 without SOAPAction is the oldest schema", "guide"),
    ("session idle time of 30 minutes, stale sessions answer 404", "guide"),
    ("a session cookie replaces the password", "guide"),
    ("the read-only role exists since 11.5", "guide"),
    ("403 without AXL role, 404 while the service is stopped", "reported"),
    ("302 without the slash", "guide"),
    ("503 for writes while change notifications are outstanding", "guide"),
    ("-1 Maximum AXL Memory Allocation Consumed", "guide"),
    ("-1 Query request too large", "guide"),
    ("uuids accepted in either case with or without braces", "guide"),
    ("booleans accepted in any case", "Cisco's own sample scripts"),
    ("xsi declared once on the response element since 14", "guide"),
    ("list search with %, requested tags only, skip and first", "schema and guide"),
    ("-691 for a reference to nothing, -746 for a database rule, -201 for bad SQL", "reported"),
    ("transport, port, destination and route group rules", "XDbErrors of the 9.1 schema"),
    ("SRTP is refused with Authenticated", "XDbErrors of the 9.1 schema"),
    ("Non Secure means TCP+UDP, Authenticated and Encrypted mean TLS", "Security Guide"),
    ("one subject name and port may not serve two trunks", "Security Guide"),
    ("a change takes effect only after a reset", "Security Guide"),
    ("doDeviceReset answers true", "schema annotation"),
    ("toolkit archive with a folder per version and current", "Cisco's sample repositories"),
)

_ASSUMED = (
    ("wording for an unknown literal, a wrong number, an over-long text", "none found"),
    ("constraint names inside -691 and -692; -692 for the removal of what is in use", "Informix messages"),
    ("-391 for a missing required value", "Informix messages"),
    ("5003 wording for updates of missing objects", "reported without the exact text"),
    ("599 sentences of releases other than 15", "composed like the recorded one"),
    ("text of the 403, 404, 413 and 503 pages", "none found"),
    ("a reader's write answers 403", "none found"),
    ("resetSipTrunk answers the uuid", "schema allows uuid or true"),
    ("a document type declaration is refused with status 599", "none found"),
    ("search without regard to case; no criterion finds everything", "none found"),
    ("a phone's unknown numbers come into being with it", "none found"),
    ("standard objects cannot be removed", "none found"),
    ("departures recorded on 12.5 hold for every release", "none found"),
    ("executeSQLUpdate sets trace levels and is refused otherwise", "simulator's choice"),
    ("numbers of the type tables beside those recorded; SQL codes -206 and -217", "Informix messages"),
    ("kinds that are not simulated: empty lists, 5007 for each get; end users and application users are listed", "none found"),
    ("tables and columns whose content is not simulated are there, empty or NULL", "published queries name them"),
    ("tables of users, access groups, roles and service trace levels beside the column tracelevel", "vendor's data dictionary"),
    ("which elements of objects beside trunk, line, phone and pattern are empty or nil", "none found"),
)


def _shape(name: str) -> Behaviour:
    """Where the elements of an operation come from."""
    seen = name in _ANSWERS_SEEN or name in _REQUESTS_SEEN
    mark = Provenance.RECORDED if seen else Provenance.SPECIFIED
    return Behaviour("AXL", f"elements of {name}", mark, "live 12.5" if seen else "schema")


def _marked(entries: tuple[tuple[str, str], ...], mark: Provenance) -> tuple[Behaviour, ...]:
    return tuple(Behaviour("AXL", description, mark, source) for description, source in entries)


BEHAVIOURS = (
    *_marked(_RECORDED, Provenance.RECORDED),
    *_marked(_SPECIFIED, Provenance.SPECIFIED),
    *_marked(_ASSUMED, Provenance.ASSUMED),
    *(_shape(name) for name in sorted(OPERATIONS)),
)
