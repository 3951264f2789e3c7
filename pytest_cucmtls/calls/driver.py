"""The shape of a call driver: something that can place and end the test call."""

from typing import Protocol


class CallDriver(Protocol):
    """Places one call from the test phone of a cluster."""

    name: str
    """As reports print it, e.g. ``WebDialer``."""

    def place(self, destination: str) -> tuple[int, str]:
        """Dial; returns the interface's (result code, description), which proves nothing about who answers."""

    def end(self) -> tuple[int, str]:
        """Hang up."""
