"""Many clusters and the trunks between them; every trunk is an `Inventory` of its own: whatever knows a pair knows a mesh.

What an inventory file says about trunks is read here from its plain values, because the simulator and the product both need it:

    mesh = "full"                       every cluster has a trunk to every other one
    [[trunks]]                          or: the trunks there are; beside `mesh` it changes names of one of them
    between = ["london", "paris"]
    london = { trunk = "to-paris-2" }   keys of that cluster's side (`SIDE_KEYS`)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from pytest_cucmtls.model.inventory import ClusterSpec, Inventory

SIDE_KEYS = ("trunk", "security_profile", "route_pattern", "partition", "x509_subject_names")
"""What a cluster may call differently for each trunk; ``{peer}`` stands for the other cluster's name, except in the last one."""
TEMPLATES = {"trunk": "to-{peer}", "security_profile": "Secure SIP Trunk Profile TLS {peer}"}
"""Names on a cluster that declares none."""
MOST_CLUSTERS = 100
_PEER = "{peer}"


class MeshInvalid(ValueError):
    """What the file says about its trunks cannot be meant; `key` names the place, ``trunks[2].between``."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key}: {problem}")
        self.key, self.problem = key, problem


@dataclass(frozen=True, slots=True)
class DeclaredTrunk:
    """One trunk of the file: its two clusters in file order, and what each calls its side."""

    between: tuple[str, str]
    sides: tuple[Mapping[str, Any], Mapping[str, Any]]
    """Keys of `SIDE_KEYS`, templates filled; `trunk` and `security_profile` are always there."""


@dataclass(frozen=True, slots=True)
class Mesh:
    """Clusters with what is the same for all their trunks, and the trunks as pairs."""

    clusters: tuple[ClusterSpec, ...]
    """In file order; `trunk`, `security_profile` and the like are those of the cluster's first trunk."""
    trunks: tuple[Inventory, ...]
    source: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the trunks, as folders and tests are called."""
        return tuple(trunk_name(trunk) for trunk in self.trunks)

    def trunk(self, name: str) -> Inventory:
        """The pair of that name. Raises: KeyError."""
        for trunk in self.trunks:
            if trunk_name(trunk) == name:
                return trunk
        raise KeyError(name)

    def trunks_of(self, cluster: str) -> tuple[Inventory, ...]:
        """Every pair the cluster takes part in."""
        return tuple(trunk for trunk in self.trunks if cluster in (trunk.cluster_a.name, trunk.cluster_b.name))

    @property
    def directions(self) -> tuple[str, ...]:
        """Every direction of every trunk, ``london->paris``: two per trunk."""
        return tuple(direction for trunk in self.trunks for direction in directions_of(trunk))


def trunk_name(trunk: Inventory) -> str:
    """``london--paris``."""
    return f"{trunk.cluster_a.name}--{trunk.cluster_b.name}"


def directions_of(trunk: Inventory) -> tuple[str, str]:
    """``london->paris`` and ``paris->london``."""
    first, second = trunk.cluster_a.name, trunk.cluster_b.name
    return f"{first}->{second}", f"{second}->{first}"


def is_mesh(values: Mapping[str, Any]) -> bool:
    """The file declares trunks; without, it is a pair."""
    return "mesh" in values or "trunks" in values


def declared_trunks(values: Mapping[str, Any]) -> tuple[DeclaredTrunk, ...]:
    """The trunks of a file, by the order of its clusters. Raises: MeshInvalid."""
    clusters = values.get("clusters")
    if not isinstance(clusters, Mapping) or not all(isinstance(table, Mapping) for table in clusters.values()):
        raise MeshInvalid("clusters", "must be tables")
    if not 2 <= len(clusters) <= MOST_CLUSTERS:
        raise MeshInvalid("clusters", f"a mesh has 2 to {MOST_CLUSTERS} clusters, not {len(clusters)}")
    order = {name: place for place, name in enumerate(clusters)}
    entries = _entries(values.get("trunks", []), order)
    match values.get("mesh"):
        case "full":
            pairs = list(combinations(order, 2))
        case None:
            pairs = sorted(entries, key=lambda pair: (order[pair[0]], order[pair[1]]))
        case other:
            raise MeshInvalid("mesh", f'must be "full" or absent, not {other!r}')
    found = tuple(_declared(clusters, pair, entries.get(pair, {})) for pair in pairs)
    _refuse_alike(found)
    alone = [name for name in order if not any(name in trunk.between for trunk in found)]
    if alone:
        raise MeshInvalid("trunks", f"cluster {alone[0]!r} has no trunk")
    return found


def rounds(pairs: Sequence[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """The pairs in rounds in which no name occurs twice; every pair once, as few rounds as the busiest name needs or a few more.

    A full mesh of n names takes n-1 rounds for even n, n for odd n (the circle method); the order is the same every time.
    """
    names = list(dict.fromkeys(name for pair in pairs for name in pair))
    seats: list[str | None] = [*names, *([None] if len(names) % 2 else [])]
    wanted = {frozenset(pair): pair for pair in pairs}
    found = []
    for _ in range(len(seats) - 1):
        met = (frozenset((one, other)) for one, other in zip(seats, reversed(seats), strict=True) if one and other)
        if meetings := [wanted[pair] for pair in dict.fromkeys(met) if pair in wanted]:
            found.append(meetings)
        seats = [seats[0], seats[-1], *seats[1:-1]]
    return found


def _entries(tables: Any, order: Mapping[str, int]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """(first, second cluster in file order) to the entry."""
    if not isinstance(tables, list) or not all(isinstance(table, Mapping) for table in tables):
        raise MeshInvalid("trunks", "must be [[trunks]] tables")
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for number, table in enumerate(tables, 1):
        place = f"trunks[{number}]"
        between = table.get("between")
        if not isinstance(between, list) or len(between) != 2 or not all(isinstance(name, str) for name in between):
            raise MeshInvalid(f"{place}.between", "must name two clusters")
        unknown = [name for name in between if name not in order]
        if unknown:
            raise MeshInvalid(f"{place}.between", f"there is no cluster {unknown[0]!r}; there are {', '.join(order)}")
        first, second = sorted(between, key=lambda name: order[name])
        if first == second:
            raise MeshInvalid(f"{place}.between", f"{first!r} stands there twice")
        if (first, second) in found:
            raise MeshInvalid(f"{place}.between", f"{first} and {second} have an entry already")
        if strange := [key for key in table if key not in ("between", first, second)]:
            raise MeshInvalid(f"{place}.{strange[0]}", f"unknown key; known here: between, {first}, {second}")
        for name in (first, second):
            _check_side(f"{place}.{name}", table.get(name, {}))
        found[first, second] = table
    return found


def _check_side(place: str, side: Any) -> None:
    if not isinstance(side, Mapping):
        raise MeshInvalid(place, "must be a table")
    if strange := [key for key in side if key not in SIDE_KEYS]:
        raise MeshInvalid(f"{place}.{strange[0]}", f"unknown key; known here: {', '.join(SIDE_KEYS)}")


def _declared(clusters: Mapping[str, Any], pair: tuple[str, str], entry: Mapping[str, Any]) -> DeclaredTrunk:
    first, second = pair
    return DeclaredTrunk(pair, (_side(clusters, first, second, entry), _side(clusters, second, first, entry)))


def _side(clusters: Mapping[str, Any], own: str, peer: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry's words, else the cluster's with the peer's name filled in, else the templates."""
    table = clusters[own]
    if "x509_subject_names" in table:
        problem = "these names belong to one peer: write them into that cluster's side of [[trunks]]"
        raise MeshInvalid(f"clusters.{own}.x509_subject_names", problem)
    side: dict[str, Any] = dict(TEMPLATES)
    side |= {key: table[key] for key in SIDE_KEYS if key in table}
    side |= entry.get(own, {})
    return {key: value.replace(_PEER, peer) if isinstance(value, str) else value for key, value in side.items()}


def _refuse_alike(found: tuple[DeclaredTrunk, ...]) -> None:
    """Two trunks of one cluster cannot have one name: which of them would be meant?"""
    taken: dict[tuple[str, object], str] = {}
    for declared in found:
        for own, peer, side in zip(declared.between, reversed(declared.between), declared.sides, strict=True):
            other = taken.setdefault((own, side["trunk"]), peer)
            if other != peer:
                problem = (
                    f"the trunks to {other} and {peer} are both called {side['trunk']!r}; {_PEER} stands for the peer's name"
                )
                raise MeshInvalid(f"clusters.{own}.trunk", problem)
    names = ["--".join(declared.between) for declared in found]
    if twice := [name for name in names if names.count(name) > 1]:
        raise MeshInvalid("clusters", f"two trunks would be called {twice[0]!r}: rename a cluster")
