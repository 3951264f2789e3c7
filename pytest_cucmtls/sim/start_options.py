"""What the options of ``python -m pytest_cucmtls.sim`` say about the clusters to start."""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_cucmtls.sim import configuration_faults
from pytest_cucmtls.sim.configured import configure
from pytest_cucmtls.sim.fault_register import FAULTS
from pytest_cucmtls.sim.inventory_plan import PlanUnusable, read_plan
from pytest_cucmtls.sim.pairs import PAIRS, ClusterPlan, NodePlan, PairPlan
from pytest_cucmtls.sim.saved_state import SavedState, read_state
from pytest_cucmtls.sim.server import Preparation
from pytest_cucmtls.sim.state import ClusterState


@dataclass(frozen=True, slots=True)
class Start:
    """Arguments of `start_pair`."""

    plan: PairPlan
    faults: tuple[str, ...]
    network: str | None
    prepare: Preparation | None


def chosen_start(options: argparse.Namespace) -> Start:
    """Raises: PlanUnusable, StateUnreadable."""
    asked = tuple(options.fault)
    if options.restore is not None:
        if options.configured or options.network or _ports(options) != _Ports(None, None, None):
            raise PlanUnusable("--restore brings back state, addresses and ports as they were: leave the other options out")
        saved = read_state(options.restore)
        return Start(saved.plan, (*_again(saved), *asked), saved.network, _filling(saved))
    plan = PAIRS[options.pair] if options.inventory_in is None else read_plan(options.inventory_in)
    plan = replace(plan, clusters=tuple(_with_ports(cluster, _ports(options)) for cluster in plan.clusters))
    return Start(plan, asked, options.network, configure if options.configured else None)


@dataclass(frozen=True, slots=True)
class _Ports:
    """Ports asked for every node; None leaves the plan's."""

    https: int | None
    ssh: int | None
    sip: int | None

    def of(self, node: NodePlan) -> NodePlan:
        return replace(
            node,
            https_port=node.https_port if self.https is None else self.https,
            ssh_port=node.ssh_port if self.ssh is None else self.ssh,
            sip_port=node.sip_port if self.sip is None else self.sip,
        )


def _ports(options: argparse.Namespace) -> _Ports:
    if options.sip_port == 0:
        raise PlanUnusable("--sip-port: both clusters must know the port beforehand, 0 is not possible")
    return _Ports(options.https_port, options.ssh_port, options.sip_port)


def _with_ports(cluster: ClusterPlan, ports: _Ports) -> ClusterPlan:
    first, *others = (ports.of(node) for node in cluster.nodes)
    return replace(
        cluster,
        https_port=first.https_port,
        ssh_port=first.ssh_port,
        sip_port=first.sip_port,
        subscribers=tuple(others),
    )


def _again(saved: SavedState) -> list[str]:
    """Faults whose effect is behaviour; those of the configuration are in the saved configuration."""
    return [name for name in saved.fault_names() if not _is_configuration(name.partition("@")[0])]


def _is_configuration(fault: str) -> bool:
    return fault not in FAULTS or FAULTS[fault].effect.__module__ == configuration_faults.__name__


def _filling(saved: SavedState) -> Preparation:
    async def prepare(_plan: PairPlan, clusters: list[ClusterState], folder: Path) -> PairPlan:
        return saved.fill(clusters, folder)

    return prepare
