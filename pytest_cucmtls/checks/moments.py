"""Which time a date is compared with: the call's, the handshake's, else when the evidence was gathered; holds no check."""

from datetime import datetime, timedelta

from pytest_cucmtls.model.evidence import CallAttempt, Evidence, Sourced

CALL_MARGIN = timedelta(seconds=10)
"""Clocks of tool and node may differ this much before a trace record counts as outside the call."""
MEASURED_MARGIN = timedelta(seconds=2)
"""The same where the node's clock was read and its offset is taken out (nodes print whole seconds)."""


def moment(evidence: Evidence) -> datetime:
    """Start of the first test call, else the time the evidence was gathered (never the clock of the machine that judges)."""
    starts = [call.value.started_at for call in evidence.calls]
    return min(starts, default=evidence.gathered_at)


def calls_of(evidence: Evidence, direction: str) -> tuple[Sourced[CallAttempt], ...]:
    """The test calls of a direction, oldest first."""
    return tuple(
        sorted((call for call in evidence.calls if call.value.direction == direction), key=lambda call: call.value.started_at)
    )


def within(call: CallAttempt, at: datetime | None, gathered_at: datetime, offset_seconds: float | None = None) -> bool:
    """True when a node's moment lies inside the call, margins included on both ends; an unknown moment is not excluded.

    `offset_seconds` is the node's clock minus the tool's, None when nobody read it: then the margin is wider.
    """
    if at is None:
        return True
    margin = CALL_MARGIN if offset_seconds is None else MEASURED_MARGIN
    moved = at - timedelta(seconds=offset_seconds or 0.0)
    return call.started_at - margin <= moved <= (call.ended_at or gathered_at) + margin
