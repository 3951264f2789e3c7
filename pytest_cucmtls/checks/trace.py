"""What the SDL traces say: digit analysis of both sides, and that traced and captured connection are one and the same."""

from datetime import timedelta

from pytest_cucmtls.checks.connections import Seen, handshakes, hidden_cause
from pytest_cucmtls.checks.dial_patterns import partition_name, same_pattern
from pytest_cucmtls.checks.judgements import document, failed, missing, passed, undecided
from pytest_cucmtls.checks.moments import within
from pytest_cucmtls.checks.register import NO_CALL, check
from pytest_cucmtls.checks.routing import expected_pattern
from pytest_cucmtls.checks.stores import spec_of
from pytest_cucmtls.checks.traced_calls import (
    TRACE_AGAIN,
    TracedCall,
    TracedMessage,
    attempt_of,
    line_of,
    offset_of,
    rotated,
    same_number,
    traced_call,
    traces_of,
    user_of,
)
from pytest_cucmtls.model.errors import NoEvidence
from pytest_cucmtls.model.evidence import CallAttempt, ClusterEvidence, Evidence, NodeEvidence, Sourced
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.traces import CertificateIndication, DigitAnalysis, TraceReport
from pytest_cucmtls.model.verdicts import Clause, EvidenceItem, Judgement
from pytest_cucmtls.wire.x509 import parse_distinguished_name

TRACES = document("collect CUCM traces")
ONE_PROOF = Clause("NIST SP 800-53 r5", "AU-10", "V")


def _analyses(
    evidence: Evidence, cluster: ClusterEvidence, attempt: CallAttempt
) -> list[tuple[DigitAnalysis, EvidenceItem, Sourced[TraceReport]]]:
    return [
        (analysis, line_of(trace.item, analysis.source), trace)
        for node, trace in traces_of(evidence, cluster)
        for analysis in trace.value.digit_analysis
        if within(attempt, analysis.source.at, evidence.gathered_at, offset_of(node))
    ]


def _text(analysis: DigitAnalysis) -> str:
    pattern, partition = analysis.result("DialingPattern"), partition_name(analysis.result("DialingPartition"))
    return f"dd={analysis.dialed_digits} -> {pattern or analysis.outcome or 'cut off'} in {partition or '<None>'}"


@check(
    "caller_digit_analysis_finds_the_pattern",
    step="V2",
    phase="trace",
    scope="direction",
    remedies=("S10",),
    clauses=(TRACES, document("step 10: route pattern")),
    after=("call_is_placed", "pattern_leads_to_the_trunk", "nothing_shadows_the_pattern"),
    prevents=NO_CALL,
)
def caller_digit_analysis_finds_the_pattern(
    evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence
) -> Judgement:
    """The calling cluster analysed exactly the dialled digits and chose the declared pattern, partition and this trunk.

    ``NoPotentialMatchesExist`` inside a result block is normal; directly after ``match(`` it means no match. A blank
    partition and ``<None>`` are the same. Analyses of the first digits of the number (overlap) are passed over.
    """
    attempt = attempt_of(evidence, f"{client.name}->{server.name}")
    number, (pattern, partition) = attempt.value.called, expected_pattern(evidence, client)
    trunk = spec_of(evidence, client).trunk
    expected = f"dd={number} -> {pattern} in {partition or '<None>'} -> {trunk}"
    found = [entry for entry in _analyses(evidence, client, attempt.value) if entry[0].dialed_digits == number]
    if not found:
        reason = (
            rotated(traces_of(evidence, client), attempt.value.started_at) or f"no digit analysis of {number} in the call's time"
        )
        raise missing(f"digit analysis of {number} on {client.name}", reason, TRACE_AGAIN)
    matched = [entry for entry in found if entry[0].outcome == "match"]
    if not matched:
        analysis, item, _ = found[-1]
        if analysis.outcome == "no_match":
            text = f"{client.name} found no match for dd={number}: no route pattern the caller can reach, no trunk used."
            return failed(expected, "no match", text, (item,))
        raise missing(
            f"the result of dd={number} on {client.name}", f"the block ends with {analysis.outcome or 'a cut'}", TRACE_AGAIN
        )
    analysis, item, trace = matched[-1]
    observed, evidence_items = _text(analysis), (item,)
    chosen = analysis.result("DialingPattern")
    if not same_pattern(chosen, pattern) or partition_name(analysis.result("DialingPartition")) != partition:
        fact = f"declared route pattern of {client.name}"
        if unknown := next((reason for key, reason in evidence.reasons if key == fact), None):
            raise missing(
                f"the {fact}", f"{unknown}; {observed} was chosen", f"Say whether that was meant: {client.name}'s pattern."
            )
        text = f"{client.name} matched {observed}, expected {expected}: another pattern or a local number takes the call."
        return failed(expected, observed, text, evidence_items)
    device, where = _device(trace.value, analysis, item)
    if device == "LineControl":
        text = f"{client.name} matched {observed}, a local directory number and not the route pattern: the trunk was not used."
        return failed(expected, f"{observed} -> a phone line", text, (item, where))
    route_lists = {source.value.route_list_name for source in client.route_patterns or () if source.value.pattern == chosen}
    if device and device not in {trunk, "SIPD", "RouteListControl", *route_lists}:
        text = f"{client.name} matched {observed} and sent the call to the device {device}, expected {trunk}."
        return failed(expected, f"{observed} -> {device}", text, (item, where))
    named = f" -> {device}" if device else ""
    return passed(expected, f"{observed}{named}", f"{client.name} analysed {observed}{named}.", (item, where))


