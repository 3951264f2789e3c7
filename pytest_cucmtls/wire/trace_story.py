"""The story of one call out of the traces of several nodes, joined by identifiers and told in order; never by nearness alone."""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from typing import TypeVar

from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.model.traces import CallLogLine, CallStory, StoryStep, TraceReport, TraceSource
from pytest_cucmtls.wire.call_log_times import with_dated_call_logs
from pytest_cucmtls.wire.sip_addresses import user_of
from pytest_cucmtls.wire.trace_joining import joined
from pytest_cucmtls.wire.trace_links import Key, Links, call_log_keys, links_of, message_keys, scopes_of
from pytest_cucmtls.wire.trace_nodes import NamedReport, node_name
from pytest_cucmtls.wire.trace_story_events import LegFacts, related_steps
from pytest_cucmtls.wire.trace_story_texts import call_log_text, sip_text

T = TypeVar("T")
MOST_STORIES = 100
"""Calls of one number; the newest are told."""
_UNKNOWN = "the traces do not show how it ended"


@dataclass(frozen=True, slots=True)
class _Told:
    """A file with its place in the order of files and the name of its node."""

    place: int
    name: str
    node: str
    scope: str
    report: TraceReport


def call_stories(reports: Sequence[NamedReport], wanted: str) -> tuple[CallStory, ...]:
    """Every call that has this Call-ID, or this number on either end, oldest first; at most `MOST_STORIES`.

    Legs of one call (phone to trunk, both clusters) are one story: they are joined by Call-ID, by CUCM's leg identifiers in
    tags and call logs, and by Session-ID and Cisco-Guid. `reports` are (file name, report) in any order.
    """
    ordered = with_dated_call_logs(joined(reports))
    scopes = scopes_of(ordered)
    nodes = [node_name(name, report, ordered) for name, report in ordered]
    files = [_Told(place, name, nodes[place], scopes[nodes[place]], report) for place, (name, report) in enumerate(ordered)]
    links = links_of(ordered, scopes)
    legs = _legs(files, links, _roots(files, links, wanted))
    stories = [_story(links.members(root), found) for root, found in legs.items()]
    found = [story for story in stories if story.steps] or _digits_only(files, wanted)
    return tuple(sorted(found, key=_first_moment)[-MOST_STORIES:])


def _roots(files: list[_Told], links: Links, wanted: str) -> list[Key]:
    """One key per call that concerns the wanted Call-ID or number."""
    found: dict[Key, None] = {}
    for file in files:
        for traced in file.report.sip_messages:
            if wanted == traced.message.call_id or (wanted in _numbers(traced.message) and _begins_call(traced.message)):
                for key in list(message_keys(file.scope, traced))[:1]:
                    found[links.same(key)] = None
        for line in file.report.call_log:
            if wanted in _log_numbers(line):
                for key in list(call_log_keys(file.scope, line.subsystem, line.event, line.columns))[:1]:
                    found[links.same(key)] = None
    return list(found)[-MOST_STORIES:]


def _begins_call(message: SipMessage) -> bool:
    """Registrations and subscriptions carry numbers too and are no calls."""
    return "INVITE" in (message.header("CSeq") or message.method or "")


def _numbers(message: SipMessage) -> set[str]:
    return {user_of(message.request_uri), user_of(message.header("From")), user_of(message.header("To"))} - {""}


def _log_numbers(line: CallLogLine) -> set[str]:
    if line.subsystem == "CC" and line.event in {"SETUP", "OFFERED"}:
        return set(line.columns[2:5]) - {""}
    return {line.columns[10]} if len(line.columns) == 11 else set()


def _legs(files: list[_Told], links: Links, roots: list[Key]) -> dict[Key, list[LegFacts]]:
    """What each file says of each call by identifier; every message is looked at once, however many calls are told."""
    found: dict[Key, list[LegFacts]] = {root: [] for root in roots}
    identifiers = {root: [key for key in links.members(root) if key[0] == "ci"] for root in roots}
    for file in files:
        messages = _by_root(
            ((links, key, one) for one in file.report.sip_messages for key in _first(message_keys(file.scope, one))), found
        )
        lines = _by_root(((links, key, one) for one in file.report.call_log for key in _first(_keys_of_line(file, one))), found)
        for root, legs in found.items():
            own = frozenset(key[2] for key in identifiers[root] if key[1] == file.scope)
            if own or root in messages or root in lines:
                mine, logged = tuple(messages.get(root, ())), tuple(lines.get(root, ()))
                legs.append(LegFacts(file.place, file.name, file.node, file.scope, file.report, mine, logged, own))
    return found


def _first(keys: Iterator[Key]) -> list[Key]:
    """The first key stands for all that one record links."""
    return list(keys)[:1]


def _keys_of_line(file: _Told, line: CallLogLine) -> Iterator[Key]:
    return call_log_keys(file.scope, line.subsystem, line.event, line.columns)


def _by_root(entries: Iterable[tuple[Links, Key, T]], wanted: Container[Key]) -> dict[Key, list[T]]:
    """The records of the wanted calls."""
    found: dict[Key, list[T]] = {}
    for links, key, one in entries:
        root = links.same(key)
        if root in wanted:
            found.setdefault(root, []).append(one)
    return found


def _story(members: list[Key], legs: list[LegFacts]) -> CallStory:
    """All steps of one call."""
    moments = [traced.source.at for facts in legs for traced in facts.messages if traced.source.at]
    steps: list[tuple[int, StoryStep]] = []
    for facts in legs:
        steps += _direct_steps(facts)
        steps += [(facts.place, step) for step in related_steps(facts, legs, moments)]
    return _assembled(members, legs, steps)


