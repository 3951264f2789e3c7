"""A call between two SIP parties: the node is in the signalling of both, their media flows past it (RFC 7092, B2BUA)."""

import asyncio

from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.sim.calls.legs import LegResult, SipLeg, cancel, is_about, say_bye, take_provisional
from pytest_cucmtls.sim.calls.media_negotiation import NoCommonMedia
from pytest_cucmtls.sim.calls.media_relay import match_offers, relayed
from pytest_cucmtls.sim.calls.setup import RINGING_SECONDS
from pytest_cucmtls.sim.sip.headers import (
    NO_ANSWER,
    NO_RESOURCE,
    NORMAL_CLEARING,
    RECOVERY_ON_TIMER_EXPIRY,
    TEMPORARY_FAILURE,
    cause_in,
    cause_of_status,
    user_of,
)
from pytest_cucmtls.sim.sip.session_timer import SessionDue
from pytest_cucmtls.sim.sip.signalling import CallEvent, LegEvent

_PASSED_ON = {"INFO", "UPDATE", "MESSAGE", "NOTIFY"}


class Bridge:
    """Caller's leg and called leg; both read the same inbox."""

    def __init__(self, caller: SipLeg, invite: SipMessage, called: SipLeg) -> None:
        self._caller = caller
        self._invite = invite
        self._called = called
        self._asked: dict[str, tuple[SipLeg, SipMessage, SipMessage]] = {}
        """Requests passed on, by Call-ID and CSeq of the copy: who asked, what, and the copy."""
        self._refused: SipMessage | None = None
        """The called party's refusal of our INVITE."""
        self._awaiting_ack: dict[str, SipLeg] = {}
        """Call-ID of the leg whose ACK is passed on, to the leg that gets it."""

    async def run(self, uri: str, *, early_offer: bool, no_answer_seconds: float | None) -> LegResult:
        """Dial the called party and stay until the call is over; an unanswered caller is left to whoever asked."""
        called = self._called
        try:
            body = relayed(called.relay_end(), self._invite.body) if early_offer else b""
        except UnexpectedAnswer:
            return LegResult(488, NO_RESOURCE)
        outgoing = called.dialog.invite(uri, body)
        called.send(outgoing)
        result = await self._ring(outgoing, no_answer_seconds)
        while self._refused is not None and called.dialog.timer.raise_to(self._refused):
            self._refused = None
            outgoing = called.dialog.invite(uri, body)
            called.send(outgoing)
            result = await self._ring(outgoing, no_answer_seconds)
        if isinstance(result, LegResult):
            return result
        if not await self._connect(result, offered=bool(body)):
            return LegResult(200, NO_RESOURCE)
        legs = (self._caller, called)
        for leg in legs:
            leg.dialog.timer.start(self._caller.inbox.put_nowait)
        try:
            return LegResult(200, await self._talk())
        finally:
            for leg in legs:
                leg.dialog.timer.stop()

    async def _ring(self, outgoing: SipMessage, no_answer_seconds: float | None) -> SipMessage | LegResult:
        """The 200 of the called party, or how the attempt ended."""
        caller, called = self._caller, self._called
        while True:
            event = await _next(caller, no_answer_seconds or RINGING_SECONDS)
            if event is None:
                await cancel(self._called, outgoing)
                return LegResult(480, NO_ANSWER)
            if event is LegEvent.HANG_UP or event is LegEvent.CONNECTION_LOST:
                await cancel(self._called, outgoing)
                return LegResult(0, NORMAL_CLEARING if event is LegEvent.HANG_UP else TEMPORARY_FAILURE)
            if not isinstance(event, SipMessage):
                continue
            if called.owns(event) and event.status_code is not None and is_about(event, "INVITE"):
                if event.status_code >= 300:
                    called.send(called.dialog.ack_failure(outgoing, event))
                    self._refused = event
                    return LegResult(event.status_code, cause_in(event, cause_of_status(event.status_code)))
                if event.status_code >= 200:
                    called.dialog.learn(event)
                    # Who answered is told on: the number behind the trunk, which may be another than the one dialled.
                    connected = user_of(event.header("P-Asserted-Identity") or "")
                    caller.dialog.local_number = connected or caller.dialog.local_number
                    return event
                take_provisional(called, event)
                if event.status_code > 100:
                    self._tell_progress(event)
            elif caller.owns(event) and event.method == "CANCEL":
                caller.send(caller.dialog.respond(event, 200))
                await cancel(self._called, outgoing)
                return LegResult(487, NORMAL_CLEARING)
            elif event.method in ("PRACK", "OPTIONS", "UPDATE", "INFO"):
                leg = caller if caller.owns(event) else called
                leg.send(leg.dialog.respond(event, 200))

    def _tell_progress(self, event: SipMessage) -> None:
        """Ringing, or the early media the called party described, to the caller."""
        caller = self._caller
        try:
            body = relayed(caller.relay_end(), event.body) if event.body and self._invite.body else b""
        except UnexpectedAnswer:
            body = b""
        caller.send(caller.dialog.respond(self._invite, 183 if body else 180, body))

    async def _connect(self, answer: SipMessage, *, offered: bool) -> bool:
        """Bring the two descriptions together and acknowledge; False when they do not fit."""
        caller, called = self._caller, self._called
        try:
            to_caller, to_called = self._descriptions(answer, offered=offered)
        except (NoCommonMedia, UnexpectedAnswer):
            called.send(called.dialog.ack(b""))
            await say_bye(called, NO_RESOURCE)
            caller.send(caller.dialog.respond(self._invite, 488))
            return False
        caller.send(caller.dialog.respond(self._invite, 200, to_caller))
        if offered or self._invite.body:
            called.send(called.dialog.ack(to_called))
        else:
            self._awaiting_ack[caller.dialog.call_id] = called
        return True

    def _descriptions(self, answer: SipMessage, *, offered: bool) -> tuple[bytes, bytes]:
        """(for the caller's 200, for the called party's ACK)."""
        caller, called = self._caller, self._called
        if offered or not self._invite.body:
            return relayed(caller.relay_end(), answer.body), b""
        return match_offers((caller.relay_end(), self._invite.body), (called.relay_end(), answer.body))

    async def _talk(self) -> int:
        """Pass on what the parties ask of each other until one hangs up; returns the release cause."""
        while True:
            event = await self._caller.inbox.get()
            if event is LegEvent.HANG_UP or event is LegEvent.CONNECTION_LOST:
                for leg in (self._caller, self._called):
                    if leg.dialog.connection.ready:
                        await say_bye(leg, NORMAL_CLEARING)
                return NORMAL_CLEARING if event is LegEvent.HANG_UP else TEMPORARY_FAILURE
            if isinstance(event, LegEvent):
                continue
            leg = self._caller if self._caller.owns(event) else self._called
            if isinstance(event, SessionDue):
                if event.expired:
                    for each in (self._caller, self._called):
                        await say_bye(each, RECOVERY_ON_TIMER_EXPIRY)
                    return RECOVERY_ON_TIMER_EXPIRY
                leg.send(leg.dialog.update())
                continue
            other = self._called if leg is self._caller else self._caller
            if not leg.owns(event):
                continue
            if event.method == "BYE":
                leg.send(leg.dialog.respond(event, 200))
                cause = cause_in(event, NORMAL_CLEARING)
                await say_bye(other, cause)
                return cause
            self._pass_on(leg, other, event)

    def _pass_on(self, leg: SipLeg, other: SipLeg, message: SipMessage) -> None:
        try:
            if message.status_code is not None:
                self._pass_answer(leg, message)
            elif message.method == "ACK":
                waiting = self._awaiting_ack.pop(leg.dialog.call_id, None)
                if waiting is not None:
                    waiting.send(waiting.dialog.ack(relayed(waiting.relay_end(), message.body)))
            elif message.method == "INVITE":
                leg.send(leg.dialog.respond(message, 100))
                leg.dialog.learn(message)
                self._ask(leg, message, other, other.dialog.reinvite(relayed(other.relay_end(), message.body)))
            elif message.method in _PASSED_ON:
                kind = message.header("Content-Type") or "application/sdp"
                body = relayed(other.relay_end(), message.body) if "sdp" in kind else message.body
                self._ask(leg, message, other, other.dialog.within(message.method or "", (), body, kind))
            else:
                answers = {"OPTIONS": 200, "PRACK": 200, "REFER": 603}
                leg.send(leg.dialog.respond(message, answers.get(message.method or "", 405)))
        except UnexpectedAnswer:
            if message.method is not None and message.method != "ACK":
                leg.send(leg.dialog.respond(message, 488))

    def _ask(self, leg: SipLeg, request: SipMessage, other: SipLeg, copy: SipMessage) -> None:
        self._asked[f"{other.dialog.call_id} {copy.header('CSeq')}"] = (leg, request, copy)
        other.send(copy)

    def _pass_answer(self, leg: SipLeg, answer: SipMessage) -> None:
        status = answer.status_code or 500
        key = f"{leg.dialog.call_id} {answer.header('CSeq')}"
        if key not in self._asked and is_about(answer, "UPDATE") and 200 <= status < 300:
            leg.dialog.timer.conclude(answer)
        if status < 200 or key not in self._asked:
            return
        asker, request, copy = self._asked.pop(key)
        if is_about(answer, "INVITE"):
            if status >= 300:
                leg.send(leg.dialog.ack_failure(copy, answer))
            elif copy.body:
                leg.dialog.learn(answer)
                leg.send(leg.dialog.ack(b""))
            else:
                leg.dialog.learn(answer)
                self._awaiting_ack[asker.dialog.call_id] = leg
        asker.send(asker.dialog.respond(request, status, relayed(asker.relay_end(), answer.body)))


async def _next(leg: SipLeg, seconds: float) -> CallEvent | None:
    """The next event of either leg: they share the inbox."""
    try:
        async with asyncio.timeout(seconds):
            return await leg.inbox.get()
    except TimeoutError:
        return None
