"""What simulated clusters hold, read beside the product's own paths, and what of it a journal does not account for."""

import json
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from pytest_cucmtls.clients.axl import AxlReader
from pytest_cucmtls.clients.https import HttpsSession
from pytest_cucmtls.inventory import Credentials, read_inventory
from pytest_cucmtls.model.inventory import ClusterSpec, NodeAddress
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.procedure.journal import Entry, Journal
from pytest_cucmtls.simulated_clusters import SimulatedPair

IGNORED = {"uuid", "version_stamp"}
SCHEMA = {"A": "15.0", "B": "14.0"}


@dataclass(frozen=True)
class Truth:
    """Part of a cluster's state by name, as text; absent parts have no key."""

    parts: dict[str, str]

    def objects(self) -> dict[str, str]:
        return {name: text for name, text in self.parts.items() if "/" not in name.split()[0]}


def truth_of(pair: SimulatedPair) -> Truth:
    """Every profile, trunk and pattern by AXL; identities, requests and trust stores by the simulator's own page."""
    inventory, credentials = read_inventory(pair.inventory_file), Credentials(pair.credentials_file)
    parts: dict[str, str] = {}
    for cluster in inventory.clusters:
        with closing(_axl_session(cluster, credentials)) as session:
            axl = AxlReader(session, SCHEMA[cluster.name])
            for profile in axl.read_security_profiles().value:
                parts[f"{cluster.name} security profile {profile.name}"] = _text(asdict(profile))
            for trunk in axl.read_sip_trunks().value:
                parts[f"{cluster.name} trunk {trunk.name}"] = _text(asdict(trunk))
            for pattern in axl.read_route_patterns().value:
                parts[f"{cluster.name} route pattern {pattern.pattern}"] = _text(asdict(pattern))
        for node in cluster.nodes:
            shown = ask_simulator(cluster, node, "status")["certificates"]
            name = f"{cluster.name}/{node.name}"
            parts[f"{name} CallManager identity"] = shown["store"]["sha256"]
            if shown["request_pending"]:
                parts[f"{name} CallManager request"] = "pending"
            parts |= {f"{name} CallManager-trust {digest}": digest for digest in shown["trust"].values()}
    return Truth(parts)


def ask_simulator(cluster: ClusterSpec, node: NodeAddress, page: str, *, order: bool = False) -> dict:
    """GET a page no CUCM has, or POST to it as an order."""
    with closing(HttpsSession(node, "nobody", Secret(""), ca_bundle=cluster.ca_bundle)) as session:
        path = f"/simulator/{page}"
        answer = session.post("simulator", page, path, b"", {}) if order else session.get("simulator", page, path)
        return json.loads(answer.body)


def remember(pair: SimulatedPair) -> None:
    """Both clusters as they are now, to come back to."""
    for cluster in read_inventory(pair.inventory_file).clusters:
        ask_simulator(cluster, cluster.publisher, "checkpoint", order=True)


def bring_back(pair: SimulatedPair) -> None:
    """Both clusters as they were remembered."""
    for cluster in read_inventory(pair.inventory_file).clusters:
        ask_simulator(cluster, cluster.publisher, "restore", order=True)


def untold(start: Truth, now: Truth, folder: Path) -> list[str]:
    """Differences between two states that no announced change of the journal accounts for."""
    entries = list(Journal(folder / "journal.jsonl").entries())
    names = sorted(set(start.parts) | set(now.parts))
    changed = [name for name in names if start.parts.get(name) != now.parts.get(name)]
    return [
        f"{name}: {start.parts.get(name)} -> {now.parts.get(name)}" for name in changed if not _is_told(name, start, now, entries)
    ]


def lost(start: Truth, now: Truth, folder: Path) -> list[str]:
    """Objects that ought to be there and are not: bystanders, and what the journal says was made and not undone."""
    entries = list(Journal(folder / "journal.jsonl").entries())
    gone = [name for name in start.objects() if name not in now.parts]
    for target in {entry.target for entry in entries if "written" in entry.undo}:
        last = [
            entry.event for entry in entries if entry.target == target and entry.event in {"change_done", "undo_begun", "undone"}
        ]
        if last and last[-1] == "change_done" and target not in now.parts:
            gone.append(f"{target} (made by the run)")
        if last and last[-1] == "undone" and target in now.parts:
            gone.append(f"{target} (undone, and still there)")
    return gone


def _is_told(name: str, start: Truth, now: Truth, entries: list[Entry]) -> bool:
    owner, _, what = name.partition(" ")
    begun = [entry for entry in entries if entry.event in {"change_begun", "undo_begun"}]
    if what == "CallManager request":
        return any(entry.target in (name, f"{owner} CallManager identity") for entry in begun)
    if what.startswith("CallManager-trust "):
        came = name not in start.parts
        digest = what.split()[1]
        return came and any(entry.undo.get("sha256") == digest for entry in begun)
    if name in start.parts and name not in now.parts:
        return False  # nothing that was there before may go
    return any(entry.target == name for entry in begun)


def _axl_session(cluster: ClusterSpec, credentials: Credentials) -> HttpsSession:
    return HttpsSession(
        cluster.publisher, cluster.axl.user, credentials.password(cluster.axl), ca_bundle=cluster.ca_bundle, oldest_tls="TLSv1.2"
    )


def _text(values: dict) -> str:
    return json.dumps({key: value for key, value in values.items() if key not in IGNORED}, sort_keys=True)
