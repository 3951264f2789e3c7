"""Ctrl-C: between changes at once, during a change after it is recorded; a second one is obeyed and called unsafe."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_cucmtls.procedure.interruption import FIRST, SECOND, StoppedByOperator, finishing_first
from pytest_cucmtls.procedure.journal import Journal
from pytest_cucmtls.simulated_clusters import SimulatedPair
from tests.cluster_truth import lost, truth_of, untold
from tests.plan_runs import Desk
from tests.restored_pairs import fresh_desk, remembered_pair


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def test_a_change_in_progress_is_finished_before_the_run_stops() -> None:
    said: list[str] = []
    done = []

    def change() -> None:
        with finishing_first(said.append):
            interrupt()
            done.append("change and its record")

    with pytest.raises(StoppedByOperator):
        change()
    assert done
    assert said == [FIRST]


def test_a_second_ctrl_c_is_obeyed_at_once_and_said_to_be_unsafe() -> None:
    said: list[str] = []

    def change() -> None:
        with finishing_first(said.append):
            interrupt()
            interrupt()
            said.append("never reached")

    with pytest.raises(KeyboardInterrupt) as caught:
        change()
    assert not isinstance(caught.value, StoppedByOperator)
    assert said == [FIRST, SECOND]


def test_without_ctrl_c_nothing_happens_and_the_former_handler_is_back() -> None:
    former = signal.getsignal(signal.SIGINT)
    with finishing_first(print):
        assert signal.getsignal(signal.SIGINT) is not former
    assert signal.getsignal(signal.SIGINT) is former


def test_the_handler_is_given_back_when_the_change_fails() -> None:
    former = signal.getsignal(signal.SIGINT)

    def change() -> None:
        with finishing_first(print):
            interrupt()
            raise OSError("the change failed")

    with pytest.raises(OSError, match="the change failed"):
        change()
    assert signal.getsignal(signal.SIGINT) is former


def test_only_the_main_thread_is_shielded() -> None:
    ran = []

    def elsewhere() -> None:
        with finishing_first(print):
            ran.append(True)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert ran == [True]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedPair]:
    with remembered_pair(tmp_path_factory.mktemp("interrupted")) as started:
        yield started


def interrupted_apply(desk: Desk, words: str, signals: int) -> tuple[int, str]:
    """`cucmtls apply` in a process of its own that gets Ctrl-C once it says these words."""
    command = [sys.executable, "-u", "-m", "pytest_cucmtls.cli", "apply", str(desk.plan_file)]
    command += ["--inventory", str(desk.pair.inventory_file), "--run", str(desk.run_folder)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ.copy())
    assert running.stdout is not None
    seen = ""
    with running.stdout as output:
        for line in output:
            seen += line
            if signals and (words in line or FIRST in line):
                os.kill(running.pid, signal.SIGINT)
                signals -= 1
    return running.wait(60), seen


def test_an_interrupted_apply_stops_between_changes_and_says_how_to_go_on(pair: SimulatedPair, tmp_path: Path) -> None:
    desk = fresh_desk(pair, tmp_path)
    assert desk.plan().code == desk.approve().code == 0
    start = truth_of(pair)
    code, seen = interrupted_apply(desk, "Cisco CallManager: restarted", 1)
    assert code == 130, seen
    assert FIRST in seen
    assert f"to continue: cucmtls apply {desk.plan_file}" in seen
    assert f"to return:   cucmtls undo {desk.run_folder}" in seen
    entries = list(Journal(desk.run_folder / "journal.jsonl").entries())
    assert entries[-1].event == "change_done", "the restart was finished and recorded, and nothing was begun after it"
    assert untold(start, truth_of(pair), desk.run_folder) == lost(start, truth_of(pair), desk.run_folder) == []
    assert desk.apply().code == 0


def test_after_a_second_ctrl_c_the_journal_is_still_true(pair: SimulatedPair, tmp_path: Path) -> None:
    desk = fresh_desk(pair, tmp_path)
    assert desk.plan().code == desk.approve().code == 0
    start = truth_of(pair)
    code, seen = interrupted_apply(desk, "Cisco CallManager: restarted", 2)
    assert code == 130, seen
    entries = list(Journal(desk.run_folder / "journal.jsonl").entries())
    assert entries[-1].event in {"change_begun", "change_done"}
    assert untold(start, truth_of(pair), desk.run_folder) == []
    assert desk.apply().code == 0
