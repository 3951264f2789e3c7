"""What runs is what is configured: the service is younger than its certificate, the connection younger than its trunk."""

import re
from datetime import UTC, datetime, timedelta

from pytest_cucmtls.checks.connections import CAPTURE_AGAIN, handshakes, settled
from pytest_cucmtls.checks.judgements import failed, missing, not_applicable, not_mentioned, passed, ruled, undecided, warned
from pytest_cucmtls.checks.register import check
from pytest_cucmtls.checks.stores import identity, peer_of, why
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, NodeEvidence
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Clause, Judgement, Outcome

CHANGE = Clause("NIST SP 800-53 r5", "CM-6", "V")
PRECISION = timedelta(seconds=2)
"""Up times and version stamps are whole seconds; two readings may be off by one each."""
_STAMP = re.compile(r"\{?(\d{9,11})-")


@check(
    "service_started_after_its_certificate",
    step="7",
    phase="config",
    scope="node",
    remedies=("X1",),
    clauses=(CHANGE,),
    after=("call_manager_runs", "server_presents_admin_certificate", "client_presents_admin_certificate"),
)
def service_started_after_its_certificate(
    evidence: Evidence, _policy: Policy, cluster: ClusterEvidence, node: NodeEvidence
) -> Judgement:
    """The Cisco CallManager service started after the certificate it should use came into being, so it can have loaded it.

    Compared with the time the authority handed the certificate out in this run, else with its notBefore. Starting within two
    seconds counts as after: the interface gives whole seconds. Which certificate is really served only the wire shows.
    """
    place = f"{cluster.name}/{node.name}"
    own = identity(evidence, cluster, node)
    if node.call_manager is None or node.call_manager.value.up_time_seconds is None:
        raise missing(
            f"the start time of Cisco CallManager on {place}",
            why(evidence, f"service status of {place}"),
            "Read the service status through Control Center.",
        )
    status, certificate = node.call_manager.value, own.value.certificate
    started = (status.read_at or evidence.gathered_at) - timedelta(seconds=status.up_time_seconds or 0)
    issued_here = node.issued is not None and node.issued.value.sha256 == certificate.sha256 and node.issued_received_at
    made = node.issued_received_at if issued_here else certificate.not_before
    if made is None:
        raise missing(f"the dates of the certificate of {place}", certificate.problem or "unreadable", "Export it again.")
    expected, observed = f"service start after {made:%Y-%m-%d %H:%M:%S} UTC", f"service start {started:%Y-%m-%d %H:%M:%S} UTC"
    evidence_items = (node.call_manager.item, own.item)
    if started < made - PRECISION:
        text = (
            f"The Cisco CallManager service of {place} runs since {started:%Y-%m-%d %H:%M:%S} UTC, before its certificate "
            f"existed ({made:%Y-%m-%d %H:%M:%S} UTC): it cannot have loaded it. Restart the service."
        )
        return failed(expected, observed, text, evidence_items)
    text = f"The service of {place} started at {started:%Y-%m-%d %H:%M:%S} UTC, after its certificate existed."
    return passed(expected, observed, text, evidence_items)


@check(
    "connection_is_younger_than_the_trunk",
    step="9",
    phase="handshake",
    scope="cluster",
    remedies=("X2",),
    clauses=(CHANGE,),
    after=("tls_connection_is_established", "server_presents_admin_certificate", "client_presents_admin_certificate"),
)
def connection_is_younger_than_the_trunk(evidence: Evidence, _policy: Policy, cluster: ClusterEvidence) -> Judgement:
    """The connections the trunk uses were opened after its last change, so that they obey what is configured.

    The trunk's own version stamp dates the change (whole seconds; two seconds are allowed). A trunk changed after its
    connection was opened is running an earlier configuration until it is reset.
    """
    if cluster.trunk is None:
        raise missing(f"the SIP trunk of {cluster.name}", why(evidence, f"SIP trunk of {cluster.name}"), "Read it through AXL.")
    stamp = _STAMP.match(cluster.trunk.value.version_stamp or "")
    if stamp is None:
        raise missing(
            f"when the trunk of {cluster.name} was changed", "its answer carries no version stamp", "Read it with all tags."
        )
    changed = datetime.fromtimestamp(int(stamp.group(1)), UTC)
    seen = settled(handshakes(evidence, cluster, peer_of(evidence, cluster)))
    opened = max(one.handshake.at for one in seen)
    expected, observed = f"opened after {changed:%Y-%m-%d %H:%M:%S} UTC", f"opened {opened:%Y-%m-%d %H:%M:%S} UTC"
    evidence_items = (cluster.trunk.item, *(one.item for one in seen))
    if opened < changed - PRECISION:
        text = (
            f"The trunk of {cluster.name} was changed at {changed:%Y-%m-%d %H:%M:%S} UTC, its connection is from "
            f"{opened:%Y-%m-%d %H:%M:%S} UTC: reset the trunk, or it goes on with the earlier configuration."
        )
        return failed(expected, observed, text, evidence_items)
    text = (
        f"The connection of {cluster.name} ({opened:%H:%M:%S} UTC) is younger than the trunk's last change ({changed:%H:%M:%S})."
    )
    return passed(expected, observed, text, evidence_items)


