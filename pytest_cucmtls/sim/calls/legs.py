"""SIP legs of a call: what they share, how one ends, waiting for answers and acknowledgements (RFC 3261 §13, RFC 3262)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.sim.calls.media import AudioStream
from pytest_cucmtls.sim.calls.media_negotiation import Agreement, LocalMedia
from pytest_cucmtls.sim.calls.media_relay import RelayEnd
from pytest_cucmtls.sim.calls.media_resources import MediaTermination
from pytest_cucmtls.sim.sip.dialogs import SipDialog
from pytest_cucmtls.sim.sip.headers import NORMAL_CLEARING, SRTP_FALLBACK, option_tags
from pytest_cucmtls.sim.sip.signalling import CallEvent, Inbox, LegEvent, SipSignalling
from pytest_cucmtls.sim.state import ClusterState

TRANSACTION_SECONDS = 8.0

Refer = Callable[[str, Callable[[int], None]], None]
"""Begins to call a number for our phone and says the status once: 200 when it is answered, else the failure."""

CLUSTER_SECURITY_MODE_PARAMETER = "Cluster Security Mode"
"""Key of `ClusterState.enterprise_parameters`: ``0`` non-secure, ``1`` mixed."""

RTP_SENT_DESPITE_SRTP = "rtp_sent_despite_srtp"
"""Behaviour name: keys are agreed and plain RTP is sent."""


def _nothing() -> None:
    """Nobody waits for the answer."""


@dataclass(slots=True)
class SipLeg:
    """One SIP party of a call: the trunk's peer or a registered phone."""

    signalling: SipSignalling
    dialog: SipDialog
    srtp_allowed: bool
    inbox: Inbox
    session: int
    """Number in the SDP's `o=` line."""
    version: int = 0
    """Session descriptions sent so far."""
    refreshes_by_update: bool = False
    """Session refreshes are UPDATE, not INVITE (SIP profile: Session Refresh Method)."""
    final_sent: bool = False
    """An INVITE of the party got its final answer."""

    @property
    def cluster(self) -> ClusterState:
        """The cluster this end belongs to."""
        return self.dialog.node.cluster

    @property
    def secure_media(self) -> bool:
        """This end may use SRTP: allowed for the party and the keys travel over TLS."""
        return self.srtp_allowed and self.dialog.connection.secure

    def send(self, message: SipMessage) -> None:
        """Write a message of this leg."""
        if (message.status_code or 0) >= 200 and is_about(message, "INVITE"):
            self.final_sent = True
        self.signalling.send(self.dialog, message)

    def owns(self, event: CallEvent) -> bool:
        """The event is not of another leg of the call."""
        return isinstance(event, LegEvent) or event.call_id == self.dialog.call_id

    async def next_event(self, seconds: float | None) -> CallEvent | None:
        """What comes next for this leg; None after the limit."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    event = await self.inbox.get()
                    if self.owns(event):
                        return event
        except TimeoutError:
            return None

    def relay_end(self) -> RelayEnd:
        """For a description that goes out to this party."""
        self.version += 1
        return RelayEnd(self.cluster, self.dialog.node.ip, self.session, self.version, self.secure_media)


@dataclass(slots=True)
class AudioLeg(SipLeg):
    """A SIP party whose call a simulated phone of ours is in."""

    audio: AudioStream = field(kw_only=True)
    direction: str = "sendrecv"
    """What our phone wants: inactive while it holds the call."""
    through: MediaTermination | None = None
    """The media termination point that the media passes (trunk field *MTP Required*)."""
    music: AudioStream | None = None
    """What a held peer hears; None leaves it in silence."""
    keys_out_of_band: bool = False
    """The peer's keys are asked for as KPML events (trunk field *DTMF Signaling Method*)."""
    keys_in_media: bool = True
    """Telephone events are offered."""
    on_answer: Callable[[], None] = _nothing
    """The phones begin to talk."""
    refer: Refer | None = None
    """How our phone calls somebody the peer refers it to."""

    def media(self) -> LocalMedia:
        """Our phone's end, for the next description."""
        self.version += 1
        local = self.through.address if self.through else self.audio.local
        secure = self.secure_media and phones_are_secure(self.cluster) and self.through is None
        return self._media_at(local, secure, self.direction)

    def music_media(self, music: AudioStream) -> LocalMedia:
        """The music's end, for the next description."""
        self.version += 1
        return self._media_at(music.local, self.secure_media and phones_are_secure(self.cluster), "sendonly")

    def start_audio(self, agreement: Agreement) -> None:
        """Let the phones talk."""
        self.audio.start(self._routed(agreement), send_plain=RTP_SENT_DESPITE_SRTP in self.cluster.faults)
        self.on_answer()

    def release(self) -> None:
        """Give back what the leg held beside the phone's audio."""
        for held in (self.through, self.music):
            if held is not None:
                held.close()

    def renegotiate(self, agreement: Agreement) -> None:
        """Something else was agreed."""
        self.audio.renegotiate(self._routed(agreement))

    def _media_at(self, local: Endpoint, secure: bool, direction: str) -> LocalMedia:
        node_ip, events = self.dialog.node.ip, self.keys_in_media
        return LocalMedia(self.cluster, node_ip, self.session, self.version, local, secure, direction, events)

    def _routed(self, agreement: Agreement) -> Agreement:
        return self.through.connect(agreement) if self.through else agreement


