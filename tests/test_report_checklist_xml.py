"""The checklist for STIG Viewer 2: the elements in the order it reads them, real rules, honest statuses."""

from dataclasses import replace

import pytest
from lxml import etree

from pytest_cucmtls.model.verdicts import Clause, Outcome, Verdict
from pytest_cucmtls.report.assessment import CONTROLS, RULES, SRG, Coverage, Status
from pytest_cucmtls.report.ckl import STATUSES, checklist_xml, write_checklist_xml
from pytest_cucmtls.report.cklb import checklist

RUN = {"run": "run-1", "policy": "disa-evvm-sm"}
PLAIN = Verdict("a_check", "A claim.", "6", "config", "A/CUCMA", Outcome.PASS, "wanted", "seen", "As it should be.")


def citing(outcome: Outcome, clause: str) -> Verdict:
    return replace(PLAIN, outcome=outcome, clauses=(Clause(SRG, clause, "V"),))


def document(*verdicts: Verdict) -> etree._Element:
    return etree.fromstring(checklist_xml(verdicts, RUN, "cucm-a"), etree.XMLParser(no_network=True))


def statuses(root: etree._Element) -> dict[str, str]:
    return {attribute(rule, "Vuln_Num"): rule.findtext("STATUS") for rule in root.iter("VULN")}


def attribute(rule: etree._Element, name: str) -> str:
    return rule.xpath(f"STIG_DATA[VULN_ATTRIBUTE='{name}']/ATTRIBUTE_DATA")[0].text


def test_elements_stand_in_the_order_the_viewer_reads_them() -> None:
    root = document()
    assert [child.tag for child in root] == ["ASSET", "STIGS"]
    asset = "ROLE ASSET_TYPE MARKING HOST_NAME HOST_IP HOST_MAC HOST_FQDN TARGET_COMMENT TECH_AREA TARGET_KEY "
    assert [child.tag for child in root[0]] == (asset + "WEB_OR_DATABASE WEB_DB_SITE WEB_DB_INSTANCE").split()
    assert [child.tag for child in root[1][0]] == ["STIG_INFO", *["VULN"] * len(RULES)]
    for rule in root.iter("VULN"):
        tags = [child.tag for child in rule if child.tag != "STIG_DATA"]
        assert tags == ["STATUS", "FINDING_DETAILS", "COMMENTS", "SEVERITY_OVERRIDE", "SEVERITY_JUSTIFICATION"]
        names = [child.findtext("VULN_ATTRIBUTE") for child in rule.iter("STIG_DATA")]
        assert names[:6] == ["Vuln_Num", "Severity", "Group_Title", "Rule_ID", "Rule_Ver", "Rule_Title"]
        assert len(names) == len(set(names)) >= 23


def test_every_rule_is_there_once_by_its_real_identifiers() -> None:
    root = document()
    assert set(statuses(root)) == {rule.identifier for rule in RULES}
    rule = next(rule for rule in root.iter("VULN") if attribute(rule, "Vuln_Num") == "V-260046")
    found = [attribute(rule, name) for name in ("Rule_ID", "Rule_Ver", "Severity", "CCI_REF")]
    assert found == ["SV-260046", "SRG-NET-000530-VVSM-00010", "high", "CCI-001453"]


def test_the_unassessed_is_not_reviewed_and_says_so() -> None:
    root = document()
    assert set(statuses(root).values()) == {"Not_Reviewed"}
    assert {rule.findtext("COMMENTS") for rule in root.iter("VULN")} == {"Not assessed by this run."}


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome.FAIL, "Open"),
        (Outcome.INCONCLUSIVE, "Not_Reviewed"),
        (Outcome.NOT_APPLICABLE, "Not_Reviewed"),
        (Outcome.PASS, "Not_Reviewed"),
    ],
)
def test_refuted_is_open_and_a_part_proven_clears_no_rule_about_the_whole(outcome: Outcome, status: str) -> None:
    assert statuses(document(citing(outcome, "V-260034")))["V-260034"] == status


def test_not_a_finding_needs_a_direct_mapping_fully_proven() -> None:
    assert STATUSES[Status.MET] == "NotAFinding"
    assert {rule.coverage for rule in RULES} == {Coverage.PARTIAL}
    assert Coverage.DIRECT in {control.coverage for control in CONTROLS}


def test_both_checklists_say_the_same() -> None:
    verdicts = [citing(Outcome.FAIL, "V-260028"), citing(Outcome.PASS, "V-259996 to V-260001")]
    new = {rule["group_id"]: rule for rule in checklist(verdicts, RUN, "cucm-a")["stigs"][0]["rules"]}
    for rule in document(*verdicts).iter("VULN"):
        other = new[attribute(rule, "Vuln_Num")]
        assert rule.findtext("STATUS").lower() == other["status"]
        assert (rule.findtext("FINDING_DETAILS") or "") == other["finding_details"]
        assert rule.findtext("COMMENTS") == other["comments"]


def test_hostile_text_stays_text() -> None:
    text = "</VULN>\x00]]><!ENTITY x '&\u202e"
    root = document(replace(citing(Outcome.FAIL, "V-260028"), diagnosis=text))
    assert "</VULN>" in next(root.iter("VULN")).getroottree().xpath("string(//VULN[STATUS='Open']/FINDING_DETAILS)")


def test_it_is_written_and_the_same_every_time(tmp_path) -> None:
    write_checklist_xml(tmp_path / "checklist.ckl", [PLAIN], RUN, "cucm-a")
    assert (tmp_path / "checklist.ckl").read_bytes() == checklist_xml([PLAIN], RUN, "cucm-a")
