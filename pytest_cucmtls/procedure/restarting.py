"""Restarts the CallManager service one node at a time, and waits for what was in service before to be in service again."""

import threading
import time
from dataclasses import dataclass

from pytest_cucmtls.clusters import ClusterReader
from pytest_cucmtls.model.cucm import CALL_MANAGER_SERVICE, DeviceStatus
from pytest_cucmtls.model.errors import AnswerTimedOut, ClusterUnreachable
from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.procedure.context import Change, Run

REGISTERED = "Registered"
LEAST_PAUSE_SECONDS = 1.0
"""RISPort allows 15 questions per minute (platform facts); real clusters are asked every `Run.poll_seconds`."""


@dataclass(frozen=True, slots=True)
class InService:
    """What RISPort showed as registered: (cluster, node) of trunks, clusters whose test phone was."""

    trunks: frozenset[tuple[str, str]]
    phones: frozenset[str]


def restart_target(cluster: ClusterReader, node: NodeAddress) -> str:
    """How the journal calls the restart of a node's service."""
    return f"{cluster.name}/{node.name} {CALL_MANAGER_SERVICE}"


def restart_is_due(run: Run, cluster: ClusterReader, node: NodeAddress) -> bool:
    """A trust or identity change of this node was begun, or taken back, after the last restart that was completed."""
    waiting = False
    for entry in run.journal.entries():
        if entry.event == "change_done" and entry.target == restart_target(cluster, node):
            waiting = False
        elif entry.event in {"change_begun", "undo_begun"} and (
            entry.target == f"{cluster.name}/{node.name} CallManager identity" or is_trust_of(cluster.name, entry.target)
        ):
            waiting = True
    return waiting


def is_trust_of(cluster: str, target: str) -> bool:
    """A trusted certificate of any node of the cluster: the nodes replicate CallManager-trust (platform facts §7.2)."""
    return target.startswith(f"{cluster}/") and " CallManager-trust " in target


def restart(run: Run, cluster: ClusterReader, node: NodeAddress) -> Change:
    """The change that makes a node load its certificates; it has ended when the node's devices are back.

    Raises when performed: AnswerTimedOut, naming what did not come back; no further node is restarted then.
    """

    def perform() -> None:
        if run.before_restarts is None:
            run.before_restarts = in_service(run)
        control = run.writer(cluster).control_center(node)
        run.progress(f"waiting for {CALL_MANAGER_SERVICE} on {cluster.name}/{node.name} to start again, at most 600 s")
        control.restart_and_wait(node.name, CALL_MANAGER_SERVICE, poll_seconds=run.poll_seconds)
        _wait_for_devices(run, cluster, node, run.before_restarts)

    return Change(
        target=restart_target(cluster, node),
        before="running with what it loaded at its last start",
        after="restarted",
        interface="control-center",
        perform=perform,
        risk=f"drops the calls in progress on {node.name}, and its phones and trunks register anew; one node at a time",
    )


def in_service(run: Run) -> InService:
    """Trunks and test phones of both clusters that are registered now."""
    trunks, phones = set(), set()
    for cluster in run.clusters:
        port = cluster.risport()
        trunks |= {(cluster.name, node) for node in _registered(port.read_trunk_status(cluster.spec.trunk).value)}
        if _registered(port.read_phone_status(cluster.spec.phone).value):
            phones.add(cluster.name)
    return InService(frozenset(trunks), frozenset(phones))


def _registered(rows: tuple[DeviceStatus, ...]) -> set[str]:
    return {row.node or "" for row in rows if row.status == REGISTERED}


def _wait_for_devices(run: Run, cluster: ClusterReader, node: NodeAddress, before: InService) -> None:
    """Until the cluster's phone, and every trunk whose two ends have loaded their certificates, is registered as before."""
    due = {(one.name, other.name) for one, other in run.nodes() if restart_is_due(run, one, other)} - {(cluster.name, node.name)}
    clusters_due = {name for name, _ in due}
    if clusters_due and before.trunks:
        run.progress(f"not yet waiting for the trunk: {', '.join(sorted(clusters_due))} must load its certificates first")
    trunks = set() if clusters_due else set(before.trunks)
    phones = before.phones & {cluster.name}
    pause, begun = threading.Event(), time.monotonic()
    while missing := _missing(run, trunks, phones):
        if time.monotonic() - begun > run.return_limit_seconds:
            raise AnswerTimedOut(
                "risport",
                f"{' and '.join(missing)} back in service after the restart of {node.name}",
                run.return_limit_seconds,
                remedy="No further node was restarted. Look at the trunk's status reason and at the service; then continue with "
                "the same run folder, or undo.",
            )
        pause.wait(max(LEAST_PAUSE_SECONDS, run.poll_seconds))


def _missing(run: Run, trunks: set[tuple[str, str]], phones: frozenset[str]) -> list[str]:
    """What is not registered; RISPort itself may be away for a while after a restart."""
    missing: list[str] = []
    for name in sorted({name for name, _ in trunks} | phones):
        try:
            missing += _missing_of(run.cluster(name), {node for owner, node in trunks if owner == name}, phone=name in phones)
        except (ClusterUnreachable, AnswerTimedOut):
            missing.append(f"RISPort of {name}")
    return missing


def _missing_of(cluster: ClusterReader, nodes: set[str], *, phone: bool) -> list[str]:
    missing = []
    if nodes:
        found = _registered(cluster.risport().read_trunk_status(cluster.spec.trunk).value)
        missing += [f"trunk {cluster.spec.trunk} on {node}" for node in sorted(nodes - found)]
    if phone and not _registered(cluster.risport().read_phone_status(cluster.spec.phone).value):
        missing.append(f"phone {cluster.spec.phone} of {cluster.name}")
    return missing
