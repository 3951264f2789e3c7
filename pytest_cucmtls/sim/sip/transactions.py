"""What UDP asks of SIP: repeat until answered, and answer what is repeated (RFC 3261 §17, timers A, E, G and I)."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.wire.sip_messages import parse_sip_message

T1_SECONDS, T2_SECONDS = 0.5, 4.0
_LONGEST_SECONDS = 64 * T1_SECONDS
_REMEMBERED = 256

Key = tuple[str, str]


class SipTransactions:
    """The transactions with one peer; `write` puts bytes on the wire."""

    def __init__(self, write: Callable[[bytes], None], *, t1_seconds: float = T1_SECONDS) -> None:
        self._write = write
        self._t1_seconds = t1_seconds
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._answers: OrderedDict[Key, bytes] = OrderedDict()
        """Last answer per (branch, method)."""
        self._acknowledgements: OrderedDict[Key, bytes] = OrderedDict()
        """ACK of a 2xx per (Call-ID, CSeq number)."""

    def send(self, data: bytes) -> None:
        """Write a message and repeat it while the rules say so."""
        self._write(data)
        message = _parsed(data)
        if message is None:
            return
        number, method = _sequence(message)
        if message.method == "ACK":
            _keep(self._acknowledgements, (message.call_id or "", number), data)
        elif message.method is not None:
            self._repeat((_branch(message), message.method), data)
        else:
            _keep(self._answers, (_branch(message), method), data)
            if method == "INVITE" and (message.status_code or 0) >= 200:
                self._repeat((message.call_id or "", f"{number} ACK"), data)

    def takes(self, data: bytes) -> bool:
        """A message arrived: True when it is new and somebody has to look at it."""
        message = _parsed(data)
        if message is None:
            return False
        number, method = _sequence(message)
        if message.method == "ACK":
            self._stop((message.call_id or "", f"{number} ACK"))
            return True
        if message.method is not None:
            return self._is_new_request((_branch(message), message.method))
        self._stop((_branch(message), method))
        known = self._acknowledgements.get((message.call_id or "", number))
        if method == "INVITE" and known is not None and 200 <= (message.status_code or 0) < 300:
            self._write(known)
            return False
        return True

    def close(self) -> None:
        """Repeat nothing any more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _is_new_request(self, key: Key) -> bool:
        if key in self._answers:
            if self._answers[key]:
                self._write(self._answers[key])
            return False
        _keep(self._answers, key, b"")
        return True

    def _repeat(self, key: Key, data: bytes, after: float = 0.0, total: float = 0.0) -> None:
        wait = min(2 * after, T2_SECONDS) if after else self._t1_seconds
        self._stop(key)

        def again() -> None:
            self._timers.pop(key, None)
            if total + wait < _LONGEST_SECONDS:
                self._write(data)
                self._repeat(key, data, wait, total + wait)

        self._timers[key] = asyncio.get_running_loop().call_later(wait, again)

    def _stop(self, key: Key) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()


def _keep(kept: OrderedDict[Key, bytes], key: Key, data: bytes) -> None:
    kept[key] = data
    while len(kept) > _REMEMBERED:
        kept.popitem(last=False)


def _parsed(data: bytes) -> SipMessage | None:
    try:
        return parse_sip_message(data)
    except UnexpectedAnswer:
        return None


def _sequence(message: SipMessage) -> tuple[str, str]:
    """(number, method) of CSeq."""
    number, _, method = (message.header("CSeq") or "").partition(" ")
    return number, method.strip().upper()


def _branch(message: SipMessage) -> str:
    """The top Via's branch."""
    _, _, rest = (message.header("Via") or "").split(",")[0].partition("branch=")
    return rest.split(";")[0].strip()
