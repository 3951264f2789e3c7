"""Which nodes of a cluster a device belongs to: device pool, CallManager group, *Run On All Active Unified CM Nodes*."""

from pytest_cucmtls.sim.calls.dial_plan import text, truth
from pytest_cucmtls.sim.database import Row, repeated
from pytest_cucmtls.sim.state import CALL_MANAGER_SERVICE, ClusterState, NodeState


def group_of(cluster: ClusterState, device: Row) -> tuple[NodeState, ...]:
    """Nodes of the device's CallManager group, by priority; empty when the device has no pool, or the pool no group."""
    pool = cluster.database.find("devicePool", name=text(device.get("devicePoolName"))) or {}
    group = cluster.database.find("callManagerGroup", name=text(pool.get("callManagerGroupName"))) or {}
    nodes: list[NodeState] = []
    for member in sorted(repeated(group, "members"), key=lambda each: int(each.get("priority") or 0)):
        manager = cluster.database.find("callManager", name=text(member.get("callManagerName"))) or {}
        node = cluster.node(text(manager.get("processNodeName")))
        if node is not None:
            nodes.append(node)
    return tuple(nodes)


def home_of_phone(cluster: ClusterState, phone: Row) -> NodeState | None:
    """Where a simulated phone is registered: the first node of its group whose service runs.

    A phone without a group is registered with the publisher, if there is one.
    """
    candidates = group_of(cluster, phone) or tuple(node for node in cluster.nodes if node.role == "publisher")
    return next((node for node in candidates if is_running(node)), None)


def trunk_runs_on(cluster: ClusterState, trunk: Row, node: NodeState) -> bool:
    """The trunk is active on the node: every node, the nodes of its group, or (without a group) every node again."""
    group = group_of(cluster, trunk)
    return truth(trunk.get("runOnEveryNode")) or not group or any(each is node for each in group)


def is_running(node: NodeState) -> bool:
    """The node's CallManager service is started."""
    service = node.services.get(CALL_MANAGER_SERVICE)
    return service is not None and service.status == "Started"


def other_running_nodes(node: NodeState) -> tuple[NodeState, ...]:
    """The rest of the cluster that can take part in calls."""
    return tuple(each for each in node.cluster.nodes if each is not node and is_running(each))
