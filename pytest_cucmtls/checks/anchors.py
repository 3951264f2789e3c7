"""The certificates of every node, listed, and whether somebody approved of each anchor."""

from pytest_cucmtls.checks.judgements import not_mentioned, passed, ruled
from pytest_cucmtls.checks.moments import moment
from pytest_cucmtls.checks.register import check
from pytest_cucmtls.checks.stores import call_manager_trust, identity, trust
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, NodeEvidence, items
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Clause, Judgement
from pytest_cucmtls.wire.certificate_paths import usage_text


def _approved(evidence: Evidence) -> set[str]:
    """Fingerprints of the authority's chain, of what the inventory approves, and of both clusters' own identities."""
    found = {source.value.sha256 for source in evidence.authority_chain} | set(evidence.inventory.approved_anchors)
    for cluster in evidence.clusters:
        for node in cluster.nodes:
            own = (node.own_certificate, node.own_certificate_before, *node.other_identities)
            found |= {source.value.certificate.sha256 for source in own if source is not None}
    return found


@check(
    "trust_store_holds_only_approved_anchors",
    step="6",
    phase="config",
    scope="node",
    remedies=("S6",),
    clauses=(Clause("NIST SP 800-53 r5", "SC-17 b", "V"), Clause("DISA EVVM Session Management SRG", "V-260031", "V")),
    after=("authority_ends_in_self_signed_root",),
)
def trust_store_holds_only_approved_anchors(
    evidence: Evidence, policy: Policy, cluster: ClusterEvidence, node: NodeEvidence
) -> Judgement:
    """CallManager-trust holds no certificate but the authority's, the two clusters' own, and those the inventory approves.

    Approval is by SHA-256 fingerprint (`approved_anchors`), never by name: anybody can choose a name.
    """
    rule = policy.rule("trust.only_approved_anchors", moment(evidence).date())
    if rule is None or rule.value is not True:
        return not_mentioned(policy, "trust.only_approved_anchors")
    place, members, approved = f"{cluster.name}/{node.name}", call_manager_trust(evidence, cluster, node), _approved(evidence)
    strangers = [member for member in members if member.value.certificate.sha256 not in approved]
    broken = [
        f"{place} trusts {member.value.certificate.subject} ({member.value.file_name}, SHA-256 "
        f"{member.value.certificate.sha256}), which nobody approved"
        for member in strangers
    ]
    observed = f"{len(members)} certificates, {len(strangers)} not approved"
    fine = f"All {len(members)} certificates of CallManager-trust of {place} are approved."
    return ruled(
        rule, broken, expected="approved anchors only", observed=observed, fine=fine, evidence=items(strangers or members)
    )


@check(
    "certificates_are_inventoried",
    step="7",
    phase="config",
    scope="node",
    remedies=("X5",),
    clauses=(Clause("PCI DSS 4.0.1", "4.2.1.1", "S"), Clause("NIST SP 800-53 r5", "SC-17", "V")),
)
def certificates_are_inventoried(evidence: Evidence, _policy: Policy, cluster: ClusterEvidence, node: NodeEvidence) -> Judgement:
    """The identities and trusted certificates of the node are known, each with issuer, expiry and purpose.

    The list itself is the proof; it judges nothing about the certificates. Undecided while either store was not read.
    """
    own, members = identity(evidence, cluster, node), trust(evidence, cluster, node)
    rows = [_row(source.value.unit, source.value.certificate) for source in (own, *node.other_identities, *members)]
    text = f"{cluster.name}/{node.name} holds {len(rows)} certificates: {'; '.join(rows)}."
    evidence_items = items((own, *node.other_identities, *members))
    return passed("a list of every certificate", f"{len(rows)} certificates", text, evidence_items)


def _row(unit: str, certificate: Certificate) -> str:
    expiry = f"{certificate.not_after:%Y-%m-%d}" if certificate.not_after else "unreadable"
    purpose = "CA" if certificate.is_ca else usage_text(certificate)
    return f"{unit} {certificate.subject}, issuer {certificate.issuer}, until {expiry}, {purpose}"
