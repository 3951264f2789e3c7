"""Asking again after a pause when a cluster says it is busy; bounded, and the pause can be replaced by tests."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from pytest_cucmtls.model.errors import InterfaceRefused

T = TypeVar("T")


def _pause() -> Callable[[float], object]:
    return threading.Event().wait


@dataclass(frozen=True, slots=True)
class BackOff:
    """Pauses, in seconds, before the second, third … attempt; one attempt more than pauses is made."""

    pauses_seconds: tuple[float, ...] = (2.0, 5.0, 10.0, 20.0)
    wait: Callable[[float], object] = field(default_factory=_pause)
    tell: Callable[[str], object] | None = None
    """Told before each pause who is busy and how long the pause is."""

    def ask(self, question: Callable[[], T], is_busy: Callable[[InterfaceRefused], bool]) -> T:
        """The answer of the first attempt that is not refused as busy.

        Raises: InterfaceRefused, at once when it is not about being busy, otherwise after the last attempt and then
        with the number of attempts and the time waited in its detail.
        """
        for pause in self.pauses_seconds:
            try:
                return question()
            except InterfaceRefused as refusal:
                if not is_busy(refusal):
                    raise
                if self.tell is not None:
                    self.tell(f"{refusal.interface} is busy ({refusal.detail[:80]}): asked again in {pause:g} s")
                self.wait(pause)
        try:
            return question()
        except InterfaceRefused as refusal:
            if not is_busy(refusal):
                raise
            waited = f"{len(self.pauses_seconds) + 1} attempts, {sum(self.pauses_seconds):g} s of waiting between them"
            raise InterfaceRefused(
                refusal.interface, refusal.operation, refusal.code, f"{refusal.detail} ({waited})", remedy=refusal.remedy
            ) from refusal
