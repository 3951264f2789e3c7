"""Steps 4 and 5: what the authority issued, and the authority's own chain."""

from pytest_cucmtls.checks.judgements import document, failed, missing, not_applicable, passed
from pytest_cucmtls.checks.moments import moment
from pytest_cucmtls.checks.register import NO_CONNECTION, check
from pytest_cucmtls.checks.requests import signed_before
from pytest_cucmtls.checks.stores import identity, peer_of, present_certificate, short, why
from pytest_cucmtls.model.certificates import CLIENT_AUTH, SERVER_AUTH, Certificate
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, NodeEvidence, Sourced, items
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Clause, EvidenceItem, Judgement, Outcome
from pytest_cucmtls.wire.certificate_paths import PathProblem, is_self_signed, usage_text, validate_path
from pytest_cucmtls.wire.x509_compare import differences

_NOT_ABOUT_SIGNATURES = {PathProblem.EXPIRED, PathProblem.NOT_YET_VALID, PathProblem.ROLE}
"""Dates and usages have checks of their own."""


@check(
    "issued_certificate_matches_request",
    step="4",
    phase="apply",
    scope="node",
    remedies=("S4",),
    clauses=(document("step 4: the CA signs"), Clause("RFC 2986", "§3", "V")),
)
def issued_certificate_matches_request(
    evidence: Evidence, _policy: Policy, cluster: ClusterEvidence, node: NodeEvidence
) -> Judgement:
    """The certificate issued for the node carries the key, the names and the usages its request asked for."""
    place = f"{cluster.name}/{node.name}"
    if evidence.inventory.mode is Mode.VERIFY and node.issued is None:
        return not_applicable("A verify-only run has nothing issued; the certificate in place is judged by itself.")
    if signed_before(node) and node.issued is None:
        return not_applicable(f"{place} had a certificate of an authority before this run: none was issued.")
    if node.issued is None or node.request is None:
        absent = "issued certificate" if node.issued is None else "request"
        raise missing(
            f"the {absent} of {place}", why(evidence, f"{absent} of {place}"), "Keep the CSR and the certificate of step 4."
        )
    unequal = differences(node.request.value, node.issued.value)
    evidence_items = (node.request.item, node.issued.item)
    expected, observed = "key, subject, SAN and usages as requested", "; ".join(unequal) or "all equal"
    if not unequal:
        return passed(expected, observed, f"The certificate issued for {place} is what its request asked for.", evidence_items)
    owner = _owner_of_key(evidence, node.issued.value.public_key_sha256)
    swapped = f" Its key is the one {owner} asked for: the files were swapped." if owner and owner != place else ""
    name = node.issued.value.subject.common_name
    effect = (
        f" The peer's profile expects the requested name, not {name}." if name != node.request.value.subject.common_name else ""
    )
    text = f"The certificate issued for {place} differs from its request: {observed}.{swapped}{effect}"
    return failed(expected, observed, text, evidence_items, remedies=("S7",) if swapped else ("S4", "S8"))


def _owner_of_key(evidence: Evidence, key: str) -> str | None:
    for cluster in evidence.clusters:
        for node in cluster.nodes:
            if node.request is not None and node.request.value.public_key_sha256 == key:
                return f"{cluster.name}/{node.name}"
    return None


@check(
    "issued_certificate_chains_to_authority",
    step="4",
    phase="apply",
    scope="node",
    remedies=("S4", "S5"),
    clauses=(document("steps 4 and 5"), Clause("RFC 5280", "§6.1", "V")),
)
def issued_certificate_chains_to_authority(
    evidence: Evidence, _policy: Policy, cluster: ClusterEvidence, node: NodeEvidence
) -> Judgement:
    """The certificate of the node is signed, link by link, by the authority's chain.

    Without an authority in the run the node's own trust store stands in for it.
    """
    place = f"{cluster.name}/{node.name}"
    leaf, item = _certificate_of(evidence, cluster, node)
    chain, sources = _authority(evidence, node)
    if not chain:
        raise missing(f"the authority of {place}", why(evidence, "authority"), "Collect the CA's certificates (step 5).")
    result = validate_path(leaf, chain, chain, at=moment(evidence), role="server")
    expected, evidence_items = f"a path from {leaf.subject} to a root of {_names(chain)}", (item, *sources)
    if result.valid or result.problem in _NOT_ABOUT_SIGNATURES:
        path = " <- ".join(str(member.subject) for member in result.path)
        return passed(expected, path, f"The certificate of {place} chains to its authority: {path}.", evidence_items)
    observed = f"{result.problem.value if result.problem else ''} {result.detail}".strip()
    text = f"The certificate of {place} (issuer {leaf.issuer}) does not chain to {_names(chain)}: {observed}."
    return failed(expected, observed, text, evidence_items)


def _certificate_of(evidence: Evidence, cluster: ClusterEvidence, node: NodeEvidence) -> tuple[Certificate, EvidenceItem]:
    if node.issued is not None:
        return node.issued.value, node.issued.item
    present = present_certificate(evidence, node)
    if present is not None:
        return present[1].value, present[1].item
    own = identity(evidence, cluster, node)
    return own.value.certificate, own.item


def _authority(evidence: Evidence, node: NodeEvidence) -> tuple[tuple[Certificate, ...], tuple[EvidenceItem, ...]]:
    """The authority's certificates; trust stores stand in for it only where nothing was issued."""
    if evidence.authority_chain:
        return tuple(source.value for source in evidence.authority_chain), items(evidence.authority_chain)
    if node.issued is not None:
        return (), ()
    members = [member for member in node.trust or () if member.value.unit == "CallManager-trust"]
    return tuple(member.value.certificate for member in members), items(members)


