"""The door for the shell: the `cucmtls` command. Parses arguments, calls the room that does the work, prints.

Further commands stand in modules `commands_*.py` with an `add_commands`, found by name: adding one touches one file.

Exit codes: 0 all PASS, WARN or NOT_APPLICABLE; 1 at least one FAIL; 2 usage; 3 nothing failed but something is undecided.
"""

import argparse
import importlib
import json
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest_cucmtls
from pytest_cucmtls import __version__
from pytest_cucmtls.model.errors import ConfigurationInvalid, CucmTlsError
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.model.verdicts import EXIT_CODES

if TYPE_CHECKING:
    from pytest_cucmtls.checks.register import Check


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; an error of ours is one sentence on standard error."""
    parsed = _parser().parse_args(arguments)
    try:
        code: int = parsed.run(parsed)
    except ConfigurationInvalid as problem:
        print(f"cucmtls: {problem}", file=sys.stderr)
        return EXIT_CODES["usage"]
    except CucmTlsError as problem:
        print(f"cucmtls: {problem}", file=sys.stderr)
        return EXIT_CODES["undecided"]
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cucmtls", description="Prove SIP TLS trunks between Unified CM clusters.")
    parser.add_argument("--version", action="version", version=f"cucmtls {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    init = commands.add_parser("init", help="write a commented clusters.toml to start from")
    init.add_argument("file", nargs="?", type=Path, default=Path("clusters.toml"))
    init.set_defaults(run=_init)

    checks = commands.add_parser("checks", help="list every check with its step and clause")
    checks.add_argument("--json", action="store_true", help="as JSON")
    checks.set_defaults(run=_checks)

    plan = commands.add_parser("plan", help="list what the ten steps would change, without changing it")
    plan.add_argument("--inventory", type=Path, required=True)
    plan.add_argument("--run", dest="folder", type=Path, help="run folder to continue")
    plan.set_defaults(run=_plan)

    undo = commands.add_parser("undo", help="take back what a run changed, from its journal")
    undo.add_argument("folder", type=Path)
    undo.add_argument("--inventory", type=Path, required=True)
    undo.add_argument("--replace-identities", action="store_true", help="also replace uploaded identities by self-signed ones")
    undo.set_defaults(run=_undo)

    from pytest_cucmtls.run_settings import PAIRS

    simulate = commands.add_parser("simulate", help="run a simulated pair of clusters until interrupted")
    simulate.add_argument(
        "--inventory",
        type=Path,
        metavar="FILE",
        help="clusters to simulate (node addresses sim://RELEASE), or where to write theirs",
    )
    simulate.add_argument("--configured", action="store_true", help="with the ten steps done already")
    simulate.add_argument("--pair", choices=PAIRS, default="modern")
    simulate.add_argument("--fault", action="append", default=[], metavar="NAME")
    simulate.add_argument("--read-only", action="store_true", help="refuse and count every change")
    simulate.set_defaults(run=_simulate)

    for found in sorted(module.name for module in pkgutil.iter_modules(pytest_cucmtls.__path__)):
        if found.startswith("commands_"):
            importlib.import_module(f"pytest_cucmtls.{found}").add_commands(commands)
    return parser


def _init(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.inventory_template import TEMPLATE

    try:
        with parsed.file.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE)
    except FileExistsError:
        raise ConfigurationInvalid(str(parsed.file), "", "exists already; nothing was written") from None
    except OSError as problem:
        raise ConfigurationInvalid(str(parsed.file), "", f"cannot be written: {problem.strerror}") from problem
    print(f"{parsed.file} written: fill in both clusters, export the passwords it names, then run")
    print(f"  pytest --pyargs pytest_cucmtls.testcases --cucm-inventory {parsed.file}")
    return 0


def _checks(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.checks.register import all_checks

    checks = all_checks()
    if parsed.json:
        rows = [
            {
                "id": check.id,
                "title": check.title,
                "step": check.step,
                "phase": check.phase,
                "scope": check.scope,
                "remedies": list(check.remedies),
                "clauses": _clauses(check),
            }
            for check in checks
        ]
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return 0
    for check in checks:
        print(f"{check.step:>3}  {check.id}\n     {check.title}")
        print(f"     {check.phase}, per {check.scope}; {'; '.join(_clauses(check))}")
    print(f"{len(checks)} checks")
    return 0


def _clauses(check: "Check") -> list[str]:
    """With reliability marks; a check of a policy's parameter takes its clause from the policy it is judged by."""
    return [f"{clause.standard} {clause.clause} [{clause.mark}]" for clause in check.clauses] or ["as the chosen policy says"]


def _plan(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.doors import open_inventory_run
    from pytest_cucmtls.procedure.steps import STEPS

    with open_inventory_run(parsed.inventory, parsed.folder, Mode.APPLY) as run:
        changes = [(step, change) for step in STEPS for change in step.plan(run)]
        for step, change in changes:
            print(f"step {step.number:2d}  {change.target}\n         {change.before} → {change.after}  ({change.interface})")
    print(f"{len(changes)} change(s); later steps may need more once earlier ones are done" if changes else "nothing to change")
    return 0


def _undo(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.doors import open_inventory_run
    from pytest_cucmtls.procedure.undo import undo

    with open_inventory_run(parsed.inventory, parsed.folder, Mode.APPLY) as run:
        for sentence in undo(run, replace_identities=parsed.replace_identities):
            print(sentence)
    return 0


def _simulate(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.sim.__main__ import main as simulator

    given = parsed.inventory is not None and parsed.inventory.exists()
    words = ["--inventory-in", str(parsed.inventory)] if given else ["--pair", parsed.pair]
    words += [word for fault in parsed.fault for word in ("--fault", fault)]
    words += ["--read-only"] if parsed.read_only else []
    words += ["--configured"] if parsed.configured else []
    words += ["--inventory-out", str(parsed.inventory)] if parsed.inventory and not given else []
    return simulator(words)


if __name__ == "__main__":
    sys.exit(main())
