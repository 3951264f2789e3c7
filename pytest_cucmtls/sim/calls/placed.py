"""A simulated node's calls: from digit analysis over forwarding to the phone or trunk that takes them."""

import asyncio
import secrets
import uuid
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import replace
from itertools import count

from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.sim.calls.dial_plan import DialPlanMatch
from pytest_cucmtls.sim.calls.digit_analysis import significant_digits
from pytest_cucmtls.sim.calls.inter_node import crossing
from pytest_cucmtls.sim.calls.legs import LegResult, SipLeg
from pytest_cucmtls.sim.calls.parties import Caller, CallSetting, PhoneCaller, SipCaller, is_busy
from pytest_cucmtls.sim.calls.phones import NoFreeAddress, Phone, Phones
from pytest_cucmtls.sim.calls.records import Call, CallLength
from pytest_cucmtls.sim.calls.routing import FORWARD_REASONS, CallRouting, Forward
from pytest_cucmtls.sim.calls.targets import CallTargets
from pytest_cucmtls.sim.calls.trunks import RunningTrunk, RunningTrunks
from pytest_cucmtls.sim.logs.traces import TraceWriter
from pytest_cucmtls.sim.sip.headers import (
    NO_ROUTE,
    REJECTED,
    TEMPORARY_FAILURE,
    UNALLOCATED,
    UNAVAILABLE,
    status_of_cause,
    user_of,
)
from pytest_cucmtls.sim.sip.links import SipLink
from pytest_cucmtls.sim.sip.registrar import Registration
from pytest_cucmtls.sim.sip.signalling import SipSignalling
from pytest_cucmtls.sim.state import NodeState

__all__ = ["Call", "CallLength", "Calls", "caller_of", "dialled_of"]

MOST_FORWARDS = 10
MOST_FINISHED = 1000
"""Calls remembered after their end."""
_DECISIVE = {404, 483, 486, 487, 488, 600, 603}
"""Answers after which a route list tries no further member (service parameters *Stop Routing on …*, defaults)."""


