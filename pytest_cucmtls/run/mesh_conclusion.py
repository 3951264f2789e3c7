"""The end of a mesh verification: every trunk judged once, by several processes if wanted, and the matrix written."""

import json
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from pytest_cucmtls.evidence.verdicts_json import read_verdicts
from pytest_cucmtls.model.verdicts import EXIT_CODES
from pytest_cucmtls.report.answers import Standing
from pytest_cucmtls.report.html.mesh_page import write_mesh_page
from pytest_cucmtls.report.mesh_matrix import Cell, Matrix, cells_of, write_matrix_files
from pytest_cucmtls.run.mesh_run import MeshRun
from pytest_cucmtls.run.settings import Settings


@dataclass(frozen=True, slots=True)
class MeshConclusion:
    """What a mesh verification came to."""

    folder: Path
    matrix: Matrix
    about: dict[str, Any]

    @property
    def unfit(self) -> bool:
        """A mesh is compared with no baseline, so nothing but its verdicts decides how the run ends."""
        return False

    @property
    def exit_code(self) -> int:
        """0 everything proven, 1 something refuted, 3 something undecided (DESIGN §6)."""
        counted = self.matrix.counts()
        if counted[Standing.REFUTED]:
            return EXIT_CODES["finding"]
        return EXIT_CODES["undecided"] if counted[Standing.UNDECIDED] else EXIT_CODES["ok"]

    def lines(self, *, brief: bool = False) -> list[str]:
        """For the terminal; `brief` leaves out what explains the directions that are not proven."""
        counted = self.matrix.counts()
        total = sum(phase["seconds"] for phase in self.about["phases"])
        return [
            "directions: " + ", ".join(f"{counted[standing]} {standing.value}" for standing in Standing if counted[standing]),
            *(
                f"{suspect.standing.value}: {suspect.kind.replace('_', ' ')} {suspect.name}"
                for suspect in (() if brief else self.matrix.suspects())
            ),
            f"the collection took {total:.1f} s for {len(self.matrix.cells)} directions",
            f"look at {self.folder / 'matrix.html'}",
        ]


def judge_trunks(run: MeshRun, names: Iterable[str], workers: int, progress: Callable[[str], None]) -> None:
    """Judge the trunks nobody judged yet. Raises: whatever judging one of them raises."""
    left = [name for name in names if not (run.trunk_folder(name) / "verdicts.json").exists()]
    if not left:
        return
    progress(f"{len(left)} trunks are judged")
    if workers < 2 or len(left) < 2:
        for name in left:
            run.conclude_trunk(name)
        return
    with ProcessPoolExecutor(min(workers, len(left)), mp_context=get_context("spawn")) as pool:
        for _ in pool.map(_judge_one, ((run.settings, name) for name in left), chunksize=max(1, len(left) // (8 * workers))):
            pass


def _judge_one(task: tuple[Settings, str]) -> None:
    settings, name = task
    MeshRun(settings, _say_nothing).conclude_trunk(name)


def _say_nothing(text: str) -> None:
    """A worker has no terminal."""
    del text


def conclude_mesh(run: MeshRun, progress: Callable[[str], None], *, workers: int = 0) -> MeshConclusion:
    """Judge what is left, with as many processes (0: one per core), and write the matrix as page, CSV and JSON."""
    about: dict[str, Any] = json.loads((run.folder / "mesh.json").read_text(encoding="utf-8"))
    judge_trunks(run, about["trunks"], workers or os.cpu_count() or 1, progress)
    cells: list[Cell] = []
    for name, (first, second) in zip(about["trunks"], about["between"], strict=True):
        _, verdicts = read_verdicts(run.trunk_folder(name) / "verdicts.json")
        cells += cells_of(name, verdicts, first, second)
    matrix = Matrix(tuple(about["clusters"]), tuple(cells))
    told = {key: value for key, value in about.items() if key not in ("trunks", "between", "schema", "clusters")}
    write_matrix_files(run.folder, matrix, told)
    write_mesh_page(run.folder, matrix, told, language=run.settings.language)
    return MeshConclusion(run.folder, matrix, told)
