"""A plan for people: Markdown that reads as well on a terminal, and names first what cannot be undone."""

from pytest_cucmtls.procedure.plan_values import PROOF_STEP, Plan, PlannedChange

WIDEST_VALUE = 100


def plan_lines(plan: Plan) -> list[str]:
    """The plan as lines of Markdown."""
    lines = [f"# Plan {plan.digest[:16]}", ""]
    if plan.blocked:
        lines += ["## In the way: nothing can be done until this is settled", "", *[f"- {text}" for text in plan.blocked], ""]
    if not plan.changes:
        return [*lines, "nothing to change"]
    lines += ["| step | object | interface | interrupts |", "|---|---|---|---|"]
    lines += [f"| {_step(change)} | {change.target} | {change.interface} | {change.risk or '–'} |" for change in plan.changes]
    if plan.irreversible:
        lines += ["", "## Cannot be undone", ""]
        lines += [f"- {change.target}: {change.irreversible}" for change in plan.irreversible]
    lines += ["", "## Every change, before → after", ""]
    for change in plan.changes:
        lines += _told(change)
    lines += ["", f"{len(plan.changes)} change(s), {len(plan.irreversible)} of them cannot be undone; digest {plan.digest}"]
    if any(change.step == PROOF_STEP for change in plan.changes):
        lines.append("Proof: made by a pytest run with this plan, not by `cucmtls apply`; it also places two test calls.")
    return lines


def _told(change: PlannedChange) -> list[str]:
    later = ", once earlier steps are done" if change.foreseen else ""
    place = "proof  " if change.step == PROOF_STEP else f"step {change.step:2d}"
    lines = [f"{place}  {change.target}"]
    lines.append(f"         {_short(change.before)} → {_short(change.after)}  ({change.interface}{later})")
    lines += [f"         {name}: {_short(before)} → {_short(after)}" for name, before, after in change.fields]
    lines += [f"         used by {user}" for user in change.references]
    if change.risk:
        lines.append(f"         interrupts: {change.risk}")
    if change.irreversible:
        lines.append(f"         cannot be undone: {change.irreversible}")
    return lines


def _step(change: PlannedChange) -> str:
    return "proof" if change.step == PROOF_STEP else str(change.step)


def _short(text: str) -> str:
    return text if len(text) <= WIDEST_VALUE else text[: WIDEST_VALUE - 1] + "…"
