"""The signing request pending on a node, if any."""

from pytest_cucmtls.clusters import ClusterReader
from pytest_cucmtls.model.certificates import CertificateRequest
from pytest_cucmtls.model.errors import InterfaceRefused
from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.model.readings import Reading
from pytest_cucmtls.procedure.context import CALL_MANAGER


def pending_request(cluster: ClusterReader, node: NodeAddress) -> Reading[CertificateRequest] | None:
    """The node's CallManager request as the CLI shows it; None when there is none."""
    try:
        return cluster.cli(node).read_request(CALL_MANAGER)
    except InterfaceRefused as refusal:
        if refusal.code == "no_csr":
            return None
        raise
