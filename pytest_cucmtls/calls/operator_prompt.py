"""Lets a person place the test call: says who dials what and until when, and when to hang up."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from pytest_cucmtls.calls.terminal import Terminal
from pytest_cucmtls.model.inventory import ClusterSpec


def _now() -> datetime:
    return datetime.now(UTC)


class OperatorPrompt:
    """One phone of one cluster, dialled by a person."""

    name = "operator"

    def __init__(self, spec: ClusterSpec, terminal: Terminal, now: Callable[[], datetime] = _now) -> None:
        self._spec, self._terminal, self._now = spec, terminal, now

    def place(self, destination: str) -> tuple[int, str]:
        """Ask; that somebody was asked is all that is known."""
        spec, seconds = self._spec, self._spec.calling.operator_seconds
        until = (self._now() + timedelta(seconds=seconds)).astimezone()
        self._terminal.say(
            f"Please dial {destination} from phone {spec.phone} (number {spec.extension}, cluster {spec.name}) "
            f"before {until:%H:%M:%S}, that is within {seconds:.0f} s, and let it be answered at the other end."
        )
        return 0, f"a person was asked to dial within {seconds:.0f} s"

    def end(self) -> tuple[int, str]:
        """Ask for the end."""
        self._terminal.say(f"Please hang up the call from {self._spec.extension} now, if it stands.")
        return 0, "a person was asked to hang up"
