"""Whether an object that is in the way was made by this run, and may therefore be corrected by it."""

from pytest_cucmtls.model.errors import UnsafeToAct
from pytest_cucmtls.procedure.context import Run


def made_by_this_run(run: Run, target: str) -> bool:
    """The journal holds an addition of that target that was not undone since."""
    return any(change.target == target for change in run.journal.open_changes())


def refuse_foreign(run: Run, step: int, target: str, unequal: list[tuple[str, object, object]]) -> None:
    """Raises: UnsafeToAct, field by field, when the object exists with other values and is not ours."""
    if unequal and not made_by_this_run(run, target):
        table = "; ".join(f"{field}: is {found!r}, wanted {wanted!r}" for field, wanted, found in unequal)
        raise UnsafeToAct(
            str(step),
            f"{target} exists already with other values ({table})",
            remedy="Choose another name in the inventory, or correct the object by hand, then run again.",
        )
