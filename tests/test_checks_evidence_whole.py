"""Raw items that were changed, lost or damaged after they were kept."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pytest_cucmtls.checks.evidence_whole import evidence_is_whole
from pytest_cucmtls.evidence.load import load_evidence
from pytest_cucmtls.evidence.run_folder import RunFolder
from pytest_cucmtls.inventory import parse_inventory
from pytest_cucmtls.inventory_template import TEMPLATE
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.policies import load_policy


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path)
    made.begin(parse_inventory(TEMPLATE), started_at=datetime(2026, 11, 23, tzinfo=UTC))
    made.keep(b"what somebody typed", kind="cli_transcript", interface="cli")
    return made


def judged(folder: RunFolder):  # type: ignore[no-untyped-def]
    return evidence_is_whole.function(load_evidence(folder.path), load_policy("rfc9325"))


def test_a_folder_that_holds_nothing_proves_nothing(tmp_path: Path) -> None:
    made = RunFolder(tmp_path)
    made.begin(parse_inventory(TEMPLATE), started_at=datetime(2026, 11, 23, tzinfo=UTC))
    made.keep_missing("everything", "nothing was done")
    assert judged(made).outcome is Outcome.NOT_APPLICABLE


def test_untouched_evidence_passes(folder: RunFolder) -> None:
    assert judged(folder).outcome is Outcome.PASS


@pytest.mark.parametrize("damage", [lambda file: file.write_bytes(b"other"), lambda file: file.unlink()])
def test_a_changed_or_missing_item_is_named_and_decides_nothing(folder: RunFolder, damage) -> None:  # type: ignore[no-untyped-def]
    item = folder.entries()[0].item
    damage(folder.path / item.path)
    found = judged(folder)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert item.path in found.diagnosis


def test_a_damaged_line_of_the_index_is_named(folder: RunFolder) -> None:
    with folder.index_file.open("ab") as index:
        index.write(b'{"path": "raw/x"}\n')
    assert "line 2 cannot be read" in judged(folder).diagnosis


def test_two_damages_are_both_named(folder: RunFolder) -> None:
    evidence = replace(load_evidence(folder.path), unusable=("raw/a: gone", "raw/b: changed"))
    found = evidence_is_whole.function(evidence, load_policy("rfc9325"))
    assert found.diagnosis.startswith("2 raw items cannot be used: raw/a: gone; raw/b: changed")
