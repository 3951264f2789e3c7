"""Log files that the log services do not know at first: a file appears at the second request that would show it."""

from pytest_cucmtls.sim.state import ClusterState

LATE_FILES = "new_log_files_appear_late"
"""Behaviour name (`ClusterState.faults`)."""


class LateFiles:
    """What one service of one node has been asked for already; no clock is involved."""

    def __init__(self, cluster: ClusterState) -> None:
        self._cluster = cluster
        self._known: set[str] = set()

    def knows(self, path: str) -> bool:
        """Whether the service admits to a file that exists; always, unless the cluster has the behaviour."""
        known = path in self._known
        self._known.add(path)
        return known or LATE_FILES not in self._cluster.faults
