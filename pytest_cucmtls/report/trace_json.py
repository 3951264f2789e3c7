"""A trace report as plain JSON values: what `cucmtls read-trace --json` prints, one object per file."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.model.traces import (
    CallLogLine,
    CertificateIndication,
    ConnectionRecord,
    DigitAnalysis,
    TracedSip,
    TraceEvent,
    TraceReport,
    TraceSource,
)
from pytest_cucmtls.wire.digit_analysis import treatment
from pytest_cucmtls.wire.sdp import parse_session_description

Json = dict[str, Any]
SCHEMA = "cucmtls-trace-1"

_Q850 = re.compile(r"Q\.850\s*;\s*cause\s*=\s*(\d{1,3})", re.IGNORECASE)
_ARGUMENT_NAMES = ("pi", "fqcn", "cn", "plv", "dd", "dac")
_SIP_SUBSYSTEMS = {"SIPL", "SIPT"}


def trace_as_json(report: TraceReport, file: str) -> Json:
    """The lists of the read-trace contract; values a trace does not give are null or left out, never guessed.

    Keys of media (SDES) never appear: only how many crypto lines a message carried.
    """
    tones = [_place(event.source) | _numbers(dict(event.fields), ("code",)) for event in report.events if event.kind == "tone"]
    return {
        "schema": SCHEMA,
        "file": file,
        "sha256": report.sha256,
        "readable": report.readable,
        "problem": report.problem,
        "first_at": _utc(report.first_at),
        "last_at": _utc(report.last_at),
        "records": {"count": report.record_count, "by_type": dict(report.records_by_type)},
        "file_header": dict(report.header.fields) if report.header else None,
        "digit_analysis": [_digit_analysis(one) for one in report.digit_analysis],
        "sip_messages": [_sip_message(one) for one in report.sip_messages],
        "routing": [found for event in report.events if (found := _routing(event)) is not None],
        "security": _security(report),
        "alarms": [_alarm(event) for event in report.events if event.kind == "alarm"],
        "tones": tones,
        "tone": tones[-1] if tones else None,
        "releases": _releases(report),
        "calllogs": [_call_log_line(line) for line in report.call_log],
    } | _collection(report)


def _collection(report: TraceReport) -> Json:
    """Of RTMT's list of collected files."""
    found = report.collection
    if found is None:
        return {}
    files = [{"type": one.kind, "path": one.path, "size": one.size_bytes} for one in found.files]
    return {"node": found.node, "service": found.service, "files": files}


def _releases(report: TraceReport) -> list[Json]:
    """Why calls ended: Reason headers (Q.850), refusals of INVITEs, release causes of call logs."""
    found = [
        _place(traced.source) | {"by": traced.message.method or traced.message.status_code} | cause
        for traced in report.sip_messages
        if (cause := _cause(traced)) is not None
    ]
    return found + [
        {"time": line.time, "line": line.line, "by": "call log", "call_id": None, "cause": int(line.columns[2])}
        for line in report.call_log
        if (line.subsystem, line.event) == ("CC", "RELEASE") and len(line.columns) > 2 and _is_number(line.columns[2])
    ]


def _cause(traced: TracedSip) -> Json | None:
    message, reason = traced.message, traced.message.header("Reason")
    refused = (message.status_code or 0) >= 300 and "INVITE" in (message.header("CSeq") or "")
    if message.method not in {"BYE", "CANCEL"} and not reason and not refused:
        return None
    found = _Q850.search(reason or "")
    return {"call_id": message.call_id, "cause": int(found.group(1)) if found else None, "reason": reason}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


def _place(source: TraceSource) -> Json:
    return {"seq": source.sequence or None, "time": source.time, "line": source.line, "at": _utc(source.at)}


def _utc(at: datetime | None) -> str | None:
    """``2015-05-23T13:16:11.313121Z``, as in the JSON of captures."""
    return at.isoformat().replace("+00:00", "Z") if at else None


def _names(text: str) -> list[str]:
    return text.split(":") if text else []


def _digit_analysis(analysis: DigitAnalysis) -> Json:
    arguments = dict(analysis.arguments)
    found = _place(analysis.source) | {name: arguments[name] for name in _ARGUMENT_NAMES if name in arguments}
    found["pss"] = list(analysis.calling_search_space)
    if "TodFilteredPss" in arguments:
        found["tod_filtered_pss"] = _names(arguments["TodFilteredPss"])
    found["pattern_usage"] = analysis.pattern_usage
    found["outcome"] = analysis.outcome
    if analysis.outcome == "match":
        found["results"] = dict(analysis.results)
        found["treatment"] = list(treatment(analysis))
    else:
        found["potential_matches"] = analysis.result("PotentialMatches")
    return found


