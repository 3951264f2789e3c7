"""OPTIONS ping of SIP trunks: whether each destination of a trunk answers, asked when its SIP profile says so.

SIP profile fields: `enableOutboundOptionsPing`, `optionsPingIntervalWhenStatusOK` and `…NotOK` (seconds),
`sipOptionsRetryTimer` (milliseconds), `sipOptionsRetryCount`. Reasons of a destination that is out of service:
Local=1 request timeout, Local=2 no connection can be made, Local=3 the name cannot be resolved, Remote=408/503 its answer
(CUCM System Configuration Guide, "SIP OPTIONS ping"; platform.md §5.2).
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.sim.calls.dial_plan import text, truth
from pytest_cucmtls.sim.calls.trunks import RunningTrunk, RunningTrunks
from pytest_cucmtls.sim.database import Database, Row
from pytest_cucmtls.sim.logs.traces import TraceWriter
from pytest_cucmtls.sim.sip.dialogs import SipDialog
from pytest_cucmtls.sim.sip.headers import new_call_id, new_tag
from pytest_cucmtls.sim.sip.signalling import ConnectionFailed, NameUnknown, SipSignalling
from pytest_cucmtls.sim.state import NodeState

_OUT_OF_SERVICE_ANSWERS = {408, 503}
_OK_SECONDS, _NOT_OK_SECONDS, _RETRY_MILLISECONDS, _RETRIES = 60.0, 120.0, 500.0, 6
_LONGEST_RETRY_SECONDS = 4.0
"""T2: retries are apart T1, twice T1 and so on, but never more than this (RFC 3261 §17.1.2.2)."""


class TrunkService(Enum):
    """The word of a trunk's service status."""

    FULL = "Full Service"
    PARTIAL = "Partial Service"
    NONE = "No Service"
    UNKNOWN = "Unknown - OPTIONS Ping not enabled"


@dataclass(frozen=True, slots=True)
class PingPlan:
    """What a SIP profile asks for; times in seconds."""

    ok_seconds: float
    not_ok_seconds: float
    retry_seconds: float
    retries: int


@dataclass(frozen=True, slots=True)
class TrunkState:
    """A trunk's service and, for each destination that does not answer, ``host:port`` with the reason."""

    service: TrunkService
    reasons: tuple[tuple[str, str], ...] = ()


