"""What the chosen policy asks of certificates, judged on those of the admin interfaces, the wire and the intermediates."""

from dataclasses import dataclass
from datetime import timedelta

from pytest_cucmtls.checks.connections import addresses_of
from pytest_cucmtls.checks.judgements import missing, not_mentioned, ruled
from pytest_cucmtls.checks.moments import moment
from pytest_cucmtls.checks.register import check
from pytest_cucmtls.checks.stores import present_certificate, why
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, NodeEvidence
from pytest_cucmtls.model.policy import Policy, Rule
from pytest_cucmtls.model.verdicts import Clause, EvidenceItem, Judgement
from pytest_cucmtls.wire.certificate_paths import is_self_signed

RIGHT_ONE = ("identity_is_the_issued_one", "identity_is_issued_by_authority")
"""A certificate that should not be there is one finding; its strength is judged when the right one is in place."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A certificate a policy judges, and where it was seen."""

    place: str
    certificate: Certificate
    item: EvidenceItem


def leaves_of(evidence: Evidence, cluster: ClusterEvidence, node: NodeEvidence) -> list[Judged]:
    """The node's identity on the admin interface, else as issued, else every leaf it presented on the wire.

    A leaf on the wire that differs from the admin interface is a finding of its own and is not graded here as well.
    Raises: NoEvidence.
    """
    place = f"{cluster.name}/{node.name}"
    present = present_certificate(evidence, node)
    found = [Judged(f"{place} ({present[0]})", present[1].value, present[1].item)] if present else []
    addresses = {address for address, owner in addresses_of(evidence, cluster).items() if owner is node}
    for holder in () if found else evidence.clusters:
        for source in (capture for other in holder.nodes for capture in other.captures):
            for handshake in source.value.handshakes:
                for end, chain in ((handshake.server, handshake.server_chain), (handshake.client, handshake.client_chain)):
                    if end.ip in addresses and chain:
                        found.append(Judged(f"{place} (on the wire)", chain[0], source.item))
    if not found:
        reason = why(evidence, f"own certificate of {place}")
        raise missing(f"the certificate of {place}", reason, "Run `show cert own CallManager`, or capture a handshake.")
    return list({judged.certificate.sha256: judged for judged in reversed(found)}.values())[::-1]


def path_of(evidence: Evidence, cluster: ClusterEvidence, node: NodeEvidence) -> list[Judged]:
    """The leaves and the intermediates above them; a self-signed anchor is trusted by its key and is not graded."""
    found = leaves_of(evidence, cluster, node)
    for source in evidence.authority_chain:
        if not is_self_signed(source.value):
            found.append(Judged(f"intermediate {source.value.subject}", source.value, source.item))
    return found


def _judged(rule: Rule, judged: list[Judged], broken: list[str], *, expected: str, observed: str) -> Judgement:
    fine = f"{judged[0].place.partition(' (')[0]}: {observed}."
    return ruled(rule, broken, expected=expected, observed=observed, fine=fine, evidence=[one.item for one in judged])


def _signature(certificate: Certificate) -> str:
    """``SHA-1 (1.2.840.113549.1.1.5)``: the hash as the algorithm identifier names it."""
    identifier = _SIGNATURES.get((certificate.signature_scheme, certificate.signature_hash or ""))
    return f"{certificate.signature_hash}{f' ({identifier})' if identifier else ''}"


_SIGNATURES = {
    ("RSA-PKCS1v1.5", "MD5"): "1.2.840.113549.1.1.4",
    ("RSA-PKCS1v1.5", "SHA-1"): "1.2.840.113549.1.1.5",
    ("RSA-PKCS1v1.5", "SHA-224"): "1.2.840.113549.1.1.14",
    ("ECDSA", "SHA-1"): "1.2.840.10045.4.1",
}
"""Algorithm identifiers of signatures that no current policy allows (RFC 3279 §2.2, RFC 4055 §5)."""


def _key(certificate: Certificate) -> str:
    return f"{certificate.key_type or 'unreadable key'} {certificate.key_bits}"


