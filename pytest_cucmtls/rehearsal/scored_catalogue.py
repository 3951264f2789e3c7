"""Tries and scores rows of the catalogue, and writes the result as a table with totals."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.rehearsal.benches import observe_rows
from pytest_cucmtls.rehearsal.catalogue import CATALOGUE, DEFAULT, Row, every_row
from pytest_cucmtls.rehearsal.elsewhere import ELSEWHERE
from pytest_cucmtls.rehearsal.scoring import Score, score

_HEAD = f"{'row':<6} {'tried':<6} {'detected':<9}{'diagnosed':<10}{'remedy':<7}{'in place':<9}{'stable':<7} what is wrong"


@dataclass(frozen=True, slots=True)
class Total:
    """How many of the faults (several rows of one fault are right together or not at all) were right in one respect."""

    respect: str
    right: int
    tried: int

    @property
    def text(self) -> str:
        share = f"{100 * self.right / self.tried:.0f} %" if self.tried else "none tried"
        return f"{self.respect:<34} {self.right:>3} of {self.tried:<3} {share}"


def chosen_rows(wanted: Sequence[str]) -> tuple[Row, ...]:
    """The rows with these numbers (``F-056``), all of them when none is named. Raises: ConfigurationInvalid."""
    rows = every_row()
    known = {row.id for row in rows}
    elsewhere = {one.id: one.why or one.test for one in ELSEWHERE}
    for number in wanted:
        if number in elsewhere:
            raise ConfigurationInvalid("rehearse", "--fault", f"{number} is not scored here: {elsewhere[number]}")
        if number not in known:
            raise ConfigurationInvalid("rehearse", "--fault", f"the catalogue has no row {number!r}; docs/faults.md lists them")
    return tuple(row for row in rows if not wanted or row.id in wanted)


def score_rows(rows: Sequence[Row], folder: Path) -> Iterator[Score]:
    """Built rows first, then live ones on simulated pairs in `folder`. Raises: CucmTlsError when a pair cannot be had."""
    for row in rows:
        if not row.live:
            yield score(row, row.make())
    live = [row for row in rows if row.live]
    for row, evidence in zip(live, observe_rows([(row,) for row in live], folder), strict=True):
        yield score(row, evidence)


def totals(scores: Iterable[Score]) -> tuple[Total, ...]:
    """By the catalogue's own rules, first for its faults, then for the faults and look-alikes beyond it."""
    found = list(scores)
    faults = [one for one in found if one.row.id in CATALOGUE and not one.row.harmless]
    harmless = [one for one in found if one.row.harmless]
    further = [one for one in found if one.row.id not in CATALOGUE and not one.row.harmless]
    return (
        _total("faults of the catalogue: detected", faults, lambda one: not one.detection),
        _total("  diagnosed", faults, lambda one: not one.diagnosis),
        _total("  remedy first in line right", faults, lambda one: not one.remedy),
        _total("  first failing check is the faulty", faults, lambda one: not one.localisation),
        _total("  same verdicts when judged again", faults, lambda one: not one.stability),
        _total("look-alikes: silent", harmless, lambda one: not one.complaints),
        _total("faults beyond the catalogue: all right", further, lambda one: not one.complaints),
    )


def _total(respect: str, scores: Sequence[Score], right: Callable[[Score], bool]) -> Total:
    by_fault: dict[str, bool] = {}
    for one in scores:
        by_fault[one.row.id] = by_fault.get(one.row.id, True) and right(one)
    return Total(respect, sum(by_fault.values()), len(by_fault))


def heading() -> str:
    """Names of the columns of `line`."""
    return _HEAD


def line(one: Score) -> str:
    """One row of the table; what was not right follows in lines of its own."""
    row = one.row
    marks = "".join(
        f"{'-' if row.harmless and name in 'remedy stable' else 'NO' if wrong else 'yes':<{width}}"
        for name, wrong, width in (
            ("detected", one.detection, 9),
            ("diagnosed", one.diagnosis, 10),
            ("remedy", one.remedy, 7),
            ("place", one.localisation, 9),
            ("stable", one.stability, 7),
        )
    )
    policy = "" if row.policy == DEFAULT else f" ({row.policy})"
    first = f"{row.id:<6} {'live' if row.live else 'built':<6} {marks} {row.fault}{policy}"
    return "\n".join([first, *(f"       {complaint}" for complaint in one.complaints)])


def summary(scores: Sequence[Score], *, whole: bool) -> str:
    """The totals, and for the `whole` catalogue what is out of reach and why."""
    lines = [total.text for total in totals(scores) if total.tried]
    if whole:
        faults = [one for one in ELSEWHERE if one.id.startswith("F-")]
        lines += ["", f"not scored here, of {sum(number.startswith('F-') for number in CATALOGUE)} faults: {len(faults)}"]
        lines += [f"  {one.id} {one.fault}: {f'tried by {one.test}' if one.test else one.why}" for one in ELSEWHERE]
    return "\n".join(lines)


def as_json(scores: Sequence[Score]) -> dict[str, Any]:
    """For programs: every row with what was not right, the totals, and what is not scored here."""
    return {
        "schema": "cucmtls-scores-1",
        "rows": [
            {
                "id": one.row.id,
                "fault": one.row.fault,
                "tried": "live" if one.row.live else "built",
                "policy": one.row.policy,
                "outcome": one.row.outcome.value,
                "detection": list(one.detection),
                "diagnosis": list(one.diagnosis),
                "remedy": list(one.remedy),
                "localisation": list(one.localisation),
                "stability": list(one.stability),
            }
            for one in scores
        ],
        "totals": [asdict(total) for total in totals(scores)],
        "elsewhere": [asdict(one) for one in ELSEWHERE],
    }
