"""Test calls found in traces: for files nobody placed a call for, the trunk's last INVITE of each direction is the call."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.model.traces import DigitAnalysis, TracedSip, TraceReport
from pytest_cucmtls.wire.sip_addresses import user_of

BEFORE_THE_INVITE = timedelta(seconds=10)
"""Digits are analysed this long before the INVITE leaves, at most (overlap sending included)."""


@dataclass(frozen=True, slots=True)
class OwnedTrace:
    """A trace whose node belongs to a cluster."""

    name: str
    cluster: str
    report: TraceReport


@dataclass(frozen=True, slots=True)
class FoundCall:
    """One call; `at` is None where the trace carries no date, `time` is the time of day as printed."""

    caller_cluster: str
    called_cluster: str
    caller: str
    called: str
    received: str
    """Digits the called cluster was sent."""
    call_id: str
    at: datetime | None
    until: datetime | None
    time: str
    place: str
    """File and line of the INVITE."""
    outgoing: bool
    """Traced where the call came from: that node's clock is the call's."""


def found_calls(
    traces: list[OwnedTrace], addresses: dict[str, str], clusters: tuple[str, str], extensions: dict[str, str]
) -> list[FoundCall]:
    """The last call of each direction; where the called cluster's extension is known, the last call to it.

    `addresses` maps an address to its cluster.
    """
    every = [call for trace in traces for call in _calls_in(trace, traces, addresses)]
    chosen = []
    for caller, called in (clusters, clusters[::-1]):
        mine = [call for call in every if (call.caller_cluster, call.called_cluster) == (caller, called)]
        wanted = extensions.get(called)
        exact = [call for call in mine if wanted in (call.called, call.received)] if wanted else mine
        if exact:
            last = max(exact, key=lambda call: (call.at is not None, call.at.timestamp() if call.at else 0.0))
            chosen.append(max((call for call in exact if call.call_id == last.call_id), key=lambda call: call.outgoing))
    return chosen


def _calls_in(trace: OwnedTrace, traces: list[OwnedTrace], addresses: dict[str, str]) -> Iterator[FoundCall]:
    for traced in trace.report.sip_messages:
        peer = addresses.get(traced.peer)
        if traced.message.method != "INVITE" or peer is None or peer == trace.cluster or _in_dialog(traced.message):
            continue
        outgoing = traced.direction == "out"
        caller, called = (trace.cluster, peer) if outgoing else (peer, trace.cluster)
        number = user_of(traced.message.header("From"))
        received = user_of(traced.message.request_uri)
        yield FoundCall(
            caller_cluster=caller,
            called_cluster=called,
            caller=number,
            called=_dialled(traces, caller, number, received, traced) or received,
            received=received,
            call_id=traced.message.call_id or "",
            at=traced.source.at,
            until=_end(traces, traced),
            time=traced.source.time,
            place=f"{trace.name}, line {traced.source.line}",
            outgoing=outgoing,
        )


def _dialled(traces: list[OwnedTrace], cluster: str, caller: str, received: str, invite: TracedSip) -> str | None:
    """What the caller dialled, when a digit analysis of the calling cluster turned it into what was sent."""
    found = [
        analysis
        for trace in traces
        if trace.cluster == cluster
        for analysis in trace.report.digit_analysis
        if analysis.result("FullyQualifiedCalledPartyNumber") == received and _fits(analysis, caller, invite)
    ]
    return found[-1].dialed_digits if found else None


def _fits(analysis: DigitAnalysis, caller: str, invite: TracedSip) -> bool:
    if caller not in (analysis.calling_party_number, analysis.result("CallingPartyNumber")):
        return False
    at, sent = analysis.source.at, invite.source.at
    return at is None or sent is None or timedelta() <= sent - at <= BEFORE_THE_INVITE


def _end(traces: list[OwnedTrace], invite: TracedSip) -> datetime | None:
    """Time of the call's last traced message."""
    call_id = invite.message.call_id
    times = [
        traced.source.at
        for trace in traces
        for traced in trace.report.sip_messages
        if traced.source.at is not None and call_id and traced.message.call_id == call_id
    ]
    return max(times, default=None)


def _in_dialog(message: SipMessage) -> bool:
    """A re-INVITE carries a To tag."""
    return ";tag=" in (message.header("To") or "").lower()
