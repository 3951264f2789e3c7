"""Verdicts as CSV (RFC 4180) for spreadsheets, safe to open in one."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from pytest_cucmtls.model.verdicts import Verdict
from pytest_cucmtls.report.visible_text import visible_text
from pytest_cucmtls.whole_files import write_atomically

COLUMNS = (
    "outcome",
    "step",
    "phase",
    "subject",
    "check",
    "title",
    "diagnosis",
    "expected",
    "observed",
    "remedies",
    "clauses",
    "evidence",
    "depends_on",
    "waiver",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def verdicts_as_csv(verdicts: Sequence[Verdict]) -> str:
    """A header and one row per verdict; several values of a cell are separated by ``; ``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([spreadsheet_cell(value) for value in _row(verdict)] for verdict in verdicts)
    return text.getvalue()


def write_csv(path: Path, verdicts: Sequence[Verdict]) -> None:
    """UTF-8 with a byte order mark, which spreadsheets need to recognise it."""
    write_atomically(path, verdicts_as_csv(verdicts).encode("utf-8-sig"))


def _row(verdict: Verdict) -> tuple[str, ...]:
    return (
        verdict.outcome.value,
        verdict.step,
        verdict.phase,
        verdict.subject,
        verdict.check,
        verdict.title,
        verdict.diagnosis,
        verdict.expected,
        verdict.observed,
        "; ".join(verdict.remedies),
        "; ".join(f"{clause.standard} {clause.clause} [{clause.mark}]" for clause in verdict.clauses),
        "; ".join(f"{item.path} {item.location or ''}".strip() for item in verdict.evidence),
        "; ".join(verdict.depends_on),
        verdict.waiver.sentence if verdict.waiver else "",
    )


def spreadsheet_cell(value: str) -> str:
    """A cell that a spreadsheet would take for a formula is marked as text: names come from clusters, not from us."""
    shown = visible_text(value)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
