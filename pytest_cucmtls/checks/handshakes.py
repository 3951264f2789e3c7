"""The TLS handshakes of the capture: opened, in order, mutual, encrypting, nothing beside them in clear."""

from pytest_cucmtls.checks.connections import (
    CAPTURE_AGAIN,
    Seen,
    addresses_of,
    captures,
    handshakes,
    hidden_cause,
    hidden_remedies,
    located,
    settled,
)
from pytest_cucmtls.checks.judgements import document, failed, missing, not_applicable, passed, undecided
from pytest_cucmtls.checks.moments import moment
from pytest_cucmtls.checks.register import NO_CONNECTION, check
from pytest_cucmtls.checks.stores import call_manager_trust
from pytest_cucmtls.model.errors import NoEvidence
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, items
from pytest_cucmtls.model.handshakes import Alert, CertificatesHidden, CipherSuite, HandshakeOutcome
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Clause, EvidenceItem, Judgement, Outcome
from pytest_cucmtls.wire.certificate_paths import validate_path

ALERT_REMEDIES = {
    "unknown_ca": ("S6",),
    "certificate_expired": ("S3", "S4", "S5", "S6", "S7", "X1"),
    "certificate_unknown": ("S6", "S7"),
    "bad_certificate": ("S4", "S7"),
    "unsupported_certificate": ("S4",),
    "certificate_revoked": ("S3", "S4", "S5", "S6", "S7"),
    "access_denied": ("S8",),
    "handshake_failure": ("X7", "S8"),
    "protocol_version": ("X7",),
    "insufficient_security": ("X7",),
    "certificate_required": ("S7",),
    "decrypt_error": ("S7", "X1"),
}
"""What each fatal alert asks for (TLS alert registry, RFC 8446 §6.2)."""
DOUBTS = {"unknown_ca", "bad_certificate", "certificate_unknown"}
"""Alerts by which a side says that it does not trust the certificate."""
CAPTURE = document("collect packet capture")


def undecidable(chosen: Seen) -> str:
    """Why a connection that did not complete proves nothing; empty when the capture shows that it failed."""
    hidden = chosen.handshake.certificates_hidden
    late = {CertificatesHidden.CAPTURE_STARTED_LATE, CertificatesHidden.PACKETS_CUT, CertificatesHidden.PACKETS_MISSING}
    if chosen.handshake.outcome is HandshakeOutcome.INCOMPLETE and hidden in late:
        return hidden_cause((chosen,))
    return ""


@check(
    "tls_connection_is_established",
    step="V1",
    phase="handshake",
    scope="direction",
    remedies=("X4", "X1"),
    clauses=(CAPTURE, Clause("RFC 5246", "§7.3", "V")),
    after=(
        "peer_identity_has_a_path",
        "profile_demands_encryption",
        "profile_transports_are_tls",
        "trunk_leads_to_the_peer",
        "pattern_leads_to_the_trunk",
        "call_manager_runs",
        "server_presents_admin_certificate",
        "client_presents_admin_certificate",
    ),
    prevents=NO_CONNECTION,
)
def tls_connection_is_established(
    evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence
) -> Judgement:
    """The calling side opens a TLS connection to the other side and the handshake completes, between every pair of nodes seen.

    Attempts refused while a trunk resets are harmless when a later one of the same nodes completes; they are listed.
    """
    try:
        every = handshakes(evidence, client, server)
    except NoEvidence:
        refused = _refused_connection(evidence, client, server)
        if refused is not None:
            return refused
        raise
    chosen = settled(every)
    evidence_items = tuple(seen.item for seen in chosen)
    bad = [seen for seen in chosen if seen.handshake.outcome is not HandshakeOutcome.COMPLETE]
    observed = "; ".join(f"{seen.place} {seen.handshake.outcome.value}" for seen in chosen)
    earlier = len(every) - len(chosen)
    if not bad:
        note = f" ({earlier} earlier attempt{'s' if earlier > 1 else ''} did not complete)" if earlier else ""
        text = f"{len(chosen)} handshake{'s' if len(chosen) > 1 else ''} {client.name}->{server.name} completed{note}."
        return passed("complete", observed, text, evidence_items)
    causes = [undecidable(seen) for seen in bad]
    if all(causes):
        text = f"Cannot be decided: {'; '.join(causes)}. {CAPTURE_AGAIN}"
        return undecided("complete", observed, text, evidence_items, remedies=hidden_remedies(chosen))
    alerts = [(seen, alert) for seen in bad for alert in seen.handshake.alerts if alert.level == "fatal"]
    if alerts:
        return _alerted(evidence, client, server, observed, alerts)
    last = bad[-1].handshake
    text = (
        f"The handshake {bad[-1].place} stopped after {last.messages[-1].name if last.messages else 'the connection was opened'}."
    )
    return failed("complete", observed, f"{client.name}->{server.name}: {text}", evidence_items)


