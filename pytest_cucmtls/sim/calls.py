"""A simulated cluster's calls: from digit analysis to the phone or trunk that takes them, with traces and call log."""

import asyncio
import secrets
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.sim import sdl_records
from pytest_cucmtls.sim.call_legs import LegResult, TrunkLeg, run_incoming, run_outgoing
from pytest_cucmtls.sim.call_log import CallParties
from pytest_cucmtls.sim.dial_plan import DialPlanMatch, analyse, partition_name, search_space, text, trunks_behind
from pytest_cucmtls.sim.digit_analysis import significant_digits
from pytest_cucmtls.sim.media import PACKET_INTERVAL_SECONDS, AudioStream
from pytest_cucmtls.sim.media_negotiation import Agreement
from pytest_cucmtls.sim.phones import NoFreeAddress, Phone, Phones
from pytest_cucmtls.sim.sip_connection import SipConnection
from pytest_cucmtls.sim.sip_dialogs import CAUSES, NORMAL_CLEARING, SipDialog, new_call_id, new_tag, user_of
from pytest_cucmtls.sim.sip_signalling import ConnectionFailed, Inbox, LegEvent, SipSignalling
from pytest_cucmtls.sim.state import NodeState
from pytest_cucmtls.sim.traces import TraceWriter
from pytest_cucmtls.sim.trunks import RunningTrunk, RunningTrunks

MOST_FORWARDS = 10
MOST_FINISHED = 1000
"""Calls remembered after their end."""
UNALLOCATED, NO_ROUTE, REJECTED, TEMPORARY_FAILURE, UNAVAILABLE, BUSY = 1, 3, 21, 41, 20, 17
_DECISIVE = {404, 486, 487, 488, 600, 603}
"""Answers after which a route list tries no further member (service parameters *Stop Routing on …*, defaults)."""


@dataclass(slots=True)
class Call:
    """One call as one node knows it."""

    call_id: int
    device: str
    """The phone of this cluster that takes part, "" while none does."""
    calling: str
    dialled: str
    ci: int
    outcome: LegResult | None = None
    """Set when the call is over."""
    trunk: str = ""
    answered_by: str = ""
    """Number of the local line that picked up."""
    audio: AudioStream | None = None
    abandoned: bool = False
    """The phone went on hook before anything answered for the call."""
    hang_up: Callable[[], None] = field(init=False)

    def __post_init__(self) -> None:
        self.hang_up = self._abandon

    def parties(self, called: str) -> CallParties:
        """For the call log."""
        return CallParties(self.ci, self.ci + 1, self.calling, called, self.dialled)

    def _abandon(self) -> None:
        self.abandoned = True


@dataclass(slots=True)
class CallLength:
    """How long calls last: packets per direction and their distance."""

    packets: int = 50
    interval_seconds: float = PACKET_INTERVAL_SECONDS

    @property
    def longest_seconds(self) -> float:
        """Limit after which a caller hangs up whatever arrived."""
        return self.packets * self.interval_seconds + 5.0


