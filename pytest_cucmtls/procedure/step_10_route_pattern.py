"""Step 10 - The route pattern leads the peer's extension into the trunk."""

from pytest_cucmtls.clusters import ClusterReader
from pytest_cucmtls.model.cucm import RoutePattern
from pytest_cucmtls.model.intended import differing_fields, intended_route_pattern
from pytest_cucmtls.procedure.context import Change, Run
from pytest_cucmtls.procedure.dial_plan import keep_dial_plan
from pytest_cucmtls.procedure.object_values import differing, recorded
from pytest_cucmtls.procedure.ownership import refuse_foreign

number = 10
title = "The route pattern leads the peer's extension into the trunk"

_RISK = "new calls to numbers it matches take the trunk from now on"


def plan(run: Run) -> list[Change]:
    """Add the pattern where it is missing. Raises: UnsafeToAct when one exists that leads elsewhere and is not ours."""
    return [change for cluster in run.clusters for change in plan_cluster(run, cluster)]


def plan_cluster(run: Run, cluster: ClusterReader) -> list[Change]:
    """As `plan`, of one cluster."""
    wanted = intended_route_pattern(run.inventory, cluster.spec)
    found = cluster.axl().read_route_pattern(wanted.pattern, wanted.partition).value
    target = f"{cluster.name} route pattern {wanted.pattern}"
    if found is None:
        return [_add(run, cluster, wanted, target)]
    if found.route_list_name is None and (unequal := differing_fields(wanted, found)):
        refuse_foreign(run, number, target, unequal, adopt=f"route_pattern of cluster {cluster.name}")
        return [_update(run, cluster, wanted, target, found)]
    return []


def read_back(run: Run) -> None:
    """Keep the part of the dial plan that decides where the test numbers go."""
    for cluster in run.clusters:
        keep_dial_plan(run, cluster)


def _undo(cluster: ClusterReader, wanted: RoutePattern) -> dict[str, str]:
    return {
        "action": "remove_route_pattern",
        "cluster": cluster.name,
        "pattern": wanted.pattern,
        "partition": wanted.partition,
        "written": recorded(wanted),
    }


def _add(run: Run, cluster: ClusterReader, wanted: RoutePattern, target: str) -> Change:
    def perform() -> None:
        run.writer(cluster).axl().add_route_pattern(wanted)

    fields = differing(None, wanted)
    return Change(
        target, "absent", f"to {wanted.gateway_name}", "axl", perform, _undo(cluster, wanted), risk=_RISK, fields=fields
    )


def _update(run: Run, cluster: ClusterReader, wanted: RoutePattern, target: str, found: RoutePattern) -> Change:
    def perform() -> None:
        run.writer(cluster).axl().update_route_pattern(wanted.pattern, wanted.partition, wanted)

    before, fields = f"to {found.gateway_name}", differing(found, wanted)
    return Change(target, before, f"to {wanted.gateway_name}", "axl", perform, _undo(cluster, wanted), risk=_RISK, fields=fields)
