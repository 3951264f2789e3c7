"""Puts the trace files of one node side by side: in order, and with the blocks that a file's end cut in two made whole again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pytest_cucmtls.model.traces import DigitAnalysis, TracedSip, TraceReport, TraceSource
from pytest_cucmtls.wire.digit_analysis import answers, outcome_in
from pytest_cucmtls.wire.sdl_records import Record
from pytest_cucmtls.wire.trace_nodes import NamedReport, node_key
from pytest_cucmtls.wire.trace_sip import read_traced_sip

LONGEST_GAP = timedelta(minutes=5)
"""Between the last record of a file and the first of the next; an idle node still writes statistics every few seconds."""
_NEVER = datetime(1, 1, 1, tzinfo=UTC)


def in_order(reports: Sequence[NamedReport]) -> list[NamedReport]:
    """The files node by node, each node's by time and number; nodes and files without a FileHead stay where they were."""
    places = {node_key(report): place for place, (_, report) in reversed(list(enumerate(reports)))}

    def key(entry: tuple[int, NamedReport]) -> tuple[int, datetime, int, int]:
        place, (_, report) = entry
        number = report.header.file_number if report.header else None
        return places[node_key(report)], report.first_at or _NEVER, number or 0, place

    return [named for _, named in sorted(enumerate(reports), key=key)]


def joined(reports: Sequence[NamedReport]) -> list[NamedReport]:
    """The same files in order, with what one file begins and the next one ends told by the earlier file."""
    found = in_order(reports)
    for place in range(1, len(found)):
        name, report = found[place - 1]
        if _follows(report, found[place][1]):
            found[place - 1] = name, _completed(report, found[place][1])
    return found


def _follows(earlier: TraceReport, later: TraceReport) -> bool:
    """The later file is the node's next one, as far as headers tell."""
    if node_key(earlier) != node_key(later) or earlier.call_log or later.call_log:
        return False
    if earlier.header is not None and later.header is not None:
        first, second = earlier.header.file_number, later.header.file_number
        if first is not None and second is not None and second != first + 1:
            return False
    if earlier.last_at is None or later.first_at is None:
        return True
    return -LONGEST_GAP <= later.first_at - earlier.last_at <= LONGEST_GAP


def _completed(earlier: TraceReport, later: TraceReport) -> TraceReport:
    analyses = list(earlier.digit_analysis)
    sip = list(earlier.sip_messages)
    if earlier.edges.last is not None and later.edges.lead:
        source, kind, text = earlier.edges.last
        whole = Record(source, kind, text + later.edges.lead)
        if kind == "AppInfo":
            _again(sip, whole)
            _results_again(analyses, whole)
    for outcome in later.edges.outcomes:
        for place, request in enumerate(analyses):
            if request.outcome is None and not request.results and answers(outcome, request):
                analyses[place] = replace(request, outcome=outcome.outcome, results=outcome.results)
                break
    return replace(earlier, sip_messages=tuple(sip), digit_analysis=tuple(analyses))


def _again(messages: list[TracedSip], whole: Record) -> None:
    """The last message read again, when it is the record that was cut and says more than before."""
    if not messages or not _same_place(messages[-1].source, whole.source):
        return
    message = read_traced_sip(whole)
    if message is not None and message.message.start_line and _is_continuation(messages[-1], message):
        messages[-1] = message


def _is_continuation(before: TracedSip, now: TracedSip) -> bool:
    """A message whose announced body was complete is not continued by anything."""
    length = before.message.header("Content-Length")
    return not (length and length.isdecimal() and len(before.message.body) >= int(length[:9]) > 0) and len(
        now.message.headers
    ) >= len(before.message.headers)


def _results_again(analyses: list[DigitAnalysis], whole: Record) -> None:
    """The last block of results read again with its rest."""
    found = outcome_in(whole.text)
    if found is None or not found[1]:
        return
    block = DigitAnalysis(whole.source, None, "", (), found[0], results=found[1])
    for place in range(len(analyses) - 1, -1, -1):
        if answers(block, analyses[place]) and len(found[1]) > len(analyses[place].results):
            analyses[place] = replace(analyses[place], outcome=found[0], results=found[1])
            return


def _same_place(one: TraceSource, other: TraceSource) -> bool:
    return (one.sequence, one.line) == (other.sequence, other.line)
