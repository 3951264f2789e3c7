"""Whole acceptance runs on simulated pairs: what they prove, what they leave behind, how they end."""

import json
import stat
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance_runs import CHECKOUT, FinishedRun, accept


@pytest.fixture(scope="module")
def modern(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """The default pair, spread over two workers."""
    return accept(tmp_path_factory.mktemp("modern"), "-n", "2")


@pytest.fixture(scope="module")
def old_pair(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """The document's own pair under the default policy."""
    return accept(tmp_path_factory.mktemp("old"), "--cucm-pair", "source-document")


def test_the_default_pair_passes_the_default_policy(modern: FinishedRun) -> None:
    assert modern.exit_code == 0, modern.output
    assert modern.outcomes("FAIL", "WARN", "INCONCLUSIVE", "ERROR", "BLOCKED") == set()
    assert "A->B: proven" in modern.output
    assert "B->A: proven" in modern.output
    assert str(modern.folder) in modern.output


def test_every_check_was_asked_by_exactly_one_test_for_each_of_its_subjects(modern: FinishedRun) -> None:
    asked = Counter(
        (label(result, "check"), label(result, "subject")) for result in allure_results(modern) if label(result, "check")
    )
    assert {check for check, _ in asked} == {verdict["check"] for verdict in modern.verdicts["verdicts"]}
    assert set(asked.values()) == {1}


def allure_results(run: FinishedRun) -> list[dict]:  # type: ignore[type-arg]
    return [json.loads(file.read_text()) for file in (run.folder / "allure-results").glob("*-result.json")]


def label(result: dict, name: str) -> str:  # type: ignore[type-arg]
    return next((entry["value"] for entry in result["labels"] if entry["name"] == name), "")


def test_two_workers_neither_lose_nor_double_evidence(modern: FinishedRun) -> None:
    index = [json.loads(line) for line in (modern.folder / "raw" / "index.jsonl").read_text().splitlines()]
    kinds = Counter((line["kind"], line["cluster"], line["node"]) for line in index)
    for kind in ("capture", "csr", "issued_certificate", "own_certificate_before", "witness"):
        assert {count for (found, _, _), count in kinds.items() if found == kind} == {1}, kind
    fetched = Counter((line["node"], line["attributes"]["name"]) for line in index if line["kind"] in ("sdl_trace", "calllog"))
    assert set(fetched.values()) == {1}
    assert kinds["call", "A", None] == kinds["call", "B", None] == 1
    attached = Counter(
        attachment["name"]
        for result in allure_results(modern)
        for step in result.get("steps", [])
        for attachment in step.get("attachments", [])
        if attachment["name"] != "verdict"
    )
    assert set(attached.values()) == {1}
    assert sum(name.endswith(".pcap") for name in attached) == 2
    assert sum("handshake" in name for name in attached) >= 2


def test_judging_the_folder_again_gives_the_same_verdicts(modern: FinishedRun) -> None:
    command = [sys.executable, "-m", "pytest_cucmtls.cli", "judge", str(modern.folder)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=CHECKOUT)
    assert ended.returncode == 0, ended.stdout
    assert f"the same as the {len(modern.verdicts['verdicts'])} verdicts recorded with the run" in ended.stdout


def test_a_changed_byte_of_evidence_is_named_and_decides_nothing(modern: FinishedRun, tmp_path: Path) -> None:
    copied = tmp_path / "run"
    subprocess.run(["cp", "-r", str(modern.folder), str(copied)], check=True)
    capture = next(copied.glob("raw/A/*/capture-*.pcap"))
    data = bytearray(capture.read_bytes())
    data[-1] ^= 1
    capture.write_bytes(data)
    command = [sys.executable, "-m", "pytest_cucmtls.cli", "judge", str(copied)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=CHECKOUT)
    assert ended.returncode == 3
    assert f"{capture.relative_to(copied)}: was changed after it was kept" in ended.stdout
    assert "differs from the recorded verdicts" in ended.stdout


def test_no_password_and_no_private_key_leaves_the_private_folder(modern: FinishedRun) -> None:
    credentials = json.loads((modern.folder / "private" / "simulator" / "credentials.json").read_text())
    secrets = [password.encode() for password in credentials.values()]
    assert len(secrets) == 6
    for file in modern.folder.rglob("*"):
        if file.is_file() and "private" not in file.relative_to(modern.folder).parts:
            data = file.read_bytes()
            assert not any(secret in data for secret in secrets), file
            assert b"PRIVATE KEY" not in data, file
    assert not any(password in modern.output for password in credentials.values())


def test_private_keys_are_readable_by_their_owner_only(modern: FinishedRun) -> None:
    keys = [file for file in (modern.folder / "private").rglob("*") if file.is_file() and b"PRIVATE KEY" in file.read_bytes()]
    assert keys
    assert {stat.S_IMODE(file.stat().st_mode) for file in keys} == {0o600}


def test_the_run_says_who_when_with_what_and_how_long(modern: FinishedRun) -> None:
    about = modern.verdicts["run"]
    for key in ("operator", "started_at", "ended_at", "tool", "policy", "mode", "inventory_sha256", "python"):
        assert about[key], key
    assert [phase for phase in about["phases"] if phase["phase"].startswith("step 7")]


def test_the_documents_own_pair_fails_a_present_day_policy_for_the_known_reasons(old_pair: FinishedRun) -> None:
    assert old_pair.exit_code == 1
    failed = {check for check, _ in old_pair.outcomes("FAIL")}
    assert {"version_meets_policy", "key_exchange_is_forward_secret", "key_is_long_enough", "path_hash_is_allowed"} <= failed
    findings = " ".join(verdict["diagnosis"] for verdict in old_pair.verdicts["verdicts"] if verdict["outcome"] == "FAIL")
    for named in ("TLS 1.0", "static RSA", "RSA 1024", "SHA-1"):
        assert named in findings


def test_the_documents_own_pair_passes_the_policy_that_describes_it(tmp_path: Path) -> None:
    run = accept(tmp_path, "--cucm-pair", "source-document", "--cucm-policy", "legacy-2015")
    assert run.exit_code == 0, run.output
    assert run.outcomes("FAIL", "WARN", "INCONCLUSIVE", "ERROR", "BLOCKED") == set()


def test_a_selection_performs_only_what_it_needs(tmp_path: Path) -> None:
    run = accept(tmp_path, "-k", "test_step_03")
    assert run.exit_code == 0, run.output
    journal = [json.loads(line) for line in (run.folder / "journal.jsonl").read_text().splitlines()]
    assert max(entry["step"] for entry in journal) == 3
    assert not list((run.folder / "raw").rglob("capture-*"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--cucm-pair", "nonsense"), "there is no simulated pair 'nonsense'"),
        (("--cucm-mode", "destroy"), "must be verify or apply"),
        (("--cucm-policy", "nonsense"), "there is no policy 'nonsense'"),
        (("--cucm-inventory", "nowhere.toml"), "there is no such file"),
    ],
)
def test_what_cannot_work_ends_in_one_sentence_before_anything_runs(options: tuple[str, ...], said: str, tmp_path: Path) -> None:
    run = accept(tmp_path, *options)
    assert run.exit_code == 4
    assert said in run.output
    assert len([line for line in run.output.splitlines() if line.startswith("ERROR:")]) == 1
    assert not list(tmp_path.glob("reports/run-*/journal.jsonl"))
