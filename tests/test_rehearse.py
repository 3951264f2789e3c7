"""`cucmtls rehearse`: the fault injected is among the findings, and what does not exist is refused."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_cucmtls.cli import main
from pytest_cucmtls.commands.rehearse import SURPRISES
from pytest_cucmtls.rehearsal.catalogue import every_row
from pytest_cucmtls.rehearsal.scored_catalogue import line, totals
from pytest_cucmtls.rehearsal.scoring import score
from pytest_cucmtls.simulated_clusters import simulated_faults
from tests.evidence_builders import good_pair


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


def test_the_score_of_a_row_says_what_was_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rehearse", "--score", "--fault", "F-008", "--fault", "N-04"]) == 0
    said = capsys.readouterr().out
    assert "F-008  built  yes      yes       yes    yes      yes     RSA 1024 key" in said
    assert "faults of the catalogue: detected" in said
    assert "1 of 1" in said


def test_the_score_as_json_holds_rows_totals_and_what_is_not_scored(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rehearse", "--score", "--json", "--fault", "F-008"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [(row["id"], row["detection"]) for row in document["rows"]] == [("F-008", [])]
    assert document["totals"][0] == {"respect": "faults of the catalogue: detected", "right": 1, "tried": 1}


def test_a_row_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rehearse", "--score", "--fault", "F-001"]) == 2
    assert "F-001" in capsys.readouterr().err


def test_a_judgement_that_missed_a_fault_loses_its_points() -> None:
    row = next(row for row in every_row() if row.id == "F-008")
    missed = score(row, good_pair())
    assert missed.detection
    assert missed.diagnosis
    assert [total.right for total in totals([missed])][:2] == [0, 0]
    assert "NO" in line(missed)
