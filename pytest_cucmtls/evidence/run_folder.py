"""The run folder: raw bytes exactly as received, an index of what they are, and who put them there.

    run.json            schema, start, inventory (without secrets), tool version
    raw/index.jsonl     one line per raw item: path, SHA-256, size, kind, cluster, node, interface, operation, time, attributes
    raw/<cluster>/<node>/<kind>-<n>.<ext>      (without cluster or node: one level higher)
    custody.jsonl       append-only: time, actor, action, item, SHA-256 of the previous line

Several processes may write at once (pytest-xdist): names are taken with O_EXCL, lines are appended under a lock and synced.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pytest_cucmtls import __version__
from pytest_cucmtls.evidence.actor import account_and_program
from pytest_cucmtls.evidence.custody import CustodyAct, continued
from pytest_cucmtls.evidence.inventory_json import inventory_as_json, inventory_from_json
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.model.inventory import Inventory
from pytest_cucmtls.model.readings import Reading
from pytest_cucmtls.model.verdicts import EvidenceItem
from pytest_cucmtls.whole_files import write_atomically

RUN_SCHEMA = "cucmtls-run-1"
_EXTENSIONS = {
    "text/xml": "xml",
    "application/xml": "xml",
    "application/json": "json",
    "application/pkix-cert": "der",
    "application/x-pem-file": "pem",
    "application/vnd.tcpdump.pcap": "pcap",
    "text/plain": "txt",
}
_NO_CHAIN = "0" * 64


@dataclass(frozen=True, slots=True)
class IndexLine:
    """One raw item as the index describes it."""

    item: EvidenceItem
    size_bytes: int
    kind: str
    cluster: str | None
    node: str | None
    interface: str
    operation: str
    at: datetime
    media_type: str
    attributes: Mapping[str, Any]


class RunFolder:
    """A run folder on disk; making one opens nothing, `begin` creates it."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.raw = self.path / "raw"
        self.index_file = self.raw / "index.jsonl"
        self.custody_file = self.path / "custody.jsonl"
        self.run_file = self.path / "run.json"
        self._about: dict[str, str] = {}
        """Attributes of every line that is kept."""

    def begin(self, inventory: Inventory, *, started_at: datetime) -> None:
        """Create the folder and write run.json; beginning a folder that has one changes nothing (workers of one run)."""
        self.raw.mkdir(parents=True, exist_ok=True)
        values = {
            "schema": RUN_SCHEMA,
            "tool": f"pytest-cucmtls {__version__}",
            "started_at": _time_text(started_at),
            "inventory": inventory_as_json(inventory),
        }
        with self._locked():
            if not self.run_file.exists():
                write_atomically(self.run_file, (json.dumps(values, indent=1, sort_keys=True) + "\n").encode())

    def keep_reading(
        self,
        reading: Reading[Any],
        *,
        kind: str,
        cluster: str | None = None,
        node: str | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> EvidenceItem:
        """Store what an interface answered, with the interface, operation and time the reading brings."""
        return self.keep(
            reading.raw,
            kind=kind,
            cluster=cluster,
            node=node,
            interface=reading.interface,
            operation=reading.operation,
            at=reading.at,
            media_type=reading.media_type,
            attributes=attributes,
        )

    def keep_missing(self, fact: str, why: str) -> EvidenceItem:
        """Record that a fact could not be gathered, and why: the verdicts that need it will say so."""
        values = {"fact": fact, "why": why}
        return self.keep(json.dumps(values, ensure_ascii=False).encode(), kind="not_collected", media_type="application/json")

    def keep(
        self,
        data: bytes,
        *,
        kind: str,
        cluster: str | None = None,
        node: str | None = None,
        interface: str = "tool",
        operation: str = "",
        at: datetime | None = None,
        media_type: str = "text/plain",
        attributes: Mapping[str, Any] | None = None,
    ) -> EvidenceItem:
        """Store bytes unchanged, index them, and return the item."""
        digest = hashlib.sha256(data).hexdigest()
        place = self._store(data, kind, cluster, node, media_type)
        line = {
            "path": place,
            "sha256": digest,
            "size_bytes": len(data),
            "kind": kind,
            "cluster": cluster,
            "node": node,
            "interface": interface,
            "operation": operation,
            "at": _time_text(at or datetime.now(UTC)),
            "media_type": media_type,
            "attributes": {**(attributes or {}), **self._about},
        }
        with self._locked():
            _append_line(self.index_file, line)
            self._custody("kept", place, digest)
        return EvidenceItem(place, digest)

    def adopt(self, lines: Sequence[IndexLine], source: "RunFolder") -> None:
        """Take over items of another run folder under their own paths, free here: linked, or copied where that fails.

        Raises: FileUnreadable for a path that leads out of a folder; FileExistsError for one that is taken.
        """
        for path in dict.fromkeys(line.item.path for line in lines):
            place, there = self._inside(path), source._inside(path)
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(there, place)
            except FileExistsError:
                raise
            except OSError:
                shutil.copyfile(there, place)
        acts = [
            CustodyAct("adopted", line.item.path, line.item.sha256, account_and_program(), datetime.now(UTC)) for line in lines
        ]
        with self._locked():
            _append_lines(self.index_file, [_values(line) for line in lines])
            log = self.custody_file.read_bytes() if self.custody_file.exists() else b""
            write_atomically(self.custody_file, continued(log, acts))

    def entries(self, kind: str | None = None) -> tuple[IndexLine, ...]:
        """The readable index lines (of one kind), oldest first; none before anything was kept."""
        if not self.index_file.exists():
            return ()
        return tuple(line for line in self.index()[0] if kind in (None, line.kind))

    def read(self, source: EvidenceItem | IndexLine) -> bytes:
        """The bytes of an item. Raises: FileUnreadable, when they are gone or are not the bytes that were kept."""
        item = source.item if isinstance(source, IndexLine) else source
        place = self._inside(item.path)
        try:
            data = place.read_bytes()
        except OSError as problem:
            raise FileUnreadable(item.path, f"cannot be read: {problem.strerror}") from problem
        digest = hashlib.sha256(data).hexdigest()
        if digest != item.sha256:
            raise FileUnreadable(item.path, f"was changed after it was kept: SHA-256 is {digest}, the index says {item.sha256}")
        return data

    def index(self) -> tuple[tuple[IndexLine, ...], tuple[str, ...]]:
        """(items in the order they were kept, one sentence per unreadable line). Raises: FileUnreadable, without an index."""
        try:
            lines = self.index_file.read_bytes().splitlines()
        except OSError as problem:
            raise FileUnreadable(str(self.index_file), f"is not a run folder's index: {problem.strerror}") from problem
        found: list[IndexLine] = []
        problems: list[str] = []
        for number, text in enumerate(lines, 1):
            if not text.strip():
                continue
            try:
                found.append(_index_line(json.loads(text)))
            except (ValueError, KeyError, TypeError, RecursionError) as problem:
                problems.append(f"raw/index.jsonl line {number} cannot be read ({problem!r}); was the run interrupted?")
        return tuple(found), tuple(problems)

    def inventory(self) -> Inventory:
        """The inventory of the run. Raises: FileUnreadable."""
        values = self.run_values()
        return inventory_from_json(values.get("inventory") or {}, path=str(self.run_file))

    def run_values(self) -> dict[str, Any]:
        """run.json as it stands. Raises: FileUnreadable."""
        try:
            values = json.loads(self.run_file.read_bytes())
        except OSError as problem:
            raise FileUnreadable(str(self.run_file), f"cannot be read: {problem.strerror}") from problem
        except (ValueError, RecursionError) as problem:
            raise FileUnreadable(str(self.run_file), f"is not JSON: {problem}") from problem
        if not isinstance(values, dict) or values.get("schema") != RUN_SCHEMA:
            raise FileUnreadable(str(self.run_file), f"is not a run description ({RUN_SCHEMA})")
        return values

    def _store(self, data: bytes, kind: str, cluster: str | None, node: str | None, media_type: str) -> str:
        """Write the bytes under the first free name and return the path relative to the run folder."""
        folder = self.raw.joinpath(*(_safe(part) for part in (cluster, node) if part))
        folder.mkdir(parents=True, exist_ok=True)
        extension = _EXTENSIONS.get(media_type.partition(";")[0].strip().lower(), "bin")
        number = 1
        while True:
            place = folder / f"{_safe(kind)}-{number}.{extension}"
            try:
                descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                number += 1
                continue
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            return place.relative_to(self.path).as_posix()

    def _inside(self, path: str) -> Path:
        place = (self.path / path).resolve()
        if not place.is_relative_to(self.path.resolve()):
            raise FileUnreadable(path, "leads out of the run folder")
        return place

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _custody(self, action: str, place: str, digest: str) -> None:
        line = {
            "at": _time_text(datetime.now(UTC)),
            "actor": account_and_program(),
            "action": action,
            "item": place,
            "sha256": digest,
            "previous": _last_line_digest(self.custody_file),
        }
        _append_line(self.custody_file, line)


def _safe(part: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "_", part).lstrip(".")[:80] or "_"


def _time_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _append_line(path: Path, line: dict[str, Any]) -> None:
    _append_lines(path, [line])


def _append_lines(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write("".join(json.dumps(line, sort_keys=True, ensure_ascii=False) + "\n" for line in lines).encode())
        file.flush()
        os.fsync(file.fileno())


def _values(line: IndexLine) -> dict[str, Any]:
    """The line as the index spells it."""
    values = {name: getattr(line, name) for name in line.__dataclass_fields__ if name not in ("item", "at", "attributes")}
    where = {"path": line.item.path, "sha256": line.item.sha256}
    return values | where | {"at": _time_text(line.at), "attributes": dict(line.attributes)}


def _last_line_digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 8192))
            lines = file.read().splitlines()
    except FileNotFoundError:
        return _NO_CHAIN
    return hashlib.sha256(lines[-1]).hexdigest() if lines else _NO_CHAIN


def _index_line(values: dict[str, Any]) -> IndexLine:
    attributes = values.get("attributes") or {}
    if not isinstance(attributes, dict):
        raise TypeError("attributes is no object")
    return IndexLine(
        item=EvidenceItem(str(values["path"]), str(values["sha256"])),
        size_bytes=int(values["size_bytes"]),
        kind=str(values["kind"]),
        cluster=values.get("cluster"),
        node=values.get("node"),
        interface=str(values.get("interface") or "tool"),
        operation=str(values.get("operation") or ""),
        at=datetime.fromisoformat(values["at"]).astimezone(UTC),
        media_type=str(values.get("media_type") or ""),
        attributes=attributes,
    )