def _direct_steps(facts: LegFacts) -> Iterator[tuple[int, StoryStep]]:
    for traced in facts.messages:
        yield facts.place, facts.step(traced.source, "sip", sip_text(traced))
    for line in facts.lines:
        source = TraceSource("", line.time, line.line, line.at)
        yield facts.place, facts.step(source, "call_log", call_log_text(line))


def _assembled(members: list[Key], legs: list[LegFacts], steps: list[tuple[int, StoryStep]]) -> CallStory:
    ordered = _in_order(steps)
    caller, called = _parties(legs)
    connections = {
        (facts.node, traced.connection_index): None
        for facts in legs
        for traced in facts.messages
        if traced.connection_index is not None
    }
    return CallStory(
        call_ids=tuple(key[1] for key in members if key[0] == "call"),
        identifiers=_identifiers(members, legs),
        connections=tuple((node, index) for node, index in connections if index is not None),
        nodes=tuple(dict.fromkeys(step.node for step in ordered)),
        caller=caller,
        called=called,
        ending=_ending(legs),
        steps=tuple(ordered),
    )


def _identifiers(members: list[Key], legs: list[LegFacts]) -> tuple[tuple[str, str], ...]:
    """(node, CI): each identifier under the first node of its cluster that knows it."""
    found: dict[tuple[str, str], None] = {}
    for key in members:
        if key[0] == "ci":
            node = next((facts.node for facts in legs if facts.scope == key[1]), key[1])
            found[node, key[2]] = None
    return tuple(found)


def _parties(legs: list[LegFacts]) -> tuple[str, str]:
    """Who called whom: the INVITE that began the call, else the call log's setup, else what a re-INVITE says."""
    invites = [traced.message for facts in legs for traced in facts.messages if traced.message.method == "INVITE"]
    setup = next((line for facts in legs for line in facts.lines if line.event == "SETUP" and len(line.columns) > 3), None)
    first = next((message for message in invites if ";tag=" not in (message.header("To") or "").lower()), None)
    if first is None and setup is not None:
        return setup.columns[2], setup.columns[3]
    said = first or next(iter(invites), None)
    if said is None:
        return "", ""
    return user_of(said.header("From")), user_of(said.request_uri if first else said.header("To"))


def _in_order(steps: list[tuple[int, StoryStep]]) -> list[StoryStep]:
    """By UTC time where every step has one; by time of day within one node and half a day; else as files and lines come."""
    unique = list({(step.file, step.line, step.kind, step.text): (place, step) for place, step in steps}.values())
    if all(step.at is not None for _, step in unique):
        dated = [(step.at.timestamp() if step.at else 0.0, step.node) for _, step in unique]
    else:
        dated = [(moment, "") for moment in _times_of_day([step for _, step in unique])]
    ranked = sorted(zip(dated, unique, strict=True), key=lambda entry: (*entry[0], entry[1][0], entry[1][1].line))
    return [step for _, (_, step) in ranked]


def _times_of_day(steps: list[StoryStep]) -> list[float]:
    """Seconds after midnight of each step, or 0 for all when they cannot be compared: several nodes, or around midnight."""
    try:
        times = [time.fromisoformat(step.time[-12:]) for step in steps]
    except ValueError:
        return [0.0] * len(steps)
    seconds = [one.hour * 3600 + one.minute * 60 + one.second + one.microsecond / 1e6 for one in times]
    comparable = len({step.node for step in steps}) == 1 and max(seconds) - min(seconds) < 12 * 3600
    return seconds if comparable else [0.0] * len(steps)


def _ending(legs: list[LegFacts]) -> str:
    """Answered or refused, and why it was released, from responses to the INVITE, BYE and the call logs."""
    messages = [traced.message for facts in legs for traced in facts.messages]
    codes = [one.status_code for one in messages if one.status_code and "INVITE" in (one.header("CSeq") or "")]
    refused = [code for code in codes if code >= 300 and code not in {401, 407}]
    bye = next((one for one in messages if one.method in {"BYE", "CANCEL"}), None)
    causes = [line.columns[2] for facts in legs for line in facts.lines if line.event == "RELEASE" and len(line.columns) > 2]
    parts = []
    if any(200 <= code < 300 for code in codes):
        parts.append("answered")
    elif refused:
        parts.append(f"refused with {refused[-1]}")
    if bye is not None:
        reason = f" ({bye.header('Reason')})" if bye.header("Reason") else ""
        parts.append(f"ended by {bye.method}{reason}")
    if causes:
        parts.append(f"released with cause {', '.join(dict.fromkeys(causes))}")
    return ", ".join(parts) or _UNKNOWN


def _digits_only(files: list[_Told], wanted: str) -> list[CallStory]:
    """Attempts that never became a SIP message: digit analysis of or by the number, one story per analysis that decided."""
    found = []
    for file in files:
        for analysis in file.report.digit_analysis:
            if wanted not in (analysis.dialed_digits, analysis.calling_party_number) or analysis.outcome == "potential":
                continue
            facts = LegFacts(file.place, file.name, file.node, file.scope, file.report, (), (), frozenset(), analysis)
            steps = list(related_steps(facts, [facts], []))
            story = _assembled([], [facts], [(file.place, step) for step in steps])
            ending = "no pattern matches" if analysis.outcome == "no_match" else _UNKNOWN
            found.append(replace(story, caller=analysis.calling_party_number or "", called=analysis.dialed_digits, ending=ending))
    return found


def _first_moment(story: CallStory) -> datetime:
    return next((step.at for step in story.steps if step.at is not None), datetime(1, 1, 1, tzinfo=UTC))
