"""Writes traces for tests: one call over a TLS trunk as both nodes log it, with any time zone and file number."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

CALL_ID = "77-1@10.0.0.203"
A_TAG = "34~aaaaaaaa-0000-4000-8000-000000000001-500"
B_TAG = "35~bbbbbbbb-0000-4000-8000-000000000002-700"


@dataclass
class NodeTrace:
    """Collects records of one node; `at` is UTC, records print the node's local time."""

    host: str
    address: str
    at: datetime
    offset_hours: int = 0
    number: int = 1

    def __post_init__(self) -> None:
        self._lines: list[str] = []
        self._signal = 100

    @property
    def local(self) -> datetime:
        return self.at.astimezone(UTC) + timedelta(hours=self.offset_hours)

    def head(self) -> "NodeTrace":
        sign = "-" if self.offset_hours < 0 else "+"
        return self.record(
            f"UTC:{sign}{abs(self.offset_hours):02d}:00,Date: {self.local:%Y/%m/%d}, AppName: CCM, AppId: 100, AppNodeId: 1, "
            f"AppVersion: CUCM Install=14.0.1.10000-20 Build=14.0.1.10000-20 memlog=20, HostName: {self.host}, "
            f"HostIPAddress: {self.address}, AppStartTime: 2026/01/01 10:00:00, FileNumber: {self.number}, TraceVer: 3.0",
            kind="FileHead",
        )

    def record(self, payload: str, *, kind: str = "AppInfo", milliseconds: int = 1) -> "NodeTrace":
        self._signal += 1
        time = f"{self.local:%H:%M:%S}.{self.local.microsecond // 1000:03d}"
        self._lines.append(f"{self._signal:08d}.000 |{time} |{kind:<8} |{payload}")
        self.at += timedelta(milliseconds=milliseconds)
        return self

    def digits(self, caller: str, dialled: str, *, device: str, process: str, ci: str, pattern: str = "") -> "NodeTrace":
        self.record(f'Digit analysis: match(pi="2", fqcn="{caller}", cn="{caller}",plv="5", pss="", dd="{dialled}",dac="0")')
        self._signal -= 1
        self.record("Digit analysis: analysis results", milliseconds=0)
        self._signal -= 1
        self.record(
            f"|PretransformCallingPartyNumber={caller}\n|CallingPartyNumber={caller}\n|DialingPartition=\n"
            f"|DialingPattern={pattern or dialled}\n|FullyQualifiedCalledPartyNumber={dialled}\n"
            f"|PretransformDigitString={dialled}\n|CollectedDigits={dialled}\n|RouteBlockFlag=RouteThisPattern\n|PatternRouteClass=RouteClassDefault"
        )
        self.record(f"SMDMSharedData::findLocalDevice - Name={device} Key=k isActvie=1 Pid=(1,74,1) found")
        return self.record(
            f"Digit analysis: wait_DmPidRes- Partition=[] Pattern=[{dialled}] Where=[],cmDeviceType=[AccessDevice], "
            f"PID={process}(1,100,74,1),CI=[{ci}],Sender=Cdcc(1,100,224,9)"
        )

    def sip(self, direction: str, peer: str, port: int, message: str, *, index: int = 12) -> "NodeTrace":
        text = message.rstrip("\n") + "\n"
        if direction == "in":
            announced = (
                f"SIPTcp - wait_SdlReadRsp: Incoming SIP TCP message from {peer} on port {port} index {index} with 9 bytes:"
            )
        else:
            announced = f"SIPTcp - wait_SdlSPISignal: Outgoing SIP TCP message to {peer} on port {port} index {index} "
        return self.record(f"{announced}\n[{self._signal},NET]\n{text}\n")

    def connection(self, word: str, peer: str, port: int, *, index: int = 12) -> "NodeTrace":
        return self.record(
            f"//SIP/Stack/Transport/0x0/sipConnectionManagerProcess{word}: gConnTab=0x1, addr={peer}, port={port}, "
            f"connid={index}, transport=TLS Over TCP"
        )

    def certificate(
        self, peer: str, port: int, subject: str, *, index: int = 12, cipher: str = "ECDHE-RSA-AES128-GCM-SHA256"
    ) -> "NodeTrace":
        return self.record(
            f"SIPCertificateInd |wait |SIPHandler(1,100,72,1) |SIPTcp(1,100,64,1) |1,100,17,1^*^* |[R:N-H:0] connIdx= {index} "
            f"--remoteIP={peer} --remotePort = {port} --X509SubjectName {subject} --Cipher {cipher} --SubjectAltname =",
            kind="SdlSig",
        )

    @property
    def text(self) -> str:
        return "\n".join(self._lines) + "\n"


