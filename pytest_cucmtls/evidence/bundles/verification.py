"""Verifies a sealed bundle: files against manifest, manifest against signature, the signer, the custody log, the clocks."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from pytest_cucmtls.evidence.bundles.cms import verify_detached
from pytest_cucmtls.evidence.bundles.dsse import IN_TOTO_PAYLOAD, parse_envelope
from pytest_cucmtls.evidence.bundles.layout import (
    CMS,
    CUSTODY,
    ENVELOPE,
    MANIFEST,
    SEAL_FILES,
    SIGNED_FILES,
    SIGNER,
    STATEMENT,
    TIMESTAMP,
)
from pytest_cucmtls.evidence.bundles.manifest import Manifest, parse_manifest, sha256_of
from pytest_cucmtls.evidence.bundles.signer_trust import ExpectedSigner, certificates_of, validity_objection
from pytest_cucmtls.evidence.bundles.signing_keys import SignerIdentity, parse_identity
from pytest_cucmtls.evidence.bundles.statement import Statement, parse_statement
from pytest_cucmtls.evidence.bundles.time_stamps import STAMPED, TimeStamp, read_time_stamp
from pytest_cucmtls.evidence.custody import CLOCK_STEP, CustodyLine, read_custody
from pytest_cucmtls.evidence.folder_walk import digest_of, read_bytes, walk
from pytest_cucmtls.model.errors import FileUnreadable

FUTURE = timedelta(minutes=5)
"""A seal may be this much ahead of the verifier's clock."""


@dataclass(frozen=True, slots=True)
class SealProblem:
    """One thing that is not as sealed."""

    kind: str
    """``changed``, ``missing``, ``added``, ``manifest``, ``signature``, ``signer``, ``custody``, ``clock`` or ``timestamp``."""
    path: str
    detail: str

    def __str__(self) -> str:
        return f"{self.path}: {self.kind}: {self.detail}"


@dataclass(slots=True)
class SealReport:
    """What verification found; a bundle is intact when there are no problems."""

    folder: Path
    problems: list[SealProblem] = field(default_factory=list)
    manifest: Manifest | None = None
    statement: Statement | None = None
    signer: SignerIdentity | None = None
    signer_expected: bool = False
    """The signer is the one the verifier named; False as well when none was named."""
    custody: tuple[CustodyLine, ...] = ()
    stamp: TimeStamp | None = None
    """None when the bundle has no time stamp."""

    @property
    def unsigned_lines(self) -> tuple[CustodyLine, ...]:
        """Lines of the custody log written after the seal: chained, but signed by nobody."""
        sealed = self.manifest.custody_lines if self.manifest else 0
        return tuple(line for line in self.custody if line.number > sealed and line.action != "signed")

    @property
    def intact(self) -> bool:
        """Nothing was changed, and the signature fits the signer's key in the bundle."""
        return not self.problems

    def found(self, kind: str, path: str, detail: str) -> None:
        """Note a problem."""
        self.problems.append(SealProblem(kind, path if path.isprintable() else ascii(path), detail))


def verify_bundle(
    folder: Path, now: datetime, expected: ExpectedSigner | None = None, stamp_roots: tuple[x509.Certificate, ...] = ()
) -> SealReport:
    """Check everything that can be checked; each problem names its file. Never raises on what a bundle holds.

    `stamp_roots` are roots of the time stamp authority: given, a bundle must have a time stamp that leads to one of them.

    Raises: FileUnreadable, when the folder itself cannot be listed or is no sealed bundle at all.
    """
    present = dict(walk(folder))
    if not (SEAL_FILES - {CUSTODY}) & present.keys():
        raise FileUnreadable(str(folder), f"is no sealed bundle: it has no {MANIFEST}, no {ENVELOPE} and no {SIGNER}")
    report = SealReport(folder)
    for path in sorted(path for path, regular in present.items() if not regular):
        report.found("added", path, "is no regular file (a link or a device); bundles hold regular files only")
    _check_signature(report)
    _check_manifest(report)
    if report.manifest is not None:
        _check_files(report, report.manifest, present)
    _check_signer(report, expected)
    _check_custody(report)
    _check_clocks(report, now)
    _check_stamp(report, stamp_roots)
    return report


