"""A policy: named parameters, each with its clause and reliability mark."""

from dataclasses import dataclass
from datetime import date

from pytest_cucmtls.model.verdicts import Clause, Outcome
from pytest_cucmtls.model.waivers import Waiver

PolicyScalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Rule:
    """One parameter of a policy file (names of standards.md §2, e.g. ``tls.negotiated_min``)."""

    parameter: str
    value: PolicyScalar | tuple[PolicyScalar, ...]
    clause: Clause
    valid_from: date | None = None
    valid_until: date | None = None
    breach: Outcome = Outcome.FAIL
    """What breaking the rule means: FAIL, or WARN where the standard only recommends."""
    tolerance_seconds: float = 0.0
    """Slack the rule itself grants (a CA that back-dates by ten minutes)."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A named set of rules; a parameter a policy does not mention is not judged under it."""

    name: str
    title: str
    rules: tuple[Rule, ...]
    waivers: tuple[Waiver, ...] = ()

    def rule(self, parameter: str, on: date | None = None) -> Rule | None:
        """The rule of a parameter valid on a day (inclusive on both ends), or None."""
        for rule in self.rules:
            if rule.parameter != parameter:
                continue
            if on is not None and ((rule.valid_from and on < rule.valid_from) or (rule.valid_until and on > rule.valid_until)):
                continue
            return rule
        return None
