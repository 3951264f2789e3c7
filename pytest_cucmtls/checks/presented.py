"""Certificates on the wire: those of the admin interface, valid for the other side, named by its profile."""

from pytest_cucmtls.checks.connections import (
    CAPTURE_AGAIN,
    Seen,
    addresses_of,
    client_chain,
    handshakes,
    located,
    server_chain,
    showing,
)
from pytest_cucmtls.checks.differing_certificates import cause_of_difference
from pytest_cucmtls.checks.judgements import document, failed, missing, not_applicable, passed
from pytest_cucmtls.checks.profiles import profile_of
from pytest_cucmtls.checks.register import NO_CONNECTION, check
from pytest_cucmtls.checks.stores import call_manager_trust, identity, names_of, short
from pytest_cucmtls.checks.trust import path_sentence
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.cucm import NamedCertificate
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, NodeEvidence, Sourced, items
from pytest_cucmtls.model.intended import listed_subject_names
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Clause, EvidenceItem, Judgement
from pytest_cucmtls.wire.certificate_paths import PathProblem, validate_path

COMPARISON = document("collect packet capture: serial, subject, issuer, validity")
_CHAIN_CLAUSES = (Clause("RFC 5280", "§6", "V"), Clause("DISA EVVM Session Management SRG", "V-260047", "V"))
_BEFORE_A_CHAIN = (
    "peer_root_is_trusted",
    "peer_identity_has_a_path",
    "certificate_is_in_date",
    "certificate_fits_both_roles",
    "identity_is_the_issued_one",
)
"""Causes of a chain that is not accepted, whichever side presents it."""


def _chain(seen: Seen, role: str) -> tuple[Certificate, ...]:
    return (server_chain if role == "server" else client_chain)(seen.handshake)


def _node(seen: Seen, role: str) -> NodeEvidence:
    return seen.server_node if role == "server" else seen.client_node


def _item(seen: Seen, role: str) -> EvidenceItem:
    frame = seen.handshake.server_certificate_frame if role == "server" else seen.handshake.client_certificate_frame
    return located(seen.item, frame) if frame else seen.item


@check(
    "server_presents_admin_certificate",
    step="V1",
    phase="handshake",
    scope="direction",
    remedies=("X1", "X2"),
    clauses=(COMPARISON,),
    after=("identity_is_the_issued_one",),
    prevents=NO_CONNECTION,
)
def server_presents_admin_certificate(
    evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence
) -> Judgement:
    """The server presents the certificate that its admin interface shows (SHA-256 of the DER), on every connection."""
    return _compare(evidence, client, server, "server")


@check(
    "client_presents_admin_certificate",
    step="V1",
    phase="handshake",
    scope="direction",
    remedies=("X1", "X2"),
    clauses=(COMPARISON,),
    after=("identity_is_the_issued_one",),
    prevents=NO_CONNECTION,
)
def client_presents_admin_certificate(
    evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence
) -> Judgement:
    """The client presents the certificate that its admin interface shows (SHA-256 of the DER), on every connection.

    Where no server asked for one there is nothing to compare: that is the finding of `both_sides_authenticate`.
    """
    if all(seen.handshake.client_certificate_requested is False for seen in handshakes(evidence, client, server)):
        return not_applicable(f"{server.name} asked {client.name} for no certificate on any connection.")
    return _compare(evidence, client, server, "client")


