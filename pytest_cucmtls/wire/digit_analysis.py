"""CUCM's digit analysis: each ``match(`` of a trace with its outcome."""

import re
from dataclasses import replace

from pytest_cucmtls.model.traces import DigitAnalysis
from pytest_cucmtls.wire.sdl_records import Record

WANTED = (b"Digit analysis: ", b"|Pretransform")
"""Texts of the records concerned; `|Pretransform…` begins the block of results."""

MOST_OPEN = 1000
"""Analyses waiting for their outcome at any moment; more than a node's calls in setup."""

_ARGUMENT = re.compile(r'\b(\w{1,64}) ?= ?"([^"]*)"')
_RESULT_START = re.compile(r"(?:^|\s)\|+(?=[A-Za-z])")
_BRACKETED_RESULTS = {"CallableEndPointName", "PatternNodeId", "AARNeighborhood", "AARDestinationMask"}
"""Written ``[value]``; in a pattern the brackets are digits to choose from and stay."""
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
            self._analyses.append(_request(record))
            if len(self._open) > MOST_OPEN:
                del self._open[next(iter(self._open))]
        elif (asked := signal if signal in self._open else _number_before(signal)) in self._open:
            self._outcome(asked, text)

    def _outcome(self, signal: str, text: str) -> None:
        index = self._open[signal]
        if "potentialMatches=" in text:
            word = text.partition("potentialMatches=")[2].split()[:1]
            outcome = _OUTCOMES.get(word[0]) if word else None
            self._close(signal, index, outcome, tuple(("PotentialMatches", one) for one in word))
        elif text.lstrip().startswith("|"):
            results = tuple(_results(text))
            self._close(signal, index, "match" if results else None, results)

    def _close(self, signal: str, index: int, outcome: str | None, results: tuple[tuple[str, str], ...]) -> None:
        self._analyses[index] = replace(self._analyses[index], outcome=outcome, results=results)
        del self._open[signal]


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
    found = [(key.strip(), value.strip()) for key, equals, value in pairs if equals]
    return [(key, value.removeprefix("[").removesuffix("]") if key in _BRACKETED_RESULTS else value) for key, value in found]
