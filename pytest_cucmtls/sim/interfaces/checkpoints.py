"""``/simulator/checkpoint`` and ``/simulator/restore``: a cluster as it was, for the next rehearsal. No CUCM has these pages."""

from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from aiohttp import web

from pytest_cucmtls.sim.certificates.store import Identity, PendingRequest, TrustEntry
from pytest_cucmtls.sim.database import KINDS, Row
from pytest_cucmtls.sim.interfaces.status_page import status_of
from pytest_cucmtls.sim.releases import ReleaseProfile
from pytest_cucmtls.sim.state import CallManagerPort, ClusterState, NodeState, ServiceState, SimAccount


@dataclass(frozen=True, slots=True)
class _Node:
    """What one node held; its files (traces, captures) are not part of it."""

    own: dict[str, Identity]
    requests: dict[str, PendingRequest]
    trust: dict[str, dict[str, TrustEntry]]
    services: dict[str, ServiceState]
    clock_offset: timedelta
    tls_minimum: str
    call_manager: CallManagerPort | None


@dataclass(frozen=True, slots=True)
class _Cluster:
    tables: dict[str, list[Row]]
    release: ReleaseProfile
    parameters: dict[str, str]
    accounts: list[SimAccount]
    faults: set[str]
    read_only: bool
    nodes: list[_Node]


def routes(node: NodeState) -> list[web.RouteDef]:
    """``POST checkpoint`` remembers the node's cluster, ``POST restore`` (409 before the first) brings it back and restarts."""
    remembered: list[_Cluster] = []

    async def remember(_request: web.Request) -> web.Response:
        remembered[:] = [_picture(node.cluster)]
        return web.json_response(status_of(node))

    async def restore(_request: web.Request) -> web.Response:
        if not remembered:
            return web.json_response({"message": "nothing was remembered: POST /simulator/checkpoint first"}, status=409)
        await _bring_back(node.cluster, remembered[0])
        return web.json_response(status_of(node))

    return [web.post("/simulator/checkpoint", remember), web.post("/simulator/restore", restore)]


def _picture(cluster: ClusterState) -> _Cluster:
    return _Cluster(
        {kind: deepcopy(cluster.database.rows(kind)) for kind in KINDS},
        cluster.release,
        dict(cluster.enterprise_parameters),
        list(cluster.accounts),
        set(cluster.faults),
        cluster.read_only,
        [_picture_of_node(node) for node in cluster.nodes],
    )


def _picture_of_node(node: NodeState) -> _Node:
    store = node.certificates
    return _Node(
        {unit: identity for unit in store.units if (identity := store.own(unit)) is not None},
        {unit: request for unit in store.units if (request := store.request(unit)) is not None},
        {unit: store.trust(unit) for unit in store.trust_units},
        {name: replace(service) for name, service in node.services.items()},
        node.clock_offset,
        node.tls_minimum,
        node.call_manager,
    )


async def _bring_back(cluster: ClusterState, picture: _Cluster) -> None:
    for kind, rows in picture.tables.items():
        cluster.database.rows(kind)[:] = deepcopy(rows)
    cluster.release = picture.release
    _refill(cluster.enterprise_parameters, picture.parameters)
    cluster.accounts = list(picture.accounts)
    cluster.faults.clear()
    cluster.faults |= picture.faults
    cluster.read_only = picture.read_only
    for node, held in zip(cluster.nodes, picture.nodes, strict=True):
        _bring_back_node(node, held)
    for node in cluster.nodes:
        if node.call_manager is not None:
            await node.call_manager.restart()


def _bring_back_node(node: NodeState, held: _Node) -> None:
    store = node.certificates
    store.after_identity = None
    for unit, identity in held.own.items():
        store.take_identity(unit, identity)
    for unit, request in held.requests.items():
        store.take_request(unit, request)
    for unit, entries in held.trust.items():
        for file_name in store.trust(unit):
            store.take_trust(unit, file_name, None)
        for file_name, entry in entries.items():
            store.take_trust(unit, file_name, entry)
    _refill(node.services, {name: replace(service) for name, service in held.services.items()})
    node.clock_offset = held.clock_offset
    node.tls_minimum = held.tls_minimum
    node.database.follow(node.cluster.database)
    node.call_manager = held.call_manager


def _refill(target: dict[str, Any], values: dict[str, Any]) -> None:
    """The same dictionary object with other content: other parts hold on to it."""
    target.clear()
    target.update(values)
