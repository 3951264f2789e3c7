"""Reads a clusters.toml whose nodes have ``sim://RELEASE`` addresses: the plan of the clusters to simulate."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_cucmtls.model.mesh import MeshInvalid, declared_trunks, is_mesh
from pytest_cucmtls.sim.inventory_file import ACCOUNT_KINDS
from pytest_cucmtls.sim.pairs import (
    DEFAULT_PROFILE,
    HTTPS_PORT,
    SIP_PORT,
    SSH_PORT,
    ClusterPlan,
    NodePlan,
    PairPlan,
    TrunkPlan,
)
from pytest_cucmtls.sim.releases import RELEASE_15_SU2, RELEASE_15_SU5, RELEASES, ReleaseProfile

SCHEME = "sim://"
FIRST_HOST, MOST_NODES = 11, 80
"""Addresses end with 11, 12 …; phones live above 100."""

_ALL_RELEASES = {**RELEASES, "15su2": RELEASE_15_SU2, "15su5": RELEASE_15_SU5}
_CLUSTER_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
_SUBJECT_ORDER = ("C", "ST", "L", "O", "OU")

_Table = Mapping[str, Any]


class PlanUnusable(Exception):
    """The file does not describe clusters that can be simulated; the message says where and why."""


def read_plan(file: Path) -> PairPlan:
    """The plan in a file. Raises: PlanUnusable."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise PlanUnusable(f"{file}: {problem}") from None
    try:
        plan = parse_plan(text, file.stem)
    except PlanUnusable as problem:
        raise PlanUnusable(f"{file}: {problem}") from None
    return replace(plan, clusters=tuple(_with_files_of(cluster, file.parent.resolve()) for cluster in plan.clusters))


def _with_files_of(plan: ClusterPlan, folder: Path) -> ClusterPlan:
    """The phone's files are named from the folder of the file read; the inventory written is in another one."""
    named = tuple((key, str(folder / str(value)) if key.endswith("_file") else value) for key, value in plan.sip_phone)
    return replace(plan, sip_phone=named)


def parse_plan(text: str, name: str = "inventory") -> PairPlan:
    """Any number of clusters and nodes, in file order; what the simulator does not know is left alone. Raises: PlanUnusable."""
    try:
        top = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        raise PlanUnusable(f"is not valid TOML: {problem}") from None
    tables = _table(top, "clusters", "clusters")
    if not tables:
        raise PlanUnusable("clusters: at least one is needed")
    authority = _table(top, "authority", "authority")
    trunks = _trunks(top)
    clusters: list[ClusterPlan] = []
    for cluster_name in tables:
        used = sum(len(cluster.nodes) for cluster in clusters)
        table = _table(tables, cluster_name, f"clusters.{cluster_name}")
        clusters.append(_cluster(cluster_name, table, FIRST_HOST + used, trunks.get(cluster_name, ())))
    if sum(len(cluster.nodes) for cluster in clusters) > MOST_NODES:
        raise PlanUnusable(f"more than {MOST_NODES} nodes")
    return PairPlan(
        name,
        tuple(clusters),
        policy=_text(top, "policy", "cisco-hardening", ""),
        place_calls=top.get("place_calls") is not False,
        mesh=bool(trunks),
        authority=tuple((key, value) for key, value in authority.items() if isinstance(value, str | int | bool)),
    )


def _trunks(top: _Table) -> dict[str, tuple[TrunkPlan, ...]]:
    """What each cluster of a mesh calls its trunks; empty for a pair."""
    if not is_mesh(top):
        return {}
    found: dict[str, tuple[TrunkPlan, ...]] = {}
    try:
        for declared in declared_trunks(top):
            for own, peer, side in zip(declared.between, reversed(declared.between), declared.sides, strict=True):
                found[own] = (*found.get(own, ()), _trunk(peer, side, f"clusters.{own}"))
    except MeshInvalid as problem:
        raise PlanUnusable(str(problem)) from None
    return found


def _trunk(peer: str, side: _Table, where: str) -> TrunkPlan:
    return TrunkPlan(
        peer=peer,
        trunk=_text(side, "trunk", "", where),
        security_profile=_text(side, "security_profile", "", where),
        route_pattern=str(side.get("route_pattern") or ""),
        partition=str(side.get("partition") or ""),
        x509_subject_names=_names(side, where),
    )


