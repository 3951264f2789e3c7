"""Step 7: the admin interface shows the certificate that the authority issued."""

from pytest_cucmtls.checks.judgements import document, failed, missing, not_applicable, not_mentioned, passed, ruled
from pytest_cucmtls.checks.moments import moment
from pytest_cucmtls.checks.register import NO_CONNECTION, check
from pytest_cucmtls.checks.requests import signed_before
from pytest_cucmtls.checks.stores import identity, short, why
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, NodeEvidence
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Clause, Judgement
from pytest_cucmtls.wire.certificate_paths import is_self_signed


@check(
    "identity_is_the_issued_one",
    step="7",
    phase="config",
    scope="node",
    remedies=("S7",),
    clauses=(document("step 7: upload the signed certificate as CallManager"),),
)
def identity_is_the_issued_one(evidence: Evidence, _policy: Policy, cluster: ClusterEvidence, node: NodeEvidence) -> Judgement:
    """The CallManager certificate on the admin interface is the one the authority issued for this node.

    Compared by SHA-256. What the description field says ("Self-signed certificate") proves nothing.
    """
    place = f"{cluster.name}/{node.name}"
    own = identity(evidence, cluster, node)
    if node.issued is None:
        if evidence.inventory.mode is Mode.VERIFY or signed_before(node):
            return not_applicable("Nothing was issued in this run; the certificate in place is judged by itself.")
        raise missing(
            f"the issued certificate of {place}",
            why(evidence, f"issued certificate of {place}"),
            "Keep the certificate of step 4.",
        )
    issued, shown = node.issued.value, own.value.certificate
    evidence_items = (own.item, node.issued.item)
    if shown.sha256 == issued.sha256:
        return passed(
            short(issued), short(shown), f"The admin interface of {place} shows the issued certificate.", evidence_items
        )
    cause = _explanation(evidence, node, shown.sha256)
    roles = f" {roles_text(cluster, node, shown)}" if shown.is_ca else ""
    text = f"The admin interface of {place} shows {short(shown)}; issued was {short(issued)}: {cause}{roles}"
    return failed(short(issued), short(shown), text, evidence_items, remedies=("S6", "S7") if shown.is_ca else None)


@check(
    "identity_is_not_an_older_one",
    step="7",
    phase="config",
    scope="node",
    remedies=("S7", "X1"),
    clauses=(Clause("NIST SP 800-53 r5", "CM-6", "V"),),
)
def identity_is_not_an_older_one(evidence: Evidence, _policy: Policy, cluster: ClusterEvidence, node: NodeEvidence) -> Judgement:
    """The CallManager certificate is none that the baseline knows as replaced: a restored backup brings such a one back.

    The last identity recorded, or one nobody recorded yet (a renewal), passes. Without a baseline nothing is compared.
    """
    known, place = evidence.earlier_identities, f"{cluster.name}/{node.name}"
    recorded = [one for one in known.value if one.place == place] if known is not None else []
    if known is None or not recorded:
        return not_applicable(f"No earlier run recorded an identity of {place} (--cucm-baseline).")
    own, latest = identity(evidence, cluster, node), recorded[-1]
    shown, evidence_items = own.value.certificate, (own.item, known.item)
    expected = (
        f"serial {latest.serial}, SHA-256 {latest.sha256[:16]}…, recorded {latest.recorded_at:%Y-%m-%d %H:%M} UTC, or a newer one"
    )
    observed = f"serial {shown.serial_hex}, SHA-256 {shown.sha256[:16]}…"
    older = next((one for one in recorded if one.sha256 == shown.sha256), None)
    if older is not None and shown.sha256 != latest.sha256:
        text = (
            f"The admin interface of {place} shows {observed}, which an earlier run found before it was replaced by the latest "
            f"recorded one, serial {latest.serial}, SHA-256 {latest.sha256[:16]}… ({latest.recorded_at:%Y-%m-%d %H:%M} UTC): "
            "drift, a backup was restored or the older file uploaded again."
        )
        return failed(expected, observed, text, evidence_items)
    what = "the identity the baseline left" if older is not None else "newer than what the baseline knows"
    return passed(expected, observed, f"The CallManager certificate of {place} ({observed}) is {what}.", evidence_items)


def roles_text(cluster: ClusterEvidence, node: NodeEvidence, shown: Certificate) -> str:
    """What each file is by its basic constraints, when a CA certificate stands where the leaf belongs."""
    leaves = [
        f"{member.value.unit} holds {member.value.certificate.subject} (cA false, a leaf)"
        for member in node.trust or ()
        if not member.value.certificate.is_ca and not member.value.certificate.names_itself_as_issuer
    ]
    trust = f", {', '.join(leaves)}" if leaves else ""
    return f"By basic constraints, CallManager of {cluster.name}/{node.name} holds {shown.subject} (cA true){trust}."


