"""The `cucmtls` command: what it prints, what it writes, how it exits."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_cucmtls.cli import main
from pytest_cucmtls.inventory import read_inventory
from tests.packet_writer import pcap
from tests.procedure_runs import perform_all, planned_targets, run_on, simulated_pair


def test_init_writes_an_inventory_that_can_be_read_and_never_overwrites_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "clusters.toml"
    assert main(["init", str(file)]) == 0
    assert read_inventory(file).cluster_a.extension == "1018"
    file.write_text("precious")
    assert main(["init", str(file)]) == 2
    assert file.read_text() == "precious"
    assert "exists already; nothing was written" in capsys.readouterr().err


def test_checks_lists_every_check_with_step_and_clause(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["checks", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {"negotiated_suite_encrypts", "server_presents_admin_certificate"} <= {row["id"] for row in rows}
    assert all(row["step"] and row["title"] and row["clauses"] for row in rows)
    assert main(["checks"]) == 0
    assert f"{len(rows)} checks" in capsys.readouterr().out


def test_policies_are_listed_and_shown_with_their_clauses(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policies"]) == 0
    assert "legacy-2015" in capsys.readouterr().out
    assert main(["policies", "rfc9325"]) == 0
    assert "tls.negotiated_min" in capsys.readouterr().out
    assert main(["policies", "nonsense"]) == 2


def test_a_folder_that_is_no_run_is_refused_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", str(tmp_path)]) == 3
    said = capsys.readouterr().err.strip()
    assert said.startswith("cucmtls: ")
    assert len(said.splitlines()) == 1


def test_a_capture_that_is_none_is_said_to_be_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "letter.cap"
    file.write_text("Dear colleague,")
    assert main(["read-capture", "--json", str(file)]) == 3
    read = json.loads(capsys.readouterr().out)
    assert read["schema"] == "cucmtls-capture-1"
    assert read["readable"] is False
    assert read["problem"]


def test_an_empty_capture_is_readable_and_shows_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "empty.cap"
    file.write_bytes(pcap([]))
    assert main(["read-capture", "--json", str(file)]) == 0
    read = json.loads(capsys.readouterr().out)
    assert (read["packets"], read["handshakes"], read["streams"]) == (0, [], [])


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read-trace", str(tmp_path / "SDL001_100_000001.txt")]) == 3
    assert "SDL001_100_000001.txt" in capsys.readouterr().err


def test_plan_lists_changes_and_makes_none_and_undo_takes_them_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with simulated_pair(tmp_path / "simulator") as pair:
        inventory = str(pair.inventory_file)
        assert main(["plan", "--inventory", inventory]) == 0
        planned = capsys.readouterr().out
        assert "step  8  A security profile Secure SIP Trunk Profile TLS" in planned
        with run_on(pair, tmp_path / "run") as run:
            before = planned_targets(run)
            assert before
            perform_all(run)
        assert main(["plan", "--inventory", inventory, "--run", str(tmp_path / "run")]) == 0
        assert "nothing to change" in capsys.readouterr().out
        assert main(["undo", str(tmp_path / "run"), "--inventory", inventory]) == 0
        said = capsys.readouterr().out
        assert "A trunk to-cluster-b: removed" in said
        assert "left as it is" in said


def test_simulate_says_when_it_is_ready_and_stops_when_interrupted(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest_cucmtls.cli", "simulate", "--inventory", str(tmp_path / "pair.toml")]
    running = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stdout is not None
    ready = json.loads(running.stdout.readline())
    assert ready["ready"] is True
    inventory = read_inventory(Path(ready["inventory"]))
    assert {node.address for cluster in inventory.clusters for node in cluster.nodes} == {
        node["address"] for node in ready["nodes"].values()
    }
    assert Path(ready["inventory"]) == tmp_path / "pair.toml"
    os.kill(running.pid, signal.SIGINT)
    _, errors = running.communicate(timeout=30)
    assert running.returncode == 0
    assert "Traceback" not in errors