def _device(trace: TraceReport, analysis: DigitAnalysis, item: EvidenceItem) -> tuple[str, EvidenceItem]:
    """Name of the first device found after the analysis (or its process kind), "" when the trace does not say."""
    until = timedelta(seconds=5)
    later = [
        event
        for event in trace.events
        if event.kind in {"device_found", "device_process"}
        and event.source.line > analysis.source.line
        and (event.source.at is None or analysis.source.at is None or event.source.at - analysis.source.at <= until)
    ]
    process = next((event for event in later if event.kind == "device_process"), None)
    if process is not None and process.field("process") == "LineControl":
        return "LineControl", line_of(item, process.source)
    named = next((event for event in later if event.kind == "device_found"), None)
    if named is not None:
        return named.field("name") or "", line_of(item, named.source)
    return (process.field("process") or "", line_of(item, process.source)) if process else ("", item)


@check(
    "called_side_analyses_all_digits",
    step="V2",
    phase="trace",
    scope="direction",
    remedies=("S9", "S10"),
    clauses=(TRACES,),
    after=("caller_digit_analysis_finds_the_pattern", "trunk_keeps_all_digits", "tls_connection_is_established"),
    prevents=NO_CALL,
)
def called_side_analyses_all_digits(
    evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence
) -> Judgement:
    """The called cluster analysed the digits it received in full, and matched the called line."""
    call = traced_call(evidence, client, server)
    received = user_of(call.invite.sip.message.request_uri)
    found = [
        entry
        for entry in _analyses(evidence, server, call.attempt.value)
        if entry[0].calling_party_number is None or same_number(entry[0].calling_party_number, call.attempt.value.caller)
    ]
    exact = [entry for entry in found if entry[0].dialed_digits == received]
    expected = f"dd={received} matches line {received}"
    if exact:
        analysis, item, _ = exact[-1]
        if analysis.outcome == "match":
            return passed(expected, _text(analysis), f"{server.name} analysed {_text(analysis)}.", (item,))
        text = f"{server.name} received {received} and found {analysis.outcome or 'nothing'} for it."
        return failed(expected, str(analysis.outcome), text, (item,), remedies=("S10",))
    shorter = [entry for entry in found if entry[0].dialed_digits and received.endswith(entry[0].dialed_digits)]
    if shorter:
        digits = shorter[-1][0].dialed_digits
        text = f"{server.name} received the digits {received} and analysed {digits}: significant digits of its trunk cut them."
        return failed(expected, f"dd={digits}", text, (shorter[-1][1],), remedies=("S9",))
    reason = (
        rotated(traces_of(evidence, server), call.attempt.value.started_at)
        or f"no digit analysis of {received} in the call's time"
    )
    raise missing(f"digit analysis of {received} on {server.name}", reason, TRACE_AGAIN)


