"""Options of the plugin that can be refused before anything runs."""

from pathlib import Path
from typing import Protocol

import pytest

from pytest_cucmtls.inventory import asks_for_simulation, read_inventory
from pytest_cucmtls.mesh_tests import trunks_in
from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.run.settings import PAIRS


def check_pair(pair: str) -> None:
    """Raises: UsageError, when no built-in pair is called so."""
    if pair not in PAIRS:
        raise pytest.UsageError(f"--cucm-pair: there is no simulated pair {pair!r}; there are {', '.join(PAIRS)}")


def check_inventory(path: Path) -> None:
    """Raises: UsageError for what is neither a pair nor a mesh; addresses of simulated clusters are left to the simulator."""
    try:
        if not trunks_in(path) and not asks_for_simulation(path):
            read_inventory(path)
    except ConfigurationInvalid as problem:
        raise pytest.UsageError(str(problem)) from None


class Checkable(Protocol):
    """A run of a pair or of a mesh."""

    def check_prerequisites(self) -> None:
        """What can be known before a cluster is touched. Raises: ConfigurationInvalid."""


def check_prerequisites(run: Checkable) -> None:
    """A missing password, file or policy is said once, before anything runs. Raises: UsageError."""
    try:
        run.check_prerequisites()
    except ConfigurationInvalid as problem:
        raise pytest.UsageError(str(problem)) from None