def _alerted(
    evidence: Evidence, client: ClusterEvidence, server: ClusterEvidence, observed: str, alerts: list[tuple[Seen, Alert]]
) -> Judgement:
    seen, alert = alerts[-1]
    sender, other = (client, server) if alert.sender == "client" else (server, client)
    before = [message.name for message in seen.handshake.messages if message.frame <= alert.frame]
    concerned = seen.handshake.server_chain if alert.sender == "client" else seen.handshake.client_chain
    about = (
        f"about {other.name}'s certificate (subject {concerned[0].subject}, issuer {concerned[0].issuer})" if concerned else ""
    )
    if not concerned:
        versions = ", ".join(seen.handshake.offered_versions) or "unknown versions"
        about = f"to an offer of {versions} with {_names(seen.handshake.offered_suites) or 'no suites'}"
    text = (
        f"{sender.name} ended the handshake {seen.place} with the fatal alert {alert.description} {about}, after "
        f"{before[-1] if before else 'nothing'} (frame {alert.frame}).{_no_common_suite(evidence, client, server, seen)}"
    )
    evidence_items = (located(seen.item, alert.frame),)
    remedies = ALERT_REMEDIES.get(alert.description, ("X7", "X4"))
    if alert.description in DOUBTS and concerned and _trusted_on_paper(evidence, sender, seen, alert):
        text += (
            f" Yet the CallManager-trust of {sender.name} holds a valid path for it: the Cisco CallManager service there has not "
            "loaded the store since the upload and must be restarted."
        )
        remedies = ("X1", "S6")
    return failed("complete", observed, text, evidence_items, remedies=remedies)


def _names(suites: tuple[CipherSuite, ...]) -> str:
    """The first eight of a list, as a sentence part."""
    return ", ".join(suite.name for suite in suites[:8]) + (" …" if len(suites) > 8 else "")


def _no_common_suite(evidence: Evidence, client: ClusterEvidence, server: ClusterEvidence, seen: Seen) -> str:
    """Both lists when nothing is in common; what a server supports is what it offers itself when it calls."""
    try:
        back = handshakes(evidence, server, client)
    except NoEvidence:
        return ""
    own = next((other.handshake.offered_suites for other in reversed(back) if other.handshake.offered_suites), ())
    if not own or not seen.handshake.offered_suites or set(own) & set(seen.handshake.offered_suites):
        return ""
    return (
        f" No common cipher suite: {client.name} offers {_names(seen.handshake.offered_suites)}, {server.name} in its own calls "
        f"offers {_names(own)}; the intersection is empty."
    )


def _trusted_on_paper(evidence: Evidence, sender: ClusterEvidence, seen: Seen, alert: Alert) -> bool:
    """The sender's store, as its admin interface shows it, does validate the certificate the sender refused."""
    by_client = alert.sender == "client"
    node = seen.client_node if by_client else seen.server_node
    chain = seen.handshake.server_chain if by_client else seen.handshake.client_chain
    if node.trust is None:
        return False
    store = tuple(member.value.certificate for member in call_manager_trust(evidence, sender, node))
    return validate_path(chain[0], chain[1:], store, at=seen.handshake.at, role="server" if by_client else "client").valid


def _refused_connection(evidence: Evidence, client: ClusterEvidence, server: ClusterEvidence) -> Judgement | None:
    clients, servers = addresses_of(evidence, client), addresses_of(evidence, server)
    for source in captures(evidence):
        tried = [one for one in source.value.connections if one.client.ip in clients and one.server.ip in servers]
        if tried and not any(one.opened for one in tried):
            last = tried[-1]
            how = "refused it (RST)" if last.refused else "never answered"
            text = (
                f"{client.name} opened a TCP connection {last.client} -> {last.server} (frame {last.first_frame}) and "
                f"{server.name} {how}: the CallManager service does not listen there, or something on the path blocks it."
            )
            evidence_items = (located(source.item, last.first_frame),)
            return failed("TCP opened, TLS complete", how, text, evidence_items, remedies=("X4", "X1", "S9"))
    return None