@check(
    "invite_travels_over_tls",
    step="V2",
    phase="trace",
    scope="direction",
    remedies=("S8", "S9"),
    clauses=(TRACES, Clause("NIST SP 800-53 r5", "SC-8(1)", "V")),
    after=(
        "call_is_placed",
        "tls_connection_is_established",
        "caller_digit_analysis_finds_the_pattern",
    ),
)
def invite_travels_over_tls(evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence) -> Judgement:
    """The call's INVITE names TLS in its top Via; that SDL prints "SIP TCP message" means nothing."""
    call = traced_call(evidence, client, server)
    transports = {message.sip.message.via_transport for message in call.messages if message.sip.message.method == "INVITE"}
    evidence_items = (call.invite.item,)
    observed = f"Via transport {', '.join(sorted(str(transport) for transport in transports))}"
    where = f"to {call.invite.sip.peer}:{call.invite.sip.port}"
    if transports == {"TLS"}:
        return passed("Via: SIP/2.0/TLS", observed, f"The INVITE {call.call_id} went {where} over TLS.", evidence_items)
    if None in transports:
        raise missing(f"the Via of the INVITE {call.call_id}", "the traced message is cut off", TRACE_AGAIN)
    text = f"The INVITE {call.call_id} of {client.name}->{server.name} went {where} with {observed}, expected TLS."
    return failed("Via: SIP/2.0/TLS", observed, text, evidence_items)


def captured_connection(
    evidence: Evidence, client: ClusterEvidence, server: ClusterEvidence, call: TracedCall
) -> tuple[Seen | None, str]:
    """The captured connection that carried the traced call, and why there is none.

    The called side's trace prints the caller's port: equal address and port, opened no later than the INVITE. Without it,
    the peer address and port of the calling side and the time must leave exactly one connection; a trace without a date cannot.
    """
    every = handshakes(evidence, client, server)
    invite = call.invite.sip
    at = invite.source.at
    incoming = next((message.sip for message in call.called if message.sip.direction == "in"), None)
    slack = timedelta(seconds=10)
    open_then = [
        seen
        for seen in every
        if at is None
        or (seen.handshake.at - slack <= at and (seen.handshake.last_at is None or at <= seen.handshake.last_at + slack))
    ]
    if incoming is not None:
        exact = [
            seen for seen in open_then if (seen.handshake.client.ip, seen.handshake.client.port) == (incoming.peer, incoming.port)
        ]
        led = [seen for seen in exact if (seen.handshake.server.ip, seen.handshake.server.port) == (invite.peer, invite.port)]
        if exact:
            return (led or exact)[-1], ""  # one port of a caller may lead to several nodes
    elif at is not None:
        target = [
            seen for seen in open_then if (seen.handshake.server.ip, seen.handshake.server.port) == (invite.peer, invite.port)
        ]
        if len(target) == 1:
            return target[0], ""
    where = f"from {incoming.peer}:{incoming.port}" if incoming else f"to {invite.peer}:{invite.port}"
    shown = "; ".join(f"{seen.place} at {seen.handshake.at:%H:%M:%S}" for seen in every)
    when = f"{at:%H:%M:%S} UTC" if at else f"{invite.source.time} of an unknown day (the trace has no FileHead)"
    return None, f"the trace shows the call {where} at {when}, the captures show {shown}"


@check(
    "traced_call_is_the_captured_one",
    step="V2",
    phase="trace",
    scope="direction",
    remedies=("V1", "V2"),
    clauses=(TRACES, ONE_PROOF),
    after=("tls_connection_is_established", "caller_digit_analysis_finds_the_pattern", "every_way_is_secure"),
)
def traced_call_is_the_captured_one(
    evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence
) -> Judgement:
    """The connection of the traced call is the captured one: same addresses, same ports, same time.

    The source document itself shows a capture and a trace of two different calls; such a pair decides nothing.
    """
    call = traced_call(evidence, client, server)
    seen, reason = captured_connection(evidence, client, server, call)
    expected = "one connection in both"
    if seen is None:
        text = (
            f"Capture and trace of {client.name}->{server.name} have no common connection: {reason}. Collect both for one call."
        )
        return undecided(expected, "no common connection", text, (call.invite.item,))
    text = f"The call {call.call_id} used the captured connection {seen.place}."
    return passed(expected, seen.place, text, (call.invite.item, seen.item))


