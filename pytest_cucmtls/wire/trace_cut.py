"""Cuts trace files of one node into one per peer: the records of its calls' times, and those that name one of its addresses."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from pytest_cucmtls.wire.call_logs import LINE
from pytest_cucmtls.wire.sdl_records import parse_file_head

_RECORD = re.compile(rb"^\d{7,10}\.\d{3} *\|(\d\d:\d\d:\d\d\.\d{3}) *\|([A-Za-z][\w-]{0,31}) *\|", re.MULTILINE)
_HALF_A_DAY = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class PeerMarks:
    """What tells a peer's records: when its calls stood, its addresses, and (calling, called) numbers of the calls."""

    name: str
    times: tuple[tuple[datetime, datetime], ...]
    addresses: tuple[str, ...]
    numbers: tuple[tuple[str, str], ...] = ()


def cut_sdl_trace(text: bytes, peers: Iterable[PeerMarks]) -> dict[str, bytes] | None:
    """The records of each peer in file order, after the FileHead; a record that concerns two peers stands in both.

    Of the records in the time of a peer's call, those that name another peer and not this one are left out.

    None when the file has no FileHead with a date, or no numbered records: then nobody knows when its records are from.
    """
    peers = tuple(peers)
    found = list(_RECORD.finditer(text))
    times = _times(text, found)
    if times is None:
        return None
    wanted: dict[str, set[int]] = {
        peer.name: {place for place, head in enumerate(found) if head[2] == b"FileHead"} for peer in peers
    }
    for peer in peers:
        for begin, end in peer.times:
            wanted[peer.name].update(range(bisect_left(times, begin), bisect_right(times, end)))
    starts = [head.start() for head in found]
    named: dict[int, set[str]] = {}
    for name, position in _mentions(text, peers):
        named.setdefault(bisect_right(starts, position) - 1, set()).add(name)
    for place, names in named.items():
        for name, places in wanted.items():
            if name in names and place >= 0:
                places.add(place)
            elif found[place][2] != b"FileHead":
                places.discard(place)
    ends = [*starts[1:], len(text)]
    return {name: b"".join(text[starts[place] : ends[place]] for place in sorted(places)) for name, places in wanted.items()}


def cut_call_log(text: bytes, peers: Iterable[PeerMarks]) -> dict[str, bytes]:
    """The lines of each peer's calls: of the legs whose setup shows its numbers or whose messages show its addresses."""
    peers = tuple(peers)
    lines = [line for line in text.split(b"\n") if LINE.match(line)]
    columns = [line.decode("utf-8", "replace").rstrip("\r").split("|") for line in lines]
    pieces: dict[str, bytes] = {}
    for peer in peers:
        addresses, numbers = set(peer.addresses), set(peer.numbers)
        legs: set[str] = set()
        for row in columns:
            if row[1] == "CC" and len(row) > 6 and row[2] == "SETUP" and (row[5], row[6]) in numbers:
                legs.update(row[3:5])
            elif row[1] != "CC" and addresses & set(row):
                legs.add(row[2])
        kept = [line for line, row in zip(lines, columns, strict=True) if legs & set(row[3:5] if row[1] == "CC" else row[2:3])]
        pieces[peer.name] = b"".join(line + b"\n" for line in kept)
    return pieces


def _times(text: bytes, found: list[re.Match[bytes]]) -> list[datetime] | None:
    """UTC time of every record, never falling (a record written late has its neighbour's); None without a date."""
    header = next((parse_file_head(text[head.end() :].split(b"\n", 1)[0].decode("utf-8", "replace")) for head in found
                   if head[2] == b"FileHead"), None)  # fmt: skip
    if header is None or header.date is None or header.utc_offset_seconds is None:
        return None
    midnight = datetime.combine(date.fromisoformat(header.date), time(), UTC) - timedelta(seconds=header.utc_offset_seconds)
    times: list[datetime] = []
    for head in found:
        moment = time.fromisoformat(head[1].decode())
        at = midnight + timedelta(
            hours=moment.hour, minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond
        )
        if times and times[-1] - at > _HALF_A_DAY:
            midnight, at = midnight + timedelta(days=1), at + timedelta(days=1)
        times.append(max(at, times[-1]) if times else at)
    return times


def _mentions(text: bytes, peers: tuple[PeerMarks, ...]) -> Iterable[tuple[str, int]]:
    """(peer, position) of every place that names an address of a peer."""
    names: Mapping[bytes, str] = {address.encode(): peer.name for peer in peers for address in peer.addresses}
    if not names:
        return
    pattern = re.compile(rb"(?<![\w.:])(?:" + b"|".join(map(re.escape, names)) + rb")(?!\w|\.\d|:[0-9a-fA-F]*:)")
    for place in pattern.finditer(text):
        yield names[place[0]], place.start()
