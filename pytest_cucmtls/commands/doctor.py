"""`cucmtls doctor`: everything a run needs, looked at before anything is touched; a table with the repair of each row."""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

SCHEMA = "cucmtls-doctor-1"


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`doctor`."""
    doctor = commands.add_parser("doctor", help="look at everything a run needs, without touching anything")
    doctor.add_argument("--inventory", type=Path, required=True)
    doctor.add_argument("--mode", choices=("verify", "apply"), help="look for what this mode needs (default: the inventory's)")
    doctor.add_argument("--json", action="store_true", help="as JSON")
    doctor.set_defaults(run=_doctor)


def _doctor(parsed: argparse.Namespace) -> int:
    from dataclasses import replace

    from pytest_cucmtls.model.inventory import Mode
    from pytest_cucmtls.preflight.results import exit_code
    from pytest_cucmtls.preflight.run_probes import run_probes
    from pytest_cucmtls.preflight.table import as_table
    from pytest_cucmtls.preflight.views import MachineView
    from pytest_cucmtls.procedure.session import open_authority
    from pytest_cucmtls.run.opened_inventory import opened_inventory

    with opened_inventory(parsed.inventory) as opened, TemporaryDirectory(prefix="cucmtls-") as thrown_away:
        wishes, credentials = opened.wishes, opened.credentials
        if parsed.mode:
            wishes = replace(wishes, mode=Mode(parsed.mode))
        machine = MachineView(wishes, opened.clusters, lambda: open_authority(wishes.authority, Path(thrown_away), credentials))
        rows = run_probes(machine, credentials, tell=lambda text: print(text, file=sys.stderr, flush=True))
    code = exit_code(rows)
    if parsed.json:
        document = {
            "schema": SCHEMA,
            "at": datetime.now(UTC).isoformat(),
            "inventory": str(parsed.inventory),
            "mode": wishes.mode.value,
            "exit_code": code,
            "rows": [row.as_json() for row in rows],
        }
        print(json.dumps(document, indent=1, ensure_ascii=False))
    else:
        print(as_table(rows))
    return code