@check(
    "connection_is_renewed_in_time",
    step="V1",
    phase="handshake",
    scope="direction",
    remedies=("X2",),
    clauses=(Clause("DISA EVVM Session Management SRG", "V-260026", "V"),),
    after=("tls_connection_is_established",),
)
def connection_is_renewed_in_time(
    evidence: Evidence, policy: Policy, client: ClusterEvidence, server: ClusterEvidence
) -> Judgement:
    """No TLS connection lives longer than the policy's interval; exactly the interval passes.

    SIP TLS connections stay open, so only a capture at least as long as the interval can prove it; a shorter one that shows
    no breach is undecided. The compensating measure is a scheduled trunk reset.
    """
    every = handshakes(evidence, client, server)
    rule = policy.rule("session.reauth_max_seconds", every[-1].handshake.at.date())
    if rule is None:
        return not_mentioned(policy, "session.reauth_max_seconds")
    limit = timedelta(seconds=float(str(rule.value)))
    ages = [(one.handshake.last_at or one.handshake.at) - one.handshake.at for one in every]
    longest = max(ages)
    spans = [
        source.value.last_at - source.value.first_at
        for cluster in evidence.clusters
        for node in cluster.nodes
        for source in node.captures
        if source.value.first_at and source.value.last_at
    ]
    watched = max(spans, default=timedelta(0))
    expected, observed = f"renewed within {limit}", f"longest connection {longest}, watched for {watched}"
    evidence_items = [one.item for one in every]
    if longest <= limit and watched < limit:
        text = (
            f"The longest connection {client.name}->{server.name} seen lived {longest}, but the capture lasts {watched} only and "
            f"{rule.clause.standard} {rule.clause.clause} asks for a renewal every {limit}. Schedule a trunk reset and capture "
            f"for longer than {limit}. {CAPTURE_AGAIN}"
        )
        return undecided(expected, observed, text, evidence_items)
    broken = [f"a connection {client.name}->{server.name} lived {longest} without a new handshake"] if longest > limit else []
    fine = f"No connection {client.name}->{server.name} lived longer than {longest} in {watched}."
    return ruled(rule, broken, expected=expected, observed=observed, fine=fine, evidence=evidence_items)


@check(
    "trunk_has_no_copy",
    step="9",
    phase="evidence",
    scope="cluster",
    remedies=("S9",),
    clauses=(Clause("Product practice", "one trunk, one proof", "M"),),
)
def trunk_has_no_copy(evidence: Evidence, _policy: Policy, cluster: ClusterEvidence) -> Judgement:
    """There is no second trunk that an earlier partial run or a copy left behind (``NAME_1``, ``NAME-2``, ``NAME copy``).

    In a run that changes clusters such a pair is blocked until somebody decides which one stays; verify-only it is a finding.
    A trunk of a similar name that leads elsewhere is a warning. Not judged where the cluster's trunks were never listed.
    """
    if cluster.trunk is None:
        raise missing(f"the SIP trunk of {cluster.name}", why(evidence, f"SIP trunk of {cluster.name}"), "Read it through AXL.")
    trunk = cluster.trunk.value
    if cluster.similar_trunks is None:
        reason = next((text for fact, text in evidence.reasons if fact == f"SIP trunks of {cluster.name}"), None)
        if reason is None:
            return not_applicable(f"This run folder holds no list of {cluster.name}'s trunks and none was asked for.")
        raise missing(f"the list of {cluster.name}'s trunks", reason, "Run again with an AXL account that may query.")
    copies = [
        other
        for other in cluster.other_trunks
        if re.fullmatch(rf"{re.escape(trunk.name)}[ _-]?(\(?\d+\)?|copy.*)", other.value.name, re.IGNORECASE)
    ]
    targets = {(row.address, row.port) for row in trunk.destinations}
    same = [other for other in copies if targets & {(row.address, row.port) for row in other.value.destinations}]
    users = ", ".join(
        f"pattern {source.value.pattern} uses {source.value.gateway_name or source.value.route_list_name}"
        for source in cluster.route_patterns or ()
    )
    evidence_items = (cluster.trunk.item, cluster.similar_trunks.item, *(other.item for other in copies))
    observed = ", ".join(other.value.name for other in copies) or "none"
    if same:
        names = ", ".join(other.value.name for other in same)
        text = f"{cluster.name} has {trunk.name} and {names}, all leading to the peer; {users or 'no pattern uses any of them'}."
        judged = failed("one trunk to the peer", observed, text, evidence_items)
        if evidence.inventory.mode.value == "apply":
            return Judgement(Outcome.BLOCKED, judged.expected, observed, text + " Remove one of them first.", evidence_items)
        return judged
    if copies:
        text = f"{cluster.name} has {observed} beside {trunk.name}; it leads elsewhere."
        return warned("one trunk of that name", observed, text, evidence_items)
    return passed("one trunk to the peer", "no copy", f"{trunk.name} of {cluster.name} has no copy.", evidence_items)
