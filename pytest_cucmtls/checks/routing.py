"""Step 10: the route pattern leads to this trunk, every way it may take is secure, and nothing shadows it."""

from dataclasses import dataclass

from pytest_cucmtls.checks.dial_patterns import breadth, matches, partition_name, same_pattern, sent_digits
from pytest_cucmtls.checks.direction_matrix import direction_matrix
from pytest_cucmtls.checks.judgements import document, failed, missing, passed
from pytest_cucmtls.checks.register import NO_CALL, NO_CONNECTION, check
from pytest_cucmtls.checks.stores import spec_of, why
from pytest_cucmtls.model.cucm import RouteGroup, RouteList, RoutePattern, SipTrunk
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, Sourced, items
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Clause, EvidenceItem, Judgement

STEP_10 = document("step 10: route pattern")


def expected_pattern(evidence: Evidence, client: ClusterEvidence) -> tuple[str, str]:
    """(pattern, partition) the inventory declares for calls of this cluster to the peer."""
    spec = spec_of(evidence, client)
    return spec.route_pattern or evidence.inventory.peer_of(client.name).extension, partition_name(spec.partition)


def pattern_of(evidence: Evidence, client: ClusterEvidence) -> Sourced[RoutePattern] | None:
    """The declared route pattern among those read, None when it does not exist. Raises: NoEvidence, when none were read."""
    wanted, partition = expected_pattern(evidence, client)
    for source in _patterns(evidence, client):
        if same_pattern(source.value.pattern, wanted) and partition_name(source.value.partition) == partition:
            return source
    return None


def _patterns(evidence: Evidence, client: ClusterEvidence) -> tuple[Sourced[RoutePattern], ...]:
    if client.route_patterns is None:
        reason = why(evidence, f"route patterns of {client.name}")
        raise missing(f"the route patterns of {client.name}", reason, "Read them with AXL listRoutePattern and getRoutePattern.")
    return client.route_patterns


def analysed_as(client: ClusterEvidence, number: str) -> str:
    """`` The trace says …`` of the last analysis of exactly these digits on the calling side; "" when none was traced."""
    found = [
        analysis
        for node in client.nodes
        for trace in node.traces
        for analysis in trace.value.digit_analysis
        if analysis.dialed_digits == number
    ]
    if not found:
        return ""
    last = found[-1]
    outcome = {"match": f"matched {last.result('DialingPattern')}", "no_match": "no match"}.get(last.outcome or "", "no result")
    return f" The trace says dd={number}: {outcome}."


@dataclass(frozen=True, slots=True)
class Way:
    """One device a pattern may send the call to, with the group that selects it ("" when the pattern points straight)."""

    device: str
    group: str
    items: tuple[EvidenceItem, ...]


def ways_of(evidence: Evidence, client: ClusterEvidence, pattern: Sourced[RoutePattern]) -> list[Way]:
    """Devices in selection order. Raises: NoEvidence, when a route list or group was not read."""
    if pattern.value.gateway_name:
        return [Way(pattern.value.gateway_name, "", (pattern.item,))]
    name = pattern.value.route_list_name
    if not name:
        return []
    route_list = _route_list(evidence, client, name)
    found: list[Way] = []
    for group_name in route_list.value.members:
        group = _route_group(evidence, client, group_name)
        found += [Way(device, group_name, (route_list.item, group.item)) for device in group.value.members]
    return found


def _route_list(evidence: Evidence, client: ClusterEvidence, name: str) -> Sourced[RouteList]:
    found = next((source for source in client.route_lists or () if source.value.name == name), None)
    if found is None:
        reason = why(evidence, f"route lists of {client.name}")
        raise missing(f"the route list {name} of {client.name}", reason, "Read it with AXL getRouteList.")
    return found


def _route_group(evidence: Evidence, client: ClusterEvidence, name: str) -> Sourced[RouteGroup]:
    found = next((source for source in client.route_groups or () if source.value.name == name), None)
    if found is None:
        reason = why(evidence, f"route groups of {client.name}")
        raise missing(f"the route group {name} of {client.name}", reason, "Read it with AXL getRouteGroup.")
    return found


