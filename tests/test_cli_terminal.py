"""What a terminal shows, and where a CLI dialogue stands in it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.wire.cli_dialogue import find_question, is_pager, is_prompt, split_echo
from pytest_cucmtls.wire.cli_terminal import PAGER, last_line, render_terminal

PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=60)


@pytest.mark.parametrize(
    ("received", "shown"),
    [
        (b"a\r\nb\r\n", "a\nb\n"),
        (b"a\r\r\nb", "a\nb"),
        (b"\x1b[1;31mred\x1b[0m", "red"),
        (b"\x1b]0;title\x07text", "text"),
        (b"\x1b(Btext\x1b", "text"),
        (b"abc\x08\x08X", "aXc"),
        (b"abc\x08 \x08", "ab "),
        (b"old text\rnew", "new text"),
        (b"old text\r\x1b[Knew", "new"),
        (b"\x08\x08start", "start"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"a\x00\x07b", "ab"),
        (b"", ""),
    ],
)
def test_control_characters_do_what_they_do_on_a_screen(received: bytes, shown: str) -> None:
    assert render_terminal(received) == shown


@pytest.mark.parametrize(
    "between",
    [
        b"\r" + b" " * len(PAGER) + b"\r",
        b"\r\x1b[K",
        b"\r\n",
        b"\x08" * len(PAGER) + b" " * len(PAGER) + b"\x08" * len(PAGER),
        b"\r",
        b"",
    ],
)
def test_the_pager_leaves_no_trace_however_it_is_wiped(between: bytes) -> None:
    text = render_terminal(b"one\r\n\x1b[7m" + PAGER.encode() + b"\x1b[m" + between + b"  two\r\n")
    assert text == "one\n  two\n"


def test_indentation_after_the_pager_is_kept_and_so_is_a_pem_line() -> None:
    received = f"MIIDpzCCAo+g\r\n{PAGER}\r{' ' * len(PAGER)}\rAwIBAgIQ\r\n".encode()
    assert render_terminal(received) == "MIIDpzCCAo+g\nAwIBAgIQ\n"


@given(st.binary(max_size=400))
@settings(max_examples=100, deadline=None)
def test_any_bytes_can_be_shown(received: bytes) -> None:
    shown = render_terminal(received)
    assert "\x1b" not in shown
    assert "\r" not in shown


@given(st.lists(PRINTABLE, max_size=8))
@settings(max_examples=60, deadline=None)
def test_plain_lines_are_shown_as_they_are(lines: list[str]) -> None:
    assert render_terminal("\r\n".join(lines).encode()) == "\n".join(lines).replace(PAGER, "")


def test_huge_and_hostile_input_is_shown_in_bearable_time() -> None:
    for piece in (b"\x1b[", b"\x1b]x", b"\x08", b"\r", b"a\r", PAGER.encode(), b"\x1b[" + b"1" * 40, b"\x1b[K"):
        assert isinstance(render_terminal(piece * (300_000 // len(piece))), str)


@pytest.mark.parametrize(
    ("line", "affirmative", "negative"),
    [
        ("Continue (y/n)?", "y", "n"),
        ("Do you want to continue (yes/no) ? ", "yes", "no"),
        ("Do you wish to proceed (yes|no)?", "yes", "no"),
        ("Proceed with regeneration (yes|no)? ", "yes", "no"),
        ("Would you like to proceed [y/n]? ", "y", "n"),
        ("Please answer 'y' for <yes> or 'n' for <no>:", "y", "n"),
        ("Are you sure you want to continue connecting (yes/no)? ", "yes", "no"),
        ("Include OU in CSR (yes|no)? ", "yes", "no"),
        ("CONTINUE (YES/NO)?", "yes", "no"),
    ],
)
def test_every_family_of_confirmation_is_recognised(line: str, affirmative: str, negative: str) -> None:
    question = find_question(line)
    assert question is not None
    assert (question.affirmative, question.negative) == (affirmative, negative)
    assert find_question(line + "y") is None


@pytest.mark.parametrize(
    "line", ["", "Continue (y/n)", "Continue?", "admin:", "Password:", "choose (yes/no) later", "(y/n)? yes"]
)
def test_what_is_no_complete_question_is_none(line: str) -> None:
    assert find_question(line) is None


@pytest.mark.parametrize(
    ("line", "prompt"),
    [
        ("admin:", True),
        ("admin: ", True),
        ("ccmadmin:", True),
        ("root:", False),
        ("admin:x", False),
        ("xadmin:", False),
        ("", False),
    ],
)
def test_the_prompt_is_a_known_name_and_a_colon_and_nothing_else(line: str, prompt: bool) -> None:
    assert is_prompt(line, "admin", "ccmadmin") is prompt


def test_the_pager_is_recognised_in_colour_and_only_at_the_end() -> None:
    assert is_pager(b"text\r\n\x1b[7m" + PAGER.encode() + b"\x1b[0m")
    assert not is_pager(PAGER.encode()[:-1])
    assert not is_pager(PAGER.encode() + b"\r\nmore")
    assert not is_pager(b"")


def test_the_echo_is_cut_off_whatever_stands_before_it() -> None:
    assert split_echo("show version active\nAnswer", "show version active") == (True, "Answer")
    assert split_echo("\nadmin:show version active\nAnswer\n", "show version active") == (True, "Answer\n")
    assert split_echo("show ver sion active\nAnswer", "show version active") == (True, "Answer")


def test_without_echo_nothing_is_cut_off() -> None:
    assert split_echo("Answer\nmore", "show version active") == (False, "Answer\nmore")
    assert split_echo("", "show version active") == (False, "")
    assert split_echo("Answer", "") == (False, "Answer")


def test_the_unfinished_line_is_what_follows_the_last_line_end() -> None:
    assert last_line("a\nb\nadmin:") == "admin:"
    assert last_line("a\n") == ""
    assert last_line("") == ""