def _check_signature(report: SealReport) -> None:
    """Envelope, statement and signer's key belong together."""
    signed = signer = envelope = None
    try:
        signed = read_bytes(report.folder / STATEMENT)
        report.statement = parse_statement(signed, STATEMENT)
    except FileUnreadable as problem:
        report.found("signature", STATEMENT, problem.detail)
    try:
        signer = report.signer = parse_identity(read_bytes(report.folder / SIGNER), SIGNER)
    except FileUnreadable as problem:
        report.found("signature", SIGNER, problem.detail)
    try:
        envelope = parse_envelope(read_bytes(report.folder / ENVELOPE), ENVELOPE)
    except FileUnreadable as problem:
        report.found("signature", ENVELOPE, problem.detail)
    if envelope is None:
        return
    if envelope.payload_type != IN_TOTO_PAYLOAD:
        report.found("signature", ENVELOPE, f"its payload type is {envelope.payload_type!r}, not {IN_TOTO_PAYLOAD}")
    if signed is not None and envelope.payload != signed:
        report.found("changed", STATEMENT, f"is not the statement signed in {ENVELOPE}")
    if signer is not None and not any(signer.verifies(one.signature, envelope.signed_bytes) for one in envelope.signatures):
        report.found("signature", ENVELOPE, f"no signature in it was made with the {signer} over this statement")


def _check_manifest(report: SealReport) -> None:
    """The manifest is the one the statement is about."""
    try:
        data = read_bytes(report.folder / MANIFEST)
    except FileUnreadable as problem:
        report.found("missing", MANIFEST, problem.detail)
        return
    try:
        report.manifest = parse_manifest(data, MANIFEST)
    except FileUnreadable as problem:
        report.found("manifest", MANIFEST, problem.detail)
    statement = report.statement
    if statement is None or sha256_of(data) == statement.manifest_sha256:
        return
    meant = statement.extension.get("bundle")
    if report.manifest is not None and report.manifest.bundle != meant:
        other = f"it belongs to bundle {report.manifest.bundle} of {report.manifest.run}"
        report.found("manifest", MANIFEST, f"is the manifest of another bundle: {other}, the statement is about {meant}")
    else:
        report.found("changed", MANIFEST, f"SHA-256 is {sha256_of(data)}, signed was {statement.manifest_sha256}")


def _check_files(report: SealReport, manifest: Manifest, present: dict[str, bool]) -> None:
    for file in manifest.files:
        if not present.get(file.path, False):
            if file.path not in present:
                report.found("missing", file.path, "is listed in the manifest, but not there")
            continue
        sha256, size = digest_of(report.folder / file.path)
        if size != file.size_bytes:
            report.found("changed", file.path, f"has {size} bytes, sealed were {file.size_bytes}")
        elif sha256 != file.sha256:
            report.found("changed", file.path, f"SHA-256 is {sha256}, sealed was {file.sha256}")
    known = {file.path for file in manifest.files} | SEAL_FILES
    for path in sorted(path for path, regular in present.items() if regular and path not in known):
        report.found("added", path, "is not listed in the manifest")


def _check_signer(report: SealReport, expected: ExpectedSigner | None) -> None:
    """The signer is the expected one, its certificate was valid, and the CMS signature says the same."""
    signer = report.signer
    if signer is None:
        return
    sealed_at = report.manifest.sealed_at if report.manifest else None
    if expected is not None and sealed_at is not None:
        objection = expected.objection(signer, sealed_at)
        report.signer_expected = objection is None
        if objection:
            report.found("signer", SIGNER, objection)
    for certificate in certificates_of(signer)[:1]:
        objection = validity_objection(certificate, sealed_at) if sealed_at else None
        if objection:
            report.found("clock", SIGNER, objection)
    if not (report.folder / CMS).exists():
        return
    if not signer.chain:
        report.found("added", CMS, f"is a CMS signature, but {SIGNER} holds no certificate")
        return
    try:
        statement = read_bytes(report.folder / STATEMENT)
        verify_detached(read_bytes(report.folder / CMS), statement, signer.chain[0], CMS)
    except FileUnreadable as problem:
        report.found("signature", CMS, problem.detail)


