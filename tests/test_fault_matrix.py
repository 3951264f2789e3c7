"""The fault matrix: every fault of the table is found, named and placed, look-alikes stay silent, and no check goes untried."""

from collections.abc import Iterator
from functools import cache

import pytest

from pytest_cucmtls.checks.register import PHASES
from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.verdicts import Outcome, Verdict
from pytest_cucmtls.policies import load_policy
from tests.evidence_builders import good_pair, verdict_of
from tests.fault_catalogue import Row, every_row
from tests.fault_runs import Bench, configured_bench

GRAVE = {Outcome.FAIL, Outcome.ERROR, Outcome.BLOCKED}
OPEN = {Outcome.INCONCLUSIVE}
FAULTS = [row for row in every_row() if not row.id.startswith("N-")]
HARMLESS = [row for row in every_row() if row.id.startswith("N-")]
BUILT = [row for row in FAULTS if not row.live]
LIVE = [row for row in FAULTS if row.live]


def name_of(row: Row) -> str:
    return f"{row.id} {row.fault} ({row.policy})"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with configured_bench(tmp_path_factory.mktemp("bench")) as configured:
        yield configured


@pytest.mark.parametrize("row", BUILT, ids=name_of)
def test_a_fault_in_the_evidence_is_found_named_and_placed(row: Row) -> None:
    assert_found(row, row.make())


@pytest.mark.parametrize("row", LIVE, ids=name_of)
def test_a_fault_of_a_running_pair_is_found_named_and_placed(row: Row, bench: Bench) -> None:
    try:
        row.make(bench)
        assert_found(row, bench.observe().evidence)
    finally:
        bench.restore()


@pytest.mark.parametrize("row", HARMLESS, ids=name_of)
def test_a_harmless_look_alike_stays_silent(row: Row) -> None:
    verdicts = judge(row.make(), load_policy(row.policy))
    loud = [f"{verdict.check} {verdict.subject}: {verdict.diagnosis}" for verdict in verdicts if verdict.outcome in GRAVE]
    assert loud == []
    assert [verdict.check for verdict in verdicts if verdict.outcome is Outcome.WARN] == []
    for check, subject in row.found:
        assert verdict_of(verdicts, check, subject).outcome is Outcome.PASS
    assert_words(row, verdicts)


def test_a_good_pair_is_silent_while_it_runs(bench: Bench) -> None:
    verdicts = bench.observe().verdicts()
    assert [verdict.check for verdict in verdicts if verdict.outcome not in (Outcome.PASS, Outcome.NOT_APPLICABLE)] == []


def assert_found(row: Row, evidence: Evidence) -> None:
    policy = load_policy(row.policy)
    verdicts = judge(evidence, policy)
    for check, subject in row.found:
        verdict = verdict_of(verdicts, check, subject)
        assert verdict.outcome is row.outcome, verdict.diagnosis
        assert PHASES.index(verdict.phase) <= PHASES.index(row.phase)
        assert verdict.remedies[0] == row.remedy
        assert verdict.expected
        assert verdict.observed
    assert_words(row, verdicts)
    assert_in_its_place(row, verdicts)
    assert judge(evidence, policy) == verdicts
    if row.legacy is not None:
        check, subject = row.found[0]
        assert verdict_of(judge(evidence, load_policy("legacy-2015")), check, subject).outcome is row.legacy


def assert_words(row: Row, verdicts: list[Verdict]) -> None:
    said = " ".join(
        f"{found.diagnosis} {found.expected} {' '.join(clause.clause for clause in found.clauses)}"
        for found in (verdict_of(verdicts, check, subject) for check, subject in row.found)
    )
    missing = [word for word in row.says if word not in said]
    assert missing == [], said


@cache
def undecided_in_a_good_pair(policy: str) -> frozenset[str]:
    """Checks this policy leaves open even for the good pair: it asks for evidence a run does not gather by itself."""
    return frozenset(verdict.check for verdict in judge(good_pair(), load_policy(policy)) if verdict.outcome in OPEN)


def assert_in_its_place(row: Row, verdicts: list[Verdict]) -> None:
    """No other check fails, and what lacks its precondition says so instead of failing, too."""
    listed = set(row.found)
    mine = {check for check, _ in row.found}
    strays = [
        f"{verdict.outcome.value} {verdict.check} {verdict.subject}: {verdict.diagnosis}"
        for verdict in verdicts
        if verdict.outcome in GRAVE and (verdict.check, verdict.subject) not in listed and verdict.check not in row.also
    ]
    assert strays == []
    if row.outcome is Outcome.FAIL:
        usual = undecided_in_a_good_pair(row.policy)
        open_ended = [
            f"{verdict.check} {verdict.subject}: {verdict.diagnosis}"
            for verdict in verdicts
            if verdict.outcome in OPEN and not verdict.depends_on and verdict.check not in row.also | mine | usual
        ]
        assert open_ended == []
