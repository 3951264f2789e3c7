"""Runs `cucmtls` commands in processes of their own that die at a chosen write of the journal, unknown to the product."""

import contextlib
import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any

from pytest_cucmtls.cli import main
from pytest_cucmtls.clients.back_off import BackOff
from pytest_cucmtls.clients.https import HttpsSession
from pytest_cucmtls.clients.platform_cli import PlatformCliReader
from pytest_cucmtls.model.errors import InterfaceRefused
from pytest_cucmtls.procedure import context, runner  # noqa: F401 - imported once by the fork server
from pytest_cucmtls.procedure.applying import apply_plan  # noqa: F401
from pytest_cucmtls.procedure.journal import Entry, Journal
from pytest_cucmtls.run.command_runs import open_changing_run  # noqa: F401

KILLED = -signal.SIGKILL
MOMENTS = ("before", "during", "after")
"""Of a journal write: nothing of it written; half of its line; all of it synced, and the act not begun."""
LIMIT_SECONDS = 120.0

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.killed_runs"])


@dataclass(frozen=True)
class Death:
    """Die at the `write`-th journal write (from 1) of the process."""

    write: int
    moment: str


@dataclass(frozen=True)
class Ended:
    """How a process ended: exit code (negative: signal), everything it printed, and how many journal writes it began."""

    code: int
    output: str


def run_command(
    words: list[str], place: Path, *, death: Death | None = None, limit_seconds: float = LIMIT_SECONDS, impatient: bool = False
) -> Ended:
    """One `cucmtls` command in a process of its own. Raises: AssertionError when it does not end within its limit."""
    place.mkdir(parents=True, exist_ok=True)
    output = place / "output.txt"
    process = _SERVER.Process(target=_command, args=(words, str(output), death, dict(os.environ), impatient))
    process.start()
    process.join(limit_seconds)
    hangs = process.exitcode is None
    if hangs:
        process.kill()
        process.join()
    said = output.read_text(encoding="utf-8", errors="replace")
    assert not hangs, f"{words[0]} did not end within {limit_seconds} s; it said: {said[-2000:]}"
    assert process.exitcode is not None
    return Ended(process.exitcode, said)


def _command(words: list[str], output: str, death: Death | None, environment: dict[str, str], impatient: bool) -> None:
    os.environ.clear()
    os.environ.update(environment)
    if impatient:
        _lower_limits()
    if death is not None:
        Journal.append = _dying(Journal.append, death)  # type: ignore[method-assign]
    with (
        open(output, "a", encoding="utf-8", buffering=1) as file,
        contextlib.redirect_stdout(file),
        contextlib.redirect_stderr(file),
    ):
        code = main(words)
    os._exit(code)


def _lower_limits() -> None:
    """The clients' waits shortened, so that a silent network is noticed in seconds instead of minutes."""
    HttpsSession.__init__.__kwdefaults__["limit_seconds"] = 1.0
    PlatformCliReader.__init__.__kwdefaults__["limit_seconds"] = 2.0
    ask = BackOff.ask

    def ask_again_soon(self: BackOff, question: Callable[[], Any], is_busy: Callable[[InterfaceRefused], bool]) -> Any:
        return ask(replace(self, wait=lambda seconds: Event().wait(min(seconds, 0.02))), question, is_busy)

    BackOff.ask = ask_again_soon  # type: ignore[method-assign, assignment]


def _dying(append: Callable[[Journal, Entry], None], death: Death) -> Callable[[Journal, Entry], None]:
    begun = 0

    def counted(self: Journal, entry: Entry) -> None:
        nonlocal begun
        begun += 1
        if begun != death.write:
            append(self, entry)
            return
        if death.moment == "during":
            with self.path.open("ab") as file:
                line = json.dumps(asdict(entry)).encode()
                file.write(line[: len(line) // 2])
        if death.moment == "after":
            append(self, entry)
        os.kill(os.getpid(), signal.SIGKILL)

    return counted
