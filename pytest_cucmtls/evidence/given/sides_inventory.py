"""An inventory of two clusters nobody declared: nodes, numbers and trunks as the files show them."""

from collections import Counter
from dataclasses import replace

from pytest_cucmtls.evidence.given.given_files import GivenCertificate, GivenFiles, ReadFiles
from pytest_cucmtls.evidence.given.sides import SIP_TLS_PORT, Sides, peers, trunk_handshakes
from pytest_cucmtls.evidence.given.traced_attempts import FoundCall, OwnedTrace
from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.model.inventory import DEFAULT_POLICY, Account, ClusterSpec, Inventory, Mode, NodeAddress
from pytest_cucmtls.model.traces import TraceReport
from pytest_cucmtls.wire.trace_nodes import own_address

_NOBODY = Account("", "NOT_NEEDED")
"""Files are judged without signing in anywhere."""


def inventory_of(given: GivenFiles, read: ReadFiles, sides: Sides, calls: list[FoundCall]) -> Inventory:
    """The user's inventory when there is one, else what the files and options say; always read-only and without calls."""
    policy = given.policy or (given.inventory.policy if given.inventory else DEFAULT_POLICY)
    if given.inventory is not None:
        return replace(given.inventory, policy=policy, mode=Mode.VERIFY, place_calls=False)
    first, second = (_cluster(name, given, read, sides, calls) for name in sides.clusters)
    return Inventory(first, second, policy=policy, mode=Mode.VERIFY, place_calls=False, source="files")


def owned_traces(read: ReadFiles, sides: Sides) -> "list[tuple[OwnedTrace | None, TraceReport]]":
    """Each trace with its cluster, None for a node of neither side."""
    found: list[tuple[OwnedTrace | None, TraceReport]] = []
    for trace in read.traces:
        cluster = cluster_of_trace(trace.report, sides)
        found.append((OwnedTrace(trace.name, cluster, trace.report) if cluster else None, trace.report))
    return found


def cluster_of_trace(report: TraceReport, sides: Sides) -> str | None:
    """By the node's own address; without one, the side that talks to the other side's nodes."""
    address = own_address(report)
    if address is not None:
        return sides.cluster_of.get(address)
    facing = {sides.cluster_of[peer] for peer in peers(report) if peer in sides.cluster_of}
    return sides.other(facing.pop()) if len(facing) == 1 else None


def node_of_trace(report: TraceReport, sides: Sides, inventory: Inventory) -> tuple[ClusterSpec, NodeAddress] | None:
    """The node a trace belongs to: by address, by host name, or the only one of its cluster."""
    cluster = cluster_of_trace(report, sides)
    spec = next((spec for spec in inventory.clusters if spec.name == cluster), None)
    if spec is None:
        return None
    address, host = own_address(report), report.header.host_name if report.header else None
    by_address = next((node for node in spec.nodes if node.address == address), None)
    by_name = next((node for node in spec.nodes if host and node.name.lower() == host.lower()), None)
    return spec, by_address or by_name or spec.publisher


def node_of_certificate(one: GivenCertificate, inventory: Inventory) -> tuple[ClusterSpec, NodeAddress]:
    """The node an identity belongs to: the only one of its cluster, or the one it names.

    Raises: ConfigurationInvalid, when a cluster has several nodes and the certificate names none of them.
    """
    spec = next(spec for spec in inventory.clusters if spec.name == one.cluster)
    if len(spec.nodes) == 1:
        return spec, spec.nodes[0]
    common = (one.leaf.subject.common_name or "").lower()
    for node in spec.nodes:
        if common and common.partition(".")[0] == node.name.lower().partition(".")[0]:
            return spec, node
    names = ", ".join(node.name for node in spec.nodes)
    text = f"{one.path} names {one.leaf.subject.common_name}, {one.cluster} has the nodes {names}"
    remedy = f"Name the address of that node alone: --node {one.cluster}=ADDRESS."
    raise ConfigurationInvalid("judge", f"--certificate {one.cluster}", text, remedy=remedy)


def _cluster(name: str, given: GivenFiles, read: ReadFiles, sides: Sides, calls: list[FoundCall]) -> ClusterSpec:
    pattern, _, partition = dict(given.patterns).get(name, "").partition("@")
    return ClusterSpec(
        name=name,
        nodes=_nodes(name, read, sides),
        release=None,
        extension=dict(given.extensions).get(name) or _extension(name, calls),
        axl=_NOBODY,
        platform=_NOBODY,
        call=_NOBODY,
        phone="",
        trunk=_trunk(name, read, sides),
        route_pattern=pattern,
        partition=partition,
    )


def _nodes(cluster: str, read: ReadFiles, sides: Sides) -> tuple[NodeAddress, ...]:
    """One per address; a cluster known by its certificates alone has one node per certificate, of unknown address."""
    found: list[NodeAddress] = []
    addresses = sides.addresses(cluster)
    given = _certificate_name(cluster, read) if len(addresses) < 2 else None
    for address in addresses:
        name = sides.host_of.get(address) or given or _presented_name(address, read) or address
        ports = [one.server.port for one in trunk_handshakes(read) if one.server.ip == address]
        unique = name if all(node.name != name for node in found) else address
        role = "subscriber" if found else "publisher"
        found.append(NodeAddress(unique, address, role=role, sip_port=ports[0] if ports else SIP_TLS_PORT))
    return tuple(found) or (NodeAddress(given or cluster, ""),)


def _presented_name(address: str, read: ReadFiles) -> str | None:
    for one in trunk_handshakes(read):
        for end, chain in ((one.server, one.server_chain), (one.client, one.client_chain)):
            if end.ip == address and chain and chain[0].subject.common_name:
                return chain[0].subject.common_name
    return None


def _certificate_name(cluster: str, read: ReadFiles) -> str | None:
    return next((one.leaf.subject.common_name for one in read.certificates if one.cluster == cluster), None)


def _extension(cluster: str, calls: list[FoundCall]) -> str:
    """The number called on this cluster, else the one that called from it."""
    called = [call.called for call in calls if call.called_cluster == cluster]
    calling = [call.caller for call in calls if call.caller_cluster == cluster]
    return next(iter([*called, *calling]), "")


def _trunk(cluster: str, read: ReadFiles, sides: Sides) -> str:
    """Name of the trunk to the other side: as call logs name it beside the peer's address, else as the traces found it."""
    names: Counter[str] = Counter()
    devices: Counter[str] = Counter()
    for trace in read.traces:
        if cluster_of_trace(trace.report, sides) != cluster:
            continue
        names.update(
            line.columns[5]
            for line in trace.report.call_log
            if line.subsystem == "SIPT"
            and len(line.columns) == 11
            and sides.cluster_of.get(line.columns[6]) == sides.other(cluster)
        )
        devices.update(_trunk_devices(trace.report))
    return next((name for name, _ in (*names.most_common(1), *devices.most_common(1))), "")


def _trunk_devices(report: TraceReport) -> list[str]:
    """Devices found that are no telephones (their names begin with SEP)."""
    found = [event.field("name") or "" for event in report.events if event.kind == "device_found"]
    return [name for name in found if name and not name.startswith("SEP")]