@dataclass(frozen=True, slots=True)
class LegResult:
    """How a leg ended: SIP status of the set-up (0: no SIP answer decided) and Q.850 cause of the release."""

    status: int
    cause: int
    agreement: Agreement | None = None

    @property
    def answered(self) -> bool:
        """The other side picked up."""
        return self.status == 200


def phones_are_secure(cluster: ClusterState) -> bool:
    """The cluster is in mixed mode: only then do its phones encrypt (Cisco document 217138; platform.md §7.5)."""
    return cluster.enterprise_parameters.get(CLUSTER_SECURITY_MODE_PARAMETER, "1") != "0"


def can_fall_back(message: SipMessage) -> bool:
    """The sender takes plain RTP for an answer to a secure offer."""
    return SRTP_FALLBACK.lower() in option_tags(message, "Supported")


def wants_reliability(invite: SipMessage, dialog: SipDialog) -> bool:
    """Provisional answers have to be, or may be and are by our profile, acknowledged with PRACK."""
    return "100rel" in option_tags(invite, "Require") or (dialog.reliable and "100rel" in option_tags(invite, "Supported"))


def is_about(response: SipMessage, method: str) -> bool:
    """The response answers a request of this method."""
    return (response.header("CSeq") or "").upper().endswith(method)


def take_provisional(leg: SipLeg, response: SipMessage) -> None:
    """Learn from a provisional answer and acknowledge it when it asks for that."""
    leg.dialog.learn(response)
    if "100rel" in option_tags(response, "Require"):
        leg.send(leg.dialog.prack(response))


async def await_acknowledgement(leg: SipLeg) -> CallEvent | None:
    """The ACK of our 200; anything else that ends the call is returned as an event."""
    while True:
        event = await leg.next_event(TRANSACTION_SECONDS)
        if event is None or event is LegEvent.CONNECTION_LOST:
            return event
        if not isinstance(event, SipMessage):
            continue
        if event.method == "ACK":
            return event
        if event.method in {"BYE", "CANCEL", "PRACK"}:
            # A CANCEL that comes after the 200 changes nothing (RFC 3261 §9.2): the caller will say BYE.
            leg.send(leg.dialog.respond(event, 200))
            if event.method == "BYE":
                return LegEvent.HANG_UP


async def cancel(leg: SipLeg, invite: SipMessage) -> None:
    """Take an INVITE back and see its transaction end; an answer that was quicker is acknowledged and released."""
    leg.send(leg.dialog.cancel(invite))
    while (event := await leg.next_event(TRANSACTION_SECONDS)) is not None and event is not LegEvent.CONNECTION_LOST:
        if isinstance(event, SipMessage) and is_about(event, "INVITE") and (event.status_code or 0) >= 200:
            if (event.status_code or 0) < 300:
                leg.dialog.learn(event)
                leg.send(leg.dialog.ack(b""))
                await say_bye(leg, NORMAL_CLEARING)
            else:
                leg.send(leg.dialog.ack_failure(invite, event))
            return


async def say_bye(leg: SipLeg, cause: int) -> None:
    """BYE, and its answer; a crossing BYE is answered too."""
    leg.send(leg.dialog.bye(cause))
    while True:
        event = await leg.next_event(TRANSACTION_SECONDS)
        if event is None or event is LegEvent.CONNECTION_LOST:
            return
        if isinstance(event, SipMessage):
            if event.method == "BYE":
                leg.send(leg.dialog.respond(event, 200))
            elif event.status_code is not None and 200 <= event.status_code < 300 and is_about(event, "INVITE"):
                # Our re-INVITE crossed the hang-up: its answer still has to be acknowledged (RFC 3261 §13.2.2.4).
                leg.send(leg.dialog.ack(b""))
            elif event.status_code is not None and event.status_code >= 200 and is_about(event, "BYE"):
                return
