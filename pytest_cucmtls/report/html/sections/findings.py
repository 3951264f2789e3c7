"""Findings: everything that is not proven, with what to do; what is missing, with what to collect."""

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_cucmtls.model.verdicts import Clause, EvidenceItem, Outcome, Verdict
from pytest_cucmtls.report.answers import Answer

_ORDER = (Outcome.FAIL, Outcome.ERROR, Outcome.BLOCKED, Outcome.WARN)
_COLLECTING = {"V1", "V2", "X5", "X8"}


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
class Gap:
    """Missing evidence: one sentence that says what to collect, and the checks that wait for it."""

    diagnosis: str
    waiting: tuple[Verdict, ...]
    remedies: tuple[str, ...]
    evidence: tuple[EvidenceItem, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong or fragile, worst first; what is missing, by how much waits for it; what was not looked at."""

    found: tuple[Finding, ...]
    gaps: tuple[Gap, ...]
    dependents: tuple[Dependent, ...]


def findings(verdicts: Sequence[Verdict]) -> Findings:
    """Findings by outcome, in procedure order inside each; undecided verdicts by what they miss."""
    groups: dict[tuple[Outcome, str], list[Verdict]] = {}
    gaps: dict[str, list[Verdict]] = {}
    dependents: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.depends_on:
            dependents.setdefault(verdict.check, []).append(verdict)
        elif verdict.outcome is Outcome.INCONCLUSIVE:
            gaps.setdefault(verdict.diagnosis, []).append(verdict)
        elif verdict.outcome in _ORDER:
            groups.setdefault((verdict.outcome, verdict.check), []).append(verdict)
    ordered = sorted(groups.items(), key=lambda entry: _ORDER.index(entry[0][0]))
    return Findings(
        found=tuple(_finding(number, outcome, cases) for number, ((outcome, _), cases) in enumerate(ordered, 1)),
        gaps=tuple(_gap(text, waiting) for text, waiting in sorted(gaps.items(), key=lambda entry: -len(entry[1]))),
        dependents=tuple(_dependent(cases) for cases in dependents.values()),
    )


def place_of(shown: Findings, verdict: Verdict | None) -> str:
    """Name of the place on the page where a verdict is told as a finding; the whole section for others."""
    numbers = (finding.number for finding in shown.found if verdict in finding.cases)
    number = next(numbers, None)
    return "findings" if number is None else f"finding-{number}"


def next_of(answer: Answer) -> str:
    """The remedy a reader should begin with: of a missing piece of evidence, how to collect it; "" when there is none."""
    if answer.lead is None:
        return ""
    undecided = answer.lead.outcome is Outcome.INCONCLUSIVE
    return next((code for code in answer.lead.remedies if not undecided or code in _COLLECTING), "")


def _gap(diagnosis: str, waiting: Sequence[Verdict]) -> Gap:
    """Only remedies that bring evidence: what to repair is not known before something is decided."""
    remedies = dict.fromkeys(code for verdict in waiting for code in verdict.remedies if code in _COLLECTING)
    evidence = dict.fromkeys(item for verdict in waiting for item in verdict.evidence)
    return Gap(diagnosis, tuple(waiting), tuple(remedies), tuple(evidence))


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
