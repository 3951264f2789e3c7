"""How the test call went: long enough, nothing left behind, recorded by the calling cluster."""

from dataclasses import replace
from datetime import datetime, timedelta

from pytest_cucmtls.checks.judgements import failed, missing, passed, undecided
from pytest_cucmtls.checks.register import check
from pytest_cucmtls.checks.stores import why
from pytest_cucmtls.checks.traced_calls import TRACE_AGAIN, TracedCall, TracedMessage, attempt_of, traced_call
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, items
from pytest_cucmtls.model.network import FileLocation
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.traces import CallLogLine
from pytest_cucmtls.model.verdicts import Clause, Judgement

SHORTEST_TALK = timedelta(seconds=0.5)
"""Product practice: shorter, and no media worth the name was exchanged."""
LINGERING = timedelta(seconds=2)
"""Media already under way when BYE is answered."""
ENDED = ("call_is_placed", "right_party_answers", "call_is_released_normally")


def _first(call: TracedCall, wanted: str, cseq: str) -> TracedMessage | None:
    """The first message of that method or status of a transaction, as the calling side traced it when it did."""
    return next(
        (
            message
            for message in call.messages
            if wanted in (message.sip.message.method, str(message.sip.message.status_code))
            and cseq in (message.sip.message.header("CSeq") or "").upper()
        ),
        None,
    )


def _time(message: TracedMessage | None, what: str, call: TracedCall) -> datetime:
    if message is None or message.sip.source.at is None:
        raise missing(f"the time of the {what} of call {call.call_id}", "the traces do not show it", TRACE_AGAIN)
    return message.sip.source.at


@check(
    "call_lasts_long_enough",
    step="V2",
    phase="call",
    scope="direction",
    remedies=("X6", "S10"),
    clauses=(Clause("Product practice", "acceptance: half a second of talk", "M"),),
    after=ENDED,
)
def call_lasts_long_enough(evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence) -> Judgement:
    """The call stood for at least half a second between its answer and its BYE; exactly that passes."""
    call = traced_call(evidence, client, server)
    answer, end = _first(call, "200", "INVITE"), _first(call, "BYE", "BYE")
    talk = _time(end, "BYE", call) - _time(answer, "answer", call)
    expected, observed = f"at least {SHORTEST_TALK.total_seconds():g} s", f"{talk.total_seconds():.3f} s"
    evidence_items = [message.item for message in (answer, end) if message]
    text = f"The call {client.name}->{server.name} stood for {observed}"
    if talk < SHORTEST_TALK:
        return failed(expected, observed, f"{text}, {expected} expected: it proves no conversation.", evidence_items)
    return passed(expected, observed, f"{text}.", evidence_items)


@check(
    "call_leaves_nothing_behind",
    step="V2",
    phase="call",
    scope="direction",
    remedies=("X6",),
    clauses=(Clause("DISA EVVM Session Management SRG", "V-260013", "V"),),
    after=ENDED,
)
def call_leaves_nothing_behind(
    evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence
) -> Judgement:
    """BYE is answered with 200 OK, and no captured media of the call goes on for more than two seconds after it."""
    call = traced_call(evidence, client, server)
    bye, answer = _first(call, "BYE", "BYE"), _first(call, "200", "BYE")
    ended = _time(bye, "BYE", call)
    if answer is None:
        raise missing(f"the answer to the BYE of call {call.call_id}", "the traces do not show it", TRACE_AGAIN)
    captures = [capture for cluster in evidence.clusters for node in cluster.nodes for capture in node.captures]
    lingering = [
        (stream, capture)
        for capture in captures
        for stream in capture.value.streams
        if stream.call_id == call.call_id and stream.last_at is not None and stream.last_at > ended + LINGERING
    ]
    evidence_items = [message.item for message in (bye, answer) if message]
    if lingering:
        stream, capture = lingering[0]
        text = f"Media {stream.src} -> {stream.dst} of call {call.call_id} goes on until {stream.last_at}, BYE was at {ended}."
        return failed("released after BYE", "media after BYE", text, [*evidence_items, capture.item])
    text = f"The call {client.name}->{server.name} was released: BYE answered with 200 OK, no media of it seen afterwards."
    return passed("released after BYE", "released", text, evidence_items)


@check(
    "call_record_is_complete",
    step="V2",
    phase="trace",
    scope="direction",
    remedies=("V2", "X8"),
    clauses=(Clause("DISA EVVM Session Management SRG", "V-259996 to V-260001", "V"),),
    after=ENDED,
)
def call_record_is_complete(evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence) -> Judgement:
    """The calling cluster's call log records the test call: kind, time, calling and called party, device and cause of its end.

    A call whose setup is recorded and whose end is not, although its BYE is, is an incomplete record. CDR files are not read.
    """
    attempt = attempt_of(evidence, f"{client.name}->{server.name}")
    logs = [log for node in client.nodes for log in node.calllogs if log.value.call_log]
    if not logs:
        reasons = [why(evidence, f"traces of {client.name}/{node.name}") for node in client.nodes]
        raise missing(f"the call log of {client.name}", "; ".join(dict.fromkeys(reasons)), TRACE_AGAIN)
    call, rows = attempt.value, [line for log in logs for line in log.value.call_log]
    setups = [line for line in rows if line.event == "SETUP" and line.columns[2:4] == (call.caller, call.called)]
    last = [(log, line) for log in logs for line in log.value.call_log if line in setups[-1:]]
    places = [replace(log.item, location=FileLocation("line", line.line)) for log, line in last]
    expected = "setup, parties, device and cause"
    if not setups:
        text = f"The call log of {client.name} has no setup of {call.caller} -> {call.called}. {TRACE_AGAIN}"
        return undecided(expected, "no setup recorded", text, items(logs))
    legs = setups[-1].columns[:2]
    release = _of_legs(rows, "RELEASE", legs)
    offered = _of_legs(rows, "OFFERED", legs)
    lacking = [name for name, found in (("device", offered), ("cause", release)) if found is None]
    if release is not None and len(release.columns) < 3:
        lacking.append("cause")
    if lacking:
        closed = any(line.event == "BYE" and line.line > setups[-1].line for line in rows)
        text = f"The call log of {client.name} records the setup of {call.caller} -> {call.called} without {', '.join(lacking)}."
        judge = failed if closed else undecided
        return judge(expected, f"without {', '.join(lacking)}", text, places)
    cause = release.columns[2] if release else ""
    text = f"{client.name} recorded {call.caller} -> {call.called} at {setups[-1].time}, ended with cause {cause}."
    return passed(expected, f"recorded, cause {cause}", text, places)


def _of_legs(rows: list[CallLogLine], event: str, legs: tuple[str, ...]) -> CallLogLine | None:
    return next((line for line in rows if line.event == event and line.columns[:2] == legs), None)
