"""Writes what a user would have written for simulated clusters: clusters.toml, the HTTPS bundles and the credentials."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from pytest_cucmtls.sim.certificates.identities import certificate_pem
from pytest_cucmtls.sim.pairs import DEFAULT_PROFILE, ClusterPlan, PairPlan, TrunkPlan
from pytest_cucmtls.sim.state import ClusterState, NodeState

ACCOUNT_KINDS = ("axl", "platform", "call")


@dataclass(frozen=True, slots=True)
class InventoryFiles:
    """Where the two files are."""

    inventory: Path
    credentials: Path


def write_inventory(inventory: Path, plan: PairPlan, clusters: list[ClusterState]) -> InventoryFiles:
    """Write the inventory and, beside it, one `ca-<cluster>.pem` each and `credentials.json` (0600: variable -> password)."""
    inventory.parent.mkdir(parents=True, exist_ok=True)
    files = InventoryFiles(inventory, inventory.parent / "credentials.json")
    tables = [
        _cluster_tables(inventory.parent, cluster_plan, cluster)
        for cluster_plan, cluster in zip(plan.clusters, clusters, strict=True)
    ]
    mode = "verify" if plan.mesh or any(cluster.read_only for cluster in clusters) else "apply"
    head = f"""# A simulated pair: its addresses exist on this machine only, as long as the simulator runs.
policy = {_text(plan.policy)}
mode = "{mode}"
place_calls = {_value(plan.place_calls)}

[authority]
"""
    authority = plan.authority or (
        ("kind", "embedded"),
        ("signature_hash", plan.authority_hash),
        ("key_length", plan.authority_key_length),
    )
    head += "".join(f"{key} = {_value(value)}\n" for key, value in authority)
    if plan.mesh:
        tables = [*tables, _mesh_tables(plan)]
    write_private(files.credentials, json.dumps(_credentials(plan, clusters), indent=1))
    inventory.write_text("\n".join([head, *tables]), encoding="utf-8")
    return files


def _cluster_tables(folder: Path, plan: ClusterPlan, cluster: ClusterState) -> str:
    bundle = (folder / f"ca-{plan.name}.pem").resolve()
    bundle.write_bytes(b"".join(_tomcat_pem(node) for node in cluster.nodes))
    subject = ", ".join(f"{key} = {_text(value)}" for key, value in reversed(plan.subject))
    lines = [
        f"[clusters.{plan.name}]",
        f"release = {_text(plan.release.key)}",
        f"extension = {_text(plan.extension)}",
        f"phone = {_text(plan.phone)}",
        *([] if plan.trunks else [f"trunk = {_text(plan.trunk)}", *_unusual_lines(plan)]),
        *([f"call_driver = {_text(plan.call_driver)}"] if plan.call_driver else []),
        f"device_pool = {_text(plan.device_pool)}",
        f"ca_bundle = {_text(str(bundle))}",
        f"key_length = {plan.key_length}",
        f"hash_algorithm = {_text(plan.hash_algorithm)}",
        f"subject = {{ {subject} }}",
    ]
    if plan.sip_phone:
        lines += ["", f"[clusters.{plan.name}.sip_phone]", *(f"{key} = {_value(value)}" for key, value in plan.sip_phone)]
    for kind, user in _users(plan).items():
        lines += [
            "",
            f"[clusters.{plan.name}.{kind}]",
            f"user = {_text(user)}",
            f"password_variable = {_text(plan.password_variable(kind))}",
        ]
    for node in cluster.nodes:
        lines += ["", f"[[clusters.{plan.name}.nodes]]", *_node_lines(node)]
    return "\n".join(lines) + "\n"


def _mesh_tables(plan: PairPlan) -> str:
    """Every trunk once, with the names of both sides."""
    lines: list[str] = []
    written: set[str] = set()
    sides = {(cluster.name, side.peer): side for cluster in plan.clusters for side in cluster.trunks}
    for own, peer in sides:
        if peer not in written:
            lines += ["[[trunks]]", f"between = [{_text(own)}, {_text(peer)}]"]
            lines += [f"{name} = {_side(sides[name, other])}" for name, other in ((own, peer), (peer, own))]
            lines.append("")
        written.add(own)
    return "\n".join(lines)


def _side(side: TrunkPlan) -> str:
    fields = [f"trunk = {_text(side.trunk)}", f"security_profile = {_text(side.security_profile)}"]
    fields += [
        f"{key} = {_text(value)}"
        for key, value in (("route_pattern", side.route_pattern), ("partition", side.partition))
        if value
    ]
    if side.x509_subject_names:
        fields.append(f"x509_subject_names = [{', '.join(map(_text, side.x509_subject_names))}]")
    return "{ " + ", ".join(fields) + " }"


def _unusual_lines(plan: ClusterPlan) -> list[str]:
    """What most inventories leave to the default."""
    lines = []
    if plan.security_profile != DEFAULT_PROFILE:
        lines.append(f"security_profile = {_text(plan.security_profile)}")
    if plan.route_pattern:
        lines.append(f"route_pattern = {_text(plan.route_pattern)}")
    if plan.partition:
        lines.append(f"partition = {_text(plan.partition)}")
    if plan.x509_subject_names:
        lines.append(f"x509_subject_names = [{', '.join(map(_text, plan.x509_subject_names))}]")
    return lines


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


def _users(plan: ClusterPlan) -> dict[str, str]:
    return dict(zip(ACCOUNT_KINDS, (plan.axl_user, plan.platform_user, plan.call_user), strict=True))


def _credentials(plan: PairPlan, clusters: list[ClusterState]) -> dict[str, str]:
    found: dict[str, str] = {}
    for cluster_plan, cluster in zip(plan.clusters, clusters, strict=True):
        passwords = {account.user: account.password for account in cluster.accounts}
        found |= {cluster_plan.password_variable(kind): passwords[user] for kind, user in _users(cluster_plan).items()}
    return found


def _value(value: str | float | bool) -> str:
    """A TOML value: numbers and booleans are written as in JSON, too."""
    return json.dumps(value)


def _text(value: str) -> str:
    """A TOML basic string: JSON's escapes are a subset of TOML's."""
    return json.dumps(value)


def write_private(path: Path, text: str) -> None:
    """Replace the file by one readable by its owner only; readers see the old one or the new one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
