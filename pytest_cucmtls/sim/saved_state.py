"""Saves what simulated clusters are and brings them back: configuration, accounts, keys and certificates, services, faults.

Certificate changes that wait to be replicated are part of it, and what a node has that hears of no change of the
configuration. Traces and captures are files of their own (``--state-dir``) and no part of it; neither are calls and
connections.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from cryptography.hazmat.primitives import serialization

from pytest_cucmtls.sim.certificates.identities import Identity, PendingRequest, PrivateKey
from pytest_cucmtls.sim.certificates.store_changes import IdentityChange, RequestChange, StoreChange, TrustChange, TrustEntry
from pytest_cucmtls.sim.certificates.trust_lists import TrustList, TrustRecord
from pytest_cucmtls.sim.configured import CERTIFICATE_FILE, KEY_FILE
from pytest_cucmtls.sim.database import KINDS
from pytest_cucmtls.sim.inventory_file import write_private
from pytest_cucmtls.sim.pairs import ClusterPlan, NodePlan, PairPlan, TrunkPlan
from pytest_cucmtls.sim.releases import ReleaseProfile
from pytest_cucmtls.sim.state import ClusterState, NodeState, ServiceState, SimAccount
from pytest_cucmtls.wire.x509_sign import private_key_pem

_OWN_FILES = {"certificate_file": CERTIFICATE_FILE, "key_file": KEY_FILE}
SCHEMA = "cucmtls-simulator-state-2"
LARGEST_BYTES = 64 * 1024 * 1024

_Made = TypeVar("_Made")


class StateUnreadable(Exception):
    """The file holds no saved state, or a damaged one."""


@dataclass(frozen=True, slots=True)
class SavedState:
    """A state file that was read: the plan, the network its addresses were in, and the clusters' contents."""

    plan: PairPlan
    network: str
    """First three octets, e.g. ``127.20.30``: trunks point at these addresses."""
    clusters: list[dict[str, Any]]
    authority_files: dict[str, str]
    """Texts of the files the plan's authority table names, by its keys."""

    def fill(self, clusters: list[ClusterState], folder: Path) -> PairPlan:
        """Put the contents into clusters built from the plan, the authority's files into `folder`; the plan with their names.

        Raises: StateUnreadable.
        """
        for saved, cluster in zip(self.clusters, clusters, strict=True):
            _guarded(partial(_fill_cluster, cluster, saved))
        places = {}
        for key, text in self.authority_files.items():
            places[key] = str(folder.resolve() / _OWN_FILES[key])
            write_private(Path(places[key]), text)
        return replace(self.plan, authority=tuple((key, places.get(key, value)) for key, value in self.plan.authority))

    def fault_names(self) -> list[str]:
        """Faults to inject again, as ``name@cluster``."""
        names = [(cluster["name"], name) for cluster in self.clusters for name in cluster["faults"]]
        return [f"{name}@{cluster}" for cluster, name in names]


