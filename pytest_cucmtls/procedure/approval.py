"""A person's yes to a plan, kept beside it: who, when, which digest, and which irreversible changes were named.

It is a record for the change board, not a signature: whoever may write the file can write the name.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pytest_cucmtls.model.errors import FileUnreadable, UnsafeToAct
from pytest_cucmtls.procedure.plan_file import read_json
from pytest_cucmtls.procedure.plan_values import Plan
from pytest_cucmtls.whole_files import write_atomically

APPROVAL_SCHEMA = "cucmtls-approval-1"


@dataclass(frozen=True, slots=True)
class Approval:
    """`irreversible` are the targets that were agreed to by name."""

    digest: str
    by: str
    at: datetime
    irreversible: tuple[str, ...]


def approval_file(plan_file: Path) -> Path:
    """``plan.json`` has ``plan.approval.json`` beside it."""
    return plan_file.with_name(f"{plan_file.stem}.approval.json")


def approve(plan_file: Path, plan: Plan, *, by: str, agreed: tuple[str, ...], now: datetime) -> Approval:
    """Write the approval. `agreed` are targets of irreversible changes somebody said yes to.

    Raises: UnsafeToAct for a blocked plan, without a name, or when an irreversible change was not agreed to.
    """
    if plan.blocked:
        raise UnsafeToAct("0", f"the plan is blocked and cannot be approved: {'; '.join(plan.blocked)}")
    if not by.strip():
        raise UnsafeToAct("0", "an approval needs the name of a person", remedy="--by NAME")
    open_ones = [change.target for change in plan.irreversible if change.target not in agreed]
    if open_ones:
        raise UnsafeToAct(
            "0",
            f"nobody has agreed to what cannot be undone: {', '.join(open_ones)}",
            remedy="Answer the question, or pass --yes-replace-identities.",
        )
    made = Approval(plan.digest, by.strip(), now.astimezone(UTC), tuple(change.target for change in plan.irreversible))
    values = {
        "schema": APPROVAL_SCHEMA,
        "digest": made.digest,
        "by": made.by,
        "at": made.at.isoformat(timespec="seconds"),
        "irreversible": list(made.irreversible),
    }
    try:
        write_atomically(approval_file(plan_file), (json.dumps(values, indent=1, ensure_ascii=False) + "\n").encode())
    except OSError as problem:
        raise FileUnreadable(str(approval_file(plan_file)), f"cannot be written: {problem.strerror}") from problem
    return made


def read_approval(plan_file: Path, plan: Plan) -> Approval:
    """The approval beside a plan. Raises: UnsafeToAct when there is none or it is of another plan; FileUnreadable."""
    file = approval_file(plan_file)
    if not file.exists():
        raise UnsafeToAct(
            "0", f"the plan {plan_file} is not approved", remedy=f"Read it, then: cucmtls approve {plan_file} --by NAME"
        )
    values = read_json(file)
    try:
        if values["schema"] != APPROVAL_SCHEMA:
            raise ValueError(f"schema {values['schema']!r}")
        at = datetime.fromisoformat(values["at"])
        found = Approval(str(values["digest"]), str(values["by"]), at, tuple(map(str, values["irreversible"])))
    except (KeyError, TypeError, ValueError) as problem:
        raise FileUnreadable(str(file), f"is a damaged approval: {problem!r}") from problem
    if found.digest != plan.digest:
        raise UnsafeToAct(
            "0",
            f"the approval of {found.by} is of another plan ({found.digest[:16]}…, this one is {plan.digest[:16]}…)",
            remedy=f"Read this plan, then: cucmtls approve {plan_file} --by NAME",
        )
    missing = [change.target for change in plan.irreversible if change.target not in found.irreversible]
    if missing or plan.blocked:
        raise UnsafeToAct(
            "0", f"the approval does not cover what cannot be undone: {', '.join(missing) or 'the plan is blocked'}"
        )
    return found
