"""Records of a call that carry no Call-ID: digit analysis, devices, connections, certificates, TLS errors, tones, security."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pytest_cucmtls.model.traces import (
    CallLogLine,
    CertificateIndication,
    ConnectionRecord,
    DigitAnalysis,
    StoryStep,
    TracedSip,
    TraceEvent,
    TraceReport,
    TraceSource,
)
from pytest_cucmtls.wire.sip_addresses import user_of
from pytest_cucmtls.wire.trace_story_texts import certificate_text, connection_text, digits_text, event_text

AROUND_THE_CALL = timedelta(seconds=10)
"""Digits are analysed, and a connection is made, this long before the first message at most."""
_NEAR_SIGNALS = 5
"""A call is handed to its device within so many signal numbers of its digit analysis."""


@dataclass(frozen=True, slots=True)
class LegFacts:
    """What one file says of the call by identifier; `analysis` where the call is nothing but a digit analysis."""

    place: int
    file: str
    node: str
    scope: str
    """What the leg identifiers of this node count in: its cluster."""
    report: TraceReport
    messages: tuple[TracedSip, ...]
    lines: tuple[CallLogLine, ...]
    identifiers: frozenset[str]
    analysis: DigitAnalysis | None = None

    def step(self, source: TraceSource, kind: str, text: str) -> StoryStep:
        """A step of this file."""
        return StoryStep(source.at, source.time, self.node, self.file, source.line, source.sequence, kind, text)


def related_steps(facts: LegFacts, legs: Sequence[LegFacts], moments: list[datetime]) -> Iterator[StoryStep]:
    """The further steps of one file; `moments` are the times of the call's messages in all files."""
    analyses = _analyses(facts, legs)
    processes = _processes(facts, analyses)
    for analysis in analyses:
        yield facts.step(analysis.source, "digits", digits_text(analysis))
    for event in [*processes, *_devices(facts, processes)]:
        yield facts.step(event.source, "device", event_text(event))
    for event in facts.report.events:
        if event.kind == "tone" and any(_after(analysis.source, event.source) for analysis in analyses):
            yield facts.step(event.source, "tone", event_text(event))
        elif event.kind == "tls_error" and _concerns(event, facts, moments):
            yield facts.step(event.source, "tls", event_text(event))
        elif event.kind in {"secure_status", "sip_setup"} and _names_call(event, facts, processes, moments):
            yield facts.step(event.source, "security", event_text(event))
    yield from _connection_steps(facts)


def _analyses(facts: LegFacts, legs: Sequence[LegFacts]) -> list[DigitAnalysis]:
    """Digit analysis whose activity handed a leg of the call on, or that has the call's numbers at its time."""
    if facts.analysis is not None:
        return [facts.analysis]
    signals = {
        signal_of(event.source)
        for event in facts.report.events
        if event.kind == "device_process" and event.field("ci") in facts.identifiers
    }
    invites = [traced for leg in legs for traced in leg.messages if traced.message.method == "INVITE"]
    numbers = {user_of(traced.message.request_uri) for traced in invites}
    callers = {user_of(traced.message.header("From")) for traced in invites}
    numbers |= {line.columns[3] for leg in legs for line in leg.lines if line.event == "SETUP" and len(line.columns) > 3}
    callers |= {line.columns[2] for leg in legs for line in leg.lines if line.event == "SETUP" and len(line.columns) > 3}
    found = []
    for analysis in facts.report.digit_analysis:
        signal = signal_of(analysis.source)
        handed = signal is not None and any(other is not None and 0 <= other - signal <= _NEAR_SIGNALS for other in signals)
        called = {analysis.dialed_digits, analysis.result("FullyQualifiedCalledPartyNumber")}
        calling = {analysis.calling_party_number, analysis.result("CallingPartyNumber")}
        alike = bool(called & (numbers - {""})) and bool(calling & (callers - {""}))
        if alike and (handed or _at_the_time(analysis.source, invites)):
            found.append(analysis)
    return found


def _at_the_time(source: TraceSource, invites: Sequence[TracedSip]) -> bool:
    times = [traced.source.at for traced in invites if traced.source.at is not None]
    if source.at is None or not times:
        return source.at is None and not times
    return any(-timedelta(seconds=2) <= at - source.at <= AROUND_THE_CALL for at in times)


def _processes(facts: LegFacts, analyses: list[DigitAnalysis]) -> list[TraceEvent]:
    """Where the call was handed to: by its CI, or in the activity of its digit analysis."""
    found = []
    for event in facts.report.events:
        if event.kind != "device_process":
            continue
        signal = signal_of(event.source)
        near = [signal_of(analysis.source) for analysis in analyses]
        if event.field("ci") in facts.identifiers or (
            signal is not None and any(one is not None and 0 <= signal - one <= _NEAR_SIGNALS for one in near)
        ):
            found.append(event)
    return found