@check(
    "key_is_long_enough",
    step="4",
    phase="config",
    scope="node",
    remedies=("S3",),
    clauses=(),
    after=RIGHT_ONE,
)
def key_is_long_enough(evidence: Evidence, policy: Policy, cluster: ClusterEvidence, node: NodeEvidence) -> Judgement:
    """Keys of leaf and intermediates have the length the policy asks for; exactly the minimum or maximum passes.

    The size is that of the modulus (or curve) parsed from the key, never what an admin page prints.
    """
    day = moment(evidence).date()
    rules = {name: policy.rule(f"cert.{name}", day) for name in ("rsa_min", "rsa_max", "ec_min")}
    rule = rules["rsa_min"] or rules["ec_min"]
    if rule is None:
        return not_mentioned(policy, "cert.rsa_min")
    judged, broken = path_of(evidence, cluster, node), list[str]()
    judging = rule
    for one in judged:
        bits, kind = one.certificate.key_bits, one.certificate.key_type
        lower, upper = (rules["rsa_min"], rules["rsa_max"]) if kind == "RSA" else (rules["ec_min"], None)
        if lower is not None and bits < int(str(lower.value)):
            broken.append(f"{one.place} has {_key(one.certificate)} bits")
            judging = lower
        elif upper is not None and bits > int(str(upper.value)):
            broken.append(f"{one.place} has {_key(one.certificate)} bits")
            judging = upper
    bounds = ", ".join(f"{name.replace('_', ' ').upper()} {found.value}" for name, found in rules.items() if found)
    observed = ", ".join(dict.fromkeys(_key(one.certificate) for one in judged))
    return _judged(judging, judged, broken, expected=bounds, observed=observed)


@check(
    "path_hash_is_allowed",
    step="4",
    phase="config",
    scope="node",
    remedies=("S3", "S4"),
    clauses=(),
    after=RIGHT_ONE,
)
def path_hash_is_allowed(evidence: Evidence, policy: Policy, cluster: ClusterEvidence, node: NodeEvidence) -> Judgement:
    """Leaf and intermediates are signed with a hash the policy allows; the anchor's own signature is not graded."""
    rule = policy.rule("cert.path_hash", moment(evidence).date())
    if rule is None:
        return not_mentioned(policy, "cert.path_hash")
    judged, allowed = path_of(evidence, cluster, node), _words(rule)
    broken = [
        f"{one.place} is signed with {_signature(one.certificate)} by {one.certificate.issuer}"
        for one in judged
        if one.certificate.signature_hash is not None and one.certificate.signature_hash not in allowed
    ]
    observed = ", ".join(dict.fromkeys(f"{one.certificate.signature_hash}" for one in judged))
    return _judged(rule, judged, broken, expected=f"one of {', '.join(allowed)}", observed=observed)


@check(
    "signature_scheme_is_allowed",
    step="4",
    phase="config",
    scope="node",
    remedies=("S4",),
    clauses=(),
    after=RIGHT_ONE,
)
def signature_scheme_is_allowed(evidence: Evidence, policy: Policy, cluster: ClusterEvidence, node: NodeEvidence) -> Judgement:
    """Leaf and intermediates are signed with a scheme the policy allows."""
    rule = policy.rule("cert.signature_scheme", moment(evidence).date())
    if rule is None:
        return not_mentioned(policy, "cert.signature_scheme")
    judged, allowed = path_of(evidence, cluster, node), _words(rule)
    broken = [
        f"{one.place} is signed with {one.certificate.signature_scheme}"
        for one in judged
        if one.certificate.signature_scheme not in allowed
    ]
    observed = ", ".join(dict.fromkeys(one.certificate.signature_scheme for one in judged))
    return _judged(rule, judged, broken, expected=f"one of {', '.join(allowed)}", observed=observed)


@check(
    "validity_is_short_enough",
    step="4",
    phase="config",
    scope="node",
    remedies=("S4",),
    clauses=(),
    after=RIGHT_ONE,
)
def validity_is_short_enough(evidence: Evidence, policy: Policy, cluster: ClusterEvidence, node: NodeEvidence) -> Judgement:
    """The leaf's validity is no longer than the policy's limit plus the tolerance it states; exactly that passes."""
    rule = policy.rule("cert.validity_max_days", moment(evidence).date())
    if rule is None:
        return not_mentioned(policy, "cert.validity_max_days")
    limit = timedelta(days=float(str(rule.value)), seconds=rule.tolerance_seconds)
    judged, broken, lengths = leaves_of(evidence, cluster, node), list[str](), list[str]()
    for one in judged:
        before, after = one.certificate.not_before, one.certificate.not_after
        if before is None or after is None:
            raise missing(
                f"the validity of {one.place}", one.certificate.problem or "unreadable", "Export the certificate again."
            )
        lengths.append(f"{(after - before).total_seconds() / 86400:.2f} days")
        if after - before > limit:
            broken.append(f"{one.place} is valid for {lengths[-1]}")
    slack = f" and {rule.tolerance_seconds:g} s" if rule.tolerance_seconds else ""
    return _judged(rule, judged, broken, expected=f"at most {rule.value} days{slack}", observed=", ".join(dict.fromkeys(lengths)))