@check(
    "pattern_leads_to_the_trunk",
    step="10",
    phase="config",
    scope="direction",
    remedies=("S10",),
    clauses=(STEP_10, Clause("NIST SP 800-53 r5", "AC-4", "V")),
    prevents=NO_CONNECTION,
)
def pattern_leads_to_the_trunk(
    evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence
) -> Judgement:
    """The calling cluster has the route pattern for the other side's number, and it leads to this trunk.

    Directly, or first of all through a route list and its groups; a blocking pattern fails, and so does one that sends another
    number than was dialled (discarded digits, called party mask, prefix).
    """
    wanted, partition = expected_pattern(evidence, client)
    trunk, number = spec_of(evidence, client).trunk, spec_of(evidence, server).extension
    shown = f"{wanted} in {partition or '<None>'}"
    expected = f"{shown} -> {trunk}"
    pattern = pattern_of(evidence, client)
    if pattern is None:
        others = [source.value.pattern for source in _patterns(evidence, client) if matches(source.value.pattern, number)]
        observed = f"no such pattern ({', '.join(others) or 'nothing'} matches {number})"
        text = (
            f"{client.name} has no route pattern {shown} for calls {client.name}->{server.name}: {observed}."
            f"{analysed_as(client, number)}{direction_matrix(evidence)}"
        )
        own_trunk = (client.trunk.item,) if client.trunk else ()
        return failed(expected, observed, text, (*items(_patterns(evidence, client)), *own_trunk))
    if pattern.value.block_enable:
        text = f"The route pattern {shown} of {client.name} blocks the call instead of routing it to {trunk}."
        return failed(expected, "blocked", text, (pattern.item,))
    ways = ways_of(evidence, client, pattern)
    observed = f"{shown} -> {' , '.join(f'{way.group}:{way.device}' if way.group else way.device for way in ways) or 'nowhere'}"
    evidence_items = (pattern.item, *(item for way in ways for item in way.items))
    if not any(way.device == trunk for way in ways):
        text = f"The route pattern {shown} of {client.name} leads to {observed.partition(' -> ')[2]}, not to the trunk {trunk}."
        return failed(expected, observed, text, evidence_items)
    sent = _sent(pattern.value, number)
    if sent is not None and sent != number:
        text = f"The route pattern {shown} of {client.name} sends {sent} when {number} is dialled: {_changes(pattern.value)}."
        return failed(f"{number} sent as dialled", f"{sent} sent", text, evidence_items)
    return passed(expected, observed, f"{client.name} routes {number} by {observed}.", evidence_items)


def _sent(pattern: RoutePattern, number: str) -> str | None:
    return sent_digits(
        pattern.pattern,
        number,
        discard=pattern.digit_discard_instruction_name,
        mask=pattern.called_party_transformation_mask,
        prefix=pattern.prefix_digits_out,
    )


def _changes(pattern: RoutePattern) -> str:
    named = (
        ("discard digits", pattern.digit_discard_instruction_name),
        ("called party mask", pattern.called_party_transformation_mask),
        ("prefix digits", pattern.prefix_digits_out),
    )
    return ", ".join(f"{field} {value}" for field, value in named if value)


@check(
    "every_way_is_secure",
    step="10",
    phase="config",
    scope="direction",
    remedies=("S10",),
    clauses=(STEP_10, Clause("NIST SP 800-53 r5", "AC-4", "V")),
    after=("pattern_leads_to_the_trunk", "trunk_uses_the_secure_profile"),
)
def every_way_is_secure(evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence) -> Judgement:
    """Every member a route list may choose is a trunk with an encrypted profile; a clear-text fallback is a finding.

    A secure first member proves nothing about the second: it is used when the first is down.
    """
    pattern = pattern_of(evidence, client)
    if pattern is None:
        raise missing(f"the route pattern of {client.name}", "it does not exist", "See step 10.")
    ways = ways_of(evidence, client, pattern)
    insecure = [text for place, way in enumerate(ways, 1) if (text := _insecurity(evidence, client, way, place))]
    observed = ", ".join(f"{place}. {way.device}" for place, way in enumerate(ways, 1))
    evidence_items = (pattern.item, *(item for way in ways for item in way.items))
    if insecure:
        text = (
            f"Calls {client.name}->{server.name} may leave in clear text: {'; '.join(insecure)}. Order of selection: {observed}."
        )
        return failed("encrypted members only", observed, text, evidence_items)
    text = f"Every way of {client.name}->{server.name} is encrypted: {observed}."
    return passed("encrypted members only", observed, text, evidence_items)


