"""CUCM's digit analysis: which pattern of which partition a dialled number hits, and what it turns the number into.

Patterns hold digits, ``*``, ``#``, ``\\+``, ``X`` (one digit), ``[2-5]``, ``[^13]``, ``!`` (one or more digits) and the
separator ``.``; ``@`` (numbering plans) is left out. The whole number is known (en bloc), so a pattern that would need
more digits does not match. Source: CUCM System Guide, "Understanding Route Plans" (closest match routing).
"""

from collections.abc import Sequence
from dataclasses import dataclass

_DIGITS = "0123456789"
_LITERALS = frozenset("0123456789*#ABCD")


@dataclass(frozen=True, slots=True)
class PatternElement:
    """One position of a pattern; `repeats` for ``!``."""

    characters: frozenset[str]
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Pattern:
    """A parsed pattern; `dot` is the number of elements before the separator, None without one."""

    text: str
    elements: tuple[PatternElement, ...]
    dot: int | None = None


@dataclass(frozen=True, slots=True)
class PatternMatch:
    """How digits fill a pattern: `possibilities` numbers of this length match it, `before_dot` digits precede the dot."""

    possibilities: int
    before_dot: int


class PatternInvalid(ValueError):
    """The text is no pattern this digit analysis knows."""


def parse_pattern(text: str) -> Pattern:
    """Raises: PatternInvalid."""
    elements: list[PatternElement] = []
    dot: int | None = None
    position = 0
    while position < len(text):
        character = text[position]
        if character == ".":
            if dot is not None:
                raise PatternInvalid(f"{text!r}: two separators")
            dot = len(elements)
        elif character == "[":
            end = text.find("]", position)
            if end < 0:
                raise PatternInvalid(f"{text!r}: '[' without ']'")
            elements.append(PatternElement(_character_class(text, text[position + 1 : end])))
            position = end
        elif character == "\\" and text[position + 1 : position + 2] == "+":
            elements.append(PatternElement(frozenset("+")))
            position += 1
        else:
            elements.append(_single(text, character))
        position += 1
    if not elements:
        raise PatternInvalid("an empty pattern")
    return Pattern(text, tuple(elements), dot)


def match_pattern(pattern: Pattern, digits: str) -> PatternMatch | None:
    """The match with the fewest possibilities, or None. ``!`` takes one or more digits."""
    elements = pattern.elements
    # best[i]: for the elements read so far, i digits consumed -> (possibilities, digits before the dot)
    best: dict[int, tuple[int, int]] = {0: (1, 0)}
    for number, element in enumerate(elements):
        if number == pattern.dot:
            best = {used: (possibilities, used) for used, (possibilities, _) in best.items()}
        best = _advance(best, element, digits)
    if len(digits) not in best:
        return None
    possibilities, before_dot = best[len(digits)]
    return PatternMatch(possibilities, len(digits) if pattern.dot == len(elements) else before_dot)


def closest(candidates: Sequence[tuple[int, PatternMatch]]) -> int:
    """Index of the best of (partition order, match): fewest possibilities, then the earlier partition (CUCM's tie rule)."""
    return min(range(len(candidates)), key=lambda index: (candidates[index][1].possibilities, candidates[index][0]))


@dataclass(frozen=True, slots=True)
class CalledPartyTransformation:
    """What a route pattern does to the called number, in CUCM's order: discard, mask, prefix."""

    discard_pre_dot: bool = False
    mask: str = ""
    prefix: str = ""

    def apply(self, digits: str, match: PatternMatch) -> str:
        """The number sent on."""
        kept = digits[match.before_dot :] if self.discard_pre_dot else digits
        return self.prefix + (apply_mask(self.mask, kept) if self.mask else kept)


def apply_mask(mask: str, digits: str) -> str:
    """CUCM's mask, right-justified: each ``X`` takes a digit from the right, other characters stand for themselves."""
    result: list[str] = []
    remaining = list(digits)
    for character in reversed(mask):
        if character != "X":
            result.append(character)
        elif remaining:
            result.append(remaining.pop())
    return "".join(reversed(result))


def significant_digits(digits: str, count: int | None) -> str:
    """The last `count` digits, as a trunk keeps them inbound; None keeps all."""
    if count is None:
        return digits
    return digits[-count:] if count else ""


def regular_expression(pattern: Pattern) -> str:
    """As traces print it: one group before the dot, one after, e.g. ``(+)([0-9]+)``."""
    words = [_expression(element) for element in pattern.elements]
    if pattern.dot is None or pattern.dot in (0, len(words)):
        return f"({''.join(words)})"
    return f"({''.join(words[: pattern.dot])})({''.join(words[pattern.dot :])})"


def _expression(element: PatternElement) -> str:
    if element.repeats:
        return "[0-9]+"
    if len(element.characters) == 1:
        return next(iter(element.characters))
    return "[0-9]" if element.characters == frozenset(_DIGITS) else f"[{''.join(sorted(element.characters))}]"


def _single(text: str, character: str) -> PatternElement:
    if character == "X":
        return PatternElement(frozenset(_DIGITS))
    if character == "!":
        return PatternElement(frozenset(_DIGITS), repeats=True)
    if character == "+" or character in _LITERALS:
        return PatternElement(frozenset(character))
    raise PatternInvalid(f"{text!r}: {character!r} is not supported")


def _character_class(text: str, inside: str) -> frozenset[str]:
    negated, body = inside.startswith("^"), inside.removeprefix("^")
    members: set[str] = set()
    position = 0
    while position < len(body):
        first = body[position]
        if body[position + 1 : position + 2] == "-" and position + 2 < len(body):
            last = body[position + 2]
            if first not in _DIGITS or last not in _DIGITS or first > last:
                raise PatternInvalid(f"{text!r}: bad range {first}-{last}")
            members.update(_DIGITS[int(first) : int(last) + 1])
            position += 3
        elif first in _LITERALS:
            members.add(first)
            position += 1
        else:
            raise PatternInvalid(f"{text!r}: {first!r} inside brackets")
    if not members:
        raise PatternInvalid(f"{text!r}: empty brackets")
    return frozenset(_DIGITS) - members if negated else frozenset(members)


def _advance(best: dict[int, tuple[int, int]], element: PatternElement, digits: str) -> dict[int, tuple[int, int]]:
    after: dict[int, tuple[int, int]] = {}
    for used, (possibilities, before_dot) in best.items():
        width = len(element.characters)
        position, number = used, possibilities
        while position < len(digits) and digits[position] in element.characters:
            position += 1
            number *= width
            if position not in after or number < after[position][0]:
                after[position] = (number, before_dot)
            if not element.repeats:
                break
    return after
