"""Outcomes, verdicts and what they rest on (DESIGN §3)."""

from dataclasses import dataclass
from enum import Enum

from pytest_cucmtls.model.network import FileLocation
from pytest_cucmtls.model.waivers import AppliedWaiver


class Outcome(Enum):
    """What a check can say."""

    PASS = "PASS"
    WARN = "WARN"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    ERROR = "ERROR"
    BLOCKED = "BLOCKED"
    NOT_APPLICABLE = "NOT_APPLICABLE"


GRAVEST_FIRST = (
    Outcome.FAIL,
    Outcome.ERROR,
    Outcome.BLOCKED,
    Outcome.INCONCLUSIVE,
    Outcome.WARN,
    Outcome.PASS,
    Outcome.NOT_APPLICABLE,
)
"""What decides when several verdicts speak of one thing."""
EXIT_CODES = {"ok": 0, "finding": 1, "usage": 2, "undecided": 3}
"""DESIGN §6."""


def exit_code(outcomes: "list[Outcome]") -> int:
    """0 all good, 1 at least one FAIL, 3 no FAIL but something undecided; an empty list proves nothing, hence 3."""
    if Outcome.FAIL in outcomes:
        return EXIT_CODES["finding"]
    undecided = {Outcome.INCONCLUSIVE, Outcome.ERROR, Outcome.BLOCKED}
    return EXIT_CODES["undecided"] if not outcomes or undecided & set(outcomes) else EXIT_CODES["ok"]


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """A raw file of the run folder, optionally a place in it."""

    path: str
    """Relative to the run folder, forward slashes."""
    sha256: str
    location: FileLocation | None = None


@dataclass(frozen=True, slots=True)
class Clause:
    """A policy clause; `mark` is the reliability mark of the value: V read, S secondary, T measured, M not yet confirmed."""

    standard: str
    clause: str
    mark: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one check says about one subject, before the register adds the check's own data."""

    outcome: Outcome
    expected: str
    observed: str
    diagnosis: str
    """One sentence naming both sides' observed and expected values."""
    evidence: tuple[EvidenceItem, ...] = ()
    remedies: tuple[str, ...] | None = None
    """Overrides the check's default remedy codes when the diagnosis knows better (first one first)."""
    clauses: tuple[Clause, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """One check applied to one subject."""

    check: str
    title: str
    step: str
    phase: str
    subject: str
    """``pair``, a cluster name, ``A->B`` or ``A/node``."""
    outcome: Outcome
    expected: str
    observed: str
    diagnosis: str
    remedies: tuple[str, ...] = ()
    clauses: tuple[Clause, ...] = ()
    evidence: tuple[EvidenceItem, ...] = ()
    depends_on: tuple[str, ...] = ()
    """Checks whose failure kept this one from being evaluated; empty when it was."""
    waiver: AppliedWaiver | None = None
    """Who answers for a finding, why and until when; the outcome stays what it is."""
