"""Step 8: the SIP trunk security profile, read back field by field."""

from typing import TypeVar

from pytest_cucmtls.checks.direction_matrix import direction_matrix
from pytest_cucmtls.checks.judgements import document, failed, missing, passed, undecided, warned
from pytest_cucmtls.checks.moments import moment
from pytest_cucmtls.checks.names import same_host
from pytest_cucmtls.checks.register import NO_CALL, NO_CONNECTION, check
from pytest_cucmtls.checks.stores import identity, names_of, peer_of, spec_of, why
from pytest_cucmtls.model.cucm import SecurityMode, SipTrunkSecurityProfile
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, Sourced
from pytest_cucmtls.model.intended import intended_profile, listed_subject_names
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Clause, Judgement, Outcome

T = TypeVar("T")
SECURITY_FIELDS = ("security_mode", "incoming_transport", "outgoing_transport", "x509_subject_name", "incoming_port")
"""Fields with a check of their own."""
LATER_FIELDS = {"sip_v150_outbound_sdp_offer_filtering", "allow_charging_header", "transmit_security_status"}
"""Fields a release may not have: unanswered ones are noted, not findings."""


def profile_of(evidence: Evidence, cluster: ClusterEvidence) -> Sourced[SipTrunkSecurityProfile]:
    """The profile read back. Raises: NoEvidence."""
    if cluster.security_profile is None:
        name = spec_of(evidence, cluster).security_profile
        raise missing(
            f"the SIP trunk security profile {name!r} of {cluster.name}",
            why(evidence, f"security profile of {cluster.name}"),
            "Read it with AXL getSipTrunkSecurityProfile.",
        )
    return cluster.security_profile


@check(
    "profile_demands_encryption",
    step="8",
    phase="config",
    scope="cluster",
    remedies=("S8",),
    clauses=(document("step 8: Device Security Mode Encrypted"), Clause("Cisco CUCM Security Guide 15", "p. 188", "V")),
    prevents=NO_CONNECTION,
)
def profile_demands_encryption(evidence: Evidence, _policy: Policy, cluster: ClusterEvidence) -> Judgement:
    """The profile's Device Security Mode is Encrypted; Authenticated is TLS with a NULL cipher."""
    profile = profile_of(evidence, cluster)
    mode, peer = profile.value.security_mode, peer_of(evidence, cluster).name
    if mode is None:
        raise missing(
            f"the security mode of {cluster.name}'s profile", "AXL did not answer it", "Read the profile with all tags."
        )
    wanted = SecurityMode.ENCRYPTED.value
    if mode == wanted:
        return passed(wanted, mode, f"The profile of {cluster.name} demands encryption.", (profile.item,))
    speaks = {"Non Secure": "speaks SIP in clear text", "Authenticated": "accepts TLS without encryption (NULL cipher)"}
    effect = speaks.get(mode, "behaves in an unknown way")
    text = f"Device Security Mode of {cluster.name} is {mode}, expected {wanted}: {cluster.name} then {effect} with {peer}."
    return failed(wanted, mode, text, (profile.item,))


@check(
    "profile_transports_are_tls",
    step="8",
    phase="config",
    scope="cluster",
    remedies=("S8",),
    clauses=(document("step 8: Incoming and Outgoing Transport Type TLS"), Clause("RFC 9325", "§3.2", "V")),
    prevents=NO_CONNECTION,
)
def profile_transports_are_tls(evidence: Evidence, _policy: Policy, cluster: ClusterEvidence) -> Judgement:
    """Both transports of the profile are TLS; anything else leaves a clear-text way in or out."""
    profile = profile_of(evidence, cluster)
    found = {"incoming": profile.value.incoming_transport, "outgoing": profile.value.outgoing_transport}
    unanswered = [name for name, value in found.items() if value is None]
    if unanswered:
        place = f"the {' and '.join(unanswered)} transport of {cluster.name}'s profile"
        raise missing(place, "AXL did not answer it", "Read the profile with all tags.")
    observed = f"incoming {found['incoming']}, outgoing {found['outgoing']}"
    wrong = [f"{name} transport is {value}" for name, value in found.items() if value != "TLS"]
    if not wrong:
        return passed("incoming TLS, outgoing TLS", observed, f"{cluster.name} uses TLS in both directions.", (profile.item,))
    listener = " a clear-text listener stays open for this trunk;" if found["incoming"] != "TLS" else ""
    text = f"On {cluster.name} {' and '.join(wrong)}, expected TLS:{listener} read back: {observed}."
    return failed("incoming TLS, outgoing TLS", observed, text, (profile.item,))


