"""Passwords by environment, command, keyring and prompt: the first way that works, none of them ever shown."""

import contextlib
import getpass
import json
import os
import select
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_cucmtls import password_sources
from pytest_cucmtls.evidence.inventory_json import inventory_as_json, inventory_from_json
from pytest_cucmtls.inventory import Credentials, parse_inventory
from pytest_cucmtls.inventory_template import TEMPLATE
from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.model.inventory import Account
from pytest_cucmtls.password_sources import LONGEST_ANSWER_BYTES, NoPassword, forget_passwords, from_command, from_prompt

SECRET = "hünter2-and-more"
DECLARED = 'user = "axladmin"\npassword_variable = "CUCMTLS_A_AXL_PASSWORD"'


@pytest.fixture(autouse=True)
def _forgetful(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("SOME_PASSWORD", raising=False)
    forget_passwords()
    yield
    forget_passwords()


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def with_axl_account(lines: str) -> str:
    assert DECLARED in TEMPLATE
    return TEMPLATE.replace(DECLARED, f'user = "axladmin"\n{lines}')


def test_every_way_can_be_declared_and_survives_the_run_folder() -> None:
    lines = 'password_command = ["pass", "show", "cucm/axl"]\npassword_keyring = "cucm A"\npassword_prompt = "cluster A, AXL"'
    inventory = parse_inventory(with_axl_account(lines))
    assert inventory.cluster_a.axl == Account("axladmin", "", ("pass", "show", "cucm/axl"), "cucm A", "cluster A, AXL")
    assert inventory_from_json(json.loads(json.dumps(inventory_as_json(inventory)))) == inventory


@pytest.mark.parametrize(
    "lines",
    ["", 'password_command = "pass show cucm"', "password_command = [1]", "password_prompt = true", 'password_variable = "1x"'],
)
def test_an_account_without_a_usable_way_is_a_mistake_with_its_line(lines: str) -> None:
    with pytest.raises(ConfigurationInvalid) as mistake:
        parse_inventory(with_axl_account(lines))
    assert "clusters.A.axl" in str(mistake.value)


def test_a_run_folder_of_an_earlier_version_is_still_read() -> None:
    values = inventory_as_json(parse_inventory(TEMPLATE))
    for key in ("password_command", "password_keyring", "password_prompt"):
        del values["cluster_a"]["axl"][key]
    assert inventory_from_json(values).cluster_a.axl.password_command == ()


def test_the_environment_comes_before_everything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_PASSWORD", SECRET)
    account = Account("axl", "SOME_PASSWORD", ("no-such-program-anywhere",))
    assert Credentials().password(account).reveal() == SECRET


def test_the_first_line_of_a_command_is_the_password() -> None:
    code = f"print({SECRET!r}); print('url: https://example.org')"
    assert Credentials().password(Account("axl", "SOME_PASSWORD", python(code))).reveal() == SECRET
    assert from_command(python(r"import sys; sys.stdout.buffer.write(b'windows\r\n')")).reveal() == "windows"
    assert from_command(python("print('no end of line', end='')")).reveal() == "no end of line"


def test_a_command_is_started_without_a_shell_and_without_input(tmp_path: Path) -> None:
    code = "import sys; print('|'.join(sys.argv[1:]), sys.stdin.read())"
    argv = (*python(code), "$HOME; touch " + str(tmp_path / "x"), "`id`")
    assert from_command(argv).reveal().strip() == f"$HOME; touch {tmp_path / 'x'}|`id`"
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        (("no-such-program-anywhere",), "cannot be started"),
        (("bad\0name",), "cannot be started"),
        (python("print('s3cret'); raise SystemExit(3)"), "ended with 3"),
        (python("pass"), "printed nothing"),
        (python("print(); print('s3cret')"), "printed nothing"),
        (python("import sys; sys.stdout.buffer.write(bytes([255, 254]))"), "no text"),
        (python(f"print('s3cret' * {LONGEST_ANSWER_BYTES})"), f"more than {LONGEST_ANSWER_BYTES} bytes"),
        (python("while True: print('s3cret' * 1000)"), f"more than {LONGEST_ANSWER_BYTES} bytes"),
        (python("import sys; sys.stderr.write('s3cret'); sys.exit(1)"), "ended with 1"),
    ],
)
def test_a_command_that_gives_none_says_why_and_never_what_it_printed(
    argv: tuple[str, ...], reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(NoPassword, match=reason) as refusal:
        from_command(argv)
    assert "s3cret" not in str(refusal.value)
    assert "s3cret" not in "".join(capfd.readouterr())


def test_an_answer_of_the_longest_length_is_taken() -> None:
    assert len(from_command(python(f"print('x' * {LONGEST_ANSWER_BYTES - 1})")).reveal()) == LONGEST_ANSWER_BYTES - 1


def test_a_command_that_does_not_end_is_ended_with_all_it_started(tmp_path: Path) -> None:
    child = f"import os, threading; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); threading.Event().wait()"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with pytest.raises(NoPassword, match="no answer within 2 s"):
        from_command(python(code), limit_seconds=2)
    with contextlib.suppress(ProcessLookupError):
        watched = os.pidfd_open(int((tmp_path / "pid").read_text()))
        try:
            assert select.select([watched], [], [], 10)[0], "the command's own child goes on"
        finally:
            os.close(watched)


def test_the_keyring_is_asked_for_service_and_user(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = {("cucm A", "axl"): SECRET}
    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=lambda *key: entries.get(key)))
    assert Credentials().password(Account("axl", password_keyring="cucm A")).reveal() == SECRET
    with pytest.raises(ConfigurationInvalid, match="keyring entry 'cucm A' of 'other' does not exist"):
        Credentials().password(Account("other", password_keyring="cucm A"))


