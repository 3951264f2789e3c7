"""Clause by clause: every clause a verdict cites, how reliably it was read, and what the verdicts that cite it came to."""

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_cucmtls.model.verdicts import Clause, Outcome, Verdict
from pytest_cucmtls.report.answers import Standing
from pytest_cucmtls.report.html.sections.steps import standing_of


@dataclass(frozen=True, slots=True)
class ClauseRow:
    """One clause and where its checks stand."""

    clause: Clause
    standing: Standing | None
    checks: tuple[str, ...]
    counts: tuple[tuple[Outcome, int], ...]


@dataclass(frozen=True, slots=True)
class Standard:
    """One standard with its clauses in order of first citation."""

    name: str
    rows: tuple[ClauseRow, ...]


def standards(verdicts: Sequence[Verdict]) -> tuple[Standard, ...]:
    """Every clause cited by a verdict, by standard."""
    cited: dict[str, dict[Clause, list[Verdict]]] = {}
    for verdict in verdicts:
        for clause in verdict.clauses:
            cited.setdefault(clause.standard, {}).setdefault(clause, []).append(verdict)
    return tuple(
        Standard(name, tuple(_row(clause, citing) for clause, citing in clauses.items())) for name, clauses in cited.items()
    )


def _row(clause: Clause, citing: Sequence[Verdict]) -> ClauseRow:
    present = [verdict.outcome for verdict in citing]
    counts = tuple((outcome, present.count(outcome)) for outcome in Outcome if outcome in present)
    return ClauseRow(clause, standing_of(present), tuple(dict.fromkeys(verdict.check for verdict in citing)), counts)