def _names(chain: tuple[Certificate, ...]) -> str:
    return "; ".join(dict.fromkeys(str(member.subject) for member in chain))


@check(
    "certificate_fits_both_roles",
    step="4",
    phase="config",
    scope="node",
    remedies=("S4",),
    clauses=(document("step 4: EKU serverAuth, clientAuth"), Clause("RFC 5280", "§4.2.1.12", "V")),
    prevents=NO_CONNECTION,
)
def certificate_fits_both_roles(evidence: Evidence, policy: Policy, cluster: ClusterEvidence, node: NodeEvidence) -> Judgement:
    """The node's certificate may be used as TLS server and as TLS client, because the node is both.

    Further usages (ipsecEndSystem) are harmless. An absent extension restricts nothing (RFC 5280); whether it is
    accepted is the policy's ``cert.eku_absent``.
    """
    leaf, item = _certificate_of(evidence, cluster, node)
    place, peer = f"{cluster.name}/{node.name}", peer_of(evidence, cluster).name
    expected, observed = "serverAuth and clientAuth", usage_text(leaf)
    if leaf.extended_key_usage is None:
        rule = policy.rule("cert.eku_absent", moment(evidence).date())
        text = f"The certificate of {place} has no extended key usage; RFC 5280 places no restriction on it"
        if rule is None or rule.value == "accepted":
            return passed(expected, observed, f"{text}, and policy {policy.name} accepts that.", (item,))
        cited = f"{rule.clause.standard}, {rule.clause.clause}"
        diagnosis = f"{text}, but {cited} asks for serverAuth and clientAuth."
        return Judgement(Outcome.FAIL, expected, observed, diagnosis, (item,), None, (rule.clause,))
    lacking = {SERVER_AUTH: "serverAuth", CLIENT_AUTH: "clientAuth"}
    for usage in leaf.extended_key_usage:
        lacking.pop(usage, None)
    if "2.5.29.37.0" in leaf.extended_key_usage or not lacking:
        return passed(expected, observed, f"The certificate of {place} may serve both roles ({observed}).", (item,))
    works, breaks = f"{peer}->{cluster.name}", f"{cluster.name}->{peer}"
    if "serverAuth" in lacking.values():
        works, breaks = breaks, works
    alone = len(lacking) == 1
    effect = f"{breaks} fails, {works} works" if alone else "both directions fail"
    text = f"The certificate of {place} allows only {observed}; {' and '.join(lacking.values())} is missing, so {effect}."
    field = (
        " Public authorities stop issuing clientAuth (Cisco field notice FN74345)." if "clientAuth" in lacking.values() else ""
    )
    return failed(expected, observed, text + field, (item,))


@check(
    "authority_ends_in_self_signed_root",
    step="5",
    phase="config",
    scope="pair",
    remedies=("S5",),
    clauses=(document("step 5: export the root certificate"), Clause("RFC 5280", "§6.1.1", "V")),
)
def authority_ends_in_self_signed_root(evidence: Evidence, _policy: Policy) -> Judgement:
    """The authority's chain consists of CA certificates and ends in a self-signed root.

    A run without an authority (verify-only) is judged by the roots the trust stores hold.
    """
    if not evidence.authority_chain and any(node.issued for cluster in evidence.clusters for node in cluster.nodes):
        collect = "Export the CA's root certificate (step 5)."
        raise missing("the certificate authority that issued", why(evidence, "authority"), collect)
    if not evidence.authority_chain:
        return _roots_of_trust_stores(evidence)
    chain = [source.value for source in evidence.authority_chain]
    expected, observed = "CA certificates, the last one self-signed", "; ".join(_role(member) for member in chain)
    evidence_items = items(evidence.authority_chain)
    problems = [f"{member.subject} is not a CA certificate" for member in chain if not member.is_ca]
    if not is_self_signed(chain[-1]):
        problems.append(f"the chain ends in {chain[-1].subject}, issued by {chain[-1].issuer}, not in a self-signed root")
    for position, below in enumerate(chain):
        if not is_self_signed(below) and not any(below.issuer.same_as(above.subject) for above in chain[position + 1 :]):
            problems.append(f"{below.subject} was issued by {below.issuer}, which does not follow in the chain")
    if problems:
        return failed(expected, observed, f"The authority's chain is unusable: {'; '.join(problems)}.", evidence_items)
    return passed(expected, observed, f"The authority's chain ends in the self-signed root {short(chain[-1])}.", evidence_items)


def _roots_of_trust_stores(evidence: Evidence) -> Judgement:
    found: list[Sourced[Certificate]] = []
    for cluster in evidence.clusters:
        for node in cluster.nodes:
            for member in node.trust or ():
                certificate = member.value.certificate
                if member.value.unit == "CallManager-trust" and certificate.is_ca and is_self_signed(certificate):
                    found.append(Sourced(certificate, member.item))
    if not found:
        raise missing(
            "the certificate authority's root", why(evidence, "authority"), "Export the CA's root certificate (step 5)."
        )
    observed = "; ".join(dict.fromkeys(str(source.value.subject) for source in found))
    return passed("a self-signed CA root", observed, f"Self-signed CA roots are at hand: {observed}.", items(found))


def _role(certificate: Certificate) -> str:
    kind = "root" if certificate.is_ca and is_self_signed(certificate) else "CA" if certificate.is_ca else "no CA"
    return f"{certificate.subject} ({kind})"
