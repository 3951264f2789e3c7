"""The `clusters.toml` of a mesh: any number of clusters and the trunks between them, each read as the inventory of its pair."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_cucmtls.inventory import inventory_of, line_of, text_of_inventory, values_of_inventory
from pytest_cucmtls.model.call_setup import OPERATOR, REPLAY
from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.model.inventory import ClusterSpec
from pytest_cucmtls.model.mesh import SIDE_KEYS, DeclaredTrunk, Mesh, MeshInvalid, declared_trunks, is_mesh

_OWN_KEYS = ("mesh", "trunks", "clusters")


def declares_mesh(path: Path) -> bool:
    """True when the file is one of a mesh. Raises: ConfigurationInvalid, when it cannot be read as TOML."""
    return is_mesh(values_of_inventory(text_of_inventory(path), str(path)))


def read_mesh(path: Path) -> Mesh:
    """Read and check the inventory of a mesh. Raises: ConfigurationInvalid."""
    return parse_mesh(text_of_inventory(path), str(path))


def parse_mesh(text: str, file: str = "clusters.toml") -> Mesh:
    """A mesh from its text. Raises: ConfigurationInvalid naming file, line and key."""
    values = values_of_inventory(text, file)
    if values.get("mode", "verify") != "verify":
        raise ConfigurationInvalid(
            file,
            "mode",
            "a mesh is verified only",
            line=line_of(text, "", "mode"),
            remedy="Apply changes pair by pair, with an inventory of the two clusters.",
        )
    try:
        declared = declared_trunks(values)
    except MeshInvalid as problem:
        raise _told(problem, text, file) from problem
    trunks = tuple(inventory_of(_pair(values, trunk), text, file) for trunk in declared)
    clusters = _clusters(values, trunks)
    for cluster in clusters:
        if cluster.calling.driver in (OPERATOR, REPLAY):
            said = f"{cluster.calling.driver!r} is for a pair: in a mesh many calls are placed at once, with nobody at hand"
            place = f"clusters.{cluster.name}"
            raise ConfigurationInvalid(file, f"{place}.call_driver", said, line=line_of(text, place, "call_driver"))
    return Mesh(clusters=clusters, trunks=trunks, source=file)


def clusters_of(path: Path) -> tuple[ClusterSpec, ...]:
    """The clusters of a file, whether it declares a pair or a mesh. Raises: ConfigurationInvalid."""
    text = text_of_inventory(path)
    values = values_of_inventory(text, str(path))
    return parse_mesh(text, str(path)).clusters if is_mesh(values) else inventory_of(values, text, str(path)).clusters


def _pair(values: Mapping[str, Any], declared: DeclaredTrunk) -> dict[str, Any]:
    """What the file would be if there were only this trunk."""
    tables = values["clusters"]
    sides = zip(declared.between, declared.sides, strict=True)
    clusters = {
        name: {key: value for key, value in tables[name].items() if key not in SIDE_KEYS} | dict(side) for name, side in sides
    }
    return {key: value for key, value in values.items() if key not in _OWN_KEYS} | {"clusters": clusters}


def _clusters(values: Mapping[str, Any], trunks: tuple[Any, ...]) -> tuple[ClusterSpec, ...]:
    """Each cluster once, in file order, as its first trunk has it."""
    found: dict[str, ClusterSpec] = {}
    for trunk in trunks:
        for cluster in trunk.clusters:
            found.setdefault(cluster.name, cluster)
    return tuple(found[name] for name in values["clusters"])


def _told(problem: MeshInvalid, text: str, file: str) -> ConfigurationInvalid:
    """With the line of the place, as far as it can be found: of tables in a list, that of the first."""
    path, _, key = problem.key.rpartition(".")
    plain = path.partition("[")[0] if "[" in path else path
    return ConfigurationInvalid(file, problem.key, problem.problem, line=line_of(text, plain, key.partition("[")[0]))
