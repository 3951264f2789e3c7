"""What the plugin writes beside pytest's own output: progress as lines or on the bare terminal."""

import os
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest


def fresh_line(config: pytest.Config) -> Callable[[], None]:
    """Ends the line pytest is writing, past its capturing."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    capture = config.pluginmanager.get_plugin("capturemanager")

    def end_line() -> None:
        with capture.global_and_fixture_disabled() if capture is not None else nullcontext():
            if reporter is not None:
                reporter.ensure_newline()

    return end_line


def lines_on(config: pytest.Config) -> Callable[[str], None]:
    """Lines on the real terminal, so that a long step is seen to be going on, wherever it cannot be drawn live."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    capture = config.pluginmanager.get_plugin("capturemanager")

    def say(text: str) -> None:
        if reporter is None:
            return
        with capture.global_and_fixture_disabled() if capture is not None else nullcontext():
            reporter.ensure_newline()
            reporter.write_line(f"  {text}")

    return say


def terminal_of(config: pytest.Config) -> Any:
    """The terminal itself, past pytest's capturing, when pytest writes to one; None in CI, in pipes and with -s."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not reporter.isatty or os.environ.get("TERM", "dumb") == "dumb" or os.environ.get("CI"):
        return None
    try:
        terminal = open("/dev/tty", "w", encoding="utf-8", errors="replace")  # noqa: SIM115 - closed with the session
    except OSError:
        return None
    config.add_cleanup(terminal.close)
    return terminal


def silence(text: str) -> None:
    """Progress nobody asked to see."""
    del text