def _devices(facts: LegFacts, processes: list[TraceEvent]) -> list[TraceEvent]:
    """Devices whose process is the one a leg was handed to: (node, type, instance) of (node, app, type, instance)."""
    pids = [((event.field("pid") or "").split(","), signal_of(event.source)) for event in processes]
    wanted = {(",".join((pid[0], *pid[2:])), signal) for pid, signal in pids if len(pid) == 4}
    return [
        event
        for event in facts.report.events
        if event.kind == "device_found"
        and any(
            event.field("pid") == pid and signal is not None and abs((signal_of(event.source) or 0) - signal) <= _NEAR_SIGNALS
            for pid, signal in wanted
        )
    ]


def _connection_steps(facts: LegFacts) -> Iterator[StoryStep]:
    """The connections the call's messages used: how each was made, and which certificate its peer showed."""
    for index in dict.fromkeys(traced.connection_index for traced in facts.messages if traced.connection_index is not None):
        first = min(traced.source.line for traced in facts.messages if traced.connection_index == index)
        records = [one for one in facts.report.connections if one.connection_id == index]
        made = [one for one in records if one.source.line <= first]
        until = min((one.source.line for one in records if one.source.line > first), default=None)
        since = made[-1].source.line if made else 0
        if made:
            yield facts.step(made[-1].source, "connection", connection_text(made[-1]))
            yield from _asked_for(facts, made[-1])
        for seen in _certificates(facts.report.certificates, index, since, until):
            yield facts.step(seen.source, "certificate", certificate_text(seen))


def _certificates(
    every: Sequence[CertificateIndication], index: int, since: int, until: int | None
) -> list[CertificateIndication]:
    """Of this connection, not of an earlier or later one with the same index; passed on inside the node, each is logged twice."""
    found = [
        one
        for one in every
        if one.connection_index == index and since <= one.source.line and (not until or one.source.line < until)
    ]
    return list({(one.remote_ip, one.subject, one.cipher): one for one in reversed(found)}.values())


def _asked_for(facts: LegFacts, made: ConnectionRecord) -> Iterator[StoryStep]:
    """The request for an outgoing connection, shortly before it was made."""
    asked = [
        event
        for event in facts.report.events
        if event.kind == "create_connection" and event.source.line < made.source.line and _soon(event.source, made.source)
    ]
    if asked and made.outgoing:
        yield facts.step(asked[-1].source, "connection", event_text(asked[-1]))


def _soon(earlier: TraceSource, later: TraceSource) -> bool:
    if earlier.at is None or later.at is None:
        return True
    return timedelta() <= later.at - earlier.at <= AROUND_THE_CALL


def _after(analysis: TraceSource, event: TraceSource) -> bool:
    """The event follows within a second, in the same activity where activities are numbered."""
    if event.line < analysis.line or (analysis.at and event.at and event.at - analysis.at > timedelta(seconds=1)):
        return False
    first, second = signal_of(analysis), signal_of(event)
    if first is None or second is None:
        return event.line - analysis.line <= 5
    return 0 <= second - first <= _NEAR_SIGNALS


def _concerns(event: TraceEvent, facts: LegFacts, moments: list[datetime]) -> bool:
    """A TLS failure with a peer of the call, at its time."""
    peers = {traced.peer for traced in facts.messages}
    return event.field("peer") in peers and _within(event.source, moments)


def _names_call(event: TraceEvent, facts: LegFacts, processes: list[TraceEvent], moments: list[datetime]) -> bool:
    """A security record that names the call's leg, peer, device or call control process, at its time."""
    controls = {(process.field("sender") or "").rstrip(")").rpartition(",")[2] for process in processes} - {""}
    values = {value for _, value in event.fields}
    devices = {line.columns[5] for line in facts.lines if len(line.columns) == 11}
    peers = {traced.peer for traced in facts.messages}
    named = bool(values & (facts.identifiers | devices | peers)) or event.field("cdcc") in controls
    return named and bool(facts.messages) and _within(event.source, moments)


def _within(source: TraceSource, moments: list[datetime]) -> bool:
    if source.at is None or not moments:
        return source.at is None and not moments
    return min(moments) - AROUND_THE_CALL <= source.at <= max(moments) + AROUND_THE_CALL


def signal_of(source: TraceSource) -> int | None:
    """The number of the activity a record belongs to, None in legacy SDI."""
    number = source.sequence.partition(".")[0]
    return int(number) if number.isdecimal() else None
