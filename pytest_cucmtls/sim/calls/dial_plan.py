"""The dial plan of a simulated cluster, read from its database at the moment of the call."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_cucmtls.sim.calls.digit_analysis import (
    CalledPartyTransformation,
    Pattern,
    PatternInvalid,
    PatternMatch,
    closest,
    match_pattern,
    parse_pattern,
)
from pytest_cucmtls.sim.database import Database, Row, repeated

NO_PARTITION = ("", "<None>", "< None >")


@dataclass(frozen=True, slots=True)
class DialPlanEntry:
    """A directory number (`usage` 2) or route pattern (`usage` 5) that can be dialled."""

    pattern: Pattern
    partition: str
    """"" is the <None> partition."""
    usage: int
    row: Row = field(compare=False)


@dataclass(frozen=True, slots=True)
class DialPlanMatch:
    """The entry a number hit and the number that goes on from there."""

    entry: DialPlanEntry
    match: PatternMatch
    dialled: str
    called: str

    @property
    def blocked(self) -> bool:
        """The pattern is set to *Block this pattern*."""
        return truth(self.entry.row.get("blockEnable"))


def analyse(database: Database, digits: str, partitions: Sequence[str]) -> DialPlanMatch | None:
    """Closest match of a complete number in the given partitions and, always and last, in <None>."""
    order = {partition: position for position, partition in reversed(list(enumerate(partitions)))}
    order.setdefault("", len(partitions))
    candidates: list[tuple[int, PatternMatch]] = []
    entries: list[DialPlanEntry] = []
    for entry in dial_plan_entries(database):
        if entry.partition not in order:
            continue
        match = match_pattern(entry.pattern, digits)
        if match is not None:
            candidates.append((order[entry.partition], match))
            entries.append(entry)
    if not entries:
        return None
    chosen = closest(candidates)
    entry, match = entries[chosen], candidates[chosen][1]
    return DialPlanMatch(entry, match, digits, _transformation(entry.row).apply(digits, match))


def dial_plan_entries(database: Database) -> list[DialPlanEntry]:
    """Directory numbers, then route patterns; rows whose pattern cannot be used are left out, as they route nothing."""
    entries: list[DialPlanEntry] = []
    for kind, usage in (("line", 2), ("routePattern", 5)):
        for row in database.rows(kind):
            try:
                pattern = parse_pattern(text(row.get("pattern")))
            except PatternInvalid:
                continue
            entries.append(DialPlanEntry(pattern, partition_name(row.get("routePartitionName")), usage, row))
    return entries


def search_space(database: Database, *names: str) -> tuple[str, ...]:
    """Partitions of the calling search spaces in order (a line's before its phone's), without repetition."""
    partitions: dict[str, None] = {}
    for name in names:
        row = database.find("css", name=name) if name else None
        members = _ordered(row, "index") if row else []
        partitions.update(dict.fromkeys(partition_name(member.get("routePartitionName")) for member in members))
    return tuple(partitions)


def trunks_behind(database: Database, row: Row) -> tuple[str, ...]:
    """Device names a route pattern leads to, in the order they are tried: its gateway, or its route list's members."""
    destination = row.get("destination") or {}
    gateway = text(destination.get("gatewayName"))
    if gateway:
        return (gateway,)
    route_list = database.find("routeList", name=text(destination.get("routeListName")))
    if route_list is None or route_list.get("routeListEnabled") in (False, "false"):
        return ()
    devices: list[str] = []
    for member in _ordered(route_list, "selectionOrder"):
        group = database.find("routeGroup", name=text(member.get("routeGroupName")))
        if group is not None:
            devices += [text(device.get("deviceName")) for device in _ordered(group, "deviceSelectionOrder")]
    return tuple(dict.fromkeys(device for device in devices if device))


def partition_name(value: Any) -> str:
    """ "" for any spelling of <None>."""
    name = text(value)
    return "" if name in NO_PARTITION else name


def text(value: Any) -> str:
    """A scalar of a row as text; None is ""."""
    return "" if value is None else str(value)


def truth(value: Any) -> bool:
    """A boolean of a row, in any spelling AXL accepts."""
    return value is True or str(value).lower() in {"true", "t", "1"}


def _ordered(row: Row, key: str) -> list[Row]:
    return sorted(repeated(row, "members"), key=lambda member: int(member.get(key) or 0))


def _transformation(row: Row) -> CalledPartyTransformation:
    return CalledPartyTransformation(
        discard_pre_dot="PreDot" in text(row.get("digitDiscardInstructionName")).replace("-", ""),
        mask=text(row.get("calledPartyTransformationMask")),
        prefix=text(row.get("prefixDigitsOut")),
    )
