"""The fault matrix: every fault of the table is found, named and placed, look-alikes stay silent, and no check goes untried."""

import re
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from pytest_cucmtls.checks.register import LONGEST_REPEATED, all_checks
from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.verdicts import Outcome, Verdict
from pytest_cucmtls.policies import load_policy
from pytest_cucmtls.rehearsal.benches import observe_rows
from pytest_cucmtls.rehearsal.catalogue import CATALOGUE, Row, every_row
from pytest_cucmtls.rehearsal.elsewhere import ELSEWHERE
from pytest_cucmtls.rehearsal.pages import catalogue_page
from pytest_cucmtls.rehearsal.scoring import score
from tests.evidence_builders import good_pair, verdict_of

FAULTS = [row for row in every_row() if not row.harmless]
HARMLESS = [row for row in every_row() if row.harmless]
BUILT = [row for row in FAULTS if not row.live]
LIVE = [row for row in FAULTS if row.live]
TOGETHER = {"F-008", "F-104", "F-138", "F-139", "G-12", "G-14", "G-15", "G-44", "G-101", "G-111", "G-113", "G-126", "G-128"}
PAIRED = [row for row in BUILT if row.id in TOGETHER]
"""Rows about parts of the evidence that do not depend on each other; every two of them are tried together."""
LIVE_PAIRS = [("F-056", "F-120"), ("F-066", "F-060"), ("F-105", "F-145")]


def name_of(row: Row) -> str:
    return f"{row.id} {row.fault} ({row.policy})"


def live_row(number: str) -> Row:
    return next(row for row in LIVE if row.id == number)


Observations = dict[tuple[str, ...], Evidence]
"""Evidence by the names of the rows injected together; () is the good pair."""


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Observations:
    """Every live row, the pairs and the good pair, tried on a few simulated pairs at once."""
    groups: list[tuple[Row, ...]] = [(), *((row,) for row in LIVE), *((live_row(a), live_row(b)) for a, b in LIVE_PAIRS)]
    found = observe_rows(groups, tmp_path_factory.mktemp("benches"))
    return {names(group): evidence for group, evidence in zip(groups, found, strict=True)}


def names(rows: Sequence[Row]) -> tuple[str, ...]:
    return tuple(name_of(row) for row in rows)


@pytest.mark.parametrize("row", BUILT, ids=name_of)
def test_a_fault_in_the_evidence_is_found_named_and_placed(row: Row) -> None:
    assert score(row, row.make()).complaints == ()


@pytest.mark.parametrize("row", LIVE, ids=name_of)
def test_a_fault_of_a_running_pair_is_found_named_and_placed(row: Row, observed: Observations) -> None:
    assert score(row, observed[names([row])]).complaints == ()


@pytest.mark.parametrize("row", HARMLESS, ids=name_of)
def test_a_harmless_look_alike_stays_silent(row: Row) -> None:
    assert score(row, row.make()).complaints == ()


def test_a_good_pair_is_silent_while_it_runs(observed: Observations) -> None:
    evidence = observed[()]
    verdicts = judge(evidence, load_policy(evidence.inventory.policy))
    assert [verdict.check for verdict in verdicts if verdict.outcome not in (Outcome.PASS, Outcome.NOT_APPLICABLE)] == []


@pytest.mark.parametrize(("first", "second"), LIVE_PAIRS, ids=lambda word: word)
def test_two_faults_at_once_are_both_reported(first: str, second: str, observed: Observations) -> None:
    rows = [live_row(first), live_row(second)]
    evidence = observed[names(rows)]
    verdicts = judge(evidence, load_policy(evidence.inventory.policy))
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


AS_A_WHOLE = {"no_media_in_clear", "media_flows_both_ways"}
"""Rests on many packets: no single frame shows it."""


def assert_well_formed(verdict: Verdict) -> None:
    """A finding stands by itself: both sides, both values, what to do, and where in which file to look."""
    said = verdict.diagnosis
    assert verdict.depends_on == ()
    assert verdict.remedies
    assert "\n" not in said
    for value in (verdict.expected, verdict.observed):
        assert value
        assert value in said or len(value) > LONGEST_REPEATED
    assert verdict.expected != verdict.observed
    for side in verdict.subject.split("->") if "->" in verdict.subject else ():
        assert re.search(rf"\b{side}\b", said), said
    assert verdict.evidence
    assert all(item.path and item.sha256 for item in verdict.evidence)
    on_the_wire = verdict.phase in {"handshake", "call", "media", "trace"} and not verdict.check.startswith("listener_")
    if on_the_wire and verdict.check not in AS_A_WHOLE:
        assert any(item.location for item in verdict.evidence), verdict


@pytest.mark.parametrize("row", BUILT, ids=name_of)
def test_every_finding_in_the_evidence_has_both_values_and_places(row: Row) -> None:
    for verdict in judge(row.make(), load_policy(row.policy)):
        if verdict.outcome is Outcome.FAIL:
            assert_well_formed(verdict)


def test_every_finding_of_a_running_pair_has_both_values_and_places(observed: Observations) -> None:
    findings = [
        verdict
        for evidence in observed.values()
        for verdict in judge(evidence, load_policy(evidence.inventory.policy))
        if verdict.outcome is Outcome.FAIL
    ]
    assert len(findings) >= len(LIVE)
    for verdict in findings:
        assert_well_formed(verdict)


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
