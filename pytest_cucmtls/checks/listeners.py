"""What the SIP TLS listener of every node accepts and refuses, as the active probe saw it."""

from pytest_cucmtls.checks.judgements import missing, not_applicable, not_mentioned, ruled, undecided
from pytest_cucmtls.checks.moments import moment
from pytest_cucmtls.checks.register import check
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, NodeEvidence, Sourced
from pytest_cucmtls.model.policy import Policy, Rule
from pytest_cucmtls.model.probe import Answer, ListenerAnswer, ProbeReport
from pytest_cucmtls.model.verdicts import Clause, Judgement, Outcome

PROBE_AGAIN = "Set `probe = true` in the inventory and run again while the listener is up; it takes about a connection a second."
WEAK_GROUPS = ("secp160r1", "sect163k1", "secp192r1")
"""Groups of fewer than 224 bits (RFC 9325 §4.5) that the probe asks about."""


def _probe(evidence: Evidence, cluster: ClusterEvidence, node: NodeEvidence) -> Sourced[ProbeReport] | Judgement:
    """The node's probe, or the verdict that none was attempted. Raises: NoEvidence, when one was but could not be made."""
    fact = f"probe of {cluster.name}/{node.name}"
    if node.probe is not None:
        if any(answer.answer not in (Answer.UNREACHABLE, Answer.NOT_ASKED) for answer in node.probe.value.answers):
            return node.probe
        said = node.probe.value.answers[0].detail if node.probe.value.answers else "no question was asked"
        raise missing(f"the {fact}", f"the listener could not be reached: {said}", PROBE_AGAIN)
    why = next((reason for key, reason in evidence.reasons if key == fact), None)
    if why is None:
        return not_applicable(f"This run folder holds no {fact} and none was attempted. {PROBE_AGAIN}")
    raise missing(f"the {fact}", why, PROBE_AGAIN)


def _words(rule: Rule) -> tuple[str, ...]:
    return tuple(str(word) for word in rule.value) if isinstance(rule.value, tuple) else (str(rule.value),)


def _judged(
    probe: Sourced[ProbeReport],
    rule: Rule,
    place: str,
    wanted: tuple[ListenerAnswer, ...],
    *,
    what: str,
    expected: str,
    required: tuple[str, ...],
) -> Judgement:
    """Accepted breaks the rule; what was not asked or not answered clearly leaves it undecided.

    All of `required` refused keeps it, from a listener that was seen to speak TLS.
    """
    accepted = [answer for answer in wanted if answer.answer is Answer.ACCEPTED]
    unclear = [answer.asked for answer in wanted if answer.answer not in (Answer.ACCEPTED, Answer.REFUSED)]
    unclear += [word for word in required if word not in {answer.asked for answer in wanted}]
    observed = "; ".join(f"{answer.asked}: {answer.answer.value} ({answer.detail})" for answer in wanted)
    broken = [f"the listener of {place} accepts {what} {answer.asked} ({answer.detail})" for answer in accepted]
    if not broken and (unclear or not probe.value.accepted_versions):
        named = ", ".join(unclear) or "any TLS version at all"
        text = f"The listener of {place} gave no clear answer about {named}: {observed}. {PROBE_AGAIN}"
        return undecided(expected, observed, text, (probe.item,))
    fine = f"The listener of {place} refuses {', '.join(answer.asked for answer in wanted)}."
    return ruled(rule, broken, expected=expected, observed=observed, fine=fine, evidence=(probe.item,))


