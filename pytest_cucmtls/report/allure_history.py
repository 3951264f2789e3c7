"""What Allure shows of earlier runs: history per test case, the trend, and which run is the how-manieth.

Allure takes these from a folder ``history`` beside the results. Usually a generated report leaves it there; here each run
continues it from the newest earlier run of the same clusters in the same folder of runs, whether a report was generated or not.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from pytest_cucmtls.whole_files import write_atomically

MOST_RUNS = 20
"""Runs a history keeps, as Allure does."""
_STATUSES = ("failed", "broken", "skipped", "passed", "unknown")


def keep_history(results: Path, host: str) -> None:
    """Write ``history/`` and ``executor.json`` into the results of the run that is ending; a first run has no history."""
    run = results.parent
    earlier = _newest_earlier(run)
    history, trend = _continued(earlier / results.name) if earlier is not None else ({}, [])
    order = trend[0]["buildOrder"] + 1 if trend else 1
    executor = {"name": host, "type": "local", "buildName": run.name, "buildOrder": order, "reportName": run.name}
    _write(results / "executor.json", executor)
    if earlier is not None:
        _write(results / "history" / "history.json", history)
        _write(results / "history" / "history-trend.json", trend)


def _newest_earlier(run: Path) -> Path | None:
    """The last run folder before this one, by name, that is about the same nodes and has results."""
    about = _nodes_of(run)
    folders = sorted((folder for folder in run.parent.iterdir() if folder.is_dir() and folder.name < run.name), reverse=True)
    found = (folder for folder in folders if any((folder / "allure-results").glob("*-result.json")))
    return next((folder for folder in found if about and _nodes_of(folder) == about), None)


def _nodes_of(run: Path) -> tuple[tuple[str, ...], ...]:
    """Names of the clusters and their nodes, as the run's own file tells them; () when it does not."""
    values = _read(run / "run.json")
    try:
        clusters = [values["inventory"][key] for key in ("cluster_a", "cluster_b")]
        return tuple((str(one["name"]), *(str(node["name"]) for node in one["nodes"])) for one in clusters)
    except (KeyError, TypeError, AttributeError):
        return ()


def _continued(results: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """(history, trend) of an earlier run's results with those results added in front."""
    latest: dict[str, dict[str, Any]] = {}
    for file in sorted(results.glob("*-result.json")):
        result = _read(file)
        known = latest.get(str(result.get("historyId")))
        if result.get("historyId") and (known is None or result.get("stop", 0) >= known.get("stop", 0)):
            latest[str(result["historyId"])] = result  # of a test that was run again, the last attempt counts
    history, trend = _read(results / "history" / "history.json"), _read(results / "history" / "history-trend.json")
    history = history if isinstance(history, dict) else {}
    for identity, result in latest.items():
        history[identity] = _with(history.get(identity), result)
    counted = Counter(str(result.get("status", "unknown")) for result in latest.values())
    order = int(_read(results / "executor.json").get("buildOrder") or 1)
    data = {status: counted[status] for status in _STATUSES} | {"total": len(latest)}
    point = {"data": data, "buildOrder": order, "reportName": results.parent.name}
    return history, [point, *(trend if isinstance(trend, list) else [])][:MOST_RUNS]


def _with(known: Any, result: dict[str, Any]) -> dict[str, Any]:
    """A test's history with one more result in front."""
    before = known["items"] if isinstance(known, dict) and isinstance(known.get("items"), list) else []
    start, stop = int(result.get("start") or 0), int(result.get("stop") or 0)
    item: dict[str, Any] = {"uid": result.get("uuid"), "status": result.get("status", "unknown")}
    item["time"] = {"start": start, "stop": stop, "duration": stop - start}
    if message := (result.get("statusDetails") or {}).get("message"):
        item["statusDetails"] = message
    items = [item, *before][:MOST_RUNS]
    counted = Counter(str(one.get("status")) for one in items)
    return {"statistic": {status: counted[status] for status in _STATUSES} | {"total": len(items)}, "items": items}


def _read(file: Path) -> Any:
    """A JSON file's value; {} when there is none or it is broken: a history must not stop a run."""
    try:
        return json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}


def _write(file: Path, value: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, json.dumps(value, ensure_ascii=False).encode())
