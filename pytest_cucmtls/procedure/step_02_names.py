"""Step 2 - Host names and settings are right before anything is generated."""

from pytest_cucmtls.procedure.context import CALL_MANAGER, Change, Run

number = 2
title = "Host names and settings are right before anything is generated"


def plan(_run: Run) -> list[Change]:
    """Nothing is changed in this step."""
    return []


def read_back(run: Run) -> None:
    """Keep release, clock and the CallManager certificate of every node as they were before the first change."""
    already_kept = {(entry.cluster, entry.node) for entry in run.folder.entries("own_certificate_before")}
    for cluster, node in run.nodes():
        cli = cluster.cli(node)
        run.folder.keep_reading(cli.read_version(), kind="version", cluster=cluster.name, node=node.name)
        run.folder.keep_reading(cli.read_ntp(), kind="ntp", cluster=cluster.name, node=node.name)
        if (cluster.name, node.name) not in already_kept:
            identity = cli.read_own_certificate(CALL_MANAGER)
            run.folder.keep_reading(identity, kind="own_certificate_before", cluster=cluster.name, node=node.name)
