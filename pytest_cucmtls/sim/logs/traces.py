"""The SDL traces and call logs a simulated CallManager writes below `activelog` (platform.md §6)."""

from datetime import UTC, datetime, tzinfo
from itertools import count

from pytest_cucmtls.sim.calls.dial_plan import DialPlanMatch
from pytest_cucmtls.sim.logs import sdl_records
from pytest_cucmtls.sim.logs.call_log import CallLog
from pytest_cucmtls.sim.logs.files import RotatingFile
from pytest_cucmtls.sim.state import NodeState

SDL_FOLDER = "cm/trace/ccm/sdl"
CALL_LOG_FOLDER = "cm/trace/ccm/calllogs"

TRACE_ROTATED_AWAY = "trace_rotated_away"
"""Behaviour name: by the time somebody collects, older records are gone."""

TRACE_COMPRESSION_PARAMETER = "Trace Compression Enabled"
"""Key of `ClusterState.enterprise_parameters` (a service parameter of Cisco CallManager): ``True`` compresses open files too."""

_VERIFY_WORDS = "Certificate verification failed:(Verification error:{code})- {text} for {address}:{port}"


class TraceWriter:
    """Writes one node's traces in the node's clock and `zone` (`TracePort`); records are numbered without gaps."""

    def __init__(
        self, node: NodeState, *, zone: tzinfo = UTC, largest_file_bytes: int = 2_000_000, keep_files: int = 250
    ) -> None:
        self._node = node
        self._zone = zone
        self._started_at = self._now()
        self._sequence = (1, 0)
        self._net_ids = count(1)
        self._signals = count(1)
        self._late: tuple[tuple[int, int], str] | None = None
        """A record of an earlier activity that is written only after another activity began, as in real traces (§6.2)."""
        self._sdl = RotatingFile(
            node.active_log / SDL_FOLDER,
            f"SDL{node.number:03d}_100_",
            6,
            head=self._file_head,
            largest_bytes=largest_file_bytes,
            keep_files=keep_files,
            compressed=self._compresses,
        )
        self._call_log_file = RotatingFile(
            node.active_log / CALL_LOG_FOLDER,
            "calllogs_",
            8,
            head=lambda _: "",
            largest_bytes=largest_file_bytes,
            keep_files=keep_files,
            compressed=self._compresses,
        )
        self.call_log = CallLog(self._call_log_file, self._now, node.number, node.ip)

    def flush(self) -> None:
        """Put everything traced so far on disk, so that file and log collection see it."""
        if TRACE_ROTATED_AWAY in self._node.cluster.faults:
            self._forget_the_past()
        self._write_late()
        self._sdl.flush()
        self._call_log_file.flush()

    def close(self) -> None:
        """Close the files; a later record opens new ones."""
        self._write_late()
        self._sdl.close()
        self._call_log_file.close()

    def started(self) -> None:
        """The service started: a file is there from now on, and heads show this time."""
        self._started_at = self._now()
        self._sdl.make_room()

    def signal(self, name: str, state: str, receiver: str, sender: str, tag: str, payload: str, *, kind: str = "SdlSig") -> None:
        """An ``SdlSig`` record (``-O``, ``-I``: to, from another node): a new activity begins."""
        self._sequence = (self._sequence[0] + 1, 0)
        self._write(kind, sdl_records.signal_columns(name, state, receiver, sender, tag, payload))

    def app_info(self, payload: str) -> None:
        """An ``AppInfo`` record within the current activity; `payload` may continue over several lines."""
        self._sequence = (self._sequence[0], self._sequence[1] + 1)
        if self._sequence[1] > 999:
            self._sequence = (self._sequence[0] + 1, 0)
        self._write("AppInfo", payload)

    def digit_analysis(self, calling: str, dialled: str, partitions: tuple[str, ...], found: DialPlanMatch | None) -> None:
        """What was asked and what came out: a result block or ``NoPotentialMatchesExist``."""
        self._begin_activity()
        if found is not None:
            self.app_info(f"Digit analysis: patternUsage={found.entry.usage}")
        self.app_info(sdl_records.digit_analysis_request(calling, dialled, partitions))
        if found is None:
            self.app_info("Digit analysis: potentialMatches=NoPotentialMatchesExist")
            return
        self.app_info("Digit analysis: analysis results")
        self.app_info(sdl_records.digit_analysis_results(calling, found))

    def create_connection(self, tls_security: int) -> None:
        """A trunk asks for a connection: 3 Encrypted (seen), 2 Authenticated and 0 Non Secure (ASSUMED)."""
        self._begin_activity()
        self.app_info(f"//SIP/SIPHandler/ccbId=0/scbId=0/SIP_PROCESS_ENQUEUE: createConnMsg tls_security={tls_security}")

    def connection(self, address: str, port: int, index: int, *, outgoing: bool, secure: bool) -> None:
        """A connection came up."""
        self._begin_activity()
        self.app_info(sdl_records.connection_record(address, port, index, outgoing=outgoing, secure=secure))

    def certificate(
        self, index: int, address: str, port: int, subject: str, cipher: str, names: str, trunk_instance: int
    ) -> None:
        """``SIPCertificateInd`` on its way SIPTcp → SIPHandler → SIPD."""
        number = self._node.number
        payload = sdl_records.certificate_indication(index, address, port, subject, cipher, names)
        handler, tcp = sdl_records.process("SIPHandler", number, 1), sdl_records.process("SIPTcp", number, 1)
        tag = f"{number},100,17,{index}.3^*^*"
        self.signal("SIPCertificateInd", "wait", handler, tcp, tag, f"[T:N-H:0,N:1,L:0,V:0,Z:0,D:0] {payload}")
        daemon = sdl_records.process("SIPD", number, trunk_instance)
        self.signal("SIPCertificateInd", "restart0", daemon, handler, tag, f"[R:N-H:0,N:0,L:0,V:0,Z:0,D:0] {payload}")

    def sip_message(self, direction: str, address: str, port: int, index: int, message: bytes, transport: str = "TCP") -> int:
        """A SIP message ``in`` or ``out`` with its text, keys masked; returns its ``[n,NET]`` number.

        The record says TCP for TLS too, as the product does.
        """
        net_id = next(self._net_ids)
        if transport == "UDP":
            self._begin_activity()
            step = "wait_SdlDataInd: Incoming" if direction == "in" else "wait_SdlSPISignal: Outgoing"
            word, size = ("from", f" with {len(message)} bytes:") if direction == "in" else ("to", "")
            head = f"//SIP/SIPUdp/{step} SIP UDP message {word} {address}:[{port}]{size}"
        elif direction == "in":
            number = self._node.number
            tag = f"{number},100,14,{index}.{net_id}^{address}^*"
            receiver = sdl_records.process("SIPTcp", number, 1)
            self.signal("SdlReadRsp", "wait", receiver, f"SdlTCPConnection({number},100,14,{index})", tag, "*TraceFlagOverrode")
            self.app_info(f"SIPTcp - SdlRead bufferLen={len(message)}")
            head = f"SIPTcp - wait_SdlReadRsp: Incoming SIP TCP message from {address} on port {port} index {index} "
            head += f"with {len(message)} bytes:"
        else:
            self._begin_activity()
            head = f"SIPTcp - wait_SdlSPISignal: Outgoing SIP TCP message to {address} on port {port} index {index} "
        self.app_info(f"{head}\n[{net_id},NET]\n{sdl_records.masked(message)}")
        if direction == "in" and transport != "UDP":
            self._sequence = (self._sequence[0], self._sequence[1] + 1)
            self._late = (self._sequence, f"SIPTcp - SignalCounter = {next(self._signals)}")
        return net_id

    def connection_failure(self, trunk: str, host: str, port: int, reason: str) -> None:
        """No connection to a destination came up (ASSUMED: no public sample)."""
        self._begin_activity()
        self.app_info(f"SIPTcp - connection to {host}:{port} for trunk {trunk} failed: {reason}")

    def tls_failure(self, index: int, address: str, port: int, verify_code: int | None, reason: str) -> None:
        """A handshake failed. ASSUMED: modelled on the ILS records of platform.md §6.6, no public CCM sample exists."""
        self._begin_activity()
        where = f"[{self._node.number}, 100, 17, {index}]: HandleSSLError - "
        if verify_code is None:
            self.app_info(f"{where}TLS protocol error(ssl reason code={reason}),lib=SSL routines [20], for {address}:{port}")
            return
        words = _VERIFY_WORDS.format(code=verify_code, text=reason, address=address, port=port)
        self.app_info(where + words)
        self.app_info(f"{where}Certificate verification failed for {address}:{port}")

    def trunk_alarm(self, trunk: str, service: str, reasons: tuple[tuple[str, str], ...]) -> None:
        """SIPTrunkISV, SIPTrunkPartiallyISV or SIPTrunkOOS (names: CUCM alarm catalogue; layout as other alarms, §6.6)."""
        alarm = {"Full Service": "SIPTrunkISV", "Partial Service": "SIPTrunkPartiallyISV"}.get(service, "SIPTrunkOOS")
        self._begin_activity()
        self._sequence = (self._sequence[0], self._sequence[1] + 1)
        kind, severity = ("AlarmErr", "Error") if alarm == "SIPTrunkOOS" else ("AppInfo", "Notice")
        where = "".join(f"UnavailableRemotePeersWithReasonCode:{peer} {reason}, " for peer, reason in reasons)
        node = self._node
        self._write(
            kind,
            f"AlarmClass: CallManager, AlarmName: {alarm}, AlarmSeverity: {severity}, AlarmMessage: , "
            f"AlarmDescription: SIP trunk {trunk}: {service}, AlarmParameters: SIPTrunkName:{trunk}, {where}"
            f"AppID:Cisco CallManager, ClusterID:{node.cluster.name}, NodeID:{node.name},",
        )

    def _begin_activity(self) -> None:
        self._sequence = (self._sequence[0] + 1, -1)

    def _forget_the_past(self) -> None:
        service_runs = self._sdl.is_open
        for file in (self._sdl, self._call_log_file):
            file.rotate()
        for folder in (SDL_FOLDER, CALL_LOG_FOLDER):
            for path in (self._node.active_log / folder).glob("*.txt*"):
                path.unlink()
        if service_runs:
            self._write("SdlStat", "Period: 6s #Lines: 0 #Bytes: 0")

    def _file_head(self, number: int) -> str:
        now = self._now()
        payload = sdl_records.file_head(
            now,
            node_number=self._node.number,
            version=self._node.cluster.release.full_version,
            host_name=self._node.name,
            host_address=self._node.ip,
            started_at=self._started_at,
            file_number=number,
        )
        head = sdl_records.record((self._sequence[0], 0), now, "FileHead", payload)
        self._sequence = (self._sequence[0] + 1, self._sequence[1])
        return head

    def _write(self, kind: str, payload: str) -> None:
        self._sdl.make_room()
        self._sdl.write(sdl_records.record(self._sequence, self._now(), kind, payload))
        if self._late is not None and self._late[0][0] != self._sequence[0]:
            self._write_late()

    def _write_late(self) -> None:
        late, self._late = self._late, None
        if late is not None and self._sdl.is_open:
            self._sdl.write(sdl_records.record(late[0], self._now(), "AppInfo", late[1]))

    def _compresses(self) -> bool:
        return self._node.cluster.enterprise_parameters.get(TRACE_COMPRESSION_PARAMETER, "").lower() in ("true", "t", "1")

    def _now(self) -> datetime:
        return self._node.now().astimezone(self._zone)
