"""At a terminal every irreversible change is asked about by name; test calls stop at their ceiling."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_cucmtls.evidence.run_folder import RunFolder
from pytest_cucmtls.inventory import parse_inventory
from pytest_cucmtls.inventory_template import TEMPLATE
from pytest_cucmtls.model.maintenance import Maintenance
from pytest_cucmtls.procedure.approval import approval_file, read_approval
from pytest_cucmtls.procedure.bounds import call_refusal
from pytest_cucmtls.procedure.context import Run
from pytest_cucmtls.procedure.journal import Journal
from pytest_cucmtls.procedure.plan_file import write_plan
from pytest_cucmtls.procedure.plan_values import Plan, PlannedChange
from tests.plan_runs import Said, cucmtls

FIRST, SECOND = (
    PlannedChange(7, f"{name} CallManager identity", "old", "new", "CN=CA", "cli", irreversible=f"the key of {name} is gone")
    for name in ("A/a", "B/b")
)
PLAN = Plan((FIRST, SECOND), {}, {})


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    write_plan(tmp_path / "plan.json", PLAN)
    return tmp_path / "plan.json"


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch, plan_file: Path) -> Callable[..., Said]:
    """Approve at a terminal, with these answers in turn."""

    def approve(*answers: str) -> Said:
        waiting = iter(answers)
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        monkeypatch.setattr("builtins.input", lambda _question: next(waiting))
        return cucmtls("approve", plan_file, "--by", "Ada")

    return approve


@pytest.mark.parametrize("answers", [("yes", "yes"), (" YES ", "Yes")])
def test_a_yes_to_each_of_them_approves(answering: Any, plan_file: Path, answers: tuple[str, str]) -> None:
    said = answering(*answers)
    assert said.code == 0, said.errors
    assert "the key of A/a is gone" in said.output
    assert "the key of B/b is gone" in said.output
    assert read_approval(plan_file, PLAN).irreversible == (FIRST.target, SECOND.target)


@pytest.mark.parametrize("answers", [("yes", "no"), ("", "yes"), ("y", "yes"), ("yes", "yes please")])
def test_anything_but_yes_to_any_of_them_does_not(answering: Any, plan_file: Path, answers: tuple[str, str]) -> None:
    said = answering(*answers)
    assert said.code == 3
    assert "nobody has agreed to what cannot be undone" in said.errors
    assert not approval_file(plan_file).exists()


def test_without_a_terminal_nobody_is_asked_and_nothing_is_agreed_to(plan_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    said = cucmtls("approve", plan_file, "--by", "Ada")
    assert said.code == 3
    assert "pass --yes-replace-identities" in said.errors


def run_with(tmp_path: Path, most: int | None) -> Run:
    inventory = replace(parse_inventory(TEMPLATE), maintenance=Maintenance(max_calls=most))
    return Run(inventory, RunFolder(tmp_path), (), None, Journal(tmp_path / "journal.jsonl"), print)  # type: ignore[arg-type]


def test_a_call_below_the_ceiling_is_placed_and_the_next_is_not(tmp_path: Path) -> None:
    run = run_with(tmp_path, 2)
    run.folder.keep(b"{}", kind="call")
    assert call_refusal(run) == ""
    run.folder.keep(b"{}", kind="call")
    assert call_refusal(run) == "the run has reached its ceiling of 2 test call(s)"


def test_a_ceiling_of_none_places_none_and_no_ceiling_limits_nothing(tmp_path: Path) -> None:
    assert call_refusal(run_with(tmp_path, 0)) != ""
    assert call_refusal(run_with(tmp_path, None)) == ""