class OptionsPing:
    """Pings the trunks of one node from `start` to `stop`."""

    def __init__(
        self, node: NodeState, trunks: RunningTrunks, traces: TraceWriter, signalling: SipSignalling, database: Database
    ) -> None:
        self._node = node
        self._trunks = trunks
        self._traces = traces
        self._signalling = signalling
        self._database = database
        self._tasks: dict[tuple[str, str, int], asyncio.Task[None]] = {}
        self._reasons: dict[tuple[str, str, int], str] = {}
        """Per trunk and destination: "" when it answers; absent until the first ping has ended."""
        self._changed = asyncio.Condition()
        self._running = False

    def start(self) -> None:
        """Begin to ping every trunk whose profile asks for it."""
        self._running = True
        self.follow_configuration()

    async def stop(self) -> None:
        """End all pings."""
        self._running = False
        await self._cancel(tuple(self._tasks))

    async def reset(self, trunk: str) -> None:
        """Forget what is known of a trunk and begin again with its configuration of now."""
        await self._cancel(tuple(key for key in self._tasks if key[0] == trunk))
        self.follow_configuration()

    def follow_configuration(self) -> None:
        """Ping trunks that were added since."""
        if not self._running:
            return
        for trunk in self._trunks.all():
            plan = self.plan_of(trunk.name)
            for host, port in trunk.destinations if plan else ():
                key = (trunk.name, host, port)
                if plan is not None and key not in self._tasks:
                    self._tasks[key] = asyncio.get_running_loop().create_task(self._ping(key, plan))

    def plan_of(self, trunk: str) -> PingPlan | None:
        """What the trunk's SIP profile asks for; None when it asks for no ping."""
        row = self._database.find("sipTrunk", name=trunk) or {}
        profile = self._database.find("sipProfile", name=text(row.get("sipProfileName"))) or {}
        options: Row = profile.get("sipOptions") or profile
        if not truth(options.get("enableOutboundOptionsPing")):
            return None
        return PingPlan(
            ok_seconds=_number(options, "optionsPingIntervalWhenStatusOK", _OK_SECONDS),
            not_ok_seconds=_number(options, "optionsPingIntervalWhenStatusNotOK", _NOT_OK_SECONDS),
            retry_seconds=_number(options, "sipOptionsRetryTimer", _RETRY_MILLISECONDS) / 1000,
            retries=round(_number(options, "sipOptionsRetryCount", _RETRIES)),
        )

    def state(self, name: str) -> TrunkState:
        """What is known of a trunk now."""
        trunk = self._trunks.find(name)
        if trunk is None or self.plan_of(name) is None:
            return TrunkState(TrunkService.UNKNOWN)
        known = [(f"{host}:{port}", self._reasons.get((name, host, port))) for host, port in trunk.destinations]
        down = tuple((where, reason) for where, reason in known if reason)
        if any(reason == "" for _, reason in known):
            return TrunkState(TrunkService.PARTIAL if down else TrunkService.FULL, down)
        return TrunkState(TrunkService.NONE, down)

    def out_of_service(self, trunk: str, host: str, port: int) -> bool:
        """The last ping of this destination failed: calls do not try it."""
        return bool(self._reasons.get((trunk, host, port)))

    async def wait_for(self, name: str, wanted: Callable[[TrunkState], bool]) -> TrunkState:
        """Until a trunk's state is as wanted; a caller sets the limit."""
        async with self._changed:
            await self._changed.wait_for(lambda: wanted(self.state(name)))
            return self.state(name)

    async def _cancel(self, keys: tuple[tuple[str, str, int], ...]) -> None:
        tasks = [self._tasks.pop(key) for key in keys]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for key in keys:
            self._reasons.pop(key, None)

    async def _ping(self, key: tuple[str, str, int], plan: PingPlan) -> None:
        name, host, port = key
        woken = asyncio.Event()
        while (trunk := self._trunks.find(name)) is not None:
            reason = await self._ask(trunk, host, port, plan)
            await self._remember(key, reason)
            timer = asyncio.get_running_loop().call_later(plan.not_ok_seconds if reason else plan.ok_seconds, woken.set)
            try:
                await woken.wait()
            finally:
                timer.cancel()
            woken.clear()

    async def _ask(self, trunk: RunningTrunk, host: str, port: int, plan: PingPlan) -> str:
        """One OPTIONS with its retries; "" when the destination is in service."""
        try:
            connection = await self._signalling.connect_to(trunk, host, port)
        except NameUnknown:
            return "Local=3"
        except (ConnectionFailed, OSError, TimeoutError, ssl.SSLError):
            return "Local=2"
        call_id = new_call_id(self._node)
        dialog = SipDialog(self._node, connection, call_id, 0, "", "", new_tag(connection.index, self._node.name, 0))
        inbox = self._signalling.open_inbox(call_id, connection, 0)
        try:
            wait = plan.retry_seconds
            for _ in range(plan.retries + 1):
                self._signalling.send(dialog, dialog.options(host, port))
                try:
                    async with asyncio.timeout(wait):  # wait_for may swallow a cancellation before Python 3.12
                        answer = await inbox.get()
                except TimeoutError:
                    wait = min(2 * wait, _LONGEST_RETRY_SECONDS)
                    continue
                if not isinstance(answer, SipMessage):
                    return "Local=2"
                status = answer.status_code or 0
                return f"Remote={status}" if status in _OUT_OF_SERVICE_ANSWERS else ""
            return "Local=1"
        finally:
            self._signalling.close_inbox(call_id)

    async def _remember(self, key: tuple[str, str, int], reason: str) -> None:
        before = self.state(key[0]).service if key in self._reasons else None
        self._reasons[key] = reason
        state = self.state(key[0])
        if state.service is not before:
            self._traces.trunk_alarm(key[0], state.service.value, state.reasons)
        async with self._changed:
            self._changed.notify_all()


def _number(options: Row, name: str, default: float) -> float:
    value = text(options.get(name))
    try:
        return float(value) if value else default
    except ValueError:
        return default
