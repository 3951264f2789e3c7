"""Named faults of the configuration: what a wrong click in the administration page leaves behind on a configured cluster."""

from pytest_cucmtls.sim.database import Row, repeated
from pytest_cucmtls.sim.fault_register import UnknownFault, fault
from pytest_cucmtls.sim.state import ClusterState

WRONG_NAME = "CUCM-WRONG"
OLD_NAME = "CUCM-OLD"
PLAIN_PORT = 5060


def _trunks(cluster: ClusterState) -> list[Row]:
    return _some(cluster, cluster.database.rows("sipTrunk"), "SIP trunk")


def _patterns(cluster: ClusterState) -> list[Row]:
    return _some(cluster, cluster.database.rows("routePattern"), "route pattern")


def _profiles(cluster: ClusterState) -> list[Row]:
    """The security profiles that trunks use."""
    names = {row.get("securityProfileName") for row in _trunks(cluster)}
    rows = [row for row in cluster.database.rows("sipTrunkSecurityProfile") if row["name"] in names]
    return _some(cluster, rows, "security profile in use")


def _some(cluster: ClusterState, rows: list[Row], what: str) -> list[Row]:
    if not rows:
        raise UnknownFault(f"cluster {cluster.name} has no {what} yet: inject this fault after it was configured")
    return rows


def _set(rows: list[Row], **fields: object) -> None:
    for row in rows:
        row.update(fields)


@fault
def device_security_mode_non_secure(cluster: ClusterState) -> None:
    """The trunk's security profile is Non Secure: the cluster speaks SIP in clear text."""
    _set(_profiles(cluster), securityMode="Non Secure", incomingTransport="TCP+UDP", outgoingTransport="TCP")


@fault
def device_security_mode_authenticated(cluster: ClusterState) -> None:
    """The trunk's security profile is Authenticated: TLS without encryption (NULL-SHA)."""
    _set(_profiles(cluster), securityMode="Authenticated")


@fault
def incoming_transport_plain(cluster: ClusterState) -> None:
    """The trunk's security profile takes TCP and UDP while it sends TLS."""
    _set(_profiles(cluster), incomingTransport="TCP+UDP")


@fault
def subject_name_wrong(cluster: ClusterState) -> None:
    """The trunk's security profile names somebody else than the peer."""
    _set(_profiles(cluster), x509SubjectName=WRONG_NAME)


@fault
def subject_name_of_old_peer_kept(cluster: ClusterState) -> None:
    """The trunk's security profile still names a peer that was taken out of service, beside the right one."""
    for row in _profiles(cluster):
        row["x509SubjectName"] = f"{row.get('x509SubjectName') or ''},{OLD_NAME}"


@fault
def srtp_not_allowed(cluster: ClusterState) -> None:
    """SRTP Allowed is unchecked on the trunk."""
    _set(_trunks(cluster), srtpAllowed=False)


@fault
def trunk_secure_without_tls(cluster: ClusterState) -> None:
    """The trunk's traffic does not have to use TLS to count as secure."""
    _set(_trunks(cluster), trunkTrafficSecure="When using sRTP Only")


@fault
def two_significant_digits(cluster: ClusterState) -> None:
    """The trunk keeps the last two digits of the called number only."""
    for row in _trunks(cluster):
        row.update({"sigDigits": 2, "sigDigits@enable": True})


@fault
def destination_port_plain(cluster: ClusterState) -> None:
    """The trunk's destination port is 5060."""
    for row in _trunks(cluster):
        for destination in repeated(row, "destinations"):
            destination["port"] = PLAIN_PORT


@fault
def route_pattern_missing(cluster: ClusterState) -> None:
    """There is no route pattern for the peer's extension."""
    for row in list(_patterns(cluster)):
        cluster.database.remove("routePattern", row)


@fault
def directory_number_shadows_pattern(cluster: ClusterState) -> None:
    """A local directory number equals the route pattern: the trunk is never asked."""
    for row in _patterns(cluster):
        number = {"pattern": row["pattern"], "routePartitionName": row.get("routePartitionName") or ""}
        cluster.database.add("line", {**number, "usage": "Device", "description": "shadow"})
        cluster.database.add(
            "phone",
            {
                "name": "SEP00112233FFFF",
                "product": "Cisco 8845",
                "class": "Phone",
                "protocol": "SIP",
                "protocolSide": "User",
                "devicePoolName": "Default",
                "locationName": "Hub_None",
                "callingSearchSpaceName": "",
                "lines": {"line": [{"index": 1, "dirn": number}]},
            },
        )
