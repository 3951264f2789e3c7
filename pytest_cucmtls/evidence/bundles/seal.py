"""Seals a run folder: copies what may leave, lists it, states the result, signs, and continues the custody log."""

import re
import shutil
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pytest_cucmtls.evidence.bundles.cms import sign_detached
from pytest_cucmtls.evidence.bundles.dsse import (
    IN_TOTO_PAYLOAD,
    Envelope,
    EnvelopeSignature,
    envelope_as_json,
    pre_authentication_encoding,
)
from pytest_cucmtls.evidence.bundles.guide import GUIDE, guide_text
from pytest_cucmtls.evidence.bundles.layout import (
    CMS,
    CUSTODY,
    ENVELOPE,
    FACTS,
    INDEX,
    MANIFEST,
    SIGNED_FILES,
    SIGNER,
    STATEMENT,
    VERDICTS,
    place_in_bundle,
)
from pytest_cucmtls.evidence.bundles.manifest import Manifest, ManifestFile, is_inside, listed, manifest_as_json, sha256_of
from pytest_cucmtls.evidence.bundles.outside_references import refuse_outside_references
from pytest_cucmtls.evidence.bundles.signing_keys import Signer
from pytest_cucmtls.evidence.bundles.statement import result_of, statement_as_json
from pytest_cucmtls.evidence.custody import CustodyAct, continued, head_of, read_custody
from pytest_cucmtls.evidence.facts import facts_of
from pytest_cucmtls.evidence.folder_walk import read_bytes, walk
from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.evidence.kept_policy import keep_policy, policy_in
from pytest_cucmtls.evidence.load import load_evidence
from pytest_cucmtls.evidence.run_folder import RunFolder
from pytest_cucmtls.evidence.strict_json import json_bytes
from pytest_cucmtls.evidence.verdicts_json import read_verdicts, write_verdicts
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.model.verdicts import Verdict
from pytest_cucmtls.policies import load_policy

FACTS_SCHEMA = "cucmtls-facts-1"
_PRIVATE_KEY = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----")


