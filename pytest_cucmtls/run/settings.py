"""What the caller of an acceptance run asked for."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pytest_cucmtls.model.inventory import Mode

PAIRS = ("modern", "source-document", "two-nodes")
"""Names of the simulated pairs."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the caller asked for."""

    folder: Path
    """The run folder."""
    inventory_file: Path | None = None
    """None: start the simulated pair named `pair`."""
    pair: str = "modern"
    policy: str | None = None
    mode: Mode | None = None
    """None: the inventory's own; a simulated pair is applied to."""
    plan: Path | None = None
    """Approved plan file; without one nothing but a simulator is changed."""
    faults: tuple[str, ...] = ()
    baseline: Path | None = None
    """Run folder or bundle to compare with: anything worse or unexplained fails the run."""
    language: str = "en"
    """Of the HTML report: ``en`` or ``fr``."""
    owner_process_id: int = 0
    """Process whose end also ends the simulated pair; 0: this one."""
    session: str = ""
    """Identifies one invocation: a failed step is tried again only by another one."""


def new_run_folder(reports: Path) -> Path:
    """A folder name nobody has yet, sortable by time."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return reports / f"run-{stamp}-{os.getpid()}"
