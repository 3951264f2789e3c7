"""Two runs never work on the same clusters at once."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_cucmtls.inventory import parse_inventory
from pytest_cucmtls.inventory_template import TEMPLATE
from pytest_cucmtls.model.errors import UnsafeToAct
from pytest_cucmtls.procedure.claim import claim_clusters, release_clusters, state_folder

INVENTORY = parse_inventory(TEMPLATE)


@pytest.fixture(autouse=True)
def own_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def holder() -> int:
    (file,) = state_folder().iterdir()
    return int(json.loads(file.read_text())["process_id"])


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_second_run_is_refused_and_told_who_is_at_work(tmp_path: Path) -> None:
    claim_clusters(INVENTORY, process_id=os.getppid(), run_folder=tmp_path / "first")
    with pytest.raises(UnsafeToAct, match=rf"process {os.getppid()}, since .* run folder {tmp_path}/first"):
        claim_clusters(INVENTORY, process_id=os.getpid(), run_folder=tmp_path / "second")


def test_workers_of_one_run_share_its_claim(tmp_path: Path) -> None:
    claim_clusters(INVENTORY, process_id=os.getpid(), run_folder=tmp_path)
    claim_clusters(INVENTORY, process_id=os.getpid(), run_folder=tmp_path)
    assert holder() == os.getpid()


def test_the_claim_of_a_process_that_has_ended_is_void(tmp_path: Path) -> None:
    claim_clusters(INVENTORY, process_id=ended_process(), run_folder=tmp_path)
    claim_clusters(INVENTORY, process_id=os.getpid(), run_folder=tmp_path)
    assert holder() == os.getpid()


def test_a_released_claim_is_free_for_the_next(tmp_path: Path) -> None:
    claim_clusters(INVENTORY, process_id=os.getppid(), run_folder=tmp_path)
    release_clusters(INVENTORY, process_id=os.getppid())
    claim_clusters(INVENTORY, process_id=os.getpid(), run_folder=tmp_path)
    assert holder() == os.getpid()


def test_releasing_leaves_somebody_elses_claim_alone(tmp_path: Path) -> None:
    claim_clusters(INVENTORY, process_id=os.getpid(), run_folder=tmp_path)
    release_clusters(INVENTORY, process_id=os.getppid())
    assert holder() == os.getpid()


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"process_id": "x"}', b"\xff\xfe", b'{"process_id": 1, "since": 7}'])
def test_a_damaged_claim_is_no_claim(damage: bytes, tmp_path: Path) -> None:
    claim_clusters(INVENTORY, process_id=os.getppid(), run_folder=tmp_path)
    next(state_folder().iterdir()).write_bytes(damage)
    claim_clusters(INVENTORY, process_id=os.getpid(), run_folder=tmp_path)
    assert holder() == os.getpid()


def test_other_clusters_are_another_matter(tmp_path: Path) -> None:
    claim_clusters(INVENTORY, process_id=os.getppid(), run_folder=tmp_path)
    node = replace(INVENTORY.cluster_a.nodes[0], address="10.9.9.9")
    others = replace(INVENTORY, cluster_a=replace(INVENTORY.cluster_a, nodes=(node,)))
    claim_clusters(others, process_id=os.getpid(), run_folder=tmp_path)
    assert len(list(state_folder().iterdir())) == 2
