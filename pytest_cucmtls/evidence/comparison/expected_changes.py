"""Differences the user expects, from a TOML file: each rule says what, and why.

[[expected]]
area = "certificate"            # every pattern is optional and like a shell's; absent means any
subject = "A/*"
about = "CallManager identity"
name = "*"
before = "*"
after = "*"
why = "renewed under change 4711"      # required
until = 2027-01-31                     # last day the rule holds

[timings]
factor = 3.0                    # a phase is slower or faster when it takes this many times as long,
seconds = 5.0                   # and this much more or less
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pytest_cucmtls.evidence.folder_walk import read_bytes
from pytest_cucmtls.model.errors import ConfigurationInvalid

PATTERNS = ("area", "subject", "about", "name", "before", "after")


@dataclass(frozen=True, slots=True)
class ExpectedChange:
    """One rule."""

    number: int
    """1-based, in the order of the file."""
    patterns: tuple[tuple[str, str], ...]
    why: str
    until: date | None = None

    def matches(self, described: Mapping[str, str], on: date) -> bool:
        """Every pattern fits, and the rule still holds on that day (the last day included)."""
        if self.until is not None and on > self.until:
            return False
        return all(fnmatchcase(described[key], pattern) for key, pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class ExpectedChanges:
    """All rules of a file; without a file, none."""

    rules: tuple[ExpectedChange, ...] = ()
    timing_factor: float = 3.0
    timing_seconds: float = 5.0
    """Both must be exceeded before a timing counts as changed."""


def read_expected_changes(file: Path | None) -> ExpectedChanges:
    """The rules of a file, none without one. Raises: ConfigurationInvalid naming the rule and key; FileUnreadable."""
    if file is None:
        return ExpectedChanges()
    try:
        values = tomllib.loads(read_bytes(file).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigurationInvalid(str(file), "", f"is not TOML: {problem}") from problem
    _refuse_unknown(values, {"expected", "timings"}, str(file), "")
    entries = values.get("expected", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigurationInvalid(str(file), "expected", "must be tables: write [[expected]]")
    rules = tuple(_rule(number, entry, str(file)) for number, entry in enumerate(entries, 1))
    timings = values.get("timings", {})
    if not isinstance(timings, dict):
        raise ConfigurationInvalid(str(file), "timings", "must be a table: write [timings]")
    _refuse_unknown(timings, {"factor", "seconds"}, str(file), "timings.")
    usual = ExpectedChanges()
    factor = _number(timings, "factor", usual.timing_factor, 1.0, str(file))
    return ExpectedChanges(rules, factor, _number(timings, "seconds", usual.timing_seconds, 0.0, str(file)))


def _rule(number: int, entry: dict[str, Any], file: str) -> ExpectedChange:
    place = f"expected[{number}]"
    _refuse_unknown(entry, {*PATTERNS, "why", "until"}, file, f"{place}.")
    for key in (*PATTERNS, "why"):
        if key in entry and not isinstance(entry[key], str):
            raise ConfigurationInvalid(file, f"{place}.{key}", "must be text")
    why, until = entry.get("why", ""), entry.get("until")
    if not why.strip():
        raise ConfigurationInvalid(file, f"{place}.why", "is missing: say why this difference is expected")
    if not any(key in entry for key in PATTERNS):
        raise ConfigurationInvalid(file, place, "would expect every difference; name at least an area, a subject or a name")
    if isinstance(until, datetime):
        until = until.date()
    if until is not None and not isinstance(until, date):
        raise ConfigurationInvalid(file, f"{place}.until", "must be a date such as 2027-01-31")
    return ExpectedChange(number, tuple((key, entry[key]) for key in PATTERNS if key in entry), why.strip(), until)


def _number(values: Mapping[str, Any], key: str, usual: float, least: float, file: str) -> float:
    value = values.get(key, usual)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < 1e9:
        raise ConfigurationInvalid(file, f"timings.{key}", f"must be a number of at least {least:g}")
    return float(value)


def _refuse_unknown(values: Mapping[str, Any], known: set[str], file: str, prefix: str) -> None:
    for key in values:
        if key not in known:
            raise ConfigurationInvalid(file, prefix + key, f"is not known here; known are {', '.join(sorted(known))}")