@dataclass(frozen=True, slots=True)
class Occasion:
    """Who seals or hands over, when and why."""

    actor: str
    at: datetime
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Redaction:
    """What was done to the files of a redacted copy: the original's manifest, and (original SHA-256, how) by path."""

    original_manifest_sha256: str
    files: dict[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A finished bundle."""

    folder: Path
    manifest: Manifest
    manifest_sha256: str
    result: str
    notes: tuple[str, ...]
    """What the sealer should know: recorded verdicts that differ, raw files nobody indexed."""


def seal(run: Path, target: Path, signer: Signer, occasion: Occasion) -> Sealed:
    """A new bundle at `target` from a run folder; the run folder stays as it is.

    Raises: FileUnreadable, when raw evidence or the custody log is not what was kept, something holds a private key, a page
    refers to something outside, or the target exists.
    """
    folder = RunFolder(run)
    folder.run_values()
    _refuse_changed_evidence(folder)
    return assembled(target, signer, occasion, lambda draft: _copy(run, draft))


def assembled(
    target: Path, signer: Signer, occasion: Occasion, fill: Callable[[Path], None], redaction: Redaction | None = None
) -> Sealed:
    """A bundle whose files `fill(draft folder)` puts there; it appears under its name complete or not at all.

    Raises: FileUnreadable, when the target exists; and what `fill` raises.
    """
    if target.exists():
        raise FileUnreadable(str(target), "exists already; nothing was sealed")
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
    draft.mkdir(mode=0o700)
    try:
        fill(draft)
        sealed = _sealed(draft, target, signer, occasion, redaction)
        draft.rename(target)
    finally:
        if draft.exists():
            shutil.rmtree(draft)
    return sealed


def _sealed(draft: Path, target: Path, signer: Signer, occasion: Occasion, redaction: Redaction | None) -> Sealed:
    notes = _derive(draft) if redaction is None else []
    about, verdicts = read_verdicts(draft / VERDICTS)
    custody_file = draft / CUSTODY
    purpose = occasion.purpose or "sealed as evidence"
    first = CustodyAct("sealed", INDEX, sha256_of(read_bytes(draft / INDEX)), occasion.actor, occasion.at, purpose)
    custody = continued(read_bytes(custody_file) if custody_file.exists() else b"", [first])
    index = RunFolder(draft).index()[0]
    sealed_at = f"{occasion.at:%Y-%m-%d %H:%M:%S} UTC"
    (draft / GUIDE).write_text(guide_text(str(signer.identity), sealed_at), encoding="utf-8")
    manifest = Manifest(
        bundle=str(uuid.uuid4()),
        run=str(about.get("run") or target.name),
        sealed_at=occasion.at,
        files=_with_redaction(listed(draft, index), redaction),
        custody_lines=custody.count(b"\n"),
        custody_head=head_of(custody),
        redacted_from=redaction.original_manifest_sha256 if redaction else None,
    )
    notes += [f"{file.path} is raw, but no line of the index describes it" for file in manifest.files if _unindexed(file)]
    digest = _sign(draft, manifest, signer, verdicts, about)
    acts = [
        CustodyAct("signed", name, sha256_of(read_bytes(draft / name)), occasion.actor, occasion.at, purpose)
        for name in SIGNED_FILES
        if (draft / name).exists()
    ]
    custody_file.write_bytes(continued(custody, acts))
    return Sealed(target, manifest, digest, result_of(verdicts), tuple(notes))


def _sign(draft: Path, manifest: Manifest, signer: Signer, verdicts: Sequence[Verdict], about: dict[str, Any]) -> str:
    """Write manifest, statement, envelope, signer and, with an enterprise certificate, CMS; returns the manifest's digest."""
    listing = manifest_as_json(manifest)
    policy = load_policy(policy_in(draft, RunFolder(draft).inventory().policy))
    statement = statement_as_json(manifest, sha256_of(listing), verdicts, about, policy)
    signature = signer.sign(pre_authentication_encoding(IN_TOTO_PAYLOAD, statement))
    envelope = Envelope(IN_TOTO_PAYLOAD, statement, (EnvelopeSignature(signer.identity.key_id, signature),))
    (draft / MANIFEST).write_bytes(listing)
    (draft / STATEMENT).write_bytes(statement)
    (draft / ENVELOPE).write_bytes(envelope_as_json(envelope))
    (draft / SIGNER).write_bytes(signer.identity.as_pem())
    detached = sign_detached(statement, signer)
    if detached is not None:
        (draft / CMS).write_bytes(detached)
    return sha256_of(listing)


def _copy(run: Path, draft: Path) -> None:
    """Everything that may leave the run folder, to its place in the bundle."""
    for path, regular in walk(run):
        place = place_in_bundle(path)
        if place is None:
            continue
        if not regular or not is_inside(place):
            raise FileUnreadable(path, "is no regular file with an ordinary name; it cannot be sealed")
        data = read_bytes(run / path)
        if _PRIVATE_KEY.search(data):
            raise FileUnreadable(path, "holds a private key; nothing was sealed", remedy="Remove it from the run folder.")
        if place.startswith("reports/"):
            refuse_outside_references(path, data)
        destination = draft / place
        destination.parent.mkdir(parents=True, exist_ok=True)
        destination.write_bytes(data)


def _derive(draft: Path) -> list[str]:
    """Write derived facts (and verdicts, where an interrupted run has none); returns how recorded verdicts differ from these."""
    from pytest_cucmtls.evidence.rejudge import differences

    evidence = load_evidence(draft)
    facts = {"schema": FACTS_SCHEMA, "facts": [fact.as_json() for fact in facts_of(evidence)]}
    (draft / FACTS).parent.mkdir(parents=True, exist_ok=True)
    (draft / FACTS).write_bytes(json_bytes(facts))
    missing = keep_policy(draft, evidence.inventory.policy)
    notes = [missing] if missing else []
    verdicts = judge(evidence, load_policy(policy_in(draft, evidence.inventory.policy)))
    if not (draft / VERDICTS).exists():
        about = {"run": draft.name, "policy": evidence.inventory.policy, "note": "judged when it was sealed"}
        write_verdicts(draft / VERDICTS, verdicts, about)
        return [*notes, "the run has no verdicts.json (was it interrupted?): it was judged now"]
    _, recorded = read_verdicts(draft / VERDICTS)
    return [*notes, *(f"differs from the recorded verdicts: {sentence}" for sentence in differences(recorded, verdicts))]


def _refuse_changed_evidence(folder: RunFolder) -> None:
    """What is sealed must be what was kept. Raises: FileUnreadable."""
    lines, problems = folder.index()
    if problems:
        raise FileUnreadable(str(folder.index_file), problems[0])
    for line in lines:
        folder.read(line)
    if not folder.custody_file.exists():
        return
    log, broken = read_custody(read_bytes(folder.custody_file))
    if broken:
        raise FileUnreadable(str(folder.custody_file), f"the custody log is broken: {broken[0]}")
    kept = {(act.item, act.sha256) for act in log if act.action == "kept"}
    for line in lines:
        if (line.item.path, line.item.sha256) not in kept:
            raise FileUnreadable(line.item.path, "is not what the custody log says was kept")


def _with_redaction(files: tuple[ManifestFile, ...], redaction: Redaction | None) -> tuple[ManifestFile, ...]:
    if redaction is None:
        return files
    changes = redaction.files
    return tuple(
        replace(file, original_sha256=changes[file.path][0], redaction=changes[file.path][1]) if file.path in changes else file
        for file in files
    )


def _unindexed(file: ManifestFile) -> bool:
    return file.role == "raw" and file.kind is None
