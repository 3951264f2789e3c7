"""When which certificate ends: bars from begin to end on one time axis, with the day of the judgement marked."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pytest_cucmtls.checks.forecast import ForecastEvent
from pytest_cucmtls.checks.forecast import forecast as foreseen
from pytest_cucmtls.checks.moments import moment as judged_at
from pytest_cucmtls.checks.stores import TRUST_UNIT, present_certificate
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.report.answers import Standing
from pytest_cucmtls.report.html.shown import day, distinguished

SOON = timedelta(days=30)
"""Where the policy says nothing (``cert.days_left_min``)."""
MOST_EVENTS = 12
_LONGEST_SHOWN = timedelta(days=4 * 365)


@dataclass(frozen=True, slots=True)
class Bar:
    """One certificate on the axis; `left` and `width` are per cent, `open_end` means it goes on beyond the axis."""

    name: str
    role: str
    begins: str
    ends: str
    days_left: int
    standing: Standing
    left: float
    width: float
    open_end: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A date on the axis."""

    label: str
    left: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """All certificates, the soonest to end first."""

    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    now: str
    now_left: float
    soon_days: int
    """A certificate with fewer days left counts as ending soon."""
    events: tuple[ForecastEvent, ...]
    """What will change, dated ones first."""
    more_events: int


def forecast(evidence: Evidence, policy: Policy | None = None) -> Forecast:
    """Identities, the authority's chain and what CallManager-trust holds, each certificate once; then what will change."""
    now = judged_at(evidence)
    soon = _soon(policy, now)
    events = foreseen(evidence, policy) if policy is not None else ()
    dated = tuple(event for event in events if event.on is not None)
    shown, more = dated[:MOST_EVENTS], max(0, len(dated) - MOST_EVENTS)
    known: dict[str, tuple[str, str, datetime, datetime]] = {}
    for role, name, certificate in _certificates(evidence):
        if certificate.not_before and certificate.not_after:
            known.setdefault(certificate.sha256, (role, name, certificate.not_before, certificate.not_after))
    if not known:
        return Forecast((), (), day(now), 0.0, soon.days, shown, more)
    spans = sorted(known.values(), key=lambda entry: entry[3])
    first = max(min(*(entry[2] for entry in spans), now), now - timedelta(days=365)) - timedelta(days=20)
    last = min(max(*(entry[3] for entry in spans), now + soon), now + _LONGEST_SHOWN)
    whole = (last - first).total_seconds()
    bars = tuple(_bar(entry, now, first, last, soon) for entry in spans)
    left = round(100 * (now - first).total_seconds() / whole, 2)
    return Forecast(bars, _ticks(first, last), day(now), left, soon.days, shown, more)


def _soon(policy: Policy | None, now: datetime) -> timedelta:
    """The days the policy wants left, else `SOON`."""
    rule = policy.rule("cert.days_left_min", now.date()) if policy is not None else None
    return timedelta(days=float(str(rule.value))) if rule is not None else SOON


def _certificates(evidence: Evidence) -> Iterable[tuple[str, str, Certificate]]:
    for cluster in evidence.clusters:
        for node in cluster.nodes:
            found = present_certificate(evidence, node)
            if found is not None:
                yield "expiry_identity", f"{cluster.name}/{node.name}", found[1].value
    for source in evidence.authority_chain:
        yield "expiry_authority", distinguished(source.value.subject), source.value
    for cluster in evidence.clusters:
        for node in cluster.nodes:
            for trusted in node.trust or ():
                if trusted.value.unit == TRUST_UNIT:
                    yield "expiry_trust", distinguished(trusted.value.certificate.subject), trusted.value.certificate


def _bar(entry: tuple[str, str, datetime, datetime], now: datetime, first: datetime, last: datetime, soon: timedelta) -> Bar:
    role, name, begins, ends = entry
    whole = (last - first).total_seconds()
    start, end = max(begins, first), min(max(ends, first), last)
    standing = Standing.REFUTED if not begins <= now <= ends else Standing.FRAGILE if ends - now < soon else Standing.PROVEN
    return Bar(
        name=name,
        role=role,
        begins=day(begins),
        ends=day(ends),
        days_left=(ends - now).days,
        standing=standing,
        left=round(max(0.0, min(99.0, 100 * (start - first).total_seconds() / whole)), 2),
        width=round(max(1.0, 100 * (end - start).total_seconds() / whole), 2),
        open_end=ends > last,
    )


def _ticks(first: datetime, last: datetime) -> tuple[Tick, ...]:
    """First days of a year, or of quarters when the axis is short."""
    whole = (last - first).total_seconds()
    months = (1,) if (last - first).days > 800 else (1, 4, 7, 10)
    days = [datetime(year, month, 1, tzinfo=first.tzinfo) for year in range(first.year, last.year + 1) for month in months]
    return tuple(
        Tick(f"{one:%Y-%m}", round(100 * (one - first).total_seconds() / whole, 2)) for one in days if first <= one <= last
    )
