"""Which time a date is compared with: the call's, the handshake's, else when the evidence was gathered; holds no check."""

from datetime import datetime, timedelta

from pytest_cucmtls.model.evidence import CallAttempt, Evidence, Sourced

CALL_MARGIN = timedelta(seconds=10)
"""Clocks of tool and node may differ this much before a trace record counts as outside the call."""


def moment(evidence: Evidence) -> datetime:
    """Start of the first test call, else the time the evidence was gathered (never the clock of the machine that judges)."""
    starts = [call.value.started_at for call in evidence.calls]
    return min(starts, default=evidence.gathered_at)


def calls_of(evidence: Evidence, direction: str) -> tuple[Sourced[CallAttempt], ...]:
    """The test calls of a direction, oldest first."""
    return tuple(
        sorted((call for call in evidence.calls if call.value.direction == direction), key=lambda call: call.value.started_at)
    )


def within(call: CallAttempt, at: datetime | None, gathered_at: datetime) -> bool:
    """True when a moment lies inside the call, margins included on both ends; an unknown moment is not excluded."""
    if at is None:
        return True
    return call.started_at - CALL_MARGIN <= at <= (call.ended_at or gathered_at) + CALL_MARGIN
