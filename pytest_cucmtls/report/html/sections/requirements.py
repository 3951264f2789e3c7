"""The product's requirements, one tile each: where the checks that decide it stand."""

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_cucmtls.checks.requirements_map import REQUIREMENTS
from pytest_cucmtls.model.verdicts import Verdict
from pytest_cucmtls.report.answers import Standing
from pytest_cucmtls.report.html.sections.steps import standing_of


@dataclass(frozen=True, slots=True)
class Tile:
    """One requirement; `why_none` says why no check decides it, `standing` is None when nothing was judged."""

    id: str
    title: str
    standing: Standing | None
    verdicts: int
    why_none: str


def tiles(verdicts: Sequence[Verdict]) -> tuple[Tile, ...]:
    """Every requirement in its order."""
    found = []
    for requirement in REQUIREMENTS:
        outcomes = [verdict.outcome for verdict in verdicts if verdict.check in requirement.checks]
        found.append(Tile(requirement.id, requirement.title, standing_of(outcomes), len(outcomes), requirement.why_none))
    return tuple(found)
