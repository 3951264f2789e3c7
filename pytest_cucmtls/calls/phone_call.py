"""One call of our own phone, dialled or answered, as a state machine (RFC 3261 §13 to §15, delayed and early offer)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_cucmtls.calls.phone_media import MediaAgreement, MediaOffer, MediaWish, make_answer, make_offer
from pytest_cucmtls.calls.sip_dialog import ALLOW, SRTP_FALLBACK, Dialog, Headers, cseq_of, of_invite, uri_in
from pytest_cucmtls.calls.sip_registration import Challenges
from pytest_cucmtls.calls.sip_transactions import (
    LIMIT_SECONDS,
    T1_SECONDS,
    T2_SECONDS,
    ClientTransactions,
    Send,
    SetTimer,
    StopTimer,
)
from pytest_cucmtls.model.calls import CallEnding, CallOutcome
from pytest_cucmtls.model.errors import CucmTlsError
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.wire.call_endings import IDENTITY_HEADERS, ending_of
from pytest_cucmtls.wire.sip_addresses import user_of

if TYPE_CHECKING:
    from pytest_cucmtls.calls.phone_core import Action, PhoneSettings

_MOST_MESSAGES = 256
_MOST_CHALLENGES = 3
_CAUSES = {480: 19, 486: 17, 487: 16, 488: 47, 603: 21}


@dataclass(frozen=True, slots=True)
class Ringing:
    """The other side rings, or (dialled) our phone does."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The call was answered and acknowledged."""


@dataclass(frozen=True, slots=True)
class MediaChanged:
    """Send and expect media like this from now on."""

    agreement: MediaAgreement


@dataclass(frozen=True, slots=True)
class CallOver:
    """The call has ended; `by_us` when our side hung up first."""

    ending: CallEnding
    by_us: bool


