"""One requirement judged for one test: the verdict becomes a pass, a warning, a finding, an undecided error or a skip."""

import warnings
from collections.abc import Callable
from typing import Protocol

import pytest

from pytest_cucmtls.checks.register import Check, all_checks
from pytest_cucmtls.model.errors import CucmTlsError, UnsafeToAct
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.verdicts import GRAVEST_FIRST, Outcome, Verdict
from pytest_cucmtls.procedure.runner import StepFailed
from pytest_cucmtls.report.allure_results import describe_verdict
from pytest_cucmtls.run.acceptance import Acceptance

_BEFORE_THE_CALL = {"access", "apply", "config"}
"""Phases whose evidence is complete once their step is done; the others need captures, calls and traces."""


class NonCompliant(AssertionError):
    """A finding about the system under test (outcome FAIL): not an error of the tool."""


class Undecided(Exception):
    """INCONCLUSIVE, ERROR or BLOCKED: says nothing against the trunk, but is no pass either."""


class FragileWarning(UserWarning):
    """True today, out of good practice or about to change (outcome WARN)."""


class Verify(Protocol):
    """The `verify` fixture as test cases see it."""

    def __call__(self, check_id: str, subject: str = "pair") -> None:
        """Judge one requirement for a cluster, a direction (``A->B``) or the pair."""


class Verification:
    """What a test's `verify` does; one per test."""

    def __init__(self, acceptance: Acceptance, *, step: str, note: Callable[[str, object], None]) -> None:
        self._acceptance = acceptance
        self._step = step
        self._note = note

    def verify(self, check_id: str, subject: str = "pair") -> None:
        """Judge the check for a cluster, a direction or the pair as a whole, and let the gravest verdict decide.

        Raises: NonCompliant, Undecided; pytest's skip for NOT_APPLICABLE; KeyError for an unknown check id.
        """
        check = next((check for check in all_checks() if check.id == check_id), None)
        if check is None:
            raise KeyError(f"there is no check {check_id!r}; `cucmtls checks` lists them")
        __tracebackhide__ = True  # the reader wants the verdict, not how it was turned into an exception
        self._note("cucm_check", check.id)
        stopped = None
        try:
            evidence = self._evidence_for(check)
        except StepFailed as failure:
            stopped, evidence = failure, self._acceptance.evidence()
        except CucmTlsError as problem:
            outcome = Outcome.BLOCKED if isinstance(problem, UnsafeToAct) else Outcome.ERROR
            self._note("cucm_outcome", outcome.value)
            raise Undecided(f"{outcome.value.lower()}: {problem}") from None
        verdicts = self._verdicts(check, subject, evidence)
        if stopped is not None and verdicts[0].outcome is Outcome.INCONCLUSIVE:
            self._note("cucm_outcome", stopped.result.outcome.value)
            raise Undecided(f"{stopped.result.outcome.value.lower()}: {stopped}") from None
        self._note("cucm_outcome", verdicts[0].outcome.value)
        for verdict in reversed(verdicts):
            describe_verdict(verdict, self._acceptance.folder, evidence, self._acceptance.settings.session)
        _conclude(verdicts)

    def _evidence_for(self, check: Check) -> Evidence:
        """As far as the test's own step, or the check's when that is later; a test of no numbered step needs everything."""
        steps = (self._step, check.step)
        if check.phase in _BEFORE_THE_CALL and all(step.isdigit() for step in steps):
            return self._acceptance.through(max(int(step) for step in steps))
        return self._acceptance.proven()

    def _verdicts(self, check: Check, subject: str, evidence: Evidence) -> list[Verdict]:
        """The check's verdicts on the subject, gravest first; a pair-wide check answers for every subject."""
        found = [
            verdict
            for verdict in self._acceptance.verdicts(evidence)
            if verdict.check == check.id
            and (subject == "pair" or verdict.subject in ("pair", subject) or verdict.subject.startswith(f"{subject}/"))
        ]
        if not found:
            raise Undecided(f"INCONCLUSIVE: {check.id} judged nothing about {subject}")
        return sorted(found, key=lambda verdict: GRAVEST_FIRST.index(verdict.outcome))


def _conclude(verdicts: list[Verdict]) -> None:
    __tracebackhide__ = True
    gravest = verdicts[0]
    grave = [verdict for verdict in verdicts if verdict.outcome is gravest.outcome]
    text = "\n".join(explained(verdict) for verdict in grave)
    if gravest.outcome is Outcome.FAIL:
        raise NonCompliant(text)
    if gravest.outcome in (Outcome.INCONCLUSIVE, Outcome.ERROR, Outcome.BLOCKED):
        raise Undecided(text)
    if gravest.outcome is Outcome.WARN:
        warnings.warn(FragileWarning(text), stacklevel=3)
    if gravest.outcome is Outcome.NOT_APPLICABLE:
        pytest.skip(gravest.diagnosis)


def explained(verdict: Verdict) -> str:
    """What a person reads when a requirement is not met."""
    lines = [
        f"step {verdict.step}, {verdict.subject}: {verdict.title}",
        f"  {verdict.outcome.value.lower()}: {verdict.diagnosis}",
        f"  expected  {verdict.expected}",
        f"  observed  {verdict.observed}",
    ]
    if verdict.depends_on:
        return "\n".join(lines[:2])  # its cause is told in full where it failed
    if verdict.waiver is not None:
        lines.append(f"  waiver    {verdict.waiver.sentence}")
    if verdict.remedies:
        lines.append(f"  remedy    {', '.join(verdict.remedies)}")
    if verdict.clauses:
        lines.append(
            "  source    " + "; ".join(f"{clause.standard} {clause.clause} [{clause.mark}]" for clause in verdict.clauses)
        )
    lines += [f"  evidence  {item.path}" + (f", {item.location}" if item.location else "") for item in verdict.evidence[:6]]
    return "\n".join(lines)
