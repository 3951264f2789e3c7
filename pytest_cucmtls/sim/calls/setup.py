"""Setting up a call between a simulated phone and a SIP party, dialling or dialled (RFC 3261 §13, delayed and early offer)."""

import asyncio
import contextlib

from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.sim.calls.legs import (
    AudioLeg,
    LegResult,
    SipLeg,
    await_acknowledgement,
    can_fall_back,
    cancel,
    is_about,
    say_bye,
    take_provisional,
    wants_reliability,
)
from pytest_cucmtls.sim.calls.media_negotiation import NoCommonMedia, make_answer, make_offer
from pytest_cucmtls.sim.calls.phones import Phone
from pytest_cucmtls.sim.calls.talk import talk
from pytest_cucmtls.sim.sip.headers import (
    BUSY,
    NO_ANSWER,
    NO_RESOURCE,
    NORMAL_CLEARING,
    TEMPORARY_FAILURE,
    cause_in,
    cause_of_status,
)
from pytest_cucmtls.sim.sip.signalling import LegEvent

RINGING_SECONDS = 180.0
"""Expires of the INVITE."""


async def dial(leg: AudioLeg, uri: str, talk_seconds: float, *, early_offer: bool, no_answer_seconds: float | None) -> LegResult:
    """Our phone dials: talk until the media is through or somebody hangs up, clear the call."""
    offer = make_offer(leg.media()) if early_offer else None
    invite = leg.dialog.invite(uri, offer.body if offer else b"")
    leg.send(invite)
    answer = await final_answer(leg, invite, no_answer_seconds)
    while isinstance(answer, SipMessage) and leg.dialog.timer.raise_to(answer):
        leg.send(leg.dialog.ack_failure(invite, answer))
        invite = leg.dialog.invite(uri, offer.body if offer else b"")
        leg.send(invite)
        answer = await final_answer(leg, invite, no_answer_seconds)
    if answer is None:
        return LegResult(408, NO_ANSWER)
    if not isinstance(answer, SipMessage):
        return LegResult(0, TEMPORARY_FAILURE)
    status = answer.status_code or 500
    if status >= 300:
        leg.send(leg.dialog.ack_failure(invite, answer))
        return LegResult(status, cause_in(answer, cause_of_status(status)))
    leg.dialog.learn(answer)
    body = b""
    try:
        if offer is not None:
            agreement = offer.conclude(answer.body)
        else:
            body, agreement = make_answer(leg.media(), answer.body, fallback=can_fall_back(answer))
    except (NoCommonMedia, UnexpectedAnswer):
        leg.send(leg.dialog.ack(b""))
        await say_bye(leg, NO_RESOURCE)
        return LegResult(488, NO_RESOURCE)
    leg.send(leg.dialog.ack(body))
    leg.start_audio(agreement)
    return LegResult(200, await talk(leg, talk_seconds, clear_when_done=True), agreement)


async def ring(leg: SipLeg, invite: SipMessage, phone: Phone, no_answer_seconds: float | None) -> LegResult | None:
    """Our phone rings: None when it picks up; what becomes of the call otherwise."""
    reliable = wants_reliability(invite, leg.dialog)
    extra = (("Require", "100rel"), ("RSeq", "1")) if reliable else ()
    leg.send(leg.dialog.respond(invite, 180, extra=extra))
    loop = asyncio.get_running_loop()
    timer = loop.call_later(no_answer_seconds or RINGING_SECONDS, leg.inbox.put_nowait, LegEvent.NO_ANSWER)
    watcher = loop.create_task(_announce_pick_up(phone, leg))
    picked_up = False
    try:
        while not picked_up or reliable:
            event = await leg.next_event(None)
            if event is LegEvent.PICKED_UP:
                picked_up = True
            elif event is LegEvent.CONNECTION_LOST:
                return LegResult(0, TEMPORARY_FAILURE)
            elif event is LegEvent.HANG_UP:
                return LegResult(486, BUSY)
            elif event is LegEvent.NO_ANSWER:
                return LegResult(480, NO_ANSWER)
            elif isinstance(event, SipMessage) and event.method == "PRACK":
                reliable = False
                leg.send(leg.dialog.respond(event, 200))
            elif isinstance(event, SipMessage) and event.method in ("CANCEL", "BYE"):
                leg.send(leg.dialog.respond(event, 200))
                return LegResult(487, NORMAL_CLEARING)
            elif isinstance(event, SipMessage) and event.method in ("UPDATE", "INFO", "OPTIONS"):
                leg.send(leg.dialog.respond(event, 200))
        return None
    finally:
        timer.cancel()
        watcher.cancel()


async def pick_up(leg: AudioLeg, invite: SipMessage, talk_seconds: float) -> LegResult:
    """Our phone answers: offer (or answer an early offer), talk until somebody hangs up."""
    offer = agreement = None
    try:
        if invite.body:
            body, agreement = make_answer(leg.media(), invite.body, fallback=can_fall_back(invite))
        else:
            offer = make_offer(leg.media())
            body = offer.body
    except (NoCommonMedia, UnexpectedAnswer):
        return LegResult(488, NO_RESOURCE)
    leg.send(leg.dialog.respond(invite, 200, body))
    acknowledgement = await await_acknowledgement(leg)
    if not isinstance(acknowledgement, SipMessage):
        return LegResult(200, TEMPORARY_FAILURE) if acknowledgement is None else LegResult(0, TEMPORARY_FAILURE)
    if offer is not None:
        try:
            agreement = offer.conclude(acknowledgement.body)
        except (NoCommonMedia, UnexpectedAnswer):
            await say_bye(leg, NO_RESOURCE)
            return LegResult(200, NO_RESOURCE)
    assert agreement is not None
    leg.start_audio(agreement)
    return LegResult(200, await talk(leg, talk_seconds, clear_when_done=False), agreement)


async def final_answer(leg: SipLeg, invite: SipMessage, no_answer_seconds: float | None) -> SipMessage | LegEvent | None:
    """The answer to the INVITE, None when nobody picks up in time.

    Hanging up before it cancels the call, and hangs up again should it be answered meanwhile.
    """
    cancelled = False
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(no_answer_seconds or RINGING_SECONDS):
            while True:
                event = await leg.next_event(None)
                if event is LegEvent.HANG_UP:
                    cancelled = True
                    leg.send(leg.dialog.cancel(invite))
                elif event is LegEvent.CONNECTION_LOST:
                    return event
                elif isinstance(event, SipMessage) and event.status_code is not None and is_about(event, "INVITE"):
                    if event.status_code < 200:
                        take_provisional(leg, event)
                        continue
                    if cancelled and event.status_code < 300:
                        leg.inbox.put_nowait(LegEvent.HANG_UP)
                    return event
    await cancel(leg, invite)
    return None


async def _announce_pick_up(phone: Phone, leg: SipLeg) -> None:
    await phone.answers.wait()
    leg.inbox.put_nowait(LegEvent.PICKED_UP)
