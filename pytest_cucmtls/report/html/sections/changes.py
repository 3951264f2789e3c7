"""What is not as it was in the baseline: what is worse or unexplained first, what was expected folded away."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_cucmtls.evidence.comparison.compare_runs import ORDER, Comparison, Difference
from pytest_cucmtls.evidence.comparison.compared_run import value_text
from pytest_cucmtls.report.answers import Standing
from pytest_cucmtls.report.html.shown import differing

MOST_ROWS = 60
"""Per class; all of them are in comparison.json."""
_STANDINGS = {
    "worse": Standing.REFUTED,
    "unexplained": Standing.UNDECIDED,
    "improved": Standing.PROVEN,
    "expected": Standing.PROVEN,
}


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One difference, or several that went the same way for the same reason; values in pieces, marked where they differ."""

    area: str
    subject: str
    what: tuple[str, ...]
    before: tuple[tuple[str, bool], ...]
    after: tuple[tuple[str, bool], ...]
    why: str
    source: str


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """All differences of one class: ``worse``, ``unexplained``, ``improved`` or ``expected``."""

    name: str
    standing: Standing
    count: int
    rows: tuple[ChangeRow, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Changes:
    """A comparison as the page shows it."""

    baseline: str
    standing: Standing
    counts: tuple[tuple[str, int], ...]
    compared: int
    groups: tuple[ChangeGroup, ...]
    notes: tuple[str, ...]


def changes(comparison: Comparison | None) -> Changes | None:
    """The section; None without a baseline."""
    if comparison is None:
        return None
    found = [(change.value, [one for one in comparison.differences if one.change is change]) for change in ORDER]
    return Changes(
        baseline=Path(comparison.baseline).name,
        standing=Standing.REFUTED if comparison.regressed else Standing.PROVEN,
        counts=tuple((name, len(members)) for name, members in found if members),
        compared=comparison.compared,
        groups=tuple(_group(name, members) for name, members in found if members),
        notes=comparison.notes,
    )


def _group(name: str, members: Sequence[Difference]) -> ChangeGroup:
    alike: dict[tuple[str, ...], list[Difference]] = {}
    for one in members:
        key = (one.area, one.subject, value_text(one.before), value_text(one.after), one.why)
        alike.setdefault(key, []).append(one)
    rows = tuple(_row(same) for same in alike.values())
    return ChangeGroup(name, _STANDINGS[name], len(members), rows[:MOST_ROWS], len(rows[MOST_ROWS:]))


def _row(same: Sequence[Difference]) -> ChangeRow:
    one = same[0]
    before, after = value_text(one.before), value_text(one.after)
    return ChangeRow(
        area=one.area,
        subject=one.subject,
        what=tuple(" ".join(part for part in (each.about, each.name) if part) for each in same),
        before=_marked(before, after),
        after=_marked(after, before),
        why=one.why,
        source=one.after_item.path if one.after_item else "",
    )


def _marked(text: str, other: str) -> tuple[tuple[str, bool], ...]:
    """Marks are for what is easily overlooked: values that differ as a whole need none."""
    pieces = differing(text, other)
    return ((text, False),) if len(pieces) == 1 else pieces
