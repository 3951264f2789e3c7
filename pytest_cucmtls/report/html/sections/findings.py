"""Findings: everything that is not proven, grouped by check, with what to do about it; dependents named, not repeated."""

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_cucmtls.model.verdicts import Clause, EvidenceItem, Outcome, Verdict
from pytest_cucmtls.report.answers import UNDECIDED_OUTCOMES

_ORDER = (Outcome.FAIL, *UNDECIDED_OUTCOMES, Outcome.WARN)


@dataclass(frozen=True, slots=True)
class Finding:
    """One check that did not pass for one or more subjects, with the same outcome."""

    number: int
    check: str
    title: str
    step: str
    outcome: Outcome
    cases: tuple[Verdict, ...]
    remedies: tuple[str, ...]
    clauses: tuple[Clause, ...]
    evidence: tuple[EvidenceItem, ...]


@dataclass(frozen=True, slots=True)
class Dependent:
    """A check that was not evaluated, because of others."""

    title: str
    check: str
    subjects: tuple[str, ...]
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """All findings, worst first, and what could not be looked at because of them."""

    found: tuple[Finding, ...]
    dependents: tuple[Dependent, ...]
    unanswered: tuple[tuple[str, tuple[str, ...]], ...]
    """What is undecided beyond the findings: (diagnosis, subjects)."""


MOST_CARDS = 40
"""Undecided checks beyond this are listed by what to collect: an interrupted run has a hundred of them, all alike."""


def findings(verdicts: Sequence[Verdict]) -> Findings:
    """Findings by outcome, in procedure order inside each."""
    groups: dict[tuple[Outcome, str], list[Verdict]] = {}
    dependents: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.depends_on:
            dependents.setdefault(verdict.check, []).append(verdict)
        elif verdict.outcome in _ORDER:
            groups.setdefault((verdict.outcome, verdict.check), []).append(verdict)
    ordered = sorted(groups.items(), key=lambda entry: _ORDER.index(entry[0][0]))
    shown = [entry for place, entry in enumerate(ordered) if entry[0][0] is not Outcome.INCONCLUSIVE or place < MOST_CARDS]
    rest = [entry for entry in ordered if entry not in shown]
    found = tuple(_finding(number, outcome, cases) for number, ((outcome, _), cases) in enumerate(shown, 1))
    left = tuple((cases[0].diagnosis, tuple(case.subject for case in cases)) for _, cases in rest)
    return Findings(found, tuple(_dependent(cases) for cases in dependents.values()), left)


def _finding(number: int, outcome: Outcome, cases: Sequence[Verdict]) -> Finding:
    first = cases[0]
    return Finding(
        number=number,
        check=first.check,
        title=first.title,
        step=first.step,
        outcome=outcome,
        cases=tuple(cases),
        remedies=tuple(dict.fromkeys(code for case in cases for code in case.remedies)),
        clauses=tuple(dict.fromkeys(clause for case in cases for clause in case.clauses)),
        evidence=tuple(dict.fromkeys(item for case in cases for item in case.evidence)),
    )


def _dependent(cases: Sequence[Verdict]) -> Dependent:
    causes = tuple(dict.fromkeys(name for case in cases for name in case.depends_on))
    return Dependent(cases[0].title, cases[0].check, tuple(case.subject for case in cases), causes)