def invite(*, number: str = "9898", caller: str = "1018", call_id: str = CALL_ID) -> str:
    return _message(f"INVITE sip:{number}@10.0.0.200:5061 SIP/2.0", "101 INVITE", caller, number, call_id)


def response(status: str, *, cseq: str = "101 INVITE", body: str = "", number: str = "9898") -> str:
    return _message(f"SIP/2.0 {status}", cseq, "1018", number, CALL_ID, to_tag=True, body=body)


def bye(cause: int = 16) -> str:
    reason = f"Reason: Q.850;cause={cause}\n"
    return _message("BYE sip:9898@10.0.0.200:5061 SIP/2.0", "102 BYE", "1018", "9898", CALL_ID, to_tag=True, more=reason)


def _message(
    start: str, cseq: str, caller: str, number: str, call_id: str, *, to_tag: bool = False, more: str = "", body: str = ""
) -> str:
    tag = f";tag={B_TAG}" if to_tag else ""
    length = len(body.replace("\n", "\r\n"))
    return (
        f"{start}\nVia: SIP/2.0/TLS 10.0.0.203:5061;branch=z9hG4bK1\nFrom: <sip:{caller}@10.0.0.203>;tag={A_TAG}\n"
        f"To: <sip:{number}@10.0.0.200>{tag}\nCall-ID: {call_id}\nCSeq: {cseq}\n"
        f"P-Asserted-Identity: <sip:{number}@10.0.0.200>\n{more}Content-Length: {length}\n\n{body}"
    )


SDP = "v=0\no=x 1 1 IN IP4 10.0.0.200\ns=c\nc=IN IP4 10.0.0.201\nt=0 0\nm=audio 16384 RTP/SAVP 0\n"


def both_sides(
    at: datetime, *, host_a: str = "cucma", host_b: str = "cucm10", zone_a: int = 0, zone_b: int = 0
) -> tuple[str, str]:
    """The same call in the traces of the calling and the called node."""
    a = NodeTrace(host_a, "10.0.0.203", at, zone_a).head().digits("1018", "9898", device="to-b", process="SIPD", ci="499")
    a.record("//SIP/SIPHandler/ccbId=0/scbId=0/SIP_PROCESS_ENQUEUE: createConnMsg tls_security=3")
    a.connection("ConnCreated", "10.0.0.200", 5061).sip("out", "10.0.0.200", 5061, invite())
    a.certificate("10.0.0.200", 5061, "/CN=cucm10").sip("in", "10.0.0.200", 5061, response("200 OK", body=SDP))
    a.sip("out", "10.0.0.200", 5061, response("ACK", cseq="101 ACK").replace("SIP/2.0 ACK", "ACK sip:9898@10.0.0.200 SIP/2.0", 1))
    a.at += timedelta(seconds=20)
    a.sip("out", "10.0.0.200", 5061, bye())
    b = NodeTrace(host_b, "10.0.0.200", at + timedelta(milliseconds=4), zone_b).head()
    b.connection("NewConnMsg", "10.0.0.203", 33135, index=3).certificate("10.0.0.203", 33135, "/CN=cucma", index=3)
    b.sip("in", "10.0.0.203", 33135, invite(), index=3)
    b.digits("1018", "9898", device="SEP001122339898", process="LineControl", ci="701")
    b.sip("out", "10.0.0.203", 33135, response("200 OK", body=SDP), index=3)
    b.at += timedelta(seconds=20)
    b.sip("in", "10.0.0.203", 33135, bye(), index=3)
    return a.text, b.text
