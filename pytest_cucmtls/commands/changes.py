"""`cucmtls plan`, `approve`, `apply` and `undo`: what would change, a person's yes to it, doing it, and taking it back."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.model.verdicts import EXIT_CODES, exit_code

if TYPE_CHECKING:
    from pytest_cucmtls.procedure.plan_values import Plan


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`plan`, `approve`, `apply` and `undo`."""
    plan = commands.add_parser("plan", help="list what the ten steps would change, without changing it")
    plan.add_argument("--inventory", type=Path, required=True)
    plan.add_argument(
        "--out", type=Path, metavar="FILE", help="save the plan, to be approved and applied (and beside it as Markdown)"
    )
    plan.add_argument("--run", dest="folder", type=Path, help="run folder to continue")
    plan.set_defaults(run=_plan)

    approve = commands.add_parser("approve", help="record a person's yes to a saved plan")
    approve.add_argument("plan", type=Path)
    approve.add_argument("--by", required=True, metavar="NAME", help="who answers for it")
    approve.add_argument(
        "--yes-replace-identities", action="store_true", help="agree to every change that cannot be undone, without being asked"
    )
    approve.set_defaults(run=_approve)

    apply = commands.add_parser("apply", help="carry out an approved plan, or continue one that was interrupted")
    apply.add_argument("plan", type=Path)
    apply.add_argument("--inventory", type=Path, required=True)
    apply.add_argument("--run", dest="folder", type=Path, required=True, metavar="FOLDER", help="run folder, new or to continue")
    apply.set_defaults(run=_apply)

    undo = commands.add_parser("undo", help="take back what a run changed, from its journal")
    undo.add_argument("folder", type=Path)
    undo.add_argument("--inventory", type=Path, required=True)
    undo.add_argument("--list", action="store_true", help="only say what would be done, and what cannot be undone")
    undo.add_argument(
        "--replace-identities",
        "--yes-replace-identities",
        action="store_true",
        help="also replace uploaded identities by new self-signed ones, and restart the services",
    )
    undo.set_defaults(run=_undo)


def _plan(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.procedure.foresight import make_plan
    from pytest_cucmtls.procedure.plan_file import write_plan
    from pytest_cucmtls.procedure.plan_text import plan_lines
    from pytest_cucmtls.run.command_runs import open_planning_run
    from pytest_cucmtls.whole_files import write_atomically

    with open_planning_run(parsed.inventory, parsed.folder) as run:
        plan = make_plan(run)
    print("\n".join(plan_lines(plan)))
    if parsed.out is not None:
        write_plan(parsed.out, plan)
        if parsed.out.suffix != ".md":
            write_atomically(parsed.out.with_suffix(".md"), ("\n".join(plan_lines(plan)) + "\n").encode())
        print(f"saved; next: cucmtls approve {parsed.out} --by NAME" if plan.changes and not plan.blocked else "saved")
    return EXIT_CODES["undecided"] if plan.blocked else EXIT_CODES["ok"]


def _approve(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.procedure.approval import approval_file, approve
    from pytest_cucmtls.procedure.plan_file import read_plan

    plan = read_plan(parsed.plan)
    agreed = _agreed(plan, everything=parsed.yes_replace_identities)
    made = approve(parsed.plan, plan, by=parsed.by, agreed=agreed, now=datetime.now(UTC))
    print(f"approved by {made.by}: {len(plan.changes)} change(s), digest {made.digest}")
    print(f"recorded in {approval_file(parsed.plan)}; next: cucmtls apply {parsed.plan} --inventory FILE --run FOLDER")
    return EXIT_CODES["ok"]


def _agreed(plan: "Plan", *, everything: bool) -> tuple[str, ...]:
    """Targets of irreversible changes that were agreed to: all by option, or one by one at a terminal."""
    if everything:
        return tuple(change.target for change in plan.irreversible)
    agreed = []
    for change in plan.irreversible if sys.stdin.isatty() else ():
        print(f"{change.target}\n  {change.before} → {change.after}\n  {change.irreversible}")
        if input("  go ahead all the same? Type yes: ").strip().lower() == "yes":
            agreed.append(change.target)
    return tuple(agreed)


def _apply(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.procedure.applying import apply_plan
    from pytest_cucmtls.procedure.approved_plan import load_approved_plan
    from pytest_cucmtls.run.command_runs import open_changing_run

    approved = load_approved_plan(parsed.plan)
    results = []
    try:
        with open_changing_run(parsed.inventory, parsed.folder) as run:
            for result in apply_plan(run, approved):
                results.append(result)
                print(f"step {result.number:2d}  {result.outcome.value}  {result.title}: {result.message}", flush=True)
    except KeyboardInterrupt as stopped:
        print(f"cucmtls: {stopped or 'stopped between two changes'}", file=sys.stderr)
        print(_how_to_go_on(parsed), file=sys.stderr)
        return 130
    code = exit_code([result.outcome for result in results])
    if code != EXIT_CODES["ok"]:
        print(_how_to_go_on(parsed), file=sys.stderr)
    return code


def _how_to_go_on(parsed: argparse.Namespace) -> str:
    return (
        f"to continue: cucmtls apply {parsed.plan} --inventory {parsed.inventory} --run {parsed.folder}\n"
        f"to return:   cucmtls undo {parsed.folder} --inventory {parsed.inventory}"
    )


def _undo(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.procedure.undo import foretell, undo
    from pytest_cucmtls.run.command_runs import open_changing_run

    if not (parsed.folder / "journal.jsonl").exists():
        raise ConfigurationInvalid(str(parsed.folder), "", "is no run folder: there is no journal.jsonl in it")
    try:
        with open_changing_run(parsed.inventory, parsed.folder) as run:
            for sentence in foretell(run, replace_identities=parsed.replace_identities):
                print(sentence, flush=True)
            if parsed.list:
                return EXIT_CODES["ok"]
            taken_back = undo(run, replace_identities=parsed.replace_identities)
    except KeyboardInterrupt as stopped:
        print(f"cucmtls: {stopped or 'stopped between two changes'}; the same command goes on", file=sys.stderr)
        return 130
    for sentence in taken_back.sentences:
        print(sentence)
    return EXIT_CODES["undecided"] if taken_back.refused else EXIT_CODES["ok"]
