"""Our own SIP phone at a real node: a thread with sockets and timers around the state machine, used like any object.

It registers as a third-party SIP device, dials or answers one call at a time, plays its marker and keeps what it hears.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast

from pytest_cucmtls.calls.phone_call import CallOver, MediaChanged, PhoneCall
from pytest_cucmtls.calls.phone_core import Action, PhoneCore, PhoneSettings
from pytest_cucmtls.calls.phone_media import MediaWish
from pytest_cucmtls.calls.rtp_voice import PACKET_SECONDS, RtpVoice
from pytest_cucmtls.calls.sip_dialog import PhoneIdentity
from pytest_cucmtls.calls.sip_links import LinkSettings, SipLink, open_link
from pytest_cucmtls.calls.sip_registration import RegistrationRefused
from pytest_cucmtls.calls.sip_transactions import Send, SetTimer, StopTimer
from pytest_cucmtls.model.errors import (
    AnswerTimedOut,
    ClusterUnreachable,
    CredentialsRefused,
    CucmTlsError,
    InterfaceRefused,
)
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.wire import g711

T = TypeVar("T")
INTERFACE = "sip phone"
FIRST_PORT, LAST_PORT = 16384, 32766
"""CUCM's default media port range."""
REGISTER_SECONDS = 35.0
UNREGISTER_SECONDS = 5.0
_MARGIN_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class PhonePlan:
    """A phone of ours: which number, where, and how."""

    number: str
    user: str
    """Digest user."""
    link: LinkSettings
    codecs: tuple[str, ...] = (g711.MU_LAW, g711.A_LAW)
    secure: str = "never"
    """SRTP: ``never``, ``allowed`` or ``required``; anything but ``never`` wants TLS."""
    ring_seconds: float = 30.0
    pick_up_seconds: float = 0.2
    answers: bool = True
    expires_seconds: int = 300


class SipPhone:
    """A registered phone between `__enter__` and `__exit__`; its methods may be called from one thread only."""

    def __init__(self, plan: PhonePlan, password: Secret) -> None:
        self.plan = plan
        self.voice: RtpVoice | None = None
        """Media of the present or last call."""
        self._password = password
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"sip phone {plan.number}", daemon=True)
        self._line: _Line | None = None

    def __enter__(self) -> "SipPhone":
        """Connect and register.

        Raises: ClusterUnreachable, PeerNotVerified, CredentialsRefused, InterfaceRefused, AnswerTimedOut.
        """
        self._thread.start()
        try:
            self._line = self._ask(_Line.connect(self.plan, self._password), REGISTER_SECONDS)
            self._ask(self._line.register(), REGISTER_SECONDS)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up, take the registration back, end the thread."""
        self._stop()

    @property
    def call(self) -> PhoneCall | None:
        """The present or last call; look at it when it is over, it belongs to the phone's thread."""
        return self._here.core.call

    def expect_call(self, marker: str) -> None:
        """Answer the next call and play this marker. Raises: ClusterUnreachable without a free media port."""
        self.voice = self._ask(self._here.expect(marker), _MARGIN_SECONDS)

    def dial(self, number: str, marker: str) -> None:
        """Place a call; `marker` is what to play. Raises: ClusterUnreachable, ValueError when a call is going on."""
        self.voice = self._ask(self._here.dial(number, marker), _MARGIN_SECONDS)

    def wait_connected(self, limit_seconds: float) -> bool:
        """True when the call was answered, False when it ended without, or within the limit nothing of both."""
        line = self._here
        self._until(lambda: line.connected or line.is_over, limit_seconds)
        return line.connected

    def wait_heard(self, seconds: float, limit_seconds: float) -> bool:
        """Until so much audio has been understood."""
        line = self._here
        return self._until(lambda: line.is_over or line.heard_seconds >= seconds, limit_seconds)

    def press(self, keys: str, limit_seconds: float) -> bool:
        """Press keys and wait until they are sent; False when the other side takes none."""
        line = self._here
        accepted = self._ask(line.press(keys), _MARGIN_SECONDS)
        return accepted and self._until(lambda: line.is_over or not line.keys_pending, limit_seconds)

    def wait_keys(self, keys: str, limit_seconds: float) -> bool:
        """Until these keys were heard last."""
        line = self._here
        return self._until(lambda: line.is_over or line.keys_heard.endswith(keys), limit_seconds)

    def hang_up(self) -> None:
        """End the call, in whatever state it is."""
        self._ask(self._here.hang_up(), _MARGIN_SECONDS)

    def wait_over(self, limit_seconds: float) -> bool:
        """Until the call has ended on both sides."""
        line = self._here
        return self._until(lambda: line.is_over, limit_seconds)

    @property
    def _here(self) -> "_Line":
        if self._line is None:
            raise ValueError("the phone is not open")
        return self._line

    def _until(self, condition: Callable[[], bool], limit_seconds: float) -> bool:
        return self._ask(self._here.until(condition, limit_seconds), limit_seconds + _MARGIN_SECONDS)

    def _ask(self, work: Coroutine[Any, Any, T], limit_seconds: float) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(limit_seconds)
        except TimeoutError:
            future.cancel()
            raise AnswerTimedOut(INTERFACE, "phone", limit_seconds) from None

    def _stop(self) -> None:
        if self._thread.is_alive():
            if self._line is not None:
                self._ask(self._line.close(), 4 * UNREGISTER_SECONDS)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_MARGIN_SECONDS)
        if not self._loop.is_closed():
            self._loop.close()


