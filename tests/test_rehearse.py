"""`cucmtls rehearse`: the fault injected is among the findings, and what does not exist is refused."""

import subprocess
import sys
from pathlib import Path

import pytest

from pytest_cucmtls.cli import main
from pytest_cucmtls.clusters import simulated_faults
from pytest_cucmtls.commands.rehearse import SURPRISES


def test_a_fault_is_found_and_explained_before_it_is_told(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest_cucmtls.cli", "rehearse", "--fault", "srtp_not_allowed@B", "--folder", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=240)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    finding, told = ended.stdout.index("SRTP Allowed is off on the trunk of B"), ended.stdout.index("injected into B")
    assert finding < told
    assert "remedy S9" in ended.stdout
    assert (tmp_path / "run" / "raw" / "index.jsonl").is_file()


def test_the_list_names_every_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rehearse", "--list"]) == 0
    listed = {line.split()[0] for line in capsys.readouterr().out.splitlines()}
    assert listed == set(simulated_faults())
    assert set(SURPRISES) <= listed


def test_a_fault_that_does_not_exist_is_refused_before_anything_is_started(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rehearse", "--fault", "no_such_fault"]) == 2
    assert "no_such_fault" in capsys.readouterr().err


def test_a_cluster_that_does_not_exist_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rehearse", "--fault", "srtp_not_allowed@C", "--folder", str(tmp_path)]) == 2
    assert "'C'" in capsys.readouterr().err
