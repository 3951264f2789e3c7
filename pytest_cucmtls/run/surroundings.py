"""Reads what surrounds the trunk on every node: resolved names, database replication, FIPS mode; and what AXL allows."""

from collections.abc import Callable
from functools import partial
from ipaddress import ip_address
from typing import Any

from pytest_cucmtls.clusters import ClusterReader
from pytest_cucmtls.model.errors import CucmTlsError
from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.model.readings import Reading
from pytest_cucmtls.procedure.context import Run


def keep_surroundings(run: Run) -> None:
    """Keep kinds ``fips``, ``replication`` and ``name_lookup`` of every node; what cannot be had is said. Raises nothing."""
    keep_node_states(run)
    keep_name_lookups(run)


def keep_node_states(run: Run) -> None:
    """Keep kinds ``fips`` and ``replication``: the same for every trunk of the node."""
    for cluster, node in run.nodes():
        cli, place = cluster.cli(node), f"{cluster.name}/{node.name}"
        _keep(run, cluster, node, "fips", f"fips of {place}", cli.read_fips_mode)
        if len(cluster.spec.nodes) > 1:
            _keep(run, cluster, node, "replication", f"replication of {place}", cli.read_replication_state)


def keep_name_lookups(run: Run) -> None:
    """Keep kind ``name_lookup``: what each node makes of the names that the trunk under test leads to."""
    for cluster, node in run.nodes():
        fact = f"name lookup of {cluster.name}/{node.name}"
        for name in _named_destinations(run, cluster):
            _keep(run, cluster, node, "name_lookup", fact, partial(cluster.cli(node).read_host_lookup, name))


def _named_destinations(run: Run, cluster: ClusterReader) -> list[str]:
    """Destinations of the trunk under test that are names; an address needs no resolver."""
    try:
        trunk = cluster.axl().read_sip_trunk(cluster.spec.trunk).value
    except CucmTlsError as problem:
        run.folder.keep_missing(f"name lookup of {cluster.name}", str(problem))
        return []
    return [row.address for row in (trunk.destinations if trunk else ()) if not _is_address(row.address)]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _keep(run: Run, cluster: ClusterReader, node: NodeAddress, kind: str, fact: str, read: Callable[[], Reading[Any]]) -> None:
    try:
        run.folder.keep_reading(read(), kind=kind, cluster=cluster.name, node=node.name)
    except CucmTlsError as problem:
        run.folder.keep_missing(fact, str(problem))
