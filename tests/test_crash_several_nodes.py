"""Killed between the nodes of a cluster: what the nodes replicate among themselves is not taken for somebody else's work."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_cucmtls.procedure.journal import Journal
from tests.cluster_truth import lost, truth_of, untold
from tests.killed_runs import KILLED, Death, run_command
from tests.plan_runs import Desk
from tests.procedure_runs import simulated_pair
from tests.restored_pairs import UNLIMITED

TRUST = " CallManager-trust "
FIRST_IMPORT_DONE = 34
"""Which write of the journal says so, on this pair."""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with simulated_pair(tmp_path / "simulator", "two-nodes", faults=UNLIMITED) as pair:
        made = Desk(pair, tmp_path)
        assert made.plan().code == made.approve().code == 0
        yield made


def test_a_run_killed_between_the_imports_of_two_nodes_is_continued(desk: Desk) -> None:
    start = truth_of(desk.pair)
    words = ["apply", str(desk.plan_file), "--inventory", str(desk.pair.inventory_file), "--run", str(desk.run_folder)]
    assert run_command(words, desk.run_folder, death=Death(FIRST_IMPORT_DONE, "after")).code == KILLED
    done = [entry.target for entry in Journal(desk.run_folder / "journal.jsonl").entries() if entry.event == "change_done"]
    assert sum(TRUST in target for target in done) == 1
    assert not any("cucm-a-sub" in target for target in done if TRUST in target)
    assert untold(start, truth_of(desk.pair), desk.run_folder) == []
    ended = run_command(words, desk.run_folder)
    assert ended.code == 0, ended.output
    assert lost(start, truth_of(desk.pair), desk.run_folder) == []
    restarted = {
        entry.target
        for entry in Journal(desk.run_folder / "journal.jsonl").entries()
        if entry.event == "change_done" and entry.interface == "control-center"
    }
    assert len(restarted) == 4
