"""Who calls: a simulated phone of ours or a SIP party, and how each is connected with a phone or another SIP party."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Protocol

from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.sim.calls.bridge import Bridge
from pytest_cucmtls.sim.calls.dial_plan import text
from pytest_cucmtls.sim.calls.legs import AudioLeg, LegResult, SipLeg
from pytest_cucmtls.sim.calls.media import MEDIA_BLOCKED, MEDIA_PACKETS_LOST, AudioStream
from pytest_cucmtls.sim.calls.media_negotiation import Agreement
from pytest_cucmtls.sim.calls.media_resources import open_music, open_termination
from pytest_cucmtls.sim.calls.phones import Phone
from pytest_cucmtls.sim.calls.records import Call, CallLength
from pytest_cucmtls.sim.calls.setup import dial, pick_up, ring
from pytest_cucmtls.sim.calls.trunks import RunningTrunk
from pytest_cucmtls.sim.sip.dialogs import SipDialog
from pytest_cucmtls.sim.sip.headers import (
    BUSY,
    NO_ANSWER,
    NORMAL_CLEARING,
    TEMPORARY_FAILURE,
    cause_of_status,
    new_call_id,
    new_tag,
    status_of_cause,
)
from pytest_cucmtls.sim.sip.links import SipLink
from pytest_cucmtls.sim.sip.signalling import ConnectionFailed, LegEvent, SipSignalling
from pytest_cucmtls.sim.state import NodeState


@dataclass(frozen=True, slots=True)
class SipTarget:
    """A SIP party that a call can be extended to."""

    name: str
    """Device name of the trunk or phone."""
    signalling: SipSignalling
    """Of the node that reaches it."""
    connect: Callable[[], Awaitable[SipLink]]
    """Raises: ConnectionFailed."""
    uri_of: Callable[[SipLink], str]
    """Request URI of its INVITE."""
    called: str
    srtp_allowed: bool
    early_offer: bool
    reliable: bool
    is_trunk: bool
    refreshes_by_update: bool = False
    features: RunningTrunk | None = None
    """The trunk whose media features apply; None for phones."""
    instance: int = 1
    """Of its process in traces."""


@dataclass(slots=True)
class CallSetting:
    """What all calls of a node share."""

    node: NodeState
    length: CallLength
    sessions: "count[int]"
    cluster_id: str
    refer: Callable[[Call, str, str, Callable[[int], None]], None] | None = None
    """Lets the phone of a call dial a number from a search space and says how that went."""

    async def audio(self, phone: Phone, on_finished: Callable[[], None]) -> AudioStream:
        """A phone's end of a call. Raises: NoFreeAddress."""
        stream = await phone.open_audio(self.length.packets, on_finished, self.length.interval_seconds)
        faults = self.node.cluster.faults
        stream.loses_every = 1 if MEDIA_BLOCKED in faults else 10 if MEDIA_PACKETS_LOST in faults else 0
        return stream

    async def equip(self, leg: AudioLeg, trunk: RunningTrunk | None, call: Call, phone: Phone) -> None:
        """What the trunk's and the phone's configuration adds to a leg. Raises: NoFreeAddress."""
        leg.on_answer = call.answered.set
        row = self.node.database.find("phone", name=phone.name) or {}
        if text(row.get("userHoldMohAudioSourceId")):
            leg.music = await open_music(leg.dialog.node.ip, self.length.interval_seconds)
        if trunk is None:
            return
        if trunk.mtp_required:
            leg.through = await open_termination(leg.dialog.node.ip, leg.audio.local)
        leg.keys_out_of_band = trunk.dtmf in ("Out of Band", "OOB and RFC 2833")
        leg.keys_in_media = trunk.dtmf != "Out of Band"
        if self.refer is not None:
            leg.refer = partial(self.refer, call, trunk.refer_search_space or trunk.calling_search_space)

    def dialog(self, signalling: SipSignalling, link: SipLink, call_id: str, call: Call, *, remote: str, local: str) -> SipDialog:
        """A dialog with its own tag."""
        tag = new_tag(next(self.sessions), self.cluster_id, call.ci + 1)
        return SipDialog(signalling.node, link, call_id, call.ci, local, remote, tag)


