"""Who is who in somebody else's files: which addresses and host names belong to which of the two clusters."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pytest_cucmtls.evidence.given.given_files import GivenFiles, ReadFiles
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.model.handshakes import Handshake
from pytest_cucmtls.model.traces import TraceReport
from pytest_cucmtls.wire.trace_nodes import own_address
from pytest_cucmtls.wire.x509 import parse_distinguished_name

SIP_TLS_PORT = 5061
_REMEDY = "Say who is who: --node A=ADDRESS[,ADDRESS] --node B=ADDRESS[,ADDRESS], or --certificate A=FILE --certificate B=FILE."


@dataclass(slots=True)
class Sides:
    """The answer: `cluster_of` an address, `host_of` an address, and how it was found."""

    clusters: tuple[str, str]
    cluster_of: dict[str, str] = field(default_factory=dict)
    host_of: dict[str, str] = field(default_factory=dict)
    """Host names that traces state themselves (FileHead), by address."""
    notes: list[str] = field(default_factory=list)
    stated: set[str] = field(default_factory=set)
    """Clusters whose nodes the user named: what else looks like theirs is not."""

    def other(self, cluster: str) -> str:
        """The other cluster's name."""
        return self.clusters[1] if cluster == self.clusters[0] else self.clusters[0]

    def addresses(self, cluster: str) -> tuple[str, ...]:
        """Addresses of a cluster in the order found."""
        return tuple(address for address, owner in self.cluster_of.items() if owner == cluster)

    def place(self, address: str, cluster: str, why: str) -> None:
        """Note one address. Raises: ConfigurationInvalid, when it is known to be the other cluster's."""
        known = self.cluster_of.setdefault(address, cluster)
        if known != cluster:
            text = f"{address} would belong to both {known} and {cluster} ({why})"
            raise ConfigurationInvalid("judge", "--node", text, remedy=_REMEDY)

    def add(self, address: str, cluster: str, why: str) -> None:
        """Note an address found in the files, unless it is known or the cluster's nodes were named by the user."""
        if address in self.cluster_of:
            return
        if cluster not in self.stated:
            self.place(address, cluster, why)
            return
        note = f"{address} looks like a node of {cluster} ({why}) and is none of the nodes named"
        if note not in self.notes:
            self.notes.append(note)


def find_sides(given: GivenFiles, read: ReadFiles) -> Sides:
    """Assign the nodes the files show. Stated addresses first, then certificates and host names, then who is left over.

    Raises: ConfigurationInvalid with the option that decides, when the files leave it open.
    """
    sides = Sides(given.clusters)
    for cluster, address in given.addresses:
        sides.place(address, cluster, "--node")
        sides.stated.add(cluster)
    if given.inventory is not None:
        for spec in given.inventory.clusters:
            for node in spec.nodes:
                sides.place(node.address, spec.name, "the inventory")
            sides.stated.add(spec.name)
    pairs = _pairs(read)
    _place_by_host_name(sides, read, given)
    _place_by_certificate(sides, read)
    _place_the_rest(sides, pairs)
    return sides


def peers(report: TraceReport) -> set[str]:
    """Addresses a trace shows a TLS trunk with: certificate indications, TLS connections, messages whose Via says TLS."""
    found = {seen.remote_ip for seen in report.certificates if not _is_phone(seen.subject)}
    found |= {one.address for one in report.connections if one.port == SIP_TLS_PORT and one.transport.startswith("TLS")}
    found |= {
        traced.peer for traced in report.sip_messages if traced.message.via_transport == "TLS" and traced.port == SIP_TLS_PORT
    }
    return found - {""}


def trunk_handshakes(read: ReadFiles) -> list[Handshake]:
    """Handshakes of trunks: those to 5061 where there are any, without telephones."""
    every = [handshake for _, report in read.captures for handshake in report.handshakes]
    chosen = [handshake for handshake in every if handshake.server.port == SIP_TLS_PORT] or every
    return [one for one in chosen if not (one.client_chain and _is_phone(str(one.client_chain[0].subject)))]


def _pairs(read: ReadFiles) -> list[tuple[str, str]]:
    """(opening, other) addresses of every trunk connection, first seen first."""
    found = [(one.client.ip, one.server.ip) for one in trunk_handshakes(read)]
    for trace in read.traces:
        mine = own_address(trace.report)
        if mine is not None:
            found += [(mine, peer) for peer in sorted(peers(trace.report))]
    return list(dict.fromkeys(pair for pair in found if pair[0] != pair[1]))


