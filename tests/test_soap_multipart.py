"""Multipart bodies: split exactly where RFC 2046 says, and never taken for whole when cut off."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.wire.multipart import MAX_PARTS, Part, boundary_of, split_parts, write_parts

TYPE = 'multipart/related; type="text/xml"; boundary="----=_Part_366_123.456"'
BOUNDARY = "----=_Part_366_123.456"


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        (TYPE, BOUNDARY),
        ("multipart/related; boundary=MIMEBoundaryurn_uuid_0F", "MIMEBoundaryurn_uuid_0F"),
        ("Multipart/Related;BOUNDARY=a;type=b", "a"),
        ("multipart/related", None),
        ("text/xml; boundary=a", None),
        ("", None),
    ],
)
def test_the_boundary_is_found_only_in_a_multipart_type(content_type: str, boundary: str | None) -> None:
    assert boundary_of(content_type) == boundary


def test_parts_keep_their_bytes_and_headers() -> None:
    parts = (
        Part((("content-type", "text/xml; charset=utf-8"),), b"<a/>"),
        Part((("content-id", "x"),), b"\x1f\x8b\r\n\r\n--\x00\r\n"),
    )
    assert split_parts(write_parts(parts, BOUNDARY), TYPE) == parts
    assert [part.media_type for part in parts] == ["text/xml", "text/plain"]


def test_bare_line_feeds_a_preamble_folded_headers_and_trailing_blanks_are_tolerated() -> None:
    body = f"preamble\n--{BOUNDARY} \nContent-Type: text/xml;\n charset=utf-8\n\n<a/>\n--{BOUNDARY}--\nepilogue".encode()
    assert split_parts(body, TYPE) == (Part((("content-type", "text/xml; charset=utf-8"),), b"<a/>"),)


def test_a_part_may_have_no_headers_and_no_content() -> None:
    assert split_parts(f"--{BOUNDARY}\r\n\r\n\r\n--{BOUNDARY}--".encode(), TYPE) == (Part((), b""),)


def test_the_boundary_inside_a_line_belongs_to_the_file() -> None:
    content = f"a --{BOUNDARY} b".encode()
    assert split_parts(write_parts((Part((), content),), BOUNDARY), TYPE)[0].body == content


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<a/>",
        f"--{BOUNDARY}\r\n\r\nhalf a fi".encode(),
        f"--{BOUNDARY}\r\nno end of headers\r\n--{BOUNDARY}--".encode(),
        f"--{BOUNDARY}x\r\n\r\nother boundary\r\n--{BOUNDARY}x--".encode(),
        f"--{BOUNDARY}\r\n".encode() * (MAX_PARTS + 10),
        b"--" + BOUNDARY.encode() + b"\r\nA: " + b"x" * 20_000 + b"\r\n\r\nbody\r\n--" + BOUNDARY.encode() + b"--",
    ],
)
def test_a_body_that_is_not_whole_is_not_understood(body: bytes) -> None:
    with pytest.raises(UnexpectedAnswer):
        split_parts(body, TYPE)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=80), max_size=5))
def test_what_is_written_is_read_back(bodies: list[bytes]) -> None:
    parts = tuple(Part((("content-id", str(number)),), body) for number, body in enumerate(bodies))
    assert split_parts(write_parts(parts, BOUNDARY), TYPE) == parts


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([b"--a", b"--", b"\r\n", b"\n", b"x", b":", b" ", b"\x00"]), max_size=40).map(b"".join))
def test_no_bytes_raise_anything_but_our_error(body: bytes) -> None:
    try:
        split_parts(body, "multipart/related; boundary=a")
    except UnexpectedAnswer:
        return
