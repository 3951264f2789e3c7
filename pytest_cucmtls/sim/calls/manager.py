"""The CallManager service of a simulated node: starts and stops, runs trunks, places calls (`CallManagerPort`)."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.sim.calls.phones import Phones
from pytest_cucmtls.sim.calls.placed import Call, CallLength, Calls, caller_of, dialled_of
from pytest_cucmtls.sim.calls.targets import CallTargets
from pytest_cucmtls.sim.calls.trunks import RunningTrunk, RunningTrunks
from pytest_cucmtls.sim.cluster_nodes import home_of_phone, trunk_runs_on
from pytest_cucmtls.sim.logs.traces import TraceWriter
from pytest_cucmtls.sim.packets.capture import PacketCapture
from pytest_cucmtls.sim.packets.recording import PacketRecording
from pytest_cucmtls.sim.sip.links import SipLink
from pytest_cucmtls.sim.sip.options_ping import OptionsPing, TrunkService, TrunkState
from pytest_cucmtls.sim.sip.outside_requests import OutsideRequests
from pytest_cucmtls.sim.sip.registrar import Registrar, Registration
from pytest_cucmtls.sim.sip.signalling import SipSignalling
from pytest_cucmtls.sim.state import CALL_MANAGER_SERVICE, CallTicket, LoadedSecurity, NodeState
from pytest_cucmtls.sim.tls_minimum import tls_minimum_of

DIALABLE = frozenset("0123456789*#+ABCD")

_REGISTERED, _UNKNOWN, _CONNECTIVITY_ERROR, _DEVICE_UNREGISTERED = 0, 1, 6, 10
# RisPort's StatusReason numbers (platform.md §5.2).


class CallManager:
    """One node's call control; traces go to `node.traces` (made here when there is none)."""

    def __init__(
        self,
        node: NodeState,
        *,
        host_names: Mapping[str, str] | None = None,
        service_records: Mapping[str, tuple[tuple[str, int], ...]] | None = None,
        length: CallLength | None = None,
        key_log: Path | None = None,
    ) -> None:
        self._node = node
        traces = node.traces if isinstance(node.traces, TraceWriter) else TraceWriter(node)
        node.traces = self._traces = traces
        capture = node.packet_capture
        recording = capture.recording if isinstance(capture, PacketCapture) else PacketRecording()
        database = node.database
        self.host_names = dict(host_names or {})
        """Host name (lower case) to address: the simulated DNS for trunk destinations."""
        runs_here = partial(trunk_runs_on, node.cluster, node=node)
        self._trunks = RunningTrunks(database, self.host_names, runs_here, service_records)
        self.phones = Phones(database, node.ip, node.cluster.phones)
        self.registrar = Registrar(node, self.phones, traces)
        requests = OutsideRequests(node, self._trunks, self.registrar, self._take_invite)
        self._signalling = requests.signalling = SipSignalling(node, self._trunks, traces, recording, requests)
        self.targets = CallTargets(node, self._signalling, self._trunks, self.registrar)
        self.calls = Calls(node, self.phones, self._trunks, traces, length or CallLength(), self.targets)
        self.calls.run = self._run
        node.call_control = self
        self._signalling.host_names = self.host_names
        self._signalling.key_log = key_log
        self.pings = OptionsPing(node, self._trunks, traces, self._signalling, database)
        self._signalling.out_of_service = self.pings.out_of_service
        self._tasks: set[asyncio.Task[None]] = set()
        self._running = False

    async def start(self) -> None:
        """Load identity and trust from the store, copy the configuration, listen on the SIP port.

        Raises: OSError when the port is taken, ssl.SSLError when OpenSSL refuses what was loaded.
        """
        if self._running:
            return
        loaded = self._load()
        self._trunks.reset_all()
        self._traces.started()
        try:
            await self._signalling.start(loaded)
        except OSError:  # ssl.SSLError is one
            self._traces.close()
            self._set_status("Stopped")
            raise
        self._node.loaded = loaded
        self._running = True
        self._set_status("Started")
        self.pings.start()

    async def stop(self) -> None:
        """Drop calls and connections, close the listener, give the phones' addresses back."""
        self._running = False
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.pings.stop()
        self.registrar.close()
        await self._signalling.stop()
        self.phones.close()
        self._traces.flush()
        self._traces.close()
        self._set_status("Stopped")

    async def restart(self) -> None:
        """Stop, reload from the store, start; the service's status follows."""
        self._set_status("Stopping")
        await self.stop()
        self._set_status("Starting")
        await self.start()

    def take_up_trust(self) -> None:
        """Trust what the store holds now, as a service that was started after it: the identity in use stays."""
        if self._node.loaded is not None:
            trust = tuple(entry.der for entry in self._node.certificates.trust("CallManager-trust").values())
            self._node.loaded = replace(self._node.loaded, trust=trust)
            self._signalling.use(self._node.loaded)

    async def reset_trunk(self, name: str) -> None:
        """Close the trunk's connections (calls on it end) and copy its configuration and profile from the database."""
        await self._signalling.close_trunk(name)
        self._trunks.reset(name)
        if self._running:
            await self._signalling.listen_as_configured()
            await self.pings.reset(name)

    async def make_call(self, device: str, line: str, destination: str) -> CallTicket:
        """Let a phone dial; returns as soon as it is off hook, whatever becomes of the call. Only dialable characters count.

        The call begins on the node the phone is registered with.
        """
        home = self._home_of(device)
        if home is not None:
            return await home.make_call(device, line, destination)
        call = self.calls.begin(device, line, "".join(key for key in destination if key in DIALABLE))
        if self._running:
            await self._signalling.listen_as_configured()
            self._run(self.calls.place(call))
        else:
            self.calls.drop(call)
        return CallTicket(call.call_id, device, destination)

    async def end_call(self, device: str) -> bool:
        """Hang up the device's youngest call; returns at once, False when it has none."""
        call = self.call_of(device)
        if call is not None:
            call.hang_up()
            return True
        home = self._home_of(device)
        return home is not None and await home.end_call(device)

    def call_of(self, device: str) -> Call | None:
        """The device's youngest call: to hold, resume or press keys in it."""
        return next((call for call in reversed(self.calls.active.values()) if call.device.lower() == device.lower()), None)

    async def wait_until_idle(self, limit_seconds: float = 30.0) -> None:
        """Until no call is active. Raises: TimeoutError."""
        async with asyncio.timeout(limit_seconds):
            while self._tasks:
                await asyncio.wait(tuple(self._tasks))

    def trunk_status(self, name: str) -> tuple[str, int]:
        """RisPort's (Status, StatusReason): unknown unless the SIP profile sends OPTIONS, as on the real page."""
        if self._trunks.find(name) is None or not self._running:
            return "UnRegistered", _DEVICE_UNREGISTERED
        service = self.trunk_state(name).service
        if service is TrunkService.UNKNOWN:
            return "Unknown", _UNKNOWN
        return ("UnRegistered", _CONNECTIVITY_ERROR) if service is TrunkService.NONE else ("Registered", _REGISTERED)

    def running_trunk(self, name: str) -> RunningTrunk | None:
        """A trunk as this node runs it; None when it does not."""
        return self._trunks.find(name) if self._running else None

    def trunk_state(self, name: str) -> TrunkState:
        """The trunk page's service status, with the reason of every destination that does not answer."""
        return self.pings.state(name)

    def phone_status(self, name: str) -> tuple[str, int]:
        """RisPort's (Status, StatusReason) on this node: the first running one of its group has a simulated phone."""
        row = self.phones.row(name)
        here = self._running and row is not None
        if here and self.phones.is_external(name):
            here = self.registrar.find(str((row or {}).get("name"))) is not None
        elif here:
            here = home_of_phone(self._node.cluster, row or {}) is self._node
        return ("Registered", _REGISTERED) if here else ("UnRegistered", _DEVICE_UNREGISTERED)

    def _home_of(self, device: str) -> "CallManager | None":
        """The call control of another node that the simulated phone is registered with; None when it is our own."""
        row = self.phones.row(device)
        home = home_of_phone(self._node.cluster, row) if row is not None else None
        return home.call_control if home is not None and home is not self._node else None

    def _load(self) -> LoadedSecurity:
        identity = self._node.certificates.own("CallManager")
        assert identity is not None, "every node has the unit CallManager"
        trust = tuple(entry.der for entry in self._node.certificates.trust("CallManager-trust").values())
        ecdsa = self._node.certificates.own("CallManager-ECDSA")
        return LoadedSecurity(identity, trust, self._node.now(), ecdsa, tls_minimum_of(self._node))

    def _take_invite(self, link: SipLink, party: RunningTrunk | Registration, invite: SipMessage) -> None:
        calling = party.number if isinstance(party, Registration) else caller_of(invite)
        call: Call = self.calls.begin("", calling, dialled_of(invite))
        self._signalling.open_inbox(invite.call_id or "", link, call.ci, call.inbox)
        self._run(self.calls.take(call, link, party, invite, self._signalling))

    def _run(self, call: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(call)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _set_status(self, status: str) -> None:
        service = self._node.services.get(CALL_MANAGER_SERVICE)
        if service is not None:
            service.status = status
            if status == "Started":
                service.started_at = datetime.now(UTC)
