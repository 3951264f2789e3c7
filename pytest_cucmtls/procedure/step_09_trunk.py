"""Step 9 - The SIP trunk uses the profile, allows SRTP and leads to the peer."""

from pytest_cucmtls.clusters import ClusterReader
from pytest_cucmtls.model.cucm import SipTrunk
from pytest_cucmtls.model.intended import differing_fields, intended_trunk
from pytest_cucmtls.procedure.context import Change, Run
from pytest_cucmtls.procedure.object_values import differing, recorded
from pytest_cucmtls.procedure.ownership import refuse_foreign

number = 9
title = "The SIP trunk uses the profile, allows SRTP and leads to the peer"


def plan(run: Run) -> list[Change]:
    """Add or correct the trunk, then reset it: a trunk runs what it had at its last reset. Raises: UnsafeToAct."""
    return [change for cluster in run.clusters for change in plan_cluster(run, cluster)]


def plan_cluster(run: Run, cluster: ClusterReader) -> list[Change]:
    """As `plan`, of one cluster."""
    wanted = intended_trunk(run.inventory, cluster.spec)
    found = cluster.axl().read_sip_trunk(wanted.name).value
    target = f"{cluster.name} trunk {wanted.name}"
    if found is None:
        return [_add(run, cluster, wanted, target), reset(run, cluster)]
    if unequal := differing_fields(wanted, found):
        refuse_foreign(run, number, target, unequal, adopt=f"trunk of cluster {cluster.name}")
        return [_update(run, cluster, wanted, target, found), reset(run, cluster)]
    return [reset(run, cluster)] if _changed_since_reset(run, cluster) else []


def read_back(run: Run) -> None:
    """Keep the trunk as AXL answers it, and its state as RisPort sees it."""
    for cluster in run.clusters:
        run.folder.keep_reading(cluster.axl().read_sip_trunk(cluster.spec.trunk), kind="sip_trunk", cluster=cluster.name)
        run.folder.keep_reading(
            cluster.risport().read_trunk_status(cluster.spec.trunk), kind="trunk_status", cluster=cluster.name
        )


def _add(run: Run, cluster: ClusterReader, wanted: SipTrunk, target: str) -> Change:
    def perform() -> None:
        run.writer(cluster).axl().add_sip_trunk(wanted)

    return Change(target, "absent", _described(wanted), "axl", perform, _undo(cluster, wanted), fields=differing(None, wanted))


def _update(run: Run, cluster: ClusterReader, wanted: SipTrunk, target: str, found: SipTrunk) -> Change:
    def perform() -> None:
        run.writer(cluster).axl().update_sip_trunk(wanted.name, wanted)

    fields = differing(found, wanted)
    return Change(target, _described(found), _described(wanted), "axl", perform, _undo(cluster, wanted), fields=fields)


def _undo(cluster: ClusterReader, wanted: SipTrunk) -> dict[str, str]:
    return {"action": "remove_sip_trunk", "cluster": cluster.name, "name": wanted.name, "written": recorded(wanted)}


def reset(run: Run, cluster: ClusterReader) -> Change:
    """The trunk takes over its configuration."""

    def perform() -> None:
        run.resetter(cluster).axl().reset_sip_trunk(cluster.spec.trunk)

    return Change(
        _reset_target(cluster),
        "running what it had at its last reset",
        "reset",
        "axl",
        perform,
        risk="calls in progress through this trunk are dropped",
    )


def _reset_target(cluster: ClusterReader) -> str:
    return f"{cluster.name} trunk {cluster.spec.trunk} reset"


def _changed_since_reset(run: Run, cluster: ClusterReader) -> bool:
    """A profile or trunk change of this cluster was begun after the last reset that was completed."""
    waiting = False
    for entry in run.journal.entries():
        if entry.event == "change_done" and entry.target == _reset_target(cluster):
            waiting = False
        elif entry.event == "change_begun" and entry.step in {8, 9} and entry.target != _reset_target(cluster):
            waiting = waiting or entry.target.startswith(f"{cluster.name} ")
    return waiting


def _described(trunk: SipTrunk) -> str:
    leads_to = ", ".join(f"{row.address}:{row.port}" for row in trunk.destinations)
    return f"to {leads_to}, profile {trunk.security_profile_name}, SRTP {'allowed' if trunk.srtp_allowed else 'not allowed'}"
