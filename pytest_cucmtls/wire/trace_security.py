"""Records about TLS, devices, alarms and call security."""

import re
from collections.abc import Callable
from dataclasses import replace

from pytest_cucmtls.model.traces import CertificateIndication, ConnectionRecord, TraceEvent
from pytest_cucmtls.wire.sdl_records import Record

CERTIFICATE_WANTED = b"SIPCertificateInd"
CONNECTION_WANTED = b"sipConnectionManagerProcess"

LONGEST_TEXT = 8192
"""Of a record of this kind; real ones have a few hundred characters, and patterns must not meet a megabyte."""

_INDICATION_FIELD = re.compile(r"--\s*(remoteIP|remotePort|X509SubjectName|Cipher|SubjectAltname)\b\s*=?[ \t]*", re.IGNORECASE)
_CONNECTION_INDEX = re.compile(r"connIdx\s*=\s*(\d{1,9})", re.IGNORECASE)
_CONNECTION = re.compile(
    r"sipConnectionManagerProcess(ConnCreated|NewConnMsg):[^\n]{0,200}?addr=([^,\s]{1,64}),\s*port=(\d{1,5}),\s*connid=(\d{1,9}),"
    r"\s*transport=([^\n]{1,64})"
)
_TLS_SECURITY = re.compile(r"createConnMsg\s+tls_security\s*=\s*(\d{1,4})")
_LOCAL_DEVICE = re.compile(r"findLocalDevice - Name=(.{0,128}?) Key=(\S{0,128}) isActvi?e=(\d) Pid=\(([\d,]{0,64})\) found")
_PID_RESULT = re.compile(r"wait_DmPidRes *- *(.*)")
_BRACKETED = re.compile(r"\b(\w{1,64}) ?= ?\[([^\]]{0,256})\]")
_PROCESS = re.compile(r"PID=(\w{1,64})\(([\d,]{0,64})\)")
_SENDER = re.compile(r"Sender=(\w{1,64}\([\d,]{0,64}\))")
_TLS_ERROR = re.compile(r"\[([\d, ]{1,64})\]:\s*HandleSSLError\s*-\s*([^\n]{1,1000})")
_VERIFICATION = re.compile(r"\(Verification error:(\d{1,4})\)\s*-?\s*(.*?) for ")
_TLS_PEER = re.compile(r" for (\S{1,64}):(\d{1,5})\s*\Z")
_ALARM_LABELS = (
    "AlarmClass:",
    ", AlarmName:",
    ", AlarmSeverity:",
    ", AlarmMessage:",
    ", AlarmDescription:",
    ", AlarmParameters:",
)
_PARAMETER = re.compile(r"(?:^|,)\s*(\w[\w ]{0,63}):")
_SIDE = re.compile(r"(side[AB]) ?= ?\(([^)]{0,256})\)")
_CDCC = re.compile(r"Cdcc - \((\d{1,12})\)")
_PAIR = re.compile(r"\b(\w{1,64}) ?= ?([^,\s()]*)")
_SETUP_FIELD = re.compile(r"-- ?(\w{1,64}) ?= ?(\S*)")
_TONE = re.compile(r"OutputStartTone:\s*(\d{1,4})\s*=\s*(\w+)")
_BRACKET_NAMES = {
    "Partition": "partition_pkid",
    "Pattern": "pattern",
    "Where": "where",
    "cmDeviceType": "device_type",
    "OutsideDialtone": "outside_dialtone",
    "DeviceOverride": "device_override",
    "CI": "ci",
}


def read_certificate_indication(record: Record) -> CertificateIndication | None:
    """``SIPCertificateInd``; spacing around ``=`` and after ``--`` is irregular in real traces."""
    index = _CONNECTION_INDEX.search(record.text, 0, LONGEST_TEXT)
    if index is None:
        return None
    parts = _INDICATION_FIELD.split(record.text[index.end() : LONGEST_TEXT].rstrip())
    fields = {name.lower(): value.strip() for name, value in zip(parts[1::2], parts[2::2], strict=True)}
    port = fields.get("remoteport", "")
    return CertificateIndication(
        source=record.source,
        connection_index=int(index.group(1)),
        remote_ip=fields.get("remoteip", ""),
        remote_port=int(port) if re.fullmatch(r"\d{1,5}", port, re.ASCII) else 0,
        subject=fields.get("x509subjectname", ""),
        cipher=fields.get("cipher", ""),
        subject_alternative_name=fields.get("subjectaltname", ""),
    )


def read_connection(record: Record) -> ConnectionRecord | None:
    """A connection the node made (``…ConnCreated``) or accepted (``…NewConnMsg``)."""
    found = _CONNECTION.search(record.text, 0, LONGEST_TEXT)
    if found is None:
        return None
    word, address, port, connection_id, transport = found.groups()
    outgoing = word == "ConnCreated"
    return ConnectionRecord(record.source, address, int(port), int(connection_id), transport.strip(), outgoing)


def _create_connection(record: Record) -> TraceEvent | None:
    found = _TLS_SECURITY.search(record.text)
    return _event(record, "create_connection", [("tls_security", found.group(1))]) if found else None


