"""Mutation of the evidence: less, cut, swapped or doubled evidence never turns what was found into a pass."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

import pytest

from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.model.capture import CaptureReport
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, NodeEvidence, Sourced
from pytest_cucmtls.model.traces import TraceReport
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.policies import load_policy
from pytest_cucmtls.rehearsal.catalogue import Row, every_row
from tests.evidence_builders import good_pair, root, with_node

ROWS = [row for row in every_row() if not row.live and not row.harmless]
FINDINGS = [row for row in ROWS if row.outcome is Outcome.FAIL]
Outcomes = dict[tuple[str, str], Outcome]


@cache
def evidence_of(row: Row) -> Evidence:
    return row.make()


def outcomes(evidence: Evidence, policy: str = "cisco-hardening") -> Outcomes:
    return {(verdict.check, verdict.subject): verdict.outcome for verdict in judge(evidence, load_policy(policy))}


def name_of(row: Row) -> str:
    return f"{row.id} {row.found[0][0]} {row.policy}"


def without(value: Any, path: str) -> Any:
    """The value without everything that was read from the raw item `path`."""
    if isinstance(value, tuple):
        kept = (without(part, path) for part in value if not (isinstance(part, Sourced) and part.item.path == path))
        return tuple(kept)
    if not is_dataclass(value):
        return value
    changed = {}
    for field in fields(value):
        part = getattr(value, field.name)
        if isinstance(part, Sourced):
            changed[field.name] = None if part.item.path == path else part
        elif field.name in {"clusters", "nodes"}:
            changed[field.name] = tuple(without(one, path) for one in part)
        elif isinstance(part, tuple) and part and isinstance(part[0], Sourced):
            changed[field.name] = without(part, path) or (None if field.name in MAY_BE_UNREAD else ())
    return replace(value, **changed)


COUNTED = {"raw/dn", "raw/pattern-9898", f"raw/CallManager-trust-{root('Other CA', 'other').sha256[:8]}"}
"""One of several objects of one kind: a run folder without it is not whole, and a store is counted against its listing."""
MAY_BE_UNREAD = {"trust", "route_patterns", "route_lists", "route_groups", "calling_search_spaces", "directory_numbers"}
"""Where None says that nobody read it, and an empty tuple that there is none."""


@pytest.mark.parametrize("row", FINDINGS, ids=name_of)
def test_a_finding_without_one_of_the_items_it_rests_on_is_no_pass(row: Row) -> None:
    evidence = evidence_of(row)
    for verdict in judge(evidence, load_policy(row.policy)):
        if (verdict.check, verdict.subject) not in row.found:
            continue
        for item in verdict.evidence:
            if item.path in COUNTED:
                continue
            left = outcomes(without(evidence, item.path), row.policy)
            assert left[verdict.check, verdict.subject] is not Outcome.PASS, item.path


def cut(report: Any) -> Any:
    """The first half of everything that was seen."""
    changes = {}
    for field in fields(report):
        part = getattr(report, field.name)
        if isinstance(part, tuple) and part and is_dataclass(part[0]):
            changes[field.name] = part[: len(part) // 2]
    return replace(report, **changes)


def cut_everywhere(evidence: Evidence) -> Iterator[Evidence]:
    """One capture or trace after the other, cut in the middle."""
    for cluster in evidence.clusters:
        for name in ("captures", "traces", "calllogs"):
            sources = getattr(cluster.nodes[0], name)
            halves = tuple(replace(source, value=cut(source.value)) for source in sources)
            assert all(isinstance(source.value, CaptureReport | TraceReport) for source in halves)
            yield with_node(evidence, cluster.name, **{name: halves})


@pytest.mark.parametrize("row", FINDINGS[::3], ids=name_of)
def test_half_a_capture_or_trace_makes_no_pass_of_a_finding(row: Row) -> None:
    evidence = evidence_of(row)
    before = outcomes(evidence, row.policy)
    for less in cut_everywhere(evidence):
        for place, outcome in outcomes(less, row.policy).items():
            assert not (outcome is Outcome.PASS and before[place] is Outcome.FAIL), place


def swapped() -> Iterator[tuple[str, Evidence]]:
    """The good pair with one fact of A in B's place and the other way round."""
    good = good_pair()
    first, second = good.clusters
    for field in fields(NodeEvidence):
        one, other = (getattr(cluster.nodes[0], field.name) for cluster in good.clusters)
        if field.name != "name" and one != other:
            yield f"node {field.name}", with_node(with_node(good, "A", **{field.name: other}), "B", **{field.name: one})
    for field in fields(ClusterEvidence):
        one, other = getattr(first, field.name), getattr(second, field.name)
        if field.name not in {"name", "nodes"} and one != other:
            crossed = (replace(first, **{field.name: other}), replace(second, **{field.name: one}))
            yield f"cluster {field.name}", replace(good, clusters=crossed)


INDIFFERENT = {"node captures", "node own_certificate_before", "node release"}
"""Both captures show the whole wire; names before step 3 are told by host name; either release will do."""


@pytest.mark.parametrize(("what", "evidence"), list(swapped()), ids=[what for what, _ in swapped()])
def test_facts_of_the_wrong_cluster_do_not_go_unnoticed(what: str, evidence: Evidence) -> None:
    found = set(outcomes(evidence).values()) - {Outcome.PASS, Outcome.NOT_APPLICABLE}
    assert found or what in INDIFFERENT
    assert Outcome.ERROR not in found


@pytest.mark.parametrize("row", FINDINGS[1::3], ids=name_of)
def test_evidence_kept_twice_changes_no_outcome(row: Row) -> None:
    evidence = evidence_of(row)
    doubled = evidence
    for cluster in evidence.clusters:
        node = cluster.nodes[0]
        twice = {name: getattr(node, name) * 2 for name in ("captures", "traces", "calllogs", "other_identities")}
        doubled = with_node(doubled, cluster.name, **twice)
    doubled = replace(doubled, calls=evidence.calls, revocation_lists=evidence.revocation_lists * 2)
    assert outcomes(doubled, row.policy) == outcomes(evidence, row.policy)
