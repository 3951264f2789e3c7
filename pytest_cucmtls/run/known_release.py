"""A gate before the first change: a release nobody knows is read only, and changed when the inventory declares it."""

from pytest_cucmtls.checks.environment import KNOWN_RELEASES
from pytest_cucmtls.clusters import ClusterReader
from pytest_cucmtls.model.errors import UnsafeToAct
from pytest_cucmtls.procedure.context import Change, Run


class KnownReleaseGate:
    """Looks once, at the first change."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._refusal: str | None = None

    def __call__(self, step: int, change: Change) -> None:
        """Raises: UnsafeToAct, when a cluster runs an unknown release that its inventory does not declare."""
        if self._refusal is None:
            self._refusal = "; ".join(filter(None, map(_unknown, self._run.clusters)))
        if self._refusal:
            remedy = "Declare the release in the inventory to go on as with the nearest known one, or run in mode verify."
            raise UnsafeToAct(str(step), f"{self._refusal} ({change.target} would be the first change)", remedy=remedy)


def _unknown(cluster: ClusterReader) -> str:
    release = cluster.release()
    if cluster.spec.release is not None or (release.major, release.minor) in KNOWN_RELEASES:
        return ""
    return f"{cluster.name} runs {release.text}, which this tool does not know"
