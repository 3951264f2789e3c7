"""The story of one call: joined by identifiers over both nodes, told in UTC order, never by nearness alone."""

import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.model.traces import CallStory, TraceReport
from pytest_cucmtls.report.trace_story_json import story_as_json
from pytest_cucmtls.report.trace_text import story_lines
from pytest_cucmtls.wire.sip_addresses import identifier_in_tag, user_of
from pytest_cucmtls.wire.trace_story import call_stories
from pytest_cucmtls.wire.traces import parse_trace
from tests.trace_writer import A_TAG, CALL_ID, NodeTrace, both_sides, invite, response

AT = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def read(text: str) -> TraceReport:
    return parse_trace(io.BytesIO(text.encode()))


def told(*texts: str, wanted: str = CALL_ID) -> tuple[CallStory, ...]:
    return call_stories([(f"file-{number}", read(text)) for number, text in enumerate(texts)], wanted)


def kinds(story: CallStory) -> list[tuple[str, str]]:
    return [(step.node, step.kind) for step in story.steps]


def test_both_nodes_tell_one_call_in_order() -> None:
    (story,) = told(*both_sides(AT))
    assert (story.caller, story.called, story.call_ids) == ("1018", "9898", (CALL_ID,))
    assert story.ending == "answered, ended by BYE (Q.850;cause=16)"
    assert story.connections == (("cucma", 12), ("cucm10", 3))
    moments = [step.at for step in story.steps]
    assert moments == sorted(moments)
    assert [kind for node, kind in kinds(story) if node == "cucma"] == [
        "digits", "device", "device", "connection", "connection", "sip", "certificate", "sip", "sip", "sip",
    ]  # fmt: skip
    assert [kind for node, kind in kinds(story) if node == "cucm10"] == [
        "connection", "certificate", "sip", "digits", "device", "device", "sip", "sip",
    ]  # fmt: skip


def test_nodes_in_different_time_zones_are_told_in_one_time() -> None:
    (plain,) = told(*both_sides(AT))
    (zoned,) = told(*both_sides(AT, zone_a=-8, zone_b=9))
    assert [(step.node, step.at, step.text) for step in plain.steps] == [(step.node, step.at, step.text) for step in zoned.steps]


def test_files_may_come_in_any_order() -> None:
    a, b = both_sides(AT)
    assert [step.text for step in told(b, a)[0].steps] == [step.text for step in told(a, b)[0].steps]


def test_a_number_finds_its_calls_and_no_others() -> None:
    texts = both_sides(AT)
    assert [story.call_ids for story in told(*texts, wanted="9898")] == [(CALL_ID,)]
    assert [story.call_ids for story in told(*texts, wanted="1018")] == [(CALL_ID,)]
    assert told(*texts, wanted="989") == ()
    assert told(*texts, wanted="nobody@nowhere") == ()


def test_another_call_at_the_same_moment_stays_out() -> None:
    a, b = both_sides(AT)
    other = NodeTrace("cucma", "10.0.0.203", AT, number=2).head()
    other.digits("2000", "3000", device="to-c", process="SIPD", ci="900")
    other.connection("ConnCreated", "10.0.0.9", 5061, index=40)
    stranger = invite(number="3000", caller="2000", call_id="other@x").replace("aaaaaaaa-0000-4000-8000-000000000001-500", "none")
    other.sip("out", "10.0.0.9", 5061, stranger, index=40)
    (story,) = told(a, b, other.text)
    assert not any("3000" in step.text or "10.0.0.9" in step.text for step in story.steps)


def test_a_connection_index_used_again_is_another_connection() -> None:
    trace = NodeTrace("cucma", "10.0.0.203", AT).head()
    trace.connection("ConnCreated", "10.0.0.99", 5061).certificate("10.0.0.99", 5061, "/CN=earlier")
    trace.connection("ConnCreated", "10.0.0.200", 5061).sip("out", "10.0.0.200", 5061, invite())
    trace.certificate("10.0.0.200", 5061, "/CN=cucm10")
    trace.connection("ConnCreated", "10.0.0.98", 5061).certificate("10.0.0.98", 5061, "/CN=later")
    (story,) = told(trace.text)
    said = " ".join(step.text for step in story.steps)
    assert "CN=cucm10" in said
    assert "earlier" not in said
    assert "later" not in said


