"""What belongs to one call across traces: Call-IDs, leg identifiers (CI), sessions, joined where one record names two."""

import re
from collections.abc import Iterator, Sequence

from pytest_cucmtls.model.traces import TracedSip, TraceReport
from pytest_cucmtls.wire.call_log_times import local_address
from pytest_cucmtls.wire.sip_addresses import identifier_in_tag
from pytest_cucmtls.wire.trace_joining import NamedReport, node_key

Key = tuple[str, ...]
"""``("call", Call-ID)``, ``("ci", node, CI)``, ``("session", half)`` or ``("guid", Cisco-Guid)``."""

_HALVES = re.compile(r"\A([0-9a-f]{32})(?:;remote=([0-9a-f]{32}))?", re.IGNORECASE)
_NOBODY = "0" * 32


class Links:
    """Sets of keys that grow together; `same` tells the set of a key by its representative."""

    def __init__(self) -> None:
        self._parent: dict[Key, Key] = {}

    def same(self, key: Key) -> Key:
        """The representative of the key's set (the key itself when nothing was linked to it)."""
        root = key
        while (above := self._parent.setdefault(root, root)) != root:
            root = above
        while (above := self._parent[key]) != root:
            self._parent[key], key = root, above
        return root

    def link(self, keys: Sequence[Key]) -> None:
        """All of these belong to one call."""
        for key in keys[1:]:
            first, other = self.same(keys[0]), self.same(key)
            if first != other:
                self._parent[other] = first

    def members(self, key: Key) -> list[Key]:
        """Every key of the set, in the order first seen."""
        root = self.same(key)
        return [member for member in list(self._parent) if self.same(member) == root]


def links_of(reports: Sequence[NamedReport]) -> Links:
    """Join what the SIP messages and call logs of all nodes name together (RFC 7989 session identifiers included)."""
    links = Links()
    for name, report in reports:
        node = node_name(name, report, reports)
        for traced in report.sip_messages:
            links.link(list(message_keys(node, traced)))
        for line in report.call_log:
            links.link(list(call_log_keys(node, line.subsystem, line.event, line.columns)))
    return links


def node_name(name: str, report: TraceReport, reports: Sequence[NamedReport]) -> str:
    """What the node is called: its host name, else its address, else the file's name; a call log is told by its local address."""
    if report.header is not None:
        return report.header.host_name or node_key(report) or name
    local = local_address(report)
    for _, other in reports:
        if local and other.header is not None and other.header.host_address == local:
            return other.header.host_name or local
    return local or name


def message_keys(node: str, traced: TracedSip) -> Iterator[Key]:
    """Call-ID, the node's own leg identifier, and the session's halves of one message."""
    message = traced.message
    if message.call_id:
        yield "call", message.call_id
    mine = "From" if (traced.direction == "out") == (message.method is not None) else "To"
    if identifier := identifier_in_tag(message.header(mine)):
        yield "ci", node, identifier
    found = _HALVES.match(message.header("Session-ID") or "")
    for half in found.groups() if found else ():
        if half and half != _NOBODY:
            yield "session", half.lower()
    if guid := message.header("Cisco-Guid"):
        yield "guid", guid.strip()


def call_log_keys(node: str, subsystem: str, event: str, columns: tuple[str, ...]) -> Iterator[Key]:
    """Both legs of a ``CC`` line; leg and Call-ID of a SIP line."""
    if subsystem == "CC":
        width = 2 if event in {"SETUP", "OFFERED", "RELEASE"} else 1
        for identifier in columns[:width]:
            if identifier.isdecimal() and identifier != "0":
                yield "ci", node, identifier
    elif subsystem in {"SIPL", "SIPT"} and len(columns) == 11:
        if columns[0].isdecimal() and columns[0] != "0":
            yield "ci", node, columns[0]
        if columns[10]:
            yield "call", columns[10]
