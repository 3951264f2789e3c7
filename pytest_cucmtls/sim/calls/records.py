"""A call as one node knows it, and how long simulated calls last."""

import asyncio
from dataclasses import dataclass, field

from pytest_cucmtls.sim.calls.legs import LegResult
from pytest_cucmtls.sim.calls.media import PACKET_INTERVAL_SECONDS, AudioStream
from pytest_cucmtls.sim.logs.call_log import CallParties
from pytest_cucmtls.sim.sip.signalling import Inbox, LegEvent


@dataclass(slots=True)
class Call:
    """One call as one node knows it."""

    call_id: int
    device: str
    """The phone of this cluster that takes part, "" while none does."""
    calling: str
    dialled: str
    ci: int
    outcome: LegResult | None = None
    """Set when the call is over."""
    trunk: str = ""
    answered_by: str = ""
    """Number of the local line that picked up."""
    audio: AudioStream | None = None
    abandoned: bool = False
    """The phone went on hook before anything answered for the call."""
    extended: bool = False
    """A leg to somebody exists: what happens to the call goes through the inbox."""
    diversion: str = ""
    """Diversion of the last forwarding (RFC 5806): number and reason; "" without one."""
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when somebody picked up."""
    inbox: Inbox = field(default_factory=asyncio.Queue)
    """What the legs of the call read."""

    def parties(self, called: str) -> CallParties:
        """For the call log."""
        return CallParties(self.ci, self.ci + 1, self.calling, called, self.dialled)

    def hang_up(self) -> None:
        """The phone of this cluster goes on hook."""
        if self.extended:
            self.inbox.put_nowait(LegEvent.HANG_UP)
        else:
            self.abandoned = True

    def hold(self) -> None:
        """The phone of this cluster puts the call on hold."""
        self.inbox.put_nowait(LegEvent.HOLD)

    def resume(self) -> None:
        """The phone of this cluster takes the held call back."""
        self.inbox.put_nowait(LegEvent.RESUME)


@dataclass(slots=True)
class CallLength:
    """How long calls last: packets per direction and their distance."""

    packets: int = 50
    interval_seconds: float = PACKET_INTERVAL_SECONDS

    @property
    def longest_seconds(self) -> float:
        """Limit after which a caller hangs up whatever arrived."""
        return self.packets * self.interval_seconds + 5.0
