"""Named faults of the catalogue that an administrator of the simulated pair would cause: forwarding and routing."""

from pytest_cucmtls.sim.configuration_faults import PLAIN_PORT
from pytest_cucmtls.sim.database import Row
from pytest_cucmtls.sim.fault_register import UnknownFault, fault
from pytest_cucmtls.sim.interfaces.risport import RATE_PARAMETER
from pytest_cucmtls.sim.state import ClusterState

OTHER_NUMBER = "5000"
PLAIN_TRUNK, PLAIN_PROFILE = "PLAIN-TRUNK", "Non Secure SIP Trunk Profile"


@fault
def device_queries_unlimited(cluster: ClusterState) -> None:
    """RISPort answers any number of requests per minute: harmless, for rehearsals that follow each other quickly."""
    cluster.enterprise_parameters[RATE_PARAMETER] = "1000000"


@fault
def all_calls_forwarded(cluster: ClusterState) -> None:
    """Call Forward All is set on every line of the cluster: somebody else is called."""
    lines = cluster.database.rows("line")
    if not lines:
        raise UnknownFault(f"cluster {cluster.name} has no line to forward")
    for line in lines:
        line["callForwardAll"] = {"destination": OTHER_NUMBER, "callingSearchSpaceName": ""}


@fault
def clear_text_member_first(cluster: ClusterState) -> None:
    """The route pattern leads to a route list whose first member is a trunk without TLS, the secure trunk second."""
    _route_by_list(cluster, plain_first=True)


@fault
def clear_text_member_as_fallback(cluster: ClusterState) -> None:
    """The route pattern leads to a route list that falls back from the secure trunk to one without TLS."""
    _route_by_list(cluster, plain_first=False)


def _route_by_list(cluster: ClusterState, *, plain_first: bool) -> None:
    database = cluster.database
    patterns = database.rows("routePattern")
    if not patterns:
        raise UnknownFault(f"cluster {cluster.name} has no route pattern yet: inject this fault after it was configured")
    secure = str((patterns[0].get("destination") or {}).get("gatewayName") or "")
    trunk = database.find("sipTrunk", name=secure) or {}
    _add_plain_trunk(cluster, trunk)
    members = [PLAIN_TRUNK, secure] if plain_first else [secure, PLAIN_TRUNK]
    for place, name in enumerate(members, 1):
        member = {"deviceSelectionOrder": 1, "deviceName": name, "port": 0}
        database.add("routeGroup", {"name": f"RG-{place}", "distributionAlgorithm": "Top Down", "members": {"member": [member]}})
    listed = [{"routeGroupName": f"RG-{place}", "selectionOrder": place} for place in (1, 2)]
    database.add(
        "routeList", {"name": "RL-1", "callManagerGroupName": "Default", "routeListEnabled": True, "members": {"member": listed}}
    )
    for pattern in patterns:
        pattern["destination"] = {"routeListName": "RL-1"}


def _add_plain_trunk(cluster: ClusterState, secure: Row) -> None:
    """A copy of the secure trunk with CUCM's own profile without TLS, to the peer's plain port."""
    places = (secure.get("destinations") or {}).get("destination") or []
    plain = {**secure, "name": PLAIN_TRUNK, "securityProfileName": PLAIN_PROFILE, "srtpAllowed": False}
    plain.pop("uuid", None)
    plain["destinations"] = {"destination": [{**place, "port": PLAIN_PORT} for place in places]}
    if cluster.database.find("sipTrunkSecurityProfile", name=PLAIN_PROFILE) is None:
        raise UnknownFault(f"cluster {cluster.name} has no profile {PLAIN_PROFILE}")
    cluster.database.add("sipTrunk", plain)


@fault
def database_not_replicated(cluster: ClusterState) -> None:
    """The subscribers' copies of the database hear of no change any more: nodes answer differently from now on."""
    subscribers = [node for node in cluster.nodes if node.role != "publisher"]
    if not subscribers:
        raise UnknownFault(f"cluster {cluster.name} has no subscriber: start a pair with several nodes")
    for node in subscribers:
        node.database.cut_off()
