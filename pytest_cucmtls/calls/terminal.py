"""The terminal of the person who runs the tests, also where pytest has taken standard input and output away."""

import os
from pathlib import Path
from typing import Protocol, TextIO

from pytest_cucmtls.model.errors import ConfigurationInvalid

TERMINAL = Path("/dev/tty")
REMEDY = 'Run in a terminal, or declare another call_driver ("webdialer", "sip-phone" or "replay").'


class Terminal(Protocol):
    """Somewhere a person reads."""

    def say(self, text: str) -> None:
        """Show a line."""


class PersonsTerminal:
    """The controlling terminal of this process."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def say(self, text: str) -> None:
        """Show a line, at once, with a bell."""
        self._stream.write(f"\a\n>>> {text}\n")
        self._stream.flush()

    def close(self) -> None:
        """Give it back."""
        self._stream.close()


def open_terminal(key: str, path: Path = TERMINAL) -> PersonsTerminal:
    """The terminal; `key` names the inventory's setting that wants one. Raises: ConfigurationInvalid in CI or without one."""
    if os.environ.get("CI", "").lower() not in ("", "0", "false", "no"):
        raise ConfigurationInvalid("inventory", key, "asks a person to dial, but this is a CI run (CI is set)", remedy=REMEDY)
    try:
        stream = path.open("w", encoding="utf-8")
    except OSError as problem:
        detail = f"asks a person to dial, but there is no terminal ({problem.strerror})"
        raise ConfigurationInvalid("inventory", key, detail, remedy=REMEDY) from problem
    if not stream.isatty():
        stream.close()
        raise ConfigurationInvalid("inventory", key, f"asks a person to dial, but {path.name} is no terminal", remedy=REMEDY)
    return PersonsTerminal(stream)
