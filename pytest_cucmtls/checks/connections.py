"""Which TLS connections of the captures belong to a direction, and why there may be none; holds no check."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from pytest_cucmtls.checks.judgements import missing
from pytest_cucmtls.model.capture import CaptureReport
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, NodeEvidence, Sourced
from pytest_cucmtls.model.handshakes import CertificatesHidden, Handshake, HandshakeOutcome
from pytest_cucmtls.model.network import FileLocation
from pytest_cucmtls.model.verdicts import EvidenceItem

SAME_CONNECTION = timedelta(seconds=30)
"""Two captures show one connection when the endpoints agree and their clocks differ by no more than this."""

CAPTURE_AGAIN = (
    "Start a capture on a node of each cluster with `utils network capture eth0 file packets count 100000 "
    "size all host ip <peer>`, "
    "reset the trunk, call again, stop and fetch the file; or let a run do that: reset_trunks = true in the inventory."
)
HIDDEN_REMEDIES = {
    CertificatesHidden.TLS13: ("V2", "V1"),
    CertificatesHidden.RESUMED: ("X2", "V1"),
    CertificatesHidden.CAPTURE_STARTED_LATE: ("V1", "X2"),
    CertificatesHidden.PACKETS_CUT: ("V1",),
    CertificatesHidden.PACKETS_MISSING: ("V1",),
}
HIDDEN_CAUSES = {
    CertificatesHidden.TLS13: "TLS 1.3 encrypts the certificates; collect SDL traces (SIPCertificateInd) or probe the listener",
    CertificatesHidden.RESUMED: "the session was resumed, which sends no certificates; reset the trunk on both sides and capture",
    CertificatesHidden.CAPTURE_STARTED_LATE: "the capture began in the middle of the connection; capture around a trunk reset",
    CertificatesHidden.PACKETS_CUT: "the packets are cut by the capture length; capture again with `size all`",
    CertificatesHidden.PACKETS_MISSING: "packets are missing from the capture; capture again on a less loaded interface",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """One TLS connection with where it was seen and between which nodes."""

    handshake: Handshake
    item: EvidenceItem
    client_node: NodeEvidence
    server_node: NodeEvidence

    @property
    def place(self) -> str:
        """``127.0.0.1:40000 -> 127.0.0.2:5061 (frame 4)``."""
        return f"{self.handshake.client} -> {self.handshake.server} (frame {self.handshake.first_frame})"


def addresses_of(evidence: Evidence, cluster: ClusterEvidence) -> dict[str, NodeEvidence]:
    """IP address (or host name, when the inventory gives one) to node: inventory, resolved addresses, trace headers."""
    spec = next(spec for spec in evidence.inventory.clusters if spec.name == cluster.name)
    inventory = {node.name: node.address.removeprefix("cucm://") for node in spec.nodes}
    found: dict[str, NodeEvidence] = {}
    for node in cluster.nodes:
        headers = [trace.value.header for trace in node.traces]
        for address in (inventory.get(node.name, ""), *node.addresses, *(header.host_address for header in headers if header)):
            if address:
                found.setdefault(address, node)
    return found


def captures(evidence: Evidence) -> list[Sourced[CaptureReport]]:
    """Every capture of every node, in inventory order. Raises: NoEvidence, when there is none."""
    found = [capture for cluster in evidence.clusters for node in cluster.nodes for capture in node.captures]
    if not found:
        why = next((reason for fact, reason in evidence.reasons if fact == "capture"), "no packet capture was collected")
        raise missing("the connections on the wire", why, CAPTURE_AGAIN)
    return found


def located(item: EvidenceItem, frame: int) -> EvidenceItem:
    """The item pointing at a frame."""
    return replace(item, location=FileLocation("frame", frame))


def handshakes(evidence: Evidence, client: ClusterEvidence, server: ClusterEvidence) -> tuple[Seen, ...]:
    """The connections opened by a node of `client` to a node of `server`, oldest first, each once.

    A connection seen by several captures is taken where most of it was seen; sightings that show different certificates
    stay apart, because something between the capture points changed them.
    Raises: NoEvidence, saying what the captures show instead.
    """
    clients, servers = addresses_of(evidence, client), addresses_of(evidence, server)
    sources = captures(evidence)
    found: list[Seen] = []
    for source in sources:
        for handshake in source.value.handshakes:
            if handshake.client.ip in clients and handshake.server.ip in servers:
                item = located(source.item, handshake.first_frame)
                seen = Seen(handshake, item, clients[handshake.client.ip], servers[handshake.server.ip])
                _add(found, seen)
    if not found:
        raise missing(f"a TLS connection {client.name}->{server.name}", _instead(sources, clients, servers), CAPTURE_AGAIN)
    return tuple(sorted(found, key=lambda seen: (seen.handshake.at, seen.handshake.client, seen.item.path)))


def _add(found: list[Seen], seen: Seen) -> None:
    for place, earlier in enumerate(found):
        if _same(earlier.handshake, seen.handshake):
            if _completeness(seen.handshake) > _completeness(earlier.handshake):
                found[place] = seen
            return
    found.append(seen)


def _same(one: Handshake, other: Handshake) -> bool:
    def differ(first: tuple[Certificate, ...], second: tuple[Certificate, ...]) -> bool:
        return bool(first and second and first[0].sha256 != second[0].sha256)

    if (one.client, one.server) != (other.client, other.server) or abs(one.at - other.at) > SAME_CONNECTION:
        return False
    return not differ(one.server_chain, other.server_chain) and not differ(one.client_chain, other.client_chain)


def _completeness(handshake: Handshake) -> tuple[bool, bool, int]:
    return (handshake.certificates_hidden is None, handshake.outcome is HandshakeOutcome.COMPLETE, len(handshake.messages))


def _instead(sources: Iterable[Sourced[CaptureReport]], clients: Iterable[str], servers: Iterable[str]) -> str:
    reports = [source.value for source in sources]
    problems = [report.problem or "unreadable" for report in reports if not report.readable]
    if len(problems) == len(reports):
        return f"no capture is readable ({'; '.join(problems)})"
    if not any(report.packets for report in reports):
        return "the captures hold no packets"
    seen = {address for report in reports for address in report.addresses}
    absent = sorted(({*clients} | {*servers}) - seen)
    if seen and absent:
        return (
            f"{', '.join(absent)} never appears in the captures (they show {', '.join(sorted(seen)[:6])}): "
            "wrong interface or wrong host filter"
        )
    return "the captures show no TLS handshake between the two nodes in this direction"


def settled(seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
    """What counts per pair of nodes: every complete handshake, and the last attempt where none completed."""
    pairs: dict[tuple[str, str], list[Seen]] = {}
    for one in seen:
        pairs.setdefault((one.client_node.name, one.server_node.name), []).append(one)
    chosen: list[Seen] = []
    for attempts in pairs.values():
        complete = [one for one in attempts if one.handshake.outcome is HandshakeOutcome.COMPLETE]
        chosen += complete or attempts[-1:]
    return tuple(chosen)


def showing(
    evidence: Evidence, client: ClusterEvidence, server: ClusterEvidence, chain: Callable[[Handshake], tuple[Certificate, ...]]
) -> tuple[Seen, ...]:
    """The connections of a direction that show the wanted certificate chain.

    Raises: NoEvidence, naming why the certificates cannot be seen when no connection shows them.
    """
    every = handshakes(evidence, client, server)
    found = tuple(seen for seen in every if chain(seen.handshake))
    if found:
        return found
    fact = f"the certificates of {client.name}->{server.name}"
    raise missing(fact, hidden_cause(every), CAPTURE_AGAIN, hidden_remedies(every))


def hidden_cause(every: tuple[Seen, ...]) -> str:
    """Why certificates are not visible, from the last connection that says."""
    for seen in reversed(every):
        if seen.handshake.certificates_hidden is not None:
            return f"{seen.place}: {HIDDEN_CAUSES[seen.handshake.certificates_hidden]}"
    last = every[-1]
    names = ", ".join(message.name for message in last.handshake.messages) or "no handshake message"
    return f"{last.place} shows no such certificate ({last.handshake.outcome.value}: {names})"


def hidden_remedies(every: tuple[Seen, ...]) -> tuple[str, ...]:
    """What to collect again, from the last connection that says why its certificates are hidden."""
    hidden = [seen.handshake.certificates_hidden for seen in every if seen.handshake.certificates_hidden is not None]
    return HIDDEN_REMEDIES[hidden[-1]] if hidden else ("V1",)


def server_chain(handshake: Handshake) -> tuple[Certificate, ...]:
    """Certificates of the server role."""
    return handshake.server_chain


def client_chain(handshake: Handshake) -> tuple[Certificate, ...]:
    """Certificates of the client role."""
    return handshake.client_chain


def alerts_between(evidence: Evidence, sender: ClusterEvidence, receiver: ClusterEvidence) -> list[str]:
    """Fatal alerts one cluster sent the other, one text each; empty when nothing was captured."""
    senders, receivers, found = addresses_of(evidence, sender), addresses_of(evidence, receiver), dict[str, None]()
    for cluster in evidence.clusters:
        for node in cluster.nodes:
            for source in node.captures:
                for handshake in source.value.handshakes:
                    ends = {"client": handshake.client.ip, "server": handshake.server.ip}
                    for alert in handshake.alerts:
                        other = ends["server" if alert.sender == "client" else "client"]
                        if alert.level == "fatal" and ends.get(alert.sender) in senders and other in receivers:
                            before = [message for message in handshake.messages if message.frame < alert.frame]
                            after = f" after the {before[-1].sender}'s {before[-1].name}" if before else ""
                            found[f"{sender.name} answered {alert.description}{after} (frame {alert.frame})"] = None
    return list(found)
