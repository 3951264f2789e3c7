"""Writes what a user would have written for a simulated pair: clusters.toml, the HTTPS bundles and the credentials."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from pytest_cucmtls.sim.identities import certificate_pem
from pytest_cucmtls.sim.pairs import ClusterPlan, PairPlan
from pytest_cucmtls.sim.state import ClusterState, NodeState


@dataclass(frozen=True, slots=True)
class InventoryFiles:
    """Where the two files are."""

    inventory: Path
    credentials: Path


def write_inventory(folder: Path, plan: PairPlan, clusters: list[ClusterState]) -> InventoryFiles:
    """Write `clusters.toml`, one `ca-<cluster>.pem` each and `credentials.json` (0600: variable name -> password)."""
    files = InventoryFiles(folder / "clusters.toml", folder / "credentials.json")
    tables = [
        _cluster_tables(folder, cluster_plan, cluster) for cluster_plan, cluster in zip(plan.clusters, clusters, strict=True)
    ]
    mode = "verify" if any(cluster.read_only for cluster in clusters) else "apply"
    head = f"""# A simulated pair: its addresses exist on this machine only, as long as the simulator runs.
policy = "cisco-hardening"
mode = "{mode}"
place_calls = true

[authority]
kind = "embedded"
signature_hash = "{plan.authority_hash}"
key_length = {plan.authority_key_length}
"""
    _write_private(files.credentials, json.dumps(_credentials(plan, clusters), indent=1))
    files.inventory.write_text("\n".join([head, *tables]), encoding="utf-8")
    return files


def _cluster_tables(folder: Path, plan: ClusterPlan, cluster: ClusterState) -> str:
    bundle = folder / f"ca-{plan.name}.pem"
    bundle.write_bytes(b"".join(_tomcat_pem(node) for node in cluster.nodes))
    subject = ", ".join(f"{key} = {_text(value)}" for key, value in reversed(plan.subject))
    accounts = {"axl": plan.axl_user, "platform": plan.platform_user, "call": plan.call_user}
    lines = [
        f"[clusters.{plan.name}]",
        f"release = {_text(plan.release.key)}",
        f"extension = {_text(plan.extension)}",
        f"phone = {_text(plan.phone)}",
        f"trunk = {_text(plan.trunk)}",
        f"device_pool = {_text(plan.device_pool)}",
        f"ca_bundle = {_text(str(bundle))}",
        f"key_length = {plan.key_length}",
        f"hash_algorithm = {_text(plan.hash_algorithm)}",
        f"subject = {{ {subject} }}",
    ]
    for kind, user in accounts.items():
        lines += [
            "",
            f"[clusters.{plan.name}.{kind}]",
            f"user = {_text(user)}",
            f"password_variable = {_text(_variable(plan, kind))}",
        ]
    for node in cluster.nodes:
        lines += ["", f"[[clusters.{plan.name}.nodes]]", *_node_lines(node)]
    return "\n".join(lines) + "\n"


def _node_lines(node: NodeState) -> list[str]:
    return [
        f"name = {_text(node.name)}",
        f"address = {_text('cucm://' + node.ip)}",
        f"role = {_text(node.role)}",
        f"https_port = {node.https_port}",
        f"ssh_port = {node.ssh_port}",
        f"sip_port = {node.sip_port}",
        f"ssh_host_key = {_text(node.ssh_host_key_fingerprint)}",
    ]


def _tomcat_pem(node: NodeState) -> bytes:
    identity = node.certificates.own("tomcat")
    return certificate_pem(identity.der) if identity else b""


def _credentials(plan: PairPlan, clusters: list[ClusterState]) -> dict[str, str]:
    found: dict[str, str] = {}
    for cluster_plan, cluster in zip(plan.clusters, clusters, strict=True):
        passwords = {account.user: account.password for account in cluster.accounts}
        found[_variable(cluster_plan, "axl")] = passwords[cluster_plan.axl_user]
        found[_variable(cluster_plan, "platform")] = passwords[cluster_plan.platform_user]
        found[_variable(cluster_plan, "call")] = passwords[cluster_plan.call_user]
    return found


def _variable(plan: ClusterPlan, kind: str) -> str:
    return f"CUCMTLS_{plan.name}_{kind.upper()}_PASSWORD"


def _text(value: str) -> str:
    """A TOML basic string: JSON's escapes are a subset of TOML's."""
    return json.dumps(value)


def _write_private(path: Path, text: str) -> None:
    """Create the file readable by its owner only, before anything is in it."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
