"""Step 2: names are right before anything is generated."""

from pytest_cucmtls.checks.judgements import document, failed, missing, passed
from pytest_cucmtls.checks.register import check
from pytest_cucmtls.checks.stores import IDENTITY_UNIT, names_of, spec_of, why
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, NodeEvidence
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Judgement


@check(
    "certificate_names_its_node",
    step="2",
    phase="config",
    scope="node",
    remedies=("S2",),
    clauses=(document("step 2: show cert own CallManager"),),
)
def certificate_names_its_node(evidence: Evidence, _policy: Policy, cluster: ClusterEvidence, node: NodeEvidence) -> Judgement:
    """The node's CallManager certificate names the node before anything is generated.

    Judged on the certificate found before the first change, else on the present one. The common name equals the node's
    name or its first label, without regard to case; a multi-server certificate may name the node in a SAN instead.
    """
    source = node.own_certificate_before or node.own_certificate
    place = f"{cluster.name}/{node.name}"
    changed = evidence.inventory.mode is Mode.APPLY and node.request is not None
    if source is None or (changed and node.own_certificate_before is None):
        raise missing(
            f"the {IDENTITY_UNIT} certificate of {place}",
            why(evidence, f"own certificate of {place}"),
            "Run `show cert own CallManager` on the node.",
        )
    if unknown := next((reason for fact, reason in evidence.reasons if fact == f"host name of {place}"), None):
        raise missing(f"the host name of {place}", unknown, "Collect an SDL trace of the node (its FileHead names the host).")
    expected = f"common name {node.name}"
    names = names_of(source.value.certificate)
    if any(same_host(name, node.name) for name in names):
        return passed(expected, f"names {', '.join(names)}", f"The certificate of {place} names {node.name}.", (source.item,))
    declared = ", ".join(address.name for address in spec_of(evidence, cluster).nodes)
    observed = f"names {', '.join(names) or 'nothing'}"
    return failed(
        expected,
        observed,
        f"The certificate of {place} {observed}, but the inventory calls this node {node.name} (nodes of {cluster.name}: "
        f"{declared}): a request generated now would carry the wrong name.",
        (source.item,),
    )


def same_host(one: str, other: str) -> bool:
    """Equal without case, or one is the first label of the other."""
    first, second = one.lower().rstrip("."), other.lower().rstrip(".")
    return first == second or (first.partition(".")[0] == second.partition(".")[0] and ("." not in first or "." not in second))