def _device_found(record: Record) -> TraceEvent | None:
    found = _LOCAL_DEVICE.search(record.text)
    return _event(record, "device_found", zip(("name", "key", "active", "pid"), found.groups(), strict=True)) if found else None


def _device_process(record: Record) -> TraceEvent | None:
    """``wait_DmPidRes``: the process a call is handed to (SIPD a trunk, RouteListControl a route list, LineControl a line)."""
    found = _PID_RESULT.search(record.text)
    if found is None:
        return None
    text = found.group(1)
    fields = [(_BRACKET_NAMES[name], value) for name, value in _BRACKETED.findall(text) if name in _BRACKET_NAMES]
    if process := _PROCESS.search(text):
        fields += [("process", process.group(1)), ("pid", process.group(2))]
    if sender := _SENDER.search(text):
        fields.append(("sender", sender.group(1)))
    return _event(record, "device_process", fields)


def _tls_error(record: Record) -> TraceEvent | None:
    """``HandleSSLError``; verification numbers are OpenSSL's X509_V_ERR values."""
    found = _TLS_ERROR.search(record.text)
    if found is None:
        return None
    text = found.group(2).rstrip()
    fields = [("process", found.group(1)), ("text", text)]
    if verification := _VERIFICATION.search(text):
        fields += [("verify_error", verification.group(1)), ("reason", verification.group(2).strip())]
    if peer := _TLS_PEER.search(text):
        fields += [("peer", peer.group(1)), ("port", peer.group(2))]
    return _event(record, "tls_error", fields)


def _alarm(record: Record) -> TraceEvent | None:
    if record.kind != "AlarmErr":
        return None
    values, rest = [], record.text.partition(_ALARM_LABELS[0])[2]
    for label in _ALARM_LABELS[1:]:
        value, found, rest = rest.partition(label)
        if not found:
            return None
        values.append(value.strip())
    fields = list(zip(("class", "name", "severity", "message", "description"), values, strict=True))
    parameters = rest
    parts = _PARAMETER.split(parameters.strip().rstrip(","))
    fields += [(f"parameter.{key}", value.strip()) for key, value in zip(parts[1::2], parts[2::2], strict=True)]
    return _event(record, "alarm", fields)


def _secure_status(record: Record) -> TraceEvent | None:
    if "dumpSecureStatus" in record.text:
        fields = [("cdcc", one) for one in _CDCC.findall(record.text)[:1]]
        fields += [
            (f"{side}.{key}", value) for side, inside in _SIDE.findall(record.text) for key, value in _PAIR.findall(inside)
        ]
        return _event(record, "secure_status", [("record", "dumpSecureStatus"), *fields])
    if "getSecureStatusTypeGivenSide" in record.text:
        fields = [("cdcc", one) for one in _CDCC.findall(record.text)[:1]]
        fields += _PAIR.findall(record.text.partition("getSecureStatusTypeGivenSide")[2])
        return _event(record, "secure_status", [("record", "getSecureStatusTypeGivenSide"), *fields])
    return None


def _sip_setup(record: Record) -> TraceEvent | None:
    fields = _SETUP_FIELD.findall(record.text)
    return _event(record, "sip_setup", fields) if any(name == "TransSecurity" for name, _ in fields) else None


def _tone(record: Record) -> TraceEvent | None:
    found = _TONE.search(record.text)
    return _event(record, "tone", [("code", found.group(1)), ("name", found.group(2))]) if found else None


EVENT_READERS: tuple[tuple[bytes, Callable[[Record], TraceEvent | None]], ...] = (
    (b"createConnMsg", _create_connection),
    (b"findLocalDevice", _device_found),
    (b"Digit analysis: wait_DmPidRes", _device_process),
    (b"HandleSSLError", _tls_error),
    (b"|AlarmErr", _alarm),
    (b"SecureStatus", _secure_status),
    (b"TransSecurity", _sip_setup),
    (b"OutputStartTone", _tone),
)
"""Text that makes a record worth reading, and what reads it."""


EVENTS_WANTED = (
    b"createConnMsg",
    b"findLocalDevice",
    b"HandleSSLError",
    b"|AlarmErr",
    b"Secur",
    b"OutputStartTone",
)
"""What brings these records in: each text looked for costs a pass over the file, so one stands for both spellings of security
(``SecureStatus``, ``TransSecurity``), and ``wait_DmPidRes`` comes with digit analysis."""

_READERS_BY_TEXT = tuple((needle.decode("ascii").lstrip("|"), reader) for needle, reader in EVENT_READERS)


def read_events(record: Record) -> list[TraceEvent]:
    """Every event a record holds; usually none or one."""
    record = replace(record, text=record.text[:LONGEST_TEXT]) if len(record.text) > LONGEST_TEXT else record
    text = record.text if record.kind != "AlarmErr" else f"AlarmErr {record.text}"
    return [event for needle, reader in _READERS_BY_TEXT if needle in text and (event := reader(record)) is not None]


def _event(record: Record, kind: str, fields: "zip[tuple[str, str]] | list[tuple[str, str]]") -> TraceEvent:
    return TraceEvent(record.source, kind, tuple(fields))
