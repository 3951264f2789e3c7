"""Runs the packaged test cases as a user does, in a process and a folder of their own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[1]


@dataclass(frozen=True)
class FinishedRun:
    """What an acceptance run left behind."""

    exit_code: int
    output: str
    folder: Path

    @property
    def verdicts(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / "verdicts.json").read_text(encoding="utf-8"))
        return document

    def outcomes(self, *wanted: str) -> set[tuple[str, str]]:
        """(check, subject) of every verdict with one of these outcomes."""
        return {(verdict["check"], verdict["subject"]) for verdict in self.verdicts["verdicts"] if verdict["outcome"] in wanted}


def accept(place: Path, *options: str, environment: dict[str, str] | None = None) -> FinishedRun:
    """One run of the test cases with these options; its run folder is below `place`."""
    place.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pytest", str(CHECKOUT / "testcases"), "-p", "no:cacheprovider", f"--rootdir={CHECKOUT}"]
    command += ["--cucm-reports", str(place / "reports"), *options]
    ended = subprocess.run(
        command, cwd=place, capture_output=True, text=True, check=False, env=os.environ | (environment or {}), timeout=300
    )
    folders = sorted((place / "reports").glob("run-*")) if (place / "reports").exists() else []
    return FinishedRun(ended.returncode, ended.stdout + ended.stderr, folders[-1] if folders else place)
