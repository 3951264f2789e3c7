"""What a CUCM pattern matches and how closely: X, N-free wildcards, ranges, `!`, and the dot; holds no check.

Source: CUCM System Configuration Guide, "Wildcards and special characters in route patterns". `@` (the national numbering
plan) is not expanded: `matches` answers None for it.
"""

import re
from functools import lru_cache

DIGITS = "0123456789*#+ABCD"


@lru_cache(maxsize=1024)
def _parts(pattern: str) -> tuple[tuple[frozenset[str], str], ...] | None:
    """(accepted digits, repetition ``""``, ``+``, ``?``) per position; None for a pattern that cannot be expanded."""
    found: list[tuple[frozenset[str], str]] = []
    for token in re.findall(r"\\.|\[[^\]]*\]|.", pattern.replace(".", "")):
        if token == "@":
            return None
        if token in {"+", "?"} and found:
            found[-1] = (found[-1][0], "+" if token == "+" else "*")
            continue
        found.append((_accepted(token), "+" if token == "!" else ""))
    return tuple(found)


def _accepted(token: str) -> frozenset[str]:
    if token in {"X", "x", "!"}:
        return frozenset("0123456789")
    if token.startswith("\\"):
        return frozenset(token[1:])
    if token.startswith("["):
        inside = token[1:-1]
        chosen = frozenset(_expanded(inside.removeprefix("^")))
        return frozenset("0123456789*#") - chosen if inside.startswith("^") else chosen
    return frozenset(token.upper())


def _expanded(inside: str) -> list[str]:
    found: list[str] = []
    for match in re.finditer(r"(.)-(.)|(.)", inside):
        first, last, single = match.groups()
        found += [single] if single else [chr(code) for code in range(ord(first), ord(last) + 1)]
    return found


def matches(pattern: str, digits: str) -> bool | None:
    """True when the whole digit string matches; None when the pattern contains ``@`` and cannot be decided."""
    parts = _parts(pattern)
    if parts is None:
        return None
    expression = "".join(f"[{re.escape(''.join(sorted(accepted)))}]{repeat}" for accepted, repeat in parts if accepted)
    return re.fullmatch(expression, digits.upper()) is not None


def breadth(pattern: str, length: int) -> int:
    """How many digit strings of this length the pattern accepts at most: the smaller, the closer the match."""
    parts = _parts(pattern)
    if parts is None:
        return int(10**length)
    count, used = 1, 0
    for accepted, repeat in parts:
        if not repeat:
            count *= len(accepted)
            used += 1
    widest = max((len(accepted) for accepted, repeat in parts if repeat), default=1)
    for _ in range(max(length - used, 0)):
        count *= widest
    return count


def partition_name(text: str | None) -> str:
    """A partition name with ``< None >``, ``<None>`` and blank all meaning the same."""
    plain = (text or "").strip()
    return "" if plain.replace(" ", "").lower() in {"<none>", "none"} else plain


def same_pattern(one: str | None, other: str | None) -> bool:
    """Equal patterns; an escaped leading plus counts as the plus."""
    return (one or "").replace("\\+", "+") == (other or "").replace("\\+", "+")


def sent_digits(pattern: str, digits: str, *, discard: str | None, mask: str | None, prefix: str | None) -> str | None:
    """What leaves a route pattern for these dialled digits: discard, then mask, then prefix, in CUCM's order.

    None when the discard instruction is not one of ``NoDigits`` and ``PreDot`` (those of numbering plans are not followed).
    """
    instruction = partition_name(discard)
    if instruction == "PreDot" and "." in pattern:
        before = _parts(pattern.partition(".")[0])
        if before is None or any(repeated for _, repeated in before):
            return None
        digits = digits[len(before) :]
    elif instruction not in {"", "NoDigits", "PreDot"}:
        return None
    if mask:
        padded = digits[-len(mask) :].rjust(len(mask))
        digits = "".join(own if wanted in "Xx" else wanted for wanted, own in zip(mask, padded, strict=True)).strip()
    return f"{prefix or ''}{digits}"
