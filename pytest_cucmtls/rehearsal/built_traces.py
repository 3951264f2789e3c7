"""SIP dialogues, SDL traces and call logs made for built evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.model.traces import (
    CallLogLine,
    CertificateIndication,
    ConnectionRecord,
    DigitAnalysis,
    TracedSip,
    TraceEvent,
    TraceHeader,
    TraceReport,
    TraceSource,
)
from pytest_cucmtls.rehearsal.built_certificates import NOW
from pytest_cucmtls.rehearsal.built_wire import ADDRESSES, CALLER_PORTS, NODES, NUMBERS

Dialogue = Sequence[tuple[str, SipMessage]]
"""(direction as the calling side logs it, message)."""


def source(line: int, seconds: float = 2) -> TraceSource:
    at = NOW + timedelta(seconds=seconds)
    return TraceSource(f"{line:08d}.000", f"{at:%H:%M:%S}.000", line, at)


SAVP = "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=SIP Call\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio {port} {profile} 0\r\n{crypto}"


def session(port: int, profile: str = "RTP/SAVP", crypto: str = "a=crypto:1 XXXXXXXXXXXX inline:XXXXXXXX\r\n") -> bytes:
    return SAVP.format(port=port, profile=profile, crypto=crypto).encode()


def sip(start_line: str, cseq: str, call_id: str, body: bytes = b"", extra: tuple[tuple[str, str], ...] = ()) -> SipMessage:
    headers = (
        ("Via", "SIP/2.0/TLS 10.1.0.1:5061;branch=z9hG4bK1"),
        ("From", "<sip:{caller}@10.1.0.1>;tag=1"),
        ("To", "<sip:x@10.2.0.1>"),
        ("Call-ID", call_id),
        ("CSeq", cseq),
        *extra,
    )
    if start_line.startswith("SIP/2.0"):
        _, status, reason = start_line.split(" ", 2)
        return SipMessage(start_line, headers, body, status_code=int(status), reason_phrase=reason)
    method, uri, _ = start_line.split(" ")
    return SipMessage(start_line, headers, body, method=method, request_uri=uri)


def dialogue(
    client: str,
    server: str,
    *,
    answered_by: str | None = None,
    profile: str = "RTP/SAVP",
    cause: int = 16,
    offer: bytes | None = None,
    answer: bytes | None = None,
) -> Dialogue:
    """(direction as the calling side logs it, message) of a delayed-offer call."""
    number, call_id = NUMBERS[server], f"call-{client}@10.0.0.1"
    identity = (("P-Asserted-Identity", f"<sip:{answered_by or number}@{ADDRESSES[server]}>"),)
    offer = session(20000, profile) if offer is None else offer
    answer = session(30000, profile) if answer is None else answer
    uri = f"sip:{number}@{ADDRESSES[server]}:5061"
    return (
        ("out", sip(f"INVITE {uri} SIP/2.0", "101 INVITE", call_id)),
        ("in", sip("SIP/2.0 100 Trying", "101 INVITE", call_id)),
        ("in", sip("SIP/2.0 200 OK", "101 INVITE", call_id, offer, identity)),
        ("out", sip(f"ACK {uri} SIP/2.0", "101 ACK", call_id, answer)),
        ("out", sip(f"BYE {uri} SIP/2.0", "102 BYE", call_id, extra=(("Reason", f"Q.850;cause={cause}"),))),
        ("in", sip("SIP/2.0 200 OK", "102 BYE", call_id)),
    )


def analysis(
    line: int, caller: str, digits: str, pattern: str | None, outcome: str = "match", partition: str = ""
) -> DigitAnalysis:
    results = () if pattern is None else (("DialingPartition", partition), ("DialingPattern", pattern))
    return DigitAnalysis(source(line), caller, digits, (), outcome, (), results)


def trace(
    cluster: str,
    *,
    dialogues: Mapping[tuple[str, str], Dialogue] | None = None,
    analyses: tuple[DigitAnalysis, ...] | None = None,
    indications: tuple[CertificateIndication, ...] | None = None,
    events: tuple[TraceEvent, ...] | None = None,
    **changes: Any,
) -> TraceReport:
    """What one node traced of both calls: its own outgoing one (index 12) and the incoming one (index 13)."""
    peer = "B" if cluster == "A" else "A"
    outgoing, incoming = (dialogues or {}).get((cluster, peer)), (dialogues or {}).get((peer, cluster))
    messages = []
    for place, (direction, message) in enumerate(outgoing or dialogue(cluster, peer)):
        messages.append(TracedSip(source(40 + place, 2 + place / 2), direction, ADDRESSES[peer], 5061, 12, place, message))
    for place, (direction, message) in enumerate(incoming or dialogue(peer, cluster)):
        mirrored = "in" if direction == "out" else "out"
        at = source(60 + place, 2 + place / 2)
        messages.append(TracedSip(at, mirrored, ADDRESSES[peer], CALLER_PORTS[peer], 13, place, message))
    slash = f"/O=cisco/CN={NODES[peer]}"
    plain = TraceReport(
        sha256="2" * 64,
        readable=True,
        problem=None,
        header=TraceHeader(0, "2026-06-01", 1, "15", NODES[cluster], ADDRESSES[cluster]),
        record_count=100,
        first_at=NOW - timedelta(minutes=5),
        last_at=NOW + timedelta(minutes=5),
        digit_analysis=analyses
        if analyses is not None
        else (
            analysis(10, NUMBERS[cluster], NUMBERS[peer], NUMBERS[peer]),
            analysis(30, NUMBERS[peer], NUMBERS[cluster], NUMBERS[cluster]),
        ),
        sip_messages=tuple(messages),
        certificates=indications
        if indications is not None
        else (
            CertificateIndication(source(50), 12, ADDRESSES[peer], 5061, slash, "ECDHE-RSA-AES256-GCM-SHA384"),
            CertificateIndication(source(70), 13, ADDRESSES[peer], CALLER_PORTS[peer], slash, "ECDHE-RSA-AES256-GCM-SHA384"),
        ),
        connections=(ConnectionRecord(source(20), ADDRESSES[peer], 5061, 12, "TLS Over TCP", True),),
        events=events if events is not None else (TraceEvent(source(12), "device_found", (("name", f"to-{peer}"),)),),
    )
    return replace(plain, **changes)


def call_log(cluster: str, **changes: Any) -> TraceReport:
    """What the calling cluster logged of its own call."""
    parties = (NUMBERS[cluster], NUMBERS["B" if cluster == "A" else "A"])
    rows = (
        ("CC", "SETUP", ("1", "2", *parties, parties[1])),
        ("CC", "OFFERED", ("1", "2", *parties, parties[1], f"SEP00{cluster}", "trunk")),
        ("SIPT", "BYE", ("1", "TCP", "OUT")),
        ("CC", "RELEASE", ("1", "2", "16")),
    )
    lines = tuple(CallLogLine(place, None, "2026/06/01 12:00:02.000", *row) for place, row in enumerate(rows, 1))
    return replace(trace(cluster), sip_messages=(), digit_analysis=(), call_log=lines, **changes)
