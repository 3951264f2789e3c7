"""A restart of a whole simulated node: every service starts again and loads what is configured."""

from pytest_cucmtls.sim.state import NodeState


async def reboot(node: NodeState) -> None:
    """Restart the node's services: certificates, trust and TLS minimum of now are in force.

    Raises: OSError as the service's start.
    """
    if node.call_manager is not None:
        await node.call_manager.restart()
    if node.web_server is not None:
        node.web_server.reload()
    for service in node.services.values():
        if service.activated:
            service.status, service.started_at = "Started", node.now()
