"""Verdicts as lines of text for a terminal."""

from collections import Counter
from collections.abc import Sequence

from pytest_cucmtls.model.verdicts import Outcome, Verdict

_QUIET = {Outcome.PASS, Outcome.NOT_APPLICABLE}


def verdict_lines(verdicts: Sequence[Verdict]) -> list[str]:
    """One line per verdict; those that are not a pass also say why and what to do."""
    lines = []
    for verdict in verdicts:
        lines.append(f"{verdict.outcome.value:<14} {verdict.step:>3}  {verdict.subject:<12} {verdict.title}")
        if verdict.outcome not in _QUIET:
            remedy = f" Remedy: {', '.join(verdict.remedies)}." if verdict.remedies else ""
            lines.append(f"{'':<20}{verdict.diagnosis}{remedy}")
        if verdict.waiver is not None:
            lines.append(f"{'':<20}{verdict.waiver.sentence}")
    counted = Counter(verdict.outcome for verdict in verdicts)
    lines.append(", ".join(f"{counted[outcome]} {outcome.value}" for outcome in Outcome if counted[outcome]) or "no verdicts")
    return lines
