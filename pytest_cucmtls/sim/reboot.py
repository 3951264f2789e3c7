"""A restart of a whole simulated node: every service starts again and loads what is configured."""

from dataclasses import replace

from pytest_cucmtls.sim.state import NodeState

TLS_MINIMUM_PARAMETER = "TLS Minimum Version"
_RELEASE_WORDS = {"1.0": "TLSv1", "1.1": "TLSv1.1", "1.2": "TLSv1.2"}


async def reboot(node: NodeState) -> None:
    """Restart the node's services; a TLS minimum set before takes effect for SIP (ASSUMED: with the node's next start).

    The minimum is kept per cluster: other nodes follow it with their own next restart. Raises: OSError as the service's start.
    """
    cluster = node.cluster
    wanted = _RELEASE_WORDS.get(cluster.enterprise_parameters.get(TLS_MINIMUM_PARAMETER, ""))
    if wanted is not None:
        cluster.release = replace(cluster.release, tls_minimum=wanted, tls_maximum=max(wanted, cluster.release.tls_maximum))
    if node.call_manager is not None:
        await node.call_manager.restart()
    for service in node.services.values():
        if service.activated:
            service.status, service.started_at = "Started", node.now()
