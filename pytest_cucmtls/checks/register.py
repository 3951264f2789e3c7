"""The register of checks: what a check is, how it is declared, found and applied to the subjects of its scope."""

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pytest_cucmtls.model.errors import NoEvidence
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Clause, Judgement, Outcome, Verdict

CheckFunction = Callable[..., Judgement]
SCOPES = ("pair", "cluster", "node", "direction")
PHASES = ("access", "apply", "config", "handshake", "call", "media", "trace", "evidence")
STEPS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "V1", "V2")
"""The ten steps of Cisco document 200180, then its sections "collect packet capture" and "collect CUCM traces"."""
NO_CONNECTION = ("handshake", "call", "media", "trace")
NO_CALL = ("call", "media", "trace")
"""Usual values of `prevents`: without a TLS connection there is nothing of the later phases, without a call no media."""

COLLECT = {
    "access": ("X5",),
    "apply": ("X5",),
    "config": ("X5",),
    "handshake": ("V1",),
    "call": ("V2",),
    "media": ("V2",),
    "trace": ("V2",),
    "evidence": ("X8",),
}
"""Remedy of missing evidence by phase: capture again, trace again, get access."""

LONGEST_REPEATED = 160
"""Longer values (lists of certificates) are quoted by the diagnosis in its own words."""

_checks: dict[str, "Check"] = {}


@dataclass(frozen=True, slots=True)
class Check:
    """One requirement: its data, and the pure function that judges one subject."""

    id: str
    title: str
    """First line of the function's docstring: the claim."""
    documentation: str
    step: str
    phase: str
    scope: str
    remedies: tuple[str, ...]
    clauses: tuple[Clause, ...]
    after: tuple[str, ...]
    """Checks whose failure makes this one meaningless for the same subject."""
    function: CheckFunction
    module: str
    prevents: tuple[str, ...] = ()
    """Phases whose evidence may not come into being when this check fails: no call, hence no trace of it."""

    def subjects(self, evidence: Evidence) -> list[tuple[str, tuple[object, ...]]]:
        """(subject, arguments after evidence and policy) of the scope, in inventory order."""
        first, second = evidence.clusters
        if self.scope == "pair":
            return [("pair", ())]
        if self.scope == "cluster":
            return [(cluster.name, (cluster,)) for cluster in evidence.clusters]
        if self.scope == "node":
            return [(f"{cluster.name}/{node.name}", (cluster, node)) for cluster in evidence.clusters for node in cluster.nodes]
        return [(f"{client.name}->{server.name}", (client, server)) for client, server in ((first, second), (second, first))]

    def verdict(self, evidence: Evidence, policy: Policy, subject: str, arguments: tuple[object, ...]) -> Verdict:
        """Judge one subject; missing evidence is INCONCLUSIVE, a crash of the check is ERROR, never the end of the run."""
        try:
            judgement = self.function(evidence, policy, *arguments)
        except NoEvidence as missing:
            judgement = Judgement(
                Outcome.INCONCLUSIVE,
                expected=self.title,
                observed=f"no evidence of {missing.fact}",
                diagnosis=f"Cannot be decided: no evidence of {missing.fact} ({missing.why}). {missing.remedy}".strip(),
                remedies=missing.remedies or COLLECT[self.phase],
            )
        except Exception as crash:
            judgement = Judgement(
                Outcome.ERROR,
                expected=self.title,
                observed=f"{type(crash).__name__}: {crash}",
                diagnosis=f"Check {self.id} itself failed ({type(crash).__name__}: {crash}); this says nothing of the trunk.",
                remedies=("X8",),
            )
        return self.as_verdict(subject, judgement)

    def not_evaluated(self, subject: str, causes: tuple[Verdict, ...], lacking: str = "") -> Verdict:
        """The verdict of a check whose precondition already failed; `lacking` says in a sentence what it would have needed."""
        named = "; ".join(f"{cause.check} failed for {cause.subject}" for cause in causes)
        judgement = Judgement(
            Outcome.INCONCLUSIVE,
            expected=self.title,
            observed="not evaluated",
            diagnosis=f"Not evaluated, because {named}.{f' {lacking}' if lacking else ''}",
            remedies=causes[0].remedies,
        )
        return self.as_verdict(subject, judgement, depends_on=tuple(dict.fromkeys(cause.check for cause in causes)))

    def as_verdict(self, subject: str, judgement: Judgement, *, depends_on: tuple[str, ...] = ()) -> Verdict:
        """Add the check's own data to what its function said."""
        unconfirmed = any(clause.mark == "M" for clause in judgement.clauses)
        note = " (clause not yet confirmed)" if unconfirmed else ""
        silent = judgement.outcome in {Outcome.PASS, Outcome.NOT_APPLICABLE}
        remedies = judgement.remedies if judgement.remedies is not None else (() if silent else self.remedies)
        return Verdict(
            check=self.id,
            title=self.title,
            step=self.step,
            phase=self.phase,
            subject=subject,
            outcome=judgement.outcome,
            expected=judgement.expected,
            observed=judgement.observed,
            diagnosis=_whole_sentence(subject, judgement) + note,
            remedies=remedies,
            clauses=tuple(dict.fromkeys((*judgement.clauses, *self.clauses))),
            evidence=tuple(dict.fromkeys(judgement.evidence)),
            depends_on=depends_on,
        )


