"""The journal of a run: every change before it is made and after, so that an interrupted run can continue or return.

One JSON object per line, written and synced before the act it announces. A line cut by a crash is the last one and is
ignored on reading: the act it announced had not begun.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Entry:
    """One line.

    `event` is ``step_begun``, ``step_done``, ``change_begun``, ``change_done``, ``undo_begun``, ``undone`` or ``note``.
    """

    event: str
    step: int
    target: str = ""
    before: str = ""
    after: str = ""
    interface: str = ""
    undo: dict[str, str] = field(default_factory=dict)
    """What returns to the former state: ``action`` and its arguments; empty when nothing can."""
    at: str = ""


class Journal:
    """Append-only file of entries."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, entry: Entry) -> None:
        """Write one entry and sync it to the disk before returning."""
        stamped = asdict(entry) | {"at": datetime.now(UTC).isoformat()}
        line = (json.dumps(stamped, ensure_ascii=False) + "\n").encode()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            if self._ends_in_cut_line():
                line = b"\n" + line
            os.write(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def entries(self) -> Iterator[Entry]:
        """All readable entries in order."""
        if not self.path.exists():
            return
        for line in self.path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                yield Entry(**json.loads(line))
            except (ValueError, TypeError):
                continue  # the line a crash cut: its act had not begun

    def finished(self, step: int) -> bool:
        """True when the last word on a step is that it is done."""
        last = [
            entry.event for entry in self.entries() if entry.step == step and entry.event in {"step_done", "undone", "step_begun"}
        ]
        return bool(last) and last[-1] == "step_done"

    def open_changes(self) -> list[Entry]:
        """Changes begun and not undone since, oldest first: what `undo` has to look at."""
        begun: list[Entry] = []
        for entry in self.entries():
            if entry.event == "change_begun":
                begun.append(entry)
            elif entry.event == "undone":
                begun = [change for change in begun if (change.step, change.target) != (entry.step, entry.target)]
        return begun

    def _ends_in_cut_line(self) -> bool:
        if not self.path.exists() or not self.path.stat().st_size:
            return False
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"
