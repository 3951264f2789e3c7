"""Shorthand for the judgements a check returns; holds no rule."""

from collections.abc import Iterable, Sequence

from pytest_cucmtls.model.errors import NoEvidence
from pytest_cucmtls.model.policy import Policy, Rule
from pytest_cucmtls.model.verdicts import Clause, EvidenceItem, Judgement, Outcome

CISCO = "Cisco document 200180"


def document(place: str) -> Clause:
    """A place of the procedure document (read, mark V)."""
    return Clause(CISCO, place, "V")


def passed(expected: str, observed: str, diagnosis: str, evidence: Iterable[EvidenceItem] = ()) -> Judgement:
    """Proven by the evidence given."""
    return Judgement(Outcome.PASS, expected, observed, diagnosis, tuple(evidence))


def failed(
    expected: str,
    observed: str,
    diagnosis: str,
    evidence: Iterable[EvidenceItem] = (),
    *,
    remedies: tuple[str, ...] | None = None,
) -> Judgement:
    """Proven false."""
    return Judgement(Outcome.FAIL, expected, observed, diagnosis, tuple(evidence), remedies)


def warned(
    expected: str,
    observed: str,
    diagnosis: str,
    evidence: Iterable[EvidenceItem] = (),
    *,
    remedies: tuple[str, ...] | None = None,
) -> Judgement:
    """True today, fragile."""
    return Judgement(Outcome.WARN, expected, observed, diagnosis, tuple(evidence), remedies)


def undecided(
    expected: str,
    observed: str,
    diagnosis: str,
    evidence: Iterable[EvidenceItem] = (),
    *,
    remedies: tuple[str, ...] | None = None,
) -> Judgement:
    """The evidence cannot decide; the diagnosis says what to collect."""
    return Judgement(Outcome.INCONCLUSIVE, expected, observed, diagnosis, tuple(evidence), remedies)


def not_applicable(reason: str) -> Judgement:
    """The requirement does not concern this subject."""
    return Judgement(Outcome.NOT_APPLICABLE, expected="not required", observed="not judged", diagnosis=reason)


def not_mentioned(policy: Policy, parameter: str) -> Judgement:
    """The chosen policy has no rule for the parameter."""
    return not_applicable(f"Policy {policy.name} has no rule for {parameter}.")


def ruled(
    rule: Rule,
    broken: Sequence[str],
    *,
    expected: str,
    observed: str,
    fine: str,
    evidence: Iterable[EvidenceItem],
    remedies: tuple[str, ...] | None = None,
) -> Judgement:
    """The judgement of a policy rule: `broken` holds one sentence part per breach, empty when the rule is kept."""
    outcome = rule.breach if broken else Outcome.PASS
    cited = f"{rule.clause.standard}, {rule.clause.clause}"
    verb = "recommended" if rule.breach is Outcome.WARN else "required"
    diagnosis = f"{'; '.join(broken)}: {expected} is {verb} by {cited}." if broken else fine
    return Judgement(outcome, expected, observed, diagnosis, tuple(evidence), remedies if broken else None, (rule.clause,))


def missing(fact: str, why: str, collect: str, remedies: tuple[str, ...] = ()) -> NoEvidence:
    """The error that makes a verdict INCONCLUSIVE; without `remedies` the usual ones of the check's phase apply."""
    return NoEvidence(fact, why, collect=collect, remedies=remedies)