def _insecurity(evidence: Evidence, client: ClusterEvidence, way: Way, place: int) -> str:
    trunk = _trunk_named(evidence, client, way.device)
    name = trunk.value.security_profile_name or ""
    profiles = [profile for profile in (client.security_profile, *client.other_profiles) if profile is not None]
    profile = next((source.value for source in profiles if source.value.name == name), None)
    if profile is None:
        raise missing(
            f"the security profile {name!r} of {client.name}'s trunk {way.device}",
            why(evidence, f"security profiles of {client.name}"),
            "Read it with AXL getSipTrunkSecurityProfile.",
        )
    if way.device == spec_of(evidence, client).trunk:
        return ""  # The trunk under test has its own checks in steps 8 and 9.
    if profile.security_mode == "Encrypted" and profile.outgoing_transport == "TLS":
        return ""
    ports = ", ".join(f"{row.address}:{row.port}" for row in trunk.value.destinations)
    return f"member {place} {way.device} ({ports}) uses {name!r}: {profile.security_mode}, {profile.outgoing_transport}"


def _trunk_named(evidence: Evidence, client: ClusterEvidence, name: str) -> Sourced[SipTrunk]:
    trunks = [trunk for trunk in (client.trunk, *client.other_trunks) if trunk is not None]
    found = next((source for source in trunks if source.value.name == name), None)
    if found is None:
        reason = why(evidence, f"SIP trunk {name} of {client.name}")
        raise missing(f"the trunk {name} of {client.name}", reason, "Read it with AXL getSipTrunk.")
    return found


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pattern or line that digit analysis may choose for the number."""

    kind: str
    pattern: str
    partition: str
    place: int
    """Position of its partition in the caller's search order."""
    breadth: int
    item: EvidenceItem


@check(
    "nothing_shadows_the_pattern",
    step="10",
    phase="config",
    scope="direction",
    remedies=("S10",),
    clauses=(STEP_10,),
    after=("pattern_leads_to_the_trunk",),
    prevents=NO_CONNECTION,
)
def nothing_shadows_the_pattern(
    evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence
) -> Judgement:
    """The caller's search space reaches the route pattern, and digit analysis prefers nothing else for the number.

    The closest match wins (fewest numbers accepted); between equals the earlier partition wins, the <None> partition last.
    A line and a pattern in one partition and equally close are ambiguous, which is a finding too.
    """
    wanted, partition = expected_pattern(evidence, client)
    number, order = spec_of(evidence, server).extension, reachable_partitions(evidence, client)
    pattern = pattern_of(evidence, client)
    expected = f"{wanted} in {partition or '<None>'} is chosen for {number}"
    searched = ", ".join(name or "<None>" for name in order)
    if pattern is None:
        raise missing(f"the route pattern of {client.name}", "it does not exist", "See step 10.")
    if partition not in order:
        text = f"The test phone of {client.name} searches {searched} and never reaches partition {partition} of pattern {wanted}."
        return failed(expected, f"searched {searched}", text, (pattern.item,))
    own = Candidate("route pattern", wanted, partition, order.index(partition), breadth(wanted, len(number)), pattern.item)
    rivals = [
        rival
        for rival in _candidates(evidence, client, number, order)
        if (rival.breadth, rival.place) <= (own.breadth, own.place) and rival.item != own.item
    ]
    if rivals:
        named = "; ".join(f"{rival.kind} {rival.pattern} in {rival.partition or '<None>'}" for rival in rivals)
        text = (
            f"On {client.name} {named} is preferred to or as close as route pattern {wanted} for {number} (searched: {searched})."
            f"{analysed_as(client, number)}{direction_matrix(evidence)}"
        )
        return failed(expected, named, text, (pattern.item, *(rival.item for rival in rivals)))
    return passed(
        expected, f"closest match in {searched}", f"On {client.name} nothing shadows {wanted} for {number}.", (pattern.item,)
    )


