"""How values read on the page: times, spans, fingerprints, serial numbers, and what differs between two texts."""

from collections.abc import Mapping
from datetime import UTC, datetime
from difflib import SequenceMatcher

from markupsafe import Markup

from pytest_cucmtls.model.certificates import DistinguishedName
from pytest_cucmtls.report.visible_text import visible_text

_LONGEST_COMPARED = 1000
_ENOUGH_SECONDS = 90.0


def moment(value: datetime | str | None) -> str:
    """``2026-11-23 17:20:25 UTC`` of a time or its ISO text; other texts as they are, "" for None."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return str(value)
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if value is not None else ""


def day(value: datetime | None) -> str:
    """``2026-11-23``; "" for None."""
    return f"{value.astimezone(UTC):%Y-%m-%d}" if value is not None else ""


def span(seconds: float) -> str:
    """``0.42 s``, ``12.3 s``, ``2 min 05 s``."""
    if seconds < _ENOUGH_SECONDS:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def distinguished(value: DistinguishedName) -> str:
    """A distinguished name in its encoded order, with room to break after each attribute."""
    return ", ".join(f"{key}={text}" for key, text in value.attributes)


def grouped(hexadecimal: str) -> str:
    """A fingerprint in groups of eight, so that eyes can compare it and lines can break."""
    return " ".join(hexadecimal[place : place + 8] for place in range(0, len(hexadecimal), 8))


def size(count: int) -> str:
    """``813 B``, ``12.4 KB``, ``3.1 MB`` (powers of 1000)."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.1f} KB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def differing(text: str, other: str) -> tuple[tuple[str, bool], ...]:
    """`text` in pieces, each with whether it differs from `other`: by position when both are as long, else by alignment.

    Texts that agree in less than half of their characters differ as a whole: what agrees there is chance.
    """
    if text == other:
        return ((text, False),)
    if len(text) > _LONGEST_COMPARED or len(other) > _LONGEST_COMPARED:
        return ((text, True),)
    if len(text) == len(other):
        unlike = sum(one != two for one, two in zip(text, other, strict=True))
        if unlike > len(text) / 2:
            return ((text, True),)
        return _merged([(one, one != two) for one, two in zip(text, other, strict=True)])
    matcher = SequenceMatcher(None, text, other, autojunk=False)
    if matcher.ratio() < 0.5:
        return ((text, True),)
    blocks = matcher.get_opcodes()
    return _merged([(text[start:end], kind != "equal") for kind, start, end, _, _ in blocks if end > start])


def _merged(pieces: list[tuple[str, bool]]) -> tuple[tuple[str, bool], ...]:
    found: list[tuple[str, bool]] = []
    for text, differs in pieces:
        if found and found[-1][1] is differs:
            found[-1] = (found[-1][0] + text, differs)
        else:
            found.append((text, differs))
    return tuple(found)


def visible(value: object) -> object:
    """Control characters and bidirectional overrides as their code points: they can be no part of a page, and can deceive."""
    return visible_text(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def text_of(values: Mapping[str, object], key: str) -> str:
    """A fact of the run as text; "" when the run does not say."""
    value = values.get(key)
    return "" if value is None else str(value)
