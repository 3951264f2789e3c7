"""The ten steps and the two proofs: what was changed, what was found, how long it took."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pytest_cucmtls.checks.register import STEPS
from pytest_cucmtls.model.evidence import Evidence, StepRecord
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.model.verdicts import Outcome, Verdict
from pytest_cucmtls.report.answers import UNDECIDED_OUTCOMES, Standing
from pytest_cucmtls.report.html.shown import span


@dataclass(frozen=True, slots=True)
class Change:
    """One change: where, from what, to what; `before` is "" when the sentence has no such form."""

    place: str
    before: str
    after: str
    interface: str


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step as the run left it."""

    step: str
    standing: Standing | None
    """None: no verdict belongs to it."""
    record: StepRecord | None
    changes: tuple[Change, ...]
    seconds: str
    counts: tuple[tuple[Outcome, int], ...]
    remarks: tuple[Verdict, ...]
    """Verdicts that are neither proven nor beside the point, dependents left out."""
    hidden: int
    """Verdicts not evaluated because of these or earlier ones."""


def steps(verdicts: Sequence[Verdict], evidence: Evidence, about: Mapping[str, object]) -> tuple[StepRow, ...]:
    """Ten steps, then V1 and V2, each with its own verdicts."""
    records = {str(source.value.number): source.value for source in evidence.steps}
    durations = _durations(about)
    return tuple(
        _row(step, [verdict for verdict in verdicts if verdict.step == step], records.get(step), durations.get(step, ""))
        for step in STEPS
    )


def applied(evidence: Evidence) -> bool:
    """The run was allowed to change the clusters."""
    return evidence.inventory.mode is Mode.APPLY


def _row(step: str, verdicts: Sequence[Verdict], record: StepRecord | None, seconds: str) -> StepRow:
    present = [verdict.outcome for verdict in verdicts]
    remarkable = [verdict for verdict in verdicts if verdict.outcome in {Outcome.FAIL, Outcome.WARN, *UNDECIDED_OUTCOMES}]
    return StepRow(
        step=step,
        standing=standing_of(present),
        record=record,
        changes=tuple(_change(text) for text in record.changes) if record else (),
        seconds=seconds,
        counts=tuple((outcome, present.count(outcome)) for outcome in Outcome if outcome in present),
        remarks=tuple(verdict for verdict in remarkable if not verdict.depends_on),
        hidden=sum(bool(verdict.depends_on) for verdict in remarkable),
    )


def standing_of(outcomes: Sequence[Outcome]) -> Standing | None:
    """The worst of several outcomes as a standing; None when nothing was judged."""
    if Outcome.FAIL in outcomes:
        return Standing.REFUTED
    if any(outcome in outcomes for outcome in UNDECIDED_OUTCOMES):
        return Standing.UNDECIDED
    if Outcome.WARN in outcomes:
        return Standing.FRAGILE
    return Standing.PROVEN if Outcome.PASS in outcomes else None


def _change(text: str) -> Change:
    """``A/node identity: old → new (interface)`` in its parts; any other sentence stays whole."""
    place, colon, rest = text.partition(": ")
    before, arrow, after = rest.partition(" → ")
    if not colon or not arrow:
        return Change(text, "", "", "")
    interface = ""
    if after.endswith(")") and " (" in after:
        after, _, interface = after[:-1].rpartition(" (")
    return Change(place, before, after, interface)


def _durations(about: Mapping[str, object]) -> dict[str, str]:
    phases = about.get("phases")
    found: dict[str, float] = {}
    for phase in phases if isinstance(phases, list) else ():
        name = str(phase.get("phase", ""))
        if name.startswith("step "):
            number = name[5:].partition(":")[0]
            found[number] = found.get(number, 0.0) + float(phase.get("seconds", 0.0))
    return {number: span(seconds) for number, seconds in found.items()}
