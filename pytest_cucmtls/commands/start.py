"""`cucmtls init` and `cucmtls checks`: an inventory to start from, and the list of what is judged."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_cucmtls.model.errors import ConfigurationInvalid

if TYPE_CHECKING:
    from pytest_cucmtls.checks.register import Check


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`init` and `checks`."""
    init = commands.add_parser("init", help="write a commented clusters.toml to start from")
    init.add_argument("file", nargs="?", type=Path, default=Path("clusters.toml"))
    init.set_defaults(run=_init)

    checks = commands.add_parser("checks", help="list every check with its step and clause")
    checks.add_argument("--json", action="store_true", help="as JSON")
    checks.set_defaults(run=_checks)


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
