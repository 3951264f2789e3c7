"""The zone a node keeps its own time in, for interfaces whose windows have no offset."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pytest_cucmtls.clusters import ClusterReader
from pytest_cucmtls.model.errors import CucmTlsError
from pytest_cucmtls.model.inventory import NodeAddress


def node_time_zone(cluster: ClusterReader, node: NodeAddress) -> str:
    """IANA name as ``utils ntp status`` shows it; UTC where none is shown that is known here, or the node cannot be asked."""
    try:
        return ZoneInfo(cluster.cli(node).read_ntp().value.time_zone or "UTC").key
    except (CucmTlsError, ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC"
