"""Writes and reads plan files: JSON with the plan's digest, refused when the content does not fit it."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.procedure.plan_values import Plan, PlannedChange
from pytest_cucmtls.whole_files import write_atomically

PLAN_SCHEMA = "cucmtls-plan-1"
LARGEST_BYTES = 16 * 1024 * 1024


def write_plan(path: Path, plan: Plan) -> None:
    """Replace the file. Raises: FileUnreadable when it cannot be written."""
    values = {
        "schema": PLAN_SCHEMA,
        "digest": plan.digest,
        "made_at": plan.made_at,
        "made_with": plan.made_with,
        "not_compared": list(plan.ignored),
        "blocked": list(plan.blocked),
        "changes": [asdict(change) for change in plan.changes],
        "state": dict(plan.state),
        "inventory": dict(plan.inventory),
    }
    try:
        write_atomically(path, (json.dumps(values, indent=1, ensure_ascii=False) + "\n").encode())
    except OSError as problem:
        raise FileUnreadable(str(path), f"cannot be written: {problem.strerror}") from problem


def read_plan(path: Path) -> Plan:
    """The plan in a file. Raises: FileUnreadable, also when its content is not what its digest was made over."""
    values = read_json(path)
    if values.get("schema") != PLAN_SCHEMA:
        raise FileUnreadable(str(path), f"is not a plan ({PLAN_SCHEMA})")
    try:
        plan = Plan(
            changes=tuple(_change(row) for row in values["changes"]),
            state={str(name): str(text) for name, text in values["state"].items()},
            inventory=dict(values["inventory"]),
            blocked=tuple(str(text) for text in values["blocked"]),
            made_at=str(values["made_at"]),
            made_with=str(values["made_with"]),
            ignored=tuple(str(text) for text in values["not_compared"]),
        )
        written = str(values["digest"])
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise FileUnreadable(str(path), f"is a damaged plan: {problem!r}") from problem
    if plan.digest != written:
        raise FileUnreadable(
            str(path),
            f"was changed after it was made: its content has the digest {plan.digest[:16]}…, it says {written[:16]}…",
            remedy="Make a new plan; a plan is not edited by hand.",
        )
    return plan


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file of bearable size. Raises: FileUnreadable."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise FileUnreadable(str(path), f"is larger than {LARGEST_BYTES} bytes: no plan")
        values = json.loads(path.read_bytes())
    except OSError as problem:
        raise FileUnreadable(str(path), f"cannot be read: {problem.strerror}") from problem
    except (ValueError, RecursionError) as problem:
        raise FileUnreadable(str(path), f"is not JSON: {problem}") from problem
    if not isinstance(values, dict):
        raise FileUnreadable(str(path), "is not a plan or an approval")
    return values


def _change(row: dict[str, Any]) -> PlannedChange:
    texts = ("target", "before", "after", "bound", "interface", "risk", "irreversible")
    known = {*texts, "step", "references", "fields", "foreseen"}
    if set(row) != known:
        raise ValueError(f"a change has other fields than {sorted(known)}")
    if any(not isinstance(row[name], str) for name in texts) or type(row["step"]) is not int or type(row["foreseen"]) is not bool:
        raise TypeError("a field of a change is of another kind")
    fields = tuple((str(name), str(before), str(after)) for name, before, after in row["fields"])
    return PlannedChange(**{**row, "references": tuple(map(str, row["references"])), "fields": fields})
