"""What every test of the project may rely on."""

import signal
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sim_node_stand import RunningNodes


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """A suite started in the background of a shell inherits an ignored SIGINT; tests that send one mean Python's own answer."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[RunningNodes]":
    """HTTPS sides of simulated nodes of any release, shared by a module; they end with it."""
    from tests.sim_node_stand import RunningNodes  # only the modules that ask for it pay for the simulator

    running = RunningNodes(tmp_path_factory.mktemp("nodes"))
    yield running
    running.close()