@check(
    "trace_agrees_with_the_wire",
    step="V2",
    phase="trace",
    scope="direction",
    remedies=("V1", "V2"),
    clauses=(TRACES, ONE_PROOF),
    after=("tls_connection_is_established", "both_sides_authenticate", "traced_call_is_the_captured_one"),
)
def trace_agrees_with_the_wire(
    evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence
) -> Judgement:
    """Suite and subject in SIPCertificateInd are those on the wire, for the connection index of this call.

    The trace names suites as OpenSSL does and prints subjects in reversed slash form: both are normalised first.
    """
    call = traced_call(evidence, client, server)
    seen, reason = captured_connection(evidence, client, server, call)
    if seen is None:
        raise missing(
            f"one connection in trace and capture of {client.name}->{server.name}", reason, "Collect both for one call."
        )
    compared, contradictions, evidence_items = list[str](), list[str](), [call.invite.item, seen.item]
    for side, messages in ((client, call.calling), (server, call.called)):
        found = _indications(side, messages, call)
        if messages and not found:
            raise _no_indication(side, messages, f"{client.name}->{server.name}")
        for indication, item in found:
            evidence_items.append(item)
            chain = seen.handshake.server_chain if side is client else seen.handshake.client_chain
            compared.append(f"{side.name}: {indication.cipher}, {indication.subject}")
            contradictions += _contradictions(side, indication, seen, chain[0].subject if chain else None)
    wire = f"{seen.handshake.cipher_suite.name if seen.handshake.cipher_suite else 'suite not visible'}"
    expected, observed = f"wire: {wire}", "; ".join(compared)
    if contradictions:
        text = f"The evidence contradicts itself: {'; '.join(dict.fromkeys(contradictions))}. One of the two is not of this call."
        return failed(expected, observed, text, evidence_items)
    note = "" if seen.handshake.server_chain else f" (certificates on the wire: {hidden_cause((seen,))})"
    return passed(expected, observed, f"Trace and wire agree: {observed}{note}.", evidence_items)


def _no_indication(side: ClusterEvidence, messages: tuple[TracedMessage, ...], direction: str) -> NoEvidence:
    """The trace has the call but not what the node saw of its peer: never the indication of another connection instead."""
    own = sorted({str(message.sip.connection_index) for message in messages})
    others = sorted(
        {str(one.connection_index) for node in side.nodes for trace in node.traces for one in trace.value.certificates}
    )
    return missing(
        f"SIPCertificateInd of the connection of {direction} on {side.name}",
        f"the call has connection index (connIdx) {', '.join(own)}, the traces hold one for {', '.join(others) or 'none'}",
        TRACE_AGAIN,
    )


def _indications(
    side: ClusterEvidence, messages: tuple[TracedMessage, ...], call: TracedCall
) -> list[tuple[CertificateIndication, EvidenceItem]]:
    """The indications of the connection index the call's own messages carry, in the traces of the same node."""
    chosen = call.calling if messages is call.calling else call.called
    indexes = {(message.node.name, message.sip.connection_index) for message in chosen}
    nodes: list[NodeEvidence] = [node for node in side.nodes if any(name == node.name for name, _ in indexes)]
    found = [
        (indication, line_of(trace.item, indication.source))
        for node in nodes
        for trace in node.traces
        for indication in trace.value.certificates
        if (node.name, indication.connection_index) in indexes
    ]
    return list({(entry[0].cipher, entry[0].subject, entry[0].connection_index): entry for entry in found}.values())


def _contradictions(side: ClusterEvidence, indication: CertificateIndication, seen: Seen, subject: object) -> list[str]:
    found = []
    suite = seen.handshake.cipher_suite
    when = f"{seen.handshake.at:%H:%M:%S} UTC"
    if suite is not None and indication.cipher and indication.cipher not in {suite.openssl, suite.name}:
        found.append(
            f"{side.name}'s trace says cipher {indication.cipher} ({indication.source.time}), the wire says "
            f"{suite.name} = {suite.openssl} ({when})"
        )
    traced = parse_distinguished_name(indication.subject) if indication.subject else None
    if subject is not None and traced is not None and sorted(traced.attributes) != sorted(getattr(subject, "attributes", ())):
        found.append(
            f"{side.name}'s trace says subject {indication.subject} ({indication.source.time}), the wire says {subject} ({when})"
        )
    return found