def test_a_missing_or_failing_keyring_is_said_without_what_it_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigurationInvalid, match="not installed"):
        Credentials().password(Account("axl", password_keyring="cucm"))

    def locked(*_: str) -> str:
        raise RuntimeError(f"cannot unlock with {SECRET}")

    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=locked))
    with pytest.raises(ConfigurationInvalid, match="RuntimeError") as failure:
        Credentials().password(Account("axl", password_keyring="cucm"))
    assert SECRET not in str(failure.value)


def open_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input and error output are a terminal."""
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda: True, write=lambda _: 0, flush=lambda: None))


def test_a_person_is_asked_once_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    open_terminal(monkeypatch)
    questions: list[str] = []

    def answer(question: str) -> str:
        questions.append(question)
        return SECRET

    monkeypatch.setattr(getpass, "getpass", answer)
    account = Account("axl", password_prompt="cluster A")
    assert {Credentials().password(account).reveal() for _ in range(3)} == {SECRET}
    assert questions == ["Password of axl (cluster A): "]


def test_nobody_is_asked_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: False))
    monkeypatch.setattr(getpass, "getpass", lambda _: pytest.fail("a question without a terminal"))
    with pytest.raises(NoPassword, match="no terminal"):
        from_prompt("cluster A", "axl")


@pytest.mark.parametrize("typed", ["", EOFError, getpass.GetPassWarning])
def test_nothing_typed_or_a_terminal_that_shows_it_is_no_password(typed: object, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(_: str) -> str:
        if isinstance(typed, type) and issubclass(typed, BaseException):
            raise typed
        return ""

    open_terminal(monkeypatch)
    monkeypatch.setattr(getpass, "getpass", answer)
    with pytest.raises(NoPassword, match="prompt"):
        from_prompt("cluster A", "axl")


def test_the_error_names_every_way_that_was_tried_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=lambda *_: None))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: False))
    account = Account("axl", "SOME_PASSWORD", python("raise SystemExit(7)"), "cucm A", "cluster A")
    with pytest.raises(ConfigurationInvalid) as failure:
        Credentials().password(account)
    places = [
        str(failure.value).index(words) for words in ("SOME_PASSWORD is not set", "ended with 7", "keyring entry", "prompt:")
    ]
    assert places == sorted(places)


def test_a_later_way_is_taken_when_an_earlier_one_gives_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=lambda *_: SECRET))
    account = Account("axl", "SOME_PASSWORD", python("raise SystemExit(7)"), "cucm A")
    assert Credentials().password(account).reveal() == SECRET


def test_threads_that_need_the_same_password_start_one_command(tmp_path: Path) -> None:
    code = f"import os; open(os.path.join({str(tmp_path)!r}, str(os.getpid())), 'w'); print('found')"
    account = Account("axl", password_command=python(code))
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(Credentials().password(account).reveal())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["found"] * 6
    assert len(os.listdir(tmp_path)) == 1


def test_what_is_kept_for_later_does_not_print_itself(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    code = f"print(open({str(tmp_path / 'secret')!r}).read())"
    assert Credentials().password(Account("axl", password_command=python(code))).reveal() == SECRET
    assert SECRET not in repr(password_sources._known)
