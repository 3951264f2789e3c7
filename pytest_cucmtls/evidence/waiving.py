"""Puts waivers beside the verdicts they are about; outcomes stay what they are."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from pytest_cucmtls.model.verdicts import EXIT_CODES, Outcome, Verdict, exit_code
from pytest_cucmtls.model.waivers import AppliedWaiver, Waiver

_NOTHING_TO_WAIVE = {Outcome.PASS, Outcome.NOT_APPLICABLE}
_ACCEPTABLE = {Outcome.FAIL, Outcome.INCONCLUSIVE}
"""What an owner may answer for; a tool that failed or refused to act is nobody's decision."""


def with_waivers(verdicts: Iterable[Verdict], waivers: Sequence[Waiver], on: date) -> list[Verdict]:
    """The verdicts, those that are no pass with the waiver that covers them; an unexpired one before an expired one.

    `on` is the day the evidence is about, never today: judging again later gives the same verdicts.
    """
    return [_with_waiver(verdict, waivers, on) for verdict in verdicts]


def _with_waiver(verdict: Verdict, waivers: Sequence[Waiver], on: date) -> Verdict:
    if verdict.outcome in _NOTHING_TO_WAIVE:
        return verdict
    covering = [AppliedWaiver(waiver, waiver.expired(on)) for waiver in waivers if waiver.covers(verdict.check, verdict.subject)]
    applied = min(covering, key=lambda found: found.expired, default=None)
    return verdict if applied is None else replace(verdict, waiver=applied)


def accepted(verdict: Verdict) -> bool:
    """True when somebody answers for this finding or open question and the waiver had not expired."""
    return verdict.outcome in _ACCEPTABLE and verdict.waiver is not None and not verdict.waiver.expired


def exit_code_accepting_waived(verdicts: Sequence[Verdict]) -> int:
    """As `exit_code`, leaving out what is accepted; for callers that ask for it explicitly. No verdicts at all is 3."""
    if not verdicts:
        return EXIT_CODES["undecided"]
    left = [verdict.outcome for verdict in verdicts if not accepted(verdict)]
    return exit_code(left) if left else EXIT_CODES["ok"]


def idle_waivers(verdicts: Sequence[Verdict], waivers: Sequence[Waiver]) -> tuple[Waiver, ...]:
    """Waivers beside no verdict: repaired since, misspelled, or about a subject that does not exist."""
    used = {verdict.waiver.waiver for verdict in verdicts if verdict.waiver is not None}
    return tuple(waiver for waiver in waivers if waiver not in used)


def waiver_lines(verdicts: Sequence[Verdict], waivers: Sequence[Waiver]) -> list[str]:
    """For a terminal: every waiver that was applied, expired ones named as such, then those beside no verdict."""
    lines = [
        f"{verdict.check} ({verdict.subject}): {verdict.outcome.value}, {verdict.waiver.sentence}"
        for verdict in verdicts
        if verdict.waiver is not None
    ]
    lines += [f"{waiver.check} ({waiver.subject}): nothing to waive" for waiver in idle_waivers(verdicts, waivers)]
    return lines
