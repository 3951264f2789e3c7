"""What auditors' tools read: CSV, JUnit, OSCAL assessment results and a STIG Viewer checklist, from the same verdicts."""

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.model.network import FileLocation
from pytest_cucmtls.model.verdicts import Clause, EvidenceItem, Outcome, Verdict
from pytest_cucmtls.model.waivers import AppliedWaiver, Waiver
from pytest_cucmtls.policies import load_policy
from pytest_cucmtls.report.assessment import CONTROLS, NIST, RULES, SRG, Coverage, Status, assessed
from pytest_cucmtls.report.cklb import checklist, write_checklist
from pytest_cucmtls.report.csv_verdicts import COLUMNS, verdicts_as_csv, write_csv
from pytest_cucmtls.report.junit_outcomes import verdicts_as_junit, write_junit
from pytest_cucmtls.report.oscal import oscal_results, write_oscal
from tests.evidence_builders import good_pair

GOOD = tuple(judge(good_pair(), load_policy("cisco-hardening")))
STRICT = tuple(judge(good_pair(), load_policy("disa-evvm-sm")))
RUN = {
    "run": "run-1",
    "started_at": "2026-06-01T12:00:00Z",
    "ended_at": "2026-06-01T12:05:00Z",
    "policy": "disa-evvm-sm",
    "inventory_sha256": "ab" * 32,
}
PLAIN = Verdict(
    "a_check",
    "A claim.",
    "6",
    "config",
    "A/CUCMA",
    Outcome.PASS,
    "wanted",
    "seen",
    "As it should be.",
    evidence=(EvidenceItem("raw/a.txt", "0" * 64, FileLocation("line", 7)),),
)
HOSTILE = '=1+1"\x00\x1b<b>&\u202e'
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[45][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def one(outcome: Outcome, **changes: Any) -> Verdict:
    return replace(PLAIN, outcome=outcome, **changes)


def citing(outcome: Outcome, clause: str, standard: str = SRG) -> Verdict:
    return one(outcome, clauses=(Clause(standard, clause, "V"),))


def rows(verdicts: "tuple[Verdict, ...] | list[Verdict]") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(verdicts_as_csv(verdicts), newline="")))


# CSV


def test_csv_has_one_row_per_verdict_with_every_column() -> None:
    found = rows(GOOD)
    assert len(found) == len(GOOD)
    assert tuple(found[0]) == COLUMNS
    assert {row["check"] for row in found} == {verdict.check for verdict in GOOD}


def test_csv_names_the_place_in_the_evidence() -> None:
    assert rows([PLAIN])[0]["evidence"] == "raw/a.txt line 7"


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_csv_cells_are_never_formulas(start: str) -> None:
    assert rows([replace(PLAIN, observed=f"{start}cmd()")])[0]["observed"] == f"'{start}cmd()"


def test_csv_survives_quotes_lines_and_control_characters() -> None:
    found = rows([replace(PLAIN, diagnosis='a "quoted", cell\nwith\x00a line')])
    assert found[0]["diagnosis"] == 'a "quoted", cell\nwith\\u0000a line'


def test_csv_of_no_verdicts_is_a_header() -> None:
    assert rows([]) == []


# JUnit


def junit(verdicts: "tuple[Verdict, ...] | list[Verdict]") -> etree._Element:
    return etree.fromstring(verdicts_as_junit(verdicts))


@pytest.mark.parametrize(
    ("outcome", "element"),
    [
        (Outcome.FAIL, "failure"),
        (Outcome.INCONCLUSIVE, "error"),
        (Outcome.ERROR, "error"),
        (Outcome.BLOCKED, "error"),
        (Outcome.NOT_APPLICABLE, "skipped"),
        (Outcome.PASS, None),
        (Outcome.WARN, None),
    ],
)
def test_junit_tells_the_seven_outcomes_apart(outcome: Outcome, element: str | None) -> None:
    case = junit([one(outcome)])[0][0]
    marks = [child for child in case if child.tag in {"failure", "error", "skipped"}]
    assert [child.tag for child in marks] == ([element] if element else [])
    assert [child.get("type") for child in marks] == ([outcome.value] if element else [])
    assert case.find("properties/property[@name='outcome']").get("value") == outcome.value
    assert (case.find("system-out") is not None) == (outcome is Outcome.WARN)


