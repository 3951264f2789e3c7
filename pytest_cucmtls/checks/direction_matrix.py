"""What became of both directions, in one sentence part: how the handshake ended and how the call did; holds no check."""

from pytest_cucmtls.checks.connections import handshakes, settled
from pytest_cucmtls.checks.traced_calls import TracedCall, traced_call
from pytest_cucmtls.model.errors import NoEvidence
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence
from pytest_cucmtls.model.handshakes import HandshakeOutcome
from pytest_cucmtls.wire.sdp import parse_session_description


def direction_matrix(evidence: Evidence) -> str:
    """`` Directions: A->B handshake complete, call answered; B->A …``; "" before anything was called or captured."""
    first, second = evidence.clusters
    if not evidence.calls:
        return ""
    rows = [_row(evidence, client, server) for client, server in ((first, second), (second, first))]
    return f" Directions: {'; '.join(rows)}."


def _row(evidence: Evidence, client: ClusterEvidence, server: ClusterEvidence) -> str:
    return f"{client.name}->{server.name} {_handshake(evidence, client, server)}, {_call(evidence, client, server)}"


def _handshake(evidence: Evidence, client: ClusterEvidence, server: ClusterEvidence) -> str:
    try:
        chosen = settled(handshakes(evidence, client, server))
    except NoEvidence:
        return "no handshake seen"
    bad = next((seen.handshake.outcome for seen in chosen if seen.handshake.outcome is not HandshakeOutcome.COMPLETE), None)
    return f"handshake {bad.value}" if bad else "handshake complete"


def _call(evidence: Evidence, client: ClusterEvidence, server: ClusterEvidence) -> str:
    try:
        call = traced_call(evidence, client, server)
    except NoEvidence:
        return "no INVITE in the trace"
    finals = [
        status
        for message in call.messages
        if (status := message.sip.message.status_code or 0) >= 200 and "INVITE" in (message.sip.message.header("CSeq") or "")
    ]
    if 200 in finals:
        return "call answered"
    return f"call refused with {finals[-1]}" if finals else "call without an answer"


def negotiated_profiles(evidence: Evidence) -> str:
    """`` Negotiated by the calls: A->B RTP/AVP; …`` from the session descriptions traced; "" when none was."""
    first, second = evidence.clusters
    rows = []
    for client, server in ((first, second), (second, first)):
        try:
            call = traced_call(evidence, client, server)
        except NoEvidence:
            continue
        profiles = _profiles(call)
        if profiles:
            rows.append(f"{client.name}->{server.name} {', '.join(profiles)}")
    return f" Negotiated by the calls: {'; '.join(rows)}." if rows else ""


def _profiles(call: TracedCall) -> list[str]:
    """RTP profiles in use in the order they were said, each once."""
    bodies = (message.sip.message.body for message in call.messages if b"m=" in message.sip.message.body)
    return list(dict.fromkeys(line.profile for body in bodies for line in parse_session_description(body).media if line.port))
