"""Verdicts as OSCAL assessment results (NIST, JSON), for governance tools; the same run always gives the same bytes.

Every verdict is an observation with its raw evidence. A finding, satisfied or not, is written only where the run decides a
control; a control that is partly covered or undecided is listed as reviewed and gets observations, no finding. Identifiers
are version 5 UUIDs of what they stand for, so exporting again changes nothing.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_cucmtls import __version__
from pytest_cucmtls.model.verdicts import EvidenceItem, Verdict
from pytest_cucmtls.report.assessment import CONTROLS, NIST, Assessed, Status, assessed
from pytest_cucmtls.report.visible_text import visible_text
from pytest_cucmtls.whole_files import write_atomically

OSCAL_VERSION = "1.1.2"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "pytest-cucmtls")
_PROPERTY_NAMESPACE = "https://pytest-cucmtls.invalid/ns/oscal"
"""Of our own properties; a name, not an address: nothing answers there."""
_NO_PLAN = (
    "There is no OSCAL assessment plan and no system security plan behind this: import-ap is required, so it points to this "
    "description. Replace it by your own plan when there is one."
)
_UNKNOWN_TIME = "1970-01-01T00:00:00Z"


def oscal_results(verdicts: Sequence[Verdict], run: Mapping[str, object]) -> dict[str, Any]:
    """The document; `run` is the ``run`` object of verdicts.json (its times, name, policy and digest are used)."""
    return {"assessment-results": _Results(run).document(verdicts)}


def write_oscal(path: Path, verdicts: Sequence[Verdict], run: Mapping[str, object]) -> None:
    """Write the document; a reader never sees half of it."""
    text = json.dumps(oscal_results(verdicts, run), indent=1, ensure_ascii=False)
    write_atomically(path, (text + "\n").encode())


class _Results:
    """Builds one document; identifiers depend on the run's name and inventory only."""

    def __init__(self, run: Mapping[str, object]) -> None:
        self.run = run
        self.seed = "/".join(str(run.get(key, "")) for key in ("run", "inventory_sha256", "policy"))
        self.start = str(run.get("started_at") or _UNKNOWN_TIME)
        self.end = str(run.get("ended_at") or self.start)

    def identifier(self, *parts: str) -> str:
        return str(uuid.uuid5(_NAMESPACE, "\x1f".join((self.seed, *parts))))

    def document(self, verdicts: Sequence[Verdict]) -> dict[str, Any]:
        procedure = self.identifier("procedure")
        return {
            "uuid": self.identifier("results"),
            "metadata": {
                "title": "SIP trunk over TLS between two CUCM clusters: assessment results",
                "last-modified": self.end,
                "version": str(self.run.get("run") or "unnamed"),
                "oscal-version": OSCAL_VERSION,
                "props": [
                    _property("tool", f"pytest-cucmtls {__version__}"),
                    _property("policy", str(self.run.get("policy", ""))),
                ],
            },
            "import-ap": {"href": f"#{procedure}"},
            "results": [self.result(verdicts)],
            "back-matter": {
                "resources": [
                    {
                        "uuid": procedure,
                        "title": "Assessment plan: the checks of pytest-cucmtls",
                        "description": "Cisco document 200180 as a procedure of ten steps, judged under the policy named above.",
                        "remarks": _NO_PLAN,
                    }
                ]
            },
        }

    def result(self, verdicts: Sequence[Verdict]) -> dict[str, Any]:
        controls = assessed(CONTROLS, NIST, verdicts)
        reviewed = [one for one in controls if one.verdicts]
        findings = [self.finding(one) for one in reviewed if one.status in {Status.MET, Status.NOT_MET}]
        result: dict[str, Any] = {
            "uuid": self.identifier("result"),
            "title": "One trunk, the calls tested",
            "description": "Covers the trunk under test and its test calls, no other part of either system.",
            "start": self.start,
            "end": self.end,
            "reviewed-controls": {"control-selections": [_selection(reviewed)]},
        }
        speaking: dict[int, list[Assessed]] = {}
        for one in reviewed:
            for verdict in one.verdicts:
                speaking.setdefault(id(verdict), []).append(one)
        observations = [self.observation(verdict, speaking.get(id(verdict), ())) for verdict in verdicts]
        return result | {key: found for key, found in (("observations", observations), ("findings", findings)) if found}

    def observation(self, verdict: Verdict, controls: Sequence[Assessed]) -> dict[str, Any]:
        found: dict[str, Any] = {
            "uuid": self.observation_id(verdict),
            "title": _text(verdict.title),
            "description": _text(verdict.diagnosis),
            "props": [
                _property("outcome", verdict.outcome.value),
                _property("check", verdict.check),
                _property("subject", verdict.subject),
                *([_property("waiver", verdict.waiver.sentence)] if verdict.waiver else []),
                *(_property("control", f"{one.requirement.identifier} {one.requirement.coverage.value}") for one in controls),
            ],
            "methods": ["EXAMINE" if verdict.phase in {"access", "apply", "config"} else "TEST"],
            "types": ["finding" if verdict.outcome.value == "FAIL" else "control-objective"],
            "collected": self.end,
            "remarks": _text(f"Expected: {verdict.expected}. Observed: {verdict.observed}."),
        }
        if verdict.evidence:
            found["relevant-evidence"] = [_evidence(item) for item in verdict.evidence]
        return found

    def observation_id(self, verdict: Verdict) -> str:
        return self.identifier("observation", verdict.check, verdict.subject)

    def finding(self, one: Assessed) -> dict[str, Any]:
        met = one.status is Status.MET
        requirement = one.requirement
        beyond = f" Not shown: {requirement.not_proven}." if requirement.not_proven else ""
        return {
            "uuid": self.identifier("finding", requirement.identifier),
            "title": f"{requirement.clause} {requirement.title}",
            "description": f"Mapping: {requirement.coverage.value}.{beyond}",
            "props": [_property("coverage", requirement.coverage.value)],
            "target": {
                "type": "objective-id",
                "target-id": f"{requirement.identifier}_obj",
                "status": {"state": "satisfied" if met else "not-satisfied", "reason": "pass" if met else "fail"},
            },
            "related-observations": [
                {"observation-uuid": identifier} for identifier in dict.fromkeys(map(self.observation_id, one.verdicts))
            ],
        }


def _selection(reviewed: Sequence[Assessed]) -> dict[str, Any]:
    """Those some verdict speaks for. OSCAL has no empty selection: without any, all are named and said to be untouched."""
    if not reviewed:
        named = [{"control-id": control.identifier} for control in CONTROLS]
        return {"description": "None of these was assessed: no verdict of this run speaks for one.", "include-controls": named}
    return {"include-controls": [{"control-id": one.requirement.identifier} for one in reviewed]}


def _property(name: str, value: str) -> dict[str, str]:
    return {"name": name, "ns": _PROPERTY_NAMESPACE, "value": _text(value)}


def _evidence(item: EvidenceItem) -> dict[str, str]:
    """The file relative to the run folder, with its digest and the place in it."""
    place = f", {item.location}" if item.location else ""
    return {"href": _text(item.path), "description": f"SHA-256 {item.sha256}{place}"}


def _text(value: str) -> str:
    """OSCAL strings are not empty and do not begin or end with white space."""
    return visible_text(" ".join(value.split())) or "–"
