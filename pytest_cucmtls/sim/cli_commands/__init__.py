"""The commands of the simulated CLI: each module of this package offers `COMMANDS`; adding a family is adding a file."""

import importlib
import pkgutil
from functools import cache

from pytest_cucmtls.sim.cli_command import CliCommand


@cache
def all_commands() -> tuple[CliCommand, ...]:
    """Every command of every module here, the ones with most words first."""
    found: list[CliCommand] = []
    for module in pkgutil.iter_modules(__path__):
        found.extend(importlib.import_module(f"{__name__}.{module.name}").COMMANDS)
    return tuple(sorted(found, key=lambda command: -len(command.words)))


def find_command(words: list[str]) -> CliCommand | None:
    """The command with the most leading words in common with what was typed."""
    return next((command for command in all_commands() if tuple(words[: len(command.words)]) == command.words), None)
