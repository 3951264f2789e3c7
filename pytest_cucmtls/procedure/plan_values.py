"""A plan as a value: what would be changed, from which state, and the digest that binds both."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pytest_cucmtls.procedure.context import Change

PROOF_STEP = 11
"""Number of the proof phase, after the ten steps: its trunk resets are changes, too."""


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One change of a plan; a `target` that ends in ``*`` and a `bound` that is empty stand for what is not known yet."""

    step: int
    target: str
    before: str
    after: str
    bound: str
    """What the change that is made must state; empty: anything."""
    interface: str
    risk: str = ""
    irreversible: str = ""
    references: tuple[str, ...] = ()
    fields: tuple[tuple[str, str, str], ...] = ()
    foreseen: bool = False
    """It becomes due only after an earlier one of the plan."""

    def covers(self, step: int, change: Change) -> bool:
        """The change is what was planned: same step, object, interface, and bound values.

        An object whose name was open must not replace anything either, unless the plan says so.
        """
        is_open = self.target.endswith("*")
        named = change.target.startswith(self.target[:-1]) if is_open else change.target == self.target
        if is_open and change.before != self.before:
            return False
        stated = change.after if change.bound is None else change.bound
        return self.step == step and named and self.interface == change.interface and self.bound in ("", stated)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a run would change, in order, and the state it was made from."""

    changes: tuple[PlannedChange, ...]
    state: Mapping[str, str]
    inventory: Mapping[str, Any]
    """What of the inventory decides what is done; no secrets."""
    blocked: tuple[str, ...] = ()
    """What keeps the plan from being carried out; a blocked plan cannot be approved."""
    made_at: str = ""
    made_with: str = ""
    ignored: tuple[str, ...] = field(default=())
    """What the comparison of states leaves out by rule."""

    @property
    def digest(self) -> str:
        """SHA-256 over changes, state, inventory and obstacles in canonical JSON; time and tool are not part of it."""
        values = {
            "changes": [asdict(change) for change in self.changes],
            "state": dict(self.state),
            "inventory": dict(self.inventory),
            "blocked": list(self.blocked),
        }
        text = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def irreversible(self) -> tuple[PlannedChange, ...]:
        """Changes that cannot be undone."""
        return tuple(change for change in self.changes if change.irreversible)


def planned(step: int, change: Change, references: tuple[str, ...] = (), *, foreseen: bool = False) -> PlannedChange:
    """A change a step would make now, as the plan keeps it."""
    return PlannedChange(
        step=step,
        target=change.target,
        before=change.before,
        after=change.after,
        bound=change.after if change.bound is None else change.bound,
        interface=change.interface,
        risk=change.risk,
        irreversible=change.irreversible,
        references=references,
        fields=change.fields,
        foreseen=foreseen,
    )


def state_differences(before: Mapping[str, str], now: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(what, as planned, as it is) of every part of the state that is not as it was."""
    names = sorted(set(before) | set(now))
    return [(name, before.get(name, "–"), now.get(name, "–")) for name in names if before.get(name) != now.get(name)]
