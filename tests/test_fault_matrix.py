"""The fault matrix: every fault of the table is found, named and placed, look-alikes stay silent, and no check goes untried."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from pytest_cucmtls.checks.register import PHASES, all_checks
from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.verdicts import Outcome, Verdict
from pytest_cucmtls.policies import load_policy
from tests.evidence_builders import good_pair, verdict_of
from tests.fault_catalogue import Row, catalogue_page, every_row
from tests.fault_rows_elsewhere import ELSEWHERE
from tests.fault_runs import Bench, configured_bench

GRAVE = {Outcome.FAIL, Outcome.ERROR, Outcome.BLOCKED}
OPEN = {Outcome.INCONCLUSIVE}
FAULTS = [row for row in every_row() if not row.id.startswith("N-")]
HARMLESS = [row for row in every_row() if row.id.startswith("N-")]
BUILT = [row for row in FAULTS if not row.live]
LIVE = [row for row in FAULTS if row.live]
PAIRED = [row for row in BUILT if row.id in ("F-008", "F-104", "F-138", "F-139", "G-12", "G-14", "G-15", "G-44")]
"""Rows about parts of the evidence that do not depend on each other; every two of them are tried together."""
FAULT_NUMBERS = (
    *(2, 3, 5, 6, 7, 8, 13, 15, 20, 22, 25, 26, 27, 28, 30, 31, 35, 39, 40, 42, 44, 46, 47, 49, 51, 52, 56, 57, 60, 62, 65, 66),
    *(69, 71, 73, 76, 77, 78, 79, 81, 83, 84, 85, 86, 87, 89, 91, 96, 99, 103, 104, 105, 107, 109, 112, 113, 115, 116, 118),
    *(119, 120, 122, 124, 126, 128, 130, 131, 133, 137, 138, 139, 142, 145, 147),
)
HARMLESS_NUMBERS = (3, 4, 5, 7, 8, 11, 14, 15, 18, 22, 23, 24, 27, 28)
CATALOGUE = [*(f"F-{number:03d}" for number in FAULT_NUMBERS), *(f"N-{number:02d}" for number in HARMLESS_NUMBERS)]


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


@pytest.mark.parametrize(
    ("first", "second"),
    [("F-056", "F-120"), ("F-066", "F-060"), ("F-105", "F-145")],
    ids=lambda word: word,
)
def test_two_faults_at_once_are_both_reported(first: str, second: str, bench: Bench) -> None:
    rows = [next(row for row in LIVE if row.id == wanted) for wanted in (first, second)]
    try:
        for row in rows:
            row.make(bench)
        verdicts = bench.observe().verdicts()
    finally:
        bench.restore()
    for row in rows:
        check, subject = row.found[0]
        assert verdict_of(verdicts, check, subject).outcome is row.outcome


@pytest.mark.parametrize(("first", "second"), list(combinations(PAIRED, 2)), ids=lambda row: row.id)
def test_two_faults_of_one_run_are_both_reported(first: Row, second: Row) -> None:
    """The later one's change is made to the first one's evidence: faults of different parts of the evidence."""
    verdicts = judge(merged(first.make(), second.make()), load_policy(first.policy))
    for row in (first, second):
        check, subject = row.found[0]
        assert verdict_of(verdicts, check, subject).outcome is row.outcome


def merged(one: Evidence, other: Evidence) -> Evidence:
    """The first evidence with everything in which the second differs from the good pair."""
    return merged_values(good_pair(), one, other)


def merged_values(plain: Any, one: Any, other: Any) -> Any:
    if other == plain:
        return one
    if one == plain or not is_dataclass(plain) or type(one) is not type(other):
        if isinstance(plain, tuple) and len(plain) == len(one) == len(other):
            return tuple(merged_values(*parts) for parts in zip(plain, one, other, strict=True))
        return other
    changed = {
        field.name: merged_values(*(getattr(value, field.name) for value in (plain, one, other))) for field in fields(plain)
    }
    return replace(one, **changed)


def test_every_check_is_broken_by_at_least_one_fault() -> None:
    broken = {check for row in FAULTS for check, _ in row.found}
    assert {check.id for check in all_checks()} - broken == set()
    assert {check for row in every_row() for check in (*row.also, *(name for name, _ in row.found))} <= {
        check.id for check in all_checks()
    }


def test_every_number_of_the_catalogue_has_a_row_or_a_place() -> None:
    rows = {row.id for row in every_row()}
    named = {one.id for one in ELSEWHERE}
    assert not rows & named
    assert all(one.test or one.why for one in ELSEWHERE)
    assert {number for number in CATALOGUE if number not in rows | named} == set()


def test_tests_that_are_named_as_another_place_exist() -> None:
    for one in ELSEWHERE:
        if one.test:
            file, _, function = one.test.partition("::")
            assert f"def {function}(" in (Path(__file__).parent / file).read_text(encoding="utf-8"), one


def test_the_page_of_the_faults_is_current() -> None:
    page = Path(__file__).parents[1] / "docs" / "faults.md"
    assert page.read_text(encoding="utf-8") == catalogue_page()


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
