"""Step 6: each side trusts the authority of the other side, in the store that SIP trunks use."""

from pytest_cucmtls.checks.connections import alerts_between
from pytest_cucmtls.checks.judgements import document, failed, passed
from pytest_cucmtls.checks.moments import moment
from pytest_cucmtls.checks.register import NO_CONNECTION, check
from pytest_cucmtls.checks.stores import TRUST_UNIT, call_manager_trust, identity, peer_of, present_certificate, trust
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.cucm import NamedCertificate
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, NodeEvidence, Sourced, items
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Clause, EvidenceItem, Judgement
from pytest_cucmtls.wire.certificate_paths import PathProblem, PathResult, is_self_signed, validate_path


@check(
    "peer_root_is_trusted",
    step="6",
    phase="config",
    scope="node",
    remedies=("S6",),
    clauses=(document("step 6: upload the root as CallManager-trust"), Clause("RFC 5280", "§6.1.1", "V")),
    prevents=NO_CONNECTION,
)
def peer_root_is_trusted(evidence: Evidence, _policy: Policy, cluster: ClusterEvidence, node: NodeEvidence) -> Judgement:
    """The root that vouches for the peer's certificates is in CallManager-trust of the node.

    Roots are compared by their key and signature, never by name alone: a renewed authority keeps its name. Without
    an authority in the run, the issuer the peer's identity names is looked for.
    """
    members = trust(evidence, cluster, node)
    place, peer = f"{cluster.name}/{node.name}", peer_of(evidence, cluster)
    own = [member for member in members if member.value.unit == TRUST_UNIT]
    wanted = _wanted_root(evidence, peer, members)
    expected = f"{wanted.subject} in {TRUST_UNIT} of {place}"
    present = next((member for member in own if member.value.certificate.sha256 == wanted.sha256), None)
    if present is not None:
        text = f"{TRUST_UNIT} of {place} holds {wanted.subject}, SHA-256 {wanted.sha256[:32]}…."
        return passed(expected, present.value.file_name, text, (present.item,))
    same_key = next((member for member in own if _same_authority(member.value.certificate, wanted)), None)
    if same_key is not None:
        text = f"{TRUST_UNIT} of {place} holds another certificate of {wanted.subject} with the same key."
        return passed(expected, same_key.value.file_name, text, (same_key.item,))
    return _absent(evidence, cluster, node, wanted, members)


def _absent(
    evidence: Evidence,
    cluster: ClusterEvidence,
    node: NodeEvidence,
    wanted: Certificate,
    members: tuple[Sourced[NamedCertificate], ...],
) -> Judgement:
    place, peer = f"{cluster.name}/{node.name}", peer_of(evidence, cluster)
    expected = f"{wanted.subject} in {TRUST_UNIT} of {place}"
    alerts = alerts_between(evidence, cluster, peer)
    wire = f" On the wire: {'; '.join(alerts)}." if alerts else ""
    own = [member for member in members if member.value.unit == TRUST_UNIT]
    namesake = next((member for member in own if member.value.certificate.subject.same_as(wanted.subject)), None)
    if namesake is not None:
        old = namesake.value.certificate
        text = (
            f"{TRUST_UNIT} of {place} holds a certificate named {wanted.subject} with another key (SHA-256 {old.sha256[:32]}…, "
            f"key identifier {old.subject_key_identifier}); {peer.name}'s authority is SHA-256 {wanted.sha256[:32]}…, "
            f"key identifier {wanted.subject_key_identifier}: the root was renewed and the old one is installed.{wire}"
        )
        return failed(expected, f"same name, other key {old.sha256[:16]}", text, (namesake.item,), remedies=("S5", "S6"))
    elsewhere = [member for member in members if member.value.certificate.sha256 == wanted.sha256]
    if elsewhere:
        units = ", ".join(member.value.unit for member in elsewhere)
        text = f"{wanted.subject} is in {units} of {place}, not in {TRUST_UNIT}: uploaded to the wrong store.{wire}"
        return failed(expected, f"in {units}", text, items(elsewhere))
    held = ", ".join(str(member.value.certificate.subject) for member in own) or "nothing"
    text = (
        f"{place} cannot build a path for {peer.name}'s certificate: issuer {wanted.subject} is not in "
        f"{cluster.name}/{TRUST_UNIT} (which holds {held}).{wire}"
    )
    wanting = [present[1].item for other in peer.nodes if (present := present_certificate(evidence, other)) is not None]
    return failed(expected, f"{TRUST_UNIT} holds {held}", text, (*items(members), *wanting))


