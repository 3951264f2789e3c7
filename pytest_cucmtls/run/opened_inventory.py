"""An inventory of any shape opened for a command that only looks: its clusters, the run's wishes, and the passwords."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pytest_cucmtls.inventory import Credentials, asks_for_simulation, credentials_beside, read_inventory
from pytest_cucmtls.mesh_inventory import declares_mesh, read_mesh
from pytest_cucmtls.model.inventory import ClusterSpec, Inventory
from pytest_cucmtls.simulated_clusters import start_simulated_pair


@dataclass(frozen=True, slots=True)
class OpenedInventory:
    """`wishes` is the inventory of the pair, or of the first trunk of a mesh."""

    wishes: Inventory
    clusters: tuple[ClusterSpec, ...]
    credentials: Credentials


@contextmanager
def opened_inventory(file: Path) -> Iterator[OpenedInventory]:
    """Clusters with ``sim://`` addresses are started for as long as this is open.

    Raises: ConfigurationInvalid, ClusterUnreachable (a simulated pair that does not start).
    """
    if not asks_for_simulation(file):
        yield _read(file, credentials_beside(file))
        return
    with TemporaryDirectory(prefix="cucmtls-") as folder:
        pair = start_simulated_pair(file, Path(folder), parent_process_id=os.getpid())
        try:
            yield _read(pair.inventory_file, Credentials(pair.credentials_file))
        finally:
            pair.stop()


def _read(file: Path, credentials: Credentials) -> OpenedInventory:
    if declares_mesh(file):
        mesh = read_mesh(file)
        return OpenedInventory(mesh.trunks[0], mesh.clusters, credentials)
    inventory = read_inventory(file)
    return OpenedInventory(inventory, inventory.clusters, credentials)
