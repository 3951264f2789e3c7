"""What a run says about one direction of the trunk: where it stands, claim by claim, and which verdict leads."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from pytest_cucmtls.model.verdicts import Outcome, Verdict


class Standing(Enum):
    """Where a statement about the trunk stands."""

    PROVEN = "proven"
    FRAGILE = "fragile"
    """Proven, with something a warning is about."""
    REFUTED = "refuted"
    UNDECIDED = "undecided"


CLAIMS = ("connected", "encrypted", "authenticated", "certificates", "routed", "media", "strength")
"""What a direction must show: each verdict speaks for at most one of them; `strength` is what only a policy asks for."""

UNDECIDED_OUTCOMES = (Outcome.ERROR, Outcome.BLOCKED, Outcome.INCONCLUSIVE)
WITNESSES = {
    "connected": frozenset({"tls_connection_is_established"}),
    "encrypted": frozenset({"negotiated_suite_encrypts"}),
    "authenticated": frozenset({"both_sides_authenticate"}),
    "certificates": frozenset(
        {"server_presents_admin_certificate", "client_presents_admin_certificate", "trace_agrees_with_the_wire"}
    ),
    "routed": frozenset({"right_party_answers"}),
    "media": frozenset({"media_is_negotiated_as_srtp"}),
    "strength": frozenset({"version_meets_policy", "suite_is_allowed"}),
}
"""Checks one of which must have passed: they saw the wire, the call or the trace. Configuration and probes prove no call."""
_CHECKS = {
    "tls_connection_is_established": "connected",
    "call_manager_runs": "connected",
    "connection_is_younger_than_the_trunk": "connected",
    "both_sides_authenticate": "authenticated",
    "listener_requires_client_certificate": "authenticated",
    "trust_store_holds_only_approved_anchors": "authenticated",
    "certificate_is_not_revoked": "certificates",
    "handshake_messages_are_in_order": "authenticated",
    "server_chain_is_valid_for_client": "authenticated",
    "client_chain_is_valid_for_server": "authenticated",
    "profiles_accept_presented_names": "authenticated",
    "server_presents_admin_certificate": "certificates",
    "client_presents_admin_certificate": "certificates",
    "every_node_presents_the_right_certificate": "certificates",
    "invite_travels_over_tls": "encrypted",
    "trace_agrees_with_the_wire": "certificates",
    "every_way_is_secure": "encrypted",
    "profile_names_the_peer": "authenticated",
    "trunk_allows_srtp": "media",
    "srtp_does_not_fall_back": "media",
    "peer_root_is_trusted": "authenticated",
    "peer_identity_has_a_path": "authenticated",
    "certificate_fits_both_roles": "authenticated",
} | dict.fromkeys(
    (
        "cbc_uses_encrypt_then_mac",
        "certificate_has_alternative_names",
        "compression_is_off",
        "connection_is_renewed_in_time",
        "extended_master_secret_is_used",
        "fips_mode_is_enabled",
        "group_is_allowed",
        "key_exchange_is_forward_secret",
        "key_is_long_enough",
        "key_usage_is_as_required",
        "listener_refuses_fallback",
        "listener_refuses_old_versions",
        "listener_refuses_weak_groups",
        "listener_refuses_weak_suites",
        "path_hash_is_allowed",
        "release_can_meet_policy",
        "renegotiation_is_secure",
        "signature_scheme_is_allowed",
        "srtp_suite_is_allowed",
        "suite_is_allowed",
        "validity_is_short_enough",
        "version_meets_policy",
        "version_was_not_lowered",
    ),
    "strength",
)
_PHASES = {"handshake": "encrypted", "media": "media", "call": "routed", "trace": "routed"}
_STEPS = {"4": "certificates", "7": "certificates", "8": "encrypted", "9": "encrypted", "10": "routed"}


@dataclass(frozen=True, slots=True)
class Claim:
    """One of `CLAIMS` for one direction."""

    name: str
    standing: Standing
    counts: tuple[tuple[Outcome, int], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer for one direction, e.g. ``A->B``."""

    direction: str
    client: str
    server: str
    standing: Standing
    lead: Verdict | None
    """The verdict that decided a refuted or undecided answer; None when proven."""
    more: int
    """How many further verdicts say the same."""
    warnings: int
    claims: tuple[Claim, ...]

    @property
    def refuted(self) -> tuple[str, ...]:
        """Claims that are proven false."""
        return tuple(claim.name for claim in self.claims if claim.standing is Standing.REFUTED)

    @property
    def unproven(self) -> tuple[str, ...]:
        """Claims that are neither proven nor fragile."""
        return tuple(claim.name for claim in self.claims if claim.standing in {Standing.REFUTED, Standing.UNDECIDED})