@check(
    "listener_refuses_old_versions",
    step="8",
    phase="handshake",
    scope="node",
    remedies=("X7",),
    clauses=(Clause("RFC 9325", "§3.1.1", "V"), Clause("DISA EVVM Session Management SRG", "V-260046", "V")),
    after=("version_meets_policy", "release_can_meet_policy", "profile_demands_encryption"),
)
def listener_refuses_old_versions(evidence: Evidence, policy: Policy, cluster: ClusterEvidence, node: NodeEvidence) -> Judgement:
    """The listener refuses every protocol version the policy wants refused, also when nothing newer is offered.

    A version that is not in the policy's list is not judged; answering with another version than asked counts as refusing it.
    """
    rule = policy.rule("tls.must_refuse", moment(evidence).date())
    if rule is None:
        return not_mentioned(policy, "tls.must_refuse")
    probe = _probe(evidence, cluster, node)
    if isinstance(probe, Judgement):
        return probe
    wanted = tuple(answer for answer in probe.value.about("version") if answer.asked in _words(rule))
    place, expected = f"{cluster.name}/{node.name}", f"{', '.join(_words(rule))} refused"
    return _judged(probe, rule, place, wanted, what="version", expected=expected, required=_words(rule))


@check(
    "listener_refuses_weak_suites",
    step="8",
    phase="handshake",
    scope="node",
    remedies=("X7", "S8"),
    clauses=(Clause("RFC 9325", "§4.1", "V"),),
    after=("suite_is_allowed", "negotiated_suite_encrypts", "profile_demands_encryption"),
)
def listener_refuses_weak_suites(evidence: Evidence, policy: Policy, cluster: ClusterEvidence, node: NodeEvidence) -> Judgement:
    """The listener refuses every family of cipher suites the policy forbids, also when nothing better is offered."""
    rule = policy.rule("suite.forbidden", moment(evidence).date())
    if rule is None:
        return not_mentioned(policy, "suite.forbidden")
    probe = _probe(evidence, cluster, node)
    if isinstance(probe, Judgement):
        return probe
    wanted = tuple(answer for answer in probe.value.about("suites") if answer.asked in _words(rule))
    expected = f"{', '.join(_words(rule))} refused"
    place = f"{cluster.name}/{node.name}"
    return _judged(probe, rule, place, wanted, what="suites of the family", expected=expected, required=_words(rule))


@check(
    "listener_refuses_weak_groups",
    step="8",
    phase="handshake",
    scope="node",
    remedies=("X7",),
    clauses=(Clause("RFC 9325", "§4.5", "V"),),
    after=("profile_demands_encryption",),
)
def listener_refuses_weak_groups(evidence: Evidence, policy: Policy, cluster: ClusterEvidence, node: NodeEvidence) -> Judgement:
    """The listener refuses key exchange groups of fewer than 224 bits; other groups beyond the policy's are only noted.

    Judged under policies that list groups. A group of exactly 224 bits is not weak.
    """
    rule = policy.rule("kx.groups", moment(evidence).date())
    if rule is None:
        return not_mentioned(policy, "kx.groups")
    probe = _probe(evidence, cluster, node)
    if isinstance(probe, Judgement):
        return probe
    wanted = tuple(answer for answer in probe.value.about("group") if answer.asked in WEAK_GROUPS)
    expected = f"{', '.join(WEAK_GROUPS)} refused"
    place = f"{cluster.name}/{node.name}"
    return _judged(probe, rule, place, wanted, what="the group", expected=expected, required=WEAK_GROUPS)


