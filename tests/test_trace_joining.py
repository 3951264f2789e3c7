"""Trace files of one node: put in order, and blocks cut by the end of a file made whole with what the next file begins with."""

import io
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.model.traces import TraceReport
from pytest_cucmtls.wire.digit_analysis import treatment
from pytest_cucmtls.wire.trace_joining import in_order, joined
from pytest_cucmtls.wire.trace_story_texts import digits_text
from pytest_cucmtls.wire.traces import parse_trace
from tests.trace_writer import SDP, NodeTrace, both_sides, invite, response

AT = datetime(2026, 11, 23, 23, 59, 58, tzinfo=UTC)


def read(text: str) -> TraceReport:
    return parse_trace(io.BytesIO(text.encode()))


def head(number: int, *, seconds: int = 0, host: str = "cucma", address: str = "10.0.0.203", zone: int = 0) -> str:
    return NodeTrace(host, address, AT + timedelta(seconds=seconds), zone, number).head().text


def facts(reports: list[TraceReport]) -> list[object]:
    found: list[object] = [(one.dialed_digits, one.outcome, one.results) for report in reports for one in report.digit_analysis]
    return found + [
        (one.message.start_line, one.message.headers, one.message.body.strip())
        for report in reports
        for one in report.sip_messages
    ]


def whole_trace() -> str:
    trace = NodeTrace("cucma", "10.0.0.203", AT).head().digits("1018", "9898", device="to-b", process="SIPD", ci="499")
    trace.sip("out", "10.0.0.200", 5061, invite()).sip("in", "10.0.0.200", 5061, response("200 OK", body=SDP))
    return trace.record("//SIP/Stack/Info/0x0/quiet").text


LINES = whole_trace().splitlines(keepends=True)
EXPECTED = facts([read(whole_trace())])


@pytest.mark.parametrize("cut", range(2, len(LINES)))
def test_a_file_cut_after_any_line_says_the_same_with_its_continuation(cut: int) -> None:
    first, second = read("".join(LINES[:cut])), read(head(2) + "".join(LINES[cut:]))
    for given_order in ([("1", first), ("2", second)], [("2", second), ("1", first)]):
        assert facts([report for _, report in joined(given_order)]) == EXPECTED


def test_the_rest_of_a_block_belongs_to_the_node_that_began_it() -> None:
    cut = next(number for number, line in enumerate(LINES) if line.startswith("v=0"))
    first = read("".join(LINES[:cut]))
    stranger = read(head(2, host="other", address="10.0.0.9") + "".join(LINES[cut:]))
    found = dict(joined([("1", first), ("2", stranger)]))
    assert found["1"].sip_messages[-1].message.body == b""


@pytest.mark.parametrize(("number", "seconds", "whole"), [(2, 0, True), (3, 0, False), (2, 299, True), (2, 400, False)])
def test_only_the_next_file_continues_a_block(number: int, seconds: int, whole: bool) -> None:
    cut = next(place for place, line in enumerate(LINES) if line.startswith("v=0"))
    first, second = read("".join(LINES[:cut])), read(head(number, seconds=seconds) + "".join(LINES[cut:]))
    assert bool(joined([("1", first), ("2", second)])[0][1].sip_messages[-1].message.body) is whole


def test_a_complete_message_swallows_nothing() -> None:
    text = NodeTrace("cucma", "10.0.0.203", AT).head().sip("in", "10.0.0.200", 5061, response("200 OK", body=SDP)).text
    second = read(head(2) + "X-Foreign: header\n" + "".join(LINES[1:]))
    (_, first), _ = joined([("1", read(text)), ("2", second)])
    assert first.sip_messages == read(text).sip_messages


def test_files_are_ordered_per_node_by_time_then_number() -> None:
    names = {
        "a2": head(2, seconds=60),
        "b9": head(9, seconds=0, host="b", address="10.0.0.9", zone=9),
        "a1": head(1, seconds=0),
        "b10": head(10, seconds=5, host="b", address="10.0.0.9", zone=9),
        "bare": "00000001.000 |10:00:00.000 |AppInfo  |nothing\n",
    }
    order = [name for name, _ in in_order([(name, read(text)) for name, text in names.items()])]
    assert order == ["a1", "a2", "b9", "b10", "bare"]


def test_the_midnight_between_two_files_is_no_gap() -> None:
    reports = [read(head(1)), read(head(2, seconds=4))]
    first, second = (report.first_at for report in reports)
    assert first
    assert second
    assert second - first == timedelta(seconds=4)
    assert second.day == first.day + 1


def test_an_outcome_without_its_request_claims_no_other_request() -> None:
    orphan = (
        "00000900.002 |10:00:00.000 |AppInfo  ||PretransformCallingPartyNumber=1\n|CallingPartyNumber=1\n|DialingPattern=55\n"
    )
    open_request = (
        '00000100.000 |10:00:00.000 |AppInfo  |Digit analysis: match(pi="2", fqcn="1", cn="1", plv="5", pss="", dd="2")\n'
    )
    first, second = read(head(1) + open_request), read(head(2) + orphan)
    assert [one.outcome for one in joined([("1", first), ("2", second)])[0][1].digit_analysis] == [None]
    assert [one.outcome for one in second.edges.outcomes] == ["match"]