_FULL_ORDER = (
    ("client", "client_hello"),
    ("server", "server_hello"),
    ("server", "certificate"),
    ("server", "certificate_request"),
    ("client", "certificate"),
    ("client", "certificate_verify"),
    ("client", "finished"),
)
"""RFC 5246 §7.3 figure 1, the messages the document's capture shows."""


@check(
    "handshake_messages_are_in_order",
    step="V1",
    phase="handshake",
    scope="direction",
    remedies=("S8", "X4"),
    clauses=(CAPTURE, Clause("RFC 5246", "§7.3", "V")),
    after=("tls_connection_is_established", "both_sides_authenticate"),
)
def handshake_messages_are_in_order(
    evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence
) -> Judgement:
    """SYN, ClientHello, ServerHello, Certificate, CertificateRequest, client Certificate, CertificateVerify, Finished, in order.

    At least one connection per pair of nodes must show them all. Resumed, TLS 1.3, cut or late connections cannot decide.
    """
    every = handshakes(evidence, client, server)
    chosen = settled(every)
    full = [seen for seen in chosen if seen.handshake.certificates_hidden is None]
    expected = "SYN, " + ", ".join(f"{sender} {name}" for sender, name in _FULL_ORDER)
    if not full:
        raise missing(
            f"a full handshake {client.name}->{server.name}", hidden_cause(every), CAPTURE_AGAIN, hidden_remedies(every)
        )
    evidence_items = tuple(seen.item for seen in full)
    for seen in full:
        wrong = _out_of_order(seen)
        if wrong:
            shown = ", ".join(f"{message.sender} {message.name}" for message in seen.handshake.messages)
            text = f"{seen.place}: {wrong}; the capture shows {shown or 'no messages'}."
            return failed(expected, shown, text, evidence_items)
    unopened = [seen for seen in full if not seen.handshake.tcp_opened]
    if unopened:
        text = f"{unopened[0].place}: the SYN of this connection is not in the capture. {CAPTURE_AGAIN}"
        return undecided(expected, "no SYN", text, evidence_items, remedies=("V1", "X2"))
    text = f"{len(full)} handshake{'s' if len(full) > 1 else ''} {client.name}->{server.name} show every message in order."
    return passed(expected, "all in order", text, evidence_items)


def _out_of_order(seen: Seen) -> str:
    shown = [(message.sender, message.name) for message in seen.handshake.messages]
    position = -1
    for sender, name in _FULL_ORDER:
        later = [place for place, message in enumerate(shown) if place > position and message == (sender, name)]
        if not later:
            early = (sender, name) in shown
            return f"{sender} {name} {'comes too early' if early else 'is missing'}"
        position = later[0]
    return ""


@check(
    "both_sides_authenticate",
    step="V1",
    phase="handshake",
    scope="direction",
    remedies=("S8", "S7"),
    clauses=(CAPTURE, Clause("NIST SP 800-53 r5", "IA-3", "V"), Clause("DISA EVVM Session Management SRG", "V-260028", "V")),
    after=("tls_connection_is_established",),
)
def both_sides_authenticate(evidence: Evidence, policy: Policy, client: ClusterEvidence, server: ClusterEvidence) -> Judgement:
    """The server asks for a client certificate, the client presents one and proves that it has its key (CertificateVerify).

    Installed certificates on both sides prove nothing: what counts is the CertificateRequest on the wire.
    """
    rule = policy.rule("auth.mutual", moment(evidence).date())
    if rule is None or rule.value is False:
        return not_applicable(f"Policy {policy.name} does not ask for mutual authentication.")
    every = handshakes(evidence, client, server)
    chosen = settled(every)
    expected = "CertificateRequest, client Certificate, CertificateVerify"
    evidence_items = tuple(seen.item for seen in chosen)
    wrong = [text for seen in chosen if (text := _one_way(seen, server.name, client.name))]
    if wrong:
        return Judgement(
            Outcome.FAIL, expected, "; ".join(wrong), f"One-way TLS: {'; '.join(wrong)}.", evidence_items, None, (rule.clause,)
        )
    mutual = [seen for seen in chosen if seen.handshake.mutual_authentication == "yes"]
    if not mutual:
        raise missing(
            f"mutual authentication {client.name}->{server.name}", hidden_cause(every), CAPTURE_AGAIN, hidden_remedies(every)
        )
    text = (
        f"{client.name} and {server.name} authenticated each other on {len(mutual)} connection{'s' if len(mutual) > 1 else ''}."
    )
    return Judgement(Outcome.PASS, expected, "all present", text, evidence_items, None, (rule.clause,))


