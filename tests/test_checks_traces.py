"""Traces, call and media: one call, one proof; the right party; SRTP in offer and answer."""

from dataclasses import replace
from datetime import timedelta

import pytest

from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.traces import CertificateIndication, TraceEvent
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.policies import load_policy
from tests.evidence_builders import (
    ADDRESSES,
    CALLER_PORTS,
    NOW,
    analysis,
    dialogue,
    good_pair,
    handshake,
    session,
    sip,
    source,
    sourced,
    trace,
    verdict_of,
    with_node,
    with_traces,
    with_wire,
)

FAIL, PASS, UNDECIDED, APART = Outcome.FAIL, Outcome.PASS, Outcome.INCONCLUSIVE, Outcome.NOT_APPLICABLE
DEFAULT = load_policy("cisco-hardening")
OWN = analysis(30, "9898", "1018", "1018")
CLEAR = session(20000, "RTP/AVP", "")


def traced(name, **changes):
    """The good pair with another trace of one cluster."""
    return with_node(good_pair(), name, traces=(sourced(trace(name, **changes), f"sdl-{name}"),))


def called(**changes):
    """The good pair with another call A->B in the traces of both sides."""
    return with_traces(good_pair(), dialogues={("A", "B"): dialogue("A", "B", **changes)})


def plain_keys(profile="RTP/SAVP", suite="AES_CM_128_HMAC_SHA1_80", parameters="", first="A" * 40, second="B" * 40):
    def line(key):
        return f"a=crypto:1 {suite} inline:{key}{parameters}\r\n"

    return called(offer=session(20000, profile, line(first)), answer=session(30000, profile, line(second)))


def refused_by_b():
    final = (
        ("out", sip("INVITE sip:9898@10.2.0.1:5061 SIP/2.0", "101 INVITE", "c1")),
        (
            "in",
            sip(
                "SIP/2.0 503 Service Unavailable",
                "101 INVITE",
                "c1",
                extra=(("Warning", '399 b "Unable to find a device handler"'),),
            ),
        ),
    )
    return with_traces(good_pair(), dialogues={("A", "B"): final})


def another_call_of_the_same_numbers():
    """Two calls at once: the second one, to voicemail, has its own Call-ID and is the later one in the file."""
    second = [(way, replace(message, headers=tuple((k, "other" if k == "Call-ID" else v) for k, v in message.headers)))
              for way, message in dialogue("A", "B", answered_by="5000")]  # fmt: skip
    return with_traces(good_pair(), dialogues={("A", "B"): (*dialogue("A", "B"), *second)})


def diverted():
    plain = dialogue("A", "B")
    answer = replace(plain[2][1], headers=(*plain[2][1].headers, ("Diversion", "<sip:9898@10.2.0.1>;reason=unconditional")))
    return with_traces(good_pair(), dialogues={("A", "B"): (*plain[:2], ("in", answer), *plain[3:])})


def over(transport):
    changed = [(way, replace(message, headers=tuple((k, v.replace("TLS", transport)) for k, v in message.headers)))
               for way, message in dialogue("A", "B")]  # fmt: skip
    return with_traces(good_pair(), dialogues={("A", "B"): changed})


