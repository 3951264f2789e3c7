"""What the proof phase does to the clusters besides reading: the trunks are reset once the captures run."""

from dataclasses import replace

from pytest_cucmtls.clusters import ClusterReader
from pytest_cucmtls.procedure import step_09_trunk
from pytest_cucmtls.procedure.context import Change, Run


def reset_before_calls(run: Run, cluster: ClusterReader) -> Change:
    """So that the capture shows the handshake of a new connection."""
    change = step_09_trunk.reset(run, cluster)
    return replace(change, target=f"{cluster.name} trunk {cluster.spec.trunk} reset before the test calls")
