"""How values read on the page, and which characters of two texts differ."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from pytest_cucmtls.report.html.shown import differing, grouped, moment, size, span, visible


def test_times_are_shown_in_utc() -> None:
    paris = datetime(2026, 6, 1, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    assert moment(paris) == "2026-06-01 12:00:00 UTC"
    assert moment("2026-06-01T12:00:00Z") == "2026-06-01 12:00:00 UTC"
    assert moment("yesterday") == "yesterday"
    assert moment(None) == ""
    assert moment(datetime(2026, 6, 1, tzinfo=UTC)) == "2026-06-01 00:00:00 UTC"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.00 s"), (9.994, "9.99 s"), (10, "10.0 s"), (89.9, "89.9 s"), (90, "1 min 30 s")],
)
def test_spans_change_their_unit_at_ten_and_at_ninety_seconds(seconds: float, text: str) -> None:
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 KB"), (999_999, "1000.0 KB"), (1_000_000, "1.0 MB")]
)
def test_sizes_change_their_unit_at_powers_of_a_thousand(count: int, text: str) -> None:
    assert size(count) == text


def test_fingerprints_come_in_groups_of_eight() -> None:
    assert grouped("0123456789abcdef01") == "01234567 89abcdef 01"


def test_equal_texts_differ_nowhere() -> None:
    assert differing("CN=A", "CN=A") == (("CN=A", False),)


def test_texts_of_one_length_are_compared_place_by_place() -> None:
    assert differing("0x10FE", "0x11FE") == (("0x1", False), ("0", True), ("FE", False))


def test_texts_that_agree_by_chance_only_differ_as_a_whole() -> None:
    assert differing("abcd", "abxy") == (("ab", False), ("cd", True))
    assert differing("abcd", "axyz") == (("abcd", True),)
    assert differing("DC=CA", "CN=cucm-a.example") == (("DC=CA", True),)


def test_texts_of_different_length_are_aligned() -> None:
    assert differing("CN=CUCM10-ms", "CN=CUCM10") == (("CN=CUCM10", False), ("-ms", True))


def test_very_long_texts_differ_as_a_whole() -> None:
    assert differing("a" * 1001, "a") == (("a" * 1001, True),)
    assert differing("a" * 1000, "a" * 900)[0] == ("a" * 900, False)


@given(st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_the_pieces_always_make_the_text(text: str, other: str) -> None:
    pieces = differing(text, other)
    assert "".join(piece for piece, _ in pieces) == text
    assert any(differs for _, differs in pieces) or len(text) <= len(other)


def test_characters_that_deceive_or_cannot_be_shown_become_code_points() -> None:
    assert visible("a\x00b\u202ec\x1b") == "a\\u0000b\\u202ec\\u001b"
    assert visible("tab\tand\nline") == "tab\tand\nline"
    assert visible(Markup("<b>\u202e</b>")) == Markup("<b>\u202e</b>")
    assert visible(7) == 7