@check(
    "listener_refuses_fallback",
    step="8",
    phase="handshake",
    scope="node",
    remedies=("X7",),
    clauses=(Clause("RFC 7507", "§3", "M"), Clause("RFC 9325", "§3.1.3", "V")),
    after=("version_meets_policy", "version_was_not_lowered", "listener_refuses_old_versions"),
)
def listener_refuses_fallback(evidence: Evidence, policy: Policy, cluster: ClusterEvidence, node: NodeEvidence) -> Judgement:
    """A listener that speaks several versions refuses a lower one marked as a fallback (TLS_FALLBACK_SCSV).

    With one version only there is nothing to fall back to. Accepting is a warning: the client must not fall back either.
    """
    rule = policy.rule("tls.negotiated_min", moment(evidence).date())
    if rule is None:
        return not_mentioned(policy, "tls.negotiated_min")
    probe = _probe(evidence, cluster, node)
    if isinstance(probe, Judgement):
        return probe
    place, wanted = f"{cluster.name}/{node.name}", probe.value.about("fallback")
    if not wanted and len(probe.value.accepted_versions) == 1:
        text = f"The listener of {place} speaks {probe.value.accepted_versions[0]} only: there is nothing to fall back to."
        return Judgement(Outcome.PASS, "no fallback", "one version", text, (probe.item,))
    if not wanted:
        raise missing(f"the fallback of {place}", "the listener was not seen to speak any version", PROBE_AGAIN)
    found = _judged(probe, rule, place, wanted, what="a fallback to", expected="fallback refused", required=())
    return Judgement(
        Outcome.WARN if found.outcome is Outcome.FAIL else found.outcome,
        found.expected,
        found.observed,
        found.diagnosis,
        found.evidence,
        found.remedies,
        found.clauses,
    )


@check(
    "listener_requires_client_certificate",
    step="8",
    phase="handshake",
    scope="node",
    remedies=("S8", "S6"),
    clauses=(Clause("NIST SP 800-53 r5", "IA-3", "V"), Clause("DISA EVVM Session Management SRG", "V-260028", "V")),
    after=("both_sides_authenticate", "profile_demands_encryption"),
)
def listener_requires_client_certificate(
    evidence: Evidence, policy: Policy, cluster: ClusterEvidence, node: NodeEvidence
) -> Judgement:
    """The listener refuses a client without a certificate and one whose certificate nobody trusts.

    Refusing the trusted certificate too decides nothing: then something else than the certificate is refused. Where no
    trusted one was shown, the two refusals of a listener that speaks TLS are the proof.
    """
    rule = policy.rule("auth.mutual", moment(evidence).date())
    if rule is None or rule.value is not True:
        return not_mentioned(policy, "auth.mutual")
    probe = _probe(evidence, cluster, node)
    if isinstance(probe, Judgement):
        return probe
    place = f"{cluster.name}/{node.name}"
    answers = {answer.asked: answer for answer in probe.value.about("certificate")}
    wanted = tuple(answers[name] for name in ("none", "untrusted") if name in answers)
    trusted = answers.get("trusted")
    if trusted and trusted.answer is Answer.REFUSED and not any(answer.answer is Answer.ACCEPTED for answer in wanted):
        text = f"The listener of {place} refuses every client, the trusted one too ({trusted.detail}): nothing is proven."
        return undecided("only trusted clients", "every client refused", text, (probe.item,), remedies=("S6", "X1"))
    expected, required = "none and untrusted refused", ("none", "untrusted")
    return _judged(probe, rule, place, wanted, what="a client certificate:", expected=expected, required=required)


@check(
    "listener_speaks_no_clear_sip",
    step="8",
    phase="handshake",
    scope="node",
    remedies=("S8",),
    clauses=(Clause("DISA EVVM Session Management SRG", "V-260008", "V"), Clause("RFC 9325", "§3.2", "V")),
    after=("profile_transports_are_tls", "profile_demands_encryption", "no_sip_in_clear"),
)
def listener_speaks_no_clear_sip(evidence: Evidence, policy: Policy, cluster: ClusterEvidence, node: NodeEvidence) -> Judgement:
    """The trunk's port does not answer a SIP request in clear text; other ports of the node are other devices' business."""
    rule = policy.rule("listener.clear_sip_on_trunk", moment(evidence).date())
    if rule is None or rule.value != "forbidden":
        return not_mentioned(policy, "listener.clear_sip_on_trunk")
    probe = _probe(evidence, cluster, node)
    if isinstance(probe, Judgement):
        return probe
    place = f"{cluster.name}/{node.name} (port {probe.value.port})"
    wanted, expected = probe.value.about("clear_sip"), "clear SIP refused"
    return _judged(probe, rule, place, wanted, what="SIP in clear over", expected=expected, required=("tcp",))
