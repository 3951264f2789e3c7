"""Allure: attachments that survive retries and workers, history from run to run, and what Allure's own programs make of it."""

import json
import os
import shutil
import subprocess
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pytest_cucmtls.evidence.bundles.outside_references import outside_references
from pytest_cucmtls.report import allure_results
from pytest_cucmtls.report.allure_history import MOST_RUNS, keep_history
from pytest_cucmtls.report.allure_results import AttachmentBook
from tests.acceptance_runs import FinishedRun, accept
from tests.browser import CHROMIUM, browser

ALLURE = shutil.which(os.environ.get("CUCMTLS_ALLURE", "allure"))


# who attaches what


@pytest.fixture
def attached(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    monkeypatch.setattr(allure_results.allure, "attach", lambda _content, name, _kind: names.append(name))
    return names


def test_a_file_goes_with_the_first_test_that_cites_it_whichever_worker_runs_it(tmp_path: Path, attached: list[str]) -> None:
    for test in ("one", "other", "one"):
        AttachmentBook(tmp_path, "session", test, f"attempt of {test}").attach(b"x", f"x of {test}", b"", None)
    assert attached == ["x of one"]


def test_a_test_tried_again_takes_its_attachments_along_once(tmp_path: Path, attached: list[str]) -> None:
    for attempt in ("1", "1", "2", "2", "3"):
        AttachmentBook(tmp_path, "session", "test\n[a, b]", attempt).attach(b"x", f"x in attempt {attempt}", b"", None)
    assert attached == ["x in attempt 1", "x in attempt 2", "x in attempt 3"]


def test_a_run_that_is_continued_attaches_anew(tmp_path: Path, attached: list[str]) -> None:
    for session in ("first", "second"):
        AttachmentBook(tmp_path, session, "test", session).attach(b"x", session, b"", None)
    assert attached == ["first", "second"]


def test_workers_that_ask_at_once_never_double_an_attachment(tmp_path: Path, attached: list[str]) -> None:
    barrier = threading.Barrier(8)

    def ask(number: int) -> None:
        barrier.wait(30)
        AttachmentBook(tmp_path, "session", f"test {number}", str(number)).attach(b"x", "x", b"", None)

    workers = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert attached == ["x"]


# history


def a_run(reports: Path, name: str, *statuses: str, node: str = "cucm-a") -> Path:
    """A run folder with a result per status and what Allure needs beside it."""
    results = reports / name / "allure-results"
    results.mkdir(parents=True)
    clusters = {key: {"name": key[-1], "nodes": [{"name": node}]} for key in ("cluster_a", "cluster_b")}
    (reports / name / "run.json").write_text(json.dumps({"inventory": clusters}))
    for number, status in enumerate(statuses):
        result = {"uuid": f"{name}-{number}", "historyId": f"h{number}", "status": status, "start": 10, "stop": 30}
        (results / f"{number}-result.json").write_text(json.dumps(result))
    keep_history(results, "desk")
    return results


def read(results: Path, name: str) -> Any:
    return json.loads((results / name).read_text())


def test_a_first_run_has_no_history_and_is_number_one(tmp_path: Path) -> None:
    results = a_run(tmp_path, "run-1", "passed")
    assert not (results / "history").exists()
    assert read(results, "executor.json")["buildOrder"] == 1


def test_each_run_continues_the_history_of_the_one_before(tmp_path: Path) -> None:
    a_run(tmp_path, "run-1", "passed", "failed")
    a_run(tmp_path, "run-2", "failed", "failed")
    results = a_run(tmp_path, "run-3", "passed", "passed")
    history = read(results, "history/history.json")
    assert [item["status"] for item in history["h0"]["items"]] == ["failed", "passed"]
    assert history["h0"]["statistic"] == {"failed": 1, "broken": 0, "skipped": 0, "passed": 1, "unknown": 0, "total": 2}
    trend = read(results, "history/history-trend.json")
    assert [(point["buildOrder"], point["data"]["failed"]) for point in trend] == [(2, 2), (1, 1)]
    assert read(results, "executor.json")["buildOrder"] == 3


def test_the_last_attempt_of_a_test_is_its_history(tmp_path: Path) -> None:
    results = a_run(tmp_path, "run-1", "passed")
    earlier = {"uuid": "x", "historyId": "h0", "status": "failed", "start": 1, "stop": 9}
    (results / "again-result.json").write_text(json.dumps(earlier))
    history = read(a_run(tmp_path, "run-2", "passed"), "history/history.json")
    assert [item["status"] for item in history["h0"]["items"]] == ["passed"]


def test_runs_of_other_clusters_are_no_history(tmp_path: Path) -> None:
    a_run(tmp_path, "run-1", "passed", node="elsewhere")
    assert not (a_run(tmp_path, "run-2", "passed") / "history").exists()


def test_a_history_keeps_its_length_and_survives_broken_files(tmp_path: Path) -> None:
    for number in range(MOST_RUNS + 3):
        results = a_run(tmp_path, f"run-{number:02d}", "passed")
    assert len(read(results, "history/history.json")["h0"]["items"]) == MOST_RUNS
    assert len(read(results, "history/history-trend.json")) == MOST_RUNS
    (results / "history" / "history.json").write_text("{")
    (results / "0-result.json").write_bytes(b"\xff")
    assert a_run(tmp_path, "run-99", "passed").exists()


# live runs


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[FinishedRun, FinishedRun]:
    """Two runs in one folder of runs: failing tests are tried again, in two workers and in one."""
    pytest.importorskip("pytest_rerunfailures")
    place = tmp_path_factory.mktemp("allure")
    options = ("--cucm-pair", "source-document", "-k", "test_07_08 or test_03_02 or test_02_06", "--reruns", "1")
    return accept(place, *options, "-n", "2"), accept(place, *options)


def attempts(run: FinishedRun) -> dict[str, list[dict[str, Any]]]:
    """Results by test, in the order they ended."""
    found = defaultdict(list)
    for file in (run.folder / "allure-results").glob("*-result.json"):
        result = json.loads(file.read_text())
        found[result["historyId"]].append(result)
    return {test: sorted(tried, key=lambda result: result["stop"]) for test, tried in found.items()}


def attachments(result: dict[str, Any]) -> list[dict[str, str]]:
    return [one for step in result.get("steps", []) for one in step.get("attachments", [])]


def test_a_retry_loses_and_doubles_nothing(runs: tuple[FinishedRun, FinishedRun]) -> None:
    for run in runs:
        tried = [found for found in attempts(run).values() if len(found) > 1]
        assert tried, run.output
        for first, second in tried:
            names = [[one["name"] for one in attachments(result)] for result in (first, second)]
            assert names[0] == names[1]
            assert len(names[1]) == len(set(names[1]))
        last = [one["name"] for found in attempts(run).values() for one in attachments(found[-1]) if one["name"] != "verdict"]
        assert last
        assert set(Counter(last).values()) == {1}


def test_every_attachment_named_is_there_and_no_other(runs: tuple[FinishedRun, FinishedRun]) -> None:
    for run in runs:
        named = {one["source"] for found in attempts(run).values() for result in found for one in attachments(result)}
        assert named == {file.name for file in (run.folder / "allure-results").glob("*-attachment*")}


def test_history_identifiers_are_the_same_from_run_to_run(runs: tuple[FinishedRun, FinishedRun]) -> None:
    assert (
        set(attempts(runs[0])) == set(attempts(runs[1])) == set(read(runs[1].folder / "allure-results", "history/history.json"))
    )
    trend = read(runs[1].folder / "allure-results", "history/history-trend.json")
    assert [point["data"]["total"] for point in trend] == [len(attempts(runs[0]))]


def test_nothing_delivered_refers_to_the_outside(runs: tuple[FinishedRun, FinishedRun]) -> None:
    assert outside_references(runs[0].folder) == ()


@pytest.fixture
def served(runs: tuple[FinishedRun, FinishedRun], tmp_path: Path) -> Iterator[tuple[FinishedRun, str]]:
    """(the second run, address of its report as Allure's program generated it)."""
    if not ALLURE or not CHROMIUM:
        pytest.skip("needs Allure's program (on PATH, or named by CUCMTLS_ALLURE) and Chromium")
    command = [ALLURE, "generate", str(runs[1].folder / "allure-results"), "-o", str(tmp_path / "report")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "report")))
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    yield runs[1], f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    serving.join(30)


