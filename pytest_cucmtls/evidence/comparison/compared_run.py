"""One side of a comparison: a run's facts with everything volatile replaced by what it stands for, by rules on the values.

What changes at every run is recognised by its form, not by its name: identifiers (UUIDs, process identifiers), loopback
addresses. What stands for something else is replaced by it: a node's address by the node, a fingerprint by where that
certificate is kept. Times, frames, lines, call identifiers and client ports never become facts.
"""

import ipaddress
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_cucmtls.evidence.fact import Fact, Value
from pytest_cucmtls.evidence.facts import facts_of
from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.evidence.load import load_evidence
from pytest_cucmtls.evidence.verdicts_json import read_verdicts
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Verdict

Key = tuple[str, str, str, str]
_UUID = re.compile(r"\{?(?:\d+-)?[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\}?")
_PROCESS = re.compile(r"\(\d+(?:,\d+){2,3}\)")
_ADDRESS = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
_IDENTITY = ("serial_number", "sha256", "public_key_sha256", "not_before")
"""Facts that change together when a certificate is replaced; compared as one."""


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """A run as it takes part in a comparison."""

    path: Path
    evidence: Evidence
    facts: Mapping[Key, Fact]
    verdicts: Mapping[tuple[str, str], Verdict]
    """By (check, subject)."""
    timings: Mapping[str, float]
    """Seconds by phase."""

    @property
    def nodes(self) -> set[str]:
        """``A/node`` of every node of the inventory."""
        return {f"{spec.name}/{node.name}" for spec in self.evidence.inventory.clusters for node in spec.nodes}

    @property
    def releases(self) -> dict[str, Value]:
        """Release by ``A/node``."""
        return {fact.subject: fact.value for fact in self.facts.values() if fact.area == "release"}


def compared_run(path: Path, shown: Path, policy: Policy, *, redacted: bool) -> ComparedRun:
    """Load and judge a folder (`shown` is the path the user gave). Raises: FileUnreadable, ConfigurationInvalid."""
    evidence = load_evidence(path)
    recorded = path / "verdicts.json"
    about, verdicts = read_verdicts(recorded) if recorded.exists() else ({}, [])
    if not redacted:
        verdicts = judge(evidence, policy)
    facts = (_without_volatile(fact, evidence, _kept_certificates(evidence)) for fact in _with_identity(facts_of(evidence)))
    return ComparedRun(
        path=shown,
        evidence=evidence,
        facts={fact.key: fact for fact in facts},
        verdicts={(verdict.check, verdict.subject): verdict for verdict in verdicts},
        timings=_timings(about),
    )


def _timings(about: Mapping[str, Any]) -> dict[str, float]:
    """Seconds by phase; a phase that was done in parts counts as a whole. Raises: FileUnreadable."""
    found: dict[str, float] = {}
    try:
        for entry in about.get("phases") or []:
            found[str(entry["phase"])] = found.get(str(entry["phase"]), 0.0) + float(entry["seconds"])
    except (KeyError, TypeError, ValueError) as problem:
        raise FileUnreadable("verdicts.json", f"has phases that cannot be read: {problem!r}") from problem
    return found


def _with_identity(facts: Iterable[Fact]) -> Iterable[Fact]:
    """Certificate facts with serial, fingerprint and key joined into one fact ``identity``."""
    parts: dict[tuple[str, str], dict[str, Fact]] = {}
    for fact in facts:
        if fact.area == "certificate" and fact.name in _IDENTITY:
            parts.setdefault((fact.subject, fact.about), {})[fact.name] = fact
        else:
            yield fact
    for members in parts.values():
        first = members["sha256"]
        value = f"serial {members['serial_number'].value}, SHA-256 {first.value}, key {members['public_key_sha256'].value}"
        yield replace(first, name="identity", value=value)


def _kept_certificates(evidence: Evidence) -> dict[str, str]:
    """Where the certificate of a fingerprint is kept as an identity."""
    return {
        source.value.certificate.sha256: f"{source.value.unit} identity of {cluster.name}/{node.name}"
        for cluster in evidence.clusters
        for node in cluster.nodes
        for source in (*node.other_identities, *([node.own_certificate] if node.own_certificate else []))
    }


def _without_volatile(fact: Fact, evidence: Evidence, kept: Mapping[str, str]) -> Fact:
    value = fact.value
    if fact.area == "connection" and isinstance(value, str):
        value = kept.get(value, value)
    nodes = {node.address.removeprefix("cucm://"): node.name for spec in evidence.inventory.clusters for node in spec.nodes}
    if isinstance(value, tuple):
        return replace(fact, value=tuple(_plain(member, nodes) for member in value))
    return replace(fact, value=_plain(value, nodes) if isinstance(value, str) else value)


def _plain(text: str, nodes: Mapping[str, str]) -> str:
    text = _PROCESS.sub("<process>", _UUID.sub("<uuid>", text))
    if text in nodes:
        return f"<node {nodes[text]}>"
    return _ADDRESS.sub(lambda found: _named(found[0], nodes), text)


def _named(address: str, nodes: Mapping[str, str]) -> str:
    if address in nodes:
        return f"<node {nodes[address]}>"
    try:
        return "<loopback>" if ipaddress.ip_address(address).is_loopback else address
    except ValueError:
        return address


def value_text(value: Value) -> str:
    """A value for people and patterns; absent and unknown values read ``-``."""
    if value is None:
        return "-"
    if isinstance(value, tuple):
        return ", ".join(value) or "(none)"
    return value if isinstance(value, str) else json.dumps(value)