def test_call_logs_join_the_legs_and_get_the_zone_of_their_node() -> None:
    a, _ = both_sides(AT, zone_a=-4)
    log = (
        "2026/11/23 08:00:00.000|CC|SETUP|499|500|1018|9898|9898\n"
        f"2026/11/23 08:00:00.005|SIPT|500|TCP|OUT|10.0.0.203|5061|to-b|10.0.0.200|5061|t|1|{CALL_ID}|INVITE\n"
        "2026/11/23 08:00:00.020|CC|RELEASE|499|500|16\n"
    )
    (story,) = told(a, log)
    assert story.nodes == ("cucma",)
    assert {identifier for _, identifier in story.identifiers} == {"499", "500"}
    assert story.ending.endswith("released with cause 16")
    assert story.steps[0].at == AT
    assert "call log: setup 1018 to 9898" in [step.text for step in story.steps]


def test_two_phone_legs_with_one_session_are_one_call() -> None:
    halves = "Session-ID: " + "1" * 32 + ";remote=" + "2" * 32
    trace = NodeTrace("cucma", "10.0.0.203", AT).head()
    phone = invite(call_id="phone-leg@x").replace("Content-Length", f"{halves}\nContent-Length", 1).replace(A_TAG, "phone")
    trunk = invite().replace("Content-Length", "Session-ID: " + "2" * 32 + ";remote=" + "0" * 32 + "\nContent-Length", 1)
    trace.sip("in", "10.0.0.50", 50000, phone, index=1).sip("out", "10.0.0.200", 5061, trunk)
    (story,) = told(trace.text)
    assert set(story.call_ids) == {"phone-leg@x", CALL_ID}


def test_the_session_of_nobody_joins_nothing() -> None:
    zeros = "Session-ID: " + "3" * 32 + ";remote=" + "0" * 32
    others = zeros.replace("3" * 32, "4" * 32)
    trace = NodeTrace("cucma", "10.0.0.203", AT).head()
    trace.sip("out", "10.0.0.200", 5061, invite().replace("Content-Length", f"{zeros}\nContent-Length", 1))
    another = invite(call_id="x@y").replace("Content-Length", f"{others}\nContent-Length", 1).replace(A_TAG, "plain")
    trace.sip("out", "10.0.0.200", 5061, another)
    assert [story.call_ids for story in told(trace.text)] == [(CALL_ID,)]


def test_a_refused_call_says_so() -> None:
    trace = NodeTrace("cucma", "10.0.0.203", AT).head().sip("out", "10.0.0.200", 5061, invite())
    trace.sip("in", "10.0.0.200", 5061, response("503 Service Unavailable"))
    assert told(trace.text)[0].ending == "refused with 503"


def test_an_attempt_without_any_message_is_told_from_digit_analysis() -> None:
    trace = NodeTrace("cucma", "10.0.0.203", AT).head()
    trace.record('Digit analysis: match(pi="2", fqcn="1018", cn="1018", plv="5", pss="X_PT", dd="77",dac="0")')
    text = trace.text + trace.text.splitlines()[-1].replace(".000 |", ".001 |", 1).partition("Digit")[0]
    (story,) = told(text + "Digit analysis: potentialMatches=NoPotentialMatchesExist\n", wanted="77")
    assert (story.caller, story.called, story.ending) == ("1018", "77", "no pattern matches")
    assert [step.text for step in story.steps] == ["digits 77 dialled by 1018, searched in X_PT: no pattern matches"]


