"""The simulated pair of a run without an inventory: started once, shared by the run's processes, ended by its owner."""

import time
from collections.abc import Callable
from pathlib import Path

from pytest_cucmtls.inventory import Credentials
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.procedure.runner import StepFailed, perform
from pytest_cucmtls.procedure.session import open_run
from pytest_cucmtls.procedure.steps import STEPS
from pytest_cucmtls.run.settings import Settings
from pytest_cucmtls.simulated_clusters import SimulatedPair, start_simulated_pair
from pytest_cucmtls.whole_files import write_atomically


def ensure_pair(
    wanted: Settings, owner: int, progress: Callable[[str], None], add_phase: Callable[[str, float], None]
) -> SimulatedPair:
    """The pair of the run folder, started now if nobody did; the caller holds the folder's lock.

    For a verify-only run the pair is configured first and then refuses every change. Raises: ClusterUnreachable, StepFailed.
    """
    file = pair_file(wanted.folder)
    if file.exists():
        return SimulatedPair.from_json(file.read_text(encoding="utf-8"))
    what = f"the clusters of {wanted.inventory_file}" if wanted.inventory_file else f"the pair {wanted.pair!r}"
    progress(f"starting {what}, simulated on loopback")
    begun = time.monotonic()
    place = wanted.folder / "private" / "simulator"
    chosen = wanted.inventory_file or wanted.pair
    pair = start_simulated_pair(chosen, place, parent_process_id=owner, faults=wanted.faults)
    write_atomically(file, pair.as_json().encode())
    add_phase("start of the simulated pair", time.monotonic() - begun)
    if wanted.mode is Mode.VERIFY:
        begun = time.monotonic()
        progress("configuring the simulated pair, then protecting it from any change")
        _configure(pair, wanted)
        pair.protect()
        add_phase("preparation of the simulated pair", time.monotonic() - begun)
    return pair


def stop_pair(folder: Path) -> None:
    """End the pair this run folder started, if any."""
    file = pair_file(folder)
    if file.exists():
        SimulatedPair.from_json(file.read_text(encoding="utf-8")).stop()
        file.unlink()


def pair_file(folder: Path) -> Path:
    """Where a run folder remembers the clusters it started."""
    return folder / "private" / "pair.json"


def _configure(pair: SimulatedPair, wanted: Settings) -> None:
    """The ten steps, in a folder of their own: somebody did this before the run that verifies."""
    inventory = pair.inventory(Mode.APPLY, wanted.policy)
    place = wanted.folder / "private" / "preparation"
    with open_run(inventory, place, Credentials(pair.credentials_file), _say_nothing) as run:
        for step in STEPS:
            result = perform(run, step)
            if result.outcome is not Outcome.PASS:
                raise StepFailed(result, step.number)


def _say_nothing(text: str) -> None:
    """Progress of a preparation nobody asked about."""
    del text