def _explanation(evidence: Evidence, node: NodeEvidence, shown: str) -> str:
    before = node.own_certificate_before
    if before is not None and before.value.certificate.sha256 == shown:
        return "it is still the certificate from before, the upload did not happen."
    for cluster in evidence.clusters:
        for other in cluster.nodes:
            if other is not node and other.issued is not None and other.issued.value.sha256 == shown:
                return f"it is the certificate issued for {cluster.name}/{other.name}, the files were swapped."
    if any(source.value.sha256 == shown for source in evidence.authority_chain):
        return "it is a certificate of the authority itself, steps 6 and 7 were crossed."
    return "it is neither the old nor the issued one."


@check(
    "identity_is_issued_by_authority",
    step="7",
    phase="config",
    scope="node",
    remedies=("S7",),
    clauses=(document("step 7: CA-signed certificate"),),
    after=("identity_is_the_issued_one",),
)
def identity_is_issued_by_authority(
    evidence: Evidence, policy: Policy, cluster: ClusterEvidence, node: NodeEvidence
) -> Judgement:
    """The CallManager certificate is an end-entity certificate that somebody else signed, not a self-signed or CA one."""
    rule = policy.rule("cert.self_signed", moment(evidence).date())
    if rule is None:
        return not_mentioned(policy, "cert.self_signed")
    own, place = identity(evidence, cluster, node), f"{cluster.name}/{node.name}"
    certificate, broken = own.value.certificate, list[str]()
    if certificate.is_ca:
        roles = roles_text(cluster, node, certificate).rstrip(".")
        broken.append(f"{place} has a CA certificate as CallManager identity, steps 6 and 7 were crossed; {roles}")
    elif is_self_signed(certificate) and rule.value == "refused":
        broken.append(f"the CallManager certificate of {place} is self-signed ({short(certificate)})")
    observed = f"issuer {certificate.issuer}"
    fine = f"The certificate of {place} was issued by {certificate.issuer}."
    expected = "a CA-signed end-entity certificate"
    remedies = ("S6", "S7") if certificate.is_ca else None
    return ruled(rule, broken, expected=expected, observed=observed, fine=fine, evidence=(own.item,), remedies=remedies)


@check(
    "certificate_is_in_date",
    step="7",
    phase="config",
    scope="node",
    remedies=("S3", "S4", "S5", "S6", "S7", "X1"),
    clauses=(Clause("RFC 5280", "§4.1.2.5", "V"),),
    prevents=NO_CONNECTION,
)
def certificate_is_in_date(evidence: Evidence, _policy: Policy, cluster: ClusterEvidence, node: NodeEvidence) -> Judgement:
    """The CallManager certificate is valid at the time of the call, both ends of its validity included."""
    own, place, at = identity(evidence, cluster, node), f"{cluster.name}/{node.name}", moment(evidence)
    certificate = own.value.certificate
    if certificate.not_before is None or certificate.not_after is None:
        raise missing(
            f"the validity of {place}'s certificate", certificate.problem or "unreadable", "Export the certificate again."
        )
    observed = f"{certificate.not_before:%Y-%m-%d %H:%M:%S}..{certificate.not_after:%Y-%m-%d %H:%M:%S} UTC"
    expected = f"valid at {at:%Y-%m-%d %H:%M:%S} UTC"
    offset = node.clock_offset_seconds
    clock = f" (time of the call; the node's clock is {offset.value:+.1f} s from the tool's)" if offset else " (time of the call)"
    if at > certificate.not_after:
        age = at - certificate.not_after
        text = (
            f"The certificate of {place} expired {age} before {at:%Y-%m-%d %H:%M:%S} UTC{clock}: {observed}."
            f"{_on_the_wire(evidence, certificate)}"
        )
        return failed(expected, observed, text, (own.item,))
    if at < certificate.not_before:
        text = f"The certificate of {place} becomes valid {certificate.not_before - at} after {at:%Y-%m-%d %H:%M:%S} UTC{clock}."
        return failed(expected, observed, text, (own.item,), remedies=("X3", "S4"))
    return passed(expected, observed, f"The certificate of {place} is valid at {at:%Y-%m-%d %H:%M:%S} UTC{clock}.", (own.item,))


def _on_the_wire(evidence: Evidence, certificate: Certificate) -> str:
    """Whether the captures show the same certificate; empty when nothing was captured."""
    chains = [
        chain[0].sha256
        for cluster in evidence.clusters
        for node in cluster.nodes
        for capture in node.captures
        for handshake in capture.value.handshakes
        for chain in (handshake.server_chain, handshake.client_chain)
        if chain
    ]
    if not chains:
        return ""
    return f" The wire {'shows the same certificate' if certificate.sha256 in chains else 'does not show this certificate'}."
