"""Text of SDL trace records: column widths, digit analysis blocks, connection and certificate records (platform.md §6)."""

import re
from collections.abc import Sequence
from datetime import datetime

from pytest_cucmtls.sim.calls.dial_plan import DialPlanMatch, text
from pytest_cucmtls.sim.calls.digit_analysis import PatternMatch, regular_expression

_SIGNAL_WIDTH, _STATE_WIDTH, _PROCESS_WIDTH, _TAG_WIDTH = 39, 31, 33, 41
_CRYPTO = re.compile(rb"^a=crypto:[^\r\n]*", re.MULTILINE)

INTERFACE_PROCESSES = {"SIPTcp": 64, "SIPHandler": 72, "SIPD": 74, "LineControl": 157, "RouteListControl": 92, "Cdcc": 224}
"""Process type numbers: SIPTcp, SIPHandler, SIPD, RouteListControl and Cdcc as seen in traces, LineControl ASSUMED."""


def record(sequence: tuple[int, int], at: datetime, kind: str, payload: str) -> str:
    """``NNNNNNNN.NNN |HH:MM:SS.mmm |Type     |payload``."""
    return f"{sequence[0]:08d}.{sequence[1]:03d} |{at:%H:%M:%S}.{at.microsecond // 1000:03d} |{kind:<9}|{payload}"


def signal_columns(name: str, state: str, receiver: str, sender: str, tag: str, payload: str) -> str:
    """The columns of an ``SdlSig`` record; a field longer than its column overflows."""
    return (
        f"{name:<{_SIGNAL_WIDTH}}|{state:<{_STATE_WIDTH}}|{receiver:<{_PROCESS_WIDTH}}|{sender:<{_PROCESS_WIDTH}}"
        f"|{tag:<{_TAG_WIDTH}}|{payload}"
    )


def process(name: str, node_number: int, instance: int) -> str:
    """``SIPD(1,100,74,16)``."""
    return f"{name}({node_number},100,{INTERFACE_PROCESSES[name]},{instance})"


def process_id(name: str, node_number: int, instance: int) -> str:
    """``(1,74,16)``: node, type, instance, as `findLocalDevice` prints it."""
    return f"({node_number},{INTERFACE_PROCESSES[name]},{instance})"


def utc_offset(at: datetime) -> str:
    """``-04:00`` of an aware time."""
    seconds = round((at.utcoffset() or at - at).total_seconds())
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"{'-' if seconds < 0 else '+'}{hours:02d}:{minutes:02d}"


def file_head(
    at: datetime, *, node_number: int, version: str, host_name: str, host_address: str, started_at: datetime, file_number: int
) -> str:
    """First record of a file; the only one that carries the date."""
    return (
        f"UTC:{utc_offset(at)},Date: {at:%Y/%m/%d}, AppName: CCM, AppId: 100, AppNodeId: {node_number}, "
        f"AppVersion: CUCM Install={version} Build={version} memlog=20, HostName: {host_name}, HostIPAddress: {host_address}, "
        f"AppStartTime: {started_at:%Y/%m/%d %H:%M:%S}, FileNumber: {file_number}, TraceVer: 3.0"
    )


def digit_analysis_request(calling: str, dialled: str, partitions: Sequence[str]) -> str:
    """The ``match(`` line; the <None> partition is not listed."""
    space = ":".join(partition for partition in partitions if partition)
    return (
        f'Digit analysis: match(pi="2", fqcn="{calling}", cn="{calling}",plv="5", pss="{space}", '
        f'TodFilteredPss="{space}", dd="{dialled}",dac="0")'
    )


