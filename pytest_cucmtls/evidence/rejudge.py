"""Judges a run folder again from its files alone and says where the recorded verdicts differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.evidence.kept_policy import policy_in
from pytest_cucmtls.evidence.load import load_evidence
from pytest_cucmtls.evidence.verdicts_json import read_verdicts
from pytest_cucmtls.model.verdicts import Verdict
from pytest_cucmtls.model.waivers import Waiver
from pytest_cucmtls.policies import load_policy


@dataclass(frozen=True, slots=True)
class Rejudged:
    """The verdicts now, and how they compare with those recorded under the same policy."""

    verdicts: tuple[Verdict, ...]
    about: dict[str, Any]
    compared: int
    """How many recorded verdicts there were; 0 when there is no record or another policy was asked for."""
    differences: tuple[str, ...]
    waivers: tuple[Waiver, ...] = ()
    """Those of the inventory and of the policy judged by."""


def rejudge(folder: Path, policy_name: str | None = None) -> Rejudged:
    """Load, judge, compare. Raises: FileUnreadable, ConfigurationInvalid."""
    evidence = load_evidence(folder)
    policy = load_policy(policy_name or policy_in(folder, evidence.inventory.policy))
    verdicts, waivers = tuple(judge(evidence, policy)), (*evidence.inventory.waivers, *policy.waivers)
    recorded_file = folder / "verdicts.json"
    if not recorded_file.exists():
        return Rejudged(verdicts, {"run": folder.name, "policy": policy.name}, 0, (), waivers)
    about, recorded = read_verdicts(recorded_file)
    if about.get("policy") != (policy_name or evidence.inventory.policy):
        return Rejudged(verdicts, about | {"policy": policy.name}, 0, (), waivers)
    return Rejudged(verdicts, about, len(recorded), differences(recorded, verdicts), waivers)


def differences(recorded: Sequence[Verdict], now: Sequence[Verdict]) -> tuple[str, ...]:
    """One sentence per check and subject whose outcome or diagnosis is not the recorded one."""
    before = {(verdict.check, verdict.subject): verdict for verdict in recorded}
    after = {(verdict.check, verdict.subject): verdict for verdict in now}
    said = []
    for key in sorted(before.keys() | after.keys()):
        was, found = before.get(key), after.get(key)
        if was is None or found is None:
            said.append(f"{key[0]} ({key[1]}): {'not recorded' if was is None else 'no longer judged'}")
        elif was.outcome is not found.outcome:
            said.append(f"{key[0]} ({key[1]}): recorded {was.outcome.value}, now {found.outcome.value}: {found.diagnosis}")
        elif was.diagnosis != found.diagnosis:
            said.append(f"{key[0]} ({key[1]}): recorded {was.diagnosis!r}, now {found.diagnosis!r}")
    return tuple(said)
