"""Registration of our own phone: REGISTER, its challenges, its renewal and its end (RFC 3261 §10)."""

from collections.abc import Callable
from dataclasses import dataclass

from pytest_cucmtls.calls.sip_dialog import ALLOW, Dialog, Headers, PhoneIdentity
from pytest_cucmtls.calls.sip_transactions import ClientTransactions, SetTimer, StopTimer, WireAction
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.wire.sip_digest import authorization_value, strongest_challenge

_MOST_ATTEMPTS = 4
"""Challenges and corrected expiry times of one registration: more is a node that never agrees."""
_SHORTEST_SECONDS, _LONGEST_SECONDS = 10, 3600


@dataclass(frozen=True, slots=True)
class Registered:
    """The node reaches us for so many seconds."""

    expires_seconds: int


@dataclass(frozen=True, slots=True)
class RegistrationRefused:
    """The node said no; `status` 401 or 407: these credentials are wrong, 0: no answer came."""

    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class RegistrationEnded:
    """The node no longer has us."""


News = WireAction | Registered | RegistrationRefused | RegistrationEnded


class Challenges:
    """Answers 401 and 407 of one series of requests."""

    def __init__(self, user: str, password: Secret, token: Callable[[], str]) -> None:
        self._user, self._password, self._token = user, password, token
        self._answered = False

    def headers_for(self, answer: SipMessage, method: str, uri: str) -> Headers | None:
        """The header that answers the challenge; None when it cannot be answered, or was answered and refused."""
        asked, given = (
            ("WWW-Authenticate", "Authorization") if answer.status_code == 401 else ("Proxy-Authenticate", "Proxy-Authorization")
        )
        challenge = strongest_challenge(value for name, value in answer.headers if name.lower() == asked.lower())
        if challenge is None or (self._answered and not challenge.stale):
            return None
        self._answered = True
        value = authorization_value(challenge, self._user, self._password, method, uri, client_nonce=self._token())
        return ((given, value),)


class Registration:
    """The phone's binding at its node."""

    def __init__(
        self,
        identity: PhoneIdentity,
        user: str,
        password: Secret,
        client: ClientTransactions,
        token: Callable[[], str],
        expires_seconds: int,
    ) -> None:
        self.registered = False
        self._user, self._password = user, password
        self._client = client
        self._token = token
        self._expires = expires_seconds
        self._ending = False
        self._attempts = 0
        self._challenges = Challenges(user, password, token)
        self._dialog = Dialog(identity, f"{token()}@{identity.contact_ip}", token(), identity.record)
        self._dialog.remote_target = identity.registrar

    def begin(self) -> list[News]:
        """Register, or renew."""
        self._ending = False
        return self._start()

    def end(self) -> list[News]:
        """Take the binding back; nothing when there is none."""
        if not self.registered:
            return [StopTimer("register"), RegistrationEnded()]
        self._ending = True
        return [StopTimer("register"), *self._start()]

    def answered(self, request: SipMessage, answer: SipMessage) -> list[News]:
        """An answer to a REGISTER."""
        status = answer.status_code or 0
        if status < 200:
            return []
        self._attempts += 1
        if status in (401, 407) and self._attempts < _MOST_ATTEMPTS:
            headers = self._challenges.headers_for(answer, "REGISTER", request.request_uri or "")
            return self._send(headers) if headers else self._refused(status, answer)
        if status == 423 and self._attempts < _MOST_ATTEMPTS:
            shortest = _number(answer.header("Min-Expires"))
            if shortest is not None and self._expires < shortest <= _LONGEST_SECONDS:
                self._expires = shortest
                return self._send(())
        if status >= 300:
            return self._refused(status, answer)
        if self._ending:
            self.registered = False
            return [RegistrationEnded()]
        self.registered = True
        granted = self._granted(answer)
        return [Registered(granted), SetTimer("register", max(5.0, granted * 0.8))]

    def unanswered(self) -> list[News]:
        """Nothing came within the limit."""
        self.registered = False
        return [RegistrationEnded()] if self._ending else [RegistrationRefused(0, "no answer")]

    def lost(self) -> list[News]:
        """The way to the node is gone."""
        self.registered = False
        return [StopTimer("register"), RegistrationEnded()]

    def _start(self) -> list[News]:
        self._attempts = 0
        self._challenges = Challenges(self._user, self._password, self._token)
        return self._send(())

    def _send(self, headers: Headers) -> list[News]:
        expires = "0" if self._ending else str(self._expires)
        more: Headers = (("Contact", self._dialog.identity.contact), ("Expires", expires), ("Allow", ALLOW), *headers)
        return list(self._client.begin(self._dialog.request("REGISTER", f"z9hG4bK{self._token()}", headers=more)))

    def _refused(self, status: int, answer: SipMessage) -> list[News]:
        self.registered = False
        if self._ending:
            return [RegistrationEnded()]
        return [RegistrationRefused(status, answer.reason_phrase or "")]

    def _granted(self, answer: SipMessage) -> int:
        """Seconds of our contact, else of Expires, else what was asked for (RFC 3261 §10.2.4)."""
        contact = answer.header("Contact") or ""
        _, found, rest = contact.lower().partition(";expires=")
        value = _number(rest.split(";")[0].split(",")[0]) if found else _number(answer.header("Expires"))
        return max(_SHORTEST_SECONDS, min(value or self._expires, _LONGEST_SECONDS))


def _number(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
