"""Revocation of the identities both sides present, from the authority's list."""

from pytest_cucmtls.checks.judgements import failed, missing, not_applicable, not_mentioned, passed, undecided, warned
from pytest_cucmtls.checks.moments import moment
from pytest_cucmtls.checks.register import check
from pytest_cucmtls.checks.stores import identity, why
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.cucm import NamedCertificate
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, NodeEvidence, Sourced
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.revocation import RevocationList
from pytest_cucmtls.model.verdicts import Clause, Judgement, Outcome
from pytest_cucmtls.wire.x509_ocsp import answer_is_signed_for
from pytest_cucmtls.wire.x509_revocation import list_is_signed_by

NAME_A_LIST = "Give the authority's current list as authority.crl_file in the inventory."


def _issuers(evidence: Evidence, cluster: ClusterEvidence) -> list[Certificate]:
    known = [source.value for source in evidence.authority_chain]
    known += [member.value.certificate for node in cluster.nodes for member in node.trust or ()]
    return known


def _signed_list(evidence: Evidence, cluster: ClusterEvidence, leaf: Certificate) -> Sourced[RevocationList] | None:
    """The newest list that names the leaf's issuer and bears its signature."""
    issuers = [issuer for issuer in _issuers(evidence, cluster) if issuer.subject.same_as(leaf.issuer)]
    signed = [
        source for source in evidence.revocation_lists if any(list_is_signed_by(source.value, issuer) for issuer in issuers)
    ]
    return max(signed, key=lambda source: source.value.this_update, default=None)


def _revoked_intermediate(evidence: Evidence, cluster: ClusterEvidence) -> Judgement | None:
    """The finding when a list signed by the issuer of an intermediate of the authority names that intermediate."""
    for source in evidence.authority_chain:
        found = None if source.value.names_itself_as_issuer else _signed_list(evidence, cluster, source.value)
        entry = found.value.entry(source.value.serial_number) if found else None
        if found and entry:
            since = f"{entry.revoked_at:%Y-%m-%d %H:%M:%S} UTC, reason {entry.reason or 'not given'}"
            text = (
                f"The CA {source.value.subject} (serial {source.value.serial_hex}) is revoked since {since}: so is all it signed."
            )
            return failed("no revoked CA in the path", f"revoked since {since}", text, (source.item, found.item))
    return None


def _told_by_responder(
    evidence: Evidence, cluster: ClusterEvidence, node: NodeEvidence, place: str, own: Sourced[NamedCertificate]
) -> Judgement | None:
    """What a responder says of this very certificate; None when there is no answer or it says nothing about it."""
    leaf = own.value.certificate
    if node.ocsp is None or node.ocsp.value.serial_number != leaf.serial_number:
        return None
    answer, evidence_items = node.ocsp.value, (own.item, node.ocsp.item)
    expected, observed = f"good, of serial {leaf.serial_hex}", f"{answer.status}, {answer.this_update:%Y-%m-%d %H:%M:%S} UTC"
    issuers = [issuer for issuer in _issuers(evidence, cluster) if issuer.subject.same_as(leaf.issuer)]
    if not any(answer_is_signed_for(answer, issuer) for issuer in issuers):
        text = f"The OCSP answer on {place} ({observed}) bears no signature that {leaf.issuer} allows: it proves nothing."
        return undecided(expected, observed, text, evidence_items)
    if answer.status == "revoked":
        since = f"{answer.revoked_at:%Y-%m-%d %H:%M:%S} UTC" if answer.revoked_at else "an untold time"
        text = (
            f"The certificate of {place} (serial {leaf.serial_hex}) is revoked since {since}, reason "
            f"{answer.reason or 'not given'}, according to the OCSP answer of {answer.this_update:%Y-%m-%d %H:%M:%S} UTC."
        )
        return failed(expected, observed, text, evidence_items)
    if answer.next_update is not None and moment(evidence) > answer.next_update:
        text = f"The OCSP answer on {place} was to be replaced by {answer.next_update:%Y-%m-%d %H:%M:%S} UTC: it proves nothing."
        return undecided(expected, observed, text, evidence_items)
    if answer.status != "good":
        text = f"The responder does not know the certificate of {place} (serial {leaf.serial_hex}): {observed}. {NAME_A_LIST}"
        return undecided(expected, observed, text, evidence_items)
    text = f"A responder of {leaf.issuer} says good of the certificate of {place} (serial {leaf.serial_hex}): {observed}."
    return passed(expected, observed, text, evidence_items)


