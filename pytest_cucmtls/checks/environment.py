"""Step 2: releases, clocks and services without which nothing else can be judged."""

from pytest_cucmtls.checks.judgements import document, failed, missing, not_mentioned, passed, ruled, warned
from pytest_cucmtls.checks.moments import moment
from pytest_cucmtls.checks.register import NO_CONNECTION, check
from pytest_cucmtls.checks.stores import address_of, spec_of, why
from pytest_cucmtls.model.cucm import Release
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, NodeEvidence, Sourced, items
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Clause, Judgement, Outcome

KNOWN_RELEASES = {(9, 1), (10, 5), (11, 5), (12, 5), (14, 0), (15, 0)}
FIRST_WITH_TLS12_TRUNKS = (10, 5)
UNRESTRICTED_MARKS = ("unrst", "unrestricted", "ucmu")


@check(
    "release_is_known",
    step="2",
    phase="access",
    scope="node",
    remedies=("X7",),
    clauses=(document("components: CUCM 9.1(2) and 10.5(2)"),),
)
def release_is_known(evidence: Evidence, _policy: Policy, cluster: ClusterEvidence, node: NodeEvidence) -> Judgement:
    """The node runs the release the inventory declares, one whose behaviour is known and that can encrypt.

    Export-unrestricted software cannot encrypt signalling at all. A release outside the known ones is a warning where a
    run only reads or the inventory declares it, and BLOCKED where a run would change the cluster.
    """
    release = _release(evidence, cluster, node)
    declared, found = spec_of(evidence, cluster).release, release.value
    expected = f"release {declared}" if declared else "a known release"
    observed, place = f"release {found.text}", f"{cluster.name}/{node.name}"
    if any(mark in found.text.lower() for mark in UNRESTRICTED_MARKS):
        text = f"{place} runs {found.text}, export-unrestricted software that cannot encrypt: the ten steps cannot repair this."
        return failed("a restricted release", observed, text, (release.item,))
    if declared and not _agrees(declared, found):
        text = f"{place} runs {found.text} while the inventory declares {declared}: wrong cluster or an unplanned upgrade."
        return failed(expected, observed, text, (release.item,))
    if (found.major, found.minor) not in KNOWN_RELEASES:
        nearest = max((known for known in KNOWN_RELEASES if known <= (found.major, found.minor)), default=min(KNOWN_RELEASES))
        text = f"{place} runs {found.text}, which this tool does not know; it is treated like {nearest[0]}.{nearest[1]}."
        if evidence.inventory.mode is Mode.APPLY and not declared:
            refused = f"{text[:-1]} when read, and not changed: declare the release to go on."
            return Judgement(Outcome.BLOCKED, expected, observed, refused, (release.item,))
        return warned(expected, observed, text, (release.item,))
    return passed(expected, observed, f"{place} runs {found.text}.", (release.item,))


@check(
    "release_can_meet_policy",
    step="2",
    phase="config",
    scope="cluster",
    remedies=("X7",),
    clauses=(Clause("Cisco CUCM Security Guide 15", "TLS minimum version", "V"),),
)
def release_can_meet_policy(evidence: Evidence, policy: Policy, cluster: ClusterEvidence) -> Judgement:
    """The cluster's release can negotiate the TLS version the policy asks for.

    CUCM before 10.5 has no TLS 1.2 on SIP trunks; only an upgrade repairs that.
    """
    rule = policy.rule("tls.negotiated_min", moment(evidence).date())
    if rule is None:
        return not_mentioned(policy, "tls.negotiated_min")
    releases = [_release(evidence, cluster, node) for node in cluster.nodes]
    wants = str(rule.value)
    old = [
        release.value.text
        for release in releases
        if wants >= "TLSv1.2" and (release.value.major, release.value.minor) < FIRST_WITH_TLS12_TRUNKS
    ]
    broken = [
        f"{cluster.name} runs {text}, which cannot negotiate {wants} on a SIP trunk (before 10.5 there is none in CUCM), so no "
        "common version is possible; an upgrade is the only compliant repair, lowering the minimum is not"
        for text in old
    ]
    observed = ", ".join(dict.fromkeys(release.value.text for release in releases))
    fine = f"{cluster.name} ({observed}) can negotiate {wants}."
    return ruled(rule, broken, expected=f"at least {wants}", observed=observed, fine=fine, evidence=items(releases))


