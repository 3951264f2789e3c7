"""`cucmtls doctor`: everything a run needs, looked at before anything is touched; a table with the repair of each row."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_cucmtls.inventory import Credentials
    from pytest_cucmtls.model.inventory import Inventory

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

    with opened_inventory(parsed.inventory) as (inventory, credentials), TemporaryDirectory(prefix="cucmtls-") as thrown_away:
        if parsed.mode:
            inventory = replace(inventory, mode=Mode(parsed.mode))
        machine = MachineView(inventory, lambda: open_authority(inventory.authority, Path(thrown_away), credentials))
        rows = run_probes(machine, credentials, tell=lambda text: print(text, file=sys.stderr, flush=True))
    code = exit_code(rows)
    if parsed.json:
        document = {
            "schema": SCHEMA,
            "at": datetime.now(UTC).isoformat(),
            "inventory": str(parsed.inventory),
            "mode": inventory.mode.value,
            "exit_code": code,
            "rows": [row.as_json() for row in rows],
        }
        print(json.dumps(document, indent=1, ensure_ascii=False))
    else:
        print(as_table(rows))
    return code


@contextmanager
def opened_inventory(file: Path) -> "Iterator[tuple[Inventory, Credentials]]":
    """The inventory and its passwords; clusters with ``sim://`` addresses are started for as long as this is open.

    Raises: ConfigurationInvalid, ClusterUnreachable (a simulated pair that does not start).
    """
    import os

    from pytest_cucmtls.clusters import start_simulated_pair
    from pytest_cucmtls.inventory import Credentials, asks_for_simulation, credentials_beside, read_inventory

    if not asks_for_simulation(file):
        yield read_inventory(file), credentials_beside(file)
        return
    with TemporaryDirectory(prefix="cucmtls-") as folder:
        pair = start_simulated_pair(file, Path(folder), parent_process_id=os.getpid())
        try:
            yield read_inventory(pair.inventory_file), Credentials(pair.credentials_file)
        finally:
            pair.stop()