def digit_analysis_results(calling: str, found: DialPlanMatch) -> str:
    """The result block of a match: the record's own bar makes the first line's double."""
    pattern = found.entry.pattern
    shown_pattern = pattern.text.replace("\\", "")
    before, tags = _positions(found.match, found.dialled), "SUBSCRIBER"
    if ":" in before:
        tags = "ACCESS-CODE:SUBSCRIBER"
    network = "OnNet" if found.entry.usage == 2 else text(found.entry.row.get("networkLocation")) or "OffNet"
    pairs = (
        ("PretransformCallingPartyNumber", calling),
        ("CallingPartyNumber", calling),
        ("DialingPartition", found.entry.partition),
        ("DialingPattern", shown_pattern),
        ("FullyQualifiedCalledPartyNumber", found.dialled),
        ("DialingPatternRegularExpression", regular_expression(pattern)),
        ("DialingWhere", ""),
        ("PatternType", "Enterprise"),
        ("PotentialMatches", "NoPotentialMatchesExist"),
        ("DialingSdlProcessId", "(0,0,0)"),
        ("PretransformDigitString", found.dialled),
        ("PretransformTagsList", tags),
        ("PretransformPositionalMatchList", before),
        ("CollectedDigits", found.called),
        ("UnconsumedDigits", ""),
        ("TagsList", "SUBSCRIBER"),
        ("PositionalMatchList", found.called),
        ("RouteBlockFlag", "BlockThisPattern" if found.blocked else "RouteThisPattern"),
        ("RouteBlockCause", "0"),
        ("CallManagerDeviceType", "NoDeviceType"),
        ("PatternPrecedenceLevel", "Routine"),
        ("CallableEndPointName", f"[{key_of(text(found.entry.row.get('uuid')))}]"),
        ("NetworkLocation", network),
        ("ProvideOutsideDialtone", "false"),
        ("AllowDeviceOverride", "false"),
        ("PatternRouteClass", "RouteClassDefault"),
    )
    return "\n".join(f"|{key}={value}" for key, value in pairs)


def device_process(found: DialPlanMatch, partition_key: str, target: str, call: int, sender: str) -> str:
    """Where the call goes from digit analysis: `target` is ``SIPD(…)``, ``RouteListControl(…)`` or ``LineControl(…)``."""
    pattern = found.entry.pattern.text.replace("\\", "")
    return (
        f"Digit analysis: wait_DmPidRes- Partition=[{partition_key}] Pattern=[{pattern}] Where=[],cmDeviceType=[AccessDevice], "
        f"OutsideDialtone =[0], DeviceOverride=[0], PID={target},CI=[{call}],Sender={sender}"
    )


def local_device(name: str, uuid: str, pid: str) -> str:
    """The record that names the trunk (the spelling ``isActvie`` is the product's)."""
    return f"SMDMSharedData::findLocalDevice - Name={name} Key={key_of(uuid)} isActvie=1 Pid={pid} found"


def remote_device(name: str, uuid: str, protocol: str, pid: str) -> str:
    """The record that finds a device on another node."""
    return (
        f"SMDMSharedData::findRemoteDeviceAny - Key={key_of(uuid)} found in RemoteDeviceInfo hashmap - PID(s)=1 "
        f"Name={name}: isActive=1 isDualMode=0 Protocol={protocol} Pid={pid}"
    )


def connection_record(address: str, port: int, connection_id: int, *, outgoing: bool, secure: bool) -> str:
    """Connection manager's word on a new connection."""
    step = "sipConnectionManagerProcessConnCreated" if outgoing else "sipConnectionManagerProcessNewConnMsg"
    transport = "TLS Over TCP" if secure else "TCP"
    return (
        f"//SIP/Stack/Transport/0x0/{step}: gConnTab=0xb444c150, addr={address}, port={port}, connid={connection_id}, "
        f"transport={transport}"
    )


def certificate_indication(index: int, address: str, port: int, subject: str, cipher: str, alternative_name: str) -> str:
    """Payload of ``SIPCertificateInd``; the irregular spacing is the product's."""
    return (
        f"connIdx= {index} --remoteIP={address} --remotePort = {port} --X509SubjectName {subject} --Cipher {cipher} "
        f"--SubjectAltname ={alternative_name}"
    )


def masked(message: bytes) -> str:
    """A SIP message as traces show it: CR gone, keys and suites of ``a=crypto`` overwritten with X."""
    hidden = _CRYPTO.sub(lambda line: b"a=crypto:" + b"X" * (len(line.group()) - 9), message)
    return hidden.decode(errors="replace").replace("\r\n", "\n")


def key_of(uuid: str) -> str:
    """Database key as traces print it: lower case, no braces."""
    return uuid.strip("{}").lower()


def _positions(match: PatternMatch, digits: str) -> str:
    if not match.before_dot or match.before_dot == len(digits):
        return digits
    return f"{digits[: match.before_dot]}:{digits[match.before_dot :]}"