class _Line:
    """Everything of a phone that lives in its thread."""

    def __init__(self, plan: PhonePlan, password: Secret) -> None:
        self.core: PhoneCore
        self.connected = False
        self._plan, self._password = plan, password
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._refusal: RegistrationRefused | None = None
        self._link: SipLink
        self._lost = False
        self._media: _MediaSocket | None = None

    @classmethod
    async def connect(cls, plan: PhonePlan, password: Secret) -> "_Line":
        """Open the way to the node."""
        line = cls(plan, password)
        line._link = await open_link(plan.link, line._take, line._gone)
        identity = PhoneIdentity(
            plan.number,
            plan.link.node.ip,
            plan.link.node.port,
            line._link.local.ip,
            line._link.local.port,
            plan.link.transport,
        )
        settings = PhoneSettings(identity, plan.user, plan.ring_seconds, plan.pick_up_seconds, plan.answers, plan.expires_seconds)
        line.core = PhoneCore(settings, password)
        return line

    async def register(self) -> None:
        """Until the node has said yes or no.

        Raises: AnswerTimedOut, ClusterUnreachable (the connection was closed), CredentialsRefused, InterfaceRefused.
        """
        self._perform(self.core.register())
        node = self._plan.link.node
        if not await self.until(lambda: self.core.registered or self._refusal is not None or self._lost, REGISTER_SECONDS):
            raise AnswerTimedOut(INTERFACE, "REGISTER", REGISTER_SECONDS)
        if self._lost:
            raise ClusterUnreachable(INTERFACE, node.ip, node.port, "the connection was closed while registering")
        if self._refusal is not None:
            raise _refused(self._refusal, str(node), self._plan)

    async def expect(self, marker: str) -> RtpVoice:
        """Be ready for a call."""
        voice = await self._new_media(marker)
        self._perform(self.core.expect_call(self._wish(voice)))
        return voice

    async def dial(self, number: str, marker: str) -> RtpVoice:
        """Place a call."""
        voice = await self._new_media(marker)
        self._perform(self.core.dial(number, self._wish(voice)))
        return voice

    async def press(self, keys: str) -> bool:
        """Queue keys."""
        return self._media is not None and self._media.voice.press(keys)

    async def hang_up(self) -> None:
        """End the call."""
        self._perform(self.core.hang_up())

    async def until(self, condition: Callable[[], bool], limit_seconds: float) -> bool:
        """Look again whenever something happened; False when the limit passed first."""
        try:
            async with asyncio.timeout(limit_seconds):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return condition()
        return True

    async def close(self) -> None:
        """Hang up and leave, politely as long as the node answers."""
        if not self._lost and self.core.call is not None and not self.core.call.over:
            self._perform(self.core.hang_up())
            await self.until(lambda: self.is_over or self._lost, UNREGISTER_SECONDS)
        if not self._lost and self.core.registered:
            self._perform(self.core.unregister())
            await self.until(lambda: not self.core.registered or self._lost, UNREGISTER_SECONDS)
        for timer in self._timers.values():
            timer.cancel()
        if self._media is not None:
            self._media.close()
        await self._link.close()

    @property
    def is_over(self) -> bool:
        """There was a call and it has ended; a phone that waits for one is not over."""
        return self._lost or (self.core.call is not None and self.core.call.over)

    @property
    def heard_seconds(self) -> float:
        """Audio understood."""
        return self._media.voice.heard_seconds if self._media else 0.0

    @property
    def keys_pending(self) -> bool:
        """Keys not sent yet."""
        return self._media is not None and self._media.voice.keys_pending

    @property
    def keys_heard(self) -> str:
        """Keys understood."""
        return self._media.voice.keys_heard if self._media else ""

    def _wish(self, voice: RtpVoice) -> MediaWish:
        return MediaWish(voice.local, self._plan.codecs, self._plan.secure)

    async def _new_media(self, marker: str) -> RtpVoice:
        if self._media is not None:
            self._media.close()
        self.connected = False
        self._media = await _open_media(self._link.local.ip, marker, self._changed.set)
        return self._media.voice

    def _take(self, message: SipMessage) -> None:
        self._perform(self.core.received(message))

    def _gone(self) -> None:
        self._lost = True
        self._perform(self.core.link_lost())

    def _fire(self, name: str) -> None:
        self._timers.pop(name, None)
        self._perform(self.core.timer(name))

    def _perform(self, actions: list[Action]) -> None:
        for action in actions:
            self._perform_one(action)
        self._changed.set()

    def _perform_one(self, action: Action) -> None:
        if isinstance(action, Send):
            self._link.send(action.message)
        elif isinstance(action, SetTimer | StopTimer):
            if (timer := self._timers.pop(action.name, None)) is not None:
                timer.cancel()
            if isinstance(action, SetTimer):
                self._timers[action.name] = self._loop.call_later(action.seconds, self._fire, action.name)
        elif isinstance(action, RegistrationRefused):
            self._refusal = action
        elif isinstance(action, MediaChanged) and self._media is not None:
            self.connected = True
            self._media.voice.use(action.agreement)
            self._media.start()
        elif isinstance(action, CallOver) and self._media is not None:
            self._media.close()