@check(
    "certificate_does_not_expire_soon",
    step="7",
    phase="config",
    scope="node",
    remedies=("S3",),
    clauses=(),
    after=(*RIGHT_ONE, "certificate_is_in_date"),
)
def certificate_does_not_expire_soon(
    evidence: Evidence, policy: Policy, cluster: ClusterEvidence, node: NodeEvidence
) -> Judgement:
    """Every certificate of the path outlasts the policy's margin, counted from the call; exactly the margin passes."""
    at = moment(evidence)
    rule = policy.rule("cert.days_left_min", at.date())
    if rule is None:
        return not_mentioned(policy, "cert.days_left_min")
    judged = [one for one in path_of(evidence, cluster, node) if one.certificate.not_after is not None]
    judged += [
        Judged(f"root {source.value.subject}", source.value, source.item)
        for source in evidence.authority_chain
        if is_self_signed(source.value) and source.value.not_after is not None
    ]
    if not judged:
        place = f"{cluster.name}/{node.name}"
        raise missing(f"the validity of {place}'s certificates", "no date can be read", "Export the certificates again.")
    margin = timedelta(days=float(str(rule.value)))
    left = sorted((one.certificate.not_after - at, one.place) for one in judged if one.certificate.not_after is not None)
    broken = [f"{place} expires in {span.total_seconds() / 86400:.1f} days" for span, place in left if span < margin]
    observed = ", ".join(f"{place}: {span.total_seconds() / 86400:.1f} days" for span, place in left)
    return _judged(rule, judged, broken, expected=f"at least {rule.value} days left", observed=observed)


@check(
    "key_usage_is_as_required",
    step="4",
    phase="config",
    scope="node",
    remedies=("S4",),
    clauses=(Clause("RFC 5280", "§4.2.1.3", "V"),),
    after=RIGHT_ONE,
)
def key_usage_is_as_required(evidence: Evidence, policy: Policy, cluster: ClusterEvidence, node: NodeEvidence) -> Judgement:
    """The leaf's key usage contains what the policy asks for; an absent extension restricts nothing."""
    rule = policy.rule("cert.key_usage", moment(evidence).date())
    if rule is None:
        return not_mentioned(policy, "cert.key_usage")
    judged, broken = leaves_of(evidence, cluster, node), list[str]()
    for one in judged:
        usage = one.certificate.key_usage
        lacking = [word for word in _words(rule) if usage is not None and word not in usage]
        if lacking:
            broken.append(f"{one.place} has key usage {', '.join(usage or ())} without {', '.join(lacking)}")
    observed = "; ".join(dict.fromkeys(", ".join(one.certificate.key_usage or ("no extension",)) for one in judged))
    return _judged(rule, judged, broken, expected=", ".join(_words(rule)), observed=observed)


@check(
    "certificate_has_alternative_names",
    step="4",
    phase="config",
    scope="node",
    remedies=("S3", "S4"),
    clauses=(),
    after=RIGHT_ONE,
)
def certificate_has_alternative_names(
    evidence: Evidence, policy: Policy, cluster: ClusterEvidence, node: NodeEvidence
) -> Judgement:
    """The leaf carries a subject alternative name where the policy asks for one; further names are harmless."""
    rule = policy.rule("cert.san", moment(evidence).date())
    if rule is None or rule.value is False:
        return not_mentioned(policy, "cert.san")
    judged = leaves_of(evidence, cluster, node)
    broken = [f"{one.place} has no subject alternative name" for one in judged if not one.certificate.subject_alternative_names]
    observed = "; ".join(dict.fromkeys(", ".join(one.certificate.subject_alternative_names) or "none" for one in judged))
    return _judged(rule, judged, broken, expected="a subject alternative name", observed=observed)


def _words(rule: Rule) -> tuple[str, ...]:
    return tuple(str(word) for word in rule.value) if isinstance(rule.value, tuple) else (str(rule.value),)
