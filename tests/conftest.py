"""What every test of the project may rely on."""

import signal
import threading

import pytest


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """A suite started in the background of a shell inherits an ignored SIGINT; tests that send one mean Python's own answer."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
