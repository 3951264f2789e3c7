"""Transactions of our own phone: what is sent again until it is answered, and what is answered again (RFC 3261 §17).

Pure: `take`-methods return what to send and which timers to set; nobody here knows a socket or a clock.
"""

from collections import OrderedDict
from dataclasses import dataclass

from pytest_cucmtls.calls.sip_dialog import branch_of, cseq_of
from pytest_cucmtls.model.sip import SipMessage

T1_SECONDS = 0.5
T2_SECONDS = 4.0
LIMIT_SECONDS = 64 * T1_SECONDS
"""Timers B, F and H."""
_MOST_REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class Send:
    """Put this message onto the wire."""

    message: SipMessage


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Call back with this name after so many seconds; a timer of the same name is replaced."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class StopTimer:
    """Forget the timer of this name."""

    name: str


WireAction = Send | SetTimer | StopTimer


@dataclass(slots=True)
class _Waiting:
    request: SipMessage
    pause: float
    provisional: bool = False


class ClientTransactions:
    """Requests we sent and have no final answer to."""

    def __init__(self, *, reliable: bool) -> None:
        """`reliable` is a transport that repeats by itself (TCP, TLS)."""
        self._reliable = reliable
        self._waiting: dict[tuple[str, str], _Waiting] = {}

    def begin(self, request: SipMessage) -> list[WireAction]:
        """Send a request and repeat it until something is heard; an ACK is never repeated."""
        actions: list[WireAction] = [Send(request)]
        if request.method == "ACK":
            return actions
        key = (branch_of(request), request.method or "")
        self._waiting[key] = _Waiting(request, T1_SECONDS)
        if not self._reliable:
            actions.append(SetTimer(_name("repeat", key), T1_SECONDS))
        return [*actions, SetTimer(_name("limit", key), LIMIT_SECONDS)]

    def match(self, answer: SipMessage) -> tuple[SipMessage | None, list[WireAction]]:
        """(the request this answers, timers to stop); None for a stray or repeated final answer."""
        key = (branch_of(answer), cseq_of(answer)[1])
        waiting = self._waiting.get(key)
        if waiting is None or answer.status_code is None:
            return None, []
        actions: list[WireAction] = []
        if answer.status_code < 200:
            waiting.provisional = True
            if waiting.request.method == "INVITE":
                actions = [StopTimer(_name("repeat", key)), StopTimer(_name("limit", key))]
            else:
                waiting.pause = T2_SECONDS
        else:
            del self._waiting[key]
            actions = [StopTimer(_name("repeat", key)), StopTimer(_name("limit", key))]
        return waiting.request, actions

    def heard(self, request: SipMessage) -> bool:
        """A provisional answer to this request came: only then may an INVITE be cancelled (RFC 3261 §9.1)."""
        waiting = self._waiting.get((branch_of(request), request.method or ""))
        return waiting is not None and waiting.provisional

    def timer(self, name: str) -> tuple[SipMessage | None, list[WireAction]]:
        """(the request nobody answered within the limit, actions); a foreign or old name does nothing."""
        kind, _, rest = name.partition(" ")
        branch, _, method = rest.partition(" ")
        key = (branch, method)
        waiting = self._waiting.get(key)
        if waiting is None:
            return None, []
        if kind == "limit":
            del self._waiting[key]
            return waiting.request, [StopTimer(_name("repeat", key))]
        ceiling = LIMIT_SECONDS if method == "INVITE" else T2_SECONDS
        waiting.pause = min(2 * waiting.pause, ceiling)
        return None, [Send(waiting.request), SetTimer(name, waiting.pause)]

    def forget(self, request: SipMessage) -> list[WireAction]:
        """Nobody waits for the answer any more."""
        key = (branch_of(request), request.method or "")
        if self._waiting.pop(key, None) is None:
            return []
        return [StopTimer(_name("repeat", key)), StopTimer(_name("limit", key))]


class ServerTransactions:
    """The last answers we gave, so that a repeated request gets the same one and counts once."""

    def __init__(self) -> None:
        self._given: OrderedDict[tuple[str, str, str], SipMessage | None] = OrderedDict()

    def is_repeat(self, request: SipMessage) -> tuple[bool, SipMessage | None]:
        """(seen before, the answer to give again if there is one yet)."""
        key = _server_key(request)
        if key in self._given:
            return True, self._given[key]
        self._given[key] = None
        while len(self._given) > _MOST_REMEMBERED:
            self._given.popitem(last=False)
        return False, None

    def answered(self, request: SipMessage, answer: SipMessage) -> None:
        """Remember the newest answer."""
        self._given[_server_key(request)] = answer


def _server_key(request: SipMessage) -> tuple[str, str, str]:
    return branch_of(request), request.method or "", f"{request.call_id} {cseq_of(request)[0]}"


def _name(kind: str, key: tuple[str, str]) -> str:
    return f"{kind} {key[0]} {key[1]}"
