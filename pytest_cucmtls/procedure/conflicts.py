"""What stands in the way of the ten steps under another name: duplicates, copies, and other people's objects; with a proposal.

Read before the first change, so that a run does not stop halfway through. Sources: XDbErrors of the AXL schema for
profiles ("The same X.509 Subject Name and Incoming Port …"), System Configuration Guide for route patterns (closest match).
"""

from pytest_cucmtls.checks.dial_patterns import breadth, matches, partition_name, same_pattern
from pytest_cucmtls.model.cucm import SipTrunkSecurityProfile
from pytest_cucmtls.model.intended import intended_profile, intended_route_pattern, intended_trunk, listed_subject_names
from pytest_cucmtls.procedure.cluster_state import DialPlan, named, same_destinations, same_key
from pytest_cucmtls.procedure.context import Run


def conflicts(run: Run, plan: DialPlan) -> list[tuple[int, str]]:
    """(step, sentence with what is in the way and what to do) for one cluster; empty when nothing is."""
    return [
        *[(8, text) for text in _profiles(run, plan)],
        *[(9, text) for text in _trunks(run, plan)],
        *[(10, text) for text in _patterns(run, plan)],
    ]


def _profiles(run: Run, plan: DialPlan) -> list[str]:
    """Another profile with one of our subject names on the same port: the cluster refuses the second, or confuses callers."""
    name = plan.cluster.name
    wanted = intended_profile(run.inventory, plan.cluster.spec)
    return [
        f"{name} security profile {row.name} already has the X.509 subject name {' and '.join(shared)} on port "
        f"{row.incoming_port}; "
        f'adopt it (security_profile = "{row.name}" in [clusters.{name}]) or correct its subject name by hand, then plan again'
        for row in plan.profiles
        if row.name != wanted.name and row.incoming_port == wanted.incoming_port and (shared := _shared_names(row, wanted))
    ]


def _shared_names(one: SipTrunkSecurityProfile, other: SipTrunkSecurityProfile) -> list[str]:
    first, second = (set(listed_subject_names((row.x509_subject_name or "").lower())) for row in (one, other))
    return sorted(first & second)


def _trunks(run: Run, plan: DialPlan) -> list[str]:
    """Another trunk to the same destination and port: a copy, or the work of an earlier run under another name."""
    name = plan.cluster.name
    wanted = intended_trunk(run.inventory, plan.cluster.spec)
    return [
        f"{name} trunk {row.name} already leads to {', '.join(f'{place.address}:{place.port}' for place in row.destinations)}; "
        f'adopt it (trunk = "{row.name}" in [clusters.{name}]) or remove or correct it by hand, then plan again'
        for row in plan.trunks
        if row.name != wanted.name and same_destinations(row, wanted)
    ]


def _patterns(run: Run, plan: DialPlan) -> list[str]:
    """What would take the peer's number before our pattern: the same pattern elsewhere, a closer one, a local number."""
    name, peer = plan.cluster.name, run.inventory.peer_of(plan.cluster.name)
    wanted = intended_route_pattern(run.inventory, plan.cluster.spec)
    length = len(peer.extension)
    found = [
        f"{name} route pattern {named(row)} takes {peer.extension} as closely as {wanted.pattern} would; "
        f'adopt it (route_pattern = "{row.pattern}", partition = "{partition_name(row.partition)}" in [clusters.{name}]) once it '
        f"leads to {wanted.gateway_name}, or rename or remove it by hand, then plan again"
        for row in plan.patterns
        if not same_key(row, wanted)
        and row.gateway_name != wanted.gateway_name
        and (same_pattern(row.pattern, wanted.pattern) or _closer(row.pattern, wanted.pattern, peer.extension, length))
    ]
    found += [
        f"{name} directory number {peer.extension} in partition {partition or '<None>'} exists on the cluster itself: "
        "calls to it never reach the trunk; rename one of the two numbers by hand, then plan again"
        for partition in plan.lines
    ]
    return found


def _closer(pattern: str, wanted: str, digits: str, length: int) -> bool:
    return matches(pattern, digits) is True and breadth(pattern, length) <= breadth(wanted, length)


def overlapping(run: Run, plan: DialPlan) -> list[str]:
    """Wider patterns that take the peer's number today: no conflict, but such calls will take another way."""
    peer = run.inventory.peer_of(plan.cluster.name)
    wanted = intended_route_pattern(run.inventory, plan.cluster.spec)
    return [
        named(row)
        for row in plan.patterns
        if not same_key(row, wanted)
        and row.gateway_name != wanted.gateway_name
        and matches(row.pattern, peer.extension) is not False
        and not _closer(row.pattern, wanted.pattern, peer.extension, len(peer.extension))
    ]


def references(run: Run, plan: DialPlan, target: str) -> tuple[str, ...]:
    """Who uses the object a change is about: trunks of a profile, patterns and groups of a trunk, patterns beside a pattern."""
    name, spec = plan.cluster.name, plan.cluster.spec
    if target.startswith(f"{name} security profile "):
        return tuple(f"trunk {row.name}" for row in plan.trunks if row.security_profile_name == spec.security_profile)
    if target.startswith(f"{name} trunk "):
        groups = tuple(f"route group {group}" for group in plan.groups_with(spec.trunk))
        return groups + tuple(f"route pattern {pattern}" for pattern in plan.patterns_to(spec.trunk))
    if target.startswith(f"{name} route pattern "):
        wider = overlapping(run, plan)
        return tuple(f"route pattern {pattern} is wider: calls to this number leave it" for pattern in wider)
    if target.startswith(f"{name}/"):
        secure = [row for row in plan.trunks if _is_secure(plan, row.security_profile_name)]
        return tuple(f"trunk {row.name} (profile {row.security_profile_name})" for row in secure)
    return ()


def _is_secure(plan: DialPlan, profile_name: str | None) -> bool:
    profile = plan.profile(profile_name or "")
    return profile is not None and profile.outgoing_transport == "TLS"
