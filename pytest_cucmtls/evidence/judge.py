"""Applies every check to every subject, in dependency order; a check that rests on a failed one is not evaluated."""

from pytest_cucmtls.checks.register import PHASES, STEPS, Check, all_checks, concerns, in_order
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Outcome, Verdict


def judge(evidence: Evidence, policy: Policy) -> list[Verdict]:
    """One verdict per check and subject, by step, phase, check and subject; the same evidence gives the same list."""
    return judge_with(evidence, policy, all_checks())


def judge_with(evidence: Evidence, policy: Policy, checks: tuple[Check, ...]) -> list[Verdict]:
    """The verdicts of a selection of checks; a dependency outside the selection is not considered.

    What keeps a check from being evaluated also keeps those declared after it; the cause named is always a failure.
    """
    verdicts: list[Verdict] = []
    failures: dict[str, list[tuple[str, Verdict]]] = {}
    for made in in_order(checks):
        for subject, arguments in made.subjects(evidence):
            found = (entry for name in made.after for entry in failures.get(name, ()))
            causes = tuple(dict.fromkeys(cause for touched, cause in found if concerns(touched, subject)))
            verdict = made.not_evaluated(subject, causes) if causes else made.verdict(evidence, policy, subject, arguments)
            verdicts.append(verdict)
            if causes or verdict.outcome is Outcome.FAIL:
                failures.setdefault(made.id, []).extend((subject, cause) for cause in causes or (verdict,))
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


def _subjects(evidence: Evidence) -> list[str]:
    first, second = evidence.clusters
    nodes = [f"{cluster.name}/{node.name}" for cluster in evidence.clusters for node in cluster.nodes]
    directions = [f"{first.name}->{second.name}", f"{second.name}->{first.name}"]
    return ["pair", first.name, second.name, *nodes, *directions]
