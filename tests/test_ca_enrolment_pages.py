"""Pages of Microsoft's web enrolment are read for what they say, and nothing on them can do harm."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.wire.enrolment_pages import (
    LONGEST_PAGE_BYTES,
    PageState,
    parse_disposition,
    parse_renewals,
    parse_submission,
)


@pytest.mark.parametrize(
    ("page", "state", "number", "message"),
    [
        (b'<a href="certnew.cer?ReqID=7&Enc=b64">', PageState.ISSUED, "7", ""),
        (b'<a href="certnew.cer?ReqID=7&amp;Enc=b64">', PageState.ISSUED, "7", ""),
        (b"<b>Certificate Pending</b> Your Request Id is 12.", PageState.PENDING, "12", ""),
        (b"Your Request Id is\r\n 12.", PageState.PENDING, "12", ""),
        (
            b'Certificate Request Denied. Your Request Id is 3. The disposition message is "Denied by\r\n  &lt;policy&gt;"',
            PageState.DENIED,
            "3",
            "Denied by <policy>",
        ),
        (b"<b>Certificate Request Denied</b>", PageState.DENIED, "", "no reason given"),
        (b"certnew.cer?ReqID=CACert&Enc=b64", PageState.UNKNOWN, "", ""),
        (b"certnew.cer?ReqID=7", PageState.UNKNOWN, "", ""),
        (b"", PageState.UNKNOWN, "", ""),
        (b"\xff\xfe\x00", PageState.UNKNOWN, "", ""),
    ],
)
def test_a_submission_says_issued_pending_or_denied(page: bytes, state: PageState, number: str, message: str) -> None:
    found = parse_submission(page)
    assert (found.state, found.request_id, found.message) == (state, number, message)


@pytest.mark.parametrize(
    ("text", "state", "words"),
    [
        ("Taken Under Submission", PageState.PENDING, "Taken Under Submission"),
        ("Denied by CORP\\chief", PageState.DENIED, "Denied by CORP\\chief"),
        ("Revoked by CORP\\chief", PageState.DENIED, "Revoked"),
        ("The request was not found. 0x80094004", PageState.UNKNOWN, "0x80094004"),
    ],
)
def test_a_disposition_is_read_through_the_markup_around_it(text: str, state: PageState, words: str) -> None:
    page = f"<td>Disposition message:</td>\r\n<td>\t\t{text}\r\n</td><td>LastStatus:</td><td>\t\tsomething 0x0\r\n</td>"
    found = parse_disposition(page.encode())
    assert found.state is state
    assert words in found.message
    assert found.message.endswith("(something 0x0)")


def test_a_page_without_a_disposition_is_read_as_a_submission() -> None:
    assert parse_disposition(b"Certificate Pending. Your Request Id is 4.").state is PageState.PENDING
    assert parse_disposition(b"<html>portal</html>").state is PageState.UNKNOWN


@pytest.mark.parametrize(("page", "number"), [(b"var nRenewals=0;", 0), (b"var nRenewals = 12;", 12), (b"nRenewals=x", None)])
def test_renewals_are_counted(page: bytes, number: int | None) -> None:
    assert parse_renewals(page) == number


@pytest.mark.parametrize(
    "page",
    [b"<" * 2_000_000, b"Disposition message:" * 100_000, b'The disposition message is "' + b"x" * 1_000_000, b"\0" * 500_000],
)
def test_a_huge_page_is_read_in_bounded_pieces(page: bytes) -> None:
    assert len(page) > LONGEST_PAGE_BYTES
    for parse in (parse_submission, parse_disposition):
        assert len(parse(page).message) <= 1100


@settings(max_examples=100)
@given(st.one_of(st.binary(max_size=2000), st.text(max_size=2000).map(lambda text: text.encode("utf-8", "replace"))))
def test_no_page_raises(page: bytes) -> None:
    for parse in (parse_submission, parse_disposition):
        found = parse(page)
        assert found.request_id == "" or found.request_id.isdigit()
    assert parse_renewals(page) is None or b"nRenewals" in page
