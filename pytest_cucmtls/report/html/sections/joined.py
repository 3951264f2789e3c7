"""What ties the evidence of a direction to one call: Call-ID, five-tuple, moments on corrected clocks, and what is missing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pytest_cucmtls.checks.trace import captured_connection
from pytest_cucmtls.checks.traced_calls import TracedCall, TracedMessage, offset_of, traced_call
from pytest_cucmtls.model.errors import NoEvidence
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence
from pytest_cucmtls.report.answers import Standing


@dataclass(frozen=True, slots=True)
class Tie:
    """One thing that joins pieces of evidence: `key` is a word of the page, `place` says where it was seen."""

    key: str
    value: str
    place: str
    standing: Standing


def joined(evidence: Evidence, client: ClusterEvidence, server: ClusterEvidence) -> tuple[Tie, ...]:
    """The ties of the last test call of a direction; () when there is no traced call to tie anything to."""
    try:
        call = traced_call(evidence, client, server)
    except NoEvidence:
        return tuple(_clocks(client, server))
    return (
        _call_id(call, client, server),
        _connection(evidence, client, server, call),
        *_moments(call),
        *_clocks(client, server),
    )


def _call_id(call: TracedCall, client: ClusterEvidence, server: ClusterEvidence) -> Tie:
    """In both traces it joins them; in one it joins nothing."""
    places = [
        f"{cluster.name}: {len(messages)} × {messages[0].item.path}"
        for cluster, messages in ((client, call.calling), (server, call.called))
        if messages
    ]
    both = call.calling and call.called
    return Tie("tie_call_id", call.call_id, "; ".join(places), Standing.PROVEN if both else Standing.UNDECIDED)


def _connection(evidence: Evidence, client: ClusterEvidence, server: ClusterEvidence, call: TracedCall) -> Tie:
    """Protocol, both addresses and ports of the captured connection that carried the call."""
    try:
        seen, reason = captured_connection(evidence, client, server, call)
    except NoEvidence as missing:
        return Tie("tie_connection", "–", f"{missing.fact}: {missing.why}", Standing.UNDECIDED)
    if seen is None:
        return Tie("tie_connection", "–", reason, Standing.UNDECIDED)
    value = f"TCP {seen.handshake.client} → {seen.handshake.server}"
    place = f"{seen.item.path}, {seen.item.location}" if seen.item.location else seen.item.path
    index = next((message.sip.connection_index for message in call.called if message.sip.connection_index), None)
    return Tie("tie_connection", value, f"{place}; connIdx {index}" if index else place, Standing.PROVEN)


def _moments(call: TracedCall) -> Iterator[Tie]:
    """When the INVITE was seen on each side, as that node's clock says and as the tool's would."""
    started = call.attempt.value.started_at
    for messages in (call.calling, call.called):
        invite = next((message for message in messages if message.sip.message.method == "INVITE"), None)
        if invite is not None and invite.sip.source.at is not None:
            yield _moment(invite, invite.sip.source.at, started)


def _moment(invite: TracedMessage, at: datetime, started: datetime) -> Tie:
    offset = offset_of(invite.node)
    after = at - timedelta(seconds=offset or 0.0) - started
    value = f"{at:%H:%M:%S}.{at.microsecond // 1000:03d} UTC ({after.total_seconds():+.1f} s)"
    standing = Standing.PROVEN if offset is not None else Standing.UNDECIDED
    return Tie("tie_invite", value, f"{invite.node.name}, {invite.item.path}, {invite.item.location}", standing)


def _clocks(client: ClusterEvidence, server: ClusterEvidence) -> Iterator[Tie]:
    """Each node's clock minus that of the machine the run was made on."""
    for cluster in (client, server):
        for node in cluster.nodes:
            offset = node.clock_offset_seconds
            place = f"{cluster.name}/{node.name}"
            if offset is None:
                yield Tie("tie_clock", "–", place, Standing.UNDECIDED)
            else:
                yield Tie("tie_clock", f"{offset.value:+.1f} s", f"{place}, {offset.item.path}", Standing.PROVEN)
