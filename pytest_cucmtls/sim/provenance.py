"""Where each simulated behaviour comes from: collected from the parts that declare it, and counted.

A module that simulates an interface declares a tuple ``BEHAVIOURS``; the platform CLI declares it with each command.
"""

import importlib
import pkgutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Provenance(Enum):
    """How well a behaviour is known."""

    RECORDED = "RECORDED"
    """Seen in genuine answers, captures or traces."""
    SPECIFIED = "SPECIFIED"
    """Said by the vendor's schema or guides, or reported by several users."""
    ASSUMED = "ASSUMED"
    """No source found; chosen and marked."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One behaviour of a simulated interface; `source` says what the mark rests on."""

    interface: str
    description: str
    provenance: Provenance
    source: str


_ROOT = "pytest_cucmtls.sim"
_STARTS_A_PROGRAM = "__main__"
_COMMANDS = "pytest_cucmtls.sim.cli_commands"


def behaviours() -> tuple[Behaviour, ...]:
    """Every declared behaviour of every module of the simulator, by interface and in the order of declaration."""
    root = importlib.import_module(_ROOT)
    found: list[Behaviour] = []
    for information in pkgutil.walk_packages(root.__path__, f"{_ROOT}."):
        if not information.name.endswith(_STARTS_A_PROGRAM):
            found.extend(getattr(importlib.import_module(information.name), "BEHAVIOURS", ()))
    return tuple(sorted((*found, *_commands()), key=lambda behaviour: behaviour.interface.lower()))


def counts(known: Iterable[Behaviour]) -> dict[str, dict[Provenance, int]]:
    """Per interface, how many behaviours have each mark."""
    found: dict[str, Counter[Provenance]] = {}
    for behaviour in known:
        found.setdefault(behaviour.interface, Counter())[behaviour.provenance] += 1
    return {interface: {mark: marks[mark] for mark in Provenance} for interface, marks in found.items()}


def _commands() -> Iterable[Behaviour]:
    """The platform CLI's commands as they declare themselves."""
    package = importlib.import_module(_COMMANDS)
    for information in pkgutil.iter_modules(package.__path__, f"{_COMMANDS}."):
        for command in getattr(importlib.import_module(information.name), "COMMANDS", ()):
            yield Behaviour("platform CLI", " ".join(command.words), Provenance(command.provenance), command.source)
