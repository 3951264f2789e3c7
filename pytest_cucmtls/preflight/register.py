"""Finds every probe: a function of a module below `probes/` with one of the four marks; adding one touches one file."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

from pytest_cucmtls.preflight import probes as room
from pytest_cucmtls.preflight.results import Answer
from pytest_cucmtls.preflight.views import ClusterView, MachineView, NodeView


class Scope(Enum):
    """What a probe is asked about, in the order in which it is asked."""

    MACHINE = "machine"
    CLUSTER = "cluster"
    NODE = "node"
    PUBLISHER = "publisher"
    """A node probe that is asked of the publisher only."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One question: its id (the function's name), what people read, and what must stand before it can be asked."""

    id: str
    title: str
    scope: Scope
    order: int
    needs: tuple[str, ...]
    """Ids of probes that must be ok at the same place (or above it)."""
    account: str
    """``axl``, ``platform`` or "": once a cluster refused an account it is not tried again, as that might lock it."""
    ask: Callable[[Any], Answer]


_FOUND: dict[str, Probe] = {}


def of_machine(title: str, *, order: int) -> Callable[[Callable[[MachineView], Answer]], Callable[[MachineView], Answer]]:
    """Marks a question about this machine or the run as a whole."""

    def mark(ask: Callable[[MachineView], Answer]) -> Callable[[MachineView], Answer]:
        _add(Probe(ask.__name__, title, Scope.MACHINE, order, (), "", ask))
        return ask

    return mark


def of_cluster(title: str, *, order: int) -> Callable[[Callable[[ClusterView], Answer]], Callable[[ClusterView], Answer]]:
    """Marks a question about a cluster's part of the inventory; nothing is asked of the cluster."""

    def mark(ask: Callable[[ClusterView], Answer]) -> Callable[[ClusterView], Answer]:
        _add(Probe(ask.__name__, title, Scope.CLUSTER, order, (), "", ask))
        return ask

    return mark


def of_node(
    title: str, *, order: int, needs: tuple[str, ...] = (), account: str = ""
) -> Callable[[Callable[[NodeView], Answer]], Callable[[NodeView], Answer]]:
    """Marks a question asked of every node."""
    return _of_a_node(title, Scope.NODE, order, needs, account)


def of_publisher(
    title: str, *, order: int, needs: tuple[str, ...] = (), account: str = ""
) -> Callable[[Callable[[NodeView], Answer]], Callable[[NodeView], Answer]]:
    """Marks a question asked of each cluster's publisher."""
    return _of_a_node(title, Scope.PUBLISHER, order, needs, account)


def _of_a_node(
    title: str, scope: Scope, order: int, needs: tuple[str, ...], account: str
) -> Callable[[Callable[[NodeView], Answer]], Callable[[NodeView], Answer]]:
    def mark(ask: Callable[[NodeView], Answer]) -> Callable[[NodeView], Answer]:
        _add(Probe(ask.__name__, title, scope, order, needs, account, ask))
        return ask

    return mark


def _add(probe: Probe) -> None:
    if probe.id in _FOUND:
        raise ValueError(f"two probes are called {probe.id}")
    _FOUND[probe.id] = probe


@cache
def all_probes() -> tuple[Probe, ...]:
    """Every probe in the order of the table."""
    for module in sorted(found.name for found in pkgutil.iter_modules(room.__path__)):
        importlib.import_module(f"{room.__name__}.{module}")
    return tuple(sorted(_FOUND.values(), key=lambda probe: (probe.order, probe.id)))
