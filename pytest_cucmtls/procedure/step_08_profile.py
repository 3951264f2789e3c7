"""Step 8 - The SIP trunk security profile asks for TLS and names the peer."""

from pytest_cucmtls.clusters import ClusterReader
from pytest_cucmtls.model.cucm import SipTrunkSecurityProfile
from pytest_cucmtls.model.intended import differing_fields, intended_profile
from pytest_cucmtls.procedure.context import Change, Run
from pytest_cucmtls.procedure.object_values import canonical, differing, recorded
from pytest_cucmtls.procedure.ownership import refuse_foreign

number = 8
title = "The SIP trunk security profile asks for TLS and names the peer"


def plan(run: Run) -> list[Change]:
    """Add the profile where it is missing; correct it where this run made it. Raises: UnsafeToAct for anybody else's."""
    return [change for cluster in run.clusters for change in plan_cluster(run, cluster)]


def plan_cluster(run: Run, cluster: ClusterReader) -> list[Change]:
    """As `plan`, of one cluster."""
    wanted = intended_profile(run.inventory, cluster.spec)
    found = cluster.axl().read_security_profile(wanted.name).value
    target = f"{cluster.name} security profile {wanted.name}"
    if found is None:
        return [_add(run, cluster, wanted, target)]
    if unequal := differing_fields(wanted, found):
        refuse_foreign(run, number, target, unequal, adopt=f"security_profile of cluster {cluster.name}")
        return [_update(run, cluster, wanted, target, found)]
    return []


def read_back(run: Run) -> None:
    """Keep the profile as AXL answers it."""
    for cluster in run.clusters:
        reading = cluster.axl().read_security_profile(cluster.spec.security_profile)
        run.folder.keep_reading(reading, kind="security_profile", cluster=cluster.name)


def _add(run: Run, cluster: ClusterReader, wanted: SipTrunkSecurityProfile, target: str) -> Change:
    def perform() -> None:
        run.writer(cluster).axl().add_security_profile(wanted)

    return Change(
        target,
        "absent",
        f"Encrypted, TLS, {wanted.x509_subject_name}",
        "axl",
        perform,
        _undo(cluster, wanted),
        fields=differing(None, wanted),
    )


def _update(
    run: Run, cluster: ClusterReader, wanted: SipTrunkSecurityProfile, target: str, found: SipTrunkSecurityProfile
) -> Change:
    def perform() -> None:
        run.writer(cluster).axl().update_security_profile(wanted.name, wanted)

    return Change(
        target,
        canonical(found),
        canonical(wanted),
        "axl",
        perform,
        _undo(cluster, wanted),
        risk="every trunk that uses the profile takes the new values over at its next reset",
        fields=differing(found, wanted),
    )


def _undo(cluster: ClusterReader, wanted: SipTrunkSecurityProfile) -> dict[str, str]:
    return {"action": "remove_security_profile", "cluster": cluster.name, "name": wanted.name, "written": recorded(wanted)}
