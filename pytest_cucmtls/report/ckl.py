"""Verdicts as a DISA checklist for STIG Viewer 2 (CKL, XML): the rules and statuses of `report.cklb`, in the older form.

STIG Viewer 2 reads elements in a fixed order; no viewer was at hand to try it, the structure is tested instead. Rule texts are
DISA's and are not repeated here. Rule revisions (``r…``) are left out, they differ per release of the SRG.
"""

import uuid
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_cucmtls.model.verdicts import Verdict
from pytest_cucmtls.report.assessment import RULES, SRG, Assessed, Status, assessed
from pytest_cucmtls.report.cklb import STIG_ID, STIG_TITLE, rule_comment, rule_details
from pytest_cucmtls.report.visible_text import visible_text
from pytest_cucmtls.whole_files import write_atomically

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "pytest-cucmtls")
STATUSES = {
    Status.MET: "NotAFinding",
    Status.NOT_MET: "Open",
    Status.OPEN: "Not_Reviewed",
    Status.NOT_ASSESSED: "Not_Reviewed",
}
_EMPTY_BEFORE_REFERENCE = (
    "Vuln_Discuss", "IA_Controls", "Check_Content", "Fix_Text", "False_Positives", "False_Negatives",
)  # fmt: skip
_EMPTY_AFTER_DOCUMENTABLE = (
    "Mitigations", "Potential_Impact", "Third_Party_Tools", "Mitigation_Control", "Responsibility",
    "Security_Override_Guidance", "Check_Content_Ref",
)  # fmt: skip


def checklist_xml(verdicts: Sequence[Verdict], run: Mapping[str, object], host: str) -> bytes:
    """The document for one target named `host`; `run` is the ``run`` object of verdicts.json."""
    name = str(run.get("run") or "unnamed")
    stig = str(uuid.uuid5(_NAMESPACE, f"{name}/{STIG_ID}"))
    root = ElementTree.Element("CHECKLIST")
    _asset(ElementTree.SubElement(root, "ASSET"), host, str(run.get("policy") or ""))
    section = ElementTree.SubElement(ElementTree.SubElement(root, "STIGS"), "iSTIG")
    _about_stig(ElementTree.SubElement(section, "STIG_INFO"), stig)
    for one in assessed(RULES, SRG, verdicts):
        _rule(ElementTree.SubElement(section, "VULN"), one, stig)
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True, short_empty_elements=False)
    return text + b"\n"


def write_checklist_xml(path: Path, verdicts: Sequence[Verdict], run: Mapping[str, object], host: str) -> None:
    """Write the document; a reader never sees half of it."""
    write_atomically(path, checklist_xml(verdicts, run, host))


def _asset(asset: ElementTree.Element, host: str, policy: str) -> None:
    told = f"One SIP trunk and its test calls, judged under policy {policy}."
    for name, value in (
        ("ROLE", "None"),
        ("ASSET_TYPE", "Computing"),
        ("MARKING", ""),
        ("HOST_NAME", host),
        ("HOST_IP", ""),
        ("HOST_MAC", ""),
        ("HOST_FQDN", ""),
        ("TARGET_COMMENT", told),
        ("TECH_AREA", ""),
        ("TARGET_KEY", ""),
        ("WEB_OR_DATABASE", "false"),
        ("WEB_DB_SITE", ""),
        ("WEB_DB_INSTANCE", ""),
    ):
        ElementTree.SubElement(asset, name).text = visible_text(value)


def _about_stig(info: ElementTree.Element, stig: str) -> None:
    values = {"version": "1", "classification": "UNCLASSIFIED", "stigid": STIG_ID, "title": STIG_TITLE, "uuid": stig}
    keys = [
        "version",
        "classification",
        "customname",
        "stigid",
        "description",
        "filename",
        "releaseinfo",
        "title",
        "uuid",
        "notice",
        "source",
    ]
    for key in keys:
        _pair(ElementTree.SubElement(info, "SI_DATA"), ("SID_NAME", "SID_DATA"), key, values.get(key, ""))


def _rule(vulnerability: ElementTree.Element, one: Assessed, stig: str) -> None:
    requirement = one.requirement
    attributes = [
        ("Vuln_Num", requirement.identifier),
        ("Severity", requirement.severity),
        ("Group_Title", requirement.srg),
        ("Rule_ID", f"SV-{requirement.identifier.removeprefix('V-')}"),
        ("Rule_Ver", requirement.srg),
        ("Rule_Title", requirement.title),
        *((name, "") for name in _EMPTY_BEFORE_REFERENCE),
        ("Documentable", "false"),
        *((name, "") for name in _EMPTY_AFTER_DOCUMENTABLE),
        ("Weight", "10.0"),
        ("Class", "Unclass"),
        ("STIGRef", STIG_TITLE),
        ("TargetKey", ""),
        ("STIG_UUID", stig),
        *([("CCI_REF", requirement.cci)] if requirement.cci else []),
    ]
    for name, value in attributes:
        _pair(ElementTree.SubElement(vulnerability, "STIG_DATA"), ("VULN_ATTRIBUTE", "ATTRIBUTE_DATA"), name, value)
    for name, value in (
        ("STATUS", STATUSES[one.status]),
        ("FINDING_DETAILS", rule_details(one)),
        ("COMMENTS", rule_comment(one)),
        ("SEVERITY_OVERRIDE", ""),
        ("SEVERITY_JUSTIFICATION", ""),
    ):
        ElementTree.SubElement(vulnerability, name).text = visible_text(value)


def _pair(parent: ElementTree.Element, names: tuple[str, str], key: str, value: str) -> None:
    for name, text in zip(names, (key, value), strict=True):
        ElementTree.SubElement(parent, name).text = visible_text(text)
