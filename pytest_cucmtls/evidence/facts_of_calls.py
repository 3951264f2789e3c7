"""Facts of the wire and the traces: what each direction negotiated, how its call was routed, what media it agreed on."""

from collections.abc import Iterator
from dataclasses import replace

from pytest_cucmtls.checks.connections import Seen, handshakes, settled
from pytest_cucmtls.checks.traced_calls import TracedCall, line_of, traced_call
from pytest_cucmtls.evidence.fact import Fact, Value
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.errors import NoEvidence, UnexpectedAnswer
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence
from pytest_cucmtls.model.network import FileLocation
from pytest_cucmtls.wire.sdp import parse_session_description


def call_facts(evidence: Evidence) -> Iterator[Fact]:
    """Facts of both directions; a direction without evidence has none."""
    first, second = evidence.clusters
    for client, server in ((first, second), (second, first)):
        direction = f"{client.name}->{server.name}"
        yield from _connections(evidence, client, server, direction)
        yield from _media_seen(client)
        try:
            call = traced_call(evidence, client, server)
        except NoEvidence:
            continue
        yield from _signalling(direction, call)
        yield from _route(direction, client, call)


def _connections(evidence: Evidence, client: ClusterEvidence, server: ClusterEvidence, direction: str) -> Iterator[Fact]:
    """The last settled connection of each pair of nodes."""
    try:
        seen = settled(handshakes(evidence, client, server))
    except NoEvidence:
        return
    last = {(one.client_node.name, one.server_node.name): one for one in seen}
    for (client_node, server_node), one in last.items():
        yield from _connection(direction, f"TLS {client_node} to {server_node}", one)


def _connection(direction: str, about: str, seen: Seen) -> Iterator[Fact]:
    found = seen.handshake
    suite = found.cipher_suite
    values: dict[str, Value] = {
        "outcome": found.outcome.value,
        "tls_version": found.version,
        "cipher_suite": suite.name if suite else None,
        "mutual_authentication": found.mutual_authentication,
        "group": found.group,
        "extended_master_secret": found.extended_master_secret,
        "encrypt_then_mac": found.encrypt_then_mac,
        "renegotiation_info": found.renegotiation_info,
        "compression": found.compression,
        "server_name": found.server_name,
        "alpn": found.alpn,
        "server_port": found.server.port,
        "certificates_hidden": found.certificates_hidden.value if found.certificates_hidden else None,
    }
    for name, value in values.items():
        yield Fact("connection", direction, about, name, value, seen.item)
    for role, chain, frame in (
        ("server", found.server_chain, found.server_certificate_frame),
        ("client", found.client_chain, found.client_certificate_frame),
    ):
        item = replace(seen.item, location=FileLocation("frame", frame)) if frame else seen.item
        yield Fact("connection", direction, about, f"{role}_certificate_sha256", _leaf(chain), item)
        yield Fact("connection", direction, about, f"{role}_chain_length", len(chain) or None, item)


def _leaf(chain: tuple[Certificate, ...]) -> str | None:
    return chain[0].sha256 if chain else None


def _media_seen(cluster: ClusterEvidence) -> Iterator[Fact]:
    for node in cluster.nodes:
        for source in node.captures[-1:]:
            kinds = tuple(sorted({stream.kind or "unknown" for stream in source.value.streams}))
            place = f"{cluster.name}/{node.name}"
            yield Fact("media", place, "capture", "stream_kinds", kinds, source.item)
            yield Fact("media", place, "capture", "plaintext_sip", source.value.plaintext_sip, source.item)


def _signalling(direction: str, call: TracedCall) -> Iterator[Fact]:
    """What the INVITE and its final answer said."""
    finals = [message for message in call.calling if (message.sip.message.status_code or 0) >= 200]
    answers = [message for message in finals if "INVITE" in (message.sip.message.header("CSeq") or "")]
    yield Fact("route", direction, "call", "transport", call.invite.sip.message.via_transport, call.invite.item)
    if answers:
        yield Fact("route", direction, "call", "final_response", answers[0].sip.message.status_code, answers[0].item)
    for about, message in (("offer", call.invite), *(("answer", one) for one in answers[:1])):
        try:
            media = parse_session_description(message.sip.message.body).media
        except UnexpectedAnswer:
            continue
        for line in media:
            suites = tuple(crypto.crypto_suite for crypto in line.crypto)
            yield Fact("media", direction, f"{about} {line.kind}", "profile", line.profile, message.item)
            yield Fact("media", direction, f"{about} {line.kind}", "formats", line.formats, message.item)
            yield Fact("media", direction, f"{about} {line.kind}", "crypto_suites", suites, message.item)


def _route(direction: str, client: ClusterEvidence, call: TracedCall) -> Iterator[Fact]:
    """The calling cluster's digit analysis of the call's number, as CUCM names its results."""
    numbers = (call.attempt.value.caller, call.attempt.value.called)
    for node in client.nodes:
        for trace in node.traces:
            for analysis in trace.value.digit_analysis:
                if (analysis.calling_party_number, analysis.dialed_digits) != numbers or analysis.outcome != "match":
                    continue
                item = line_of(trace.item, analysis.source)
                yield Fact("route", direction, "digit analysis", "calling_search_space", analysis.calling_search_space, item)
                for name, value in analysis.results:
                    yield Fact("route", direction, "digit analysis", name, value, item)
                return
