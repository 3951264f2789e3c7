"""Carries out an approved plan: the ten steps in order, each change of it and none besides."""

from collections.abc import Iterator

from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.procedure.approved_plan import ApprovedPlan
from pytest_cucmtls.procedure.context import Run
from pytest_cucmtls.procedure.runner import StepResult, perform
from pytest_cucmtls.procedure.steps import STEPS


def apply_plan(run: Run, approved: ApprovedPlan) -> Iterator[StepResult]:
    """Each step's result as it ends; the first that does not pass is the last.

    Doing it again changes nothing that is as planned already. Raises: UnsafeToAct, before anything is changed, when plan
    and clusters do not belong together any more; StoppedByOperator after a finished change.
    """
    approved.bind(run)
    for step in STEPS:
        result = perform(run, step)
        yield result
        if result.outcome is not Outcome.PASS:
            return
