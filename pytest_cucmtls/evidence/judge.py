"""Applies every check to every subject, in dependency order; a check that rests on a failed one is not evaluated."""

from pytest_cucmtls.checks.moments import moment
from pytest_cucmtls.checks.register import PHASES, STEPS, Check, all_checks, concerns, in_order
from pytest_cucmtls.evidence.waiving import with_waivers
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Outcome, Verdict

_WITNESSED = {"handshake", "call", "media", "trace"}


def judge(evidence: Evidence, policy: Policy) -> list[Verdict]:
    """One verdict per check and subject, by step, phase, check and subject; the same evidence gives the same list."""
    found = judge_with(evidence, policy, all_checks())
    return with_waivers(found, (*evidence.inventory.waivers, *policy.waivers), moment(evidence).date())


def judge_with(evidence: Evidence, policy: Policy, checks: tuple[Check, ...]) -> list[Verdict]:
    """The verdicts of a selection of checks; a dependency outside the selection is not considered.

    What keeps a check from being evaluated also keeps those declared after it; the cause named is always a failure.
    A check that lacks evidence which an earlier failure kept from coming into being is not evaluated either. What the wire, a
    call or a trace proves stays proven beside a finding about the configuration.
    """
    verdicts: list[Verdict] = []
    failures: dict[str, list[tuple[str, Verdict]]] = {}
    for made in in_order(checks):
        for subject, arguments in made.subjects(evidence):
            found = (entry for name in made.after for entry in failures.get(name, ()))
            causes = tuple(dict.fromkeys(cause for touched, cause in found if concerns(touched, subject)))
            verdict = made.verdict(evidence, policy, subject, arguments)
            if causes and not _proven_all_the_same(verdict, causes):
                lacking = verdict.diagnosis if verdict.outcome is Outcome.INCONCLUSIVE else ""
                verdict = made.not_evaluated(subject, causes, lacking)
            else:
                causes = ()
            verdicts.append(verdict)
            if causes or verdict.outcome is Outcome.FAIL:
                failures.setdefault(made.id, []).extend((subject, cause) for cause in causes or (verdict,))
    verdicts = _explained(verdicts, {made.id: made for made in checks})
    subjects = {subject: place for place, subject in enumerate(_subjects(evidence))}
    return sorted(
        verdicts,
        key=lambda verdict: (
            STEPS.index(verdict.step),
            PHASES.index(verdict.phase),
            verdict.check,
            subjects.get(verdict.subject, len(subjects)),
        ),
    )


def _proven_all_the_same(verdict: Verdict, causes: tuple[Verdict, ...]) -> bool:
    """A witness says so: only the configuration speaks against it, which was found before the connection was seen."""
    configured = all(cause.phase not in _WITNESSED for cause in causes)
    return configured and verdict.phase in _WITNESSED and verdict.outcome is Outcome.PASS


def _explained(verdicts: list[Verdict], checks: dict[str, Check]) -> list[Verdict]:
    """Undecided verdicts whose evidence a failure of an earlier check prevents name that failure."""
    preventing = [verdict for verdict in verdicts if verdict.outcome is Outcome.FAIL and checks[verdict.check].prevents]
    found = []
    for verdict in verdicts:
        own = verdict.outcome is Outcome.INCONCLUSIVE and not verdict.depends_on
        causes = tuple(
            cause
            for cause in preventing
            if own and verdict.phase in checks[cause.check].prevents and concerns(cause.subject, verdict.subject)
        )
        made = checks[verdict.check]
        found.append(made.not_evaluated(verdict.subject, causes, verdict.diagnosis) if causes else verdict)
    return found


def _subjects(evidence: Evidence) -> list[str]:
    first, second = evidence.clusters
    nodes = [f"{cluster.name}/{node.name}" for cluster in evidence.clusters for node in cluster.nodes]
    directions = [f"{first.name}->{second.name}", f"{second.name}->{first.name}"]
    return ["pair", first.name, second.name, *nodes, *directions]
