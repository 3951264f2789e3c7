"""Opening what can be judged: a run folder, a sealed bundle, or a bundle packed into one file; and handing bundles over."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pytest_cucmtls.evidence.bundles.archive import pack, unpack
from pytest_cucmtls.evidence.bundles.layout import CUSTODY, MANIFEST, SEAL_FILES
from pytest_cucmtls.evidence.bundles.manifest import parse_manifest, sha256_of
from pytest_cucmtls.evidence.bundles.seal import Occasion
from pytest_cucmtls.evidence.bundles.verification import SealReport, verify_bundle
from pytest_cucmtls.evidence.custody import CustodyAct, continued
from pytest_cucmtls.evidence.folder_walk import read_bytes
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.whole_files import write_atomically


def is_sealed(folder: Path) -> bool:
    """The folder is a sealed bundle, or what is left of one."""
    return any((folder / name).exists() for name in SEAL_FILES - {CUSTODY})


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The folder itself, or an archive's content in a temporary folder. Raises: FileUnreadable."""
    if path.is_dir():
        yield path
        return
    if not path.is_file():
        raise FileUnreadable(str(path), "is neither a folder nor an archive")
    with tempfile.TemporaryDirectory(prefix="cucmtls-bundle-") as place:
        yield unpack(path, Path(place))


@contextmanager
def opened_bundle(path: Path) -> Iterator[Path]:
    """A folder that can be judged, from a run folder, a sealed bundle or an archive of one.

    A sealed bundle must be intact, and an archive must hold one: what was lost on the way is not taken for unsealed. Who
    signed is not asked here (`verify_bundle` does, with the signer's key). Raises: FileUnreadable, naming the first file
    that is not as sealed.
    """
    with unpacked(path) as folder:
        if is_sealed(folder) or not path.is_dir():
            report = verify_bundle(folder, datetime.now(UTC))
            if not report.intact:
                more = len(report.problems) - 1
                also = f" (and {more} more)" if more else ""
                raise FileUnreadable(
                    str(path), f"is not as sealed: {report.problems[0]}{also}", remedy="See `cucmtls bundle verify`."
                )
        yield folder


def redaction_note(folder: Path) -> str | None:
    """A sentence on what a redacted bundle cannot show; None for everything else. Raises: FileUnreadable."""
    if not (folder / MANIFEST).exists():
        return None
    manifest = parse_manifest(read_bytes(folder / MANIFEST), MANIFEST)
    if manifest.redacted_from is None:
        return None
    ways = [file.redaction for file in manifest.files if file.role == "raw"]
    return (
        f"redacted copy of the bundle with manifest {manifest.redacted_from}: {ways.count('pseudonymised')} raw files hold "
        f"pseudonyms and {ways.count('withheld')} are withheld, so verdicts that rest on them cannot be reproduced here; "
        "the recorded verdicts are those of the original"
    )


def export(bundle: Path, archive: Path, occasion: Occasion, recipient: str = "") -> SealReport:
    """Note the hand-over in the bundle's custody log and pack the bundle; nothing is done to one that is not intact.

    Raises: FileUnreadable, when the archive cannot be written.
    """
    report = verify_bundle(bundle, occasion.at)
    if not report.intact:
        return report
    if archive.exists():
        raise FileUnreadable(str(archive), "exists already; nothing was written")
    before = read_bytes(bundle / CUSTODY)
    purpose = "; ".join(text for text in (f"to {recipient}" if recipient else "", occasion.purpose) if text)
    act = CustodyAct("exported", archive.name, sha256_of(read_bytes(bundle / MANIFEST)), occasion.actor, occasion.at, purpose)
    write_atomically(bundle / CUSTODY, continued(before, [act]))
    try:
        pack(bundle, archive, occasion.at)
    except FileUnreadable:
        write_atomically(bundle / CUSTODY, before)
        raise
    return report