def test_call_logs_and_lone_files_are_left_as_they_are() -> None:
    log = read("2026/11/23 08:00:00.000|CC|SETUP|499|500|1018|9898|9898\n")
    a, b = (read(text) for text in both_sides(AT))
    assert [report for _, report in joined([("a", a), ("log", log), ("b", b)])] == [a, log, b]
    assert joined([]) == []


def analysis_of(results: dict[str, str], *, dialled: str = "9898", usage: str = "") -> tuple[str, ...]:
    lines = "".join(f"|{key}={value}\n" for key, value in results.items())
    before = f"00000001.000 |10:00:00.000 |AppInfo  |Digit analysis: patternUsage={usage}\n" if usage else ""
    text = (
        f'{before}00000001.001 |10:00:00.000 |AppInfo  |Digit analysis: match(pi="2", fqcn="1", cn="1", pss="", dd="{dialled}")\n'
        f"00000001.002 |10:00:00.000 |AppInfo  |Digit analysis: analysis results\n"
        f"00000001.003 |10:00:00.000 |AppInfo  ||PretransformCallingPartyNumber=1\n{lines}"
    )
    return treatment(read(text).digit_analysis[0])


PLAIN = {"CallingPartyNumber": "1", "PretransformDigitString": "9898", "CollectedDigits": "9898"}


@pytest.mark.parametrize(
    ("changed", "usage", "words"),
    [
        ({}, "", ()),
        ({}, "2", ("directory_number",)),
        ({}, "5", ("route_pattern",)),
        ({}, "7", ("hunt_pilot",)),
        ({"RouteBlockFlag": "BlockThisPattern"}, "5", ("blocked", "route_pattern")),
        ({"RouteBlockFlag": "RouteThisPattern"}, "5", ("route_pattern",)),
        ({"PretransformDigitString": "+1", "CollectedDigits": "+1"}, "", ("translated",)),
        ({"CollectedDigits": "98"}, "", ("called_transformed",)),
        ({"FullyQualifiedCalledPartyNumber": "09898"}, "", ("called_transformed",)),
        ({"CallingPartyNumber": "+331"}, "", ("calling_transformed",)),
    ],
)
def test_what_happened_to_the_number_is_named(changed: dict[str, str], usage: str, words: tuple[str, ...]) -> None:
    assert analysis_of(PLAIN | changed, usage=usage) == words


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, len(LINES) - 1), max_size=6, unique=True).map(sorted))
def test_any_number_of_cuts_loses_no_message(cuts: list[int]) -> None:
    parts = [LINES[first:last] for first, last in pairwise([0, *cuts, len(LINES)])]
    texts = ["".join(part) if not number else head(number + 1) + "".join(part) for number, part in enumerate(parts)]
    reports = [(str(number), read(text)) for number, text in enumerate(texts)]
    assert sum(len(report.sip_messages) for _, report in joined(reports)) == 2


PUBLISHED = {
    "records and blocks joined by blanks": (
        "00000007.007 |19:17:23.127 |AppInfo |Digit analysis: patternUsage=5 00000007.008 |19:17:23.127 |AppInfo |"
        'Digit analysis: match(pi="1", fqcn="", cn="55",plv="5", pss="A", dd="3001",dac="0") 00000007.009 |19:17:23.127 '
        "|AppInfo |Digit analysis: analysis results 00000007.010 |19:17:23.127 |AppInfo ||PretransformCallingPartyNumber= "
        "| CallingPartyNumber= |DialingPartition=A |DialingPattern=3001"
    ),
    "legacy SDI with the block in one record": (
        '15:20:21.421 CCM|Digit analysis: match(fqcn="", cn="55", pss="A", dd="3001")\n15:20:21.421 CCM|Digit analysis: '
        "analysis results\n|CallingPartyNumber=55|DialingPattern=3001\n|DialingRoutePatternRegularExpression=(3001)\n"
    ),
    "sequence numbers cut off": (
        '18:15:08.147 |AppInfo  |Digit analysis: match(pi="2", fqcn="", cn="55",plv="5", pss="A", dd="3001")\n'
        "18:15:08.147 |AppInfo  |Digit analysis: analysis results\n18:15:08.147 |AppInfo  ||PretransformCallingPartyNumber=55\n"
        "|DialingPattern=3001\n```\n[+] a remark of the author\n|Calling Party Number Type=Cisco Unified CallManager\n"
    ),
}


@pytest.mark.parametrize("text", PUBLISHED.values(), ids=PUBLISHED)
def test_excerpts_as_people_publish_them_are_read(text: str) -> None:
    report = read(text)
    assert report.readable
    (analysis,) = report.digit_analysis
    assert (analysis.dialed_digits, analysis.outcome, analysis.result("DialingPattern")) == ("3001", "match", "3001")
    assert "by 55" in digits_text(analysis)
    assert analysis.result("CallingPartyNumber") in {None, "", "55"}
