"""The answered part of a call between a simulated phone and a SIP party: hold and resume, changes by the peer, clearing."""

from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.sim.calls.key_presses import KeyPresses
from pytest_cucmtls.sim.calls.legs import (
    AudioLeg,
    can_fall_back,
    is_about,
    say_bye,
)
from pytest_cucmtls.sim.calls.media_negotiation import NoCommonMedia, Offer, make_answer, make_offer
from pytest_cucmtls.sim.calls.transfers import take_refer
from pytest_cucmtls.sim.sip.headers import NORMAL_CLEARING, RECOVERY_ON_TIMER_EXPIRY, TEMPORARY_FAILURE, cause_in
from pytest_cucmtls.sim.sip.session_timer import SessionDue
from pytest_cucmtls.sim.sip.signalling import LegEvent

_ANSWERED = {"OPTIONS", "INFO", "PRACK"}


async def talk(leg: AudioLeg, seconds: float, *, clear_when_done: bool) -> int:
    """Until somebody hangs up; the caller does when its media is through. Returns the release cause."""
    conversation = Conversation(leg)
    conversation.keys.subscribe()
    leg.dialog.timer.start(leg.inbox.put_nowait)
    try:
        return await _until_over(leg, conversation, seconds, clear_when_done=clear_when_done)
    finally:
        leg.dialog.timer.stop()


async def _until_over(leg: AudioLeg, conversation: "Conversation", seconds: float, *, clear_when_done: bool) -> int:
    while True:
        limit = None if leg.audio.paused or leg.direction != "sendrecv" else seconds
        event = await leg.next_event(limit)
        if event is LegEvent.CONNECTION_LOST:
            return TEMPORARY_FAILURE
        if event is None or event is LegEvent.HANG_UP or (event is LegEvent.MEDIA_DONE and clear_when_done):
            await say_bye(leg, NORMAL_CLEARING)
            return NORMAL_CLEARING
        if event is LegEvent.HOLD:
            conversation.hold()
        elif event is LegEvent.RESUME:
            conversation.resume()
        elif isinstance(event, SessionDue):
            if event.expired:
                await say_bye(leg, RECOVERY_ON_TIMER_EXPIRY)
                return RECOVERY_ON_TIMER_EXPIRY
            conversation.refresh()
        elif isinstance(event, SipMessage):
            if event.method == "BYE":
                leg.send(leg.dialog.respond(event, 200))
                return cause_in(event, NORMAL_CLEARING)
            conversation.take(event)


class Conversation:
    """Offers and answers after the first ones."""

    def __init__(self, leg: AudioLeg) -> None:
        self._leg = leg
        self._offered: Offer | None = None
        """Sent and not answered yet."""
        self.keys = KeyPresses(leg)
        self._music_due = False
        """The peer was put on hold and shall hear music next."""
        self._asked: SipMessage | None = None
        """Our re-INVITE that is under way."""

    def hold(self) -> None:
        """Our phone puts the call on hold: an offer without media flow (traces/sdl_11_5_hold_reinvite.txt)."""
        if self._asked is None and self._leg.direction == "sendrecv":
            self._leg.direction = "inactive"
            self._music_due = self._leg.music is not None
            self._offered = make_offer(self._leg.media())
            self._ask(self._offered.body)

    def resume(self) -> None:
        """Our phone takes the call back: the peer is asked for a new offer."""
        if self._asked is None and self._leg.direction != "sendrecv":
            self._leg.direction = "sendrecv"
            self._music_due = False
            if self._leg.music is not None:
                self._leg.music.rest()
            self._offered = None
            self._ask(b"")

    def refresh(self) -> None:
        """The session interval is half over: refresh by re-INVITE (the peer offers again) or UPDATE, as the SIP profile says."""
        if self._leg.refreshes_by_update:
            self._leg.send(self._leg.dialog.update())
        elif self._asked is None:
            self._ask(b"")

    def take(self, message: SipMessage) -> None:
        """A message within the call other than BYE."""
        if message.status_code is not None:
            if is_about(message, "INVITE") and message.status_code >= 200:
                self._take_answer(message)
            elif is_about(message, "UPDATE") and 200 <= message.status_code < 300:
                self._leg.dialog.timer.conclude(message)
        elif message.method == "INVITE":
            self._take_offer(message)
        elif message.method == "UPDATE" and message.body:
            self._answer(message)
        elif message.method == "ACK":
            self._take_acknowledgement(message)
        elif message.method == "SUBSCRIBE":
            self.keys.take_subscription(message)
        elif message.method == "NOTIFY":
            self.keys.take_notification(message)
        elif message.method == "REFER":
            take_refer(self._leg, message, self._leg.refer)
        else:
            known = message.method in _ANSWERED or message.method == "UPDATE"
            self._leg.send(self._leg.dialog.respond(message, 200 if known else 405))

    def _ask(self, body: bytes) -> None:
        self._asked = self._leg.dialog.reinvite(body)
        self._leg.send(self._asked)

    def _take_answer(self, response: SipMessage) -> None:
        leg = self._leg
        asked, self._asked = self._asked, None
        if asked is None:
            return
        offered, self._offered = self._offered, None
        if (response.status_code or 0) >= 300:
            leg.send(leg.dialog.ack_failure(asked, response))
            return
        leg.dialog.learn(response)
        try:
            if offered is not None:
                leg.send(leg.dialog.ack(b""))
                leg.renegotiate(offered.conclude(response.body))
                if self._music_due:
                    self._ask(b"")
            elif self._music_due and leg.music is not None:
                self._music_due = False
                body, agreement = make_answer(leg.music_media(leg.music), response.body, fallback=can_fall_back(response))
                leg.send(leg.dialog.ack(body))
                leg.music.start(agreement)
            else:
                body, agreement = make_answer(leg.media(), response.body, fallback=can_fall_back(response))
                leg.send(leg.dialog.ack(body))
                leg.renegotiate(agreement)
        except (NoCommonMedia, UnexpectedAnswer):
            if offered is None:
                leg.send(leg.dialog.ack(b""))
            leg.inbox.put_nowait(LegEvent.HANG_UP)

    def _take_offer(self, invite: SipMessage) -> None:
        leg = self._leg
        if leg.dialog.timer.refuses(invite):
            leg.send(leg.dialog.respond(invite, 422, extra=leg.dialog.timer.asked()[:1]))
        elif self._asked is not None:
            leg.send(leg.dialog.respond(invite, 491))
        elif invite.body:
            self._answer(invite)
        else:
            leg.dialog.learn(invite)
            self._offered = make_offer(leg.media())
            leg.send(leg.dialog.respond(invite, 200, self._offered.body))

    def _answer(self, request: SipMessage) -> None:
        leg = self._leg
        try:
            body, agreement = make_answer(leg.media(), request.body, fallback=can_fall_back(request))
        except (NoCommonMedia, UnexpectedAnswer):
            leg.send(leg.dialog.respond(request, 488))
            return
        leg.dialog.learn(request)
        leg.send(leg.dialog.respond(request, 200, body))
        leg.renegotiate(agreement)

    def _take_acknowledgement(self, message: SipMessage) -> None:
        """Of a 200 that carried our offer."""
        if self._offered is None or self._asked is not None:
            return
        offered, self._offered = self._offered, None
        try:
            self._leg.renegotiate(offered.conclude(message.body))
        except (NoCommonMedia, UnexpectedAnswer):
            self._leg.inbox.put_nowait(LegEvent.HANG_UP)
