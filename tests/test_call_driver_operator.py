"""A person places the test call; and whoever places it, other people's calls are not taken for it."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pytest_cucmtls.calls.driver import WatchedCall
from pytest_cucmtls.calls.operator_prompt import OperatorPrompt
from pytest_cucmtls.calls.terminal import open_terminal
from pytest_cucmtls.inventory import parse_inventory
from pytest_cucmtls.inventory_template import TEMPLATE
from pytest_cucmtls.model.call_setup import CallSetup
from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.model.inventory import ClusterSpec, Inventory
from pytest_cucmtls.model.traces import CallLogLine
from pytest_cucmtls.run.call_prerequisites import accounts_of, check_call_drivers
from pytest_cucmtls.run.call_watch import call_events
from pytest_cucmtls.run.replaying import replays


@pytest.fixture
def terminal() -> Iterator[tuple[Path, int]]:
    """(path of a terminal, what reads it)."""
    reader, writer = os.openpty()
    yield Path(os.ttyname(writer)), reader
    os.close(reader)
    os.close(writer)


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)


def inventory(*setups: CallSetup) -> Inventory:
    """The template's clusters with these setups."""
    found = parse_inventory(TEMPLATE)
    first, second = (replace(spec, calling=setup) for spec, setup in zip(found.clusters, setups, strict=True))
    return replace(found, cluster_a=first, cluster_b=second)


def spec() -> ClusterSpec:
    return inventory(CallSetup("operator", operator_seconds=90), CallSetup()).cluster_a


def test_a_person_is_told_who_dials_what_and_until_when(terminal: tuple[Path, int]) -> None:
    path, reader = terminal
    shown = open_terminal("clusters.A.call_driver", path)
    prompt = OperatorPrompt(spec(), shown, now=lambda: datetime(2026, 1, 1, 12, 0, tzinfo=UTC))
    assert prompt.place("9898") == (0, "a person was asked to dial within 90 s")
    first = os.read(reader, 4096).decode()
    until = datetime(2026, 1, 1, 12, 1, 30, tzinfo=UTC).astimezone()
    for words in ("dial 9898", "SEP001122334455", "1018", f"before {until:%H:%M:%S}", "90 s"):
        assert words in first
    assert prompt.end()[0] == 0
    assert "hang up" in os.read(reader, 4096).decode()
    shown.close()


@pytest.mark.parametrize("value", ["true", "1", "yes"])
def test_in_ci_nobody_is_asked(monkeypatch: pytest.MonkeyPatch, terminal: tuple[Path, int], value: str) -> None:
    monkeypatch.setenv("CI", value)
    with pytest.raises(ConfigurationInvalid, match="CI run") as refusal:
        open_terminal("clusters.A.call_driver", terminal[0])
    assert "webdialer" in str(refusal.value)
    monkeypatch.setenv("CI", "false")
    open_terminal("clusters.A.call_driver", terminal[0]).close()


def test_without_a_terminal_nobody_is_asked(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match="no terminal"):
        open_terminal("x", tmp_path / "nothing" / "tty")
    with pytest.raises(ConfigurationInvalid, match="is no terminal"):
        open_terminal("x", tmp_path / "file")


def test_what_a_driver_needs_is_looked_at_before_anything_is_touched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CI", "1")
    with pytest.raises(ConfigurationInvalid, match=r"clusters\.A\.call_driver"):
        check_call_drivers(inventory(CallSetup("operator"), CallSetup()))
    check_call_drivers(replace(inventory(CallSetup("operator"), CallSetup()), place_calls=False))
    phone = CallSetup("sip-phone", ca_file=str(tmp_path / "missing.pem"))
    with pytest.raises(ConfigurationInvalid, match="ca_file"):
        check_call_drivers(inventory(phone, CallSetup()))
    check_call_drivers(inventory(CallSetup("sip-phone", transport="udp"), CallSetup()))
    check_call_drivers(inventory(CallSetup("sip-phone", transport="udp", node="CUCM-A.example.org"), CallSetup()))
    with pytest.raises(ConfigurationInvalid, match="none of cucm-a"):
        check_call_drivers(inventory(CallSetup("sip-phone", transport="udp", node="other"), CallSetup()))


