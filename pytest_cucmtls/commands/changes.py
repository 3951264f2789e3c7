"""`cucmtls plan` and `cucmtls undo`: what the ten steps would change, and taking a run's changes back."""

import argparse
from pathlib import Path

from pytest_cucmtls.model.inventory import Mode


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`plan` and `undo`."""
    plan = commands.add_parser("plan", help="list what the ten steps would change, without changing it")
    plan.add_argument("--inventory", type=Path, required=True)
    plan.add_argument("--run", dest="folder", type=Path, help="run folder to continue")
    plan.set_defaults(run=_plan)

    undo = commands.add_parser("undo", help="take back what a run changed, from its journal")
    undo.add_argument("folder", type=Path)
    undo.add_argument("--inventory", type=Path, required=True)
    undo.add_argument("--replace-identities", action="store_true", help="also replace uploaded identities by self-signed ones")
    undo.set_defaults(run=_undo)


def _plan(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.procedure.steps import STEPS
    from pytest_cucmtls.run.doors import open_inventory_run

    with open_inventory_run(parsed.inventory, parsed.folder, Mode.APPLY) as run:
        changes = [(step, change) for step in STEPS for change in step.plan(run)]
        for step, change in changes:
            print(f"step {step.number:2d}  {change.target}\n         {change.before} → {change.after}  ({change.interface})")
    print(f"{len(changes)} change(s); later steps may need more once earlier ones are done" if changes else "nothing to change")
    return 0


def _undo(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.procedure.undo import undo
    from pytest_cucmtls.run.doors import open_inventory_run

    with open_inventory_run(parsed.inventory, parsed.folder, Mode.APPLY) as run:
        for sentence in undo(run, replace_identities=parsed.replace_identities):
            print(sentence)
    return 0