@check(
    "node_clock_is_synchronised",
    step="2",
    phase="access",
    scope="node",
    remedies=("X3",),
    clauses=(Clause("NIST SP 800-53 r5", "AU-8", "V"), Clause("DISA EVVM Session Management SRG", "V-260040", "V")),
)
def node_clock_is_synchronised(evidence: Evidence, policy: Policy, cluster: ClusterEvidence, node: NodeEvidence) -> Judgement:
    """The node's clock is synchronised to an NTP server.

    An unsynchronised clock fails even when its present offset is small. An offset the node itself reports is judged
    against the policy: exactly the limit passes, more fails.
    """
    place = f"{cluster.name}/{node.name}"
    if node.ntp is None:
        raise missing(f"the NTP status of {place}", why(evidence, f"ntp of {place}"), "Run `utils ntp status` on the node.")
    status, expected = node.ntp.value, "synchronised to NTP"
    observed = f"synchronised={status.synchronised}, stratum={status.stratum}, offset={status.offset_milliseconds} ms"
    observed += f", node clock {status.utc_time:%Y-%m-%d %H:%M:%S} UTC" if status.utc_time else ""
    if not status.synchronised:
        text = f"{place} is not synchronised ({observed}): dates of certificates, capture and trace cannot be trusted."
        return failed(expected, observed, text, (node.ntp.item,))
    rule = policy.rule("clock.max_offset_seconds", moment(evidence).date())
    if rule is not None and status.offset_milliseconds is not None:
        late = abs(status.offset_milliseconds) / 1000 > float(str(rule.value))
        broken = [f"{place} is {status.offset_milliseconds:g} ms away from its NTP server"] if late else []
        expected = f"at most {rule.value} s offset"
        fine = f"{place} is synchronised ({observed})."
        return ruled(rule, broken, expected=expected, observed=observed, fine=fine, evidence=(node.ntp.item,))
    return passed(expected, observed, f"{place} is synchronised ({observed}).", (node.ntp.item,))


@check(
    "clocks_agree",
    step="2",
    phase="access",
    scope="pair",
    remedies=("X3",),
    clauses=(Clause("NIST SP 800-53 r5", "AU-8", "V"),),
)
def clocks_agree(evidence: Evidence, policy: Policy) -> Judgement:
    """The clocks of all nodes agree closely enough to put capture and trace side by side.

    The largest pairwise difference equal to the limit passes, more fails.
    """
    rule = policy.rule("clock.max_offset_seconds", moment(evidence).date())
    if rule is None:
        return not_mentioned(policy, "clock.max_offset_seconds")
    offsets: list[tuple[str, Sourced[float]]] = []
    for cluster in evidence.clusters:
        for node in cluster.nodes:
            if node.clock_offset_seconds is None:
                place = f"{cluster.name}/{node.name}"
                raise missing(f"the clock of {place}", why(evidence, f"ntp of {place}"), "Run `utils ntp status` on every node.")
            offsets.append((f"{cluster.name}/{node.name}", node.clock_offset_seconds))
    low, high = (choose(offsets, key=lambda entry: entry[1].value) for choose in (min, max))
    spread = high[1].value - low[1].value
    observed = f"{spread:.3f} s between {low[0]} and {high[0]}"
    broken = [f"the clocks differ by {observed}"] if spread > float(str(rule.value)) else []
    evidence_items = items(source for _, source in offsets)
    expected = f"at most {rule.value} s apart"
    return ruled(rule, broken, expected=expected, observed=observed, fine=f"Clocks: {observed}.", evidence=evidence_items)


@check(
    "call_manager_runs",
    step="7",
    phase="config",
    scope="node",
    remedies=("X1",),
    clauses=(document("step 7"),),
    prevents=NO_CONNECTION,
)
def call_manager_runs(evidence: Evidence, _policy: Policy, cluster: ClusterEvidence, node: NodeEvidence) -> Judgement:
    """The Cisco CallManager service is started on the node."""
    place = f"{cluster.name}/{node.name}"
    if node.call_manager is None:
        raise missing(
            f"the Cisco CallManager service of {place}",
            why(evidence, f"service status of {place}"),
            "Read Control Center, or run `utils service list`.",
        )
    status = node.call_manager.value
    if status.status.lower() == "started":
        return passed("Started", status.status, f"Cisco CallManager runs on {place}.", (node.call_manager.item,))
    address = address_of(evidence, cluster, node)
    where = f" ({address.address})" if address else ""
    text = f"Cisco CallManager on {place}{where} is {status.status}, expected Started: the node serves no trunk."
    return failed("Started", status.status, text, (node.call_manager.item,))


def _release(evidence: Evidence, cluster: ClusterEvidence, node: NodeEvidence) -> Sourced[Release]:
    if node.release is None:
        place = f"{cluster.name}/{node.name}"
        raise missing(f"the release of {place}", why(evidence, f"version of {place}"), "Run `show version active` on the node.")
    return node.release


def _agrees(declared: str, found: Release) -> bool:
    wanted = declared.replace("(", ".").replace(")", "").split(".")
    has = found.text.replace("(", ".").replace(")", "").split(".")
    if wanted[:1] == has[:1] and len(wanted) == 1:
        return True
    return has[: len(wanted)] == wanted or (len(wanted) > 2 and has[:2] == wanted[:2] and has[2:3] == wanted[2:3])
