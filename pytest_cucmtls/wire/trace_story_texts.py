"""The sentences of a call's story: one per kind of record, without any key material."""

from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.model.traces import CallLogLine, CertificateIndication, ConnectionRecord, DigitAnalysis, TracedSip, TraceEvent
from pytest_cucmtls.wire.digit_analysis import treatment
from pytest_cucmtls.wire.sdp import parse_session_description

_PROCESSES = {"SIPD": "a SIP trunk", "RouteListControl": "a route list", "LineControl": "a phone line"}
_LONGEST = 400


def sip_text(traced: TracedSip) -> str:
    """Direction, peer, how it travelled, start line, reason and media."""
    message, arrow = traced.message, "to" if traced.direction == "out" else "from"
    via = f" over {message.via_transport}" if message.via_transport else ""
    index = f", connection {traced.connection_index}" if traced.connection_index is not None else ""
    said = message.start_line or "message not shown in this trace"
    extra = [f"Reason {message.header('Reason')}" if message.header("Reason") else "", media_text(message.body)]
    more = "".join(f"; {text}" for text in extra if text)
    return f"{said} {arrow} {traced.peer}:{traced.port}{via}{index}{more}"[:_LONGEST]


def media_text(body: bytes) -> str:
    """``media audio RTP/SAVP 192.0.2.1:16384 sendrecv, suite (key fingerprint)``, per line; "" without a description."""
    if b"m=" not in body:
        return ""
    try:
        session = parse_session_description(body)
    except UnexpectedAnswer:
        return "a session description that cannot be read"
    texts = []
    for media in session.media:
        suites = ", ".join(
            f"{line.crypto_suite}" + (f" (key {line.key_fingerprint})" if line.key_fingerprint else "") for line in media.crypto
        )
        masked = body.count(b"a=crypto:X") if not suites else 0
        keys = f", {suites}" if suites else (f", {masked} masked crypto lines" if masked else "")
        texts.append(f"{media.kind} {media.profile} {media.address or '?'}:{media.port} {media.direction}{keys}")
    return "media " + "; ".join(texts)


def digits_text(analysis: DigitAnalysis) -> str:
    """Who dialled what, where it was looked for, and what was found."""
    number = analysis.calling_party_number or dict(analysis.arguments).get("cn")
    caller = f" by {number}" if number else ""
    where = ":".join(analysis.calling_search_space) or "<None>"
    asked = f"digits {analysis.dialed_digits or '(none yet)'} dialled{caller}, searched in {where}"
    match analysis.outcome:
        case "match":
            partition = analysis.result("DialingPartition") or "<None>"
            words = [word.replace("_", " ") for word in treatment(analysis)]
            called = analysis.result("FullyQualifiedCalledPartyNumber")
            sent = f", called number {called}" if called and called != analysis.dialed_digits else ""
            extra = f" ({', '.join(words)})" if words else ""
            return f"{asked}: pattern {analysis.result('DialingPattern') or '?'} in {partition}{sent}{extra}"[:_LONGEST]
        case "no_match":
            return f"{asked}: no pattern matches"[:_LONGEST]
        case "potential":
            return f"{asked}: more digits could match"[:_LONGEST]
    return f"{asked}: the outcome is not in the traces"[:_LONGEST]


def event_text(event: TraceEvent) -> str:
    """One event of any kind."""
    fields = dict(event.fields)
    match event.kind:
        case "device_process":
            process = fields.get("process", "?")
            kind = _PROCESSES.get(process, process)
            return f"call {fields.get('ci', '?')} is handed to {kind} ({process} {fields.get('pid', '?')})"
        case "device_found":
            return f"device {fields.get('name', '?')} found, {'active' if fields.get('active') == '1' else 'not active'}"
        case "create_connection":
            return f"connection asked for with tls_security={fields.get('tls_security')}"
        case "tls_error":
            return f"TLS failed: {fields.get('text', '')}"[:_LONGEST]
        case "tone":
            return f"tone {fields.get('name')} is played"
        case "alarm":
            return f"alarm {fields.get('name')} ({fields.get('severity')}): {fields.get('description')}"[:_LONGEST]
    shown = ", ".join(f"{key}={value}" for key, value in event.fields)
    return f"{event.kind.replace('_', ' ')}: {shown}"[:_LONGEST]


def certificate_text(seen: CertificateIndication) -> str:
    """What the node saw of its TLS peer."""
    names = f", names {seen.subject_alternative_name}" if seen.subject_alternative_name else ""
    where = f"{seen.remote_ip}:{seen.remote_port} on connection {seen.connection_index}"
    return f"TLS peer {where}: {seen.subject}, {seen.cipher}{names}"


def connection_text(one: ConnectionRecord) -> str:
    """A connection made or accepted."""
    verb = "made to" if one.outgoing else "accepted from"
    return f"connection {one.connection_id} {verb} {one.address}:{one.port}, {one.transport}"


def call_log_text(line: CallLogLine) -> str:
    """A line of a call log in words."""
    columns = line.columns
    if line.subsystem == "CC" and line.event == "RELEASE" and len(columns) > 2:
        return f"call log: released with cause {columns[2]}"
    if line.subsystem == "CC" and line.event in {"SETUP", "OFFERED"} and len(columns) > 3:
        devices = f", {columns[5]} to {columns[6]}" if len(columns) > 6 else ""
        return f"call log: {line.event.lower()} {columns[2]} to {columns[3]}{devices}"
    if len(columns) == 11:
        return f"call log: {line.event} {columns[2].lower()} {columns[6]}:{columns[7]}, device {columns[5]}"
    return f"call log: {line.subsystem} {line.event} {' '.join(columns)}"[:_LONGEST]