class Calls:
    """Places and takes calls on one node."""

    def __init__(self, node: NodeState, phones: Phones, trunks: RunningTrunks, traces: TraceWriter, length: CallLength) -> None:
        self.active: dict[int, Call] = {}
        self.finished: deque[Call] = deque(maxlen=MOST_FINISHED)
        self._node = node
        self._phones = phones
        self._trunks = trunks
        self._traces = traces
        self._length = length
        self._ids = count(1)
        self._call_identifiers = count(17218100 + secrets.randbelow(1000) * 2, 2)
        self._sessions = count(34)
        self._cluster_id = str(uuid.uuid4())

    def begin(self, device: str, calling: str, dialled: str) -> Call:
        """Register a call; `place`, `take` or `drop` ends it."""
        call = Call(next(self._ids), device, calling, dialled, next(self._call_identifiers))
        self.active[call.call_id] = call
        return call

    def drop(self, call: Call) -> None:
        """Nobody takes the call: the service is stopped, so nothing is traced either."""
        call.outcome = LegResult(0, TEMPORARY_FAILURE)
        self.active.pop(call.call_id, None)
        self.finished.append(call)

    async def place(self, call: Call, signalling: SipSignalling) -> None:
        """A phone of this cluster dials: runs until the call is over."""
        self._traces.call_log.setup(call.parties(call.dialled))
        phone = self._phones.find(call.device)
        cause = UNAVAILABLE
        try:
            if phone is not None:
                phone.calls += 1
                cause = await self._route(call, phone, signalling)
        except NoFreeAddress:
            cause = TEMPORARY_FAILURE
        finally:
            if phone is not None:
                phone.calls -= 1
            self._end(call, cause)

    async def take(
        self,
        call: Call,
        connection: SipConnection,
        trunk: RunningTrunk,
        invite: SipMessage,
        signalling: SipSignalling,
        inbox: Inbox,
    ) -> None:
        """An INVITE came over a trunk: runs until the call is over."""
        dialog = self._dialog(connection, invite.call_id or "", call, remote=call.calling, local=call.dialled)
        dialog.learn(invite)
        call.hang_up = lambda: inbox.put_nowait(LegEvent.HANG_UP)
        call.trunk, phone, status = trunk.name, None, 503
        try:
            signalling.send(dialog, dialog.respond(invite, 100))
            self._traces.call_log.setup(call.parties(call.dialled))
            found = self._analyse(call, significant_digits(call.dialled, trunk.significant_digits), self._inbound_space(trunk))
            status, phone = self._called_phone(call, found)
            if phone is not None:
                phone.calls += 1
                call.device, dialog.local_number = phone.name, call.answered_by
                self._traces.call_log.offered(call.parties(call.answered_by), trunk.name, phone.name)
                call.audio = await self._audio(phone, lambda: None)
                leg = TrunkLeg(signalling, dialog, trunk, inbox, call.audio, next(self._sessions))
                call.outcome = await run_incoming(leg, invite, self._length.longest_seconds + 30)
        except NoFreeAddress:
            status = 503
        finally:
            if call.outcome is None:
                call.outcome = self._refuse(signalling, dialog, invite, status)
            signalling.close_inbox(dialog.call_id)
            if phone is not None:
                phone.calls -= 1
            self._end(call, call.outcome.cause)

    def _refuse(self, signalling: SipSignalling, dialog: SipDialog, invite: SipMessage, status: int) -> LegResult:
        """Answer an INVITE that nobody takes; a call cut short while its phone rang is refused with 503 as well."""
        final = status if status > 299 else 503
        signalling.send(dialog, dialog.respond(invite, final))
        return LegResult(final, CAUSES[final])

    async def _route(self, call: Call, phone: Phone, signalling: SipSignalling) -> int:
        """Digit analysis, forwarding, then the line or the trunks; returns the release cause."""
        found = self._analyse(call, call.dialled, self._phones.search_space(phone.name, call.calling))
        if found is None:
            return UNALLOCATED
        found = self._follow_forwards(call, found)
        if found is None or found.blocked:
            return REJECTED if found else UNALLOCATED
        if found.entry.usage == 2:
            return await self._ring_locally(call, phone, found)
        cause = NO_ROUTE
        for name in self._trunks_of(call, found):
            trunk = self._trunks.find(name)
            if trunk is None:
                continue
            self._traces.call_log.offered(call.parties(found.called), phone.name, trunk.name)
            call.outcome = await self._over_trunk(call, phone, trunk, found.called, signalling)
            cause = call.outcome.cause
            if call.outcome.answered or call.outcome.status in _DECISIVE:
                break
        return cause

    async def _over_trunk(
        self, call: Call, phone: Phone, trunk: RunningTrunk, called: str, signalling: SipSignalling
    ) -> LegResult:
        try:
            connection = await signalling.connect(trunk)
        except ConnectionFailed:
            return LegResult(503, TEMPORARY_FAILURE)
        if call.abandoned:
            return LegResult(487, NORMAL_CLEARING)
        dialog = self._dialog(connection, new_call_id(self._node), call, remote=called, local=call.calling)
        inbox = signalling.open_inbox(dialog.call_id, connection, call.ci)
        call.hang_up = lambda: inbox.put_nowait(LegEvent.HANG_UP)
        call.trunk = trunk.name
        audio = await self._audio(phone, lambda: inbox.put_nowait(LegEvent.MEDIA_DONE))
        call.audio = audio
        try:
            leg = TrunkLeg(signalling, dialog, trunk, inbox, audio, next(self._sessions))
            return await run_outgoing(leg, called, self._length.longest_seconds)
        finally:
            audio.close()
            signalling.close_inbox(dialog.call_id)

    async def _ring_locally(self, call: Call, phone: Phone, found: DialPlanMatch) -> int:
        """A directory number of this cluster: both phones are ours, no trunk is touched."""
        called = self._phones.with_line(found.entry.pattern.text, found.entry.partition)
        if called is None or called.busy:
            return BUSY if called else UNAVAILABLE
        call.answered_by = found.entry.pattern.text
        self._trace_device(call, found, called.name, text((self._phones.row(called.name) or {}).get("uuid")), "LineControl", 1)
        self._traces.call_log.offered(call.parties(call.answered_by), phone.name, called.name)
        over = asyncio.Event()
        call.hang_up = over.set
        first = await self._audio(phone, over.set)
        second = await self._audio(called, lambda: None)
        call.audio = first
        called.calls += 1
        try:
            agreement = Agreement(second.local, None)
            second.start(Agreement(first.local, None))
            first.start(agreement)
            await asyncio.wait_for(over.wait(), self._length.longest_seconds)
            call.outcome = LegResult(200, NORMAL_CLEARING, agreement)
        finally:
            called.calls -= 1
            first.close()
            second.close()
        return NORMAL_CLEARING

    def _called_phone(self, call: Call, found: DialPlanMatch | None) -> tuple[int, Phone | None]:
        """The phone an inbound call rings, or the status that refuses it. Transit to another trunk is not offered (503)."""
        found = self._follow_forwards(call, found) if found else None
        if found is None:
            return 404, None
        if found.blocked:
            return 403, None
        if found.entry.usage != 2:
            self._trunks_of(call, found)
            return 503, None
        phone = self._phones.with_line(found.entry.pattern.text, found.entry.partition)
        if phone is None:
            return 480, None
        if phone.busy:
            return 486, None
        call.answered_by = found.entry.pattern.text.replace("\\", "")
        self._trace_device(call, found, phone.name, text((self._phones.row(phone.name) or {}).get("uuid")), "LineControl", 1)
        return 200, phone

    def _follow_forwards(self, call: Call, found: DialPlanMatch) -> DialPlanMatch | None:
        """Call forward all, with the forwarding line's search space; None when it leads nowhere or in a circle."""
        for _ in range(MOST_FORWARDS):
            forward = found.entry.row.get("callForwardAll") or {}
            destination = text(forward.get("destination")) if found.entry.usage == 2 else ""
            if not destination:
                return found
            spaces = (text(forward.get("callingSearchSpaceName")), text(found.entry.row.get("shareLineAppearanceCssName")))
            following = self._analyse(call, destination, search_space(self._node.cluster.database, *spaces))
            if following is None:
                return None
            found = following
        return None

    def _analyse(self, call: Call, digits: str, partitions: tuple[str, ...]) -> DialPlanMatch | None:
        found = analyse(self._node.cluster.database, digits, partitions)
        self._traces.digit_analysis(call.calling, digits, partitions, found)
        return found

    def _inbound_space(self, trunk: RunningTrunk) -> tuple[str, ...]:
        return search_space(self._node.cluster.database, trunk.calling_search_space)

    def _trunks_of(self, call: Call, found: DialPlanMatch) -> tuple[str, ...]:
        """Trunks behind a route pattern, with the trace that says where the call goes."""
        database = self._node.cluster.database
        names = trunks_behind(database, found.entry.row)
        list_name = text((found.entry.row.get("destination") or {}).get("routeListName"))
        if list_name:
            row = database.find("routeList", name=list_name) or {}
            self._trace_device(call, found, list_name, text(row.get("uuid")), "RouteListControl", 1)
        for name in names:
            trunk = self._trunks.find(name)
            if trunk is not None and list_name:
                pid = sdl_records.process_id("SIPD", self._node.number, trunk.instance)
                self._traces.app_info(sdl_records.local_device(name, trunk.uuid, pid))
            elif trunk is not None:
                self._trace_device(call, found, name, trunk.uuid, "SIPD", trunk.instance)
        return names

    def _trace_device(self, call: Call, found: DialPlanMatch, name: str, key: str, process: str, instance: int) -> None:
        number = self._node.number
        self._traces.app_info(sdl_records.local_device(name, key, sdl_records.process_id(process, number, instance)))
        row = self._node.cluster.database.find("routePartition", name=partition_name(found.entry.partition)) or {}
        target = sdl_records.process(process, number, instance)
        sender = sdl_records.process("Cdcc", number, call.call_id)
        partition = sdl_records.key_of(text(row.get("uuid")))
        self._traces.app_info(sdl_records.device_process(found, partition, target, call.ci, sender))

    def _dialog(self, connection: SipConnection, call_id: str, call: Call, *, remote: str, local: str) -> SipDialog:
        ci = call.ci + 1
        return SipDialog(
            node=self._node,
            connection=connection,
            call_id=call_id,
            ci=call.ci,
            local_number=local,
            remote_number=remote,
            local_tag=new_tag(next(self._sessions), self._cluster_id, ci),
        )

    async def _audio(self, phone: Phone, on_finished: Callable[[], None]) -> AudioStream:
        return await phone.open_audio(self._length.packets, on_finished, self._length.interval_seconds)

    def _end(self, call: Call, cause: int) -> None:
        if call.audio is not None:
            call.audio.close()
        if call.outcome is None:
            call.outcome = LegResult(0, cause)
        self._traces.call_log.release(call.parties(call.dialled), cause)
        self.active.pop(call.call_id, None)
        self.finished.append(call)


def caller_of(invite: SipMessage) -> str:
    """Calling number of an INVITE: asserted identity before From (RFC 3325)."""
    return user_of(invite.header("P-Asserted-Identity") or "") or user_of(invite.header("From") or "")


def dialled_of(invite: SipMessage) -> str:
    """Called number of an INVITE."""
    return user_of(invite.request_uri or "")
