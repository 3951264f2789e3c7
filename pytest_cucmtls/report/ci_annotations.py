"""Verdicts where a CI system shows them: GitHub's workflow commands on standard output, GitLab's code quality report as a file.

Verdicts that were not evaluated because another one failed are left out: their cause is shown. All texts may come from
clusters, so each is escaped for its place: no name in a certificate can begin a command of its own.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_cucmtls.model.verdicts import Outcome, Verdict
from pytest_cucmtls.report.visible_text import visible_text
from pytest_cucmtls.whole_files import write_atomically

KINDS = ("github", "gitlab", "none")
GITLAB_REPORT = "gl-code-quality-report.json"
MOST_SHOWN = 10
"""GitHub shows this many errors and as many warnings of one step, and drops the others without a word."""
_LONGEST_TEXT = 2000
_LEVELS = {
    Outcome.FAIL: ("error", "critical"),
    Outcome.ERROR: ("error", "major"),
    Outcome.BLOCKED: ("error", "major"),
    Outcome.INCONCLUSIVE: ("error", "major"),
    Outcome.WARN: ("warning", "minor"),
}
"""GitHub's command and GitLab's severity of each outcome that is told, gravest first."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a verdict is shown: a file relative to the repository, and a line (1-based)."""

    file: str
    line: int = 1


def places_of(tests: Mapping[str, tuple[str, int]], inventory: str) -> dict[str, Place]:
    """Places by check from (file, line) of the tests that asked; test cases outside of the repository stand for the inventory."""
    found = {check: Place(*place) for check, place in tests.items() if check and not place[0].startswith(("..", "/"))}
    return found | ({"": Place(inventory)} if inventory else {})


def ci_of(chosen: str, environment: Mapping[str, str]) -> str:
    """``github``, ``gitlab`` or ``none``; `chosen` is one of these, or ``auto`` to ask the variables CI systems set."""
    if chosen != "auto":
        return chosen
    if environment.get("GITHUB_ACTIONS") == "true":
        return "github"
    return "gitlab" if environment.get("GITLAB_CI") == "true" else "none"


def github_lines(verdicts: Sequence[Verdict], places: Mapping[str, Place]) -> list[str]:
    """One workflow command per verdict worth one, gravest first; `places` are by check, "" for all others.

    What GitHub would drop silently is counted in a last notice.
    """
    lines: dict[str, list[str]] = {"error": [], "warning": []}
    for verdict in _told(verdicts):
        level = _LEVELS[verdict.outcome][0]
        title = f"{verdict.outcome.value} {verdict.subject}: {verdict.title}"
        place = _place(verdict, places)
        where = f"file={_property(place.file)},line={place.line}," if place else ""
        lines[level].append(f"::{level} {where}title={_property(title)}::{_data(_message(verdict))}")
    left = sum(max(0, len(found) - MOST_SHOWN) for found in lines.values())
    more = [f"::notice title=cucmtls::{left} more verdicts are in verdicts.json and report.html"] if left else []
    return [*lines["error"][:MOST_SHOWN], *lines["warning"][:MOST_SHOWN], *more]


def gitlab_report(verdicts: Sequence[Verdict], places: Mapping[str, Place]) -> list[dict[str, Any]]:
    """Issues of GitLab's code quality format; a verdict keeps its fingerprint, so that GitLab sees what is new."""
    found = []
    for verdict in _told(verdicts):
        place = _place(verdict, places) or Place("verdicts.json")
        found.append(
            {
                "description": visible_text(f"{verdict.outcome.value} {verdict.subject}: {_message(verdict)}"),
                "check_name": verdict.check,
                "fingerprint": hashlib.sha256(f"{verdict.check}\x1f{verdict.subject}".encode()).hexdigest(),
                "severity": _LEVELS[verdict.outcome][1],
                "location": {"path": visible_text(place.file), "lines": {"begin": place.line}},
            }
        )
    return found


def write_gitlab_report(path: Path, verdicts: Sequence[Verdict], places: Mapping[str, Place]) -> None:
    """Write the report; a reader never sees half of it."""
    write_atomically(path, (json.dumps(gitlab_report(verdicts, places), indent=1, ensure_ascii=False) + "\n").encode())


def _told(verdicts: Sequence[Verdict]) -> list[Verdict]:
    order = list(_LEVELS)
    worth = [verdict for verdict in verdicts if verdict.outcome in _LEVELS and not verdict.depends_on]
    return sorted(worth, key=lambda verdict: order.index(verdict.outcome))


def _place(verdict: Verdict, places: Mapping[str, Place]) -> Place | None:
    return places.get(verdict.check) or places.get("")


def _message(verdict: Verdict) -> str:
    remedy = f" Remedy: {', '.join(verdict.remedies)}." if verdict.remedies else ""
    waiver = f" {verdict.waiver.sentence}" if verdict.waiver else ""
    return f"{verdict.diagnosis}{remedy}{waiver}"[:_LONGEST_TEXT]


def _data(text: str) -> str:
    """GitHub's escaping of a message."""
    return visible_text(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """GitHub's escaping of a property, one line of it."""
    return _data(" ".join(text.split())).replace(":", "%3A").replace(",", "%2C")
