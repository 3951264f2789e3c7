"""A plan file binds what was read: its changes, the state it was made from, and who said yes to exactly that."""

import contextlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.model.errors import CucmTlsError, FileUnreadable, UnsafeToAct
from pytest_cucmtls.procedure.approval import approval_file, approve, read_approval
from pytest_cucmtls.procedure.context import Change
from pytest_cucmtls.procedure.plan_file import read_plan, write_plan
from pytest_cucmtls.procedure.plan_text import plan_lines
from pytest_cucmtls.procedure.plan_values import Plan, PlannedChange, planned, state_differences

NOW = datetime(2026, 11, 28, 22, 0, tzinfo=UTC)
TRUNK = PlannedChange(9, "A trunk to-b", "absent", "to 10.0.0.2:5061", "to 10.0.0.2:5061", "axl", fields=(("name", "–", "to-b"),))
IDENTITY = PlannedChange(
    7, "A/a CallManager identity", "old", "new", "CN=CA", "cli", risk="calls drop", irreversible="the key is gone"
)
PLAN = Plan((IDENTITY, TRUNK), {"A trunk to-b": "absent"}, {"cluster_a": {"name": "A"}}, made_at="2026-11-28T21:00:00+00:00")


def no_act() -> None:
    raise AssertionError("planning performs nothing")


def made(step_target: str, after: str, interface: str = "axl", bound: str | None = None) -> Change:
    return Change(step_target, "absent", after, interface, no_act, bound=bound)


def saved(tmp_path: Path, plan: Plan = PLAN) -> Path:
    write_plan(tmp_path / "plan.json", plan)
    return tmp_path / "plan.json"


def edited(file: Path, change: Any) -> Path:
    values = json.loads(file.read_text())
    change(values)
    file.write_text(json.dumps(values))
    return file


def test_a_plan_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    assert read_plan(saved(tmp_path)) == PLAN


def test_time_and_tool_are_not_bound_but_everything_else_is() -> None:
    assert replace(PLAN, made_at="later", made_with="other").digest == PLAN.digest
    others = [
        replace(PLAN, changes=(TRUNK,)),
        replace(PLAN, changes=(TRUNK, IDENTITY)),
        replace(PLAN, state={}),
        replace(PLAN, inventory={}),
        replace(PLAN, blocked=("step 9: in the way",)),
        replace(PLAN, changes=(IDENTITY, replace(TRUNK, risk="none"))),
    ]
    assert len({plan.digest for plan in [PLAN, *others]}) == len(others) + 1


@pytest.mark.parametrize(
    "change",
    [
        lambda values: values["changes"].pop(),
        lambda values: values["changes"][0].update(irreversible=""),
        lambda values: values["state"].update({"A trunk to-b": "present"}),
        lambda values: values["inventory"].clear(),
        lambda values: values.update(digest="0" * 64),
    ],
)
def test_a_plan_edited_by_hand_is_refused(tmp_path: Path, change: Any) -> None:
    with pytest.raises(FileUnreadable, match="was changed after it was made"):
        read_plan(edited(saved(tmp_path), change))


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"schema": "cucmtls-plan-1"}', b"\xff\xfe", b"[" * 100_000, b"{}"])
def test_what_is_no_plan_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "plan.json").write_bytes(content)
    with pytest.raises(FileUnreadable):
        read_plan(tmp_path / "plan.json")


def test_a_missing_plan_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match=r"plan\.json"):
        read_plan(tmp_path / "plan.json")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(["changes", "state", "inventory", "blocked", "digest", "made_at", "made_with"]), JSON))
def test_any_other_content_ends_in_an_error_of_ours(tmp_path_factory: pytest.TempPathFactory, values: dict[str, Any]) -> None:
    file = tmp_path_factory.mktemp("hostile") / "plan.json"
    whole = json.loads(saved(tmp_path_factory.mktemp("plan")).read_text())
    file.write_text(json.dumps(whole | values))
    with contextlib.suppress(CucmTlsError):
        assert read_plan(file).digest == whole["digest"]


def test_an_approval_names_who_when_and_what(tmp_path: Path) -> None:
    file = saved(tmp_path)
    approve(file, PLAN, by="Ada Lovelace", agreed=(IDENTITY.target,), now=NOW)
    found = read_approval(file, PLAN)
    assert (found.by, found.at, found.digest) == ("Ada Lovelace", NOW, PLAN.digest)
    assert found.irreversible == (IDENTITY.target,)


def test_what_cannot_be_undone_needs_a_yes_of_its_own(tmp_path: Path) -> None:
    file = saved(tmp_path)
    with pytest.raises(UnsafeToAct, match="nobody has agreed to what cannot be undone: A/a CallManager identity"):
        approve(file, PLAN, by="Ada", agreed=(), now=NOW)
    assert not approval_file(file).exists()


def test_a_plan_without_irreversible_changes_needs_no_further_yes(tmp_path: Path) -> None:
    plan = replace(PLAN, changes=(TRUNK,))
    approve(saved(tmp_path, plan), plan, by="Ada", agreed=(), now=NOW)


