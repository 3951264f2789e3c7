"""The manifest of a sealed bundle: every file with SHA-256, size, role, and where and when it was collected."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from pytest_cucmtls.evidence.bundles.layout import SEAL_FILES, role_of
from pytest_cucmtls.evidence.folder_walk import digest_of, walk
from pytest_cucmtls.evidence.run_folder import IndexLine
from pytest_cucmtls.evidence.strict_json import json_bytes, parse_object
from pytest_cucmtls.model.errors import FileUnreadable

MANIFEST_SCHEMA = "cucmtls-manifest-1"
_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """One file as sealed; the last four are set for raw evidence only."""

    path: str
    sha256: str
    size_bytes: int
    role: str
    kind: str | None = None
    collected_at: datetime | None = None
    collected_from: str | None = None
    """``A/node``, ``A``, or None for what belongs to neither cluster."""
    collector: str | None = None
    """Interface and operation."""
    original_sha256: str | None = None
    """Of the bytes before redaction, in a redacted bundle."""
    redaction: str | None = None
    """``pseudonymised`` or ``withheld``; None when the bytes are the original ones."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle consists of."""

    bundle: str
    """Identity of this sealing (UUID)."""
    run: str
    sealed_at: datetime
    files: tuple[ManifestFile, ...]
    custody_lines: int
    """Length of the custody log when the manifest was written."""
    custody_head: str
    """SHA-256 of its last line then."""
    redacted_from: str | None = None
    """SHA-256 of the original bundle's manifest, in a redacted bundle."""

    def file(self, path: str) -> ManifestFile | None:
        """The file of that name, or None."""
        return next((file for file in self.files if file.path == path), None)


def listed(folder: Path, index: Iterable[IndexLine]) -> tuple[ManifestFile, ...]:
    """Every file of a folder but the seal's own, described from the index of raw items. Raises: FileUnreadable."""
    known = {line.item.path: line for line in index}
    return tuple(_described(folder, path, known.get(path)) for path, _ in walk(folder) if path not in SEAL_FILES)


def manifest_as_json(manifest: Manifest) -> bytes:
    """The document whose digest is signed."""
    values = {
        "schema": MANIFEST_SCHEMA,
        "bundle": manifest.bundle,
        "run": manifest.run,
        "sealed_at": _text(manifest.sealed_at),
        "custody": {"lines": manifest.custody_lines, "head_sha256": manifest.custody_head},
        "redacted_from": manifest.redacted_from,
        "files": [_file_as_json(file) for file in manifest.files],
    }
    return json_bytes(values)


def parse_manifest(data: bytes, path: str) -> Manifest:
    """The manifest written by `manifest_as_json`. Raises: FileUnreadable."""
    values = parse_object(data, path)
    if values.get("schema") != MANIFEST_SCHEMA:
        raise FileUnreadable(path, f"is not a manifest ({MANIFEST_SCHEMA})")
    try:
        custody = values["custody"]
        found = Manifest(
            bundle=_word(values["bundle"]),
            run=_word(values["run"]),
            sealed_at=_moment(values["sealed_at"]),
            files=tuple(_file(file) for file in values["files"]),
            custody_lines=_count(custody["lines"]),
            custody_head=_digest(custody["head_sha256"]),
            redacted_from=None if values.get("redacted_from") is None else _digest(values["redacted_from"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as problem:
        raise FileUnreadable(path, f"is no usable manifest: {problem!r}"[:300]) from problem
    names = [file.path for file in found.files]
    if len(set(names)) != len(names):
        raise FileUnreadable(path, "is no usable manifest: it lists a file twice")
    return found


def is_inside(path: str) -> bool:
    """A relative name with forward slashes that stays in its folder, spelled in the one usual way."""
    parts = PurePosixPath(path).parts
    return bool(parts) and "/".join(parts) == path and ".." not in parts and path.isprintable() and "\\" not in path


def _described(folder: Path, path: str, line: IndexLine | None) -> ManifestFile:
    sha256, size = digest_of(folder / path)
    if line is None:
        return ManifestFile(path, sha256, size, role_of(path))
    return ManifestFile(
        path=path,
        sha256=sha256,
        size_bytes=size,
        role="raw",
        kind=line.kind,
        collected_at=line.at,
        collected_from="/".join(part for part in (line.cluster, line.node) if part) or None,
        collector=f"{line.interface} {line.operation}".strip(),
    )


def _file_as_json(file: ManifestFile) -> dict[str, Any]:
    values: dict[str, Any] = {"path": file.path, "sha256": file.sha256, "size_bytes": file.size_bytes, "role": file.role}
    if file.kind is not None:
        at = _text(file.collected_at) if file.collected_at else None
        values |= {"kind": file.kind, "collected_at": at, "collected_from": file.collected_from, "collector": file.collector}
    if file.redaction is not None:
        values |= {"original_sha256": file.original_sha256, "redaction": file.redaction}
    return values


def _file(values: Mapping[str, Any]) -> ManifestFile:
    path = _word(values["path"])
    if not is_inside(path) or path in SEAL_FILES:
        raise ValueError(f"it lists {path[:80]!r}, which is no file of a bundle")
    at = values.get("collected_at")
    original = values.get("original_sha256")
    return ManifestFile(
        path=path,
        sha256=_digest(values["sha256"]),
        size_bytes=_count(values["size_bytes"]),
        role=_word(values["role"]),
        kind=_word_or_none(values.get("kind")),
        collected_at=None if at is None else _moment(at),
        collected_from=_word_or_none(values.get("collected_from")),
        collector=_word_or_none(values.get("collector")),
        original_sha256=None if original is None else _digest(original),
        redaction=_word_or_none(values.get("redaction")),
    )


def _word(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"{value!r} where text belongs")
    return value


def _word_or_none(value: Any) -> str | None:
    return None if value is None or value == "" else _word(value)


def _digest(value: Any) -> str:
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise ValueError(f"{value!r} where a SHA-256 belongs")
    return value


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} where a count belongs")
    return value


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(_word(value))
    if moment.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone")
    return moment.astimezone(UTC)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def sha256_of(data: bytes) -> str:
    """Lower-case hex."""
    return hashlib.sha256(data).hexdigest()