def _sip_message(traced: TracedSip) -> Json:
    message = traced.message
    length = message.header("Content-Length")
    found = _place(traced.source) | {
        "direction": traced.direction,
        "log_transport": traced.log_transport,
        "peer": traced.peer,
        "port": traced.port,
        "index": traced.connection_index,
        "bytes": traced.byte_count,
        "net_id": traced.net_id,
        "start_line": message.start_line or None,
        "call_id": message.call_id,
        "cseq": message.header("CSeq"),
        "via_transport": message.via_transport,
        "agent": message.header("User-Agent") or message.header("Server"),
        "content_length": int(length) if length and length.isascii() and length.isdigit() and len(length) < 10 else None,
    }
    return found | _session(message.body)


def _session(body: bytes) -> Json:
    if not body.strip():
        return {}
    try:
        session = parse_session_description(body)
    except UnexpectedAnswer:
        return {}
    return {
        "sdp": {
            "media": [{"kind": media.kind, "port": media.port, "proto": media.profile} for media in session.media],
            "crypto_lines": sum(len(media.crypto) for media in session.media),
            "direction": session.media[0].direction if session.media else None,
        }
    }


def _routing(event: TraceEvent) -> Json | None:
    fields = dict(event.fields)
    match event.kind:
        case "device_found":
            return _place(event.source) | {"kind": "findLocalDevice"} | fields | {"active": fields.get("active") == "1"}
        case "device_process":
            return _place(event.source) | {"kind": "wait_DmPidRes"} | fields
    return None


def _security(report: TraceReport) -> list[Json]:
    """Certificates, connections and TLS events in file order."""
    found: list[tuple[TraceSource, Json]] = [(one.source, _indication(one)) for one in report.certificates]
    found += [(one.source, _connection(one)) for one in report.connections]
    for event in report.events:
        reader = _SECURITY_EVENTS.get(event.kind)
        if reader is not None:
            found.append((event.source, reader(dict(event.fields))))
    return [_place(source) | json for source, json in sorted(found, key=lambda pair: pair[0].line)]


def _indication(one: CertificateIndication) -> Json:
    return {
        "signal": "SIPCertificateInd",
        "conn_idx": one.connection_index,
        "remote_ip": one.remote_ip,
        "remote_port": one.remote_port,
        "subject": one.subject,
        "cipher": one.cipher,
        "subject_alt_name": one.subject_alternative_name,
    }


def _connection(one: ConnectionRecord) -> Json:
    word = "sipConnectionManagerProcessConnCreated" if one.outgoing else "sipConnectionManagerProcessNewConnMsg"
    return {"event": word, "addr": one.address, "port": one.port, "connid": one.connection_id, "transport": one.transport}


def _numbers(fields: dict[str, str], names: tuple[str, ...]) -> Json:
    """The fields with these ones as integers where they are."""
    return {key: int(value) if key in names and value.isdecimal() else value for key, value in fields.items()}


_SECURITY_EVENTS: dict[str, Callable[[dict[str, str]], Json]] = {
    "create_connection": lambda fields: {"event": "createConnMsg"} | _numbers(fields, ("tls_security",)),
    "tls_error": lambda fields: {"event": "ssl_error"} | _numbers(fields, ("verify_error", "port")),
    "secure_status": lambda fields: {"event": "secure_status"} | fields,
    "sip_setup": lambda fields: {"event": "SIPSetupReq"} | fields,
}


def _alarm(event: TraceEvent) -> Json:
    parameters = {key.removeprefix("parameter."): value for key, value in event.fields if key.startswith("parameter.")}
    plain = {key: value for key, value in event.fields if not key.startswith("parameter.")}
    return _place(event.source) | plain | {"parameters": parameters}


def _call_log_line(line: CallLogLine) -> Json:
    found: Json = {"time": line.time, "class": line.subsystem, "line": line.line}
    if line.subsystem not in _SIP_SUBSYSTEMS or len(line.columns) != 11:
        return found | {"event": line.event, "fields": list(line.columns)}
    call, transport, direction, local_ip, local_port, device, remote_ip, remote_port, tag, net_id, call_id = line.columns
    return found | {
        "ci": call,
        "transport": transport,
        "direction": direction,
        "local": f"{local_ip}:{local_port}",
        "device": device,
        "remote": f"{remote_ip}:{remote_port}",
        "tag": tag,
        "net_id": int(net_id) if net_id.isascii() and net_id.isdecimal() and len(net_id) < 16 else None,
        "call_id": call_id,
        "message": line.event,
    }