def test_junit_counts_add_up() -> None:
    root = junit([one(outcome) for outcome in Outcome] + [one(Outcome.FAIL, step="7")])
    assert [root.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["8", "2", "3", "1"]
    assert sum(int(suite.get("tests")) for suite in root) == 8
    assert [suite.get("name") for suite in root] == ["step 6", "step 7"]


def test_junit_survives_hostile_text() -> None:
    case = junit([replace(PLAIN, title=HOSTILE, subject=HOSTILE, diagnosis=HOSTILE, outcome=Outcome.FAIL)])[0][0]
    assert "<b>&" in case.get("name")
    assert "\\u0000" in case.get("name")


# what verdicts say to an assessor


@pytest.mark.parametrize(
    ("outcomes", "coverage", "status"),
    [
        ([], Coverage.DIRECT, Status.NOT_ASSESSED),
        ([Outcome.NOT_APPLICABLE], Coverage.DIRECT, Status.NOT_ASSESSED),
        ([Outcome.PASS], Coverage.DIRECT, Status.MET),
        ([Outcome.PASS, Outcome.WARN], Coverage.DIRECT, Status.MET),
        ([Outcome.PASS], Coverage.PARTIAL, Status.OPEN),
        ([Outcome.PASS, Outcome.INCONCLUSIVE], Coverage.DIRECT, Status.OPEN),
        ([Outcome.PASS, Outcome.ERROR], Coverage.DIRECT, Status.OPEN),
        ([Outcome.PASS, Outcome.BLOCKED], Coverage.DIRECT, Status.OPEN),
        ([Outcome.PASS, Outcome.INCONCLUSIVE, Outcome.FAIL], Coverage.DIRECT, Status.NOT_MET),
        ([Outcome.FAIL], Coverage.PARTIAL, Status.NOT_MET),
    ],
)
def test_nothing_is_met_by_default_or_in_part(outcomes: list[Outcome], coverage: Coverage, status: Status) -> None:
    requirement = replace(RULES[0], coverage=coverage, claims=frozenset())
    verdicts = [citing(outcome, requirement.clause) for outcome in outcomes]
    assert assessed([requirement], SRG, verdicts)[0].status is status


def test_a_clause_of_another_standard_speaks_for_nothing() -> None:
    assert not assessed(RULES, SRG, [citing(Outcome.FAIL, RULES[0].clause, NIST)])[0].verdicts


def test_requirements_are_named_once_and_say_what_is_not_shown() -> None:
    for requirements in (CONTROLS, RULES):
        assert len({one.identifier for one in requirements}) == len(requirements)
        assert all(one.not_proven for one in requirements)
    assert all(re.fullmatch(r"[a-z]{2}-\d+(\.\d+)?", one.identifier) for one in CONTROLS)
    assert all(one.srg and one.severity in {"high", "medium"} for one in RULES)
    assert [one.identifier for one in RULES if not one.cci] == ["V-259997", "V-259998", "V-259999", "V-260000", "V-260001"]


# OSCAL


def results(verdicts: "tuple[Verdict, ...] | list[Verdict]") -> dict[str, Any]:
    return oscal_results(verdicts, RUN)["assessment-results"]


def test_oscal_has_an_observation_with_evidence_per_verdict() -> None:
    found = results(GOOD)["results"][0]["observations"]
    assert len(found) == len(GOOD)
    assert all(entry["relevant-evidence"] for entry, verdict in zip(found, GOOD, strict=True) if verdict.evidence)


def test_oscal_identifiers_are_well_formed_unique_and_the_same_every_time() -> None:
    document = results(GOOD)
    text = json.dumps(document)
    own = re.findall(r'"uuid": "([^"]+)"', text)
    assert all(UUID.fullmatch(identifier) for identifier in own)
    assert len(own) == len({*own})
    assert {*re.findall(r'"observation-uuid": "([^"]+)"', text)} <= {*own}
    assert document["import-ap"]["href"].removeprefix("#") in own
    assert json.dumps(results(GOOD)) == text


def test_oscal_identifiers_differ_between_runs() -> None:
    other = oscal_results(GOOD, RUN | {"run": "run-2"})["assessment-results"]
    assert other["uuid"] != results(GOOD)["uuid"]


def test_oscal_finds_only_what_is_decided() -> None:
    found = results([citing(Outcome.PASS, "IA-3", NIST), citing(Outcome.PASS, "AC-4", NIST), citing(Outcome.FAIL, "SC-12", NIST)])
    states = {entry["target"]["target-id"]: entry["target"]["status"]["state"] for entry in found["results"][0]["findings"]}
    assert states == {"ia-3_obj": "satisfied", "sc-12_obj": "not-satisfied"}
    selected = found["results"][0]["reviewed-controls"]["control-selections"][0]["include-controls"]
    assert [entry["control-id"] for entry in selected] == ["ac-4", "ia-3", "sc-12"]


def test_oscal_never_satisfies_a_control_that_is_undecided() -> None:
    found = results([citing(Outcome.PASS, "IA-3", NIST), replace(citing(Outcome.INCONCLUSIVE, "IA-3", NIST), subject="B")])
    assert "findings" not in found["results"][0]


def test_oscal_says_that_there_is_no_plan_behind_the_import() -> None:
    document = results(GOOD)
    resource = document["back-matter"]["resources"][0]
    assert document["import-ap"]["href"] == f"#{resource['uuid']}"
    assert "no OSCAL assessment plan" in resource["remarks"]


def test_oscal_of_no_verdicts_reviews_nothing() -> None:
    result = results([])["results"][0]
    assert "observations" not in result
    assert "None of these was assessed" in result["reviewed-controls"]["control-selections"][0]["description"]


def test_oscal_strings_are_never_empty_nor_padded() -> None:
    def strings(value: object) -> list[str]:
        if isinstance(value, dict):
            return [text for part in value.values() for text in strings(part)]
        if isinstance(value, list):
            return [text for part in value for text in strings(part)]
        return [value] if isinstance(value, str) else []

    odd = replace(PLAIN, title=" ", diagnosis="\n", expected="", observed=HOSTILE, subject="  A  ")
    assert all(text and text == text.strip() for text in strings(oscal_results([odd], {})))


# CKLB


def rules(verdicts: "tuple[Verdict, ...] | list[Verdict]") -> dict[str, dict[str, Any]]:
    return {rule["group_id"]: rule for rule in checklist(verdicts, RUN, "cucm-a")["stigs"][0]["rules"]}


def test_the_checklist_holds_every_rule_and_leaves_the_unassessed_unreviewed() -> None:
    found = rules([])
    assert {*found} == {rule.identifier for rule in RULES}
    assert {rule["status"] for rule in found.values()} == {"not_reviewed"}
    assert found["V-260039"]["comments"] == "Not assessed by this run."


def test_a_rule_is_open_when_a_verdict_refutes_it_and_only_then() -> None:
    found = rules([citing(Outcome.FAIL, "V-260028"), citing(Outcome.INCONCLUSIVE, "V-260047"), citing(Outcome.PASS, "V-260034")])
    assert [found[name]["status"] for name in ("V-260028", "V-260047", "V-260034")] == ["open", "not_reviewed", "not_reviewed"]
    assert found["V-260028"]["finding_details"].startswith("FAIL A/CUCMA a_check: ")
    assert "PASS A/CUCMA a_check" in found["V-260034"]["finding_details"]


def test_a_run_about_one_trunk_never_clears_a_rule_about_the_system() -> None:
    assert "not_a_finding" not in {rule["status"] for rule in rules(STRICT).values()}


def test_many_verdicts_on_a_rule_are_cut_and_counted() -> None:
    found = rules([replace(citing(Outcome.PASS, "V-260034"), subject=f"A/{number}") for number in range(45)])
    assert found["V-260034"]["finding_details"].endswith("and 5 more")


def test_the_checklist_names_rules_by_srg_and_cci() -> None:
    rule = rules([])["V-260046"]
    assert (rule["rule_version"], rule["ccis"], rule["severity"]) == ("SRG-NET-000530-VVSM-00010", ["CCI-001453"], "high")


def test_the_checklist_is_the_same_every_time() -> None:
    assert checklist(STRICT, RUN, "cucm-a") == checklist(STRICT, RUN, "cucm-a")


def test_a_waiver_is_told_everywhere_and_changes_no_outcome() -> None:
    waiver = AppliedWaiver(Waiver("a_check", "*", "alice", "phones are replaced in May", "2027-01-31"), False)
    waived = replace(citing(Outcome.FAIL, "V-260028"), waiver=waiver)
    assert rows([waived])[0]["waiver"] == waiver.sentence
    assert junit([waived])[0][0].find("properties/property[@name='waiver']").get("value") == waiver.sentence
    assert junit([waived]).get("failures") == "1"
    assert waiver.sentence in rules([waived])["V-260028"]["finding_details"]
    assert rules([waived])["V-260028"]["status"] == "open"
    assert waiver.sentence in json.dumps(results([waived]))


def test_all_four_are_written_as_files(tmp_path: Path) -> None:
    write_csv(tmp_path / "verdicts.csv", GOOD)
    write_junit(tmp_path / "junit.xml", GOOD)
    write_oscal(tmp_path / "oscal.json", GOOD, RUN)
    write_checklist(tmp_path / "checklist.cklb", GOOD, RUN, "cucm-a")
    assert (tmp_path / "verdicts.csv").read_bytes().startswith(b"\xef\xbb\xbfoutcome,")
    assert etree.parse(str(tmp_path / "junit.xml")).getroot().tag == "testsuites"
    assert json.loads((tmp_path / "oscal.json").read_bytes())["assessment-results"]
    assert json.loads((tmp_path / "checklist.cklb").read_bytes())["cklb_version"] == "1.0"