@check(
    "certificate_is_not_revoked",
    step="7",
    phase="evidence",
    scope="node",
    remedies=("S3", "S4", "S5", "S6", "S7"),
    clauses=(Clause("RFC 5280", "§5, §6.3", "V"), Clause("DISA EVVM Session Management SRG", "V-260047", "V")),
    after=("identity_is_issued_by_authority",),
)
def certificate_is_not_revoked(evidence: Evidence, policy: Policy, cluster: ClusterEvidence, node: NodeEvidence) -> Judgement:
    """The CallManager certificate is not on its issuer's revocation list, which the issuer signed and which is still current.

    An intermediate CA that its own issuer's list names fails as well; a list for every level is not required.
    A list whose next update is exactly the time of the call is current. A certificate on the list fails whatever its dates
    and whatever the policy's grade. Without a list nothing is known: undecided where the policy requires revocation to be
    checked, out of scope where it only recommends it. An OCSP answer counts before any list when a responder the issuer
    allows signed it and it is current; it is asked for only where the inventory allows it (`authority.ocsp`). Where the policy
    wants OCSP and none answered, a clean list is a warning until the deviation is declared.
    """
    rule = policy.rule("cert.revocation", moment(evidence).date())
    if rule is None:
        return not_mentioned(policy, "cert.revocation")
    place, own = f"{cluster.name}/{node.name}", identity(evidence, cluster, node)
    leaf = own.value.certificate
    revoked_ca = _revoked_intermediate(evidence, cluster)
    if revoked_ca is not None:
        return revoked_ca
    told = _told_by_responder(evidence, cluster, node, place, own)
    if told is not None:
        return Judgement(told.outcome, told.expected, told.observed, told.diagnosis, told.evidence, clauses=(rule.clause,))
    if not evidence.revocation_lists:
        if rule.breach is not Outcome.FAIL:
            text = f"Policy {policy.name} recommends revocation and no list was given: declared out of scope. {NAME_A_LIST}"
            return not_applicable(text)
        raise missing("the revocation list", why(evidence, "revocation list"), NAME_A_LIST)
    found = _signed_list(evidence, cluster, leaf)
    expected = f"a current list of {leaf.issuer} without serial {leaf.serial_hex}"
    if found is None:
        lists = ", ".join(f"{source.value.issuer}" for source in evidence.revocation_lists)
        text = f"No list given is signed by the issuer of {place}'s certificate, {leaf.issuer}; given: {lists}. {NAME_A_LIST}"
        return undecided(expected, f"lists of {lists}", text, [source.item for source in evidence.revocation_lists])
    listed, entry = found.value, found.value.entry(leaf.serial_number)
    name = f"list {listed.number if listed.number is not None else 'without number'} of {listed.this_update:%Y-%m-%d %H:%M} UTC"
    if entry is not None:
        since = f"{entry.revoked_at:%Y-%m-%d %H:%M:%S} UTC, reason {entry.reason or 'not given'}"
        text = f"The certificate of {place} (serial {leaf.serial_hex}) is revoked since {since}, according to {name}."
        return failed(expected, f"revoked since {since}", text, (own.item, found.item))
    if listed.next_update is not None and moment(evidence) > listed.next_update:
        text = f"The {name} was to be replaced by {listed.next_update:%Y-%m-%d %H:%M:%S} UTC: it proves nothing. {NAME_A_LIST}"
        return undecided(expected, "an outdated list", text, (own.item, found.item))
    text = f"The certificate of {place} (serial {leaf.serial_hex}) is not on the {name}."
    if rule.value == "OCSP":
        lacking = why(evidence, f"OCSP answer on {place}")
        text += f" Policy {policy.name} asks for OCSP and nobody answered ({lacking}): allow it, or waive it."
        return warned(expected, f"not on {name}; no OCSP answer", text, (own.item, found.item))
    judged = passed(expected, f"not on {name}", text, (own.item, found.item))
    return Judgement(judged.outcome, expected, judged.observed, text, judged.evidence, clauses=(rule.clause,))
