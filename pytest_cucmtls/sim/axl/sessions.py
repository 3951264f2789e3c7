"""Sessions of the AXL web service: a cookie stands for a password for as long as it is used every 30 minutes."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from pytest_cucmtls.sim.state import SimAccount

IDLE_SECONDS = 30 * 60
COOKIE = "JSESSIONIDSSO"
MOST_SESSIONS = 1000


@dataclass(slots=True)
class _Session:
    account: SimAccount
    used_at: float


class SessionStore:
    """Sessions of one node; `clock` gives seconds that only grow."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._sessions: dict[str, _Session] = {}

    def open(self, account: SimAccount) -> str:
        """A new session's cookie value: 32 upper-case hex digits."""
        value = secrets.token_hex(16).upper()
        if len(self._sessions) >= MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        self._sessions[value] = _Session(account, self._clock())
        return value

    def account(self, value: str) -> SimAccount | None:
        """Whose session it is, and counts as use; None when there is no such session or it was idle too long."""
        session = self._sessions.get(value)
        if session is None:
            return None
        now = self._clock()
        if now - session.used_at > IDLE_SECONDS:
            del self._sessions[value]
            return None
        session.used_at = now
        return session.account
