"""Step 9: the SIP trunk, read back field by field."""

from pytest_cucmtls.checks.direction_matrix import negotiated_profiles
from pytest_cucmtls.checks.judgements import document, failed, missing, not_applicable, not_mentioned, passed, ruled
from pytest_cucmtls.checks.moments import moment
from pytest_cucmtls.checks.names import same_host
from pytest_cucmtls.checks.profiles import compare_fields
from pytest_cucmtls.checks.register import NO_CALL, NO_CONNECTION, check
from pytest_cucmtls.checks.stores import peer_of, spec_of, why
from pytest_cucmtls.model.cucm import SipTrunk, TrunkDestination
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, Sourced
from pytest_cucmtls.model.intended import intended_trunk
from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Clause, Judgement

BOTH = "When using both sRTP and TLS"
OWN_CHECKS = ("destinations", "security_profile_name", "srtp_allowed", "trunk_traffic_secure", "sig_digits", "dest_addr_is_srv")


def trunk_of(evidence: Evidence, cluster: ClusterEvidence) -> Sourced[SipTrunk]:
    """The trunk read back. Raises: NoEvidence."""
    if cluster.trunk is None:
        raise missing(
            f"the SIP trunk {spec_of(evidence, cluster).trunk!r} of {cluster.name}",
            why(evidence, f"SIP trunk of {cluster.name}"),
            "Read it with AXL getSipTrunk.",
        )
    return cluster.trunk


@check(
    "trunk_leads_to_the_peer",
    step="9",
    phase="config",
    scope="cluster",
    remedies=("S9",),
    clauses=(document("step 9: destination address and port"),),
    prevents=NO_CONNECTION,
)
def trunk_leads_to_the_peer(evidence: Evidence, _policy: Policy, cluster: ClusterEvidence) -> Judgement:
    """Every destination of the trunk is a node of the peer, on the port where that node serves SIP over TLS.

    With an SRV record the port comes from the DNS and is not compared.
    """
    trunk, peer = trunk_of(evidence, cluster), peer_of(evidence, cluster)
    nodes = spec_of(evidence, peer).nodes
    expected = ", ".join(f"{_plain(node.address)}:{node.sip_port}" for node in nodes)
    destinations = trunk.value.destinations
    observed = ", ".join(f"{row.address}:{row.port}" for row in destinations) or "no destination"
    if not destinations:
        return failed(expected, observed, f"The trunk of {cluster.name} has no destination, expected {expected}.", (trunk.item,))
    wrong = [text for row in destinations if (text := _wrong(row, nodes, bool(trunk.value.dest_addr_is_srv)))]
    if wrong:
        found = "".join(f"{_answering(evidence, row.address)}" for row in destinations)
        text = (
            f"The trunk {trunk.value.name} of {cluster.name} leads to {observed}, expected {expected}: {'; '.join(wrong)}.{found}"
        )
        return failed(expected, observed, text, (trunk.item,))
    return passed(expected, observed, f"The trunk of {cluster.name} leads to {observed}.", (trunk.item,))


def _wrong(row: TrunkDestination, nodes: tuple[NodeAddress, ...], srv: bool) -> str:
    node = next((node for node in nodes if _is_node(row.address, node)), None)
    if node is None:
        return "" if srv else f"{row.address} is no node of the peer"
    if not srv and row.port != node.sip_port:
        return f"port {row.port} is not {node.sip_port}, where {node.name} serves TLS"
    return ""


def _answering(evidence: Evidence, address: str) -> str:
    """Who answered TLS at an address that should not be called, as far as a capture shows it."""
    subjects = [
        str(handshake.server_chain[0].subject)
        for cluster in evidence.clusters
        for node in cluster.nodes
        for capture in node.captures
        for handshake in capture.value.handshakes
        if handshake.server.ip == address and handshake.server_chain
    ]
    return f" At {address} the certificate of {subjects[0]} answers." if subjects else ""


def _is_node(address: str, node: NodeAddress) -> bool:
    return address == _plain(node.address) or same_host(address, node.name) or same_host(address, _plain(node.address))


def _plain(address: str) -> str:
    return address.removeprefix("cucm://")


@check(
    "trunk_uses_the_secure_profile",
    step="9",
    phase="config",
    scope="cluster",
    remedies=("S9",),
    clauses=(document("step 9: security profile of step 8"),),
    prevents=NO_CONNECTION,
)
def trunk_uses_the_secure_profile(evidence: Evidence, _policy: Policy, cluster: ClusterEvidence) -> Judgement:
    """The trunk uses the security profile that step 8 made."""
    trunk, wanted = trunk_of(evidence, cluster), spec_of(evidence, cluster).security_profile
    found = trunk.value.security_profile_name or "none"
    if found == wanted:
        return passed(wanted, found, f"The trunk of {cluster.name} uses {found!r}.", (trunk.item,))
    text = f"The trunk {trunk.value.name} of {cluster.name} uses the security profile {found!r}, expected {wanted!r}."
    return failed(wanted, found, text, (trunk.item,))


