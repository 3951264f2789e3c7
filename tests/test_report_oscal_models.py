"""The OSCAL document before the models of compliance-trestle, which are generated from NIST's own schema and take nothing else.

trestle pins other packages exactly, so it may live in an environment of its own: CUCMTLS_TRESTLE_PYTHON names its interpreter.
"""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.model.network import FileLocation
from pytest_cucmtls.model.verdicts import Clause, EvidenceItem, Outcome, Verdict
from pytest_cucmtls.model.waivers import AppliedWaiver, Waiver
from pytest_cucmtls.policies import load_policy
from pytest_cucmtls.report.assessment import CONTROLS, NIST
from pytest_cucmtls.report.oscal import write_oscal
from tests.evidence_builders import good_pair

PYTHON = sys.executable if importlib.util.find_spec("trestle") else os.environ.get("CUCMTLS_TRESTLE_PYTHON", "")
pytestmark = pytest.mark.skipif(not PYTHON, reason="compliance-trestle is not installed and CUCMTLS_TRESTLE_PYTHON is not set")
READ = """
import sys
from pathlib import Path
from trestle.oscal.assessment_results import AssessmentResults
for name in sys.argv[1:]:
    print(AssessmentResults.oscal_read(Path(name)).uuid)
"""
RUN = {
    "run": "run-1",
    "started_at": "2026-06-01T12:00:00.123456Z",
    "ended_at": "2026-06-01T12:05:00.654321+00:00",
    "policy": "disa-evvm-sm",
    "inventory_sha256": "ab" * 32,
}
ITEM = EvidenceItem("raw/A/a b.txt", "0" * 64, FileLocation("line", 7))
PLAIN = Verdict(
    "a_check", "A claim.", "6", "config", "A/CUCMA", Outcome.PASS, "wanted", "seen", "As it is.", evidence=(ITEM,)
)  # fmt: skip


def accepted(tmp_path: Path, *documents: Sequence[Verdict], run: dict[str, str] = RUN) -> subprocess.CompletedProcess[str]:
    names = []
    for number, verdicts in enumerate(documents):
        names.append(str(tmp_path / f"{number}.json"))
        write_oscal(Path(names[-1]), verdicts, run)
    return subprocess.run([PYTHON, "-c", READ, *names], capture_output=True, text=True, check=False, timeout=120)


def test_the_models_accept_what_runs_of_every_kind_give(tmp_path: Path) -> None:
    good = judge(good_pair(), load_policy("cisco-hardening"))
    strict = judge(good_pair(), load_policy("disa-evvm-sm"))
    every = [
        replace(PLAIN, outcome=outcome, subject=outcome.value, clauses=(Clause(NIST, control.clause, "V"),))
        for outcome in Outcome
        for control in CONTROLS
    ]
    every = [replace(verdict, check=f"check_{number}") for number, verdict in enumerate(every)]
    ended = accepted(tmp_path, good, strict, every, [], [PLAIN])
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert len(set(ended.stdout.split())) == 1  # the same run, so the same identifier


def test_the_models_accept_hostile_and_empty_texts(tmp_path: Path) -> None:
    waiver = AppliedWaiver(Waiver("a_check", "*", "alice\n", "  ", "2027-01-31"), False)
    odd = replace(PLAIN, title=" ", diagnosis="\x00\x1b[2J\u202e\n\n", expected="", observed="\ud800", waiver=waiver)
    ended = accepted(tmp_path, [odd], run={})
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_models_refuse_a_document_that_is_wrong(tmp_path: Path) -> None:
    write_oscal(tmp_path / "wrong.json", [PLAIN], RUN)
    document = json.loads((tmp_path / "wrong.json").read_text())
    del document["assessment-results"]["import-ap"]
    (tmp_path / "wrong.json").write_text(json.dumps(document))
    ended = subprocess.run([PYTHON, "-c", READ, str(tmp_path / "wrong.json")], capture_output=True, check=False, timeout=120)
    assert ended.returncode != 0
