"""`verdicts.json` (schema cucmtls-verdicts-1, DESIGN §6): written atomically, read back into values."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.model.network import FileLocation
from pytest_cucmtls.model.verdicts import Clause, EvidenceItem, Outcome, Verdict
from pytest_cucmtls.model.waivers import AppliedWaiver, Waiver
from pytest_cucmtls.whole_files import write_atomically

VERDICTS_SCHEMA = "cucmtls-verdicts-1"


def verdicts_as_json(verdicts: Sequence[Verdict], run: Mapping[str, Any]) -> dict[str, Any]:
    """The whole document; `run` is who, when, where, versions, inventory digest and policy, without secrets."""
    return {"schema": VERDICTS_SCHEMA, "run": dict(run), "verdicts": [_as_json(verdict) for verdict in verdicts]}


def write_verdicts(path: Path, verdicts: Sequence[Verdict], run: Mapping[str, Any]) -> None:
    """Write the document; a reader never sees half of it."""
    text = json.dumps(verdicts_as_json(verdicts, run), indent=1, ensure_ascii=False)
    write_atomically(path, (text + "\n").encode())


def read_verdicts(path: Path) -> tuple[dict[str, Any], list[Verdict]]:
    """(run, verdicts) of a document. Raises: FileUnreadable."""
    try:
        document = json.loads(path.read_bytes())
        if document["schema"] != VERDICTS_SCHEMA:
            raise ValueError(f"schema is {document['schema']!r}")
        return dict(document["run"]), [_from_json(values) for values in document["verdicts"]]
    except OSError as problem:
        raise FileUnreadable(str(path), f"cannot be read: {problem.strerror}") from problem
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        raise FileUnreadable(str(path), f"is not a {VERDICTS_SCHEMA} document: {problem!r}") from problem


def _as_json(verdict: Verdict) -> dict[str, Any]:
    return {
        "check": verdict.check,
        "title": verdict.title,
        "step": verdict.step,
        "phase": verdict.phase,
        "subject": verdict.subject,
        "direction": verdict.subject if "->" in verdict.subject else None,
        "outcome": verdict.outcome.value,
        "expected": verdict.expected,
        "observed": verdict.observed,
        "diagnosis": verdict.diagnosis,
        "remedies": list(verdict.remedies),
        "clauses": [{"standard": clause.standard, "clause": clause.clause, "mark": clause.mark} for clause in verdict.clauses],
        "evidence": [
            {"path": item.path, "sha256": item.sha256, "location": _location(item.location)} for item in verdict.evidence
        ],
        "depends_on": list(verdict.depends_on),
        "waiver": _waiver(verdict.waiver),
    }


def _waiver(applied: AppliedWaiver | None) -> dict[str, Any] | None:
    return None if applied is None else asdict(applied.waiver) | {"expired": applied.expired}


def _waiver_from(values: dict[str, Any] | None) -> AppliedWaiver | None:
    if values is None:
        return None
    fields = {key: str(values[key]) for key in ("check", "subject", "owner", "reason", "expires")}
    return AppliedWaiver(Waiver(**fields), bool(values["expired"]))


def _location(location: FileLocation | None) -> dict[str, Any] | None:
    return None if location is None else {"unit": location.unit, "number": location.number}


def _from_json(values: dict[str, Any]) -> Verdict:
    return Verdict(
        check=values["check"],
        title=values["title"],
        step=values["step"],
        phase=values["phase"],
        subject=values["subject"],
        outcome=Outcome(values["outcome"]),
        expected=values["expected"],
        observed=values["observed"],
        diagnosis=values["diagnosis"],
        remedies=tuple(values["remedies"]),
        clauses=tuple(Clause(clause["standard"], clause["clause"], clause["mark"]) for clause in values["clauses"]),
        evidence=tuple(_item(item) for item in values["evidence"]),
        depends_on=tuple(values["depends_on"]),
        waiver=_waiver_from(values.get("waiver")),
    )


def _item(values: dict[str, Any]) -> EvidenceItem:
    location = values["location"]
    return EvidenceItem(
        values["path"], values["sha256"], FileLocation(location["unit"], location["number"]) if location is not None else None
    )
