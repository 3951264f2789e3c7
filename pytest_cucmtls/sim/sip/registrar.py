"""Registration of third-party SIP phones: REGISTER with digest credentials of the end user the phone belongs to.

A phone row that names a `digestUser` is such a phone: a real SIP phone has to register for it, it is not simulated. The
user row holds `digestCredentials`; the number in To must be one of the phone's lines (CUCM, "Third-Party SIP Phones").
"""

import asyncio
from dataclasses import dataclass

from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.sim.calls.dial_plan import text
from pytest_cucmtls.sim.calls.phones import Phones
from pytest_cucmtls.sim.logs.traces import TraceWriter
from pytest_cucmtls.sim.sip.digest import Digest, is_right
from pytest_cucmtls.sim.sip.headers import uri_in, user_of
from pytest_cucmtls.sim.sip.links import SipLink
from pytest_cucmtls.sim.state import NodeState
from pytest_cucmtls.wire.sip_digest import digest_parameters

_LONGEST_SECONDS, _SHORTEST_SECONDS = 3600, 10

Headers = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Registration:
    """A phone that can be reached."""

    device: str
    number: str
    contact: str
    """URI that its INVITEs go to."""
    link: SipLink
    timer: asyncio.TimerHandle


class Registrar:
    """The registrations of one node."""

    def __init__(self, node: NodeState, phones: Phones, traces: TraceWriter) -> None:
        self._node = node
        self._phones = phones
        self._traces = traces
        self._digest = Digest(lambda: asyncio.get_running_loop().time())
        self._registered: dict[str, Registration] = {}
        self._changed = asyncio.Condition()
        self._notices: set[asyncio.Task[None]] = set()

    def find(self, device: str) -> Registration | None:
        """The registration of a phone."""
        return self._registered.get(device)

    def behind(self, link: SipLink, request: SipMessage) -> Registration | None:
        """The registered phone a request comes from: over its link, or from its address with its number in From."""
        number = user_of(request.header("From") or "")
        for each in self._registered.values():
            if each.link is link or (each.link.peer.ip == link.peer.ip and each.number == number):
                return each
        return None

    def take(self, link: SipLink, request: SipMessage) -> tuple[int, Headers]:
        """Judge a REGISTER: the status and the headers of its answer."""
        given = digest_parameters(request.header("Authorization") or "")
        if not given:
            return 401, (("WWW-Authenticate", self._digest.challenge()),)
        user = self._node.database.find("user", userid=given.get("username", "")) or {}
        password = text(user.get("digestCredentials"))
        if not password or not is_right(given, request.method or "", password):
            return 401, (("WWW-Authenticate", self._digest.challenge()),)
        if not self._digest.is_current(given.get("nonce", "")):
            return 401, (("WWW-Authenticate", self._digest.challenge(stale=True)),)
        number = user_of(request.header("To") or "")
        device = self._phones.external_device(text(user.get("userid")), number)
        if device is None:
            self._traces.app_info(f"EndPointTransientConnection - no phone of {text(user.get('userid'))} has line {number}")
            return 404, ()
        return self._bind(device, number, link, request)

    def link_lost(self, link: SipLink) -> None:
        """Phones that registered over a connection are gone with it."""
        for each in tuple(self._registered.values()):
            if each.link is link:
                self._remove(each.device, "connection lost")

    def close(self) -> None:
        """Forget everybody."""
        for device in tuple(self._registered):
            self._remove(device, "service stopped")

    async def wait_for(self, device: str) -> Registration:
        """Until a phone has registered; a caller sets the limit."""
        async with self._changed:
            await self._changed.wait_for(lambda: device in self._registered)
        return self._registered[device]

    def _bind(self, device: str, number: str, link: SipLink, request: SipMessage) -> tuple[int, Headers]:
        contact = request.header("Contact") or ""
        seconds = _expiry(request, contact)
        if not contact:
            known = self._registered.get(device)
            return 200, ((("Contact", f"<{known.contact}>"),) if known else ())
        if contact.strip() == "*" or seconds == 0:
            self._remove(device, "unregistered by the phone")
            return 200, ()
        before = self._registered.get(device)
        if before is not None:
            before.timer.cancel()
        seconds = max(_SHORTEST_SECONDS, min(seconds, _LONGEST_SECONDS))
        timer = asyncio.get_running_loop().call_later(seconds, self._remove, device, "registration expired")
        self._registered[device] = Registration(device, number, uri_in(contact), link, timer)
        link.device = device
        if before is None:
            self._traces.app_info(
                f"EndPointRegistered - DeviceName:{device} IPAddress:{link.peer.ip} Protocol:SIP LineNumber:{number}"
            )
        self._notify()
        return 200, (("Contact", f"{contact.split(';expires=')[0]};expires={seconds}"), ("Expires", str(seconds)))

    def _remove(self, device: str, why: str) -> None:
        gone = self._registered.pop(device, None)
        if gone is not None:
            gone.timer.cancel()
            gone.link.device = ""
            self._traces.app_info(f"EndPointUnregistered - DeviceName:{device} IPAddress:{gone.link.peer.ip} Reason:{why}")

    def _notify(self) -> None:
        async def tell() -> None:
            async with self._changed:
                self._changed.notify_all()

        task = asyncio.get_running_loop().create_task(tell())
        self._notices.add(task)
        task.add_done_callback(self._notices.discard)


def _expiry(request: SipMessage, contact: str) -> int:
    """Seconds asked for: the contact's parameter before the header (RFC 3261 §10.2.1.1)."""
    _, found, parameter = contact.partition(";expires=")
    value = parameter.split(";")[0].strip() if found else (request.header("Expires") or "").strip()
    return int(value) if value.isdecimal() and len(value) < 10 else _LONGEST_SECONDS