class Calls:
    """Places and takes calls on one node."""

    def __init__(
        self,
        node: NodeState,
        phones: Phones,
        trunks: RunningTrunks,
        traces: TraceWriter,
        length: CallLength,
        targets: CallTargets,
    ) -> None:
        self.active: dict[int, Call] = {}
        self.finished: deque[Call] = deque(maxlen=MOST_FINISHED)
        self.run: Callable[[Coroutine[None, None, None]], None] = _nowhere
        """Runs a call beside the others until it is over (set by the service)."""
        self._phones = phones
        self._trunks = trunks
        self._traces = traces
        self._targets = targets
        self._ids = count(1)
        self._call_identifiers = count(17218100 + secrets.randbelow(1000) * 2, 2)
        self._routing = CallRouting(node, trunks, traces)
        self._setting = CallSetting(node, length, count(34), str(uuid.uuid4()), self.refer)

    def begin(self, device: str, calling: str, dialled: str) -> Call:
        """Register a call; `place`, `take` or `drop` ends it."""
        call = Call(next(self._ids), device, calling, dialled, next(self._call_identifiers))
        self.active[call.call_id] = call
        return call

    def drop(self, call: Call) -> None:
        """Nobody takes the call: the service is stopped, so nothing is traced either."""
        call.outcome = LegResult(0, TEMPORARY_FAILURE)
        self.active.pop(call.call_id, None)
        self.finished.append(call)

    async def place(self, call: Call, space: tuple[str, ...] | None = None) -> None:
        """A simulated phone of this cluster dials, from its own search space or another: runs until the call is over."""
        self._traces.call_log.setup(call.parties(call.dialled))
        phone = self._phones.find(call.device)
        result = LegResult(0, UNAVAILABLE)
        try:
            if phone is not None and not self._phones.is_external(phone.name):
                phone.calls += 1
                caller = PhoneCaller(self._setting, call, phone)
                reach = self._phones.search_space(phone.name, call.calling) if space is None else space
                result = await self._connect(call, caller, phone.name, reach)
        finally:
            if phone is not None:
                phone.calls = max(0, phone.calls - 1)
            self._end(call, result)

    def refer(self, call: Call, search_space: str, number: str, tell: Callable[[int], None]) -> None:
        """The peer of a call refers our phone to a number: it dials from that search space; `tell` hears the outcome once."""
        other = self.begin(call.device, call.answered_by or call.calling, number)
        self.run(self._place_and_tell(other, self._routing.space_of(search_space), tell))

    async def _place_and_tell(self, call: Call, space: tuple[str, ...], tell: Callable[[int], None]) -> None:
        loop = asyncio.get_running_loop()
        placing, answered = loop.create_task(self.place(call, space)), loop.create_task(call.answered.wait())
        try:
            await asyncio.wait((placing, answered), return_when=asyncio.FIRST_COMPLETED)
            tell(200 if call.answered.is_set() or call.outcome is None else _status_of(call.outcome))
            await placing
        finally:
            answered.cancel()
            placing.cancel()

    async def take(
        self, call: Call, link: SipLink, party: RunningTrunk | Registration, invite: SipMessage, signalling: SipSignalling
    ) -> None:
        """An INVITE came in: runs until the call is over. `call.inbox` is already the inbox of its Call-ID."""
        call.extended = True
        dialog = self._setting.dialog(signalling, link, invite.call_id or "", call, remote=call.calling, local=call.dialled)
        dialog.learn(invite)
        trunk = party if isinstance(party, RunningTrunk) else None
        dialog.reliable = trunk is not None and trunk.reliable_provisional
        leg = SipLeg(signalling, dialog, trunk is None or trunk.srtp_allowed, call.inbox, next(self._setting.sessions))
        leg.refreshes_by_update = trunk is not None and trunk.refreshes_by_update
        caller = SipCaller(self._setting, call, leg, invite, trunk)
        result = LegResult(0, TEMPORARY_FAILURE)
        try:
            leg.send(dialog.respond(invite, 100))
            self._traces.call_log.setup(call.parties(call.dialled))
            if isinstance(party, RunningTrunk):
                call.trunk = party.name
                digits = significant_digits(call.dialled, party.significant_digits)
                space = self._routing.space_of(party.calling_search_space)
                result = await self._connect(call, caller, party.name, space, digits=digits)
            else:
                call.device = party.device
                space = self._phones.search_space(party.device, party.number)
                result = await self._connect(call, caller, party.device, space)
        finally:
            result = caller.conclude(result)
            signalling.close_inbox(dialog.call_id)
            self._end(call, result)

    async def _connect(
        self, call: Call, caller: Caller, origin: str, space: tuple[str, ...], *, digits: str | None = None
    ) -> LegResult:
        """Digit analysis, then line by line and trunk by trunk until somebody takes the call."""
        try:
            found = self._looked_up(call, call.dialled if digits is None else digits, space)
            return await self._route(call, caller, origin, found)
        except NoFreeAddress:
            return LegResult(0, TEMPORARY_FAILURE)

    async def _route(self, call: Call, caller: Caller, origin: str, found: DialPlanMatch | Phone | None) -> LegResult:
        for _ in range(MOST_FORWARDS):
            if found is None:
                return LegResult(0, UNALLOCATED)
            if isinstance(found, Phone):
                call.answered_by = self._routing.voice_mail_pilot
                return await caller.to_phone(found, None)
            if found.blocked:
                return LegResult(0, REJECTED)
            if found.entry.usage != 2:
                names = self._routing.trunks_of(call, found)
                return await self._over_trunks(call, caller, origin, names, found.called)
            forward, reason = self._routing.forward_all(found), "unconditional"
            if forward is None:
                result = await self._to_line(call, caller, origin, found)
                forward = None if result.answered else self._routing.forward_after(found, result.cause)
                if forward is None:
                    return result
                reason = FORWARD_REASONS[result.cause]
            call.diversion = f"{found.entry.pattern.text};reason={reason}"
            found = self._forwarded(call, forward)
        return LegResult(0, UNALLOCATED)

    def _forwarded(self, call: Call, forward: Forward) -> DialPlanMatch | Phone | None:
        return self._phones.voice_mail if forward.voice_mail else self._looked_up(call, forward.destination, forward.spaces)

    def _looked_up(self, call: Call, digits: str, space: tuple[str, ...]) -> DialPlanMatch | Phone | None:
        found = self._routing.analyse(call, digits, space)
        if found is None and digits and digits == self._routing.voice_mail_pilot:
            return self._phones.voice_mail
        return found

    async def _to_line(self, call: Call, caller: Caller, origin: str, found: DialPlanMatch) -> LegResult:
        """The phone that has the line."""
        phone = self._phones.with_line(found.entry.pattern.text, found.entry.partition)
        if phone is None:
            return LegResult(0, UNAVAILABLE)
        busy = is_busy(phone)
        if busy is not None:
            return busy
        call.answered_by = found.entry.pattern.text.replace("\\", "")
        seconds = self._routing.no_answer_seconds(found)
        home = self._routing.trace_line(call, found, phone, self._phones.row(phone.name))
        self._traces.call_log.offered(call.parties(call.answered_by), origin, phone.name)
        phone.calls += 1
        try:
            if not self._phones.is_external(phone.name):
                if not call.device:
                    call.device = phone.name
                with crossing(self._setting.node, home, "LineControl", 1, call.ci):
                    return await caller.to_phone(phone, seconds)
            target = self._targets.phone(phone.name, call.answered_by)
            if target is None:
                return LegResult(0, UNAVAILABLE)
            with crossing(self._setting.node, home, "LineControl", 1, call.ci):
                return await caller.to_sip(target, seconds)
        finally:
            phone.calls -= 1

    async def _over_trunks(self, call: Call, caller: Caller, origin: str, names: tuple[str, ...], called: str) -> LegResult:
        result = LegResult(0, NO_ROUTE)
        for name in names:
            target = self._targets.trunk(name, called)
            if target is None:
                continue
            self._traces.call_log.offered(call.parties(called), origin, name)
            call.trunk, call.answered_by = name, ""
            with crossing(self._setting.node, target.signalling.node, "SIPD", target.instance, call.ci):
                result = await caller.to_sip(target, None)
            if result.answered or result.status in _DECISIVE:
                break
        return result

    def _end(self, call: Call, result: LegResult) -> None:
        if call.audio is not None:
            call.audio.close()
        call.outcome = replace(result)
        self._traces.call_log.release(call.parties(call.dialled), result.cause)
        self.active.pop(call.call_id, None)
        self.finished.append(call)


def caller_of(invite: SipMessage) -> str:
    """Calling number of an INVITE: asserted identity before From (RFC 3325)."""
    return user_of(invite.header("P-Asserted-Identity") or "") or user_of(invite.header("From") or "")


def dialled_of(invite: SipMessage) -> str:
    """Called number of an INVITE."""
    return user_of(invite.request_uri or "")


def _status_of(result: LegResult) -> int:
    """What a party that never picked up is reported with."""
    return result.status if result.status > 299 else status_of_cause(result.cause)


def _nowhere(work: Coroutine[None, None, None]) -> None:
    """No service runs these calls."""
    work.close()