def save_state(file: Path, plan: PairPlan, network: str, clusters: list[ClusterState]) -> None:
    """Write the state, readable by its owner only: it holds private keys and passwords. Raises: OSError."""
    state = {
        "schema": SCHEMA,
        "network": network,
        "plan": asdict(plan),
        "clusters": [_cluster(cluster) for cluster in clusters],
        "authority_files": _authority_files(plan),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    write_private(file, json.dumps(state))


def _authority_files(plan: PairPlan) -> dict[str, str]:
    """What `configure` left; files of the user's own are not ours to copy, they stay where they are."""
    named = [(key, Path(str(value))) for key, value in plan.authority if key in _OWN_FILES]
    return {key: path.read_text(encoding="ascii") for key, path in named if path.name == _OWN_FILES[key] and path.is_file()}


def read_state(file: Path) -> SavedState:
    """Read a state file. Raises: StateUnreadable."""
    try:
        data = file.read_bytes() if file.stat().st_size <= LARGEST_BYTES else b""
        state = json.loads(data)
    except (OSError, ValueError, RecursionError) as problem:
        raise StateUnreadable(f"{file}: {problem}") from None
    if not isinstance(state, dict) or state.get("schema") != SCHEMA:
        raise StateUnreadable(f"{file}: is no saved state of this simulator ({SCHEMA})")
    try:
        return _guarded(
            lambda: SavedState(
                _plan(state["plan"]), str(state["network"]), list(state["clusters"]), dict(state["authority_files"])
            )
        )
    except StateUnreadable as problem:
        raise StateUnreadable(f"{file}: {problem}") from None


def _guarded(make: Callable[[], _Made]) -> _Made:
    try:
        return make()
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as problem:
        raise StateUnreadable(f"is damaged: {type(problem).__name__} {problem}") from None


def _plan(saved: dict[str, Any]) -> PairPlan:
    return PairPlan(**{**_tuples(saved), "clusters": tuple(_cluster_plan(cluster) for cluster in saved["clusters"])})


def _cluster_plan(saved: dict[str, Any]) -> ClusterPlan:
    release = ReleaseProfile(**_tuples(saved["release"]))
    subscribers = tuple(NodePlan(**node) for node in saved["subscribers"])
    trunks = tuple(TrunkPlan(**_tuples(trunk)) for trunk in saved.get("trunks", ()))
    return ClusterPlan(**{**_tuples(saved), "release": release, "subscribers": subscribers, "trunks": trunks})


def _tuples(saved: dict[str, Any]) -> dict[str, Any]:
    """JSON has lists where the plans have tuples (of tuples)."""

    def frozen(value: object) -> object:
        return tuple(frozen(item) for item in value) if isinstance(value, list) else value

    return {key: frozen(value) for key, value in saved.items()}


def _cluster(cluster: ClusterState) -> dict[str, Any]:
    return {
        "name": cluster.name,
        "tables": {kind: cluster.database.rows(kind) for kind in KINDS},
        "accounts": [[account.user, account.password, sorted(account.roles)] for account in cluster.accounts],
        "parameters": cluster.enterprise_parameters,
        "faults": sorted(cluster.faults),
        "read_only": cluster.read_only,
        "ctl": _trust_list(cluster.ctl) if cluster.ctl else None,
        "replication": {
            "held": cluster.replication.held,
            "waiting": [[place, _change(change)] for place, change in cluster.replication.undelivered()],
        },
        "nodes": [_node(node) for node in cluster.nodes],
    }


def _change(change: StoreChange) -> dict[str, Any]:
    match change:
        case TrustChange(unit, file_name, entry):
            return {"unit": unit, "file_name": file_name, "trust": [_base64(entry.der), entry.description] if entry else None}
        case IdentityChange(unit, identity):
            return {"unit": unit, "identity": _identity(identity)}
        case RequestChange(unit, request):
            return {"unit": unit, "request": _request(request)}


def _made_change(saved: dict[str, Any]) -> StoreChange:
    if "identity" in saved:
        return IdentityChange(saved["unit"], _made_identity(saved["identity"]))
    if "request" in saved:
        return RequestChange(saved["unit"], _made_request(saved["request"]))
    entry = TrustEntry(base64.b64decode(saved["trust"][0]), saved["trust"][1]) if saved["trust"] else None
    return TrustChange(saved["unit"], saved["file_name"], entry)


def _fill_cluster(cluster: ClusterState, saved: dict[str, Any]) -> None:
    for kind, rows in saved["tables"].items():
        cluster.database.rows(kind)[:] = [dict(row) for row in rows]
    cluster.accounts = [SimAccount(user, password, frozenset(roles)) for user, password, roles in saved["accounts"]]
    cluster.enterprise_parameters.clear()
    cluster.enterprise_parameters.update(saved["parameters"])
    cluster.read_only = bool(saved["read_only"])
    cluster.ctl = _made_trust_list(saved["ctl"]) if saved["ctl"] else None
    for node, kept in zip(cluster.nodes, saved["nodes"], strict=True):
        _fill_node(node, kept)
    waiting = [(int(place), _made_change(change)) for place, change in saved["replication"]["waiting"]]
    if waiting or saved["replication"]["held"]:
        cluster.replication.keep_waiting(waiting)
    if not saved["replication"]["held"]:
        # What was only slow has arrived when the simulator starts again.
        cluster.replication.release()


def _node(node: NodeState) -> dict[str, Any]:
    store = node.certificates
    own = {unit: identity for unit in store.made_units if (identity := store.own(unit)) is not None}
    requests = {unit: request for unit in store.units if (request := store.request(unit)) is not None}
    return {
        "subject": store.subject,
        "alternate_names": store.alternate_names,
        "own": {unit: _identity(identity) for unit, identity in own.items()},
        "requests": {unit: _request(request) for unit, request in requests.items()},
        "trust": {
            unit: {name: [_base64(entry.der), entry.description] for name, entry in store.trust(unit).items()}
            for unit in store.trust_units
        },
        "services": [
            [service.name, service.status, service.activated, service.started_at.isoformat()]
            for service in node.services.values()
        ],
        "clock_offset_seconds": node.clock_offset.total_seconds(),
        "tls_minimum": node.tls_minimum,
        "old_tables": None if node.database.follows(node.cluster.database) else {k: node.database.rows(k) for k in KINDS},
        "ssh_host_key": node.ssh_host_key_pem.decode("ascii"),
    }


def _fill_node(node: NodeState, saved: dict[str, Any]) -> None:
    store = node.certificates
    store.subject = tuple((key, value) for key, value in saved["subject"])
    store.alternate_names = tuple(saved["alternate_names"])
    for unit, identity in saved["own"].items():
        store.take_identity(unit, _made_identity(identity))
    for unit, request in saved["requests"].items():
        store.take_request(unit, _made_request(request))
    for unit, entries in saved["trust"].items():
        for name, (der, description) in entries.items():
            store.take_trust(unit, name, TrustEntry(base64.b64decode(der), description))
    for name, status, activated, started_at in saved["services"]:
        # A service that was on its way up or down when the simulator stopped has arrived.
        settled = {"Starting": "Started", "Stopping": "Stopped"}.get(status, status)
        node.services[name] = ServiceState(name, settled, activated, datetime.fromisoformat(started_at))
    node.clock_offset = timedelta(seconds=float(saved["clock_offset_seconds"]))
    node.tls_minimum = str(saved["tls_minimum"])
    if saved["old_tables"] is not None:
        node.database.cut_off()
        for kind, rows in saved["old_tables"].items():
            node.database.rows(kind)[:] = [dict(row) for row in rows]
    node.ssh_host_key_pem = str(saved["ssh_host_key"]).encode("ascii")


def _trust_list(trust: TrustList) -> dict[str, Any]:
    records = [[record.role, _base64(record.der)] for record in trust.records]
    return {"signer": _base64(trust.signer), "records": records, "made_at": trust.made_at.isoformat()}


def _made_trust_list(saved: dict[str, Any]) -> TrustList:
    records = tuple(TrustRecord(role, base64.b64decode(der)) for role, der in saved["records"])
    return TrustList(base64.b64decode(saved["signer"]), records, datetime.fromisoformat(saved["made_at"]))


def _identity(identity: Identity) -> dict[str, Any]:
    return {
        "key": private_key_pem(identity.private_key).decode("ascii"),
        "der": _base64(identity.der),
        "chain": [_base64(der) for der in identity.chain],
        "description": identity.description,
        "installed_at": identity.installed_at.isoformat(),
    }


def _made_identity(saved: dict[str, Any]) -> Identity:
    return Identity(
        _key(saved["key"]),
        base64.b64decode(saved["der"]),
        tuple(base64.b64decode(der) for der in saved["chain"]),
        saved["description"],
        datetime.fromisoformat(saved["installed_at"]),
    )


def _request(request: PendingRequest) -> dict[str, Any]:
    key = private_key_pem(request.private_key).decode("ascii")
    return {"key": key, "der": _base64(request.der), "multi_server": request.multi_server}


def _made_request(saved: dict[str, Any]) -> PendingRequest:
    return PendingRequest(_key(saved["key"]), base64.b64decode(saved["der"]), saved["multi_server"])


def _key(pem: str) -> PrivateKey:
    key = serialization.load_pem_private_key(pem.encode("ascii"), password=None)
    if not isinstance(key, PrivateKey):
        raise TypeError("a key that is neither RSA nor EC")
    return key


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