CASES = [
    ("no match of the dialled digits blames the dial plan", "caller_digit_analysis_finds_the_pattern", FAIL,
     lambda: traced("A", analyses=(analysis(10, "1018", "9898", None, "no_match"), OWN)), ("no match", "dd=9898"), "S10"),
    ("the first digits of an overlapped number are passed over", "caller_digit_analysis_finds_the_pattern", PASS,
     lambda: traced("A", analyses=(analysis(8, "1018", "98", None, "potential"),
     analysis(10, "1018", "9898", "9898"), OWN)), (), ""),
    ("a blank partition and <None> are the same", "caller_digit_analysis_finds_the_pattern", PASS,
     lambda: traced("A", analyses=(analysis(10, "1018", "9898", "9898", partition="< None >"), OWN)), (), ""),
    ("another pattern is found", "caller_digit_analysis_finds_the_pattern", FAIL,
     lambda: traced("A", analyses=(analysis(10, "1018", "9898", "9XXX"), OWN)), ("9XXX", "9898"), "S10"),
    ("another partition is found", "caller_digit_analysis_finds_the_pattern", FAIL,
     lambda: traced("A", analyses=(analysis(10, "1018", "9898", "9898", partition="Far"), OWN)), ("Far",), "S10"),
    ("a local line as target is found", "caller_digit_analysis_finds_the_pattern", FAIL,
     lambda: traced("A", events=(TraceEvent(source(12), "device_process", (("process", "LineControl"),)),)),
     ("directory number",), "S10"),
    ("another device as target is found", "caller_digit_analysis_finds_the_pattern", FAIL,
     lambda: traced("A", events=(TraceEvent(source(12), "device_found", (("name", "pstn"),)),)), ("pstn", "to-B"), "S10"),
    ("a cut result block decides nothing", "caller_digit_analysis_finds_the_pattern", UNDECIDED,
     lambda: traced("A", analyses=(replace(analysis(10, "1018", "9898", None), outcome=None), OWN)), ("cut",), ""),
    ("a trace that was rotated away decides nothing", "caller_digit_analysis_finds_the_pattern", UNDECIDED,
     lambda: traced("A", analyses=(), first_at=NOW + timedelta(minutes=3)), ("rotated away",), ""),
    ("an unreadable trace decides nothing", "caller_digit_analysis_finds_the_pattern", UNDECIDED,
     lambda: traced("A", readable=False, problem="not a trace"), ("not a trace",), ""),
    ("digits cut on the called side are told", "called_side_analyses_all_digits", FAIL,
     lambda: traced("B", analyses=(analysis(30, "1018", "98", None, "no_match"), analysis(10, "9898", "1018", "1018"))),
     ("received the digits 9898", "analysed 98"), "S9"),
    ("no match on the called side is the called side's dial plan", "called_side_analyses_all_digits", FAIL,
     lambda: traced("B", analyses=(analysis(30, "1018", "9898", None, "no_match"), analysis(10, "9898", "1018", "1018"))),
     ("B received",), "S10"),
    ("an INVITE over TCP is found", "invite_travels_over_tls", FAIL, lambda: over("TCP"), ("TCP", "TLS"), "S8"),
    ("a trace of another connection is no proof", "traced_call_is_the_captured_one", UNDECIDED,
     lambda: with_wire(good_pair(), handshake("A", "B", client=Endpoint(ADDRESSES["A"], 999)), handshake("B", "A")),
     ("no common connection", "999"), "V1"),
    ("a trace of another hour is no proof", "traced_call_is_the_captured_one", UNDECIDED,
     lambda: with_wire(good_pair(),
     handshake("A", "B", at=NOW - timedelta(hours=1), last_at=NOW - timedelta(minutes=50)), handshake("B", "A")),
     ("no common connection",), "V1"),
    ("another cipher in the trace contradicts the wire", "trace_agrees_with_the_wire", FAIL,
     lambda: traced("A", indications=(
         CertificateIndication(source(50), 12, "10.2.0.1", 5061, "/CN=CUCM10/O=cisco", "AES128-SHA"),)),
     ("AES128-SHA", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "contradicts"), "V1"),
    ("another subject in the trace contradicts the wire", "trace_agrees_with_the_wire", FAIL,
     lambda: traced("A", indications=(CertificateIndication(
         source(50), 12, "10.2.0.1", 5061, "/O=cisco/CN=ELSE", "ECDHE-RSA-AES256-GCM-SHA384"),)), ("ELSE", "CUCM10"), "V1"),
    ("an indication of another connection index is passed over", "trace_agrees_with_the_wire", PASS,
     lambda: traced("A", indications=(
         CertificateIndication(source(50), 12, "10.2.0.1", 5061, "/CN=CUCM10/O=cisco", "ECDHE-RSA-AES256-GCM-SHA384"),
         CertificateIndication(source(99), 77, "10.2.0.1", 5061, "/CN=ELSE", "NULL-SHA"))), (), ""),
    ("only indications of other indexes decide nothing", "trace_agrees_with_the_wire", UNDECIDED,
     lambda: with_traces(good_pair(), indications=(
         CertificateIndication(source(99), 77, "10.2.0.1", 5061, "/CN=E", "NULL-SHA"),)),
     ("connection index",), ""),
    ("voicemail is not the called party", "right_party_answers", FAIL, lambda: called(answered_by="5000"),
     ("5000", "9898"), "S10"),
    ("the called party in international form is the called party", "right_party_answers", PASS,
     lambda: called(answered_by="+15559898"), (), ""),
    ("a longer number that only ends alike is another party", "right_party_answers", FAIL,
     lambda: called(answered_by="59898"), ("59898",), ""),
    ("a redirected call is another party's call", "right_party_answers", FAIL, diverted, ("redirected",), "S10"),
    ("a refusal is no answer and quotes the warning", "right_party_answers", FAIL, refused_by_b, ("503", "device handler"), "S8"),
    ("two calls at once are told apart by Call-ID", "right_party_answers", PASS, another_call_of_the_same_numbers, (), ""),
    ("a normal cause passes", "call_is_released_normally", PASS, lambda: called(cause=31), ("normal, unspecified",), ""),
    ("an abnormal cause is found", "call_is_released_normally", FAIL, lambda: called(cause=41), ("cause 41",), "X6"),
    ("clear media is found with both boxes", "media_is_negotiated_as_srtp", FAIL,
     lambda: called(answer=CLEAR), ("RTP/AVP", "A on, B on"), "S9"),
    ("masked keys are normal", "media_is_negotiated_as_srtp", PASS, good_pair, ("not proven",), ""),
    ("UNENCRYPTED_SRTP is integrity only", "media_is_negotiated_as_srtp", FAIL,
     lambda: plain_keys(parameters=" UNENCRYPTED_SRTP"), ("UNENCRYPTED_SRTP",), "X6"),
    ("an offer without answer decides nothing", "media_is_negotiated_as_srtp", UNDECIDED, lambda: called(answer=b""),
     ("only the",), ""),
    ("a media line with port 0 is not in use", "media_is_negotiated_as_srtp", PASS,
     lambda: called(offer=session(20000) + b"m=video 0 RTP/AVP 99\r\n"), (), ""),
    ("the suite of the policy passes", "srtp_suite_is_allowed", PASS, plain_keys, ("AES_CM_128_HMAC_SHA1_80",), ""),
    ("a 32-bit tag is a warning here", "srtp_suite_is_allowed", Outcome.WARN,
     lambda: plain_keys(suite="AES_CM_128_HMAC_SHA1_32"), ("AES_CM_128_HMAC_SHA1_32",), "X6"),
    ("masked suites are not judged", "srtp_suite_is_allowed", APART, good_pair, ("mask",), ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "outcome", "evidence", "words", "remedy"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_a_check_says_what_it_should(check, outcome, evidence, words, remedy):
    verdict = verdict_of(judge(evidence(), DEFAULT), check, "A->B")
    assert verdict.outcome is outcome, verdict.diagnosis
    for word in words:
        assert word in verdict.diagnosis
    assert not remedy or verdict.remedies[0] == remedy


@pytest.mark.parametrize(("second", "outcome"), [("B" * 40, PASS), ("A" * 40, FAIL)])
def test_a_key_used_in_both_directions_is_found_and_never_printed(second, outcome):
    verdict = verdict_of(judge(plain_keys(first="A" * 40, second=second), DEFAULT), "media_keys_are_fresh", "pair")
    assert verdict.outcome is outcome
    assert "AAAA" not in str(verdict)


def test_a_call_that_could_not_be_placed_says_nothing_about_the_trunk():
    good = good_pair()
    broken = tuple(replace(call, value=replace(call.value, result_code=1, result_description="no device")) for call in good.calls)
    verdict = verdict_of(judge(replace(good, calls=broken), DEFAULT), "call_is_placed", "A->B")
    assert verdict.outcome is UNDECIDED
    assert "nothing about the trunk" in verdict.diagnosis


def test_without_a_call_every_call_verdict_is_undecided():
    verdicts = judge(replace(good_pair(), calls=()), DEFAULT)
    for check in ("right_party_answers", "media_is_negotiated_as_srtp", "call_is_released_normally", "invite_travels_over_tls"):
        assert verdict_of(verdicts, check, "A->B").outcome is UNDECIDED


def test_the_called_sides_trace_names_the_callers_port():
    assert CALLER_PORTS["A"] == 33135
    verdict = verdict_of(judge(good_pair(), DEFAULT), "traced_call_is_the_captured_one", "A->B")
    assert "10.1.0.1:33135 -> 10.2.0.1:5061" in verdict.observed
