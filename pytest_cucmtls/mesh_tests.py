"""What pytest needs to know of a mesh: which tests there are for each trunk, and that tests of one trunk stay together."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_cucmtls.inventory import asks_for_simulation, text_of_inventory, values_of_inventory
from pytest_cucmtls.mesh_inventory import read_mesh
from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.model.mesh import MeshInvalid, declared_trunks, is_mesh

Between = tuple[str, str]


@dataclass(frozen=True, slots=True)
class TrunkTests:
    """Arguments of `Metafunc.parametrize`."""

    names: tuple[str, ...]
    values: list[Any]
    ids: list[str]


def trunks_in(file: Path) -> tuple[Between, ...]:
    """Both clusters of every trunk the file declares; empty for a pair. Raises: ConfigurationInvalid."""
    values = values_of_inventory(text_of_inventory(file), str(file))
    if not is_mesh(values):
        return ()
    if not asks_for_simulation(file):
        return tuple((trunk.cluster_a.name, trunk.cluster_b.name) for trunk in read_mesh(file).trunks)
    try:
        return tuple(trunk.between for trunk in declared_trunks(values))
    except MeshInvalid as problem:
        raise ConfigurationInvalid(str(file), problem.key, problem.problem) from problem


def tests_of(trunks: tuple[Between, ...], wanted: Set[str]) -> TrunkTests:
    """One test per trunk, and of those that want a cluster or a direction one for each; xdist keeps a trunk in one worker."""
    values, ids = [], []
    names = ("trunk_name", *(name for name in ("cluster_name", "direction") if name in wanted))
    for first, second in trunks:
        trunk = f"{first}--{second}"
        clusters = (first, second) if "cluster_name" in wanted else (None,)
        directions = (f"{first}->{second}", f"{second}->{first}") if "direction" in wanted else (None,)
        for cluster in clusters:
            for direction in directions:
                chosen = [value for value in (cluster, direction) if value is not None]
                values.append(pytest.param(trunk, *chosen, marks=pytest.mark.xdist_group(trunk)))
                ids.append("-".join((trunk, *chosen)))
    return TrunkTests(names, values, ids)


def trunk_by_trunk(items: list[pytest.Item]) -> None:
    """Order tests by trunk, each in their own order, so that one trunk's evidence is held at a time; others come first."""
    places: dict[str, int] = {"": -1}

    def place(item: pytest.Item) -> int:
        name = str(item.callspec.params.get("trunk_name", "")) if hasattr(item, "callspec") else ""
        return places.setdefault(name, len(places))

    items.sort(key=place)


def trunk_scheduling(config: pytest.Config, log: Any, trunks: tuple[Between, ...]) -> Any:
    """An xdist scheduler that gives all tests of a trunk to one worker, by the trunk's name in the test's id.

    The groups xdist 3.8 makes of its own mark do not reach the names of tests in pytest 9, where they can no longer be changed.
    """
    from xdist.scheduler import LoadScopeScheduling

    names = sorted(("--".join(between) for between in trunks), key=len, reverse=True)

    class TrunkScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist is optional and not seen by mypy
        """Work units are trunks; tests of none are units of their own."""

        def _split_scope(self, nodeid: str) -> str:
            return trunk_of_test(nodeid, names) or nodeid

    return TrunkScheduling(config, log)


def trunk_of_test(nodeid: str, longest_first: Sequence[str]) -> str | None:
    """The trunk a test's id in brackets begins with, ``test_x[london--paris-london]``; None for a test of no trunk."""
    _, _, shown = nodeid.partition("[")
    return next((name for name in longest_first if shown.startswith((f"{name}-", f"{name}]"))), None)
