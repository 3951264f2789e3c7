"""The lowest TLS version a node speaks: what `set tls min-version` said, or its release's (platform.md §7.3)."""

from pytest_cucmtls.sim.state import NodeState

_WORDS = {"1.0": "TLSv1", "1.1": "TLSv1.1", "1.2": "TLSv1.2", "1.3": "TLSv1.3"}
_CLUSTER_WIDE = "TLSv1.3"


def tls_minimum_of(node: NodeState) -> str:
    """``TLSv1.2`` …: what the node's next start puts in force."""
    return _WORDS.get(node.tls_minimum, node.cluster.release.tls_minimum)


def minimum_versions(node: NodeState) -> tuple[str, ...]:
    """The versions that can be set; 1.3 with the releases that speak it."""
    return ("1.0", "1.1", "1.2", "1.3") if node.cluster.release.tls_maximum == _CLUSTER_WIDE else ("1.0", "1.1", "1.2")


def configured_minimum(node: NodeState) -> str:
    """As `show tls min-version` prints it."""
    built_in = node.cluster.release.tls_minimum.removeprefix("TLSv")
    return node.tls_minimum or (built_in if "." in built_in else f"{built_in}.0")


def set_minimum(node: NodeState, version: str) -> tuple[NodeState, ...]:
    """Configure it and return the nodes that restart for it: this one, from 15 SU2 on every one of the cluster."""
    nodes = tuple(node.cluster.nodes) if node.cluster.release.tls_maximum == _CLUSTER_WIDE else (node,)
    for each in nodes:
        each.tls_minimum = version
    return nodes
