"""Verdicts as JUnit XML in which the seven outcomes stay distinguishable, for CI systems that read nothing else.

JUnit knows passed, failure, error and skipped. INCONCLUSIVE, ERROR and BLOCKED are errors (never skips, never passes), told
apart by the error's type; every test case also carries its outcome as a property. A WARN passes and says so in its output.
"""

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from pytest_cucmtls.model.verdicts import Outcome, Verdict
from pytest_cucmtls.report.visible_text import visible_text
from pytest_cucmtls.whole_files import write_atomically

_ELEMENTS = {
    Outcome.FAIL: "failure",
    Outcome.INCONCLUSIVE: "error",
    Outcome.ERROR: "error",
    Outcome.BLOCKED: "error",
    Outcome.NOT_APPLICABLE: "skipped",
}


def verdicts_as_junit(verdicts: Sequence[Verdict], *, name: str = "cucmtls") -> bytes:
    """One suite per step in procedure order, one case per verdict; times are left out, a verdict takes none."""
    root = ElementTree.Element("testsuites", {"name": visible_text(name)} | _counts(verdicts))
    for step, group in groupby(verdicts, lambda verdict: verdict.step):
        members = list(group)
        suite = ElementTree.SubElement(root, "testsuite", {"name": visible_text(f"step {step}")} | _counts(members))
        for verdict in members:
            _case(suite, verdict)
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def write_junit(path: Path, verdicts: Sequence[Verdict], *, name: str = "cucmtls") -> None:
    """Write the document; a reader never sees half of it."""
    write_atomically(path, verdicts_as_junit(verdicts, name=name))


def _counts(verdicts: Sequence[Verdict]) -> dict[str, str]:
    elements = [_ELEMENTS.get(verdict.outcome) for verdict in verdicts]
    return {
        "tests": str(len(elements)),
        "failures": str(elements.count("failure")),
        "errors": str(elements.count("error")),
        "skipped": str(elements.count("skipped")),
    }


def _case(suite: ElementTree.Element, verdict: Verdict) -> None:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        {"classname": visible_text(verdict.check), "name": visible_text(f"{verdict.title} ({verdict.subject})")},
    )
    properties = ElementTree.SubElement(case, "properties")
    for name, value in (
        ("outcome", verdict.outcome.value),
        ("subject", verdict.subject),
        ("phase", verdict.phase),
        ("remedies", " ".join(verdict.remedies)),
        ("depends_on", " ".join(verdict.depends_on)),
        ("waiver", verdict.waiver.sentence if verdict.waiver else ""),
    ):
        if value:
            ElementTree.SubElement(properties, "property", {"name": name, "value": visible_text(value)})
    element = _ELEMENTS.get(verdict.outcome)
    if element is not None:
        told = ElementTree.SubElement(
            case, element, {"type": verdict.outcome.value, "message": visible_text(verdict.diagnosis or verdict.observed)}
        )
        told.text = visible_text(f"expected: {verdict.expected}\nobserved: {verdict.observed}")
    elif verdict.outcome is Outcome.WARN:
        ElementTree.SubElement(case, "system-out").text = visible_text(f"WARN: {verdict.diagnosis}")