def _wanted_root(evidence: Evidence, peer: ClusterEvidence, members: tuple[Sourced[NamedCertificate], ...]) -> Certificate:
    """The authority's root, else the root above the peer's identity as the peer's own store or this node's store shows it."""
    if evidence.authority_chain:
        return evidence.authority_chain[-1].value
    node = peer.nodes[0]
    leaf = identity(evidence, peer, node).value.certificate
    known = tuple(member.value.certificate for member in (*members, *(node.trust or ())))
    result = validate_path(leaf, known, known, at=moment(evidence), role="server")
    return result.path[-1] if is_self_signed(result.path[-1]) else _named_issuer(leaf)


def _named_issuer(leaf: Certificate) -> Certificate:
    """A stand-in for an issuer nobody has: its name is all that is known."""
    return Certificate(b"", "not known", leaf.issuer, leaf.issuer, 0, None, None, is_ca=True)


def _same_authority(member: Certificate, wanted: Certificate) -> bool:
    same_key = bool(wanted.public_key_sha256) and member.public_key_sha256 == wanted.public_key_sha256
    return same_key and member.subject.same_as(wanted.subject) and is_self_signed(member)


@check(
    "peer_identity_has_a_path",
    step="7",
    phase="config",
    scope="direction",
    remedies=("S6", "S4"),
    clauses=(
        document("steps 6 and 7"),
        Clause("RFC 5280", "§6", "V"),
        Clause("DISA EVVM Session Management SRG", "V-260047", "V"),
    ),
    after=(
        "peer_root_is_trusted",
        "identity_is_issued_by_authority",
        "certificate_is_in_date",
        "certificate_fits_both_roles",
    ),
    prevents=NO_CONNECTION,
)
def peer_identity_has_a_path(evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence) -> Judgement:
    """Each side can validate the other side's CallManager certificate with what its CallManager-trust holds.

    Every node's identity against every peer node's store, in the role it plays in this direction, at the time of the call.
    """
    at, problems, evidence_items = moment(evidence), list[str](), list[EvidenceItem]()
    for holder, peer, role in ((client, server, "server"), (server, client, "client")):
        for node in holder.nodes:
            store = call_manager_trust(evidence, holder, node)
            anchors = tuple(member.value.certificate for member in store)
            for other in peer.nodes:
                leaf = identity(evidence, peer, other)
                evidence_items += [leaf.item, *items(store)]
                result = validate_path(leaf.value.certificate, (), anchors, at=at, role=role)
                if not result.valid:
                    problems.append(path_sentence(f"{holder.name}/{node.name}", f"{peer.name}/{other.name}", role, result))
    expected = "a valid path in both roles"
    if not problems:
        text = f"At {at:%Y-%m-%d %H:%M:%S} UTC both sides of {client.name}->{server.name} can validate each other."
        return passed(expected, "valid", text, evidence_items)
    return failed(expected, f"{len(problems)} without path", " ".join(problems), evidence_items, remedies=_remedies(problems))


def _remedies(problems: list[str]) -> tuple[str, ...]:
    if any(PathProblem.EXPIRED.value in text or PathProblem.NOT_YET_VALID.value in text for text in problems):
        return ("S3", "S4", "S5", "S6", "S7", "X1")
    return ("S4",) if any(word.value in text for text in problems for word in _OF_THE_AUTHORITY) else ("S6", "S4")


_OF_THE_AUTHORITY = (PathProblem.ROLE, PathProblem.NOT_A_CA, PathProblem.PATH_LENGTH)
"""What only another certificate repairs: no upload to a trust store does."""


def path_sentence(holder: str, owner: str, role: str, result: PathResult) -> str:
    """``B cannot build a path for A's certificate: …`` with the certificate concerned and the detail."""
    about = f" ({result.about.subject})" if result.about else ""
    detail = f", {result.detail}" if result.detail else ""
    leaf = result.path[0]
    reason = result.problem.value if result.problem else "valid"
    return f"{holder} cannot validate the certificate of {owner} (TLS {role}, issuer {leaf.issuer}): {reason}{about}{detail}."
