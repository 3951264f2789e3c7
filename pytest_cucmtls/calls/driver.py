"""The shape of a call driver: something that can place, watch and end the test call."""

from typing import Protocol

from pytest_cucmtls.model.calls import CallEnding


class CallPlacer(Protocol):
    """Makes the test phone of a cluster dial and hang up; what becomes of the call is seen elsewhere."""

    name: str
    """As reports print it, e.g. ``WebDialer``."""

    def place(self, destination: str) -> tuple[int, str]:
        """Dial; returns the interface's (result code, description), which proves nothing about who answers."""

    def end(self) -> tuple[int, str]:
        """Hang up."""


class CallDriver(CallPlacer, Protocol):
    """Places a call and knows when it was answered and when it is over."""

    def wait_for_answer(self) -> bool:
        """True when the call was answered within the driver's own limit."""

    def let_it_talk(self) -> None:
        """Leave the parties as much time as a proof of media takes."""

    def wait_for_release(self) -> bool:
        """True when the end of the call was seen."""

    def ending(self) -> CallEnding | None:
        """What became of the call, when the driver was an end of it; None when only traces can tell."""


class CallWatcher(Protocol):
    """Sees from elsewhere what becomes of a call somebody else placed."""

    def mark(self) -> None:
        """Everything until now belongs to earlier calls."""

    def wait_for_answer(self) -> bool:
        """As `CallDriver`."""

    def let_it_talk(self) -> None:
        """As `CallDriver`."""

    def wait_for_release(self) -> bool:
        """As `CallDriver`."""


class WatchedCall:
    """A placer and a watcher together are a driver."""

    def __init__(self, placer: CallPlacer, watcher: CallWatcher) -> None:
        self.name = placer.name
        self._placer, self._watcher = placer, watcher

    def place(self, destination: str) -> tuple[int, str]:
        """See `CallPlacer`; the watcher is told first, so that nothing is missed."""
        self._watcher.mark()
        return self._placer.place(destination)

    def wait_for_answer(self) -> bool:
        """See `CallDriver`."""
        return self._watcher.wait_for_answer()

    def let_it_talk(self) -> None:
        """See `CallDriver`."""
        self._watcher.let_it_talk()

    def end(self) -> tuple[int, str]:
        """See `CallPlacer`."""
        return self._placer.end()

    def wait_for_release(self) -> bool:
        """See `CallDriver`."""
        return self._watcher.wait_for_release()

    def ending(self) -> CallEnding | None:
        """Only traces can tell."""
        return None
