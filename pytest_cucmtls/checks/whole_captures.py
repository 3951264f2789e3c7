"""The captures run to their end, and show both directions of what they show of the media."""

from pytest_cucmtls.checks.connections import captures
from pytest_cucmtls.checks.judgements import failed, not_applicable, passed, undecided
from pytest_cucmtls.checks.moments import within
from pytest_cucmtls.checks.register import check
from pytest_cucmtls.model.evidence import Evidence, items
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Clause, Judgement, Outcome

ROOM = (
    "Look at the free space of the log partition there (`show status`, `show diskusage activelog`), stop any capture still "
    "running, make room with the cluster's owner, compare the size that `file list` shows with the file fetched, capture again."
)
_FULL = ("disk space", "no space", "watermark", "disk full")
"""What nodes and their shells say when there is no room."""
_ELSEWHERE = 'Capture at both phones or at their switch port, or let phones of our own talk (call_driver = "sip-phone").'


@check(
    "captures_are_complete",
    step="V1",
    phase="evidence",
    scope="pair",
    remedies=("X5", "X8"),
    clauses=(Clause("NIST SP 800-53 r5", "AU-5", "M"),),
)
def captures_are_complete(evidence: Evidence, _policy: Policy) -> Judgement:
    """No capture is cut off in the middle of a packet or refused for want of room on the node.

    That happens when the disk fills or the transfer breaks off; it is an error of the collection and says nothing about the
    trunk. What such a file does show is judged elsewhere; one that cannot be read at all is named by `evidence_is_whole`.
    """
    sources = [
        (cluster, node, source)
        for cluster in evidence.clusters
        for node in cluster.nodes
        for source in node.captures
        if source.value.readable
    ]
    refused = [
        f"{fact} was not begun: {why}"
        for fact, why in evidence.reasons
        if fact.startswith("capture of ") and any(word in why.lower() for word in _FULL)
    ]
    if not sources and not refused:
        return not_applicable("No readable capture was collected: there is none that could be cut off.")
    expected = "every file ends after a whole packet"
    cut = [(cluster, node, source) for cluster, node, source in sources if source.value.problem]
    if not cut and not refused:
        text = f"{len(sources)} captures end after a whole packet."
        return passed(expected, text, text, items(source for _, _, source in sources))
    broken = [
        f"the capture of {cluster.name}/{node.name}: {source.value.problem}, {source.value.packets} packets are whole, the last "
        + (f"at {source.value.last_at:%H:%M:%S} UTC" if source.value.last_at else "of unknown time")
        for cluster, node, source in cut
    ]
    said = "; ".join([*refused, *broken])
    cause = "the disk was full or the transfer broke off" if broken else "the disk is full"
    text = f"Captures are incomplete: {said}; {cause}, which says nothing about the trunk. {ROOM}"
    observed = f"{len(cut)} cut off, {len(refused)} not begun for want of room"
    return Judgement(Outcome.ERROR, expected, observed, text, tuple(items(source for _, _, source in cut)))


@check(
    "media_flows_both_ways",
    step="V1",
    phase="media",
    scope="pair",
    remedies=("X4", "X6"),
    clauses=(Clause("Product practice", "acceptance: media of both directions where it is captured", "M"),),
    after=("media_is_negotiated_as_srtp",),
)
def media_flows_both_ways(evidence: Evidence, _policy: Policy) -> Judgement:
    """Where a capture shows media of a test call, it shows both directions of it.

    A stream alone may be music on hold, or the capture point may see one direction only: it is a finding where a session
    description names its call, else it is left open. Captures of the nodes normally show no
    media, and then nothing is judged: one-way audio is not excluded by that.
    """
    streams = [
        (stream, source)
        for source in captures(evidence)
        for stream in source.value.streams
        if any(within(call.value, stream.first_at, evidence.gathered_at) for call in evidence.calls)
    ]
    measured = [(stream, source) for stream, source in streams if stream.one_way is not None]
    expected = "packets from both ends"
    if not measured:
        why = "The captures show no media of the test calls: one-way audio would not be seen"
        return not_applicable(f"{why}. {_ELSEWHERE}")
    alone = [(stream, source) for stream, source in measured if stream.one_way]
    if not alone:
        text = f"{len(measured)} media streams of the test calls have their counterpart."
        return passed(expected, text, text, items(source for _, source in measured))
    stream, source = alone[0]
    what = f"{stream.packets} media packets go from {stream.src} to {stream.dst} and none comes back"
    if stream.call_id is None:
        maybe = "one-way audio, music on hold, or a capture point that sees one direction only"
        text = f"{what}, expected {expected}: {maybe}. {_ELSEWHERE}"
        return undecided(expected, what, text, (source.item,))
    where = f"Look for a firewall or NAT between {stream.dst.ip} and {stream.src.ip}"
    text = f"{what} in the call {stream.call_id}, expected {expected}: one-way audio. {where}."
    return failed(expected, what, text, (source.item,))
