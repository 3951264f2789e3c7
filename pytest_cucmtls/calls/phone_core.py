"""Our own SIP phone as a state machine: messages and timers in, messages, timers and news out; no socket, no clock.

One registration and one call at a time; a second call hears busy. What it does with its media it only says (`MediaChanged`).
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from pytest_cucmtls.calls.phone_call import CallOver, Connected, MediaChanged, PhoneCall, Ringing
from pytest_cucmtls.calls.phone_media import MediaWish
from pytest_cucmtls.calls.sip_dialog import ALLOW, PhoneIdentity, answer_to, branch_of, cseq_of, tag_in
from pytest_cucmtls.calls.sip_registration import Registered, Registration, RegistrationEnded, RegistrationRefused
from pytest_cucmtls.calls.sip_transactions import ClientTransactions, Send, ServerTransactions, SetTimer, StopTimer
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.model.sip import SipMessage

Action = (
    Send
    | SetTimer
    | StopTimer
    | Registered
    | RegistrationRefused
    | RegistrationEnded
    | Ringing
    | Connected
    | MediaChanged
    | CallOver
)
_UNDERSTOOD = frozenset({"timer", "replaces", "x-cisco-srtp-fallback"})
"""Option tags a request may require of us."""


def new_token() -> str:
    """For tags, branches and Call-IDs."""
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class PhoneSettings:
    """How the phone behaves."""

    identity: PhoneIdentity
    user: str
    """Digest user."""
    ring_seconds: float = 30.0
    """How long it lets the other side ring before it gives up."""
    pick_up_seconds: float = 0.2
    """How long it rings itself before it answers."""
    answers: bool = True
    """False: it rings and nobody picks up."""
    expires_seconds: int = 300


class PhoneCore:
    """The phone; every method returns what is to be done, in order."""

    def __init__(self, settings: PhoneSettings, password: Secret, token: Callable[[], str] = new_token) -> None:
        self.settings = settings
        self.call: PhoneCall | None = None
        """The present call, or the last one."""
        self._token = token
        self._password = password
        self._client = ClientTransactions(reliable=settings.identity.transport != "udp")
        self._server = ServerTransactions()
        self._registration = Registration(
            settings.identity, settings.user, password, self._client, token, settings.expires_seconds
        )
        self._wish: MediaWish | None = None

    @property
    def registered(self) -> bool:
        """The node has us."""
        return self._registration.registered

    def register(self) -> list[Action]:
        """Begin to register."""
        return list(self._registration.begin())

    def unregister(self) -> list[Action]:
        """Take the registration back."""
        return list(self._registration.end())

    def expect_call(self, wish: MediaWish) -> list[Action]:
        """From now on a call is answered with this media; before, every call hears busy. A call that is over is forgotten."""
        self._wish = wish
        if self.call is not None and self.call.over:
            self.call = None
        return []

    def dial(self, number: str, wish: MediaWish) -> list[Action]:
        """Place a call. Raises: ValueError when one is going on."""
        if self.call is not None and not self.call.over:
            raise ValueError("a call is going on")
        self.call = self._new_call(number, wish)
        return self._kept(self.call.dial(number))

    def hang_up(self) -> list[Action]:
        """End the call in whatever state it is; nothing when there is none."""
        return self._kept(self.call.hang_up()) if self.call is not None else []

    def received(self, message: SipMessage) -> list[Action]:
        """A message arrived; what belongs to nothing is answered or passed over, never fatal."""
        if message.status_code is not None:
            return self._answer(message)
        return self._request(message)

    def timer(self, name: str) -> list[Action]:
        """A timer set earlier has run out."""
        request, actions = self._client.timer(name)
        done: list[Action] = list(actions)
        if request is not None:
            if request.method == "REGISTER":
                return [*done, *self._registration.unanswered()]
            return [*done, *(self._kept(self.call.unanswered(request)) if self.call else [])]
        if name == "register":
            return list(self._registration.begin())
        if self.call is not None and name.startswith("call "):
            done += self._kept(self.call.timer(name))
        return done

    def link_lost(self) -> list[Action]:
        """The connection to the node is gone."""
        ended: list[Action] = list(self._kept(self.call.lost())) if self.call is not None else []
        return [*ended, *self._registration.lost()]

    def _answer(self, message: SipMessage) -> list[Action]:
        method = cseq_of(message)[1]
        if method == "INVITE" and self.call is not None and (again := self.call.repeated_answer(message)):
            return list(again)
        request, actions = self._client.match(message)
        if request is None:
            return []
        if method == "REGISTER":
            return [*actions, *self._registration.answered(request, message)]
        if self.call is None or request.call_id != self.call.dialog.call_id:
            return list(actions)
        return [*actions, *self._kept(self.call.answered(request, message))]

    def _request(self, message: SipMessage) -> list[Action]:
        if not branch_of(message) or not message.call_id or cseq_of(message)[1] != message.method:
            return []  # no answer could be matched to it (RFC 3261 §8.2)
        if message.method == "ACK":
            mine = self.call is not None and self.call.dialog.owns(message)
            return self._kept(self.call.acknowledged(message)) if mine and self.call else []
        seen, given = self._server.is_repeat(message)
        if seen:
            return [Send(given)] if given is not None else []
        return self._kept(self._fresh(message))

    def _fresh(self, message: SipMessage) -> list[Action]:
        required = [value for name, value in message.headers if name == "Require"]
        unknown = {tag.strip() for tag in ",".join(required).split(",") if tag.strip()}
        unknown = {tag for tag in unknown if tag.lower() not in _UNDERSTOOD}
        if unknown and message.method != "CANCEL":
            return [self._plain(message, 420, (("Unsupported", ", ".join(sorted(unknown))),))]
        if self.call is not None and message.call_id == self.call.dialog.call_id:
            return list(self.call.asked(message))
        if message.method == "INVITE" and not tag_in(message.header("To")):
            return self._incoming(message)
        if message.method in ("OPTIONS", "NOTIFY"):
            return [self._plain(message, 200, (("Allow", ALLOW), ("Accept", "application/sdp")))]
        known = message.method in ALLOW.split(", ")
        return [self._plain(message, 481 if known else 405, () if known else (("Allow", ALLOW),))]

    def _incoming(self, message: SipMessage) -> list[Action]:
        if self._wish is None or (self.call is not None and not self.call.over):
            return [self._plain(message, 486, (("Reason", "Q.850;cause=17"),))]
        self.call = self._new_call("", self._wish)
        return list(self.call.rung(message))

    def _new_call(self, number: str, wish: MediaWish) -> PhoneCall:
        return PhoneCall(replace(self.settings), self._password, wish, self._client, self._token, number)

    def _plain(self, request: SipMessage, status: int, headers: tuple[tuple[str, str], ...] = ()) -> Action:
        return Send(answer_to(request, status, self._token(), headers=headers))

    def _kept(self, actions: list[Action]) -> list[Action]:
        """Remember answers, so that a repeated request gets the same."""
        for action in actions:
            if isinstance(action, Send) and action.message.status_code is not None:
                self._remember(action.message)
        return actions

    def _remember(self, answer: SipMessage) -> None:
        method = cseq_of(answer)[1]
        self._server.answered(
            SipMessage("", tuple(pair for pair in answer.headers if pair[0] in ("Via", "Call-ID", "CSeq")), method=method), answer
        )
