"""The fault catalogue as a table: how each fault is injected, which verdicts must say so."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pytest_cucmtls.model.verdicts import Outcome

DEFAULT = "cisco-hardening"
_FAULT_NUMBERS = (
    *(2, 3, 5, 6, 7, 8, 13, 15, 20, 22, 25, 26, 27, 28, 30, 31, 35, 39, 40, 42, 44, 46, 47, 49, 51, 52, 56, 57, 60, 62, 65, 66),
    *(69, 71, 73, 76, 77, 78, 79, 81, 83, 84, 85, 86, 87, 89, 91, 96, 99, 103, 104, 105, 107, 109, 112, 113, 115, 116, 118),
    *(119, 120, 122, 124, 126, 128, 130, 131, 133, 137, 138, 139, 142, 145, 147),
)
_HARMLESS_NUMBERS = (3, 4, 5, 7, 8, 11, 14, 15, 18, 22, 23, 24, 27, 28)
CATALOGUE = (*(f"F-{number:03d}" for number in _FAULT_NUMBERS), *(f"N-{number:02d}" for number in _HARMLESS_NUMBERS))
"""The numbers of the catalogue: 74 faults and 14 look-alikes."""


@dataclass(frozen=True)
class Row:
    """One fault, injected alone into an otherwise good pair."""

    id: str
    """Number of the catalogue; ``G-…`` for faults beyond it, ``N-…`` for harmless look-alikes."""
    fault: str
    """What is wrong, as a clause."""
    make: Callable[..., Any]
    """Live: breaks a `Bench`. Built: returns the evidence."""
    found: tuple[tuple[str, str], ...] = ()
    """(check, subject) that must say it; the first one first."""
    outcome: Outcome = Outcome.FAIL
    phase: str = "config"
    """The latest phase in which it may first be visible."""
    remedy: str = ""
    says: tuple[str, ...] = ()
    """Words the verdicts found must contain between them."""
    also: frozenset[str] = frozenset()
    """Checks that may find the same fault in another place."""
    policy: str = DEFAULT
    legacy: Outcome | None = None
    """Outcome of the first check under legacy-2015, where the catalogue states one."""
    live: bool = False
    """Really done to a running pair (else: evidence built as a run would have gathered it)."""

    @property
    def harmless(self) -> bool:
        """A look-alike: every check must stay silent."""
        return self.id.startswith("N-")


@dataclass(frozen=True)
class Elsewhere:
    """A fault this table does not inject: which test does, or why nobody can."""

    id: str
    fault: str
    test: str = ""
    """``file::function`` of the test that injects it; "" when it is not covered."""
    why: str = ""


def every_row() -> tuple[Row, ...]:
    """All rows that are injected, look-alikes included: the ROWS of every module of `faults`."""
    package = importlib.import_module("pytest_cucmtls.rehearsal.faults")
    modules = [importlib.import_module(f"{package.__name__}.{found.name}") for found in pkgutil.iter_modules(package.__path__)]
    return tuple(row for module in modules for row in module.ROWS)