def test_a_blocked_plan_cannot_be_approved(tmp_path: Path) -> None:
    plan = replace(PLAN, blocked=("step 9: A trunk copy is in the way",))
    with pytest.raises(UnsafeToAct, match="A trunk copy is in the way"):
        approve(saved(tmp_path, plan), plan, by="Ada", agreed=(IDENTITY.target,), now=NOW)


@pytest.mark.parametrize("name", ["", "   ", "\n"])
def test_nobody_approves_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnsafeToAct, match="needs the name of a person"):
        approve(saved(tmp_path), PLAN, by=name, agreed=(IDENTITY.target,), now=NOW)


def test_a_plan_nobody_approved_is_not_applied(tmp_path: Path) -> None:
    with pytest.raises(UnsafeToAct, match="is not approved"):
        read_approval(saved(tmp_path), PLAN)


def test_the_approval_of_another_plan_does_not_count(tmp_path: Path) -> None:
    file = saved(tmp_path)
    approve(file, PLAN, by="Ada", agreed=(IDENTITY.target,), now=NOW)
    with pytest.raises(UnsafeToAct, match="the approval of Ada is of another plan"):
        read_approval(file, replace(PLAN, state={}))


def test_an_approval_from_which_the_yes_was_left_out_does_not_count(tmp_path: Path) -> None:
    file = saved(tmp_path)
    approve(file, PLAN, by="Ada", agreed=(IDENTITY.target,), now=NOW)
    edited(approval_file(file), lambda values: values.update(irreversible=[]))
    with pytest.raises(UnsafeToAct, match="does not cover what cannot be undone: A/a CallManager identity"):
        read_approval(file, PLAN)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema": "cucmtls-approval-1", "digest": "x", "by": "A", "at": "noon"}'])
def test_a_damaged_approval_is_none(tmp_path: Path, content: str) -> None:
    file = saved(tmp_path)
    approval_file(file).write_text(content)
    with pytest.raises(FileUnreadable):
        read_approval(file, PLAN)


def test_a_change_is_covered_by_step_object_interface_and_values() -> None:
    assert TRUNK.covers(9, made("A trunk to-b", "to 10.0.0.2:5061"))
    assert not TRUNK.covers(10, made("A trunk to-b", "to 10.0.0.2:5061"))
    assert not TRUNK.covers(9, made("A trunk to-c", "to 10.0.0.2:5061"))
    assert not TRUNK.covers(9, made("A trunk to-b", "to 10.0.0.3:5061"))
    assert not TRUNK.covers(9, made("A trunk to-b", "to 10.0.0.2:5061", interface="cli"))


def test_an_identity_is_bound_by_its_issuer_only() -> None:
    assert IDENTITY.covers(7, made("A/a CallManager identity", "serial 7", "cli", bound="CN=CA"))
    assert not IDENTITY.covers(7, made("A/a CallManager identity", "serial 7", "cli", bound="CN=Other"))


def test_what_was_not_known_when_planning_is_open_and_nothing_else() -> None:
    trust = PlannedChange(6, "A/a CallManager-trust *", "absent", "whichever", "", "cli", foreseen=True)
    assert trust.covers(6, made("A/a CallManager-trust CN=CA", "SHA-256 ab", "cli", bound="ab"))
    assert not trust.covers(6, made("A/ab CallManager-trust CN=CA", "SHA-256 ab", "cli", bound="ab"))
    assert not trust.covers(6, made("A/a CallManager identity", "x", "cli"))
    assert not trust.covers(6, replace(made("A/a CallManager-trust CN=CA", "SHA-256 ab", "cli", bound="ab"), before="SHA-256 cd"))


def test_a_change_of_a_step_is_planned_as_it_is() -> None:
    change = Change("A trunk x", "absent", "to y", "axl", no_act, risk="r", irreversible="i", fields=(("f", "–", "v"),))
    found = planned(9, change, ("route group g",))
    assert (found.target, found.bound, found.risk, found.irreversible, found.references) == (
        "A trunk x",
        "to y",
        "r",
        "i",
        ("route group g",),
    )
    assert found.covers(9, change)


def test_differences_between_states_name_what_came_went_and_changed() -> None:
    found = state_differences({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "9", "d": "4"})
    assert found == [("b", "2", "9"), ("c", "3", "–"), ("d", "–", "4")]


def test_a_person_reads_first_what_is_in_the_way_and_what_cannot_be_undone() -> None:
    text = "\n".join(plan_lines(replace(PLAN, blocked=("step 9: A trunk copy",))))
    assert text.index("A trunk copy") < text.index("Cannot be undone") < text.index("Every change")
    for wanted in ("the key is gone", "calls drop", "name: – → to-b", PLAN.changes[0].target):
        assert wanted in text


def test_an_empty_plan_says_so() -> None:
    assert plan_lines(replace(PLAN, changes=()))[-1] == "nothing to change"
