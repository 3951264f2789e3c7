"""Verdicts as annotations of a CI system, escaped so that no name from a cluster becomes a command."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.model.verdicts import Outcome, Verdict
from pytest_cucmtls.report.ci_annotations import (
    MOST_SHOWN,
    Place,
    ci_of,
    github_lines,
    gitlab_report,
    places_of,
    write_gitlab_report,
)

PLAIN = Verdict("a_check", "A claim.", "6", "config", "A/CUCMA", Outcome.FAIL, "wanted", "seen", "It is wrong.", ("S8",))
PLACES = {"a_check": Place("testcases/test_step_06_trust.py", 12), "": Place("clusters.toml")}


@pytest.mark.parametrize(
    ("chosen", "environment", "found"),
    [
        ("auto", {}, "none"),
        ("auto", {"GITHUB_ACTIONS": "true"}, "github"),
        ("auto", {"GITHUB_ACTIONS": "false"}, "none"),
        ("auto", {"GITLAB_CI": "true"}, "gitlab"),
        ("none", {"GITLAB_CI": "true"}, "none"),
        ("github", {}, "github"),
    ],
)
def test_the_environment_is_asked_only_for_auto(chosen: str, environment: dict[str, str], found: str) -> None:
    assert ci_of(chosen, environment) == found


def test_a_finding_is_an_error_at_the_line_of_its_test() -> None:
    assert github_lines([PLAIN], PLACES) == [
        "::error file=testcases/test_step_06_trust.py,line=12,title=FAIL A/CUCMA%3A A claim.::It is wrong. Remedy: S8."
    ]


@pytest.mark.parametrize(
    ("outcome", "level"),
    [
        (Outcome.FAIL, "error"),
        (Outcome.INCONCLUSIVE, "error"),
        (Outcome.ERROR, "error"),
        (Outcome.BLOCKED, "error"),
        (Outcome.WARN, "warning"),
        (Outcome.PASS, None),
        (Outcome.NOT_APPLICABLE, None),
    ],
)
def test_each_outcome_has_its_level_and_only_what_needs_eyes_is_told(outcome: Outcome, level: str | None) -> None:
    lines = github_lines([replace(PLAIN, outcome=outcome)], {})
    assert [line.split()[0] for line in lines] == ([f"::{level}"] if level else [])
    assert len(gitlab_report([replace(PLAIN, outcome=outcome)], {})) == len(lines)


def test_what_was_not_evaluated_leaves_its_cause_alone() -> None:
    assert github_lines([replace(PLAIN, outcome=Outcome.INCONCLUSIVE, depends_on=("other",))], {}) == []


def test_findings_come_before_what_is_undecided() -> None:
    lines = github_lines([replace(PLAIN, outcome=Outcome.INCONCLUSIVE), PLAIN], {})
    assert ["FAIL" in line for line in lines] == [True, False]


def test_what_github_would_drop_is_counted() -> None:
    many = [replace(PLAIN, subject=f"A/{number}") for number in range(MOST_SHOWN + 3)]
    assert len(github_lines(many[:MOST_SHOWN], {})) == MOST_SHOWN
    assert github_lines(many, {})[-1] == "::notice title=cucmtls::3 more verdicts are in verdicts.json and report.html"


@given(text=st.text(max_size=60))
@settings(max_examples=100)
def test_no_text_begins_a_command_of_its_own(text: str) -> None:
    lines = github_lines([replace(PLAIN, subject=text, diagnosis=text, title=text)], {"a_check": Place(text or "x")})
    assert len(lines) == 1
    assert len(lines[0].splitlines()) == 1
    head = lines[0].removeprefix("::error ").split("::")[0]
    assert [part.split("=")[0] for part in head.split(",")] == ["file", "line", "title"]


def test_a_gitlab_issue_keeps_its_fingerprint_whatever_the_run_says() -> None:
    first, second = gitlab_report([PLAIN], PLACES)[0], gitlab_report([replace(PLAIN, diagnosis="Still wrong.")], PLACES)[0]
    assert first["fingerprint"] == second["fingerprint"]
    assert gitlab_report([replace(PLAIN, subject="B")], PLACES)[0]["fingerprint"] != first["fingerprint"]
    assert first["location"] == {"path": "testcases/test_step_06_trust.py", "lines": {"begin": 12}}
    assert first["severity"] == "critical"


def test_the_gitlab_report_is_a_json_list(tmp_path) -> None:
    write_gitlab_report(tmp_path / "gl.json", [PLAIN, replace(PLAIN, diagnosis='\x1b]0;"\n')], {})
    assert [issue["check_name"] for issue in json.loads((tmp_path / "gl.json").read_text())] == ["a_check", "a_check"]


def test_test_cases_outside_of_the_repository_stand_for_the_inventory() -> None:
    tests = {"inside": ("testcases/a.py", 3), "installed": ("../venv/lib/testcases/a.py", 4), "": ("x.py", 1)}
    assert places_of(tests, "clusters.toml") == {"inside": Place("testcases/a.py", 3), "": Place("clusters.toml")}
    assert places_of(tests, "") == {"inside": Place("testcases/a.py", 3)}
    found = github_lines([replace(PLAIN, check="installed")], places_of(tests, "clusters.toml"))
    assert found[0].startswith("::error file=clusters.toml,line=1,")
