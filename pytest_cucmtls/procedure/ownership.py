"""Whether an object that is in the way was made by this run, and may therefore be corrected by it."""

from pytest_cucmtls.model.errors import UnsafeToAct
from pytest_cucmtls.procedure.context import Run


def made_by_this_run(run: Run, target: str) -> bool:
    """The journal holds a change of that target that was completed and not undone since.

    One that was only begun proves nothing: an addition is made whole or not at all, so an object that differs from what
    was to be added came from somebody else.
    """
    made = False
    for entry in run.journal.entries():
        if entry.target == target and entry.event in {"change_done", "undone"}:
            made = entry.event == "change_done"
    return made


def refuse_foreign(run: Run, step: int, target: str, unequal: list[tuple[str, object, object]], *, adopt: str) -> None:
    """Raises: UnsafeToAct, field by field, when the object exists with other values and is not ours.

    `adopt` names the key of the inventory that gives this run's object another name.
    """
    if unequal and not made_by_this_run(run, target):
        table = "; ".join(f"{field}: is {found!r}, wanted {wanted!r}" for field, wanted, found in unequal)
        raise UnsafeToAct(
            str(step),
            f"{target} exists already with other values ({table})",
            remedy=f"Keep it and name another one ({adopt} in the inventory), or adopt it by correcting these fields by hand; "
            "then plan again.",
        )
