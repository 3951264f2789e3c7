"""Compares a run with a baseline: every difference, classed as expected, improved, worse or unexplained."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from textwrap import shorten
from typing import Any

from pytest_cucmtls.evidence.bundles.opened import opened_bundle, redaction_note
from pytest_cucmtls.evidence.comparison.compared_run import ComparedRun, compared_run, value_text
from pytest_cucmtls.evidence.comparison.expected_changes import ExpectedChange, ExpectedChanges
from pytest_cucmtls.evidence.comparison.known_changes import Changed, classed, known_verdict_reason, unseen
from pytest_cucmtls.evidence.fact import Value
from pytest_cucmtls.evidence.given.preference import Change, change_of_outcome
from pytest_cucmtls.evidence.kept_policy import policy_in
from pytest_cucmtls.evidence.run_folder import RunFolder
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.model.verdicts import EvidenceItem, Verdict
from pytest_cucmtls.policies import load_policy

COMPARISON_SCHEMA = "cucmtls-comparison-1"
LONGEST_LINE = 240
"""Characters of a difference on the terminal; the JSON has all."""
ORDER = (Change.WORSE, Change.UNEXPLAINED, Change.IMPROVED, Change.EXPECTED)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was."""

    change: Change
    area: str
    """An area of facts, or ``verdict``, ``timing``, ``inventory``."""
    subject: str
    about: str
    name: str
    before: Value
    after: Value
    why: str
    """The reason it is expected, or what the change means."""
    before_item: EvidenceItem | None = None
    after_item: EvidenceItem | None = None

    def __str__(self) -> str:
        what = f"{self.area} {self.subject}: {self.about} {self.name}: {value_text(self.before)} -> {value_text(self.after)}"
        return f"{what} ({self.why})" if self.why else what


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences, worst first."""

    baseline: str
    current: str
    policy: str
    differences: tuple[Difference, ...]
    compared: int
    """How many facts, verdicts and timings were compared."""
    notes: tuple[str, ...]

    @property
    def regressed(self) -> bool:
        """Something is worse, or nobody can say why it changed."""
        return any(one.change in {Change.WORSE, Change.UNEXPLAINED} for one in self.differences)

    def lines(self) -> list[str]:
        """For the terminal: worst first, then a count."""
        counted = Counter(one.change for one in self.differences)
        said = [f"{one.change.value:<11} {shorten(str(one), LONGEST_LINE, placeholder=' …')}" for one in self.differences]
        counts = ", ".join(f"{counted[change]} {change.value}" for change in ORDER if counted[change]) or "no differences"
        return [*said, *(f"note        {note}" for note in self.notes), f"{self.compared} values compared: {counts}"]

    def as_json(self) -> dict[str, Any]:
        """The document of schema cucmtls-comparison-1."""
        counted = Counter(one.change for one in self.differences)
        return {
            "schema": COMPARISON_SCHEMA,
            "baseline": self.baseline,
            "current": self.current,
            "policy": self.policy,
            "regressed": self.regressed,
            "compared": self.compared,
            "counts": {change.value: counted[change] for change in ORDER},
            "differences": [_difference_as_json(one) for one in self.differences],
            "notes": list(self.notes),
        }


def compare_runs(
    baseline: Path, current: Path, expected: ExpectedChanges | None = None, policy_name: str | None = None
) -> Comparison:
    """Compare two run folders, bundles or archives; both are judged now, by the same checks under one policy.

    The policy is the one named, else the current run's. Raises: FileUnreadable (not intact, other clusters),
    ConfigurationInvalid.
    """
    with ExitStack() as stack:
        folders = [stack.enter_context(opened_bundle(path)) for path in (baseline, current)]
        redactions = [redaction_note(folder) for folder in folders]
        name = policy_name or policy_in(folders[1], RunFolder(folders[1]).inventory().policy)
        under = load_policy(name)
        after = compared_run(folders[1], current, under, redacted=bool(redactions[1]))
        before = compared_run(folders[0], baseline, under, redacted=bool(redactions[0]))
    _refuse_other_clusters(before, after)
    rules = expected or ExpectedChanges()
    found = [*_facts(before, after), *_inventory(before, after), *_verdicts(before, after), *_timings(before, after, rules)]
    today = after.evidence.gathered_at.date()
    judged = [_named_by_user(one, rules.rules, today) for one in found]
    compared = len(before.facts.keys() | after.facts.keys()) + len(before.verdicts.keys() | after.verdicts.keys())
    return Comparison(
        baseline=str(baseline),
        current=str(current),
        policy=under.name,
        differences=tuple(sorted((one for one, _ in judged), key=_order)),
        compared=compared + len(before.timings.keys() & after.timings.keys()),
        notes=(*_notes(before, after, redactions), *_unused(rules.rules, {rule for _, rule in judged if rule}, today)),
    )


def _facts(before: ComparedRun, after: ComparedRun) -> Iterator[Difference]:
    """Changed facts; a thing that came or went is one difference, a node that came or went is left to the inventory."""
    things = [{key[:3] for key in run.facts} for run in (before, after)]
    gone: set[tuple[str, str, str]] = set()
    for key in sorted(before.facts.keys() | after.facts.keys()):
        changed = Changed(before.facts.get(key), after.facts.get(key))
        if changed.values[0] == changed.values[1] or not _both_know(key[1], before, after):
            continue
        if unseen(changed, after):
            continue
        if key[:3] not in things[0] & things[1]:
            if key[:3] not in gone:
                gone.add(key[:3])
                yield _fact_difference(
                    changed, before, after, "as a whole", ("there", None) if changed.before else (None, "there")
                )
            continue
        yield _fact_difference(changed, before, after, key[3], changed.values)


def _fact_difference(
    changed: Changed, before: ComparedRun, after: ComparedRun, name: str, values: tuple[Value, Value]
) -> Difference:
    fact = changed.fact
    change, why = classed(changed, before, after)
    was, now = changed.before, changed.after
    items = was.item if was else None, now.item if now else None
    return Difference(change, fact.area, fact.subject, fact.about, name, *values, why or _absence(changed), items[0], items[1])


def _both_know(subject: str, before: ComparedRun, after: ComparedRun) -> bool:
    """False for a node that only one of the inventories has."""
    return subject.partition("/")[2] == "" or (subject in before.nodes) == (subject in after.nodes)


def _absence(changed: Changed) -> str:
    if changed.before is None:
        return "not in the baseline"
    if changed.after is None:
        return "no longer there"
    lost = changed.fact.name == "tls_version" and changed.after.value is None
    return "this run did not see the handshake: capture around a trunk reset" if lost else ""


def _inventory(before: ComparedRun, after: ComparedRun) -> Iterator[Difference]:
    """Nodes that came or went, and other addresses of nodes that are not on loopback."""
    for was, now in zip(before.evidence.inventory.clusters, after.evidence.inventory.clusters, strict=True):
        names = [tuple(sorted(node.name for node in spec.nodes)) for spec in (was, now)]
        if names[0] != names[1]:
            yield Difference(Change.UNEXPLAINED, "inventory", now.name, "cluster", "nodes", names[0], names[1], "")
        old = {node.name: node.address for node in was.nodes}
        for node in now.nodes:
            moved = old.get(node.name, node.address) != node.address
            if moved and not node.address.removeprefix("cucm://").startswith("127."):
                subject = f"{now.name}/{node.name}"
                yield Difference(Change.UNEXPLAINED, "inventory", subject, "node", "address", old[node.name], node.address, "")


def _verdicts(before: ComparedRun, after: ComparedRun) -> Iterator[Difference]:
    for key in before.verdicts.keys() | after.verdicts.keys():
        was, now = before.verdicts.get(key), after.verdicts.get(key)
        outcomes = was.outcome if was else None, now.outcome if now else None
        if outcomes[0] is outcomes[1] or not _both_know(key[1], before, after):
            continue
        known = known_verdict_reason(was, now, before, after)
        change = Change.EXPECTED if known else change_of_outcome(*outcomes)
        texts = [outcome.value if outcome else None for outcome in outcomes]
        why = known or (now.diagnosis if now else "no longer judged")
        yield Difference(change, "verdict", key[1], key[0], "outcome", texts[0], texts[1], why, _first(was), _first(now))


def _first(verdict: Verdict | None) -> EvidenceItem | None:
    return verdict.evidence[0] if verdict and verdict.evidence else None


def _timings(before: ComparedRun, after: ComparedRun, rules: ExpectedChanges) -> Iterator[Difference]:
    """Phases both runs had, that took clearly longer or shorter."""
    for phase in before.timings.keys() & after.timings.keys():
        was, now = before.timings[phase], after.timings[phase]
        if abs(now - was) <= rules.timing_seconds or max(was, now) <= rules.timing_factor * min(was, now):
            continue
        change = Change.WORSE if now > was else Change.IMPROVED
        limits = f"more than {rules.timing_factor:g} times and {rules.timing_seconds:g} s apart"
        yield Difference(change, "timing", "pair", phase, "seconds", round(was, 3), round(now, 3), limits)


def _named_by_user(one: Difference, rules: tuple[ExpectedChange, ...], on: date) -> tuple[Difference, ExpectedChange | None]:
    described = {
        "area": one.area,
        "subject": one.subject,
        "about": one.about,
        "name": one.name,
        "before": value_text(one.before),
        "after": value_text(one.after),
    }
    rule = next((rule for rule in rules if rule.matches(described, on)), None)
    if rule is None or one.change is Change.EXPECTED:
        return one, rule
    values = one.area, one.subject, one.about, one.name, one.before, one.after
    return Difference(Change.EXPECTED, *values, f"{rule.why}, rule {rule.number}", one.before_item, one.after_item), rule


def _unused(rules: tuple[ExpectedChange, ...], used: set[ExpectedChange], on: date) -> Iterator[str]:
    for rule in rules:
        if rule.until is not None and on > rule.until:
            yield f"rule {rule.number} ({rule.why}) ended on {rule.until}"
        elif rule not in used:
            yield f"rule {rule.number} ({rule.why}) fits no difference"


def _notes(before: ComparedRun, after: ComparedRun, redactions: list[str | None]) -> Iterator[str]:
    for run, note in zip((before, after), redactions, strict=True):
        if note:
            yield f"{run.path} is a {note}"
    policies = [run.evidence.inventory.policy for run in (before, after)]
    if policies[0] != policies[1]:
        yield f"the baseline was judged under {policies[0]} when it was made; here both are judged under one policy"
    modes = [run.evidence.inventory.mode.value for run in (before, after)]
    if modes[0] != modes[1]:
        yield f"the baseline was made in mode {modes[0]}, this run in mode {modes[1]}"


def _refuse_other_clusters(before: ComparedRun, after: ComparedRun) -> None:
    names = [tuple(spec.name for spec in run.evidence.inventory.clusters) for run in (before, after)]
    if names[0] != names[1]:
        raise FileUnreadable(
            str(before.path),
            f"is no baseline for this run: its clusters are {' and '.join(names[0])}, not {' and '.join(names[1])}",
        )


def _order(one: Difference) -> tuple[int, str, str, str, str]:
    return ORDER.index(one.change), one.area, one.subject, one.about, one.name


def _difference_as_json(one: Difference) -> dict[str, Any]:
    return {
        "class": one.change.value,
        "area": one.area,
        "subject": one.subject,
        "about": one.about,
        "name": one.name,
        "before": list(one.before) if isinstance(one.before, tuple) else one.before,
        "after": list(one.after) if isinstance(one.after, tuple) else one.after,
        "why": one.why,
        "evidence": {"before": _item_as_json(one.before_item), "after": _item_as_json(one.after_item)},
    }


def _item_as_json(item: EvidenceItem | None) -> dict[str, Any] | None:
    if item is None:
        return None
    location = item.location
    place = {"unit": location.unit, "number": location.number} if location else None
    return {"path": item.path, "sha256": item.sha256, "location": place}
