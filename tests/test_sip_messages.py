"""SIP messages are read from whatever a wire or a trace shows of them, and streams are cut where messages end."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.wire.sip_messages import (
    LARGEST_BODY_BYTES,
    LARGEST_HEADER_BYTES,
    SipFraming,
    canonical_name,
    parse_sip_message,
    sip_bytes,
)

INVITE = (
    b"INVITE sip:9898@10.106.95.200:5061 SIP/2.0\r\n"
    b"Via: SIP/2.0/TLS 10.106.95.203:5061;branch=z9hG4bK144f49a43a\r\n"
    b"From: <sip:1018@10.106.95.203>;tag=34\r\n"
    b"To: <sip:9898@10.106.95.200>\r\n"
    b"Call-ID: 94fffc00@10.106.95.203\r\n"
    b"CSeq: 101 INVITE\r\n"
    b"Content-Length: 4\r\n\r\nv=0\n"
)
RINGING = b"SIP/2.0 180 Ringing\r\nCall-ID: 94fffc00@10.106.95.203\r\nCSeq: 101 INVITE\r\nContent-Length: 0\r\n\r\n"


def test_a_request_shows_method_address_and_headers() -> None:
    read = parse_sip_message(INVITE)
    assert (read.method, read.request_uri, read.status_code) == ("INVITE", "sip:9898@10.106.95.200:5061", None)
    assert read.via_transport == "TLS"
    assert read.call_id == "94fffc00@10.106.95.203"
    assert read.body == b"v=0\n"


def test_a_response_shows_code_and_reason() -> None:
    read = parse_sip_message(RINGING)
    assert (read.method, read.status_code, read.reason_phrase) == (None, 180, "Ringing")
    assert parse_sip_message(b"SIP/2.0 200 \r\n\r\n").reason_phrase == ""
    assert parse_sip_message(b"SIP/2.0 200\r\n\r\n").status_code == 200
    assert parse_sip_message(b"SIP/2.0 404 Not  Found here\r\n\r\n").reason_phrase == "Not  Found here"


@pytest.mark.parametrize(
    "written",
    [
        INVITE.replace(b"\r\n", b"\n"),
        b"\r\n\r\n" + INVITE,
        INVITE.replace(b"Via:", b"v:").replace(b"From:", b"f :").replace(b"Call-ID:", b"i:").replace(b"Content-Length:", b"l:"),
        INVITE.replace(b"Call-ID: ", b"Call-ID:\r\n\t").replace(b"From: ", b"From:   "),
        INVITE.replace(b"Via", b"VIA").replace(b"Call-ID", b"call-id").replace(b"CSeq", b"CSEQ"),
        INVITE + b"bytes of the next message",
    ],
)
def test_every_way_of_writing_the_same_message_reads_the_same(written: bytes) -> None:
    assert parse_sip_message(written) == parse_sip_message(INVITE)


@pytest.mark.parametrize(("length", "body"), [("3", b"abc"), ("0", b""), ("6", b"abcdef"), ("7", b"abcdef"), ("x", b"abcdef")])
def test_the_body_is_as_long_as_announced_and_available(length: str, body: bytes) -> None:
    assert parse_sip_message(f"SIP/2.0 200 OK\r\nContent-Length: {length}\r\n\r\nabcdef".encode()).body == body


def test_without_a_length_the_rest_is_the_body() -> None:
    assert parse_sip_message(b"SIP/2.0 200 OK\r\n\r\nabcdef").body == b"abcdef"
    assert parse_sip_message(b"SIP/2.0 200 OK\r\nContent-Length: -1\r\n\r\nabcdef").body == b"abcdef"


def test_bytes_that_are_no_utf8_do_not_hide_the_message() -> None:
    read = parse_sip_message(b"OPTIONS sip:a SIP/2.0\r\nSubject: \xff\xfe\r\n\r\n")
    assert read.header("subject") == "\ufffd\ufffd"


@pytest.mark.parametrize(
    "nothing",
    [
        b"",
        b"\r\n\r\n",
        b"\x16\x03\x01\x00\x50",
        b"GET / HTTP/1.1\r\n\r\n",
        b"SIP/2.0 99 Low\r\n\r\n",
        b"SIP/2.0\r\n\r\n",
        b"INVITE SIP/2.0",
    ],
)
def test_what_is_no_sip_is_refused(nothing: bytes) -> None:
    with pytest.raises(UnexpectedAnswer):
        parse_sip_message(nothing)


def test_sip_is_recognised_by_its_complete_first_line() -> None:
    assert parse_sip_message(b"\r\n" + RINGING) == parse_sip_message(RINGING)
    with pytest.raises(UnexpectedAnswer):
        parse_sip_message(b"INVITE sip:9898@10.106.95.200:5061\r\n\r\n")


def test_headers_and_bodies_over_the_limits_are_refused() -> None:
    start = b"OPTIONS sip:a SIP/2.0\r\n"
    with pytest.raises(UnexpectedAnswer, match="headers longer"):
        parse_sip_message(start + b"X: " + b"a" * LARGEST_HEADER_BYTES)
    with pytest.raises(UnexpectedAnswer, match="body longer"):
        parse_sip_message(start + b"\r\n" + b"a" * (LARGEST_BODY_BYTES + 1))
    assert len(parse_sip_message(start + b"\r\n" + b"a" * LARGEST_BODY_BYTES).body) == LARGEST_BODY_BYTES


@pytest.mark.parametrize(
    "start", [b"A " + b" " * 60_000, b"SIP/2.0 " + b"\t" * 60_000, b"A" + b" x" * 30_000, b"A x" + b" SIP/2.0" * 7000 + b"!"]
)
def test_a_hostile_first_line_is_refused_without_delay(start: bytes) -> None:
    with pytest.raises(UnexpectedAnswer):
        parse_sip_message(start + b"\r\n\r\n")


def test_a_written_message_reads_as_itself() -> None:
    message = SipMessage("BYE sip:a SIP/2.0", (("Call-ID", "1"), ("CSeq", "102 BYE")), b"abc", method="BYE", request_uri="sip:a")
    read = parse_sip_message(sip_bytes(message))
    assert (read.start_line, read.method, read.body) == ("BYE sip:a SIP/2.0", "BYE", b"abc")
    assert read.headers == (*message.headers, ("Content-Length", "3"))
    assert sip_bytes(read) == sip_bytes(message)


def test_a_header_cannot_smuggle_in_another() -> None:
    for end in ("\r\n", "\n", "\r"):
        with pytest.raises(ValueError, match="line end"):
            sip_bytes(SipMessage("BYE sip:a SIP/2.0", (("Call-ID", f"1{end}Via: x"),)))


def test_names_get_their_usual_capitals() -> None:
    names = ("i", "L", "call-id", "CSEQ", "remote-party-id", "P-Asserted-Identity", "x-cisco-remotecc")
    expected = ["Call-ID", "Content-Length", "Call-ID", "CSeq", "Remote-Party-Id", "P-Asserted-Identity", "X-Cisco-Remotecc"]
    assert [canonical_name(name) for name in names] == expected


def test_several_messages_of_one_segment_come_out_one_by_one() -> None:
    framing = SipFraming()
    assert framing.feed(INVITE + RINGING + INVITE[:50]) == [INVITE, RINGING]
    assert framing.waiting_bytes == 50
    assert framing.feed(INVITE[50:]) == [INVITE]
    assert (framing.waiting_bytes, framing.skipped_bytes) == (0, 0)


def test_keep_alives_between_messages_are_counted_and_passed_over() -> None:
    framing = SipFraming()
    assert framing.feed(b"\r\n\r\n" + INVITE + b"\r\n\r\n" + RINGING) == [INVITE, RINGING]
    assert framing.feed(b"\r\n\r\n") == []
    assert (framing.keep_alives, framing.skipped_bytes) == (3, 0)


def test_after_garbage_the_next_message_is_found() -> None:
    framing = SipFraming()
    assert framing.feed(b"this is no SIP\r\nat all\r\n\r\n" + RINGING) == [RINGING]
    assert framing.skipped_bytes == len(b"this is no SIP\r\nat all\r\n\r\n")


def test_a_stream_without_message_ends_holds_a_bounded_number_of_bytes() -> None:
    framing = SipFraming()
    for _ in range(40):
        assert framing.feed(b"x" * 8192) == []
        assert framing.waiting_bytes <= LARGEST_HEADER_BYTES + 8192
    assert framing.skipped_bytes > 0
    assert framing.feed(b"\n" + RINGING) == [RINGING]


def test_an_announced_gigabyte_is_not_waited_for() -> None:
    framing = SipFraming()
    framing.feed(b"SIP/2.0 200 OK\r\nContent-Length: 999999999\r\n\r\n")
    assert len(framing.feed(b"a" * LARGEST_BODY_BYTES)) == 1


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([INVITE, RINGING, b"\r\n\r\n"]), max_size=6), st.lists(st.integers(1, 200), max_size=30))
def test_messages_come_out_the_same_however_the_stream_is_cut(parts: list[bytes], cuts: list[int]) -> None:
    stream, framing, out = b"".join(parts), SipFraming(), []
    position = 0
    for size in [*cuts, len(stream)]:
        out += framing.feed(stream[position : position + size])
        position += size
    assert out == [part for part in parts if part != b"\r\n\r\n"]


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.integers(0, len(INVITE)), st.integers(0, len(INVITE)))
def test_arbitrary_bytes_give_a_message_or_a_refusal(noise: bytes, start: int, end: int) -> None:
    for data in (noise, INVITE[:start] + noise + INVITE[end:]):
        framing = SipFraming()
        for message in (data, *framing.feed(data)):
            try:
                read = parse_sip_message(message)
            except UnexpectedAnswer:
                continue
            assert (read.method is None) != (read.status_code is None)


def test_a_message_that_drips_in_byte_by_byte_comes_out_whole() -> None:
    framing, out = SipFraming(), []
    long = b"OPTIONS sip:a SIP/2.0\r\nX: " + b"a" * 20_000 + b"\r\n\r\n"
    for byte in long + RINGING + b"\n" + long.replace(b"\r\n", b"\n"):
        out += framing.feed(bytes((byte,)))
    assert out == [long, RINGING, long.replace(b"\r\n", b"\n")]
