"""Acceptance runs on clusters named by an inventory: verify-only, interrupted and continued, refused."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_cucmtls.inventory_template import TEMPLATE
from pytest_cucmtls.model.cucm import RoutePattern
from pytest_cucmtls.model.errors import InterfaceRefused
from pytest_cucmtls.simulated_clusters import SimulatedPair
from tests.acceptance_runs import CHECKOUT, accept
from tests.procedure_runs import perform_all, run_on, simulated_pair


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[SimulatedPair]:
    with simulated_pair(tmp_path / "simulator") as started:
        yield started


def test_a_verify_only_run_proves_the_trunk_and_asks_for_no_change(pair: SimulatedPair, tmp_path: Path) -> None:
    with run_on(pair, tmp_path / "before") as run:
        perform_all(run)
    pair.protect()
    run_folder = accept(tmp_path / "verify", "--cucm-inventory", str(pair.inventory_file), "--cucm-mode", "verify")
    assert run_folder.exit_code == 0, run_folder.output
    assert "A->B: proven" in run_folder.output
    assert pair.writes() == []


def test_a_verify_only_run_may_reset_the_trunks_where_the_inventory_allows_it(pair: SimulatedPair, tmp_path: Path) -> None:
    """Connections that stand already show no handshake: allowed to reset, the run proves what it could not decide before."""
    with run_on(pair, tmp_path / "before") as run:
        perform_all(run)
    options = ("--cucm-inventory", str(pair.inventory_file), "--cucm-mode", "verify")
    assert accept(tmp_path / "first", *options).exit_code == 0
    second = accept(tmp_path / "second", *options)
    assert second.exit_code == 3, second.output
    assert "reset_trunks = true" in second.output
    inventory = pair.inventory_file
    inventory.write_text(inventory.read_text().replace("place_calls", "reset_trunks = true\nplace_calls", 1))
    third = accept(tmp_path / "third", *options)
    assert third.exit_code == 0, third.output
    journal = (third.folder / "journal.jsonl").read_text()
    targets = re.findall(r'"change_done", "step": \d+, "target": "([^"]+)"', journal)
    assert [target.rpartition(" ")[0].split(" reset")[0] for target in targets] == [
        "A trunk to-cluster-b",
        "B trunk to-cluster-a",
    ]


def test_a_protected_pair_refuses_and_remembers_any_change(pair: SimulatedPair, tmp_path: Path) -> None:
    pair.protect()
    with run_on(pair, tmp_path / "run") as run:
        with pytest.raises(InterfaceRefused):
            run.writer(run.clusters[0]).axl().add_route_pattern(RoutePattern("9898", gateway_name="nowhere"))
        with pytest.raises(InterfaceRefused):
            run.writer(run.clusters[1]).cli(run.clusters[1].spec.publisher).generate_request("CallManager")
    assert [write.split()[0] for write in pair.writes()] == ["A:", "B:"]


def test_apply_on_a_protected_pair_ends_in_errors_not_in_findings(pair: SimulatedPair, tmp_path: Path) -> None:
    pair.protect()
    run = accept(tmp_path / "apply", "--cucm-inventory", str(pair.inventory_file), "-k", "step_03 or step_04")
    assert run.exit_code == 3, run.output
    assert ("step_03_is_performed", "pair") in run.outcomes("ERROR")
    assert run.outcomes("FAIL") == set()
    assert "not evaluated, because step 3" in run.output


def test_a_run_continues_in_its_folder_and_does_nothing_twice(pair: SimulatedPair, tmp_path: Path) -> None:
    first = accept(tmp_path, "--cucm-inventory", str(pair.inventory_file), "-k", "step_06")
    assert first.exit_code == 0, first.output
    done = (first.folder / "journal.jsonl").read_text()
    second = accept(tmp_path, "--cucm-inventory", str(pair.inventory_file), "--cucm-run", str(first.folder))
    assert second.exit_code == 0, second.output
    journal = (first.folder / "journal.jsonl").read_text()
    assert journal.startswith(done)
    changes = re.findall(r'"change_done", "step": \d+, "target": "([^"]+)"', journal)
    assert len(changes) == len(set(changes))


def test_a_run_folder_of_another_policy_is_not_continued(pair: SimulatedPair, tmp_path: Path) -> None:
    first = accept(tmp_path, "--cucm-inventory", str(pair.inventory_file), "-k", "step_01")
    options = ("--cucm-inventory", str(pair.inventory_file), "--cucm-run", str(first.folder), "--cucm-policy", "rfc9325")
    second = accept(tmp_path, *options, "-k", "step_02")
    assert second.exit_code != 0
    assert "belongs to a run with another inventory, mode or policy" in second.output


def test_ctrl_c_in_the_middle_leaves_a_true_journal_and_says_how_to_continue(pair: SimulatedPair, tmp_path: Path) -> None:
    command = [sys.executable, "-u", "-m", "pytest", str(CHECKOUT / "testcases"), "-p", "no:cacheprovider"]
    command += [f"--rootdir={CHECKOUT}", "--cucm-reports", str(tmp_path / "reports")]
    command += ["--cucm-inventory", str(pair.inventory_file)]
    running = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert running.stdout is not None
    seen = ""
    with running.stdout as output:
        for line in output:
            seen += line
            if "step  7" in line and "restarted" in line:
                os.kill(running.pid, signal.SIGINT)
                break
        seen += output.read()
    assert running.wait(60) == pytest.ExitCode.INTERRUPTED, seen
    folder = next((tmp_path / "reports").glob("run-*"))
    assert f"--cucm-run {folder}" in seen
    assert '"change_begun", "step": 7' in (folder / "journal.jsonl").read_text()
    again = accept(tmp_path, "--cucm-inventory", str(pair.inventory_file), "--cucm-run", str(folder))
    assert again.exit_code == 0, again.output


def test_a_wrong_password_is_one_clear_error(pair: SimulatedPair, tmp_path: Path) -> None:
    environment = {"CUCMTLS_A_PLATFORM_PASSWORD": "not the password"}
    options = ("--cucm-inventory", str(pair.inventory_file), "-k", "step_02 and node_clock")
    run = accept(tmp_path, *options, environment=environment)
    assert run.exit_code == 3, run.output
    assert "refused user 'administrator'" in run.output
    assert "not the password" not in run.output


def test_an_unreachable_node_is_one_clear_error(pair: SimulatedPair, tmp_path: Path) -> None:
    pair.stop()
    run = accept(tmp_path, "--cucm-inventory", str(pair.inventory_file), "-k", "step_02 and node_clock")
    assert run.exit_code == 3, run.output
    assert "cannot be reached" in run.output


def test_addresses_decide_that_clusters_are_simulated(tmp_path: Path) -> None:
    file = tmp_path / "simulated.toml"
    text = TEMPLATE.replace('address = "cucm://10.0.0.10"', 'address = "sim://12.5"')
    text = text.replace('address = "cucm://10.0.0.20"', 'address = "sim://14"').replace('mode = "verify"', 'mode = "apply"')
    file.write_text(re.sub(r"(?m)^(ca_bundle|known_hosts|kind|certificate_file|key_file|release) = .*$", "", text))
    run = accept(tmp_path, "--cucm-inventory", str(file), "-k", "test_step_08 or test_verify_1")
    assert run.exit_code == 0, run.output
    assert "127." in (run.folder / "run.json").read_text()
