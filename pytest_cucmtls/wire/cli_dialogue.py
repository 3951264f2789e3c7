"""Where a platform CLI dialogue stands: prompt, pager, a question that wants an answer, the echo of what was typed."""

import re
from dataclasses import dataclass

from pytest_cucmtls.wire.cli_terminal import PAGER

_CHOICE = re.compile(
    r"(?:[(\[](?P<words>y/n|y\|n|yes/no|yes\|no)[)\]]|'y' for <yes> or 'n' for <no>)\s*[?:]+\s*\Z",
    re.IGNORECASE,
)
_ECHO_SEARCH_LINES = 6


@dataclass(frozen=True, slots=True)
class Question:
    """A confirmation the CLI waits for, with the two answers its family expects."""

    text: str
    affirmative: str
    negative: str


def is_prompt(line: str, *names: str) -> bool:
    """The unfinished line is ``<name>:`` and nothing else, for one of the administrator names (``admin`` in all samples)."""
    word, colon, rest = line.strip().partition(":")
    return bool(colon) and not rest and word in names


def is_pager(line: bytes) -> bool:
    """The bytes end with the pager's line."""
    return line.rstrip(b" \x1b[0123456789;mK").endswith(PAGER.encode())


def find_question(line: str) -> Question | None:
    """The confirmation an unfinished line asks, or None.

    Families: ``(y/n)?``, ``[y/n]?``, ``(yes/no)?``, ``(yes|no)?``, ``Please answer 'y' for <yes> or 'n' for <no>:``
    (platform.md §3.2). The closing ``?`` or ``:`` must have arrived.
    """
    match = _CHOICE.search(line[-400:])
    if match is None:
        return None
    whole_words = (match["words"] or "y").lower().startswith("yes")
    return Question(line.strip(), "yes" if whole_words else "y", "no" if whole_words else "n")


def split_echo(text: str, command: str) -> tuple[bool, str]:
    """Whether the typed command was echoed near the top, and the text after it (all of it when there was no echo).

    Compared without spaces: terminals wrap, and some prompts eat characters typed too fast but show them later.
    """
    wanted = "".join(command.split())
    lines = text.split("\n")
    for index, line in enumerate(lines[:_ECHO_SEARCH_LINES]):
        if wanted and "".join(line.split()).endswith(wanted):
            return True, "\n".join(lines[index + 1 :])
    return False, text