def _compare(evidence: Evidence, client: ClusterEvidence, server: ClusterEvidence, role: str) -> Judgement:
    owner = server if role == "server" else client
    seen_all = showing(evidence, client, server, server_chain if role == "server" else client_chain)
    rows, mismatches, evidence_items = list[str](), list[tuple[Seen, Sourced[NamedCertificate]]](), list[EvidenceItem]()
    expected: dict[str, str] = {}
    for seen in seen_all:
        node, leaf = _node(seen, role), _chain(seen, role)[0]
        admin = _admin_certificate(evidence, owner, node, leaf)
        evidence_items += [_item(seen, role), admin.item]
        expected[node.name] = f"{owner.name}/{node.name} {admin.value.unit}: {short(admin.value.certificate)}"
        rows.append(f"{owner.name}/{node.name} presents {short(leaf)}")
        if leaf.sha256 != admin.value.certificate.sha256:
            mismatches.append((seen, admin))
    wanted, observed = "; ".join(expected.values()), "; ".join(dict.fromkeys(rows))
    if not mismatches:
        text = f"In {client.name}->{server.name} the {role} presents the certificate its admin interface shows: {observed}."
        return passed(wanted, observed, text, evidence_items)
    seen, admin = mismatches[0]
    leaf = _chain(seen, role)[0]
    cause, remedies = cause_of_difference(evidence, owner, _node(seen, role), leaf, admin.value.certificate)
    if leaf.key_type == "EC":
        suite = seen.handshake.cipher_suite.name if seen.handshake.cipher_suite else "the negotiated suite"
        cause = f"{suite} selected the ECDSA identity, compared with {admin.value.unit}; {cause}"
        remedies = ("S7", *(code for code in remedies if code != "S7"))
    nodes = dict.fromkeys(f"{owner.name}/{_node(wrong, role).name}" for wrong, _ in mismatches)
    text = (
        f"{', '.join(nodes)} as TLS {role} of {client.name}->{server.name} presents another certificate than its admin page: "
        f"{cause} Presented: {short(leaf)}; on the admin page: {short(admin.value.certificate)} ({admin.value.unit})."
        f"{_table(seen_all, mismatches, role)}"
    )
    return failed(wanted, observed, text, evidence_items, remedies=remedies)


def _table(seen_all: tuple[Seen, ...], mismatches: list[tuple[Seen, Sourced[NamedCertificate]]], role: str) -> str:
    """Node -> fingerprint, the odd ones marked; empty when only one node was seen."""
    wrong = {_node(seen, role).name for seen, _ in mismatches}
    rows = {_node(seen, role).name: _chain(seen, role)[0].sha256[:32] for seen in seen_all}
    if len(rows) < 2:
        return ""
    marked = (f"{name} -> {fingerprint}…{' (odd one out)' if name in wrong else ''}" for name, fingerprint in rows.items())
    return f" Presented by node: {', '.join(marked)}."


def _admin_certificate(
    evidence: Evidence, owner: ClusterEvidence, node: NodeEvidence, leaf: Certificate
) -> Sourced[NamedCertificate]:
    """The identity of the right kind: an ECDSA leaf is compared with CallManager-ECDSA, never with the RSA identity."""
    own = identity(evidence, owner, node)
    if leaf.key_type != "EC" or own.value.certificate.key_type == "EC":
        return own
    other = next((entry for entry in node.other_identities if entry.value.certificate.key_type == "EC"), None)
    if other is None:
        raise missing(
            f"the CallManager-ECDSA certificate of {owner.name}/{node.name}",
            "the connection selected an ECDSA identity and only the RSA one was read",
            "Run `show cert own CallManager-ECDSA` on the node.",
        )
    return other


@check(
    "server_chain_is_valid_for_client",
    step="V1",
    phase="handshake",
    scope="direction",
    remedies=("S6", "S4"),
    clauses=_CHAIN_CLAUSES,
    after=(
        *_BEFORE_A_CHAIN,
        "tls_connection_is_established",
        "server_presents_admin_certificate",
    ),
)
def server_chain_is_valid_for_client(
    evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence
) -> Judgement:
    """The chain the server presents leads to an anchor in the client's CallManager-trust, valid at that time."""
    return _valid(evidence, client, server, "server")


@check(
    "client_chain_is_valid_for_server",
    step="V1",
    phase="handshake",
    scope="direction",
    remedies=("S6", "S4"),
    clauses=_CHAIN_CLAUSES,
    after=(
        *_BEFORE_A_CHAIN,
        "tls_connection_is_established",
        "both_sides_authenticate",
        "client_presents_admin_certificate",
    ),
)
def client_chain_is_valid_for_server(
    evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence
) -> Judgement:
    """The chain the client presents leads to an anchor in the server's CallManager-trust, valid at that time."""
    return _valid(evidence, client, server, "client")