def _whole_sentence(subject: str, judgement: Judgement) -> str:
    """A finding names both sides, what was expected and what was observed, whatever the check's own words leave out."""
    text = judgement.diagnosis
    if judgement.outcome is not Outcome.FAIL:
        return text
    sides = subject.split("->") if "->" in subject else []
    if not all(re.search(rf"\b{re.escape(side)}\b", text) for side in sides):
        text = f"{subject}: {text}"
    values = (("expected", judgement.expected), ("observed", judgement.observed))
    untold = [f"{word}: {value}" for word, value in values if value not in text and len(value) <= LONGEST_REPEATED]
    return f"{text.rstrip('.')} ({'; '.join(untold)})." if untold else text


def check(
    id: str,
    *,
    step: str,
    phase: str,
    scope: str,
    remedies: tuple[str, ...],
    clauses: tuple[Clause, ...],
    after: tuple[str, ...] = (),
    prevents: tuple[str, ...] = (),
) -> Callable[[CheckFunction], Check]:
    """Register a function as a check; its first docstring line is the claim.

    Arguments of the function by scope: ``pair`` (evidence, policy); ``cluster`` (…, cluster); ``node`` (…, cluster, node);
    ``direction`` (…, client, server) where `client` is the cluster whose call opens the TLS connection.
    Raises: TypeError, when the docstring is missing, a word is unknown or the id is taken: a mistake of the author, at import.
    """

    def register(function: CheckFunction) -> Check:
        documentation = (function.__doc__ or "").strip()
        if not documentation:
            raise TypeError(f"check {id}: a check without a docstring claims nothing")
        if step not in STEPS or phase not in PHASES or scope not in SCOPES:
            raise TypeError(f"check {id}: unknown step {step!r}, phase {phase!r} or scope {scope!r}")
        if unknown := [word for word in prevents if word not in PHASES]:
            raise TypeError(f"check {id}: prevents the unknown phase {unknown[0]!r}")
        if id in _checks:
            raise TypeError(f"check {id}: the id is taken by {_checks[id].module}")
        title = documentation.splitlines()[0].strip()
        made = Check(
            id, title, documentation, step, phase, scope, remedies, clauses, after, function, function.__module__, prevents
        )
        _checks[id] = made
        return made

    return register


def all_checks() -> tuple[Check, ...]:
    """Every check of every module of this package, by step, then phase, then id.

    Raises: TypeError, when a check is declared after one that does not exist.
    """
    package = importlib.import_module("pytest_cucmtls.checks")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    for made in _checks.values():
        unknown = [name for name in made.after if name not in _checks]
        if unknown:
            raise TypeError(f"check {made.id}: after unknown check {unknown[0]}")
    return tuple(sorted(_checks.values(), key=lambda made: (STEPS.index(made.step), PHASES.index(made.phase), made.id)))


def concerns(earlier: str, later: str) -> bool:
    """True when a failure of subject `earlier` touches subject `later`: same, part of it, or one end of its direction."""
    if "pair" in (earlier, later) or earlier == later:
        return True
    if "->" in earlier and "->" in later:
        return False
    return bool(_clusters(earlier) & _clusters(later)) and ("/" not in earlier or "/" not in later)


def _clusters(subject: str) -> set[str]:
    return set(subject.split("->")) if "->" in subject else {subject.split("/")[0]}


def in_order(checks: Iterable[Check]) -> list[Check]:
    """The checks so that each follows those it is declared after; ties keep their order. Raises: TypeError on a circle."""
    waiting, done, ordered = list(checks), set[str](), list[Check]()
    present = {made.id for made in waiting}
    while waiting:
        ready = [made for made in waiting if all(name in done or name not in present for name in made.after)]
        if not ready:
            raise TypeError(f"checks wait for each other: {', '.join(made.id for made in waiting)}")
        ordered += ready
        done |= {made.id for made in ready}
        waiting = [made for made in waiting if made.id not in done]
    return ordered
