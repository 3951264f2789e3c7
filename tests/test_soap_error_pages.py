"""What a message quotes of the HTML pages CUCM's web server answers instead of SOAP."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.wire.html_text import plain_text

PIECES = (b"<title>", b"</title>", b"<!--", b"-->", b"<", b">", b"<script", b"x", b"\n")


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        (b"<html><head><title>A</title><style>p{}</style></head><body><h1>B</h1>\n <p>C</p></body></html>", "A: B C"),
        (b"<title>HTTP Status 599 - no</title><h1>HTTP Status 599 - no</h1>more", "HTTP Status 599 - no more"),
        (b"<!-- custom Cisco error page --><script>x()</script><title> Only </title>", "Only"),
        (b"plain words", "plain words"),
        (b'{"message": 1}', '{"message": 1}'),
        (b"\xff", "\ufffd"),
        (b"", ""),
    ],
)
def test_a_page_is_shown_as_title_and_text_on_one_line(page: bytes, shown: str) -> None:
    assert plain_text(page) == shown


def test_a_long_page_is_cut() -> None:
    assert len(plain_text(b"word " * 10_000)) == 300
    assert plain_text(b"<p>abcdef", limit=3) == "abc"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join))
def test_no_page_breaks_it_and_the_result_is_one_short_line(page: bytes) -> None:
    shown = plain_text(page)
    assert len(shown) <= 300
    assert "\n" not in shown