COUNT = """(async () => {
  const cases = new Set(), files = [];
  const walk = (node) => (node.children || []).forEach((one) => one.children ? walk(one) : cases.add(one.uid));
  walk(await (await fetch('data/suites.json')).json());
  const inside = (stage) => { (stage.attachments || []).forEach((one) => files.push(one.source));
                              (stage.steps || []).forEach(inside); };
  let history = 0, retries = 0, shown = 0;
  for (const uid of cases) {
    const one = await (await fetch(`data/test-cases/${uid}.json`)).json();
    inside(one.testStage || {}); history += ((one.extra.history || {}).items || []).length;
    retries += (one.extra.retries || []).length;
  }
  let served = 0;
  for (const file of files) served += (await fetch(`data/attachments/${file}`)).ok ? 1 : 0;
  return {cases: cases.size, files: files.length, served, history, retries};
})()"""


def test_allures_report_shows_every_test_and_attachment_in_a_browser(served: tuple[FinishedRun, str]) -> None:
    run, address = served
    with browser() as page:
        page.size(1366)
        page.go(address)
        if page.value("fetch('data/suites.json').then((answer) => answer.ok)") is not True:
            pytest.skip("this Allure keeps its data in another way (Allure 2 is read here)")
        found = page.value(COUNT)
        tests = attempts(run)
        assert found["cases"] == len(tests)
        assert found["files"] == found["served"] == sum(len(attachments(tried[-1])) for tried in tests.values())
        assert found["history"] == len(tests)
        assert found["retries"] == sum(len(tried) - 1 for tried in tests.values())
        outside = {request.split("/")[2] for request in page.requests if request.startswith("http")} - {address.split("/")[2]}
        assert outside <= {"www.googletagmanager.com"}, "Allure 2 asks for its analytics tag, and nothing else"