def test_a_password_is_wanted_only_where_a_driver_speaks_for_a_user() -> None:
    found = inventory(CallSetup("operator"), CallSetup())
    assert [account.user for account in accounts_of(found.cluster_a)] == ["axladmin", "administrator"]
    assert len(accounts_of(found.cluster_b)) == 3


def test_a_replay_is_declared_for_both_clusters_or_none_and_its_files_exist(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.touch()
    good = CallSetup("replay", captures=(str(file),), traces=(str(file),))
    assert replays(inventory(good, good))
    assert not replays(inventory(CallSetup(), CallSetup()))
    with pytest.raises(ConfigurationInvalid, match=r"clusters\.B\.call_driver"):
        replays(inventory(good, CallSetup()))
    with pytest.raises(ConfigurationInvalid, match="there is no file"):
        replays(inventory(good, replace(good, traces=(str(tmp_path / "y"),))))


def line(subsystem: str, event: str, *columns: str) -> CallLogLine:
    """A line of a call log."""
    return CallLogLine(1, None, "", subsystem, event, columns)


def call(first: int, calling: str, called: str) -> list[CallLogLine]:
    """One answered and released call over the trunk."""
    one, other = str(first), str(first + 1)
    return [
        line("CC", "SETUP", one, other, calling, called, called),
        line("SIPT", "200 OK", one, "TCP", "IN", "x", "5061", "trunk", "y", "5061"),
        line("CC", "RELEASE", one, other, "16"),
    ]


def test_calls_of_other_people_are_not_taken_for_the_test_call() -> None:
    foreign = [*call(10, "2000", "9898"), *call(20, "1018", "5555")]
    assert call_events(foreign, "trunk", "1018", "9898") == {}
    assert call_events([*foreign, *call(30, "1018", "9898")], "trunk", "1018", "9898") == {"answered": 1, "released": 1}
    assert call_events(call(30, "\\+4411018", "+449898"), "trunk", "+4411018", "9898") == {"answered": 1, "released": 1}


def test_answers_on_another_trunk_and_unknown_logs() -> None:
    other = [
        replace(each, columns=tuple("else" if part == "trunk" else part for part in each.columns)) for each in call(1, "1", "2")
    ]
    assert call_events(other, "trunk", "1", "2") == {"released": 1}
    assert call_events(call(1, "1", "2")[1:], "trunk", "8", "9") == {"answered": 1, "released": 1}
    assert call_events([line("CC", "SETUP"), line("CC", "RELEASE"), line("SIPT", "200 OK")], "trunk", "1", "2") == {}


class Watcher:
    """Notes what it was asked, in order."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def mark(self) -> None:
        self.asked.append("mark")

    def wait_for_answer(self) -> bool:
        self.asked.append("answer")
        return True

    def let_it_talk(self) -> None:
        self.asked.append("talk")

    def wait_for_release(self) -> bool:
        self.asked.append("release")
        return True


class Placer:
    """Notes when it dials, in the watcher's list."""

    name = "somebody"

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher

    def place(self, destination: str) -> tuple[int, str]:
        self.watcher.asked.append(f"place {destination}")
        return 0, ""

    def end(self) -> tuple[int, str]:
        self.watcher.asked.append("end")
        return 0, ""


def test_the_watcher_is_told_before_the_call_is_placed() -> None:
    watcher = Watcher()
    driver = WatchedCall(Placer(watcher), watcher)
    driver.place("9898")
    assert driver.wait_for_answer()
    driver.let_it_talk()
    driver.end()
    assert driver.wait_for_release()
    assert watcher.asked == ["mark", "place 9898", "answer", "talk", "end", "release"]
    assert driver.ending() is None
