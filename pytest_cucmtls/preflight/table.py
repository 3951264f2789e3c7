"""The preflight as text for a terminal of 80 columns: grouped by place, one row per thing, the repair below what fails."""

import textwrap
from itertools import groupby

from pytest_cucmtls.preflight.results import Row, Standing

WIDTH = 80
_TITLE_WIDTH = 26
_MARKS = {Standing.OK: "ok", Standing.PROBLEM: "PROBLEM", Standing.CANNOT_SAY: "unknown", Standing.NOT_APPLICABLE: "-"}
_MARK_WIDTH = 8


def as_table(rows: tuple[Row, ...]) -> str:
    """Every row, then how many of each standing."""
    lines: list[str] = []
    for place, group in groupby(rows, key=lambda row: row.place):
        lines += ["", place[:WIDTH]]
        for row in group:
            lines += _row_lines(row)
    return "\n".join([*lines, "", _summary(rows)]).lstrip("\n")


def _row_lines(row: Row) -> list[str]:
    """Mark, title and finding side by side; the repair below, from the finding's column on."""
    indent = 2 + _MARK_WIDTH + 1 + _TITLE_WIDTH + 1
    titles = textwrap.wrap(row.title, _TITLE_WIDTH)
    texts = _wrapped(row.found, WIDTH - indent)
    lines = []
    for number in range(max(len(titles), len(texts), 1)):
        mark = _MARKS[row.standing] if number == 0 else ""
        title = titles[number] if number < len(titles) else ""
        text = texts[number] if number < len(texts) else ""
        lines.append(f"  {mark:<{_MARK_WIDTH}} {title:<{_TITLE_WIDTH}} {text}".rstrip())
    if row.repair:
        lines += [" " * (3 + _MARK_WIDTH) + line for line in _wrapped(f"repair: {row.repair}", WIDTH - 3 - _MARK_WIDTH)]
    return lines


def _wrapped(text: str, width: int) -> list[str]:
    """Words broken where they must be; what cannot be printed is shown as a question mark."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))
    return textwrap.wrap(shown, width)


def _summary(rows: tuple[Row, ...]) -> str:
    words = {
        Standing.OK: "ok",
        Standing.PROBLEM: "to repair",
        Standing.CANNOT_SAY: "undecided",
        Standing.NOT_APPLICABLE: "not needed",
    }
    counts = [(sum(row.standing is standing for row in rows), word) for standing, word in words.items()]
    return ", ".join(f"{count} {word}" for count, word in counts if count)
