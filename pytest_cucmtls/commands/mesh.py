"""`cucmtls verify-mesh`: verifies every trunk of a mesh of clusters; reads only.

Exit codes: 0 every direction proven; 1 one is refuted; 2 usage; 3 none is refuted, but one cannot be decided.
"""

import argparse
import os
import uuid
from pathlib import Path
from typing import Any

Commands = Any
"""What `ArgumentParser.add_subparsers` returns (argparse gives its class no public name)."""


def add_commands(commands: Commands) -> None:
    """Add `verify-mesh` to the `cucmtls` command."""
    verify = commands.add_parser("verify-mesh", help="verify every trunk between many clusters, reading only")
    verify.add_argument("inventory", type=Path, help='clusters.toml with mesh = "full" or [[trunks]]')
    verify.add_argument("--out", type=Path, help="run folder (default: a new one below reports)")
    verify.add_argument("--policy", help="judge by this policy instead of the inventory's")
    verify.add_argument("--lang", choices=("en", "fr"), default="en", help="language of the reports")
    verify.add_argument("--workers", type=_number, default=0, metavar="N", help="processes that judge (default: one per core)")
    verify.add_argument(
        "--clusters-at-once", type=_number, default=8, metavar="N", help="clusters read at the same time (default: 8)"
    )
    verify.add_argument("--calls-at-once", type=_number, default=20, metavar="N", help="calls at the same time (default: 20)")
    verify.add_argument("--fault", action="append", default=[], metavar="NAME[@CLUSTER]", help="fault of simulated clusters")
    verify.set_defaults(run=_verify)


def _number(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 256:
        raise argparse.ArgumentTypeError("a number from 1 to 256")
    return number


def _verify(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.run.mesh_collect import Ceilings
    from pytest_cucmtls.run.mesh_conclusion import conclude_mesh
    from pytest_cucmtls.run.mesh_run import MeshRun
    from pytest_cucmtls.run.settings import Settings, new_run_folder

    settings = Settings(
        folder=(parsed.out or new_run_folder(Path("reports"))).resolve(),
        inventory_file=parsed.inventory,
        policy=parsed.policy,
        faults=tuple(parsed.fault),
        language=parsed.lang,
        owner_process_id=os.getpid(),
        session=uuid.uuid4().hex,
    )
    run = MeshRun(settings, _say, Ceilings(clusters=parsed.clusters_at_once, calls=parsed.calls_at_once))
    run.check_prerequisites()
    try:
        run.collect()
        conclusion = conclude_mesh(run, _say, workers=parsed.workers)
    finally:
        run.finish()
    for line in conclusion.lines():
        print(line)
    return conclusion.exit_code


def _say(text: str) -> None:
    print(f"  {text}", flush=True)