def _cluster(name: str, table: _Table, first_host: int, trunks: tuple[TrunkPlan, ...]) -> ClusterPlan:
    where = f"clusters.{name}"
    if not _CLUSTER_NAME.fullmatch(name):
        raise PlanUnusable(f"{where}: use letters, digits, - and _")
    tables = table.get("nodes")
    if not isinstance(tables, list) or not tables or not all(isinstance(node, dict) for node in tables):
        raise PlanUnusable(f"{where}.nodes: at least one [[{where}.nodes]] table is needed")
    ordered = sorted(tables, key=lambda node: node.get("role", "publisher") != "publisher")
    nodes = [_node(node, first_host + index, f"{where}.nodes") for index, node in enumerate(ordered)]
    if len({node.name.lower() for node in nodes}) != len(nodes):
        raise PlanUnusable(f"{where}.nodes: two nodes have the same name")
    releases = {_release(node, f"{where}.nodes") for node in ordered}
    if len(releases) != 1:
        raise PlanUnusable(f"{where}.nodes: all nodes of a cluster run the same release")
    accounts = {kind: _table(table, kind, f"{where}.{kind}") for kind in ACCOUNT_KINDS}
    extension = _text(table, "extension", "", where)
    first = nodes[0]
    return ClusterPlan(
        name=name,
        release=releases.pop(),
        node_name=first.name,
        host=first.host,
        domain=first.name.partition(".")[2],
        extension=extension,
        phone=_text(table, "phone", "", where),
        trunk=trunks[0].trunk if trunks else _text(table, "trunk", "", where),
        trunks=trunks,
        subject=_subject(_table(table, "subject", f"{where}.subject")),
        device_pool=_text(table, "device_pool", "Default", where),
        key_length=_number(table, "key_length", 2048, (1024, 4096), where),
        hash_algorithm=_text(table, "hash_algorithm", "sha256", where),
        subscribers=tuple(nodes[1:]),
        axl_user=_text(accounts["axl"], "user", "axl-admin", where),
        platform_user=_text(accounts["platform"], "user", "administrator", where),
        call_user_name=_text(accounts["call"], "user", f"caller{extension}", where),
        password_variables=tuple((kind, _variable(accounts[kind], name, kind)) for kind in ACCOUNT_KINDS),
        security_profile=_text(table, "security_profile", DEFAULT_PROFILE, where),
        route_pattern=str(table.get("route_pattern") or ""),
        partition=str(table.get("partition") or ""),
        x509_subject_names=_names(table, where),
        call_driver=str(table.get("call_driver") or ""),
        sip_phone=tuple(_table(table, "sip_phone", f"{where}.sip_phone").items()),
        https_port=first.https_port,
        ssh_port=first.ssh_port,
        sip_port=first.sip_port,
    )


def _node(table: _Table, host: int, where: str) -> NodePlan:
    return NodePlan(
        name=_text(table, "name", "", where),
        host=host,
        https_port=_number(table, "https_port", HTTPS_PORT, (0, 65535), where),
        ssh_port=_number(table, "ssh_port", SSH_PORT, (0, 65535), where),
        sip_port=_number(table, "sip_port", SIP_PORT, (1, 65535), where),
    )


def _release(table: _Table, where: str) -> ReleaseProfile:
    address = _text(table, "address", "", where)
    wanted = address.removeprefix(SCHEME).rstrip("/").lower()
    if not address.startswith(SCHEME) or wanted not in _ALL_RELEASES:
        known = ", ".join(SCHEME + key for key in _ALL_RELEASES)
        raise PlanUnusable(f"{where}: address {address!r} is none of {known}")
    return _ALL_RELEASES[wanted]


def _subject(table: _Table) -> tuple[tuple[str, str], ...]:
    """Country first, as CUCM encodes; attributes without a place in that order come last."""
    known = [(key, str(table[key])) for key in _SUBJECT_ORDER if key in table]
    return (*known, *((key, str(value)) for key, value in table.items() if key not in _SUBJECT_ORDER))


def _variable(table: _Table, cluster: str, kind: str) -> str:
    usual = f"CUCMTLS_{re.sub(r'[^A-Za-z0-9]', '_', cluster)}_{kind.upper()}_PASSWORD"
    return _text(table, "password_variable", usual, f"clusters.{cluster}.{kind}")


def _names(table: _Table, where: str) -> tuple[str, ...]:
    names = table.get("x509_subject_names", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise PlanUnusable(f"{where}.x509_subject_names: must be a list of texts")
    return tuple(names)


def _table(table: _Table, key: str, where: str) -> _Table:
    value = table.get(key, {})
    if not isinstance(value, dict):
        raise PlanUnusable(f"{where}: must be a table")
    return value


def _text(table: _Table, key: str, default: str, where: str) -> str:
    """A text that is there or has a default."""
    value = table.get(key, default)
    if not isinstance(value, str) or not value:
        raise PlanUnusable(f"{where}{'.' if where else ''}{key}: is missing or not a text")
    return value


def _number(table: _Table, key: str, default: int, limits: tuple[int, int], where: str) -> int:
    value = table.get(key, default)
    lowest, highest = limits
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        raise PlanUnusable(f"{where}.{key}: must be a number from {lowest} to {highest}")
    return value
