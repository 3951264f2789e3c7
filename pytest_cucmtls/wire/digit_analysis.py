"""CUCM's digit analysis: each ``match(`` of a trace with its outcome."""

import re
from dataclasses import replace

from pytest_cucmtls.model.traces import DigitAnalysis
from pytest_cucmtls.wire.sdl_records import Record

WANTED = (b"Digit analysis: ", b"|Pretransform")
"""Texts of the records concerned; `|Pretransform…` begins the block of results."""

MOST_OPEN = 1000
"""Analyses waiting for their outcome at any moment; more than a node's calls in setup."""
MOST_UNCLAIMED = 50
"""Outcomes at a file's beginning whose requests stand in the file before."""

_ARGUMENT = re.compile(r'\b(\w{1,64}) ?= ?"([^"]*)"')
_RESULT_START = re.compile(r"(?:^|\s)\|+ ?(?=[A-Za-z])|\|+(?=[A-Za-z]\w{0,63}=)")
"""Published excerpts join the lines of a block, with a blank, without one, or with one behind the bar."""
_BRACKETED_RESULTS = {"CallableEndPointName", "PatternNodeId", "AARNeighborhood", "AARDestinationMask"}
"""Written ``[value]``; in a pattern the brackets are digits to choose from and stay."""
_USAGE = re.compile(r"Digit analysis: patternUsage ?= ?(\d{1,3})\b")
_OUTCOMES = {
    "NoPotentialMatchesExist": "no_match",
    "PotentialMatchesExist": "potential",
    "ExclusivelyOffnetPotentialMatchesExist": "potential",
}


class DigitAnalysisReader:
    """Joins requests and outcomes by the record's signal number (``NNNNNNNN``): records of two activities interleave.

    Legacy SDI has no numbers, there the latest request is meant. A request whose outcome never came has outcome None.
    """

    def __init__(self) -> None:
        self._analyses: list[DigitAnalysis] = []
        self._open: dict[str, int] = {}
        self._usages: dict[str, int] = {}
        self._unclaimed: list[DigitAnalysis] = []

    @property
    def unclaimed(self) -> tuple[DigitAnalysis, ...]:
        """Outcomes met before any request of their activity."""
        return tuple(self._unclaimed)

    @property
    def analyses(self) -> tuple[DigitAnalysis, ...]:
        """Every request so far, in file order."""
        return tuple(self._analyses)

    def __len__(self) -> int:
        return len(self._analyses)

    def read(self, record: Record) -> None:
        """Take in one record that holds one of `WANTED`."""
        text = record.text
        signal = record.source.sequence.partition(".")[0]
        if "Digit analysis: match(" in text:
            self._open[signal] = len(self._analyses)
            self._analyses.append(replace(_request(record), pattern_usage=self._usages.pop(signal, None)))
            if len(self._open) > MOST_OPEN:
                del self._open[next(iter(self._open))]
        elif usage := _USAGE.search(text, 0, 200):
            self._usages[signal] = int(usage.group(1))
            if len(self._usages) > MOST_OPEN:
                del self._usages[next(iter(self._usages))]
        elif (asked := signal if signal in self._open else _number_before(signal)) in self._open:
            if found := outcome_in(text):
                index = self._open.pop(asked)
                self._analyses[index] = replace(self._analyses[index], outcome=found[0], results=found[1])
        elif len(self._unclaimed) < MOST_UNCLAIMED and (found := outcome_in(text)):
            self._unclaimed.append(DigitAnalysis(record.source, None, "", (), found[0], results=found[1]))


def outcome_in(text: str) -> tuple[str | None, tuple[tuple[str, str], ...]] | None:
    """(outcome, results) of a record that tells one, None for any other."""
    if "potentialMatches=" in text:
        word = text.partition("potentialMatches=")[2].split()[:1]
        return _OUTCOMES.get(word[0]) if word else None, tuple(("PotentialMatches", one) for one in word)
    if text.lstrip().startswith("|"):
        results = tuple(_results(text))
        return ("match" if results else None), results
    before, told, block = text.partition("analysis results")
    if told and "|" in block and before.endswith("Digit analysis: "):
        results = tuple(_results(block))  # legacy SDI: the block continues the record that announces it
        return ("match" if results else None), results
    return None


def answers(outcome: DigitAnalysis, request: DigitAnalysis) -> bool:
    """The outcome belongs to the request: same activity, or the next number."""
    signal = outcome.source.sequence.partition(".")[0]
    asked = request.source.sequence.partition(".")[0]
    return bool(signal) and asked in (signal, _number_before(signal))


def treatment(analysis: DigitAnalysis) -> tuple[str, ...]:
    """What happened to the number, in words: ``blocked``, ``hunt_pilot``, ``directory_number``, ``route_pattern``,
    ``translated`` (a translation pattern replaced the dialled digits), ``called_transformed``, ``calling_transformed``."""
    if analysis.outcome != "match":
        return ()
    usages = {2: "directory_number", 5: "route_pattern", 7: "hunt_pilot"}
    before, collected = analysis.result("PretransformDigitString"), analysis.result("CollectedDigits")
    called, calling = analysis.result("FullyQualifiedCalledPartyNumber"), analysis.result("CallingPartyNumber")
    plain = analysis.dialed_digits.removesuffix("#")
    said = [
        ("blocked", (analysis.result("RouteBlockFlag") or "").startswith("Block")),
        (usages.get(analysis.pattern_usage or 0, ""), True),
        ("translated", bool(before and plain) and before != plain),
        ("called_transformed", bool(before) and any(number and number != before for number in (collected, called))),
        ("calling_transformed", bool(calling) and calling != analysis.result("PretransformCallingPartyNumber")),
    ]
    return tuple(word for word, holds in said if holds and word)


def _number_before(signal: str) -> str:
    """The signal number before this one: after 999 records of an activity the number moves on."""
    return f"{int(signal) - 1:0{len(signal)}d}" if signal.isdecimal() and int(signal) else ""


def _request(record: Record) -> DigitAnalysis:
    arguments = tuple(_ARGUMENT.findall(record.text.partition("match(")[2].partition("\n")[0]))
    known = dict(arguments)
    space = known.get("pss", "")
    return DigitAnalysis(
        source=record.source,
        calling_party_number=known.get("fqcn"),
        dialed_digits=known.get("dd", ""),
        calling_search_space=tuple(space.split(":")) if space else (),
        outcome=None,
        arguments=arguments,
    )


def _results(text: str) -> list[tuple[str, str]]:
    """``|Key=value`` lines, or the same joined by blanks; the text before the first bar is none of them."""
    pairs = (part.partition("=") for part in _RESULT_START.split(text)[1:])
    found = [(key.strip(), value.partition("\n")[0].strip()) for key, equals, value in pairs if equals]
    return [(key, value.removeprefix("[").removesuffix("]") if key in _BRACKETED_RESULTS else value) for key, value in found]
