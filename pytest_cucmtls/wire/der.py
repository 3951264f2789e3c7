"""Reads DER elements tolerantly: enough of X.690 to walk certificates that a strict parser refuses."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

INTEGER, BIT_STRING, OCTET_STRING, OBJECT_IDENTIFIER = 0x02, 0x03, 0x04, 0x06
SEQUENCE, SET, UTC_TIME, GENERALIZED_TIME, BOOLEAN = 0x30, 0x31, 0x17, 0x18, 0x01

MOST_CHILDREN = 10_000
"""Of one element: more than the certificates of any bundle, few enough for memory."""

_ENCODINGS = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1A: "ascii", 0x1C: "utf-32-be", 0x1E: "utf-16-be"}


class NotDer(ValueError):
    """The bytes are not what the grammar wants at this place; never leaves `wire/`."""


@dataclass(frozen=True, slots=True)
class Element:
    """One tag-length-value inside `data`: the value is `data[body:end]`, the whole `data[start:end]`.

    `truncated` when the length claims more bytes than there are (then `end` is the end of the data);
    `minimal` is False when the length is longer than DER allows (X.690 §10.1).
    """

    data: bytes
    tag: int
    start: int
    body: int
    end: int
    truncated: bool = False
    minimal: bool = True

    @property
    def content(self) -> bytes:
        """The value's bytes."""
        return self.data[self.body : self.end]

    @property
    def whole(self) -> bytes:
        """Tag, length and value as they stand."""
        return self.data[self.start : self.end]

    def children(self) -> list["Element"]:
        """The elements inside, up to the first one that cannot be read; raises NotDer for absurdly many."""
        found = list(islice(self._walk(), MOST_CHILDREN + 1))
        if len(found) > MOST_CHILDREN:
            raise NotDer(f"more than {MOST_CHILDREN} elements in one")
        return found

    def _walk(self) -> Iterator["Element"]:
        position = self.body
        while position < self.end:
            try:
                child = read_element(self.data, position, self.end)
            except NotDer:
                return
            yield child
            position = child.end


def read_element(data: bytes, position: int = 0, limit: int | None = None) -> Element:
    """The element that starts at `position`; raises NotDer when there is no tag and length there."""
    stop = len(data) if limit is None else limit
    if position + 2 > stop:
        raise NotDer("no element here")
    tag, first = data[position], data[position + 1]
    if tag & 0x1F == 0x1F:
        raise NotDer("multi-byte tag")
    body = position + 2
    length, minimal = first, True
    if first & 0x80:
        count = first & 0x7F
        if count == 0 or count > 4 or body + count > stop:
            raise NotDer("length not readable")
        length = int.from_bytes(data[body : body + count], "big")
        minimal = length >= 0x80 and data[body] != 0
        body += count
    end = body + length
    return Element(data, tag, position, body, min(end, stop), truncated=end > stop, minimal=minimal)


def expect(element: Element, tag: int) -> Element:
    """The element itself when it has this tag; raises NotDer otherwise."""
    if element.tag != tag:
        raise NotDer(f"tag 0x{element.tag:02X} where 0x{tag:02X} belongs")
    return element


def integer_of(element: Element) -> int:
    """Two's complement value of an INTEGER."""
    return int.from_bytes(expect(element, INTEGER).content, "big", signed=True)


def object_identifier_of(element: Element) -> str:
    """Dotted form of an OBJECT IDENTIFIER; raises NotDer for an empty or unfinished one."""
    content = expect(element, OBJECT_IDENTIFIER).content
    if not content or content[-1] & 0x80 or len(content) > 64:
        raise NotDer("object identifier not readable")
    arcs: list[int] = []
    value = 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in (first, arcs[0] - 40 * first, *arcs[1:]))


def bits_of(element: Element) -> bytes:
    """Bytes of a BIT STRING without the unused-bits octet. Raises: NotDer."""
    content = expect(element, BIT_STRING).content
    if not content:
        raise NotDer("empty bit string")
    return content[1:]


def text_of(element: Element) -> str:
    """Text of any string type; bytes that do not fit the declared type are read as Latin-1. Raises: NotDer for another type."""
    encoding = _ENCODINGS.get(element.tag)
    if encoding is None:
        raise NotDer(f"tag 0x{element.tag:02X} is no string")
    try:
        return element.content.decode(encoding)
    except UnicodeDecodeError:
        return element.content.decode("latin-1")


def time_of(element: Element) -> datetime:
    """UTCTime or GeneralizedTime as aware UTC (RFC 5280 §4.1.2.5; offsets and missing seconds are tolerated). Raises: NotDer."""
    if element.tag not in {UTC_TIME, GENERALIZED_TIME}:
        raise NotDer("no time here")
    text = element.content.decode("ascii", "replace")
    digits = len(text) - len(text.lstrip("0123456789"))
    stamp, zone = text[:digits], text[digits:]
    if element.tag == UTC_TIME and digits in {10, 12}:
        stamp = ("19" if stamp[:2] >= "50" else "20") + stamp
    if len(stamp) not in {12, 14}:
        raise NotDer(f"time {text[:32]!r} not readable")
    return _utc(stamp.ljust(14, "0"), zone)


def _utc(stamp: str, zone: str) -> datetime:
    zone = zone.partition("Z")[0] if zone.startswith((".", "Z")) else zone
    try:
        local = datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        if zone[:1] in {"+", "-"} and len(zone) == 5:
            shift = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5]))
            local += shift if zone[0] == "-" else -shift
    except (ValueError, OverflowError) as problem:
        raise NotDer(f"time {stamp!r} not readable") from problem
    return local


def encode(tag: int, *parts: bytes) -> bytes:
    """Tag, minimal length and the concatenated parts."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content
