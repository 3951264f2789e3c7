"""What a command of the simulated CLI is, and how it says no."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from pytest_cucmtls.sim.cli_terminal import CliTerminal
from pytest_cucmtls.sim.state import NodeState

FAILURE_TRAILER = "Executed command unsuccessfully"
ANSWER_AGAIN = "Please answer 'y' for <yes> or 'n' for <no>: "
"""RECORDED (platform.md §3.2)."""
RECORDED, SPECIFIED, ASSUMED = "RECORDED", "SPECIFIED", "ASSUMED"


class CommandFailed(Exception):
    """A specific message; the shell prints it and the failure trailer."""


@dataclass(frozen=True, slots=True)
class CliContext:
    """What a command works on."""

    node: NodeState
    terminal: CliTerminal


@dataclass(frozen=True, slots=True)
class CliCommand:
    """One command: its leading words, what it does with the rest, and where its output's form comes from.

    `provenance` is RECORDED (seen word for word in a public source), SPECIFIED (vendor documentation) or ASSUMED.
    """

    words: tuple[str, ...]
    run: Callable[[CliContext, Sequence[str]], Awaitable[None]]
    syntax: str
    provenance: str
    source: str


def argument(arguments: Sequence[str], position: int, what: str) -> str:
    """One mandatory argument. Raises: CommandFailed."""
    if position >= len(arguments):
        raise CommandFailed(f"The mandatory parameter {what} is missing.")
    return arguments[position]


async def confirmed(terminal: CliTerminal, question: str) -> bool:
    """Ask a confirmation. In the ``yes/no`` families anything but y or yes is no; the ``y/n`` ones ask again until they know."""
    asks_again = "y/n" in question
    while True:
        typed = (await terminal.read_line(question)).strip().lower()
        if typed in {"y", "yes"}:
            return True
        if not asks_again or typed in {"n", "no"}:
            return False
        question = ANSWER_AGAIN
