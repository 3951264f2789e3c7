"""Keeps a run inside the maintenance window and below the ceilings its inventory declares."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pytest_cucmtls.model.inventory import Inventory
from pytest_cucmtls.model.maintenance import Maintenance
from pytest_cucmtls.procedure.context import Change, Gate, Run
from pytest_cucmtls.procedure.refusals import NotNow

_CONTINUE = "What was done stands in the journal: continue later with the same run folder, or undo it."


@dataclass(frozen=True, slots=True)
class Bounds:
    """The gate of one process; `clock` answers aware times."""

    maintenance: Maintenance
    begun_at: datetime
    clock: Callable[[], datetime]

    def gate(self, step: int, change: Change) -> None:
        """Raises: NotNow outside the window and at or beyond the ceiling of minutes; signatures touch no cluster."""
        if change.interface == "authority":
            return
        now = self.clock()
        if not self.maintenance.is_open(now, ZoneInfo(self.maintenance.zone)):
            window = self.maintenance.described()
            raise NotNow(step, f"the maintenance window ({window}) is closed at {_time(now)}", remedy=_CONTINUE)
        most = self.maintenance.max_minutes
        if most is not None and now - self.begun_at >= timedelta(minutes=most):
            raise NotNow(
                step, f"the run has reached its ceiling of {most} minutes (since {_time(self.begun_at)})", remedy=_CONTINUE
            )


def gates_of(inventory: Inventory, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> tuple[Gate, ...]:
    """What limits a run that begins now."""
    return () if inventory.maintenance is None else (Bounds(inventory.maintenance, clock(), clock).gate,)


def call_refusal(run: Run) -> str:
    """Why no further test call may be placed; empty when one may."""
    most = run.inventory.maintenance.max_calls if run.inventory.maintenance else None
    if most is None or len(run.folder.entries("call")) < most:
        return ""
    return f"the run has reached its ceiling of {most} test call(s)"


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
