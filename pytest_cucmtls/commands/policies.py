"""`cucmtls policies` with comparison and explanation, and `cucmtls forecast`: what will break, and when."""

import argparse
import json
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_cucmtls.model.errors import ConfigurationInvalid

if TYPE_CHECKING:
    from pytest_cucmtls.checks.forecast import ForecastEvent


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`policies` and `forecast`; `run` of the parsed arguments returns the exit code."""
    policies = commands.choices.get("policies")
    if policies is None:
        policies = commands.add_parser("policies", help="list the policies, show, explain or compare them")
        policies.add_argument("name", nargs="?", help="a policy's name or a TOML file")
    policies.add_argument("--compare", nargs=2, metavar=("A", "B"), help="two policies side by side, differences only")
    policies.add_argument("--all", action="store_true", help="with --compare: equal parameters, too")
    policies.add_argument("--explain", action="store_true", help="meaning, source and reliability of every rule")
    policies.add_argument("--on", type=_day, metavar="DATE", help="day the rules are looked at (default: today)")
    policies.set_defaults(run=_policies)
    foresee = commands.add_parser("forecast", help="what will break and when, from a run folder")
    foresee.add_argument("folder", type=Path)
    foresee.add_argument("--policy", help="another policy than the run's own")
    foresee.add_argument(
        "--upgrade", action="append", default=[], metavar="B=15SU2", help="foresee the upgrade of a cluster (repeatable)"
    )
    foresee.add_argument("--json", action="store_true", help="the events as JSON")
    foresee.set_defaults(run=_forecast)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date such as 2027-01-31") from None


def _policies(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.policies import load_policy, policy_names

    if parsed.compare:
        return _compare(parsed)
    if not parsed.name:
        for name in policy_names():
            print(f"{name:<24} {load_policy(name).title}")
        return 0
    return _show(parsed)


def _compare(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.policies import load_policy
    from pytest_cucmtls.policies.comparison import compare_policies, value_text

    first, second = (load_policy(name) for name in parsed.compare)
    on = parsed.on or datetime.now(UTC).date()
    rows = compare_policies(first, second, on)
    shown = [row for row in rows if parsed.all or not row.same]
    print(f"{first.name} and {second.name} on {on}: {len(rows)} parameters, {sum(not row.same for row in rows)} differ")
    for row in shown:
        print(f"{row.parameter}{'  (equal)' if row.same else ''}")
        for policy, rule in ((first, row.first), (second, row.second)):
            source = f"   ({rule.clause.standard} {rule.clause.clause} [{rule.clause.mark}])" if rule else ""
            print(f"    {policy.name:<24} {value_text(rule)}{source}")
    return 0


def _show(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.policies import load_policy
    from pytest_cucmtls.policies.comparison import explained_rule, value_text

    policy = load_policy(parsed.name)
    print(f"{policy.name}: {policy.title}")
    for rule in policy.rules:
        if parsed.on and policy.rule(rule.parameter, parsed.on) is not rule:
            continue
        if parsed.explain:
            print("\n".join(f"  {line}" for line in explained_rule(rule)))
            continue
        dates = "".join(f" {word} {day}" for word, day in (("from", rule.valid_from), ("until", rule.valid_until)) if day)
        clause = f"{rule.clause.standard} {rule.clause.clause} [{rule.clause.mark}]"
        print(f"  {rule.parameter:<28} {value_text(rule)}{dates}  ({clause})")
    for waiver in policy.waivers:
        print(f"  waiver: {waiver.check} ({waiver.subject}) until {waiver.expires}, {waiver.owner}: {waiver.reason}")
    return 0


def _forecast(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.checks.forecast import forecast
    from pytest_cucmtls.evidence.load import load_evidence
    from pytest_cucmtls.policies import load_policy

    evidence = load_evidence(parsed.folder)
    policy = load_policy(parsed.policy or evidence.inventory.policy)
    upgrades = tuple(_upgrade(text, [cluster.name for cluster in evidence.clusters]) for text in parsed.upgrade)
    try:
        events = forecast(evidence, policy, upgrades)
    except ValueError as problem:
        raise ConfigurationInvalid("forecast", "--upgrade", str(problem)) from problem
    print(json.dumps([_as_json(event) for event in events], indent=1, ensure_ascii=False) if parsed.json else _text(events))
    return 0


def _upgrade(text: str, names: list[str]) -> tuple[str, str]:
    name, equals, release = text.partition("=")
    if not equals or not release or name not in names:
        raise ConfigurationInvalid("forecast", "--upgrade", f"must look like {names[-1]}=15SU2, not {text!r}")
    return name, release


def _text(events: "tuple[ForecastEvent, ...]") -> str:
    lines = []
    for event in events:
        when = event.on.isoformat() if event.on else "on upgrade"
        remedy = f" Remedy: {', '.join(event.remedies)}." if event.remedies else ""
        unconfirmed = " (clause not yet confirmed)" if any(clause.mark == "M" for clause in event.clauses) else ""
        lines.append(f"{when:<12}{'BREAKS' if event.breaks else 'note':<8}{event.sentence}{remedy}{unconfirmed}")
    return "\n".join(lines) or "nothing is foreseen"


def _as_json(event: "ForecastEvent") -> dict[str, object]:
    return {
        "on": event.on.isoformat() if event.on else None,
        "kind": event.kind,
        "subject": event.subject,
        "breaks": event.breaks,
        "sentence": event.sentence,
        "remedies": list(event.remedies),
        "clauses": [asdict(clause) for clause in event.clauses],
        "evidence": [item.path for item in event.evidence],
    }
