"""What surrounds the trunk: an account that may act, a database that is the same on every node, names that lead to the peer."""

from pytest_cucmtls.checks.connections import addresses_of
from pytest_cucmtls.checks.judgements import document, failed, missing, not_applicable, passed
from pytest_cucmtls.checks.register import NO_CONNECTION, check
from pytest_cucmtls.checks.stores import TRUST_UNIT, peer_of, why
from pytest_cucmtls.checks.trunks import trunk_of
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, NodeEvidence, Sourced, items
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.surroundings import NameLookup
from pytest_cucmtls.model.verdicts import Clause, EvidenceItem, Judgement, Outcome

FULL_ROLE = "Standard AXL API Access"
WRITING_STEPS = {8, 9, 10}


@check(
    "account_may_write",
    step="1",
    phase="access",
    scope="cluster",
    remedies=("X5",),
    clauses=(Clause("NIST SP 800-53 r5", "AC-6", "V"),),
)
def account_may_write(evidence: Evidence, _policy: Policy, cluster: ClusterEvidence) -> Judgement:
    """The AXL account of a run that changes clusters may write, known before the first change.

    Found in the tables of roles, without writing. Steps 8 to 10, once performed, prove it by themselves. A run that reads only
    needs no such right.
    """
    if evidence.inventory.mode is not Mode.APPLY:
        return not_applicable("A verify-only run writes nothing.")
    found, expected = cluster.write_access, f"an account with the role {FULL_ROLE}"
    if found is not None and found.value.may_write is False:
        observed = ", ".join(found.value.roles) or "no AXL role"
        text = (
            f"The AXL account {found.value.user} of {cluster.name} has {observed}, the role {FULL_ROLE} is missing: it can read "
            f"and not write, so nothing was changed (expected: {expected})."
        )
        return Judgement(Outcome.BLOCKED, expected, observed, text, (found.item,))
    if found is not None and found.value.may_write:
        text = f"The AXL account {found.value.user} of {cluster.name} may write: {FULL_ROLE}."
        return passed(expected, ", ".join(found.value.roles), text, (found.item,))
    done = (source for source in evidence.steps if source.value.outcome is Outcome.PASS)
    written = [source for source in done if source.value.number in WRITING_STEPS]
    if len(written) == len(WRITING_STEPS):
        text = f"The AXL account of {cluster.name} performed steps 8 to 10."
        return passed(expected, "steps 8 to 10 performed", text, items(written))
    reason = why(evidence, f"write access of {cluster.name}") if found is None else "the tables of roles do not say"
    raise missing(f"the right of {cluster.name}'s AXL account to write", reason, "Look at its roles in User Management.")


@check(
    "nodes_of_a_cluster_agree",
    step="2",
    phase="access",
    scope="cluster",
    remedies=("X5",),
    clauses=(Clause("Cisco CUCM Administration", "database replication status 2", "M"), document("steps 6 and 7, on every node")),
)
def nodes_of_a_cluster_agree(evidence: Evidence, _policy: Policy, cluster: ClusterEvidence) -> Judgement:
    """Every node of the cluster says that database replication is set up (2), and holds the same CallManager-trust.

    The answer of one node is never taken for the cluster's. A cluster of one node has nothing to replicate.
    """
    if len(cluster.nodes) < 2:
        return not_applicable(f"{cluster.name} has one node: nothing is replicated.")
    stores = {node.name: _anchors(evidence, cluster, node) for node in cluster.nodes}
    usual = max(stores.values(), key=lambda held: sum(held == other for other in stores.values()))
    evidence_items: list[EvidenceItem] = []
    rows, broken = list[str](), list[str]()
    for node in cluster.nodes:
        place = f"{cluster.name}/{node.name}"
        if node.replication is None:
            collect = "Run `utils dbreplication runtimestate` on the node."
            raise missing(f"the replication state of {place}", why(evidence, f"replication of {place}"), collect)
        behind = node.replication.value.behind
        held = stores[node.name]
        rows.append(f"{node.name}: replication {'; '.join(behind) or 'good (2)'}, {len(held)} trusted")
        evidence_items += [node.replication.item, *items(node.trust or ())]
        if behind:
            broken.append(f"{place} sees {'; '.join(behind)}")
        if held != usual:
            broken.append(f"{place} trusts {_difference(held, usual)} (odd one out)")
    observed, expected = ", ".join(rows), "replication good (2) and the same CallManager-trust on every node"
    if broken:
        text = f"The nodes of {cluster.name} answer differently: {'; '.join(broken)}. By node: {observed}; expected: {expected}."
        return failed(expected, observed, text, evidence_items)
    return passed(expected, observed, f"The nodes of {cluster.name} agree: {observed}.", evidence_items)


