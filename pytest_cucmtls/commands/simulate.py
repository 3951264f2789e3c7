"""`cucmtls simulate`: simulated clusters alone, for any client, until interrupted."""

import argparse
from pathlib import Path

from pytest_cucmtls.run.settings import PAIRS


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`simulate`."""
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
    simulate.add_argument(
        "--certsrv", choices=("automatic", "manual"), help="a simulated AD CS beside them: requests issued at once, or by hand"
    )
    simulate.set_defaults(run=_simulate)


def _simulate(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.sim.__main__ import main as simulator

    given = parsed.inventory is not None and parsed.inventory.exists()
    words = ["--inventory-in", str(parsed.inventory)] if given else ["--pair", parsed.pair]
    words += [word for fault in parsed.fault for word in ("--fault", fault)]
    words += ["--read-only"] if parsed.read_only else []
    words += ["--configured"] if parsed.configured else []
    words += ["--certsrv", parsed.certsrv] if parsed.certsrv else []
    words += ["--inventory-out", str(parsed.inventory)] if parsed.inventory and not given else []
    return simulator(words)
