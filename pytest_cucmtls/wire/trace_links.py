"""What belongs to one call across traces: Call-IDs, leg identifiers (CI), sessions, joined where one record names two."""

import re
from collections.abc import Iterator, Sequence

from pytest_cucmtls.model.traces import TracedSip
from pytest_cucmtls.wire.sip_addresses import identifier_in_tag
from pytest_cucmtls.wire.trace_nodes import NamedReport, node_name

Key = tuple[str, ...]
"""``("call", Call-ID)``, ``("ci", scope, CI)``, ``("session", half)`` or ``("guid", Cisco-Guid)``."""

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


def scopes_of(reports: Sequence[NamedReport]) -> dict[str, str]:
    """Node to the scope of its leg identifiers: the cluster's uuid as its own tags show it (all nodes of a cluster count
    together), else the node's name."""
    found: dict[str, str] = {}
    for name, report in reports:
        node = node_name(name, report, reports)
        found.setdefault(node, node)
        for traced in report.sip_messages:
            if (tag := _own_tag(traced)) is not None:
                found[node] = tag[0]
                break
    return found


def links_of(reports: Sequence[NamedReport], scopes: dict[str, str]) -> Links:
    """Join what the SIP messages and call logs of all nodes name together (RFC 7989 session identifiers included)."""
    links = Links()
    for name, report in reports:
        scope = scopes[node_name(name, report, reports)]
        for traced in report.sip_messages:
            links.link(list(message_keys(scope, traced)))
        for line in report.call_log:
            links.link(list(call_log_keys(scope, line.subsystem, line.event, line.columns)))
    return links


def _own_tag(traced: TracedSip) -> tuple[str, str] | None:
    """The tag the tracing node itself made, in whichever header it stands."""
    mine = "From" if (traced.direction == "out") == (traced.message.method is not None) else "To"
    return identifier_in_tag(traced.message.header(mine))


def message_keys(scope: str, traced: TracedSip) -> Iterator[Key]:
    """Call-ID first, the node's own leg identifier, and the session's halves of one message."""
    message = traced.message
    if message.call_id:
        yield "call", message.call_id
    if (tag := _own_tag(traced)) is not None:
        yield "ci", scope, tag[1]
    found = _HALVES.match(message.header("Session-ID") or "")
    for half in found.groups() if found else ():
        if half and half != _NOBODY:
            yield "session", half.lower()
    if guid := message.header("Cisco-Guid"):
        yield "guid", guid.strip()


def call_log_keys(scope: str, subsystem: str, event: str, columns: tuple[str, ...]) -> Iterator[Key]:
    """Both legs of a ``CC`` line; leg and Call-ID of a SIP line."""
    if subsystem == "CC":
        width = 2 if event in {"SETUP", "OFFERED", "RELEASE"} else 1
        for identifier in columns[:width]:
            if identifier.isdecimal() and identifier != "0":
                yield "ci", scope, identifier
    elif subsystem in {"SIPL", "SIPT"} and len(columns) == 11:
        if columns[0].isdecimal() and columns[0] != "0":
            yield "ci", scope, columns[0]
        if columns[10]:
            yield "call", columns[10]