def _valid(evidence: Evidence, client: ClusterEvidence, server: ClusterEvidence, role: str) -> Judgement:
    """A root presented on the wire is no anchor; only the other side's store holds anchors."""
    owner, holder = (server, client) if role == "server" else (client, server)
    seen_all = showing(evidence, client, server, server_chain if role == "server" else client_chain)
    evidence_items, paths = list[EvidenceItem](), dict[str, None]()
    expected = f"a path to an anchor of {holder.name}'s CallManager-trust"
    for seen in seen_all:
        judge = seen.client_node if role == "server" else seen.server_node
        store = call_manager_trust(evidence, holder, judge)
        chain = _chain(seen, role)
        evidence_items += [_item(seen, role), *items(store)]
        anchors = tuple(member.value.certificate for member in store)
        result = validate_path(chain[0], chain[1:], anchors, at=seen.handshake.at, role=role)
        if not result.valid:
            who = f"{owner.name}/{_node(seen, role).name}"
            sentence = path_sentence(f"{holder.name}/{judge.name}", who, role, result)
            text = f"At {seen.handshake.at:%Y-%m-%d %H:%M:%S} UTC {sentence}"
            expired = result.problem in {PathProblem.EXPIRED, PathProblem.NOT_YET_VALID}
            remedies = (
                ("S3", "S4", "S5", "S6", "S7", "X1") if expired else ("S4",) if result.problem is PathProblem.ROLE else None
            )
            return failed(expected, result.problem.value if result.problem else "", text, evidence_items, remedies=remedies)
        paths[" <- ".join(str(member.subject) for member in result.path)] = None
    observed = "; ".join(paths)
    return passed(expected, observed, f"{holder.name} can validate what {owner.name} presents: {observed}.", evidence_items)


@check(
    "profiles_accept_presented_names",
    step="V1",
    phase="handshake",
    scope="direction",
    remedies=("S8", "S3"),
    clauses=(document("step 8: X.509 Subject Name"), Clause("Cisco CUCM Security Guide 15", "p. 189-190", "V")),
    after=(
        "tls_connection_is_established",
        "both_sides_authenticate",
        "profile_names_the_peer",
        "server_presents_admin_certificate",
        "client_presents_admin_certificate",
    ),
)
def profiles_accept_presented_names(
    evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence
) -> Judgement:
    """The X.509 Subject Name of each side's profile holds a name of the certificate the other side presents on the wire."""
    evidence_items, rows = list[EvidenceItem](), list[str]()
    for role, holder in (("server", client), ("client", server)):
        profile = profile_of(evidence, holder)
        allowed = {name.lower() for name in listed_subject_names(profile.value.x509_subject_name)}
        owner = server if role == "server" else client
        for seen in showing(evidence, client, server, server_chain if role == "server" else client_chain):
            names = names_of(_chain(seen, role)[0])
            evidence_items += [profile.item, _item(seen, role)]
            shown = f"{owner.name}/{_node(seen, role).name} presents {', '.join(names) or 'no name'}"
            if not allowed & {name.lower() for name in names}:
                field = profile.value.x509_subject_name
                text = f"In {client.name}->{server.name} {shown}, but the profile of {holder.name} accepts {field!r}."
                return failed(f"a name {holder.name} accepts", shown, text, evidence_items)
            rows.append(shown)
    observed = "; ".join(dict.fromkeys(rows))
    return passed("names both profiles accept", observed, f"Both profiles accept what is presented: {observed}.", evidence_items)


@check(
    "every_node_presents_the_right_certificate",
    step="V1",
    phase="handshake",
    scope="direction",
    remedies=("X1", "S7"),
    clauses=(COMPARISON,),
    after=("server_presents_admin_certificate",),
)
def every_node_presents_the_right_certificate(
    evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence
) -> Judgement:
    """Every node the calling side's trunk points at was seen presenting its certificate: one proves nothing of the next."""
    seen_all = showing(evidence, client, server, server_chain)
    presented = {seen.server_node.name: _chain(seen, "server")[0].sha256[:32] for seen in seen_all}
    targets = {row.address for row in client.trunk.value.destinations} if client.trunk else set[str]()
    pointed = {node.name for address, node in addresses_of(evidence, server).items() if address in targets}
    wanted = [node.name for node in server.nodes if not pointed or node.name in pointed]
    unseen = [name for name in wanted if name not in presented]
    table = ", ".join(f"{name} -> {presented.get(name, 'not seen')}" for name in wanted)
    if unseen:
        why = f"the captures show no connection to {', '.join(unseen)} ({table})"
        raise missing(f"what {', '.join(unseen)} of {server.name} presents", why, CAPTURE_AGAIN)
    text = f"Every node of {server.name} was seen presenting: {table}."
    return passed("every node seen", table, text, [seen.item for seen in seen_all])
