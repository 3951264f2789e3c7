"""Step 8 - The SIP trunk security profile asks for TLS and names the peer."""

from pytest_cucmtls.clusters import ClusterReader
from pytest_cucmtls.model.cucm import SipTrunkSecurityProfile
from pytest_cucmtls.model.intended import differing_fields, intended_profile
from pytest_cucmtls.procedure.context import Change, Run
from pytest_cucmtls.procedure.ownership import refuse_foreign

number = 8
title = "The SIP trunk security profile asks for TLS and names the peer"


def plan(run: Run) -> list[Change]:
    """Add the profile where it is missing; correct it where this run made it. Raises: UnsafeToAct for anybody else's."""
    changes = []
    for cluster in run.clusters:
        wanted = intended_profile(run.inventory, cluster.spec)
        found = cluster.axl().read_security_profile(wanted.name).value
        target = f"{cluster.name} security profile {wanted.name}"
        if found is None:
            changes.append(_add(run, cluster, wanted, target))
        elif unequal := differing_fields(wanted, found):
            refuse_foreign(run, number, target, unequal)
            changes.append(_update(run, cluster, wanted, target, found))
    return changes


def read_back(run: Run) -> None:
    """Keep the profile as AXL answers it."""
    for cluster in run.clusters:
        reading = cluster.axl().read_security_profile(cluster.spec.security_profile)
        run.folder.keep_reading(reading, kind="security_profile", cluster=cluster.name)


def _add(run: Run, cluster: ClusterReader, wanted: SipTrunkSecurityProfile, target: str) -> Change:
    def perform() -> None:
        run.writer(cluster).axl().add_security_profile(wanted)

    undo = {"action": "remove_security_profile", "cluster": cluster.name, "name": wanted.name}
    return Change(target, "absent", f"Encrypted, TLS, {wanted.x509_subject_name}", "axl", perform, undo)


def _update(
    run: Run, cluster: ClusterReader, wanted: SipTrunkSecurityProfile, target: str, found: SipTrunkSecurityProfile
) -> Change:
    def perform() -> None:
        run.writer(cluster).axl().update_security_profile(wanted.name, wanted)

    undo = {"action": "remove_security_profile", "cluster": cluster.name, "name": wanted.name}
    return Change(target, str(found), str(wanted), "axl", perform, undo)
