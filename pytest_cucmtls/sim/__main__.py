"""``python -m pytest_cucmtls.sim``: runs a simulated pair until it is interrupted or its parent has gone."""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from pytest_cucmtls.sim.addresses import NoFreeNetwork
from pytest_cucmtls.sim.faults import FAULTS, UnknownFault
from pytest_cucmtls.sim.lifeline import process_gone
from pytest_cucmtls.sim.pairs import PAIRS
from pytest_cucmtls.sim.server import RunningPair, start_pair


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 after a clean stop, 2 for wrong usage, 1 when the pair could not be started."""
    options = _parser().parse_args(arguments)
    started_at = time.monotonic()
    if options.state_dir is None:
        with tempfile.TemporaryDirectory(prefix="cucmtls-sim-") as folder:
            return asyncio.run(_run(options, Path(folder), started_at))
    folder_path = Path(options.state_dir).resolve()
    folder_path.mkdir(parents=True, exist_ok=True)
    return asyncio.run(_run(options, folder_path, started_at))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pytest_cucmtls.sim", description=__doc__)
    parser.add_argument("--pair", choices=sorted(PAIRS), default="modern")
    parser.add_argument("--state-dir", help="folder for inventory, credentials, traces and captures (default: a temporary one)")
    parser.add_argument("--read-only", action="store_true", help="refuse and record every write")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME[@CLUSTER]",
        help=f"inject a fault, in the first cluster unless named: {', '.join(sorted(FAULTS))}",
    )
    parser.add_argument("--parent-pid", type=int, help="stop when this process has ended")
    return parser


async def _run(options: argparse.Namespace, folder: Path, started_at: float) -> int:
    # Signals first: one that comes while certificates are being made must stop the start, too.
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, stopped.set)
    try:
        pair = await start_pair(options.pair, folder, read_only=options.read_only, faults=options.fault)
    except (UnknownFault, NoFreeNetwork, OSError) as problem:
        print(f"simulated pair not started: {problem}", file=sys.stderr)
        return 2 if isinstance(problem, UnknownFault) else 1
    try:
        _say(json.dumps(_ready(pair, time.monotonic() - started_at)))
        await _until_stopped(stopped, options.parent_pid)
    finally:
        await pair.close()
    return 0


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
