"""Makes, approves and applies plans on a simulated pair, through the command line as a user does."""

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

from pytest_cucmtls.cli import main
from pytest_cucmtls.procedure.plan_file import read_plan
from pytest_cucmtls.procedure.plan_values import Plan
from pytest_cucmtls.simulated_clusters import SimulatedPair


@dataclass(frozen=True)
class Said:
    """How a command ended and what it printed."""

    code: int
    output: str
    errors: str


def cucmtls(*words: object) -> Said:
    """One command in this process."""
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        code = main([str(word) for word in words])
    return Said(code, output.getvalue(), errors.getvalue())


@dataclass(frozen=True)
class Desk:
    """The files of somebody who plans changes of one pair."""

    pair: SimulatedPair
    folder: Path

    @property
    def plan_file(self) -> Path:
        return self.folder / "plan.json"

    @property
    def run_folder(self) -> Path:
        return self.folder / "run"

    def plan(self) -> Said:
        return cucmtls("plan", "--inventory", self.pair.inventory_file, "--out", self.plan_file)

    def planned(self) -> Plan:
        return read_plan(self.plan_file)

    def approve(self, *options: str) -> Said:
        return cucmtls("approve", self.plan_file, "--by", "Ada", *(options or ("--yes-replace-identities",)))

    def apply(self) -> Said:
        return cucmtls("apply", self.plan_file, "--inventory", self.pair.inventory_file, "--run", self.run_folder)

    def undo(self, *options: str) -> Said:
        return cucmtls("undo", self.run_folder, "--inventory", self.pair.inventory_file, *options)
