"""The two ends of a trunk call: the leg that dials out and the leg that is called (RFC 3261 §13, delayed offer)."""

import asyncio
import contextlib
from dataclasses import dataclass

from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.sim.media import AudioStream
from pytest_cucmtls.sim.media_negotiation import Agreement, NoCommonMedia, make_answer, make_offer
from pytest_cucmtls.sim.sip_dialogs import NORMAL_CLEARING, SipDialog
from pytest_cucmtls.sim.sip_signalling import Inbox, LegEvent, SipSignalling
from pytest_cucmtls.sim.state import ClusterState
from pytest_cucmtls.sim.trunks import RunningTrunk

ANSWER_SECONDS = 30.0
TRANSACTION_SECONDS = 8.0

RTP_SENT_DESPITE_SRTP = "rtp_sent_despite_srtp"
"""Behaviour name: keys are agreed and plain RTP is sent."""


@dataclass(slots=True)
class TrunkLeg:
    """What both ends of a trunk call work with."""

    signalling: SipSignalling
    dialog: SipDialog
    trunk: RunningTrunk
    inbox: Inbox
    audio: AudioStream
    session: int
    """Number in the SDP's `o=` line."""

    @property
    def cluster(self) -> ClusterState:
        """The cluster this end belongs to."""
        return self.dialog.node.cluster

    @property
    def secure_media(self) -> bool:
        """This end may use SRTP: allowed on the trunk and the keys travel over TLS."""
        return self.trunk.srtp_allowed and self.dialog.connection.secure

    def send(self, message: SipMessage) -> None:
        """Write a message of this call."""
        self.signalling.send(self.dialog, message)

    def start_audio(self, agreement: Agreement) -> None:
        """Let the phones talk."""
        self.audio.start(agreement, send_plain=RTP_SENT_DESPITE_SRTP in self.cluster.faults)

    async def next_event(self, seconds: float) -> SipMessage | LegEvent | None:
        """What comes next; None after the limit."""
        try:
            return await asyncio.wait_for(self.inbox.get(), seconds)
        except TimeoutError:
            return None


@dataclass(frozen=True, slots=True)
class LegResult:
    """How a leg ended: SIP status of the set-up (0: the connection was lost) and Q.850 cause of the release."""

    status: int
    cause: int
    agreement: Agreement | None = None

    @property
    def answered(self) -> bool:
        """The other side picked up."""
        return self.status == 200


async def run_outgoing(leg: TrunkLeg, called: str, talk_seconds: float) -> LegResult:
    """Dial over the trunk, talk until the media is through or somebody hangs up, clear the call."""
    peer = leg.dialog.connection.peer
    invite = leg.dialog.invite(peer.ip, peer.port, called)
    leg.send(invite)
    answer = await _final_answer(leg, invite)
    if answer is None:
        return LegResult(408, 102)
    if not isinstance(answer, SipMessage):
        return LegResult(0, 41)
    status = answer.status_code or 500
    if status >= 300:
        leg.send(leg.dialog.ack_failure(invite, answer))
        return LegResult(status, _cause_of(answer))
    leg.dialog.learn(answer)
    try:
        body, agreement = make_answer(
            leg.cluster, leg.dialog.node.ip, leg.session, leg.audio.local, answer.body, secure=leg.secure_media
        )
    except (NoCommonMedia, UnexpectedAnswer):
        leg.send(leg.dialog.ack(b""))
        await _say_bye(leg)
        return LegResult(488, 47)
    leg.send(leg.dialog.ack(body))
    leg.start_audio(agreement)
    return LegResult(200, await _talk(leg, talk_seconds, clear_when_done=True), agreement)


