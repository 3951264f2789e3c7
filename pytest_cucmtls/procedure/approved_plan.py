"""An approved plan as the gate of a run: nothing is done that it does not hold, and nothing when the clusters changed since."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_cucmtls.model.errors import UnsafeToAct
from pytest_cucmtls.procedure.approval import Approval, read_approval
from pytest_cucmtls.procedure.context import Change, Run
from pytest_cucmtls.procedure.foresight import binding_inventory, read_state
from pytest_cucmtls.procedure.journal import Entry
from pytest_cucmtls.procedure.own_doing import is_own_doing
from pytest_cucmtls.procedure.plan_file import read_plan
from pytest_cucmtls.procedure.plan_values import Plan, state_differences
from pytest_cucmtls.procedure.refusals import NotNow

_NEW_PLAN = "Make a new plan and have it approved."
APPROVED = "approved plan"
"""Target of the journal's note that says which plan the run carries out."""


@dataclass(frozen=True, slots=True)
class ApprovedPlan:
    """A plan and who said yes to it."""

    plan: Plan
    approval: Approval
    file: Path | None = None

    def gate(self, step: int, change: Change) -> None:
        """Raises: NotNow for a change that the plan does not hold."""
        if not any(one.covers(step, change) for one in self.plan.changes):
            raise NotNow(
                step,
                f"{change.target}: {change.before} → {change.after} ({change.interface}) is not in the approved plan",
                remedy=_NEW_PLAN,
            )

    def bind(self, run: Run) -> None:
        """Check that plan, inventory, run folder and clusters belong together; note the plan in the journal; become a gate.

        Raises: UnsafeToAct naming what differs, before anything is changed.
        """
        self._check_inventory(run)
        self._check_folder(run)
        unexplained = self._unexplained(run, read_state(run))
        if unexplained:
            raise UnsafeToAct("0", f"the clusters changed since the plan was made: {'; '.join(unexplained)}", remedy=_NEW_PLAN)
        if self._noted(run) != self.plan.digest:
            run.journal.append(Entry("note", 0, target=APPROVED, before=self.approval.by, after=self.plan.digest))
        run.gates = (self.gate, *run.gates)
        run.plan_file = self.file

    def _check_inventory(self, run: Run) -> None:
        now = binding_inventory(run.inventory)
        differing = sorted(
            f"{name}.{key}" if isinstance(now.get(name), dict) else name
            for name in set(now) | set(self.plan.inventory)
            for key in _keys(now.get(name), self.plan.inventory.get(name))
        )
        if differing:
            raise UnsafeToAct("0", f"the inventory changed since the plan was made: {', '.join(differing)}", remedy=_NEW_PLAN)

    def _check_folder(self, run: Run) -> None:
        noted = self._noted(run)
        if noted is not None and noted != self.plan.digest and run.journal.open_changes():
            raise UnsafeToAct(
                "0",
                f"{run.folder.path} holds changes of another plan ({noted[:16]}…)",
                remedy="Continue that plan, undo it, or use a new run folder.",
            )

    def _noted(self, run: Run) -> str | None:
        found = None
        for entry in run.journal.entries():
            if entry.event == "note" and entry.target == APPROVED:
                found = entry.after
        return found

    def _unexplained(self, run: Run, now: Mapping[str, str]) -> list[str]:
        """Differences that are not this run's own: a part of the state explains itself by a change of it in the journal."""
        found = []
        for name, before, after in state_differences(self.plan.state, now):
            if name == "authority" and name not in self.plan.state:
                continue  # it was not known yet when the plan was made, and the plan says so
            if not is_own_doing(run.journal, name, before, after):
                found.append(f"{name}: was {before}, is {after}")
        return found


def load_approved_plan(file: Path) -> ApprovedPlan:
    """Raises: FileUnreadable; UnsafeToAct when the plan is not approved."""
    plan = read_plan(file)
    return ApprovedPlan(plan, read_approval(file, plan), file)


def _keys(now: object, then: object) -> list[str]:
    """Where two values of the inventory differ; one nameless place when they are no tables."""
    if isinstance(now, dict) and isinstance(then, dict):
        return sorted(key for key in set(now) | set(then) if now.get(key) != then.get(key))
    return [] if now == then else [""]
