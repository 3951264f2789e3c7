"""The part of a cluster's dial plan that decides where the test numbers go, kept as evidence."""

from pytest_cucmtls.checks.dial_patterns import matches
from pytest_cucmtls.clusters import ClusterReader
from pytest_cucmtls.model.cucm import DirectoryNumber, RoutePattern
from pytest_cucmtls.model.intended import intended_route_pattern
from pytest_cucmtls.procedure.context import Run


def keep_dial_plan(run: Run, cluster: ClusterReader) -> None:
    """Patterns, lines, the phone and its calling search spaces, and the route lists and groups the patterns lead to."""
    axl = cluster.axl()
    numbers = [spec.extension for spec in run.inventory.clusters]
    patterns = tuple(row for row in axl.read_route_patterns().value if _may_take(row.pattern, numbers))
    wanted = intended_route_pattern(run.inventory, cluster.spec)
    for pattern in patterns or (wanted,):  # that the wanted one does not exist is an answer worth keeping
        run.folder.keep_reading(
            axl.read_route_pattern(pattern.pattern, pattern.partition), kind="route_pattern", cluster=cluster.name
        )
    lines = [line for line in axl.read_lines().value if _may_take(line.pattern, numbers)]
    for line in lines or (DirectoryNumber(cluster.spec.extension),):
        run.folder.keep_reading(axl.read_line(line.pattern, line.partition), kind="line", cluster=cluster.name)
    phone = axl.read_phone(cluster.spec.phone)
    run.folder.keep_reading(phone, kind="phone", cluster=cluster.name)
    spaces = {line.calling_search_space_name for line in lines}
    spaces.add(phone.value.calling_search_space_name if phone.value else None)
    for name in sorted(space for space in spaces if space):
        run.folder.keep_reading(axl.read_css(name), kind="css", cluster=cluster.name)
    _keep_route_lists(run, cluster, patterns)


def _may_take(pattern: str, numbers: list[str]) -> bool:
    """A pattern that could take one of the test numbers, or that cannot be expanded; a whole dial plan is not copied."""
    return any(matches(pattern, number) is not False for number in numbers)


def _keep_route_lists(run: Run, cluster: ClusterReader, patterns: tuple[RoutePattern, ...]) -> None:
    axl = cluster.axl()
    trunks: set[str] = {pattern.gateway_name for pattern in patterns if pattern.gateway_name}
    for list_name in sorted({pattern.route_list_name for pattern in patterns if pattern.route_list_name}):
        route_list = axl.read_route_list(list_name)
        run.folder.keep_reading(route_list, kind="route_list", cluster=cluster.name)
        for group_name in route_list.value.members if route_list.value else ():
            group = axl.read_route_group(group_name)
            run.folder.keep_reading(group, kind="route_group", cluster=cluster.name)
            trunks.update(group.value.members if group.value else ())
    for name in sorted(trunks - {cluster.spec.trunk}):
        trunk = axl.read_sip_trunk(name)
        run.folder.keep_reading(trunk, kind="other_sip_trunk", cluster=cluster.name)
        if trunk.value and trunk.value.security_profile_name:
            profile = axl.read_security_profile(trunk.value.security_profile_name)
            run.folder.keep_reading(profile, kind="other_security_profile", cluster=cluster.name)