@check(
    "profile_port_is_the_peers_destination",
    step="8",
    phase="config",
    scope="cluster",
    remedies=("S8", "S9"),
    clauses=(document("step 8: Incoming Port 5061"),),
    prevents=NO_CONNECTION,
)
def profile_port_is_the_peers_destination(evidence: Evidence, _policy: Policy, cluster: ClusterEvidence) -> Judgement:
    """The profile listens on the port that the inventory declares for SIP over TLS (5061 in the document)."""
    profile = profile_of(evidence, cluster)
    wanted, found = spec_of(evidence, cluster).publisher.sip_port, profile.value.incoming_port
    if found is None:
        raise missing(
            f"the incoming port of {cluster.name}'s profile", "AXL did not answer it", "Read the profile with all tags."
        )
    if found == wanted:
        return passed(str(wanted), str(found), f"{cluster.name} listens on {found}.", (profile.item,))
    peer = peer_of(evidence, cluster)
    points = ", ".join(str(row.port) for row in peer.trunk.value.destinations) if peer.trunk else "not read"
    text = (
        f"The profile of {cluster.name} listens on {found}, expected {wanted}; the trunk of {peer.name} points at port {points}."
    )
    return failed(str(wanted), str(found), text, (profile.item,))


@check(
    "profile_names_the_peer",
    step="8",
    phase="config",
    scope="cluster",
    remedies=("S8", "S3"),
    clauses=(document("step 8: X.509 Subject Name"), Clause("Cisco CUCM Security Guide 15", "p. 189-190", "V")),
    prevents=NO_CALL,
)
def profile_names_the_peer(evidence: Evidence, policy: Policy, cluster: ClusterEvidence) -> Judgement:
    """The profile's X.509 Subject Name holds a name (CN or SAN) of every certificate of the peer, and no other name.

    Names are compared without case. A name no certificate of the peer carries is a warning: whoever can get a certificate
    with it is let in (a finding where the policy says ``x509.only_known_names``).
    """
    profile, peer = profile_of(evidence, cluster), peer_of(evidence, cluster)
    field = profile.value.x509_subject_name
    allowed = listed_subject_names(field)
    leaves = {node.name: identity(evidence, peer, node) for node in peer.nodes}
    evidence_items = (profile.item, *(source.item for source in leaves.values()))
    unnamed = {
        name: names_of(source.value.certificate)
        for name, source in leaves.items()
        if not {entry.lower() for entry in allowed} & {entry.lower() for entry in names_of(source.value.certificate)}
    }
    wanted = [f"{name} ({_text(names_of(source.value.certificate))})" for name, source in leaves.items()]
    expected = f"a name of each of {', '.join(wanted)}"
    observed = f"X.509 Subject Name {field!r}"
    if unnamed:
        carried = "; ".join(f"{peer.name}/{name} presents {_text(names)}" for name, names in unnamed.items())
        text = (
            f"The profile of {cluster.name} accepts {field!r}, but {carried}: calls {cluster.name}->{peer.name} and "
            f"{peer.name}->{cluster.name} are refused after the handshake. Put a presented name into the profile (step 8), or "
            f"have the certificate re-issued with the name as CN or SAN (step 3).{direction_matrix(evidence)}"
        )
        return failed(expected, observed, text, evidence_items)
    carried_names = {entry.lower() for source in leaves.values() for entry in names_of(source.value.certificate)}
    declared = [*spec_of(evidence, cluster).x509_subject_names, *(node.name for node in spec_of(evidence, peer).nodes)]
    known = carried_names | {name.lower() for name in declared}
    extra = [name for name in allowed if name.lower() not in known and not any(same_host(name, entry) for entry in known)]
    if extra:
        return _too_broad(evidence, policy, cluster, expected, observed, extra, profile)
    return passed(expected, observed, f"The profile of {cluster.name} names exactly what {peer.name} presents.", evidence_items)