def _anchors(evidence: Evidence, cluster: ClusterEvidence, node: NodeEvidence) -> frozenset[str]:
    """What the node trusts for CallManager, as subject and fingerprint, its own identity left out."""
    if node.trust is None:
        place = f"{cluster.name}/{node.name}"
        raise missing(f"the trust stores of {place}", why(evidence, f"trust stores of {place}"), "Read the stores of every node.")
    found = (member.value for member in node.trust if member.value.unit == TRUST_UNIT)
    return frozenset(f"{one.certificate.subject} ({one.certificate.sha256[:16]}…)" for one in found if one.certificate.is_ca)


def _difference(held: frozenset[str], usual: frozenset[str]) -> str:
    more, less = sorted(held - usual), sorted(usual - held)
    parts = [f"also {', '.join(more)}" if more else "", f"not {', '.join(less)}" if less else ""]
    return " and ".join(part for part in parts if part)


@check(
    "trunk_name_resolves_to_the_peer",
    step="9",
    phase="config",
    scope="cluster",
    remedies=("X3", "S9"),
    clauses=(document("step 9: destination address"),),
    after=("trunk_leads_to_the_peer",),
    prevents=NO_CONNECTION,
)
def trunk_name_resolves_to_the_peer(evidence: Evidence, _policy: Policy, cluster: ClusterEvidence) -> Judgement:
    """Each name in the trunk's destinations resolves, on every node of the cluster, to addresses of the peer and no others.

    Asked of the node itself, whose resolver counts. A trunk that names addresses needs none.
    """
    trunk, peer = trunk_of(evidence, cluster), peer_of(evidence, cluster)
    names = [row.address for row in trunk.value.destinations if not _is_address(row.address)]
    if not names or trunk.value.dest_addr_is_srv:
        return not_applicable(f"The trunk of {cluster.name} names {'an SRV record' if names else 'addresses'}.")
    known = {address for address in addresses_of(evidence, peer) if _is_address(address)}
    if not known:
        collect = "Give its nodes' addresses in the inventory."
        raise missing(f"the addresses of {peer.name}", "the inventory has names only", collect)
    rows, broken, evidence_items = list[str](), list[str](), [trunk.item]
    for node in cluster.nodes:
        for name in names:
            found = _lookup(evidence, cluster, node, name)
            shown = ", ".join(found.value.addresses) or "nothing"
            evidence_items.append(found.item)
            rows.append(f"{name} -> {shown} on {node.name}")
            if not found.value.addresses or not set(found.value.addresses) <= known:
                broken.append(f"{name} resolves to {shown} on {cluster.name}/{node.name}")
    wanted, observed = ", ".join(sorted(known)), "; ".join(rows)
    expected = f"addresses of {peer.name}: {wanted}"
    if broken:
        text = f"The trunk of {cluster.name} does not lead to {peer.name}: {'; '.join(broken)}, expected {wanted}."
        return failed(expected, observed, text, evidence_items)
    text = f"The names in the trunk of {cluster.name} lead to {peer.name}: {observed}."
    return passed(expected, observed, text, evidence_items)


def _lookup(evidence: Evidence, cluster: ClusterEvidence, node: NodeEvidence, name: str) -> Sourced[NameLookup]:
    found = next((source for source in node.name_lookups if source.value.name.lower() == name.lower()), None)
    if found is None:
        place = f"{cluster.name}/{node.name}"
        reason = why(evidence, f"name lookup of {place}")
        raise missing(f"what {place} resolves {name} to", reason, f"Run `utils network host {name}` on the node.")
    return found


def _is_address(text: str) -> bool:
    return text.replace(".", "").isdigit() or ":" in text
