"""``python -m pytest_cucmtls.sim``: runs simulated clusters until it is interrupted or its parent has gone."""

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from pytest_cucmtls.sim.addresses import NoFreeNetwork
from pytest_cucmtls.sim.certsrv.beside_pair import MODES, serve_beside
from pytest_cucmtls.sim.faults import FAULTS, UnknownFault
from pytest_cucmtls.sim.inventory_file import write_inventory
from pytest_cucmtls.sim.inventory_plan import PlanUnusable
from pytest_cucmtls.sim.lifeline import process_gone
from pytest_cucmtls.sim.pairs import PAIRS
from pytest_cucmtls.sim.saved_state import StateUnreadable, save_state
from pytest_cucmtls.sim.server import RunningPair, start_pair
from pytest_cucmtls.sim.start_options import Start, chosen_start


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 after a clean stop, 2 for wrong usage, 1 when the clusters could not be started or saved."""
    options = _parser().parse_args(arguments)
    # asyncio warns of every write to a peer that has hung up; clients of a simulator do that all day.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    started_at = time.monotonic()
    if options.state_dir is None:
        with tempfile.TemporaryDirectory(prefix="cucmtls-sim-") as folder:
            return asyncio.run(_run(options, Path(folder), started_at))
    folder_path = Path(options.state_dir).resolve()
    folder_path.mkdir(parents=True, exist_ok=True)
    return asyncio.run(_run(options, folder_path, started_at))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pytest_cucmtls.sim", description=__doc__)
    what = parser.add_argument_group("what is simulated").add_mutually_exclusive_group()
    what.add_argument("--pair", choices=sorted(PAIRS), default="modern", help="a built-in pair (default: modern)")
    what.add_argument(
        "--inventory-in", type=Path, metavar="FILE", help="clusters of this clusters.toml, whose addresses are sim://RELEASE"
    )
    what.add_argument("--restore", type=Path, metavar="FILE", help="clusters as --save left them, at the same addresses")
    state = parser.add_argument_group("state")
    state.add_argument("--configured", action="store_true", help="begin where the ten steps end, with an authority of its own")
    state.add_argument("--save", type=Path, metavar="FILE", help="save the clusters' state when stopped (holds keys: 0600)")
    state.add_argument("--state-dir", help="folder for inventory, credentials, traces and captures (default: a temporary one)")
    state.add_argument("--read-only", action="store_true", help="refuse and record every write")
    state.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME[@CLUSTER]",
        help=f"inject a fault, in the first cluster unless named: {', '.join(sorted(FAULTS))}",
    )
    state.add_argument("--certsrv", choices=MODES, help="a simulated AD CS beside them: requests issued at once or by hand")
    place = parser.add_argument_group("where")
    place.add_argument("--inventory-out", type=Path, metavar="FILE", help="write the inventory here, credentials.json beside it")
    place.add_argument("--network", metavar="127.X.Y", help="loopback network of the nodes (default: a random free one)")
    place.add_argument("--https-port", type=_port, help="of every node; 0: a free one (default: 8443)")
    place.add_argument("--ssh-port", type=_port, help="of every node; 0: a free one (default: 8022)")
    place.add_argument("--sip-port", type=_port, help="SIP TLS port of every node, not 0 (default: 5061)")
    parser.add_argument("--parent-pid", type=int, help="stop when this process has ended")
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return port


async def _run(options: argparse.Namespace, folder: Path, started_at: float) -> int:
    # Signals first: one that comes while certificates are being made must stop the start, too.
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, stopped.set)
    try:
        pair = await _started(chosen_start(options), folder, options)
    except (UnknownFault, PlanUnusable, StateUnreadable) as problem:
        return _failed(f"not started: {problem}", 2)
    except (NoFreeNetwork, OSError) as problem:
        return _failed(f"not started: {problem}", 1)
    try:
        _say(json.dumps(_ready(pair, time.monotonic() - started_at)))
        await _until_stopped(stopped, options.parent_pid)
        if options.save is not None:
            save_state(options.save, pair.plan, pair.network, pair.clusters)
    except OSError as problem:
        return _failed(f"state not saved: {problem}", 1)
    finally:
        await pair.close()
    return 0


async def _started(start: Start, folder: Path, options: argparse.Namespace) -> RunningPair:
    pair = await start_pair(
        start.plan,
        folder,
        read_only=options.read_only,
        faults=start.faults,
        network=start.network,
        prepare=start.prepare,
    )
    authority = await serve_beside(pair, folder, options.certsrv) if options.certsrv else None
    if options.inventory_out is not None or authority is not None:
        pair.files = write_inventory(options.inventory_out or pair.files.inventory, pair.plan, pair.clusters)
    if authority is not None:
        authority.leave_passwords(pair.files.credentials)
    return pair


def _failed(message: str, code: int) -> int:
    print(f"simulated clusters: {message}", file=sys.stderr)
    return code


def _say(line: str) -> None:
    """One line on standard output, unbuffered: a starter that has gone must not make the end noisy."""
    with contextlib.suppress(BrokenPipeError):
        os.write(sys.stdout.fileno(), line.encode() + b"\n")


async def _until_stopped(stopped: asyncio.Event, parent: int | None) -> None:
    """Wait for a signal, or for the parent's end when it is known."""
    waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(stopped.wait())]
    if parent is not None:
        waits.append(asyncio.ensure_future(process_gone(parent)))
    _, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in pending:
        wait.cancel()
    await asyncio.gather(*pending, return_exceptions=True)


def _ready(pair: RunningPair, seconds: float) -> dict[str, object]:
    """The line that tells a starter where everything is."""
    nodes = {
        node.name: {"address": node.ip, "https_port": node.https_port, "ssh_port": node.ssh_port, "sip_port": node.sip_port}
        for node in pair.nodes
    }
    return {
        "ready": True,
        "inventory": str(pair.files.inventory),
        "credentials": str(pair.files.credentials),
        "nodes": nodes,
        "seconds": round(seconds, 3),
    }


if __name__ == "__main__":
    sys.exit(main())