def _refused(refusal: RegistrationRefused, node: str, plan: PhonePlan) -> CucmTlsError:
    if refusal.status == 0:
        return AnswerTimedOut(INTERFACE, "REGISTER", REGISTER_SECONDS)
    if refusal.status in (401, 403, 407):
        remedy = (
            "Check the digest credentials of the end user and that the phone names it as its digest user "
            "(Device > Phone > Protocol Specific Information > Digest User)."
        )
        return CredentialsRefused(INTERFACE, node, plan.user, f"{refusal.status} {refusal.reason}".strip(), remedy=remedy)
    remedy = f"A third-party SIP device with line {plan.number} and digest user {plan.user} must exist on the cluster."
    return InterfaceRefused(INTERFACE, "REGISTER", str(refusal.status), refusal.reason or "refused", remedy=remedy)


class _MediaSocket(asyncio.DatagramProtocol):
    """The phone's RTP port: what comes goes to the voice, what the voice says goes out every 20 ms."""

    def __init__(self, voice: RtpVoice, changed: Callable[[], None]) -> None:
        self.voice = voice
        self._changed = changed
        self._transport: asyncio.DatagramTransport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.voice.take(data, Endpoint(*addr[:2]), time.time_ns())
        self._changed()

    def error_received(self, exc: Exception) -> None:
        """ICMP says that nobody listens there yet."""
        del exc

    def start(self) -> None:
        """Begin to send; a second call changes nothing."""
        if self._timer is None and self._transport is not None and not self._transport.is_closing():
            self._send_next(asyncio.get_running_loop().time())

    def close(self) -> None:
        """Stop sending and receiving."""
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.close()

    def _send_next(self, due: float) -> None:
        agreed, transport = self.voice.agreement, self._transport
        if agreed is None or transport is None or transport.is_closing():
            return
        packet = self.voice.next_packet()
        if packet is not None:
            transport.sendto(packet, (agreed.remote.ip, agreed.remote.port))
            if not self.voice.keys_pending:
                self._changed()
        following = due + PACKET_SECONDS
        self._timer = asyncio.get_running_loop().call_at(following, self._send_next, following)


async def _open_media(ip: str, marker: str, changed: Callable[[], None]) -> _MediaSocket:
    """An RTP socket on a free even port. Raises: ClusterUnreachable when none is free."""
    loop = asyncio.get_running_loop()
    start = FIRST_PORT + (time.monotonic_ns() // 1000 % ((LAST_PORT - FIRST_PORT) // 2)) * 2
    for offset in range(0, LAST_PORT - FIRST_PORT, 2):
        port = FIRST_PORT + (start - FIRST_PORT + offset) % (LAST_PORT - FIRST_PORT)
        voice = RtpVoice(Endpoint(ip, port), marker)
        try:
            _, media = await loop.create_datagram_endpoint(partial(_MediaSocket, voice, changed), local_addr=(ip, port))
        except OSError:
            continue
        return media
    raise ClusterUnreachable(INTERFACE, ip, FIRST_PORT, "no media port is free on this machine")
