"""The raw evidence of a mesh: kept once for all trunks, each line saying which cluster or trunk it concerns."""

import hashlib
from copy import copy
from pathlib import Path
from threading import Lock

from pytest_cucmtls.evidence.run_folder import RunFolder

OWNER, TRUNK = "of", "trunk"
"""Attributes of a line: the cluster it is about where the line names none, and the only trunk it concerns where it is one."""


class SharedFolder(RunFolder):
    """A run folder in which the same bytes of the same place are one file, however many trunks ask for them."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        self._known: dict[tuple[str, ...], str] = {}
        self._lock = Lock()

    def concerning(self, cluster: str, trunk: str | None = None) -> "SharedFolder":
        """The same folder; what is kept through it is about that cluster, and concerns only the trunk when one is named."""
        seen = copy(self)
        seen._about = {OWNER: cluster} if trunk is None else {OWNER: cluster, TRUNK: trunk}
        return seen

    def _store(self, data: bytes, kind: str, cluster: str | None, node: str | None, media_type: str) -> str:
        key = (kind, cluster or "", node or "", hashlib.sha256(data).hexdigest())
        with self._lock:
            if key not in self._known:
                self._known[key] = super()._store(data, kind, cluster, node, media_type)
            return self._known[key]