def _candidates(evidence: Evidence, client: ClusterEvidence, number: str, order: list[str]) -> list[Candidate]:
    if client.directory_numbers is None:
        reason = why(evidence, f"lines of {client.name}")
        raise missing(f"the directory numbers of {client.name}", reason, "Read them with AXL listLine.")
    entries = [
        ("route pattern", source.value.pattern, source.value.partition, source.item) for source in _patterns(evidence, client)
    ]
    entries += [("directory number", line.value.pattern, line.value.partition, line.item) for line in client.directory_numbers]
    found = []
    for kind, pattern, partition, item in entries:
        plain = partition_name(partition)
        if plain in order and matches(pattern, number):
            found.append(Candidate(kind, pattern, plain, order.index(plain), breadth(pattern, len(number)), item))
    return found


def reachable_partitions(evidence: Evidence, client: ClusterEvidence) -> list[str]:
    """Partitions the test phone searches: its line's search space, then the device's, then <None>. Raises: NoEvidence."""
    if client.phone is None:
        reason = why(evidence, f"phone of {client.name}")
        raise missing(f"the test phone of {client.name}", reason, "Read it with AXL getPhone.")
    spec = spec_of(evidence, client)
    if spec.phone and client.phone.value.name != spec.phone:
        reason = f"what was read is {client.phone.value.name}"
        raise missing(f"the test phone {spec.phone} of {client.name}", reason, "Read it with AXL getPhone.")
    line = next((source for source in client.directory_numbers or () if source.value.pattern == spec.extension), None)
    spaces = [line.value.calling_search_space_name if line else None, client.phone.value.calling_search_space_name]
    order: list[str] = []
    for name in spaces:
        if not name:
            continue
        space = next((source for source in client.calling_search_spaces or () if source.value.name == name), None)
        if space is None:
            reason = why(evidence, f"calling search spaces of {client.name}")
            raise missing(f"the calling search space {name} of {client.name}", reason, "Read it with AXL getCss.")
        order += [partition_name(partition) for partition in space.value.partitions]
    return list(dict.fromkeys([*order, ""]))


@check(
    "called_line_rings_where_dialled",
    step="10",
    phase="config",
    scope="direction",
    remedies=("S10",),
    clauses=(document("step 10: the test number"),),
    prevents=NO_CALL,
)
def called_line_rings_where_dialled(
    evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence
) -> Judgement:
    """The called test number exists on the other side and is not forwarded to somebody else."""
    number = spec_of(evidence, server).extension
    if server.directory_numbers is None:
        reason = why(evidence, f"lines of {server.name}")
        raise missing(f"the directory numbers of {server.name}", reason, "Read them with AXL listLine and getLine.")
    line = next((source for source in server.directory_numbers if source.value.pattern == number), None)
    expected = f"line {number} on {server.name}, not forwarded"
    if line is None:
        text = f"{server.name} has no directory number {number}: a call {client.name}->{server.name} cannot be answered there."
        return failed(expected, "no such line", text, items(server.directory_numbers))
    target = line.value.forward_all_destination
    if target:
        chain = " -> ".join(_forwards(server, number))
        text = (
            f"Line {number} of {server.name} forwards all calls ({chain}): the final party {chain.rpartition(' ')[2]} would "
            f"answer the test call.{direction_matrix(evidence)}"
        )
        return failed(expected, f"forwarded to {target}", text, (line.item,))
    return passed(expected, "not forwarded", f"Line {number} of {server.name} is not forwarded.", (line.item,))


def _forwards(server: ClusterEvidence, number: str) -> list[str]:
    """The numbers a call to `number` is forwarded through, first to last, as far as the lines read show it."""
    chain = [number]
    while True:
        line = next((source.value for source in server.directory_numbers or () if source.value.pattern == chain[-1]), None)
        if line is None or not line.forward_all_destination or line.forward_all_destination in chain:
            return chain
        chain.append(line.forward_all_destination)