def _check_custody(report: SealReport) -> None:
    """Every link, the part that was sealed, and the digests of the seal's own files."""
    try:
        data = read_bytes(report.folder / CUSTODY)
    except FileUnreadable as problem:
        report.found("missing", CUSTODY, problem.detail)
        return
    report.custody, problems = read_custody(data)
    for sentence in problems:
        report.found("custody", CUSTODY, sentence)
    manifest = report.manifest
    if manifest is not None and not problems:
        head = next((line.digest for line in report.custody if line.number == manifest.custody_lines), None)
        if head is None:
            report.found("custody", CUSTODY, f"has {len(report.custody)} lines, {manifest.custody_lines} were sealed")
        elif head != manifest.custody_head:
            report.found("custody", CUSTODY, f"line {manifest.custody_lines} is not the one that was sealed")
    noted = {line.item: line.sha256 for line in report.custody if line.action in ("signed", STAMPED)}
    for name in (*SIGNED_FILES, TIMESTAMP):
        place = report.folder / name
        if name in noted and not place.is_file():
            report.found("missing", name, "is noted in the custody log, but not there")
        elif name in noted and digest_of(place)[0] != noted[name]:
            report.found("changed", name, "is not the file whose digest the custody log notes")
        elif name not in noted and place.exists() and not problems:
            report.found("custody", CUSTODY, f"does not note that {name} was made")


def _check_clocks(report: SealReport, now: datetime) -> None:
    """Collected, then sealed, then verified."""
    manifest = report.manifest
    if manifest is None:
        return
    if manifest.sealed_at > now + FUTURE:
        report.found("clock", MANIFEST, f"was sealed at {_utc(manifest.sealed_at)}, which is still to come ({_utc(now)} now)")
    late = [file for file in manifest.files if file.collected_at and file.collected_at > manifest.sealed_at + CLOCK_STEP]
    for file in late[:10]:
        at = file.collected_at or manifest.sealed_at
        report.found("clock", file.path, f"was collected at {_utc(at)}, after it was sealed at {_utc(manifest.sealed_at)}")
    for line in report.custody:
        if line.number > manifest.custody_lines and line.at < manifest.sealed_at - CLOCK_STEP:
            report.found("clock", CUSTODY, f"line {line.number} ({line.action}) is dated {_utc(line.at)}, before the seal")
        if line.at > now + FUTURE:
            report.found("clock", CUSTODY, f"line {line.number} ({line.action}) is dated {_utc(line.at)}, which is still to come")


def _check_stamp(report: SealReport, roots: tuple[x509.Certificate, ...]) -> None:
    """The time stamp is over this envelope, from the authority named, and not from before the seal."""
    place = report.folder / TIMESTAMP
    if not place.is_file():
        if roots:
            report.found("timestamp", TIMESTAMP, "is asked for, but this bundle has no time stamp")
        return
    try:
        report.stamp = stamp = read_time_stamp(read_bytes(place), read_bytes(report.folder / ENVELOPE), roots)
    except FileUnreadable as problem:
        report.found("timestamp", TIMESTAMP, problem.detail)
        return
    if stamp.problem or (roots and not stamp.verified):
        report.found("timestamp", TIMESTAMP, stamp.problem or stamp.unchecked)
    if stamp.at is not None and report.manifest is not None and stamp.at < report.manifest.sealed_at - FUTURE:
        report.found("clock", TIMESTAMP, f"is of {_utc(stamp.at)}, before the seal at {_utc(report.manifest.sealed_at)}")


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
