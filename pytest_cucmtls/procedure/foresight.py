"""Plans all ten steps beforehand: what is due now, and what becomes due once earlier steps are done; changes nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from pytest_cucmtls import __version__
from pytest_cucmtls.clusters import ClusterReader
from pytest_cucmtls.evidence.inventory_json import inventory_as_json
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.errors import CertificateAuthorityRefused, UnsafeToAct
from pytest_cucmtls.model.inventory import Inventory, NodeAddress
from pytest_cucmtls.procedure import (
    step_03_requests,
    step_04_signing,
    step_05_root,
    step_06_trust,
    step_07_identity,
    step_08_profile,
    step_09_trunk,
    step_10_route_pattern,
)
from pytest_cucmtls.procedure.cluster_state import (
    DialPlan,
    read_dial_plan,
    state_of_authority,
    state_of_certificates,
    state_of_objects,
)
from pytest_cucmtls.procedure.conflicts import conflicts, references
from pytest_cucmtls.procedure.context import CALL_MANAGER, Change, Run
from pytest_cucmtls.procedure.object_values import VOLATILE
from pytest_cucmtls.procedure.plan_values import PROOF_STEP, Plan, PlannedChange, planned
from pytest_cucmtls.procedure.proof_changes import reset_before_calls
from pytest_cucmtls.procedure.restarting import is_trust_of, restart
from pytest_cucmtls.wire.x509 import parse_certificate

_BINDING_FIELDS = ("authority", "place_calls", "maintenance")
_BINDING_OF_CLUSTER = (
    "name", "release", "extension", "phone", "trunk", "security_profile", "route_pattern", "partition", "device_pool",
    "x509_subject_names", "key_length", "hash_algorithm", "subject",
)  # fmt: skip
_BINDING_OF_NODE = ("name", "address", "role", "sip_port")
"""What of the inventory decides what is done to the clusters; how they are reached may change."""
IGNORED = (*VOLATILE, "clocks and up times", "registrations", "file names in trust stores")

_PER_CLUSTER = ((8, step_08_profile.plan_cluster), (9, step_09_trunk.plan_cluster), (10, step_10_route_pattern.plan_cluster))


def make_plan(run: Run) -> Plan:
    """The plan from what the clusters say now. Raises: what reading them raises."""
    dial_plans = tuple(read_dial_plan(run, cluster) for cluster in run.clusters)
    changes, blocked = _certificates(run)
    for number, plan_cluster in _PER_CLUSTER:
        for cluster in run.clusters:
            changes += _caught(number, partial(plan_cluster, run, cluster), blocked)
    changes = _with_resets(run, changes)
    if changes:
        changes += [planned(PROOF_STEP, reset_before_calls(run, cluster), foreseen=True) for cluster in run.clusters]
    for plan in dial_plans:
        blocked += [f"step {number}: {text}" for number, text in conflicts(run, plan)]
    return Plan(
        changes=tuple(_with_references(run, dial_plans, change) for change in changes),
        state=read_state(run, dial_plans),
        inventory=binding_inventory(run.inventory),
        blocked=tuple(dict.fromkeys(blocked)),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        made_with=f"pytest-cucmtls {__version__}",
        ignored=IGNORED,
    )


def read_state(run: Run, dial_plans: tuple[DialPlan, ...] | None = None) -> dict[str, str]:
    """The state of both clusters and the authority as a plan compares it; reads what is not given."""
    plans = dial_plans or tuple(read_dial_plan(run, cluster) for cluster in run.clusters)
    state = state_of_authority(run) if authority_chain(run) else {}
    for plan in plans:
        state |= state_of_objects(run, plan)
    for cluster, node in run.nodes():
        state |= state_of_certificates(cluster, node)
    return state


def binding_inventory(inventory: Inventory) -> dict[str, object]:
    """The part of the inventory a plan rests on; accounts, ports of interfaces, host keys and bundles may change."""
    values = inventory_as_json(inventory)
    found = {key: values[key] for key in _BINDING_FIELDS}
    for place in ("cluster_a", "cluster_b"):
        cluster = values[place]
        nodes = [{key: node[key] for key in _BINDING_OF_NODE} for node in cluster["nodes"]]
        found[place] = {key: cluster[key] for key in _BINDING_OF_CLUSTER} | {"nodes": nodes}
    return found


def authority_chain(run: Run) -> tuple[bytes, ...]:
    """The authority's certificates as far as they are known yet: a hand-over folder may still be empty."""
    if run.authority is None:
        return ()
    try:
        return run.authority.chain()
    except CertificateAuthorityRefused:
        return ()


