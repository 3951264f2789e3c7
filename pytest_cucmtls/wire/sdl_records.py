"""Cuts SDL and SDI traces into records and gives those that hold one of the wanted texts (any release from 8 on).

Most records of a trace concern nobody here, so records are only located and counted; text is made of the wanted ones.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from pytest_cucmtls.model.traces import TraceHeader, TraceSource

LARGEST_RECORD_BYTES = 1024 * 1024
"""A SIP message with its body is far below; what is longer is cut."""
LONGEST_LEAD_BYTES = 64 * 1024
"""What a file may still say of the last record of the file before it."""
_MOST_TYPES = 1000
_TYPES = {b"|FileHead", b"|AlarmErr"}
_EXCERPT_BYTES = 64 * 1024
_LONGEST_HEADER = 8192


@dataclass(frozen=True, slots=True)
class Grammar:
    """How records begin: `scan` finds beginnings (groups: hour, type), `head` reads one (sequence, time, type)."""

    scan: re.Pattern[bytes]
    head: re.Pattern[str]
    embedded: re.Pattern[str] | None


SDL = Grammar(
    scan=re.compile(rb"\n\d{7,10}+\.\d{3} *+\|(\d\d):\d\d:\d\d\.\d{3} *+\|([A-Za-z][\w-]{0,31}+) *+\|"),
    head=re.compile(r"(\d{7,10}\.\d{3}) *\|(\d\d:\d\d:\d\d\.\d{3}) *\|([A-Za-z][\w-]{0,31}) *\|"),
    embedded=re.compile(r" (?=\d{8}\.\d{3} *\|\d\d:\d\d:\d\d\.\d{3} *\|[A-Za-z][\w-]{0,31} *\|)"),
)
"""``NNNNNNNN.NNN |HH:MM:SS.mmm |Type    |payload``; published excerpts collapse the padding and join records."""
UNNUMBERED = Grammar(
    scan=re.compile(rb"\n(\d\d):\d\d:\d\d\.\d{3} *+\|([A-Za-z][\w-]{0,31}+) *+\|"),
    head=re.compile(r"()(\d\d:\d\d:\d\d\.\d{3}) *\|([A-Za-z][\w-]{0,31}) *\|"),
    embedded=None,
)
"""SDL whose sequence numbers were cut off, as excerpts in reports often are."""
LEGACY_SDI = Grammar(
    scan=re.compile(rb"\n(?:\d\d/\d\d/\d{4} )?(\d\d):\d\d:\d\d\.\d{3} ([A-Za-z][\w ]{0,40}) *\|"),
    head=re.compile(r"()(?:\d\d/\d\d/\d{4} )?(\d\d:\d\d:\d\d\.\d{3}) ([A-Za-z][\w ]{0,40}) *\|"),
    embedded=None,
)
"""``HH:MM:SS.mmm CCM CallManager|text``: separate SDI files, up to 8.x."""


@dataclass(frozen=True, slots=True)
class Record:
    """One wanted record: payload with its continuation lines, line ends made plain."""

    source: TraceSource
    kind: str
    text: str


class RecordReader:
    """Goes once through chunks of trace text; counters and times are complete when the records are exhausted."""

    def __init__(self, grammar: Grammar, wanted: Iterable[bytes]) -> None:
        self._grammar, self._wanted = grammar, tuple(wanted)
        self.by_type: Counter[str] = Counter()
        self.header: TraceHeader | None = None
        self.cut_records = 0
        self._calendar = _Calendar()
        self._lines_before = 0
        self._first: tuple[str, int] | None = None
        self._first_at: datetime | None = None
        self._last: str = ""
        self._begun = False
        self.lead = ""
        self.last_record: Record | None = None

    @property
    def first_at(self) -> datetime | None:
        """UTC time of the first record, None without a FileHead."""
        return self._first_at

    @property
    def last_at(self) -> datetime | None:
        """UTC time of the last record, None without a FileHead."""
        return self._calendar.at(self._last, self._calendar.day) if self._last else None

    def records(self, chunks: Iterable[bytes]) -> Iterator[Record]:
        """The wanted records in file order."""
        waiting = b"\n"
        for chunk in chunks:
            text = waiting + chunk
            end = _Heads(self._grammar.scan, text, len(text)).last_before(len(text))
            if end <= 0 and len(text) < LARGEST_RECORD_BYTES:
                waiting = text
                continue
            if end <= 0 or len(text) - end >= LARGEST_RECORD_BYTES:
                end = self._cut(text)
            yield from self._within(text, end)
            waiting = text[end:]
        yield from self._within(waiting, len(waiting))

    def _cut(self, text: bytes) -> int:
        """End of what is treated as complete when a record is too long: the last line end, or all of it."""
        self.cut_records += 1
        line_end = text.rfind(b"\n")
        return line_end if line_end > 0 else len(text)

    def _within(self, text: bytes, size: int) -> Iterator[Record]:
        """Wanted records of the first `size` bytes, which hold complete records only."""
        facts = self._grammar.scan.findall(text, 0, size + 1)
        if not facts:
            self._lines_before += text.count(b"\n", 0, size)
            return
        counted = Counter(facts)
        for (_, kind), number in counted.items():
            self._count(kind, number)
        heads = _Heads(self._grammar.scan, text, size)
        kinds = {kind for _, kind in counted}
        if not self._begun:
            self._begun = True
            self.lead = _plain(text[1 : min(heads.first_from(0), LONGEST_LEAD_BYTES)])
        days = self._calendar.days(facts, {hour for hour, _ in counted})
        self._note_times(text, (heads.first_from(0), heads.last_before(size)), days[0])
        counted_to, lines, self.last_record = 0, self._lines_before, None
        for head, end in self._wanted_places(text, size, heads, kinds):
            lines += text.count(b"\n", counted_to, head + 1)
            counted_to = head + 1
            day = days[heads.number_of(head)] if len(days) > 1 else days[0]
            for record in self._read(text[head + 1 : min(end, head + LARGEST_RECORD_BYTES)], lines, day):
                self.last_record = record if end == size else None
                yield record
        self._lines_before = lines + text.count(b"\n", counted_to, size)

    def _count(self, kind: bytes, number: int) -> None:
        name = kind.decode("ascii").strip()
        if name in self.by_type or len(self.by_type) < _MOST_TYPES:
            self.by_type[name] += number

    def _note_times(self, text: bytes, first_and_last: tuple[int, int], first_day: int) -> None:
        for place in first_and_last:
            found = self._grammar.head.match(text[place + 1 : place + 121].decode("ascii", "replace"))
            if found:
                self._first = self._first or (found.group(2), first_day)
                self._last = found.group(2)

    def _wanted_places(self, text: bytes, size: int, heads: "_Heads", kinds: set[bytes]) -> list[tuple[int, int]]:
        """(beginning, end) of every record that holds one of the wanted texts, each visited once per text.

        A wanted type that is not among the types of a long text is not looked for: excerpts with joined records are short.
        """
        places: set[tuple[int, int]] = set()
        for needle in self._wanted:
            if needle in _TYPES and size > _EXCERPT_BYTES and needle[1:] not in kinds:
                continue
            position = text.find(needle, 0, size)
            while position >= 0:
                head, end = heads.last_before(position), heads.first_from(position)
                if head >= 0:
                    places.add((head, end))
                position = text.find(needle, end, size)
        return sorted(places)

    def _read(self, raw: bytes, line: int, day: int) -> Iterator[Record]:
        text = _plain(raw).rstrip("\r")
        single_line = "\n" not in text.rstrip("\n")
        parts = self._grammar.embedded.split(text) if self._grammar.embedded and single_line else [text]
        for position, part in enumerate(parts):
            found = self._grammar.head.match(part)
            if found is None:
                continue
            sequence, moment, kind = found.group(1), found.group(2), found.group(3).strip()
            if position:
                self._count(kind.encode("ascii", "replace"), 1)
            payload = part[found.end() :]
            if kind == "FileHead":
                self._begin_file(payload, day)
            source = TraceSource(sequence, moment, line, self._calendar.at(moment, day))
            yield Record(source, kind, payload)

    def _begin_file(self, payload: str, day: int) -> None:
        header = parse_file_head(payload)
        if self.header is None:
            self.lead = self.lead or payload.partition("\n")[2][:LONGEST_LEAD_BYTES]
        self.header = self.header or header
        self._calendar.begin(header, day)
        if self._first_at is None and self._first is not None:
            self._first_at = self._calendar.at(*self._first)


def _plain(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").replace("\r\n", "\n")


class _Heads:
    """Beginnings of records in one piece of text, looked for near a place: listing them all takes as long as all the rest."""

    _LINES_BACK = 200
    """A result block has 50 lines, a SIP message about as many; beyond that the list is made after all."""

    def __init__(self, scan: re.Pattern[bytes], text: bytes, size: int) -> None:
        self._scan, self._text, self._size = scan, text, size
        self._all: list[int] | None = None

    def first_from(self, position: int) -> int:
        """The first beginning at or after this place, the end of the text when there is none."""
        found = self._scan.search(self._text, position)
        return min(found.start(), self._size) if found else self._size

    def last_before(self, position: int) -> int:
        """The last beginning before this place, -1 when there is none."""
        line = self._text.rfind(b"\n", 0, position)
        for _ in range(self._LINES_BACK):
            if line < 0 or self._scan.match(self._text, line):
                return line
            line = self._text.rfind(b"\n", 0, line)
        before = bisect_right(self._list(), position - 1)
        return self._list()[before - 1] if before else -1

    def number_of(self, head: int) -> int:
        """Which beginning this is, counted from 0."""
        return bisect_right(self._list(), head) - 1

    def _list(self) -> list[int]:
        if self._all is None:
            self._all = [found.start() for found in self._scan.finditer(self._text, 0, self._size + 1)]
        return self._all


class _Calendar:
    """Counts midnights: records carry the time of day only, and the date stands in the FileHead alone."""

    def __init__(self) -> None:
        self.day = 0
        self._hour: int | None = None
        self._date: date | None = None
        self._offset = timedelta()
        self._begun_on = 0

    def begin(self, header: TraceHeader, day: int) -> None:
        """A FileHead record: its date is the date of this day."""
        if header.date is not None and header.utc_offset_seconds is not None:
            self._date, self._begun_on = date.fromisoformat(header.date), day
            self._offset = timedelta(seconds=header.utc_offset_seconds)

    def days(self, records: list[tuple[bytes, bytes]], hours: set[bytes]) -> list[int]:
        """Day number of each (hour, type), or the one day of all of them.

        A fall of half a day is midnight, such a rise a record that was written late.
        """
        first = self._step(int(records[0][0]))
        if int(max(hours)) - int(min(hours)) < 12:
            self._hour = int(records[-1][0])
            return [first]
        return [first, *(self._step(int(hour)) for hour, _ in records[1:])]

    def _step(self, hour: int) -> int:
        if self._hour is not None and abs(hour - self._hour) >= 12:
            self.day += 1 if hour < self._hour else -1
        self._hour = hour
        return self.day

    def at(self, moment: str, day: int) -> datetime | None:
        """UTC time of a time of day on a day number; None while no date is known."""
        if self._date is None:
            return None
        try:
            local = datetime.combine(self._date, time.fromisoformat(moment), UTC)
            return local + timedelta(days=day - self._begun_on) - self._offset
        except (ValueError, OverflowError):
            return None


def parse_file_head(payload: str) -> TraceHeader:
    """``UTC:-04:00,Date: 2016/10/18, AppName: CCM, …`` as fields; what is missing or nonsense is None."""
    first_line = payload[:_LONGEST_HEADER].partition("\n")[0]
    fields = [
        (key.strip(), value.strip())
        for key, colon, value in (part.partition(":") for part in re.split(r",\s*(?=[A-Za-z]\w*:)", first_line))
        if colon
    ]
    known = dict(fields)
    words = (word.partition("=") for word in known.get("AppVersion", "").split())
    inside = [(key, value) for key, equals, value in words if equals and key and value]
    return TraceHeader(
        utc_offset_seconds=_offset_seconds(known.get("UTC", "")),
        date=_iso_date(known.get("Date", "")),
        node_id=_number(known.get("AppNodeId", "")),
        version=dict(inside).get("Install"),
        host_name=known.get("HostName") or None,
        host_address=known.get("HostIPAddress") or None,
        file_number=_number(known.get("FileNumber", "")),
        fields=(*fields, *inside),
    )


def _offset_seconds(text: str) -> int | None:
    found = re.fullmatch(r"([+-]?)(\d\d):(\d\d)", text, re.ASCII)
    if not found or int(found.group(2)) > 14:
        return None
    seconds = int(found.group(2)) * 3600 + int(found.group(3)) * 60
    return -seconds if found.group(1) == "-" else seconds


def _iso_date(text: str) -> str | None:
    try:
        return date.fromisoformat(text.replace("/", "-")).isoformat()
    except ValueError:
        return None


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else None