def _too_broad(
    evidence: Evidence,
    policy: Policy,
    cluster: ClusterEvidence,
    expected: str,
    observed: str,
    extra: list[str],
    profile: Sourced[SipTrunkSecurityProfile],
) -> Judgement:
    stored = [
        f"{member.value.certificate.subject} in {node.name}/{member.value.unit}"
        for node in cluster.nodes
        for member in node.trust or ()
        if {name.lower() for name in extra} & {name.lower() for name in names_of(member.value.certificate)}
    ]
    held = f"its trust stores hold {', '.join(stored)}" if stored else "no certificate with that name is in its trust stores"
    text = f"The profile of {cluster.name} also accepts {', '.join(extra)}, which no node of the peer carries: too broad; {held}."
    rule = policy.rule("x509.only_known_names", moment(evidence).date())
    if rule is not None and rule.value:
        return Judgement(Outcome.FAIL, expected, observed, text, (profile.item,), ("S8",), (rule.clause,))
    return warned(expected, observed, text, (profile.item,), remedies=("S8",))


def _text(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "no name"


@check(
    "profile_fields_are_as_specified",
    step="8",
    phase="config",
    scope="cluster",
    remedies=("S8",),
    clauses=(document("step 8: fields of the profile"),),
)
def profile_fields_are_as_specified(evidence: Evidence, _policy: Policy, cluster: ClusterEvidence) -> Judgement:
    """Every other field of the profile reads back as step 8 sets it: digest off, nonce 600, header and status options.

    A field the release does not answer is listed, and undecided unless the field is one that releases may lack.
    """
    profile = profile_of(evidence, cluster)
    intended = intended_profile(evidence.inventory, spec_of(evidence, cluster))
    what = f"the profile {profile.value.name} of {cluster.name}{_users(cluster, profile.value.name)}"
    return compare_fields(intended, profile, what, skip=SECURITY_FIELDS, may_lack=LATER_FIELDS)


def _users(cluster: ClusterEvidence, name: str) -> str:
    """Which of the trunks that were read use the profile: a change touches them all."""
    trunks = [trunk.value for trunk in (cluster.trunk, *cluster.other_trunks) if trunk is not None]
    users = [trunk.name for trunk in trunks if trunk.security_profile_name == name]
    return f" (used by {', '.join(dict.fromkeys(users))})" if users else ""


def compare_fields(
    intended: object,
    found: Sourced[T],
    what: str,
    *,
    skip: tuple[str, ...],
    may_lack: set[str],
) -> Judgement:
    """Compare two values of one dataclass field by field; the diagnosis is the table of differences, expected | observed."""
    rows, unanswered = list[str](), list[str]()
    names = [name for name in getattr(intended, "__dataclass_fields__", {}) if name not in (*skip, *_NEVER_COMPARED)]
    compared = 0
    for name in names:
        wanted, has = getattr(intended, name), getattr(found.value, name)
        if wanted is None:
            continue
        if has is None:
            unanswered += [name] if name not in may_lack else []
            continue
        compared += 1
        if wanted != has:
            rows.append(f"{name}: expected {wanted}, observed {has}")
    expected, item = f"{compared} fields as specified", (found.item,)
    if rows:
        return failed(expected, "; ".join(rows), f"{what[0].upper()}{what[1:]} differs: {'; '.join(rows)}.", item)
    if unanswered:
        text = f"{what[0].upper()}{what[1:]} was read without {', '.join(unanswered)}: read it with all tags."
        return undecided(expected, f"not answered: {', '.join(unanswered)}", text, item)
    return passed(expected, f"{compared} fields equal", f"{compared} fields of {what} read back as specified.", item)


_NEVER_COMPARED = ("uuid", "description", "version_stamp", "name")