def _place_by_host_name(sides: Sides, read: ReadFiles, given: GivenFiles) -> None:
    """FileHead names the host; a certificate or the inventory says whose host that is."""
    names = {cluster: set(_names(one.leaf for one in read.certificates if one.cluster == cluster)) for cluster in sides.clusters}
    if given.inventory is not None:
        for spec in given.inventory.clusters:
            names[spec.name] |= {node.name.lower() for node in spec.nodes}
    for trace in read.traces:
        header = trace.report.header
        if header is None or not header.host_address or not header.host_name:
            continue
        sides.host_of.setdefault(header.host_address, header.host_name)
        owners = [cluster for cluster in sides.clusters if _names_host(names[cluster], header.host_name)]
        if len(owners) == 1:
            sides.add(header.host_address, owners[0], f"FileHead of {trace.name} names {header.host_name}")


def _place_by_certificate(sides: Sides, read: ReadFiles) -> None:
    """A node presents its own certificate; where the presented one is another, its common name still tells the node."""
    shown = [
        (end.ip, chain[0])
        for one in trunk_handshakes(read)
        for end, chain in ((one.server, one.server_chain), (one.client, one.client_chain))
        if chain
    ]
    for exact in (True, False):
        for address, leaf in shown:
            owners = {one.cluster for one in read.certificates if _same(one.leaf, leaf, exact=exact)}
            if len(owners) == 1:
                sides.add(address, owners.pop(), "the certificate it presents")
    for trace in read.traces:
        for seen in trace.report.certificates:
            subject = sorted(parse_distinguished_name(seen.subject).attributes) if seen.subject else None
            owners = {one.cluster for one in read.certificates if sorted(one.leaf.subject.attributes) == subject}
            if len(owners) == 1 and seen.remote_ip:
                sides.add(seen.remote_ip, owners.pop(), f"SIPCertificateInd in {trace.name}")


def _place_the_rest(sides: Sides, pairs: list[tuple[str, str]]) -> None:
    """Who talks to a known node over a trunk is the other side; with nobody known, one single pair names itself."""
    if not sides.cluster_of and pairs:
        distinct = {frozenset(pair) for pair in pairs}
        if len(distinct) > 1:
            text = f"the files show {len(distinct)} pairs of nodes: {_told(pairs)}"
            raise ConfigurationInvalid("judge", "--node", text, remedy=_REMEDY)
        first, second = sides.clusters
        opening, other = pairs[0]
        sides.place(opening, first, "it opened the first connection")
        sides.place(other, second, "it is the other end")
        sides.notes.append(f"{opening} is called {first} because it opened the first connection, {other} is called {second}")
        return
    for _ in range(2):
        _place_partners(sides, pairs)


def _place_partners(sides: Sides, pairs: list[tuple[str, str]]) -> None:
    """The partners of one side's nodes make up the other side where it has no node yet; several of them need the user's word."""
    for cluster in sides.clusters:
        if sides.addresses(cluster):
            continue
        known = set(sides.addresses(sides.other(cluster)))
        partners = {end for pair in pairs if known & set(pair) for end in pair if end not in sides.cluster_of}
        if len(partners) > 1:
            text = f"several nodes have a trunk with {', '.join(sorted(known))}: {', '.join(sorted(partners))}"
            raise ConfigurationInvalid("judge", f"--node {cluster}", text, remedy=_REMEDY)
        for address in partners:
            sides.place(address, cluster, "it has the trunk with the other side")


def _told(pairs: list[tuple[str, str]]) -> str:
    shown = [f"{first} and {second}" for first, second in dict.fromkeys(tuple(sorted(pair)) for pair in pairs)]
    return "; ".join(shown[:6]) + ("; …" if len(shown) > 6 else "")


def _same(one: Certificate, other: Certificate, *, exact: bool) -> bool:
    if exact:
        return bool(one.sha256) and one.sha256 == other.sha256
    names = set(_names([one]))
    return bool(names & set(_names([other])))


def _names(certificates: Iterable[Certificate]) -> list[str]:
    """Common names and DNS names, lower case."""
    found: list[str] = []
    for one in certificates:
        found += [one.subject.common_name.lower()] if one.subject.common_name else []
        found += [name[4:].lower() for name in one.subject_alternative_names if name.startswith("DNS:")]
    return found


def _names_host(names: set[str], host: str) -> bool:
    """Equal without case, or equal in the first label where one of the two has no domain."""
    wanted = host.lower().rstrip(".")
    return any(
        name == wanted or (name.partition(".")[0] == wanted.partition(".")[0] and ("." not in name or "." not in wanted))
        for name in names
    )


def _is_phone(subject: str) -> bool:
    return "CN=SEP" in subject or "CN=CP-" in subject
