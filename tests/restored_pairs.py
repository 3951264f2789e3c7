"""One simulated pair for a test module, brought back to its beginning for every test, with a desk to plan changes at."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_cucmtls.simulated_clusters import SimulatedPair
from tests.cluster_truth import bring_back, remember
from tests.plan_runs import Desk
from tests.procedure_runs import simulated_pair

UNLIMITED = ("device_queries_unlimited@A", "device_queries_unlimited@B")
"""Tests ask RISPort more often than a cluster allows in a minute."""


@contextmanager
def remembered_pair(folder: Path) -> Iterator[SimulatedPair]:
    """A pair whose beginning can be brought back; claims are made in the folder."""
    with pytest.MonkeyPatch.context() as patch, simulated_pair(folder / "simulator", faults=UNLIMITED) as pair:
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        remember(pair)
        yield pair


def fresh_desk(pair: SimulatedPair, folder: Path) -> Desk:
    """The pair as it was in the beginning, and an empty folder to work in."""
    bring_back(pair)
    return Desk(pair, folder)
