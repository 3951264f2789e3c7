"""How faults are named, found and put into a cluster; the faults themselves stand in `faults` and `configuration_faults`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pytest_cucmtls.sim.state import ClusterState

Effect = Callable[[ClusterState], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault's name, first docstring line, and effect on one cluster."""

    name: str
    description: str
    effect: Effect


class UnknownFault(Exception):
    """No fault, or no cluster, of that name; or a fault of the configuration in a cluster that has none yet."""


@dataclass(frozen=True, slots=True)
class ChosenFault:
    """A fault and the cluster it goes into."""

    fault: Fault
    cluster: ClusterState

    def inject(self) -> None:
        """Put the fault into the running cluster; its name is in `ClusterState.faults` from then on.

        Raises: UnknownFault when the cluster has nothing yet that could be wrong in this way.
        """
        self.fault.effect(self.cluster)
        self.cluster.faults.add(self.fault.name)

    async def inject_and_reset(self) -> None:
        """The same, then reset every trunk, so that what runs is what is configured now. Raises: UnknownFault."""
        self.inject()
        for node in self.cluster.nodes:
            for row in self.cluster.database.rows("sipTrunk"):
                if node.call_manager is not None:
                    await node.call_manager.reset_trunk(row["name"])


FAULTS: dict[str, Fault] = {}
"""All faults by name."""


def fault(effect: Effect) -> Effect:
    """Register a function under its own name."""
    description = (effect.__doc__ or "").strip().splitlines()[0]
    FAULTS[effect.__name__] = Fault(effect.__name__, description, effect)
    return effect


def choose_faults(names: Iterable[str], clusters: list[ClusterState]) -> list[ChosenFault]:
    """Resolve ``fault`` (in the first cluster) and ``fault@B`` (in cluster B). Raises: UnknownFault."""
    chosen = []
    for text in names:
        name, _, place = text.partition("@")
        cluster = next((cluster for cluster in clusters if cluster.name == (place or clusters[0].name)), None)
        if name not in FAULTS:
            raise UnknownFault(f"no fault named {name!r}; known: {', '.join(sorted(FAULTS))}")
        if cluster is None:
            raise UnknownFault(f"no cluster named {place!r} to inject {name!r} into")
        chosen.append(ChosenFault(FAULTS[name], cluster))
    return chosen
