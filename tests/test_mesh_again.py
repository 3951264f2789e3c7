"""A mesh verified a second time: standing connections and what resets them, and collections that were interrupted."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from pytest_cucmtls.cli import main
from pytest_cucmtls.evidence.run_folder import RunFolder
from pytest_cucmtls.evidence.shared_folder import SharedFolder
from pytest_cucmtls.mesh_inventory import parse_mesh
from pytest_cucmtls.model.mesh import Mesh
from pytest_cucmtls.run import collect, mesh_run
from pytest_cucmtls.run.mesh_run import GATHERED, MeshRun
from pytest_cucmtls.run.settings import Settings
from pytest_cucmtls.simulated_clusters import SimulatedPair, start_simulated_pair
from tests.acceptance_runs import CHECKOUT
from tests.mesh_files import mesh_text, simulated_mesh
from tests.packet_writer import frames, pcap, udp_datagram


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedPair]:
    """Two configured clusters of one node."""
    place = tmp_path_factory.mktemp("again")
    file = simulated_mesh(place / "mesh.toml", 2, 1)
    pair = start_simulated_pair(file, place / "simulator", parent_process_id=os.getpid(), configured=True)
    try:
        yield pair
    finally:
        pair.stop()


def verify(pair: SimulatedPair, folder: Path) -> int:
    return main(["verify-mesh", str(pair.inventory_file), "--out", str(folder), "--workers", "1"])


def test_a_second_verify_sees_handshakes_only_where_the_trunks_may_be_reset(
    running: SimulatedPair, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(running, tmp_path / "first") == 0
    assert verify(running, tmp_path / "second") == 3
    assert not (tmp_path / "second" / "shared" / "journal.jsonl").exists()
    text = running.inventory_file.read_text()
    running.inventory_file.write_text(f"reset_trunks = true\n{text}")
    try:
        assert verify(running, tmp_path / "third") == 0, capsys.readouterr().out
    finally:
        running.inventory_file.write_text(text)
    journal = (tmp_path / "third" / "shared" / "journal.jsonl").read_text()
    targets = re.findall(r'"change_done", "step": \d+, "target": "([^"]+)"', journal)
    assert sorted(targets) == [
        f"{one} trunk to-{other} reset before the test calls" for one, other in (("c01", "c02"), ("c02", "c01"))
    ]


def test_a_mesh_killed_among_its_calls_goes_on_with_the_same_command_and_keeps_nothing_twice(
    running: SimulatedPair, tmp_path: Path
) -> None:
    text = running.inventory_file.read_text()
    running.inventory_file.write_text(f"reset_trunks = true\n{text}")
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "pytest_cucmtls.cli", "verify-mesh", str(running.inventory_file), "--out", str(folder)]
    try:
        with subprocess.Popen([*command, "--workers", "1"], stdout=subprocess.PIPE, text=True, cwd=CHECKOUT) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if "calls, round 1" in line:
                    process.send_signal(signal.SIGKILL)
                    break
        assert not (folder / "shared" / GATHERED).exists()
        assert verify(running, folder) == 0
    finally:
        running.inventory_file.write_text(text)
    lines = RunFolder(folder / "shared").entries()
    assert Counter(line.cluster for line in lines if line.kind == "capture") == {"c01": 1, "c02": 1}
    assert Counter(line.cluster for line in lines if line.kind == "call") == {"c01": 1, "c02": 1}
    assert (folder / "interrupted" / "1" / "shared").is_dir()


def collected(folder: Path, file: Path, monkeypatch: pytest.MonkeyPatch, gather: Callable[..., Any]) -> None:
    monkeypatch.setattr(mesh_run, "collect_mesh", gather)
    monkeypatch.setenv("XDG_STATE_HOME", str(folder.parent / "state"))
    MeshRun(Settings(folder=folder, inventory_file=file, owner_process_id=os.getpid()), lambda _: None).collect()


def test_a_mesh_killed_while_it_is_laid_out_asks_no_cluster_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, folder, asked = tmp_path / "mesh.toml", tmp_path / "run", []
    file.write_text(mesh_text(3), encoding="utf-8")
    (folder / "trunks" / "c01--c02").mkdir(parents=True)
    (folder / "trunks" / "c01--c02" / "half").touch()
    SharedFolder(folder / "shared").keep(b"list", kind="crl", interface="authority")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    told = {"started_at": "2026-11-23T10:00:00+00:00", "inventory": digest, "phases": [["calls are placed", 2.5]]}
    (folder / "shared" / GATHERED).write_text(json.dumps(told))

    def gather(mesh: Mesh, *_: object) -> list[tuple[str, float]]:
        asked.append(mesh)
        return []

    collected(folder, file, monkeypatch, gather)
    assert asked == []
    assert not (folder / "trunks" / "c01--c02" / "half").exists()
    assert (folder / "interrupted" / "1" / "trunks" / "c01--c02" / "half").exists()
    about = json.loads((folder / "mesh.json").read_text())
    assert about["started_at"] == told["started_at"]
    assert about["phases"][0] == {"phase": "calls are placed", "seconds": 2.5}


def test_evidence_gathered_for_another_inventory_is_set_aside_and_gathered_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, folder = tmp_path / "mesh.toml", tmp_path / "run"
    file.write_text(mesh_text(3), encoding="utf-8")
    SharedFolder(folder / "shared").keep(b"earlier", kind="crl", interface="authority")
    told = {"started_at": "2026-11-23T10:00:00+00:00", "inventory": "another", "phases": []}
    (folder / "shared" / GATHERED).write_text(json.dumps(told))

    def gather(_: Mesh, shared: SharedFolder, *__: object) -> list[tuple[str, float]]:
        shared.keep(b"anew", kind="crl", interface="authority")
        return []

    collected(folder, file, monkeypatch, gather)
    kept = RunFolder(folder / "shared")
    assert [kept.read(line) for line in kept.entries()] == [b"anew"]
    assert (folder / "interrupted" / "1" / "shared" / GATHERED).exists()


@pytest.mark.parametrize(("packets", "counted"), [(0, 0), (1, 1), (7, 7)])
def test_the_packets_of_a_capture_are_counted(packets: int, counted: int) -> None:
    sent = [udp_datagram(("192.0.2.1", 5061), ("192.0.2.2", 5061), b"x")] * packets
    assert collect.count_packets(pcap(frames(sent))) == counted


@pytest.mark.parametrize(("most", "said"), [(3, ["rest of the capture of c01/cucm1.c01.example"]), (4, [])])
def test_a_capture_that_was_full_says_so_in_the_evidence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, said: list[str]
) -> None:
    data = pcap(frames([udp_datagram(("192.0.2.1", 5061), ("192.0.2.2", 5061), b"x")] * 3))
    monkeypatch.setattr(collect, "MOST_PACKETS", most)
    monkeypatch.setattr(collect, "fetch_file", lambda *_, **__: (data, "dime"))
    spec = parse_mesh(mesh_text(2)).clusters[0]
    cluster, folder = Mock(spec=spec), RunFolder(tmp_path)
    cluster.name, cluster.spec = spec.name, spec
    capture = Mock(cut_short="", command="utils network capture")
    capture.stop.return_value = "/var/log/active/platform/cli/x.cap"
    collect.keep_capture(Mock(folder=folder), cluster, spec.publisher, capture)
    assert [json.loads(folder.read(line))["fact"] for line in folder.entries("not_collected")] == said
    assert [line.attributes.get("full", False) for line in folder.entries("capture")] == [bool(said)]


def test_what_is_no_capture_has_no_packets() -> None:
    assert collect.count_packets(b"refused") == 0