class PhoneCall:
    """States: dialling, ringing, answering, talking, ending, over."""

    def __init__(
        self,
        settings: PhoneSettings,
        password: Secret,
        wish: MediaWish,
        client: ClientTransactions,
        token: Callable[[], str],
        number: str,
    ) -> None:
        self.state = "idle"
        self.number = number
        """Dialled; "" for a call that came in."""
        self.caller = ""
        """Number of who called, for a call that came in."""
        self.messages: list[SipMessage] = []
        self.agreement: MediaAgreement | None = None
        self._settings, self._wish = settings, wish
        self._client, self._token = client, token
        identity = settings.identity
        self.dialog = Dialog(identity, f"{token()}@{identity.contact_ip}", token(), identity.uri_of(number))
        self._challenges = Challenges(settings.user, password, token)
        self._challenged = 0
        self._invite: SipMessage | None = None
        self._offer: MediaOffer | None = None
        self._acks: dict[str, SipMessage] = {}
        """ACKs sent, by CSeq of the INVITE, for answers that are repeated."""
        self._unacknowledged: SipMessage | None = None
        """Our 200 to an INVITE that no ACK has come for."""
        self._pause = T1_SECONDS
        self._version = 0
        self._gave_up = self._hanging_up = self._by_us = False

    @property
    def over(self) -> bool:
        """Nothing more happens."""
        return self.state == "over"

    @property
    def was_connected(self) -> bool:
        """It was answered and acknowledged at some time."""
        return self.agreement is not None

    @property
    def ending(self) -> CallEnding:
        """What became of it, as far as it has come."""
        if self.number:
            return ending_of(self.number, self.messages, gave_up=self._gave_up)
        outcome = CallOutcome.ANSWERED if self.was_connected else CallOutcome.NO_ANSWER
        return CallEnding(outcome, 200 if self.was_connected else None, party=self.caller)

    def dial(self, number: str) -> list[Action]:
        """Send the INVITE."""
        self.state = "dialling"
        self.dialog.remote_uri = f"sip:{number}@{self.dialog.identity.registrar.removeprefix('sip:')}"
        self.dialog.remote_target = self.dialog.identity.uri_of(number)
        self._offer = make_offer(self._wish, self._next_version())
        return [*self._send_invite(()), SetTimer("call ring", self._settings.ring_seconds)]

    def rung(self, invite: SipMessage) -> list[Action]:
        """An INVITE for us: ring."""
        self.state = "ringing"
        self.caller = next((user_of(invite.header(name)) for name in IDENTITY_HEADERS if user_of(invite.header(name))), "")
        self.caller = self.caller or user_of(invite.header("From"))
        self._note(invite)
        self._invite = invite
        self.dialog.call_id = invite.call_id or ""
        self.dialog.remote_uri = uri_in(invite.header("From") or "") or self.dialog.identity.record
        self.dialog.local_uri = uri_in(invite.header("To") or "")
        self.dialog.peer_cseq = cseq_of(invite)[0]
        self.dialog.learn(invite)
        wait = self._settings.pick_up_seconds if self._settings.answers else self._settings.ring_seconds
        return [Ringing(), self._reply(invite, 180, self._contact()), SetTimer("call pick-up", wait)]

    def hang_up(self) -> list[Action]:
        """End it in whatever state it is."""
        self._by_us = self._by_us or not self.over
        if self.state == "dialling":
            return self._give_up()
        if self.state == "ringing" and self._invite is not None:
            return self._decline(self._invite, 486)
        if self.state in ("talking", "answering"):
            return self._bye()
        return []

    def answered(self, request: SipMessage, answer: SipMessage) -> list[Action]:
        """An answer to one of our requests."""
        self._note(answer)
        status = answer.status_code or 0
        if request.method == "BYE":
            if status in (401, 407) and (headers := self._authorised(answer, request)):
                return self._begin("BYE", headers)
            return self._finish() if status >= 200 else []
        if request.method != "INVITE":
            return []
        if status < 200:
            return self._provisional(request, status)
        if status < 300:
            return self._taken(request, answer)
        acknowledgement = of_invite(request, "ACK", answer.header("To") or "")
        self._acks[f"{cseq_of(request)[0]}"] = acknowledgement
        if status in (401, 407) and not self._hanging_up and (headers := self._authorised(answer, request)):
            return [Send(acknowledgement), *self._send_invite(headers)]
        return [Send(acknowledgement), *self._finish()]

    def repeated_answer(self, answer: SipMessage) -> list[Action]:
        """A final answer to an INVITE that was acknowledged before: the same ACK again."""
        known = self._acks.get(f"{cseq_of(answer)[0]}")
        mine = self.dialog.owns(answer) and (answer.status_code or 0) >= 200
        return [Send(known)] if known is not None and mine else []

    def unanswered(self, request: SipMessage) -> list[Action]:
        """Nobody answered one of our requests within the limit."""
        return self._finish() if request.method in ("INVITE", "BYE") else []

    def asked(self, request: SipMessage) -> list[Action]:
        """A request of the other side within this call."""
        self._note(request)
        number = cseq_of(request)[0]
        if request.method == "CANCEL":
            return [self._reply(request, 200), *self._cancelled()]
        if not self.dialog.owns(request) or self.over:
            return [self._reply(request, 481)]
        if number <= self.dialog.peer_cseq:
            return [self._reply(request, 500)]
        self.dialog.peer_cseq = number
        if request.method == "BYE":
            return [self._reply(request, 200), *self._left()]
        if request.method in ("INVITE", "UPDATE"):
            return self._reinvited(request)
        if request.method in ("INFO", "OPTIONS", "NOTIFY", "PRACK"):
            return [self._reply(request, 200)]
        return [self._reply(request, 405, (("Allow", ALLOW),))]

    def acknowledged(self, ack: SipMessage) -> list[Action]:
        """The ACK of our 200."""
        if self._unacknowledged is None or cseq_of(ack)[0] != cseq_of(self._unacknowledged)[0]:
            return []
        self._note(ack)
        self._unacknowledged = None
        timers: list[Action] = [StopTimer("call repeat"), StopTimer("call limit")]
        if self._offer is not None:
            try:
                self.agreement = self._offer.conclude(ack.body)
            except CucmTlsError:
                return [*timers, *self._bye()]
            self._offer = None
        if self.state not in ("answering", "talking") or self.agreement is None:
            return timers
        news: list[Action] = [Connected()] if self.state == "answering" else []
        self.state = "talking"
        return [*timers, *news, MediaChanged(self.agreement)]

    def timer(self, name: str) -> list[Action]:
        """A timer of this call has run out."""
        if name == "call ring" and self.state == "dialling":
            self._gave_up = True
            return self._give_up()
        if name == "call pick-up" and self.state == "ringing" and self._invite is not None:
            return self._pick_up(self._invite) if self._settings.answers else self._decline(self._invite, 480)
        if name == "call repeat" and self._unacknowledged is not None:
            self._pause = min(2 * self._pause, T2_SECONDS)
            return [Send(self._unacknowledged), SetTimer("call repeat", self._pause)]
        if name == "call limit" and self.state != "over":
            self._unacknowledged = None
            return self._bye() if self.state in ("answering", "talking") else self._finish()
        return []

    def lost(self) -> list[Action]:
        """The way to the node is gone."""
        return self._finish() if self.state not in ("idle", "over") else []

    def _provisional(self, request: SipMessage, status: int) -> list[Action]:
        if self._hanging_up:
            return self._cancel(request)
        return [Ringing()] if status in (180, 181, 183) else []

    def _taken(self, request: SipMessage, answer: SipMessage) -> list[Action]:
        """A 2xx to our INVITE: acknowledge in any case, talk if the media fits and nobody has hung up meanwhile."""
        self.dialog.learn(answer)
        number = cseq_of(request)[0]
        acknowledgement = self.dialog.ack(f"z9hG4bK{self._token()}", number)
        self._acks[f"{number}"] = acknowledgement
        self._note(acknowledgement)
        self.state = "talking"
        done: list[Action] = [StopTimer("call ring"), StopTimer("call limit"), Send(acknowledgement)]
        try:
            self.agreement = self._offer.conclude(answer.body) if self._offer else None
        except CucmTlsError:
            return [*done, *self._bye()]
        self._offer = None
        if self._hanging_up or self.agreement is None:
            return [*done, *self._bye()]
        return [*done, Connected(), MediaChanged(self.agreement)]

    def _pick_up(self, invite: SipMessage) -> list[Action]:
        self._offer = None
        try:
            if invite.body:
                body, self.agreement = make_answer(self._wish, invite.body, self._next_version(), fallback=_falls_back(invite))
            else:
                self._offer = make_offer(self._wish, self._next_version())
                body = self._offer.body
        except CucmTlsError:
            return self._decline(invite, 488)
        self.state = "answering"
        return self._accept(invite, body)

    def _reinvited(self, request: SipMessage) -> list[Action]:
        """The other side changes the session: hold, another place, other keys."""
        if self.state != "talking" or self._unacknowledged is not None:
            return [self._reply(request, 491)]
        self.dialog.learn(request)
        if request.method == "UPDATE" and not request.body:
            return [self._reply(request, 200, self._contact())]
        try:
            if not request.body:
                self._offer = make_offer(self._wish, self._next_version())
                return self._accept(request, self._offer.body)
            body, agreement = make_answer(self._wish, request.body, self._next_version(), fallback=_falls_back(request))
        except CucmTlsError:
            return [self._reply(request, 488)]
        self.agreement = agreement
        if request.method == "UPDATE":
            return [self._reply(request, 200, self._contact(), body), MediaChanged(agreement)]
        return [*self._accept(request, body), MediaChanged(agreement)]

    def _accept(self, invite: SipMessage, body: bytes) -> list[Action]:
        """200 OK, repeated until its ACK comes, over any transport (RFC 3261 §13.3.1.4)."""
        self._pause = T1_SECONDS
        accepted = self._reply(invite, 200, (*self._contact(), ("Supported", SRTP_FALLBACK)), body)
        self._unacknowledged = accepted.message
        return [accepted, SetTimer("call repeat", T1_SECONDS), SetTimer("call limit", LIMIT_SECONDS)]

    def _decline(self, invite: SipMessage, status: int) -> list[Action]:
        return [self._reply(invite, status, (("Reason", f"Q.850;cause={_CAUSES[status]}"),)), *self._finish()]

    def _cancelled(self) -> list[Action]:
        if self.state != "ringing" or self._invite is None:
            return []
        return self._decline(self._invite, 487)

    def _left(self) -> list[Action]:
        if self.state == "ringing" and self._invite is not None:
            return self._decline(self._invite, 487)
        return self._finish()

    def _give_up(self) -> list[Action]:
        """CANCEL, now or as soon as anything was heard of the INVITE."""
        if self._hanging_up:
            return []
        self._hanging_up = True
        if self._invite is None or not self._client.heard(self._invite):
            return [StopTimer("call ring")]
        return [StopTimer("call ring"), *self._cancel(self._invite)]

    def _cancel(self, invite: SipMessage) -> list[Action]:
        cancel = of_invite(invite, "CANCEL", invite.header("To") or "")
        return [*self._client.begin(cancel), SetTimer("call limit", LIMIT_SECONDS)]

    def _bye(self) -> list[Action]:
        self.state = "ending"
        stopped: list[Action] = [StopTimer("call repeat"), StopTimer("call limit")]
        return [*stopped, *self._begin("BYE", (("Reason", "Q.850;cause=16"),))]

    def _begin(self, method: str, headers: Headers) -> list[Action]:
        request = self.dialog.request(method, f"z9hG4bK{self._token()}", headers=headers)
        self._note(request)
        return list(self._client.begin(request))

    def _send_invite(self, headers: Headers) -> list[Action]:
        assert self._offer is not None
        more: Headers = (*self._contact(), ("Supported", SRTP_FALLBACK), ("Expires", "180"), *headers)
        self._invite = self.dialog.request("INVITE", f"z9hG4bK{self._token()}", headers=more, body=self._offer.body)
        self._note(self._invite)
        return list(self._client.begin(self._invite))

    def _authorised(self, answer: SipMessage, request: SipMessage) -> Headers | None:
        self._challenged += 1
        if self._challenged > _MOST_CHALLENGES:
            return None
        return self._challenges.headers_for(answer, request.method or "", request.request_uri or "")

    def _finish(self) -> list[Action]:
        if self.over:
            return []
        self.state = "over"
        names = ("call ring", "call pick-up", "call repeat", "call limit")
        return [*(StopTimer(name) for name in names), CallOver(self.ending, self._by_us)]

    def _reply(self, request: SipMessage, status: int, headers: Headers = (), body: bytes = b"") -> Send:
        answer = self.dialog.answer(request, status, headers=headers, body=body)
        self._note(answer)
        return Send(answer)

    def _contact(self) -> Headers:
        return (("Contact", self.dialog.identity.contact), ("Allow", ALLOW))

    def _next_version(self) -> int:
        self._version += 1
        return self._version

    def _note(self, message: SipMessage) -> None:
        if len(self.messages) < _MOST_MESSAGES:
            self.messages.append(message)


def _falls_back(request: SipMessage) -> bool:
    supported = ",".join(value for name, value in request.headers if name in ("Supported", "Require"))
    return SRTP_FALLBACK.lower() in supported.lower()