async def run_incoming(leg: TrunkLeg, invite: SipMessage, talk_seconds: float) -> LegResult:
    """Ring, pick up, offer (or answer an early offer), talk until the caller hangs up."""
    leg.send(leg.dialog.respond(invite, 180))
    secure, node_ip = leg.secure_media, leg.dialog.node.ip
    offer = agreement = None
    try:
        if invite.body:
            body, agreement = make_answer(leg.cluster, node_ip, leg.session, leg.audio.local, invite.body, secure=secure)
        else:
            offer = make_offer(leg.cluster, node_ip, leg.session, leg.audio.local, secure=secure)
            body = offer.body
    except (NoCommonMedia, UnexpectedAnswer):
        leg.send(leg.dialog.respond(invite, 488))
        return LegResult(488, 47)
    leg.send(leg.dialog.respond(invite, 200, body))
    acknowledgement = await _acknowledgement(leg)
    if not isinstance(acknowledgement, SipMessage):
        return LegResult(0 if acknowledgement else 408, 41)
    if offer is not None:
        try:
            agreement = offer.conclude(acknowledgement.body)
        except (NoCommonMedia, UnexpectedAnswer):
            await _say_bye(leg)
            return LegResult(488, 47)
    assert agreement is not None
    leg.start_audio(agreement)
    return LegResult(200, await _talk(leg, talk_seconds, clear_when_done=False), agreement)


async def _final_answer(leg: TrunkLeg, invite: SipMessage) -> SipMessage | LegEvent | None:
    """The answer to the INVITE; hanging up before it cancels the call, and hangs up again should it be answered meanwhile."""
    cancelled = False
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ANSWER_SECONDS):
            while True:
                event = await leg.inbox.get()
                if event is LegEvent.HANG_UP:
                    cancelled = True
                    leg.send(leg.dialog.cancel(invite))
                elif event is LegEvent.CONNECTION_LOST:
                    return event
                elif isinstance(event, SipMessage) and event.status_code is not None and _is_about_invite(event):
                    leg.dialog.learn(event)
                    if event.status_code >= 200:
                        if cancelled and event.status_code < 300:
                            leg.inbox.put_nowait(LegEvent.HANG_UP)
                        return event
    return None


async def _acknowledgement(leg: TrunkLeg) -> SipMessage | LegEvent | None:
    """The ACK; anything else that ends the call is returned as an event."""
    while True:
        event = await leg.next_event(TRANSACTION_SECONDS)
        if event is None or event is LegEvent.CONNECTION_LOST:
            return event
        if isinstance(event, SipMessage):
            if event.method == "ACK":
                return event
            if event.method in {"BYE", "CANCEL"}:
                # A CANCEL that comes after the 200 changes nothing (RFC 3261 §9.2): the caller will say BYE.
                leg.send(leg.dialog.respond(event, 200))
                if event.method == "BYE":
                    return LegEvent.HANG_UP


async def _talk(leg: TrunkLeg, seconds: float, *, clear_when_done: bool) -> int:
    """Until somebody hangs up; the caller does when its media is through. Returns the release cause."""
    while True:
        event = await leg.next_event(seconds)
        if event is LegEvent.CONNECTION_LOST:
            return 41
        if event is None or event is LegEvent.HANG_UP or (event is LegEvent.MEDIA_DONE and clear_when_done):
            await _say_bye(leg)
            return NORMAL_CLEARING
        if isinstance(event, SipMessage) and event.method is not None and event.method != "ACK":
            known = event.method in {"BYE", "OPTIONS", "UPDATE", "INFO"}
            leg.send(leg.dialog.respond(event, 200 if known else 488 if event.method == "INVITE" else 405))
            if event.method == "BYE":
                return NORMAL_CLEARING


async def _say_bye(leg: TrunkLeg) -> None:
    """BYE, and its answer; a crossing BYE is answered too."""
    leg.send(leg.dialog.bye())
    while True:
        event = await leg.next_event(TRANSACTION_SECONDS)
        if event is None or event is LegEvent.CONNECTION_LOST:
            return
        if isinstance(event, SipMessage):
            if event.method == "BYE":
                leg.send(leg.dialog.respond(event, 200))
            if event.status_code is not None and event.status_code >= 200:
                return


def _is_about_invite(response: SipMessage) -> bool:
    return (response.header("CSeq") or "").upper().endswith("INVITE")


def _cause_of(response: SipMessage) -> int:
    """Q.850 cause of the Reason header; 41 (temporary failure) without one."""
    _, found, value = (response.header("Reason") or "").partition("cause=")
    digits = value.split(";")[0].strip()
    return int(digits) if found and digits.isdigit() else 41
