"""What a plan was made from: every object and certificate the ten steps touch or lean on, as texts that can be compared.

The same configuration gives the same texts. Left out by rule is what changes by itself: uuids and version stamps
(`object_values.VOLATILE`), clocks, up times, registrations, file names of stores, and the order of lists without meaning.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pytest_cucmtls.checks.dial_patterns import matches, partition_name, same_pattern
from pytest_cucmtls.clusters import ClusterReader
from pytest_cucmtls.model.cucm import RouteGroup, RouteList, RoutePattern, SipTrunk, SipTrunkSecurityProfile
from pytest_cucmtls.model.intended import intended_profile, intended_route_pattern, intended_trunk
from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.procedure.context import CALL_MANAGER, CALL_MANAGER_TRUST, Run
from pytest_cucmtls.procedure.object_values import canonical
from pytest_cucmtls.procedure.pending import pending_request
from pytest_cucmtls.wire.x509 import parse_certificate


@dataclass(frozen=True, slots=True)
class DialPlan:
    """The configuration around one cluster's trunk, read once for plan, conflicts and references."""

    cluster: ClusterReader
    profiles: tuple[SipTrunkSecurityProfile, ...]
    trunks: tuple[SipTrunk, ...]
    patterns: tuple[RoutePattern, ...]
    """Those that could take the peer's extension or that lead to the trunk."""
    lists: tuple[RouteList, ...]
    groups: tuple[RouteGroup, ...]
    lines: tuple[str, ...]
    """Partitions of directory numbers equal to the peer's extension."""

    def profile(self, name: str) -> SipTrunkSecurityProfile | None:
        """By name."""
        return next((row for row in self.profiles if row.name == name), None)

    def trunk(self, name: str) -> SipTrunk | None:
        """By name."""
        return next((row for row in self.trunks if row.name == name), None)

    def pattern(self, wanted: RoutePattern) -> RoutePattern | None:
        """By pattern and partition."""
        return next((row for row in self.patterns if same_key(row, wanted)), None)

    def groups_with(self, trunk: str) -> list[str]:
        """Names of the route groups the trunk is a member of, as far as a pattern leads to them."""
        return sorted(group.name for group in self.groups if trunk in group.members)

    def patterns_to(self, trunk: str) -> list[str]:
        """Patterns that lead to the trunk, directly or by route list and group."""
        groups = set(self.groups_with(trunk))
        lists = {row.name for row in self.lists if groups & set(row.members)}
        return sorted(named(row) for row in self.patterns if row.gateway_name == trunk or row.route_list_name in lists)


def read_dial_plan(run: Run, cluster: ClusterReader) -> DialPlan:
    """Profiles, trunks, and the patterns, lists and groups around them. Raises: as AxlReader."""
    axl = cluster.axl()
    wanted = intended_route_pattern(run.inventory, cluster.spec)
    peer_extension = run.inventory.peer_of(cluster.name).extension
    patterns = tuple(axl.read_route_patterns().value)
    lists = [axl.read_route_list(name).value for name in sorted({row.route_list_name for row in patterns if row.route_list_name})]
    names = sorted({name for row in lists if row for name in row.members})
    groups = [axl.read_route_group(name).value for name in names]
    near = [
        row
        for row in patterns
        if matches(row.pattern, peer_extension) is not False
        or same_key(row, wanted)
        or row.gateway_name == cluster.spec.trunk
        or row.route_list_name
    ]
    return DialPlan(
        cluster,
        axl.read_security_profiles().value,
        axl.read_sip_trunks().value,
        tuple(near),
        tuple(row for row in lists if row),
        tuple(row for row in groups if row),
        tuple(sorted(line.partition for line in axl.read_lines().value if same_pattern(line.pattern, peer_extension))),
    )


def same_key(one: RoutePattern, other: RoutePattern) -> bool:
    """Same pattern in the same partition."""
    return same_pattern(one.pattern, other.pattern) and partition_name(one.partition) == partition_name(other.partition)


def named(pattern: RoutePattern) -> str:
    """A pattern with its partition and where it leads."""
    partition = partition_name(pattern.partition)
    target = pattern.gateway_name or pattern.route_list_name or "nowhere"
    return f"{pattern.pattern}{f' in {partition}' if partition else ''} to {target}"


def state_of_objects(run: Run, plan: DialPlan) -> dict[str, str]:
    """What of a cluster's configuration the plan rests on, by name."""
    cluster, inventory = plan.cluster, run.inventory
    profile, trunk = intended_profile(inventory, cluster.spec), intended_trunk(inventory, cluster.spec)
    pattern = intended_route_pattern(inventory, cluster.spec)
    return {
        f"{cluster.name} release": cluster.release().text,
        f"{cluster.name} security profile {profile.name}": canonical(plan.profile(profile.name)),
        f"{cluster.name} trunk {trunk.name}": canonical(plan.trunk(trunk.name)),
        f"{cluster.name} route pattern {pattern.pattern}": canonical(plan.pattern(pattern)),
        f"{cluster.name} trunks with the same profile": _joined(
            row.name for row in plan.trunks if row.security_profile_name == profile.name and row.name != trunk.name
        ),
        f"{cluster.name} trunks to the same place": _joined(
            row.name for row in plan.trunks if row.name != trunk.name and same_destinations(row, trunk)
        ),
        f"{cluster.name} other patterns to the trunk": _joined(
            name for name in plan.patterns_to(trunk.name) if name != named(pattern)
        ),
        f"{cluster.name} other patterns for the peer": _joined(
            named(row)
            for row in plan.patterns
            if matches(row.pattern, inventory.peer_of(cluster.name).extension) is not False and not same_key(row, pattern)
        ),
        f"{cluster.name} route groups with the trunk": _joined(plan.groups_with(trunk.name)),
        f"{cluster.name} lines with the peer's number": _joined(f"in {name or '<None>'}" for name in plan.lines),
    }


def state_of_certificates(cluster: ClusterReader, node: NodeAddress) -> dict[str, str]:
    """A node's identity, pending request and CallManager-trust."""
    name, cli = f"{cluster.name}/{node.name}", cluster.cli(node)
    pending = pending_request(cluster, node)
    trusted = [
        cli.read_trust_certificate(unit, file_name).value.certificate
        for unit, file_name, _ in cli.read_certificate_list("trust").value
        if unit == CALL_MANAGER_TRUST
    ]
    own = cli.read_own_certificate(CALL_MANAGER).value.certificate
    request = f"for {pending.value.subject}, key {pending.value.public_key_sha256}" if pending else "none"
    return {
        f"{name} CallManager identity": f"{own.subject}, issued by {own.issuer}, SHA-256 {own.sha256}",
        f"{name} CallManager request": request,
        f"{name} CallManager-trust": _joined(f"{one.subject} SHA-256 {one.sha256}" for one in trusted),
    }


def state_of_authority(run: Run) -> dict[str, str]:
    """The chain the run would put into the trust stores."""
    chain = [parse_certificate(der) for der in run.authority.chain()] if run.authority else []
    return {"authority": _joined(f"{one.subject} SHA-256 {one.sha256}" for one in chain)} if chain else {}


def same_destinations(one: SipTrunk, other: SipTrunk) -> bool:
    """They share a destination address and port."""
    first, second = ({(row.address.lower(), row.port) for row in trunk.destinations} for trunk in (one, other))
    return bool(first & second)


def _joined(names: Iterable[str]) -> str:
    return "; ".join(sorted(set(names))) or "none"
