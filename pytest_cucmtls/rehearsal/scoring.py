"""Scores a judgement against the catalogue: detected, diagnosed, remedied, in its place, silent on look-alikes."""

from dataclasses import dataclass
from functools import cache

from pytest_cucmtls.checks.register import PHASES
from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.verdicts import Outcome, Verdict
from pytest_cucmtls.policies import load_policy
from pytest_cucmtls.rehearsal.built_pair import good_pair
from pytest_cucmtls.rehearsal.catalogue import Row

GRAVE = {Outcome.FAIL, Outcome.ERROR, Outcome.BLOCKED}
OPEN = Outcome.INCONCLUSIVE


@dataclass(frozen=True, slots=True)
class Score:
    """What was right about the verdicts on one row; every list holds sentences about what was not, and is empty when all was."""

    row: Row
    detection: tuple[str, ...] = ()
    """The verdicts that must say it have the class and the phase of the table, and say what was expected and observed."""
    diagnosis: tuple[str, ...] = ()
    """What the catalogue demands to be said is said."""
    remedy: tuple[str, ...] = ()
    """The remedy of the table stands first."""
    localisation: tuple[str, ...] = ()
    """No other check fails; what rests on the failed one is not evaluated."""
    stability: tuple[str, ...] = ()
    """Judged twice, the verdicts are the same; under legacy-2015 the outcome is the table's."""

    @property
    def complaints(self) -> tuple[str, ...]:
        """Everything that was not right."""
        return (*self.detection, *self.diagnosis, *self.remedy, *self.localisation, *self.stability)


def score(row: Row, evidence: Evidence) -> Score:
    """Judge the evidence under the row's policy and compare with the row. Raises: ConfigurationInvalid for no such policy."""
    policy = load_policy(row.policy)
    verdicts = judge(evidence, policy)
    if row.harmless:
        return Score(row, tuple(_unconfirmed(row, verdicts)), tuple(_unsaid(row, verdicts)), (), tuple(_noise(verdicts)), ())
    again = [] if judge(evidence, policy) == verdicts else ["judged again, the verdicts differ"]
    return Score(
        row,
        detection=tuple(_undetected(row, verdicts)),
        diagnosis=tuple(_unsaid(row, verdicts)),
        remedy=tuple(_misdirected(row, verdicts)),
        localisation=tuple(_misplaced(row, verdicts)),
        stability=(*again, *_legacy(row, evidence)),
    )


def verdict_on(verdicts: list[Verdict], check: str, subject: str) -> Verdict | None:
    """The verdict of this check on this subject."""
    return next((verdict for verdict in verdicts if (verdict.check, verdict.subject) == (check, subject)), None)


def _undetected(row: Row, verdicts: list[Verdict]) -> list[str]:
    said = []
    for check, subject in row.found:
        verdict = verdict_on(verdicts, check, subject)
        if verdict is None:
            said.append(f"{check} {subject}: no verdict")
        elif verdict.outcome is not row.outcome:
            said.append(f"{check} {subject}: {verdict.outcome.value} instead of {row.outcome.value}: {verdict.diagnosis}")
        elif PHASES.index(verdict.phase) > PHASES.index(row.phase):
            said.append(f"{check} {subject}: seen in phase {verdict.phase}, due in {row.phase}")
        elif not verdict.expected or not verdict.observed:
            said.append(f"{check} {subject}: says not what was expected and observed")
    return said


def _unsaid(row: Row, verdicts: list[Verdict]) -> list[str]:
    found = [verdict for place in row.found if (verdict := verdict_on(verdicts, *place)) is not None]
    clauses = (clause.clause for verdict in found for clause in verdict.clauses)
    text = " ".join([*(f"{verdict.diagnosis} {verdict.expected}" for verdict in found), *clauses])
    return [f"does not say {word!r}: {text}" for word in row.says if word not in text]


def _misdirected(row: Row, verdicts: list[Verdict]) -> list[str]:
    said = []
    for place in row.found:
        verdict = verdict_on(verdicts, *place)
        if verdict is not None and verdict.remedies[:1] != (row.remedy,):
            said.append(f"{place[0]} {place[1]}: remedy {', '.join(verdict.remedies) or 'none'}, {row.remedy} expected first")
    return said


def _misplaced(row: Row, verdicts: list[Verdict]) -> list[str]:
    """No other check fails, and what lacks its precondition says so instead of failing, too."""
    listed, mine = set(row.found), {check for check, _ in row.found}
    said = [
        f"{verdict.outcome.value} {verdict.check} {verdict.subject}: {verdict.diagnosis}"
        for verdict in verdicts
        if verdict.outcome in GRAVE and (verdict.check, verdict.subject) not in listed and verdict.check not in row.also
    ]
    if row.outcome is Outcome.FAIL:
        usual = undecided_in_a_good_pair(row.policy)
        said += [
            f"left open: {verdict.check} {verdict.subject}: {verdict.diagnosis}"
            for verdict in verdicts
            if verdict.outcome is OPEN and not verdict.depends_on and verdict.check not in row.also | mine | usual
        ]
    return said


@cache
def undecided_in_a_good_pair(policy: str) -> frozenset[str]:
    """Checks this policy leaves open even for the good pair: it asks for evidence a run does not gather by itself."""
    return frozenset(verdict.check for verdict in judge(good_pair(), load_policy(policy)) if verdict.outcome is OPEN)


def _legacy(row: Row, evidence: Evidence) -> list[str]:
    if row.legacy is None:
        return []
    verdict = verdict_on(judge(evidence, load_policy("legacy-2015")), *row.found[0])
    right = verdict is not None and verdict.outcome is row.legacy
    return [] if right else [f"{row.found[0][0]} is not {row.legacy.value} under legacy-2015"]


def _noise(verdicts: list[Verdict]) -> list[str]:
    return [
        f"{verdict.outcome.value} {verdict.check} {verdict.subject}: {verdict.diagnosis}"
        for verdict in verdicts
        if verdict.outcome in GRAVE | {Outcome.WARN}
    ]


def _unconfirmed(row: Row, verdicts: list[Verdict]) -> list[str]:
    found = ((check, subject, verdict_on(verdicts, check, subject)) for check, subject in row.found)
    return [
        f"{check} {subject} is not PASS"
        for check, subject, verdict in found
        if not verdict or verdict.outcome is not Outcome.PASS
    ]
