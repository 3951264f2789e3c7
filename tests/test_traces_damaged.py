"""Damaged, hostile and unfinished traces: what is there is read, nothing crashes, nothing takes forever."""

import gzip
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.wire.sdl_records import LARGEST_RECORD_BYTES, parse_file_head
from pytest_cucmtls.wire.trace_bytes import CHUNK_BYTES
from pytest_cucmtls.wire.traces import parse_trace
from tests.read_traces import CALL, HEAD, read, sdl


def test_a_file_still_being_written_gives_what_is_there_and_says_so() -> None:
    noise = "".join(sdl(f"noise {number * 7919 % 10007}") for number in range(3000))
    report = read(gzip.compress((HEAD + CALL + noise).encode())[:-3000])
    assert report.readable
    assert report.problem is not None
    assert "ends early" in report.problem
    assert len(report.sip_messages) == 2


@pytest.mark.parametrize(
    "nothing", [b"", b"\n\n", b"hello", b"<?xml version='1.0'?><QueryResult/>", b"\x00" * 9000, b"\x1f\x8bnonsense"]
)
def test_a_file_without_a_record_is_unreadable_and_says_why(nothing: bytes) -> None:
    report = read(nothing)
    assert not report.readable
    assert report.problem is not None
    assert report.record_count == 0


def test_facts_do_not_depend_on_where_chunks_end() -> None:
    filler = sdl("x" * 90) * (CHUNK_BYTES // 125)
    for shift in (0, 700, 1400, 2100, 2800):
        report = read(HEAD + "y" * shift + "\n" + filler + CALL + filler + CALL)
        assert [one.outcome for one in report.digit_analysis] == ["match", "match"]
        assert [len(one.message.headers) for one in report.sip_messages] == [6, 2, 6, 2]
        assert len(report.certificates) == 2
        assert report.sip_messages[-1].source.line == (HEAD + "y" * shift + "\n" + filler + CALL + filler + CALL).count("\n") - 6


def test_a_record_without_end_is_cut_and_reading_goes_on() -> None:
    report = read(HEAD + sdl("z" * (3 * LARGEST_RECORD_BYTES)) + CALL)
    assert report.problem is not None
    assert "too long" in report.problem
    assert len(report.sip_messages) == 2
    endless = read(b"\x00" * (4 * LARGEST_RECORD_BYTES))
    assert not endless.readable


@pytest.mark.parametrize(
    ("payload", "offset", "date"),
    [
        ("UTC:+05:30,Date: 2026/01/02, AppName: CCM", 19800, "2026-01-02"),
        ("UTC:+14:00,Date: 2026/12/31", 50400, "2026-12-31"),
        ("UTC:+15:00,Date: 2026/13/31", None, None),
        ("UTC:-04:00,Date: tomorrow", -14400, None),
        ("", None, None),
    ],
)
def test_a_header_is_read_as_far_as_it_makes_sense(payload: str, offset: int | None, date: str | None) -> None:
    header = parse_file_head(payload)
    assert (header.utc_offset_seconds, header.date) == (offset, date)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.integers(0, len(CALL)), st.integers(0, len(CALL)))
def test_damaged_traces_never_crash(noise: bytes, start: int, end: int) -> None:
    text = CALL.encode()
    for data in (noise, HEAD.encode() + text[:start] + noise + text[end:], gzip.compress(text)[: start % 400] + noise):
        report = read(data)
        assert report.readable == (report.record_count > 0 or bool(report.call_log))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), st.sampled_from(["FileHead", "AppInfo", "AlarmErr"])), max_size=40)
)
def test_impossible_times_never_crash(records: list[tuple[int, int, str]]) -> None:
    text = "".join(
        f"00000001.000 |{hour:02d}:{minute:02d}:00.000 |{kind} |UTC:+00:00,Date: 9999/12/31, createConnMsg tls_security=3\n"
        for hour, minute, kind in records
    )
    assert read(text).record_count == len(records)


@pytest.mark.parametrize(
    ("kind", "beginning", "spam"),
    [
        ("AlarmErr", "AlarmClass: ", ", AlarmName: "),
        ("AlarmErr", "", "AlarmClass: "),
        ("AppInfo", "", "sipConnectionManagerProcessConnCreated:"),
        ("AppInfo", "findLocalDevice - Name=", " Key="),
        ("AppInfo", "dumpSecureStatus ", "sideA=("),
        ("AppInfo", "dumpSecureStatus ", "a"),
        ("AppInfo", "Digit analysis: match(", "a"),
        ("AppInfo", 'Digit analysis: match(dd="', "a="),
        ("AppInfo", "Digit analysis: wait_DmPidRes- ", "a=["),
        ("AppInfo", "", "[1, 1, "),
        ("AppInfo", "[1]: HandleSSLError - ", "(Verification error:1) "),
        ("AppInfo", "", "Incoming SIP TCP message from "),
        ("SdlSig", "SIPCertificateInd connIdx= 1 ", "-- "),
        ("FileHead", "UTC:+00:00, AppVersion: ", "a"),
        ("FileHead", "", ", a"),
    ],
)
def test_a_record_made_to_take_forever_does_not(kind: str, beginning: str, spam: str) -> None:
    text = f"00000001.000 |10:00:00.000 |{kind} |{beginning}{spam * (300_000 // len(spam))}\n"
    assert read(text).record_count == 1


def test_a_wanted_text_far_below_its_records_first_line_is_found() -> None:
    below = "".join(f"line {number}\n" for number in range(500))
    report = read(HEAD + sdl("first", f"second\n{below}createConnMsg tls_security=2\n{below}", "third"))
    assert [(event.field("tls_security"), event.source.line) for event in report.events] == [("2", 3)]


def test_an_outcome_is_found_when_the_signal_number_moves_on_in_between() -> None:
    text = (
        '00000101.999 |10:00:00.000 |AppInfo  |Digit analysis: match(pi="2", fqcn="1", cn="1",plv="5", pss="", dd="2",dac="0")\n'
        "00000102.000 |10:00:00.000 |AppInfo  |Digit analysis: potentialMatches=NoPotentialMatchesExist\n"
        '00000104.000 |10:00:00.000 |AppInfo  |Digit analysis: match(pi="2", fqcn="1", cn="1",plv="5", pss="", dd="3",dac="0")\n'
        "00000106.000 |10:00:00.000 |AppInfo  |Digit analysis: potentialMatches=NoPotentialMatchesExist\n"
    )
    assert [one.outcome for one in read(text).digit_analysis] == ["no_match", None]


def test_a_compressed_file_that_expands_without_end_is_read_in_pieces() -> None:
    report = read(gzip.compress(b"\0" * (20 * CHUNK_BYTES)))
    assert not report.readable
    many = read(gzip.compress(b"a") * 1100)
    assert many.problem is not None
    assert "gzip members" in many.problem


class _FailingStream(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise OSError("the disk is gone")
        return super().read(size)


def test_a_read_error_keeps_what_was_read_and_is_named() -> None:
    report = parse_trace(_FailingStream((HEAD + CALL).encode()))
    assert report.problem == "reading stopped: the disk is gone"
    assert len(report.sip_messages) == 2