def _one_way(seen: Seen, server: str, client: str) -> str:
    handshake = seen.handshake
    if handshake.certificates_hidden is not None:
        return ""
    if handshake.client_certificate_requested is False:
        return f"{seen.place}: {server} in the server role sent no CertificateRequest"
    if handshake.client_certificate_presented is False:
        return f"{seen.place}: {client} answered the CertificateRequest with no certificate"
    if handshake.client_certificate_presented and handshake.client_certificate_verified is False:
        return f"{seen.place}: no CertificateVerify followed {client}'s certificate"
    return ""


@check(
    "negotiated_suite_encrypts",
    step="V1",
    phase="handshake",
    scope="direction",
    remedies=("S8",),
    clauses=(Clause("Cisco CUCM Security Guide 15", "p. 188", "V"), Clause("RFC 9325", "§4.1", "V")),
    after=("tls_connection_is_established",),
)
def negotiated_suite_encrypts(evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence) -> Judgement:
    """The negotiated cipher suite encrypts; "Application Data" alone proves nothing, a NULL suite shows it too."""
    every = handshakes(evidence, client, server)
    chosen = [seen for seen in settled(every) if seen.handshake.cipher_suite is not None]
    if not chosen:
        raise missing(
            f"the cipher suite of {client.name}->{server.name}", hidden_cause(every), CAPTURE_AGAIN, hidden_remedies(every)
        )
    suites = {seen.place: seen.handshake.cipher_suite for seen in chosen}
    observed = ", ".join(dict.fromkeys(suite.name for suite in suites.values() if suite))
    evidence_items = tuple(seen.item for seen in chosen)
    null = [f"{place} negotiated {suite.name}" for place, suite in suites.items() if suite and not suite.encrypts]
    if null:
        text = f"{client.name}->{server.name} is not encrypted: {'; '.join(null)}, which authenticates but does not encrypt."
        return failed("an encrypting suite", observed, text, evidence_items)
    return passed("an encrypting suite", observed, f"{client.name}->{server.name} negotiated {observed}.", evidence_items)


@check(
    "no_sip_in_clear",
    step="V1",
    phase="handshake",
    scope="pair",
    remedies=("S8", "S9"),
    clauses=(Clause("NIST SP 800-53 r5", "SC-8(1)", "V"), Clause("DISA EVVM Session Management SRG", "V-260034", "V")),
)
def no_sip_in_clear(evidence: Evidence, _policy: Policy) -> Judgement:
    """No SIP message passes between the two clusters in clear text, on any port, in either direction."""
    first, second = (addresses_of(evidence, cluster) for cluster in evidence.clusters)
    readable = [source for source in captures(evidence) if source.value.readable and source.value.packets]
    if not readable:
        raise missing("packets between the clusters", "the captures are unreadable or empty", CAPTURE_AGAIN)
    found: list[tuple[str, EvidenceItem]] = []
    for source in readable:
        for seen in source.value.sip:
            ends = (seen.src.ip, seen.dst.ip)
            between = (ends[0] in first and ends[1] in second) or (ends[0] in second and ends[1] in first)
            if between and seen.transport in {"udp", "tcp"}:
                line = seen.message.start_line[:80]
                found.append((f"{line!r} {seen.src} -> {seen.dst} over {seen.transport}", located(source.item, seen.frame)))
    if found:
        text = f"{len(found)} SIP messages between the clusters can be read on the wire, first {found[0][0]}."
        return failed("no readable SIP", f"{len(found)} messages", text, [item for _, item in found[:10]])
    seen_both = {address for source in readable for address in source.value.addresses}
    if seen_both and not (seen_both & first.keys() and seen_both & second.keys()):
        why = f"the captures show {', '.join(sorted(seen_both)[:6])} and not both clusters: wrong interface or host filter"
        raise missing("packets between the clusters", why, CAPTURE_AGAIN)
    return passed("no readable SIP", "none", "No SIP in clear text between the clusters in any capture.", items(readable))
