"""Ways to a password beside the environment: a command of the user's, the system's keyring, a question on the terminal.

Each way gives a `Secret` or raises `NoPassword` with a reason that never contains what was read. What was asked for
once is kept for the rest of the process, so that nobody types a password twice.
"""

import getpass
import importlib
import os
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pytest_cucmtls.model.inventory import Account
from pytest_cucmtls.model.secrets import Secret

LONGEST_ANSWER_BYTES = 4096
COMMAND_SECONDS = 60.0
"""A password store may ask its owner for a passphrase first."""


class NoPassword(Exception):
    """A way gave no password; the text says why."""


_known: dict[Account, Secret] = {}
_asking = threading.RLock()


def ask_declared_ways(account: Account) -> tuple[Secret | None, list[str]]:
    """The password by command, keyring or prompt, whichever of those declared gives one first; and why others did not."""
    with _asking:
        if account in _known:
            return _known[account], []
        tried: list[str] = []
        for ask in _declared(account):
            try:
                _known[account] = ask()
            except NoPassword as reason:
                tried.append(str(reason))
            else:
                return _known[account], tried
        return None, tried


def forget_passwords() -> None:
    """Ask again from now on."""
    with _asking:
        _known.clear()


def _declared(account: Account) -> list[Callable[[], Secret]]:
    ways: list[Callable[[], Secret]] = []
    if account.password_command:
        ways.append(lambda: from_command(account.password_command))
    if account.password_keyring:
        ways.append(lambda: from_keyring(account.password_keyring, account.user))
    if account.password_prompt:
        ways.append(lambda: from_prompt(account.password_prompt, account.user))
    return ways


def from_command(argv: tuple[str, ...], *, limit_seconds: float = COMMAND_SECONDS) -> Secret:
    """The first line a program prints; started directly, without a shell, without input, in a process group of its own.

    Its error output is thrown away, as it might show a secret. Raises: NoPassword (cannot be started, failed, too long,
    too late, nothing printed).
    """
    name = f"command {argv[0]!r}"
    try:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, process_group=0
        )
    except (OSError, ValueError) as problem:
        raise NoPassword(f"{name} cannot be started: {getattr(problem, 'strerror', None) or 'unusable arguments'}") from None
    late = threading.Event()

    def stop() -> None:
        late.set()
        _kill(process)

    limit = threading.Timer(limit_seconds, stop)
    limit.start()
    try:
        assert process.stdout is not None
        with process.stdout as output:
            printed = output.read(LONGEST_ANSWER_BYTES + 1)
        if len(printed) > LONGEST_ANSWER_BYTES:
            _kill(process)
        code = process.wait()
    finally:
        limit.cancel()
        _kill(process)
        process.wait()
    if late.is_set():
        raise NoPassword(f"{name} gave no answer within {limit_seconds:g} s")
    if len(printed) > LONGEST_ANSWER_BYTES:
        raise NoPassword(f"{name} printed more than {LONGEST_ANSWER_BYTES} bytes")
    if code:
        raise NoPassword(f"{name} ended with {code}")
    return _secret(printed.partition(b"\n")[0].rstrip(b"\r"), name)


def from_keyring(service: str, user: str) -> Secret:
    """The entry of the system's keyring under (service, user). Raises: NoPassword (package missing, locked, no entry)."""
    name = f"keyring entry {service!r} of {user!r}"
    try:
        keyring: Any = importlib.import_module("keyring")
        text = keyring.get_password(service, user)
    except ImportError:
        raise NoPassword(f"{name}: the package keyring is not installed (pip install pytest-cucmtls[keyring])") from None
    except Exception as problem:  # backends raise errors of their own kinds; their texts may show what they hold
        raise NoPassword(f"{name}: the keyring failed ({type(problem).__name__})") from None
    if not text:
        raise NoPassword(f"{name} does not exist")
    return Secret(str(text))


def from_prompt(words: str, user: str) -> Secret:
    """What a person types unseen on a terminal. Raises: NoPassword without one, or when nothing was typed."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise NoPassword("prompt: there is no terminal to ask on")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)
            text = getpass.getpass(f"Password of {user} ({words}): ")
    except (EOFError, OSError):
        raise NoPassword("prompt: nothing was typed") from None
    except getpass.GetPassWarning:
        raise NoPassword("prompt: this terminal would show what is typed") from None
    if not text:
        raise NoPassword("prompt: nothing was typed")
    return Secret(text)


def _secret(line: bytes, name: str) -> Secret:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise NoPassword(f"{name} printed something that is no text") from None
    if not text:
        raise NoPassword(f"{name} printed nothing in its first line")
    return Secret(text)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """The program and whatever it started; does nothing when all have ended."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
