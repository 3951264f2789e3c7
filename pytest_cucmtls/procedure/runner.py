"""Runs steps: plan, do, read back, each act announced in the journal before it is made."""

import time
from contextlib import nullcontext
from dataclasses import dataclass

from pytest_cucmtls.model.errors import CucmTlsError, UnsafeToAct
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.procedure.context import Change, Run, Step
from pytest_cucmtls.procedure.interruption import finishing_first
from pytest_cucmtls.procedure.journal import Entry

NO_CLUSTER = "authority"
"""Interface of changes that touch no cluster."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """How one step went; `changes` are sentences, empty when everything was as it should be already."""

    number: int
    title: str
    outcome: Outcome
    message: str
    changes: tuple[str, ...]
    seconds: float


class StepFailed(CucmTlsError):
    """A step of the procedure did not finish; `result` says which and why, `asked` which step the caller wanted."""

    def __init__(self, result: StepResult, asked: int) -> None:
        place = f"step {result.number}, {result.title}"
        super().__init__(
            f"{place}: {result.message}"
            if asked == result.number
            else f"not evaluated, because {place} did not finish: {result.message}"
        )
        self.result, self.asked = result, asked


def perform(run: Run, step: Step) -> StepResult:
    """Plan the step, make its changes, read back; an error of ours becomes the step's outcome, the journal stays true."""
    started = time.monotonic()
    run.step = step.number
    changes: list[str] = []
    run.journal.append(Entry("step_begun", step.number, target=step.title))
    try:
        planned = step.plan(run)
        for change in planned:
            _ask_gates(run, step.number, change)
        for change in planned:
            changes.append(make_change(run, step.number, change))
        step.read_back(run)
        run.keep_transcripts()
    except CucmTlsError as problem:
        run.keep_transcripts()
        outcome = Outcome.BLOCKED if isinstance(problem, UnsafeToAct) else Outcome.ERROR
        return StepResult(step.number, step.title, outcome, str(problem), tuple(changes), time.monotonic() - started)
    run.journal.append(Entry("step_done", step.number, target=step.title))
    said = f"{len(changes)} change(s)" if changes else "nothing had to be changed"
    return StepResult(step.number, step.title, Outcome.PASS, said, tuple(changes), time.monotonic() - started)


def observe(run: Run, step: Step) -> StepResult:
    """Only read what the step is about (verify-only); an error of ours becomes the step's outcome."""
    started = time.monotonic()
    run.step = step.number
    try:
        step.read_back(run)
        run.keep_transcripts()
    except CucmTlsError as problem:
        run.folder.keep_missing(f"step {step.number}", str(problem))
        return StepResult(step.number, step.title, Outcome.ERROR, str(problem), (), time.monotonic() - started)
    return StepResult(step.number, step.title, Outcome.PASS, "read, not changed", (), time.monotonic() - started)


def make_change(run: Run, number: int, change: Change) -> str:
    """Ask the run's gates, announce the change, make it, record that it was made; returns it as a sentence.

    Ctrl-C meanwhile waits until the change is recorded; waiting for a signature changes no cluster and may end at once.
    Raises: UnsafeToAct from a gate, before anything is announced; StoppedByOperator; what the change itself raises, and
    then the journal holds it as begun.
    """
    _ask_gates(run, number, change)
    with nullcontext() if change.interface == NO_CLUSTER else finishing_first(run.progress):
        run.progress(f"step {number:2d}  {change.target}: {change.after}")
        run.journal.append(_entry("change_begun", number, change))
        change.perform()
        run.journal.append(_entry("change_done", number, change))
    return f"{change.target}: {change.before} → {change.after} ({change.interface})"


def _ask_gates(run: Run, number: int, change: Change) -> None:
    for gate in run.gates:
        gate(number, change)


def _entry(event: str, number: int, change: Change) -> Entry:
    return Entry(event, number, change.target, change.before, change.after, change.interface, change.undo)