class Caller(Protocol):
    """The calling side of a call."""

    async def to_phone(self, phone: Phone, no_answer_seconds: float | None) -> LegResult:
        """Let a simulated phone ring and talk to it. Raises: NoFreeAddress."""

    async def to_sip(self, target: SipTarget, no_answer_seconds: float | None) -> LegResult:
        """Extend the call to a SIP party. Raises: NoFreeAddress."""

    def conclude(self, result: LegResult) -> LegResult:
        """Nobody else is tried: tell the caller; returns what became of the call in the caller's terms."""


class PhoneCaller:
    """A simulated phone of this cluster dials."""

    def __init__(self, setting: CallSetting, call: Call, phone: Phone) -> None:
        self._setting = setting
        self._call = call
        self._phone = phone

    async def to_phone(self, phone: Phone, no_answer_seconds: float | None) -> LegResult:
        """Both phones are ours, no trunk is touched."""
        call, setting = self._call, self._setting
        call.extended = True
        if not phone.answers.is_set():
            refused = await self._ring(phone, no_answer_seconds)
            if refused is not None:
                return refused
        first = await setting.audio(self._phone, lambda: call.inbox.put_nowait(LegEvent.MEDIA_DONE))
        call.audio = first
        second = await setting.audio(phone, lambda: None)
        try:
            agreement = Agreement(second.local, None)
            second.start(Agreement(first.local, None))
            first.start(agreement)
            call.answered.set()
            await self._until_over()
            return LegResult(200, NORMAL_CLEARING, agreement)
        finally:
            first.close()
            second.close()

    async def to_sip(self, target: SipTarget, no_answer_seconds: float | None) -> LegResult:
        """Over a trunk, or to a registered phone."""
        call, setting = self._call, self._setting
        try:
            link = await target.connect()
        except ConnectionFailed:
            return LegResult(503, TEMPORARY_FAILURE)
        if call.abandoned:
            return LegResult(487, NORMAL_CLEARING)
        call.extended = True
        call_id = new_call_id(target.signalling.node)
        dialog = setting.dialog(target.signalling, link, call_id, call, remote=target.called, local=call.calling)
        dialog.reliable = target.reliable
        dialog.diversion = call.diversion if target.features and target.features.tells_diversion else ""
        inbox = target.signalling.open_inbox(call_id, link, call.ci, call.inbox)
        audio = await setting.audio(self._phone, lambda: inbox.put_nowait(LegEvent.MEDIA_DONE))
        call.audio = audio
        leg = AudioLeg(target.signalling, dialog, target.srtp_allowed, inbox, next(setting.sessions), audio=audio)
        leg.refreshes_by_update = target.refreshes_by_update
        try:
            await setting.equip(leg, target.features, call, self._phone)
            longest = setting.length.longest_seconds
            uri = target.uri_of(link)
            return await dial(leg, uri, longest, early_offer=target.early_offer, no_answer_seconds=no_answer_seconds)
        finally:
            audio.close()
            leg.release()
            target.signalling.close_inbox(call_id)

    def conclude(self, result: LegResult) -> LegResult:
        """The phone plays reorder tone; nothing to send."""
        return result

    async def _ring(self, phone: Phone, no_answer_seconds: float | None) -> LegResult | None:
        """None when the phone picks up."""
        watcher = asyncio.create_task(_tell_pick_up(phone, self._call))
        try:
            async with asyncio.timeout(no_answer_seconds):
                while (event := await self._call.inbox.get()) is not LegEvent.PICKED_UP:
                    if event is LegEvent.HANG_UP:
                        return LegResult(0, NORMAL_CLEARING)
        except TimeoutError:
            return LegResult(0, NO_ANSWER)
        finally:
            watcher.cancel()
        return None

    async def _until_over(self) -> None:
        try:
            async with asyncio.timeout(self._setting.length.longest_seconds):
                while await self._call.inbox.get() not in (LegEvent.HANG_UP, LegEvent.MEDIA_DONE):
                    pass
        except TimeoutError:
            return