def claim_of(verdict: Verdict) -> str | None:
    """Which claim a verdict speaks for; None for preconditions such as clocks and releases."""
    if verdict.check in _CHECKS:
        return _CHECKS[verdict.check]
    return _PHASES.get(verdict.phase) or (_STEPS.get(verdict.step) if verdict.phase == "config" else None)


def concerning(verdicts: Iterable[Verdict], client: str, server: str) -> list[Verdict]:
    """The verdicts a direction rests on: its own, the pair's, and both clusters', because each side presents and validates."""
    return [
        verdict
        for verdict in verdicts
        if verdict.subject in ("pair", f"{client}->{server}") or verdict.subject.split("/")[0] in (client, server)
    ]


def answer(verdicts: Sequence[Verdict], client: str, server: str) -> Answer:
    """One direction: a FAIL refutes; without one, anything undecided or unseen leaves it undecided; only then it is proven.

    Each claim needs one of its `WITNESSES`.
    """
    concerned = concerning(verdicts, client, server)
    claims = tuple(_claim(name, [verdict for verdict in concerned if claim_of(verdict) == name]) for name in CLAIMS)
    warnings = sum(verdict.outcome is Outcome.WARN for verdict in concerned)
    for outcome in (Outcome.FAIL, *UNDECIDED_OUTCOMES):
        found = [verdict for verdict in concerned if verdict.outcome is outcome]
        if found:
            standing = Standing.REFUTED if outcome is Outcome.FAIL else Standing.UNDECIDED
            lead = _lead(outcome, found)
            return Answer(f"{client}->{server}", client, server, standing, lead, len(found) - 1, warnings, claims)
    proven = all(claim.standing in {Standing.PROVEN, Standing.FRAGILE} for claim in claims)
    good = Standing.FRAGILE if warnings else Standing.PROVEN
    return Answer(f"{client}->{server}", client, server, good if proven else Standing.UNDECIDED, None, 0, warnings, claims)


def _lead(outcome: Outcome, found: Sequence[Verdict]) -> Verdict:
    """The first finding in procedure order; of missing evidence the piece that most verdicts wait for, first one on a tie."""
    own = [verdict for verdict in found if not verdict.depends_on] or found
    if outcome is not Outcome.INCONCLUSIVE:
        return own[0]
    waiting = Counter(verdict.diagnosis for verdict in own)
    return max(own, key=lambda verdict: waiting[verdict.diagnosis])


def answers(verdicts: Sequence[Verdict], first: str, second: str) -> tuple[Answer, Answer]:
    """Both directions."""
    return answer(verdicts, first, second), answer(verdicts, second, first)


def _claim(name: str, verdicts: Sequence[Verdict]) -> Claim:
    present = [verdict.outcome for verdict in verdicts]
    counts = tuple((outcome, present.count(outcome)) for outcome in Outcome if outcome in present)
    good = {Outcome.PASS, Outcome.WARN}
    witnessed = any(verdict.outcome in good and verdict.check in WITNESSES[name] for verdict in verdicts)
    if Outcome.FAIL in present:
        standing = Standing.REFUTED
    elif not witnessed or any(outcome in present for outcome in UNDECIDED_OUTCOMES):
        standing = Standing.UNDECIDED
    else:
        standing = Standing.FRAGILE if Outcome.WARN in present else Standing.PROVEN
    return Claim(name, standing, counts)
