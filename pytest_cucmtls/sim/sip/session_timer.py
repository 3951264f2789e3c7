"""Session timers of one dialog: who refreshes, how often, and when a session that nobody refreshed is over (RFC 4028).

CUCM's service parameters *SIP Session Expires Timer* and *SIP Min-SE Value* are 1800 seconds by default.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.sim.sip.headers import option_tags
from pytest_cucmtls.sim.state import ClusterState

SESSION_EXPIRES_PARAMETER, MINIMUM_PARAMETER = "SIP Session Expires Timer", "SIP Min-SE Value"
"""Keys of `ClusterState.enterprise_parameters` (service parameters of Cisco CallManager), in seconds."""

_DEFAULT_SECONDS = 1800
_LONGEST_HEAD_START = 32.0
"""A session that is not refreshed ends this long before its interval does, or a third of it (RFC 4028 §10)."""

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SessionDue:
    """A session must be refreshed by us, or was not refreshed by the peer and is over."""

    call_id: str
    expired: bool


class SessionTimer:
    """What was agreed for one dialog; `tell` hears of what is due, from `start` to `stop`."""

    def __init__(self, cluster: ClusterState, call_id: str) -> None:
        self._call_id = call_id
        self.wanted = _seconds(cluster, SESSION_EXPIRES_PARAMETER)
        self.minimum = _seconds(cluster, MINIMUM_PARAMETER)
        self.agreed: int | None = None
        """Seconds of the session interval; None without a timer."""
        self.ours = False
        """We refresh."""
        self._tell: Callable[[SessionDue], None] | None = None
        self._handle: asyncio.TimerHandle | None = None

    def asked(self) -> Headers:
        """For a request of ours."""
        return ("Min-SE", str(self.minimum)), ("Session-Expires", str(max(self.wanted, self.minimum)))

    def refuses(self, request: SipMessage) -> bool:
        """The interval asked for is too short: 422, which only a peer that knows timers understands."""
        asked = _interval(request, "Session-Expires")
        return asked is not None and asked < self.minimum and "timer" in option_tags(request, "Supported")

    def raise_to(self, refusal: SipMessage) -> bool:
        """The peer's 422 names a longer minimum: ask again with it. False when it does not."""
        minimum = _interval(refusal, "Min-SE")
        if refusal.status_code != 422 or minimum is None or minimum <= self.wanted:
            return False
        self.wanted = self.minimum = minimum
        return True

    def accept(self, request: SipMessage) -> Headers:
        """For our 2xx to a request that knows timers: the asker refreshes unless it wants us to."""
        if "timer" not in option_tags(request, "Supported"):
            self._agree(None, ours=False)
            return ()
        seconds = _interval(request, "Session-Expires") or max(self.wanted, _interval(request, "Min-SE") or 0)
        us = _refresher(request) == "uas"
        self._agree(seconds, ours=us)
        refresher: Headers = (("Session-Expires", f"{seconds};refresher={'uas' if us else 'uac'}"),)
        return (*refresher, ("Require", "timer")) if not us else refresher

    def conclude(self, response: SipMessage) -> None:
        """The peer's 2xx to a request of ours."""
        seconds = _interval(response, "Session-Expires")
        self._agree(seconds, ours=_refresher(response) != "uas")

    def start(self, tell: Callable[[SessionDue], None]) -> None:
        """From now on say what is due."""
        self._tell = tell
        self._arm()

    def stop(self) -> None:
        """The call is over."""
        self._tell = None
        self._disarm()

    def _agree(self, seconds: int | None, *, ours: bool) -> None:
        self.agreed, self.ours = seconds, ours
        self._arm()

    def _arm(self) -> None:
        self._disarm()
        if self._tell is None or not self.agreed:
            return
        wait = self.agreed / 2 if self.ours else self.agreed - min(_LONGEST_HEAD_START, self.agreed / 3)
        due = SessionDue(self._call_id, expired=not self.ours)
        self._handle = asyncio.get_running_loop().call_later(wait, self._tell, due)

    def _disarm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


def _seconds(cluster: ClusterState, parameter: str) -> int:
    value = cluster.enterprise_parameters.get(parameter, "")
    return int(value) if value.isdecimal() and 0 < len(value) < 7 and int(value) else _DEFAULT_SECONDS


def _interval(message: SipMessage, header: str) -> int | None:
    """Delta seconds of a header; None when it is absent or odd."""
    value = (message.header(header) or "").partition(";")[0].strip()
    return int(value) if value.isdecimal() and len(value) < 8 and int(value) else None


def _refresher(message: SipMessage) -> str:
    _, found, value = (message.header("Session-Expires") or "").lower().partition("refresher=")
    return value.split(";")[0].strip() if found else ""