def _caught(number: int, plan: Callable[[], list[Change]], blocked: list[str]) -> list[PlannedChange]:
    """What stands in the way becomes an entry of the plan, so that a person sees all of it at once."""
    try:
        return [planned(number, change) for change in plan()]
    except UnsafeToAct as obstacle:
        blocked.append(f"step {number}: {obstacle.detail}. {obstacle.remedy}")
        return []


def _certificates(run: Run) -> tuple[list[PlannedChange], list[str]]:
    """Steps 3 to 7: requests, signatures, trust, identities and the restarts that follow from them."""
    blocked: list[str] = []
    chain = authority_chain(run)
    issuer = parse_certificate(chain[0]) if chain else None
    ask = partial(step_03_requests.plan, run) if issuer else partial(step_03_requests.requests_needed, run, None)
    requests = _caught(3, ask, blocked)
    signed_now = _caught(4, partial(step_04_signing.plan, run), blocked) if run.authority is not None else []
    if chain:
        _caught(5, partial(step_05_root.plan, run), blocked)
    trust = _caught(6, partial(step_06_trust.plan, run), blocked) if chain else []
    blocked += [f"step 6: {text}" for text in step_06_trust.ignored_imports(run, chain)]
    now = _caught(7, partial(step_07_identity.plan, run), blocked)
    signatures, identities = [], []
    for cluster, node in run.nodes():
        name = f"{cluster.name}/{node.name}"
        asked = any(change.target == f"{name} CallManager request" for change in requests)
        waiting = [change for change in signed_now if change.target == f"{name} certificate"]
        unsigned = issuer is None or not step_03_requests.signed_by(_identity(cluster, node), issuer)
        if asked or waiting or (issuer is None and unsigned):
            signatures += [_signature(run, name)] if asked or not waiting else waiting
            identities += [_upload(cluster, node, str(issuer.subject) if issuer else "")]
        else:
            identities += [change for change in now if change.target == f"{name} CallManager identity"]
        trust += [] if chain else [_unknown_trust(cluster, node)]
        uploads = any(change.target == f"{name} CallManager identity" for change in identities)
        trusts = any(is_trust_of(cluster.name, change.target) for change in trust)
        if uploads or trusts or _restart_due(now, cluster, node, run):
            identities.append(planned(7, restart(run, cluster, node), foreseen=True))
    return [*requests, *signatures, *trust, *identities], blocked


def _restart_due(now: list[PlannedChange], cluster: ClusterReader, node: NodeAddress, run: Run) -> bool:
    return any(change.target == restart(run, cluster, node).target for change in now)


def _identity(cluster: ClusterReader, node: NodeAddress) -> Certificate:
    return cluster.cli(node).read_own_certificate(CALL_MANAGER).value.certificate


def _signature(run: Run, name: str) -> PlannedChange:
    authority = "" if run.authority is None else f"certificate of {run.authority.name}"
    return PlannedChange(
        4,
        f"{name} certificate",
        "the request of step 3",
        authority or "certificate of the authority the run will make",
        authority,
        "authority",
        foreseen=True,
    )


def _unknown_trust(cluster: ClusterReader, node: NodeAddress) -> PlannedChange:
    return PlannedChange(
        6,
        f"{cluster.name}/{node.name} CallManager-trust *",
        "absent",
        "the authority's CA certificates, whichever it hands over",
        "",
        "certificate-rest" if cluster.release().has_certificate_rest else "cli",
        risk=step_06_trust.TRUST_RISK,
        foreseen=True,
    )


def _upload(cluster: ClusterReader, node: NodeAddress, issuer: str) -> PlannedChange:
    old = _identity(cluster, node)
    return PlannedChange(
        7,
        f"{cluster.name}/{node.name} CallManager identity",
        f"serial {old.serial_hex}, issuer {old.issuer}",
        f"the certificate of step 4, issuer {issuer or 'not known yet'}",
        issuer,
        "certificate-rest" if cluster.release().has_certificate_rest else "cli",
        risk="served from the restart on; a peer that does not trust the issuer refuses the trunk",
        irreversible=step_07_identity.irreversible_identity(old),
        foreseen=True,
    )


def _with_resets(run: Run, changes: list[PlannedChange]) -> list[PlannedChange]:
    """A changed profile takes effect at the trunk's reset, which step 9 asks for although the trunk itself is right."""
    found = list(changes)
    for cluster in run.clusters:
        change = step_09_trunk.reset(run, cluster)
        edited = any(one.step == 8 and one.target.startswith(f"{cluster.name} ") for one in changes)
        if edited and not any(one.target == change.target for one in changes):
            found.append(planned(9, change, foreseen=True))
    return sorted(found, key=lambda one: one.step)


def _with_references(run: Run, plans: tuple[DialPlan, ...], change: PlannedChange) -> PlannedChange:
    users = tuple(user for plan in plans for user in references(run, plan, change.target))
    return replace(change, references=users)
