"""SIP messages as traces log them: with peer, connection index and running number."""

import re

from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.model.traces import TracedSip
from pytest_cucmtls.wire.sdl_records import Record
from pytest_cucmtls.wire.sip_messages import parse_sip_lines

WANTED = (b"ing SIP ",)
"""Incoming and outgoing in one: each text looked for costs a pass over the file."""

_LOGGED = re.compile(
    r"(?P<direction>Incoming|Outgoing) SIP (?P<transport>[A-Z]+) message (?:from|to) "
    r"(?:(?P<peer>\S{1,64}) on port (?P<port>\d{1,5})|(?P<host>\S{1,64}?):\[?(?P<number>\d{1,5})\]?(?=[\s:]|\Z))"
    r"(?: index (?P<index>\d{1,9}))?(?: with (?P<bytes>\d{1,9}) bytes)?:?\s*"
    r"(?:\[(?P<net>\d{1,12}),NET\]\s*)?"
)
_FLAT_START = re.compile(r"(SIP/2\.0 \d{3} \S+(?: [A-Z][a-z]+(?= ))*|[A-Z]{1,20} \S+ SIP/2\.0)(?=\s|\Z)")
_FLAT_HEADER = re.compile(r" (?=[A-Z][A-Za-z-]{0,40}: )")
NOTHING_LOGGED = SipMessage(start_line="", headers=())
"""The record announces a message and the trace does not show it (filtered excerpt, trace level)."""


def read_traced_sip(record: Record) -> TracedSip | None:
    """The message a record announces; None when the record only mentions one.

    A message whose text is missing or unreadable has `NOTHING_LOGGED` as its message.
    """
    found = _LOGGED.search(record.text)
    if found is None:
        return None
    incoming = found["direction"] == "Incoming"
    return TracedSip(
        source=record.source,
        direction="in" if incoming else "out",
        peer=found["peer"] or found["host"],
        port=int(found["port"] or found["number"]),
        connection_index=int(found["index"]) if found["index"] else None,
        net_id=int(found["net"]) if found["net"] else None,
        message=_message(record.text[found.end() :]),
        byte_count=int(found["bytes"]) if found["bytes"] else None,
        log_transport=found["transport"],
    )


def _message(text: str) -> SipMessage:
    """Logged lines back to CRLF, so that Content-Length means the bytes it meant on the wire."""
    stripped = text.strip("\n")
    if not stripped:
        return NOTHING_LOGGED
    lines = stripped.split("\n") if "\n" in stripped else _flattened_lines(stripped)
    try:
        return parse_sip_lines(lines)
    except UnexpectedAnswer:
        return NOTHING_LOGGED


def _flattened_lines(text: str) -> list[str]:
    """Lines of a message that a publisher joined with blanks: split before what looks like a header name."""
    start = _FLAT_START.match(text)
    if start is None:
        return [text]
    return [start.group(1), *_FLAT_HEADER.split(" " + text[start.end() :].strip())[1:]]
