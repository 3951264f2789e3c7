"""Verdicts as a DISA checklist for STIG Viewer 3 (CKLB, JSON): rules of the voice session management SRG, honest statuses.

There is no STIG for CUCM; assessors use this SRG. A rule is Open when a verdict refutes it. It is never "Not a Finding" by a
run about one trunk when the rule is about the whole system: then it stays Not Reviewed, with what was seen as detail. Rule
texts are DISA's and are not repeated here: load the SRG beside it. Rule revisions (``r…``) are left out, they differ per release.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_cucmtls.model.verdicts import GRAVEST_FIRST, Verdict
from pytest_cucmtls.report.assessment import RULES, SRG, Assessed, Status, assessed
from pytest_cucmtls.report.visible_text import visible_text
from pytest_cucmtls.whole_files import write_atomically

STIG_ID = "EVVM_Session_Management_SRG"
STIG_TITLE = "Enterprise Voice, Video, and Messaging Session Management Security Requirements Guide"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "pytest-cucmtls")
_STATUSES = {
    Status.MET: "not_a_finding",
    Status.NOT_MET: "open",
    Status.OPEN: "not_reviewed",
    Status.NOT_ASSESSED: "not_reviewed",
}
_MOST_DETAILS = 40


def checklist(verdicts: Sequence[Verdict], run: Mapping[str, object], host: str) -> dict[str, Any]:
    """The document for one target named `host`; `run` is the ``run`` object of verdicts.json."""
    name = str(run.get("run") or "unnamed")
    stig = str(uuid.uuid5(_NAMESPACE, f"{name}/{STIG_ID}"))
    rules = [_rule(one, name, stig, str(run.get("ended_at") or "")) for one in assessed(RULES, SRG, verdicts)]
    return {
        "title": visible_text(f"{host} {name}"),
        "id": str(uuid.uuid5(_NAMESPACE, f"{name}/{host}")),
        "active": False,
        "mode": 1,
        "has_path": False,
        "target_data": _target(host, run),
        "stigs": [
            {
                "stig_name": STIG_TITLE,
                "display_name": "EVVM Session Management SRG",
                "stig_id": STIG_ID,
                "release_info": "",
                "version": "1",
                "uuid": stig,
                "reference_identifier": "",
                "size": len(rules),
                "rules": rules,
            }
        ],
        "cklb_version": "1.0",
    }


def write_checklist(path: Path, verdicts: Sequence[Verdict], run: Mapping[str, object], host: str) -> None:
    """Write the document; a reader never sees half of it."""
    write_atomically(path, (json.dumps(checklist(verdicts, run, host), indent=1, ensure_ascii=False) + "\n").encode())


def _target(host: str, run: Mapping[str, object]) -> dict[str, Any]:
    policy = visible_text(str(run.get("policy") or ""))
    return {
        "target_type": "Computing",
        "host_name": visible_text(host),
        "ip_address": "",
        "mac_address": "",
        "fqdn": "",
        "comments": f"One SIP trunk and its test calls, judged under policy {policy}.",
        "role": "None",
        "is_web_database": False,
        "technology_area": "",
        "web_db_site": "",
        "web_db_instance": "",
        "classification": None,
    }


def _rule(one: Assessed, name: str, stig: str, at: str) -> dict[str, Any]:
    requirement = one.requirement
    number = requirement.identifier.removeprefix("V-")
    group = {"id": requirement.identifier, "title": requirement.srg, "description": ""}
    return {
        "group_id_src": requirement.identifier,
        "group_tree": [group],
        "group_id": requirement.identifier,
        "severity": requirement.severity,
        "group_title": requirement.srg,
        "rule_id_src": f"SV-{number}",
        "rule_id": f"SV-{number}",
        "rule_version": requirement.srg,
        "rule_title": requirement.title,
        "fix_text": "",
        "weight": "10.0",
        "check_content": "",
        "check_content_ref": {"href": "", "name": ""},
        "classification": "Unclassified",
        "discussion": "",
        "false_positives": "",
        "false_negatives": "",
        "documentable": "false",
        "security_override_guidance": "",
        "potential_impacts": "",
        "third_party_tools": "",
        "ia_controls": "",
        "responsibility": "",
        "mitigations": "",
        "mitigation_control": "",
        "legacy_ids": [],
        "ccis": [requirement.cci] if requirement.cci else [],
        "reference_identifier": "",
        "uuid": str(uuid.uuid5(_NAMESPACE, f"{name}/{requirement.identifier}")),
        "stig_uuid": stig,
        "status": _STATUSES[one.status],
        "overrides": {},
        "comments": rule_comment(one),
        "finding_details": rule_details(one),
        "createdAt": at,
        "updatedAt": at,
    }


def rule_comment(one: Assessed) -> str:
    """How far the verdicts go towards the rule, and what they do not show."""
    if one.status is Status.NOT_ASSESSED:
        return "Not assessed by this run."
    beyond = f" Not shown: {one.requirement.not_proven}." if one.requirement.not_proven else ""
    return f"Mapping of the verdicts to this rule: {one.requirement.coverage.value}.{beyond}"


def rule_details(one: Assessed) -> str:
    """One line per verdict, findings first."""
    ordered = sorted(one.verdicts, key=lambda verdict: GRAVEST_FIRST.index(verdict.outcome))
    lines = [
        f"{verdict.outcome.value} {verdict.subject} {verdict.check}: {verdict.diagnosis}"
        + (f" ({verdict.waiver.sentence})" if verdict.waiver else "")
        for verdict in ordered
    ]
    rest = len(lines) - _MOST_DETAILS
    return visible_text("\n".join([*lines[:_MOST_DETAILS], *([f"and {rest} more"] if rest > 0 else [])]))
