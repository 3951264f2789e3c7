"""What a mesh verification came to: one cell per direction, what explains those not proven; CSV and JSON of it."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pytest_cucmtls.model.verdicts import Verdict
from pytest_cucmtls.report.answers import Answer, Standing, answers
from pytest_cucmtls.report.csv_verdicts import spreadsheet_cell
from pytest_cucmtls.whole_files import write_atomically

MATRIX_SCHEMA = "cucmtls-mesh-matrix-1"
BAD = (Standing.REFUTED, Standing.UNDECIDED)


@dataclass(frozen=True, slots=True)
class Cell:
    """One direction of one trunk."""

    client: str
    server: str
    trunk: str
    standing: Standing
    check: str
    """Check that decided a refuted or undecided direction; empty when proven."""
    title: str
    subject: str
    diagnosis: str
    more: int
    """How many further verdicts say the same."""
    warnings: int

    @property
    def direction(self) -> str:
        """``london->paris``."""
        return f"{self.client}->{self.server}"


@dataclass(frozen=True, slots=True)
class Suspect:
    """What explains cells that are not proven; `kind` is ``cluster``, ``calls_from``, ``calls_to``, ``trunk``, ``direction``."""

    kind: str
    name: str
    cells: tuple[Cell, ...]

    @property
    def standing(self) -> Standing:
        """Refuted when one of its cells is."""
        return Standing.REFUTED if any(cell.standing is Standing.REFUTED for cell in self.cells) else Standing.UNDECIDED

    @property
    def checks(self) -> tuple[tuple[str, str, int], ...]:
        """(check, title, cells) that decided them, most frequent first."""
        counted = Counter((cell.check, cell.title) for cell in self.cells if cell.check)
        return tuple((check, title, number) for (check, title), number in counted.most_common())


@dataclass(frozen=True, slots=True)
class Matrix:
    """Every direction of a mesh."""

    clusters: tuple[str, ...]
    cells: tuple[Cell, ...]

    def cell(self, client: str, server: str) -> Cell | None:
        """The direction's cell; None where there is no trunk."""
        return next((cell for cell in self.cells if (cell.client, cell.server) == (client, server)), None)

    def counts(self) -> Counter[Standing]:
        """Directions by standing."""
        return Counter(cell.standing for cell in self.cells)

    def suspects(self) -> tuple[Suspect, ...]:
        """Few names that cover every cell not proven: whole clusters first, then one role of a cluster, trunks, directions.

        A cluster (or its role) is named only when at least two of its trunks are concerned and none is proven. Refuted and
        undecided cells are never explained by one name.
        """
        found: list[Suspect] = []
        for standing in BAD:
            left = {cell.direction: cell for cell in self.cells if cell.standing is standing}
            for kind in ("cluster", "calls_from", "calls_to"):
                for name in self.clusters:
                    own = [cell for cell in self.cells if _concerns(kind, name, cell)]
                    open_cells = [cell for cell in own if cell.direction in left]
                    if len({cell.trunk for cell in own}) > 1 and open_cells and all(cell.standing is standing for cell in own):
                        found.append(Suspect(kind, name, tuple(open_cells)))
                        left = {direction: cell for direction, cell in left.items() if cell not in open_cells}
            found += _of_trunks(list(left.values()))
        return tuple(found)


def _concerns(kind: str, name: str, cell: Cell) -> bool:
    return {"cluster": name in (cell.client, cell.server), "calls_from": name == cell.client, "calls_to": name == cell.server}[
        kind
    ]


def _of_trunks(left: list[Cell]) -> list[Suspect]:
    """Both directions of a trunk as one name, a single direction as its own."""
    by_trunk: dict[str, list[Cell]] = {}
    for cell in left:
        by_trunk.setdefault(cell.trunk, []).append(cell)
    return [
        Suspect("trunk", name, tuple(cells)) if len(cells) == 2 else Suspect("direction", cells[0].direction, tuple(cells))
        for name, cells in by_trunk.items()
    ]


def cells_of(trunk: str, verdicts: Sequence[Verdict], first: str, second: str) -> tuple[Cell, Cell]:
    """Both directions of one trunk."""
    one, other = (_cell(trunk, answer) for answer in answers(verdicts, first, second))
    return one, other


def _cell(trunk: str, answer: Answer) -> Cell:
    lead = answer.lead
    return Cell(
        client=answer.client,
        server=answer.server,
        trunk=trunk,
        standing=answer.standing,
        check=lead.check if lead else "",
        title=lead.title if lead else "",
        subject=lead.subject if lead else "",
        diagnosis=lead.diagnosis if lead else "",
        more=answer.more,
        warnings=answer.warnings,
    )


def matrix_as_json(matrix: Matrix, about: dict[str, object]) -> str:
    """The whole matrix; `about` is who, when and with what."""
    counted = matrix.counts()
    values = {
        "schema": MATRIX_SCHEMA,
        "run": about,
        "clusters": list(matrix.clusters),
        "counts": {standing.value: counted[standing] for standing in Standing},
        "suspects": [
            {
                "kind": suspect.kind,
                "name": suspect.name,
                "standing": suspect.standing.value,
                "directions": [c.direction for c in suspect.cells],
            }
            for suspect in matrix.suspects()
        ],
        "directions": [asdict(cell) | {"standing": cell.standing.value, "direction": cell.direction} for cell in matrix.cells],
    }
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


COLUMNS = ("client", "server", "trunk", "standing", "check", "title", "subject", "diagnosis", "more", "warnings")


def matrix_as_csv(cells: Iterable[Cell]) -> str:
    """A header and one row per direction (RFC 4180), safe to open in a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for cell in cells:
        values = asdict(cell) | {"standing": cell.standing.value}
        writer.writerow([spreadsheet_cell(str(values[column])) for column in COLUMNS])
    return text.getvalue()


def write_matrix_files(folder: Path, matrix: Matrix, about: dict[str, object]) -> None:
    """``matrix.json`` and ``matrix.csv``."""
    write_atomically(folder / "matrix.json", matrix_as_json(matrix, about).encode())
    write_atomically(folder / "matrix.csv", matrix_as_csv(matrix.cells).encode("utf-8-sig"))
