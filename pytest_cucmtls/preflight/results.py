"""What a probe answers and how the answers are put together: frozen values without any I/O."""

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from pytest_cucmtls.model.verdicts import EXIT_CODES


class Standing(Enum):
    """How one thing stands before a run."""

    OK = "ok"
    PROBLEM = "problem"
    """Proven wrong; the repair is said."""
    CANNOT_SAY = "cannot say"
    """Not decidable now; what would decide it is said."""
    NOT_APPLICABLE = "not applicable"
    """This run does not need it; why is said."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one probe found; `repair` is empty for what is right or not needed."""

    standing: Standing
    found: str
    repair: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the preflight: an answer with its place; cluster and node are empty where they do not matter."""

    probe: str
    title: str
    cluster: str
    node: str
    standing: Standing
    found: str
    repair: str

    @property
    def place(self) -> str:
        """``this machine``, ``cluster A`` or ``cluster A, node cucm-a``."""
        if not self.cluster:
            return "this machine"
        return f"cluster {self.cluster}, node {self.node}" if self.node else f"cluster {self.cluster}"

    def as_json(self) -> dict[str, Any]:
        """Every field by name, the standing by value."""
        return {**asdict(self), "standing": self.standing.value}


def ok(found: str) -> Answer:
    """As it should be."""
    return Answer(Standing.OK, found)


def problem(found: str, repair: str) -> Answer:
    """Proven wrong, and what repairs it."""
    return Answer(Standing.PROBLEM, found, repair)


def cannot_say(found: str, repair: str) -> Answer:
    """Not decided, and what would decide it."""
    return Answer(Standing.CANNOT_SAY, found, repair)


def not_applicable(why: str) -> Answer:
    """Not needed in this run."""
    return Answer(Standing.NOT_APPLICABLE, why)


def exit_code(rows: tuple[Row, ...]) -> int:
    """1 when something is proven wrong, else 3 when something is undecided, else 0."""
    standings = {row.standing for row in rows}
    if Standing.PROBLEM in standings:
        return EXIT_CODES["finding"]
    return EXIT_CODES["undecided"] if Standing.CANNOT_SAY in standings else EXIT_CODES["ok"]
