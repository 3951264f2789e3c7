"""Killed with -9 at any write of the journal, a run is continued or undone, and the clusters are as the journal says.

A few writes in the ordinary suite; every one at every moment with CUCMTLS_EVERY_WRITE=1.
"""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from pytest_cucmtls.procedure.journal import Journal
from tests.cluster_truth import Truth, bring_back, lost, remember, truth_of, untold
from tests.killed_runs import KILLED, MOMENTS, Death, Ended, run_command
from tests.plan_runs import Desk
from tests.procedure_runs import simulated_pair

EVERY = os.environ.get("CUCMTLS_EVERY_WRITE") == "1"
SAMPLE = [(9, "during"), (22, "after"), (27, "before"), (38, "before")]
_numbers = count(1)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("crash")
    with (
        pytest.MonkeyPatch.context() as patch,
        simulated_pair(folder / "simulator", faults=("device_queries_unlimited@A", "device_queries_unlimited@B")) as pair,
    ):
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        remember(pair)
        made = Desk(pair, folder)
        assert made.plan().code == 0
        assert made.approve().code == 0
        yield made


@pytest.fixture(scope="module")
def start(desk: Desk) -> Truth:
    return truth_of(desk.pair)


@pytest.fixture(scope="module")
def writes(desk: Desk, start: Truth) -> int:
    """How many journal writes an undisturbed run makes."""
    bring_back(desk.pair)
    folder = desk.folder / "undisturbed"
    ended = applied(desk, folder)
    assert ended.code == 0, ended.output
    assert untold(start, truth_of(desk.pair), folder) == []
    return len(list(Journal(folder / "journal.jsonl").entries()))


def applied(desk: Desk, folder: Path, death: Death | None = None) -> Ended:
    words = ["apply", str(desk.plan_file), "--inventory", str(desk.pair.inventory_file), "--run", str(folder)]
    return run_command(words, folder, death=death)


def undone(desk: Desk, folder: Path, death: Death | None = None) -> Ended:
    words = ["undo", str(folder), "--inventory", str(desk.pair.inventory_file), "--replace-identities"]
    return run_command(words, folder, death=death)


def moments(last: int) -> list[tuple[int, str]]:
    return [(write, moment) for write in range(1, last + 1) for moment in MOMENTS] if EVERY else SAMPLE


def agree(desk: Desk, start: Truth, folder: Path) -> Truth:
    """The clusters and the journal tell the same story."""
    now = truth_of(desk.pair)
    assert untold(start, now, folder) == []
    assert lost(start, now, folder) == []
    return now


def test_a_killed_run_is_continued_to_the_same_end(desk: Desk, start: Truth, writes: int) -> None:
    for write, moment in moments(writes):
        bring_back(desk.pair)
        folder = desk.folder / f"continued-{next(_numbers)}"
        assert applied(desk, folder, Death(write, moment)).code == KILLED
        agree(desk, start, folder)
        ended = applied(desk, folder)
        assert ended.code == 0, f"killed {moment} write {write}: {ended.output}"
        assert len(agree(desk, start, folder).objects()) == len(start.objects()) + 6
        again = applied(desk, folder)
        assert again.output.count("nothing had to be changed") - ended.output.count("nothing had to be changed") == 10


def test_a_killed_run_is_undone_to_the_former_objects(desk: Desk, start: Truth, writes: int) -> None:
    for write, moment in moments(writes):
        bring_back(desk.pair)
        folder = desk.folder / f"undone-{next(_numbers)}"
        assert applied(desk, folder, Death(write, moment)).code == KILLED
        ended = undone(desk, folder) if (folder / "journal.jsonl").exists() else None
        assert ended is None or ended.code == 0, f"killed {moment} write {write}: {ended.output}"
        now = agree(desk, start, folder)
        assert now.objects() == start.objects()
        assert {name for name in now.parts if "CallManager-trust" in name} == {
            name for name in start.parts if "CallManager-trust" in name
        }


def test_an_undo_that_is_killed_is_simply_repeated(desk: Desk, start: Truth, writes: int) -> None:
    del writes
    for write, moment in moments(40) if EVERY else [(2, "after"), (5, "before"), (14, "after")]:
        bring_back(desk.pair)
        folder = desk.folder / f"twice-{next(_numbers)}"
        assert applied(desk, folder).code == 0
        assert undone(desk, folder, Death(write, moment)).code == KILLED
        agree(desk, start, folder)
        ended = undone(desk, folder)
        assert ended.code == 0, f"killed {moment} write {write}: {ended.output}"
        assert agree(desk, start, folder).objects() == start.objects()
        assert undone(desk, folder).output.endswith("nothing to undo\n")
