"""Starts and stops a simulated pair: state, certificates, HTTPS, SSH, CallManager and its traces."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from pytest_cucmtls.sim.addresses import Subnet, reserve_subnet, reserve_this_subnet
from pytest_cucmtls.sim.calls.manager import CallManager
from pytest_cucmtls.sim.faults import choose_faults
from pytest_cucmtls.sim.http_server import serve_https
from pytest_cucmtls.sim.inventory_file import InventoryFiles, write_inventory
from pytest_cucmtls.sim.logs.traces import TraceWriter
from pytest_cucmtls.sim.packets.capture import PacketCapture
from pytest_cucmtls.sim.pairs import PAIRS, PairPlan, build_cluster
from pytest_cucmtls.sim.platform_cli import prepare_host_key, serve_platform_cli
from pytest_cucmtls.sim.state import CALL_MANAGER_SERVICE, ClusterState, NodeState

Preparation = Callable[[PairPlan, list[ClusterState], Path], Awaitable[PairPlan]]

_PREPARED_UNITS = ("CallManager", "CallManager-ECDSA", "tomcat")
"""Needed at once; the other units' certificates are made when somebody looks."""


@dataclass(slots=True)
class RunningPair:
    """A pair that answers on its addresses until `close`."""

    plan: PairPlan
    clusters: list[ClusterState]
    files: InventoryFiles
    network: str
    """First three octets of its addresses."""
    _open: AsyncExitStack

    @property
    def nodes(self) -> list[NodeState]:
        """Every node of both clusters."""
        return [node for cluster in self.clusters for node in cluster.nodes]

    def cluster(self, name: str) -> ClusterState:
        """Cluster by name. Raises: KeyError."""
        for cluster in self.clusters:
            if cluster.name == name:
                return cluster
        raise KeyError(name)

    def ends_with(self, close: Callable[[], Awaitable[None]]) -> None:
        """Something else that stops when the pair does."""
        self._open.push_async_callback(close)

    async def close(self) -> None:
        """Stop every service, last started first, and give the addresses back."""
        await self._open.aclose()


async def start_pair(
    plan: str | PairPlan,
    folder: Path,
    *,
    read_only: bool = False,
    faults: Sequence[str] = (),
    network: str | None = None,
    prepare: Preparation | None = None,
) -> RunningPair:
    """Start a pair by name or plan, with its files below `folder`; on a given network (``127.x.y``) or a random free one.

    `prepare` changes the clusters' state before anything loads it and returns the plan to describe them by.
    Raises: KeyError for an unknown pair, UnknownFault, NoFreeNetwork, OSError when a port was taken meanwhile.
    """
    pair_plan = PAIRS[plan] if isinstance(plan, str) else plan
    async with AsyncExitStack() as stack:
        subnet = _reserve(pair_plan, network)
        stack.callback(subnet.release)
        clusters = [build_cluster(cluster, subnet, folder, read_only=read_only) for cluster in pair_plan.clusters]
        if prepare is not None:
            pair_plan = await prepare(pair_plan, clusters, folder)
        nodes = [node for cluster in clusters for node in cluster.nodes]
        chosen_faults = choose_faults(faults, clusters)
        for chosen_fault in chosen_faults:
            # Known before the start, for parts that ask while they start; the effects need the running services.
            chosen_fault.cluster.faults.add(chosen_fault.fault.name)
        await _prepare_keys(nodes)
        addresses = {node.name: node.ip for node in nodes}
        services = {
            cluster.domain.lower(): tuple((node.name, node.sip_port) for node in cluster.nodes)
            for cluster in clusters
            if cluster.domain
        }
        for node in nodes:
            await _start_node(node, addresses, services, stack)
        for chosen_fault in chosen_faults:
            chosen_fault.inject()
        files = write_inventory(folder / "clusters.toml", pair_plan, clusters)
        return RunningPair(pair_plan, clusters, files, subnet.prefix, stack.pop_all())


def _reserve(plan: PairPlan, network: str | None) -> Subnet:
    hosts = [node.host for node in plan.nodes]
    ports = {port for node in plan.nodes for port in (node.https_port, node.ssh_port, node.sip_port)}
    if network is None:
        return reserve_subnet(hosts, sorted(ports - {0}))
    return reserve_this_subnet(network, hosts, sorted(ports - {0}))


async def _prepare_keys(nodes: list[NodeState]) -> None:
    """Key generation takes most of the start and leaves the interpreter lock, so it runs on every core."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor() as workers:
        await asyncio.gather(
            *(loop.run_in_executor(workers, node.certificates.prepare, unit) for node in nodes for unit in _PREPARED_UNITS),
            *(loop.run_in_executor(workers, prepare_host_key, node) for node in nodes),
        )


async def _start_node(
    node: NodeState, addresses: Mapping[str, str], services: Mapping[str, tuple[tuple[str, int], ...]], stack: AsyncExitStack
) -> None:
    """Start one node; `addresses` and the SRV records `services` stand for the name server that both clusters would ask."""
    traces = TraceWriter(node)
    node.traces = traces
    node.packet_capture = PacketCapture(node)
    call_manager = CallManager(node, host_names=addresses, service_records=services)
    node.call_manager = call_manager
    service = node.services[CALL_MANAGER_SERVICE]
    up_since = service.started_at
    await call_manager.start()
    service.started_at = up_since
    stack.push_async_callback(call_manager.stop)
    https = await serve_https(node)
    stack.push_async_callback(https.close)
    shell = await serve_platform_cli(node)
    stack.push_async_callback(_closed, shell.close, shell.wait_closed)


async def _closed(close: Callable[[], None], wait_closed: Callable[[], Awaitable[None]]) -> None:
    close()
    await wait_closed()
