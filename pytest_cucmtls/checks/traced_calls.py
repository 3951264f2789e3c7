"""Which traced messages belong to a test call: found by Call-ID, never by nearness in the file; holds no check."""

from dataclasses import dataclass, replace
from datetime import datetime

from pytest_cucmtls.checks.connections import addresses_of
from pytest_cucmtls.checks.judgements import missing
from pytest_cucmtls.checks.moments import CALL_MARGIN, calls_of, within
from pytest_cucmtls.checks.stores import why
from pytest_cucmtls.model.evidence import CallAttempt, ClusterEvidence, Evidence, NodeEvidence, Sourced
from pytest_cucmtls.model.network import FileLocation
from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.model.traces import TracedSip, TraceReport, TraceSource
from pytest_cucmtls.model.verdicts import EvidenceItem
from pytest_cucmtls.wire.sip_addresses import same_number as same_number

TRACE_AGAIN = "Collect the SDL traces and call logs of both clusters right after a test call (RTMT, or log collection and DIME)."


@dataclass(frozen=True, slots=True)
class TracedMessage:
    """A SIP message of one node's trace, with the raw item and line."""

    sip: TracedSip
    item: EvidenceItem
    node: NodeEvidence
    trace: Sourced[TraceReport]


@dataclass(frozen=True, slots=True)
class TracedCall:
    """One test call and every traced message of its trunk leg, calling side and called side."""

    attempt: Sourced[CallAttempt]
    call_id: str
    calling: tuple[TracedMessage, ...]
    called: tuple[TracedMessage, ...]

    @property
    def messages(self) -> tuple[TracedMessage, ...]:
        """Calling side first."""
        return (*self.calling, *self.called)

    @property
    def invite(self) -> TracedMessage:
        """The first INVITE, as the calling side sent it when its trace has it."""
        return next(message for message in self.messages if message.sip.message.method == "INVITE")


def line_of(item: EvidenceItem, source: TraceSource) -> EvidenceItem:
    """The item pointing at the record's line."""
    return replace(item, location=FileLocation("line", source.line))


def user_of(value: str | None) -> str:
    """User part of the first SIP or tel URI in a header value or request URI; "" when there is none."""
    text = value or ""
    for scheme in ("sips:", "sip:", "tel:"):
        place = text.find(scheme)
        if place >= 0:
            rest = text[place + len(scheme) :]
            end = min((rest.find(mark) for mark in "@;>?" if mark in rest), default=len(rest))
            return rest[:end]
    return ""


def attempt_of(evidence: Evidence, direction: str) -> Sourced[CallAttempt]:
    """The last test call of a direction. Raises: NoEvidence."""
    calls = calls_of(evidence, direction)
    if not calls:
        raise missing(
            f"a test call {direction}", why(evidence, "the test call"), "Place the test call and collect traces and capture."
        )
    return calls[-1]


def traces_of(evidence: Evidence, cluster: ClusterEvidence) -> list[tuple[NodeEvidence, Sourced[TraceReport]]]:
    """Readable SDL traces of a cluster. Raises: NoEvidence."""
    found = [(node, trace) for node in cluster.nodes for trace in node.traces if trace.value.readable]
    if not found:
        reasons = [why(evidence, f"traces of {cluster.name}/{node.name}") for node in cluster.nodes]
        problems = [trace.value.problem or "" for node in cluster.nodes for trace in node.traces]
        raise missing(f"the SDL traces of {cluster.name}", "; ".join(dict.fromkeys([*problems, *reasons])), TRACE_AGAIN)
    return found


def rotated(traces: list[tuple[NodeEvidence, Sourced[TraceReport]]], started_at: datetime) -> str:
    """A sentence when every trace begins after the call (rotated away) or ends before it, else ""."""
    starts = [trace.value.first_at for _, trace in traces if trace.value.first_at]
    ends = [trace.value.last_at for _, trace in traces if trace.value.last_at]
    if starts and min(starts) > started_at + CALL_MARGIN:
        return f"the oldest line ({min(starts):%H:%M:%S} UTC) is later than the call ({started_at:%H:%M:%S} UTC): rotated away"
    if ends and max(ends) < started_at - CALL_MARGIN:
        return f"the newest line ({max(ends):%H:%M:%S} UTC) is earlier than the call ({started_at:%H:%M:%S} UTC)"
    return ""


def traced_call(evidence: Evidence, client: ClusterEvidence, server: ClusterEvidence) -> TracedCall:
    """The trunk leg of the last test call of a direction, joined by Call-ID. Raises: NoEvidence."""
    attempt = attempt_of(evidence, f"{client.name}->{server.name}")
    calling = _messages(evidence, client, server)
    invite = _invite(evidence, attempt.value, calling, "out")
    called: list[TracedMessage] = []
    if any(trace.value.readable for node in server.nodes for trace in node.traces):
        called = _messages(evidence, server, client)
    if invite is None:
        raise missing(
            f"the INVITE of the call {attempt.value.caller} -> {attempt.value.called} in {client.name}'s trace",
            rotated(traces_of(evidence, client), attempt.value.started_at) or "no INVITE to the peer lies within the call's time",
            TRACE_AGAIN,
        )
    call_id = invite.sip.message.call_id
    if not call_id:
        raise missing(f"the Call-ID of the INVITE {client.name}->{server.name}", "the traced message is cut off", TRACE_AGAIN)
    return TracedCall(
        attempt,
        call_id,
        tuple(message for message in calling if message.sip.message.call_id == call_id),
        tuple(message for message in called if message.sip.message.call_id == call_id),
    )


def _messages(evidence: Evidence, cluster: ClusterEvidence, peer: ClusterEvidence) -> list[TracedMessage]:
    """Messages a cluster exchanged with the peer's addresses, in file order."""
    addresses = addresses_of(evidence, peer)
    return [
        TracedMessage(sip, line_of(trace.item, sip.source), node, trace)
        for node, trace in traces_of(evidence, cluster)
        for sip in trace.value.sip_messages
        if sip.peer in addresses
    ]


def _invite(evidence: Evidence, attempt: CallAttempt, messages: list[TracedMessage], direction: str) -> TracedMessage | None:
    """The initial INVITE of the attempt: right direction and time; of several the dialled number's, nearest to the start."""
    found = [
        message
        for message in messages
        if message.sip.message.method == "INVITE"
        and message.sip.direction == direction
        and within(attempt, message.sip.source.at, evidence.gathered_at, offset_of(message.node))
        and not _in_dialog(message.sip.message)
    ]
    exact = [message for message in found if user_of(message.sip.message.request_uri) == attempt.called]
    closest = [message for message in exact if same_number(user_of(message.sip.message.header("From")), attempt.caller)]
    return min(closest or exact or found, key=lambda message: _distance(attempt, message), default=None)


def _distance(attempt: CallAttempt, message: TracedMessage) -> float:
    """Seconds between the attempt's start and the message, in the tool's clock; unknown times come last."""
    at = message.sip.source.at
    if at is None:
        return float("inf")
    return abs((at - attempt.started_at).total_seconds() - (offset_of(message.node) or 0.0))


def offset_of(node: NodeEvidence) -> float | None:
    """The node's clock minus the tool's in seconds, None when nobody read it."""
    return node.clock_offset_seconds.value if node.clock_offset_seconds else None


def _in_dialog(message: SipMessage) -> bool:
    """A re-INVITE carries a To tag."""
    return ";tag=" in (message.header("To") or "").lower()
