"""Runs steps: plan, do, read back, each act announced in the journal before it is made."""

import time
from dataclasses import dataclass

from pytest_cucmtls.model.errors import CucmTlsError, UnsafeToAct
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.procedure.context import Change, Run, Step
from pytest_cucmtls.procedure.journal import Entry


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
        for change in step.plan(run):
            run.progress(f"step {step.number:2d}  {change.target}: {change.after}")
            run.journal.append(_entry("change_begun", step, change))
            change.perform()
            run.journal.append(_entry("change_done", step, change))
            changes.append(f"{change.target}: {change.before} → {change.after} ({change.interface})")
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


def _entry(event: str, step: Step, change: Change) -> Entry:
    return Entry(event, step.number, change.target, change.before, change.after, change.interface, change.undo)
