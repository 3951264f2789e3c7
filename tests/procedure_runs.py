"""Starts one simulated pair for a test module and opens runs of the procedure on it."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pytest_cucmtls.inventory import Credentials, read_inventory
from pytest_cucmtls.procedure.context import Run
from pytest_cucmtls.procedure.runner import StepResult, perform
from pytest_cucmtls.procedure.session import open_run
from pytest_cucmtls.procedure.steps import STEPS
from pytest_cucmtls.simulated_clusters import SimulatedPair, start_simulated_pair


@contextmanager
def simulated_pair(folder: Path, pair: str = "modern", faults: tuple[str, ...] = ()) -> Iterator[SimulatedPair]:
    """A pair in a process of its own, ended on leaving."""
    started = start_simulated_pair(pair, folder, parent_process_id=os.getpid(), faults=faults)
    try:
        yield started
    finally:
        started.stop()


@contextmanager
def run_on(pair: SimulatedPair, folder: Path, progress: Callable[[str], None] = lambda _text: None) -> Iterator[Run]:
    """A run in mode apply on the pair."""
    inventory = read_inventory(pair.inventory_file)
    with open_run(inventory, folder, Credentials(pair.credentials_file), progress) as run:
        run.folder.begin(inventory, started_at=datetime.now(UTC))
        yield run


def perform_all(run: Run) -> list[StepResult]:
    """Every step, in order, whatever comes of each."""
    return [perform(run, step) for step in STEPS]


def planned_targets(run: Run) -> list[str]:
    """What would have to change now."""
    return [change.target for step in STEPS for change in step.plan(run)]