def test_a_tls_failure_with_the_peer_belongs_to_the_story() -> None:
    trace = NodeTrace("cucma", "10.0.0.203", AT).head()
    failure = (
        "[1, 100, 17, 1]: HandleSSLError - Certificate verification failed:(Verification error:18)- self signed certificate for "
    )
    trace.record(f"{failure}10.0.0.200:5061").record(f"{failure}10.0.0.77:5061").sip("out", "10.0.0.200", 5061, invite())
    texts = [step.text for step in told(trace.text)[0].steps if step.kind == "tls"]
    assert len(texts) == 1
    assert "10.0.0.200" in texts[0]


def test_traces_without_a_date_keep_the_order_of_the_file() -> None:
    text = "".join(line + "\n" for line in both_sides(AT)[0].splitlines()[1:])
    (story,) = told(text)
    assert all(step.at is None for step in story.steps)
    assert [step.line for step in story.steps] == sorted(step.line for step in story.steps)
    assert story.nodes == ("10.0.0.203",)


def test_media_keys_are_never_told() -> None:
    key = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZn"
    body = f"v=0\nc=IN IP4 10.0.0.1\nm=audio 4000 RTP/SAVP 0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{key}\n"
    trace = NodeTrace("cucma", "10.0.0.203", AT).head().sip("in", "10.0.0.200", 5061, response("200 OK", body=body))
    stories = told(trace.text)
    shown = "\n".join(story_lines(stories)) + json.dumps([story_as_json(story) for story in stories])
    assert "AES_CM_128_HMAC_SHA1_80" in shown
    assert key not in shown
    assert key not in repr(stories)


def test_text_and_json_show_every_step_with_its_place() -> None:
    stories = told(*both_sides(AT))
    lines = story_lines(stories)
    assert lines[0] == "call 1018 to 9898: answered, ended by BYE (Q.850;cause=16)"
    assert len(lines) == 4 + len(stories[0].steps)
    assert lines[4].startswith("  2026-11-23 12:00:00.001Z  cucma ")
    assert lines[4].endswith("[file-0:2]")
    json_story = story_as_json(stories[0])
    assert json_story["schema"] == "cucmtls-call-1"
    assert json_story["steps"][0]["at"] == "2026-11-23T12:00:00.001000Z"
    assert json_story["legs"] == [{"node": "cucma", "ci": "500"}, {"node": "cucm10", "ci": "700"}]


@pytest.mark.parametrize(
    ("value", "user"),
    [
        ('"A" <sip:1018@10.0.0.1>;tag=1', "1018"),
        ("<sips:+33-1@x>", "+33-1"),
        ("tel:+331;phone-context=x", "+331"),
        ("<sip:10.0.0.1>", "10.0.0.1>"[:-1]),
        ("nothing", ""),
        (None, ""),
        ("sip:" + "9" * 100_000, "9" * 128),
    ],
)
def test_the_user_part_of_an_address(value: str | None, user: str) -> None:
    assert user_of(value) == user


def test_the_leg_in_a_tag_of_cucm_is_read_and_other_tags_are_not() -> None:
    assert identifier_in_tag(f"<sip:1@x>;tag={A_TAG}") == ("aaaaaaaa-0000-4000-8000-000000000001", "500")
    assert identifier_in_tag("<sip:1@x>;tag=d4adbdce100801890f731fd6-6e143158") is None
    assert identifier_in_tag(f"<sip:1@x>;tag={A_TAG}x") is None
    assert identifier_in_tag(None) is None


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=12), st.sampled_from([CALL_ID, "9898", "1018", ""]))
def test_shuffled_and_repeated_records_never_break_a_story(swaps: list[tuple[int, int]], wanted: str) -> None:
    lines = both_sides(AT + timedelta(hours=11, minutes=59, seconds=59))[0].splitlines()
    for first, second in swaps:
        lines[first % len(lines)], lines[second % len(lines)] = lines[second % len(lines)], lines[first % len(lines)]
    for story in told("\n".join(lines), both_sides(AT)[1], wanted=wanted):
        assert story.steps
        assert story_lines([story])