@check(
    "trunk_allows_srtp",
    step="9",
    phase="config",
    scope="cluster",
    remedies=("S9",),
    clauses=(document("step 9: SRTP Allowed"),),
)
def trunk_allows_srtp(evidence: Evidence, _policy: Policy, cluster: ClusterEvidence) -> Judgement:
    """SRTP Allowed is on; TLS signalling alone says nothing about the media."""
    trunk, peer = trunk_of(evidence, cluster), peer_of(evidence, cluster)
    other = f"{peer.name}: {_box(peer.trunk.value.srtp_allowed)}" if peer.trunk else f"{peer.name}: not read"
    observed = f"{cluster.name}: {_box(trunk.value.srtp_allowed)}, {other}"
    if trunk.value.srtp_allowed is None:
        raise missing(f"SRTP Allowed of {cluster.name}'s trunk", "AXL did not answer it", "Read the trunk with all tags.")
    if trunk.value.srtp_allowed:
        return passed("on", observed, f"SRTP is allowed on the trunk of {cluster.name}.", (trunk.item,))
    text = (
        f"SRTP Allowed is off on the trunk of {cluster.name} ({observed}): media is negotiated in clear."
        f"{negotiated_profiles(evidence)}"
    )
    return failed("on", observed, text, (trunk.item,))


def _box(value: bool | None) -> str:
    return "not answered" if value is None else "on" if value else "off"


@check(
    "trunk_traffic_is_secure_with_both",
    step="9",
    phase="config",
    scope="cluster",
    remedies=("S9",),
    clauses=(document("step 9: Consider Traffic on This Trunk Secure"),),
)
def trunk_traffic_is_secure_with_both(evidence: Evidence, _policy: Policy, cluster: ClusterEvidence) -> Judgement:
    """Traffic counts as secure only when both SRTP and TLS are used."""
    trunk = trunk_of(evidence, cluster)
    found = trunk.value.trunk_traffic_secure
    if found is None:
        raise missing(
            f"'Consider Traffic on This Trunk Secure' of {cluster.name}", "AXL did not answer it", "Read the trunk with all tags."
        )
    if found == BOTH:
        return passed(BOTH, found, f"{cluster.name} shows the lock only with SRTP and TLS.", (trunk.item,))
    text = (
        f"{cluster.name} considers traffic secure {found!r}, expected {BOTH!r}: phones may show the lock without TLS signalling."
    )
    return failed(BOTH, found, text, (trunk.item,))


@check(
    "trunk_keeps_all_digits",
    step="9",
    phase="config",
    scope="cluster",
    remedies=("S9",),
    clauses=(document("step 9: inbound calls"),),
    prevents=NO_CALL,
)
def trunk_keeps_all_digits(evidence: Evidence, _policy: Policy, cluster: ClusterEvidence) -> Judgement:
    """The trunk keeps enough significant digits of inbound calls to reach the test number.

    As many as the number has passes, one fewer fails.
    """
    trunk, number = trunk_of(evidence, cluster), spec_of(evidence, cluster).extension
    kept = trunk.value.sig_digits
    expected, observed = f"all or at least {len(number)}", "all" if kept is None else str(kept)
    if kept is None or kept >= len(number):
        return passed(expected, observed, f"{cluster.name} analyses {number} in full.", (trunk.item,))
    analysed = number[len(number) - kept :]
    text = f"The trunk of {cluster.name} keeps {kept} significant digits: digits received {number}, digits analysed {analysed}."
    return failed(expected, observed, text, (trunk.item,))


@check(
    "trunk_fields_are_as_specified",
    step="9",
    phase="config",
    scope="cluster",
    remedies=("S9",),
    clauses=(document("step 9: fields of the trunk"),),
)
def trunk_fields_are_as_specified(evidence: Evidence, _policy: Policy, cluster: ClusterEvidence) -> Judgement:
    """Every other field of the trunk reads back as step 9 sets it: pool, location, codec, presence group, SIP profile, DTMF."""
    intended = intended_trunk(evidence.inventory, spec_of(evidence, cluster))
    what = f"the trunk of {cluster.name}"
    return compare_fields(intended, trunk_of(evidence, cluster), what, skip=OWN_CHECKS, may_lack={"sip_trunk_type"})


@check(
    "srtp_does_not_fall_back",
    step="9",
    phase="config",
    scope="cluster",
    remedies=("S9",),
    clauses=(Clause("Cisco CUCM Security Guide 15", "p. 44", "V"),),
)
def srtp_does_not_fall_back(evidence: Evidence, policy: Policy, cluster: ClusterEvidence) -> Judgement:
    """The trunk does not fall back to clear RTP where the policy forbids it (field srtpFallbackAllowed)."""
    rule = policy.rule("srtp.fallback_to_rtp", moment(evidence).date())
    if rule is None:
        return not_mentioned(policy, "srtp.fallback_to_rtp")
    trunk = trunk_of(evidence, cluster)
    found = trunk.value.srtp_fallback_allowed
    if found is None:
        return not_applicable(f"{cluster.name} does not answer srtpFallbackAllowed; the media negotiated is judged instead.")
    broken = [f"the trunk of {cluster.name} allows SRTP to fall back to RTP"] if found and rule.value == "forbidden" else []
    fine = f"SRTP fallback on {cluster.name} is {_box(found)}, policy {policy.name}: {rule.value}."
    return ruled(rule, broken, expected="no fallback", observed=_box(found), fine=fine, evidence=(trunk.item,))