class SipCaller:
    """An INVITE came in over a trunk or from a registered phone."""

    def __init__(
        self, setting: CallSetting, call: Call, leg: SipLeg, invite: SipMessage, trunk: RunningTrunk | None = None
    ) -> None:
        self._setting = setting
        self._trunk = trunk
        self._call = call
        self._leg = leg
        self._invite = invite

    async def to_phone(self, phone: Phone, no_answer_seconds: float | None) -> LegResult:
        """A simulated phone rings and picks up."""
        leg, setting, call = self._leg, self._setting, self._call
        leg.dialog.local_number = call.answered_by
        refused = await ring(leg, self._invite, phone, no_answer_seconds)
        if refused is not None:
            return refused
        call.audio = await setting.audio(phone, lambda: None)
        talking = AudioLeg(
            leg.signalling,
            leg.dialog,
            leg.srtp_allowed,
            leg.inbox,
            leg.session,
            leg.version,
            leg.refreshes_by_update,
            leg.final_sent,
            audio=call.audio,
        )
        try:
            await setting.equip(talking, self._trunk, call, phone)
            result = await pick_up(talking, self._invite, setting.length.longest_seconds + 30)
        finally:
            talking.release()
        leg.final_sent = talking.final_sent
        return result

    async def to_sip(self, target: SipTarget, no_answer_seconds: float | None) -> LegResult:
        """The node stands between two SIP parties."""
        call, setting = self._call, self._setting
        hops = hops_left(self._invite)
        if hops == 0:
            return LegResult(483, cause_of_status(483))
        try:
            link = await target.connect()
        except ConnectionFailed:
            return LegResult(503, TEMPORARY_FAILURE)
        call_id = new_call_id(target.signalling.node)
        dialog = setting.dialog(target.signalling, link, call_id, call, remote=target.called, local=call.calling)
        dialog.reliable = target.reliable
        dialog.diversion = call.diversion if target.features and target.features.tells_diversion else ""
        dialog.max_forwards = min(dialog.max_forwards, hops - 1)
        target.signalling.open_inbox(call_id, link, call.ci, call.inbox)
        called = SipLeg(target.signalling, dialog, target.srtp_allowed, call.inbox, next(setting.sessions))
        self._leg.dialog.local_number = call.answered_by or call.dialled
        early = target.early_offer and bool(self._invite.body)
        try:
            bridge = Bridge(self._leg, self._invite, called)
            return await bridge.run(target.uri_of(link), early_offer=early, no_answer_seconds=no_answer_seconds)
        finally:
            target.signalling.close_inbox(call_id)

    def conclude(self, result: LegResult) -> LegResult:
        """Send the final answer if there was none yet."""
        if self._leg.final_sent:
            return result
        status = result.status if result.status > 299 else status_of_cause(result.cause)
        self._leg.send(self._leg.dialog.respond(self._invite, status))
        cause = result.cause if result.status > 299 or status_of_cause(result.cause) == status else cause_of_status(status)
        return LegResult(status, cause)


def hops_left(invite: SipMessage) -> int:
    """Max-Forwards of a request; 70 when it says nothing usable (RFC 3261 §8.1.1.6)."""
    value = (invite.header("Max-Forwards") or "").strip()
    return int(value) if value.isdecimal() and len(value) < 4 else 70


def is_busy(phone: Phone) -> LegResult | None:
    """What a call meets at a phone whose line takes no more calls."""
    return LegResult(0, BUSY) if phone.busy else None


async def _tell_pick_up(phone: Phone, call: Call) -> None:
    await phone.answers.wait()
    call.inbox.put_nowait(LegEvent.PICKED_UP)
