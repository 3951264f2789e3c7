"""Judges a folder made of somebody else's files and writes what a live run leaves: verdicts.json, and what the report needs."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pytest_cucmtls.capture.files import read_capture
from pytest_cucmtls.capture.second_reading import second_reading
from pytest_cucmtls.evidence.given.from_files import folder_from_files
from pytest_cucmtls.evidence.given.given_files import GivenFiles
from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.evidence.load import load_evidence
from pytest_cucmtls.evidence.run_about import run_about
from pytest_cucmtls.evidence.run_folder import RunFolder
from pytest_cucmtls.evidence.verdicts_json import write_verdicts
from pytest_cucmtls.model.errors import ConfigurationInvalid, CucmTlsError
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.verdicts import Outcome, Verdict
from pytest_cucmtls.model.waivers import Waiver
from pytest_cucmtls.policies import load_policy

_COLLECT = re.compile(r"(?:\A|\. )Cannot be decided: no evidence of (.*?) \(.*?\)\. ([A-Z].+)\Z", re.DOTALL)
"""What the register makes of a NoEvidence: the last sentences say what to collect."""


@dataclass(frozen=True, slots=True)
class JudgedFiles:
    """What the files came to."""

    folder: Path
    verdicts: tuple[Verdict, ...]
    evidence: Evidence
    about: dict[str, object]
    notes: tuple[str, ...]
    waivers: tuple[Waiver, ...] = ()
    """Those of the inventory and of the policy judged by."""


def judge_files(given: GivenFiles, place: Path) -> JudgedFiles:
    """Keep, read, judge; every verdict the files support, INCONCLUSIVE with what to collect for the rest.

    Raises: FileUnreadable, ConfigurationInvalid.
    """
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise ConfigurationInvalid(str(place), "--out", "exists already and is not empty", remedy="Name a new folder.")
    policy = load_policy(given.policy or (given.inventory.policy if given.inventory else None) or "cisco-hardening")
    made = folder_from_files(given, place)
    _second_witness(made.folder)
    evidence = load_evidence(place)
    verdicts = tuple(judge(evidence, policy))
    about = run_about(made.folder) | {"phases": [], "from_files": True, "notes": list(made.notes)}
    write_verdicts(place / "verdicts.json", verdicts, about)
    return JudgedFiles(place, verdicts, evidence, about, made.notes, (*evidence.inventory.waivers, *policy.waivers))


def what_to_collect(verdicts: Iterable[Verdict]) -> list[tuple[int, tuple[str, ...], str]]:
    """(how many verdicts wait for it, the facts missing, what to collect), most wanted first."""
    facts: dict[str, list[str]] = {}
    for verdict in verdicts:
        found = _COLLECT.search(verdict.diagnosis) if verdict.outcome is Outcome.INCONCLUSIVE else None
        if found:
            facts.setdefault(found.group(2), []).append(found.group(1))
    ranked = sorted(facts.items(), key=lambda entry: -len(entry[1]))
    return [(len(named), tuple(dict.fromkeys(named)), collect) for collect, named in ranked]


def _second_witness(folder: RunFolder) -> None:
    """Wireshark's dissectors read the same captures, where they are installed; where not, the report says so."""
    for line in folder.entries("capture"):
        try:
            reading = second_reading(folder.path / line.item.path, _tls_ports(folder.path / line.item.path))
        except CucmTlsError as problem:
            said = json.dumps({"fact": "the second reading of captures", "why": str(problem)}, ensure_ascii=False)
            folder.keep(said.encode(), kind="not_collected", at=line.at, media_type="application/json")
            continue
        folder.keep(
            json.dumps(reading).encode(),
            kind="witness",
            cluster=line.cluster,
            node=line.node,
            at=line.at,
            operation=f"pyshark {line.item.path}",
            media_type="application/json",
            attributes={"capture": line.item.path},
        )


def _tls_ports(capture: Path) -> set[int]:
    """Where our reader found TLS: Wireshark knows the usual ports only."""
    return {handshake.server.port for handshake in read_capture(capture).handshakes if handshake.transport == "tcp"}
