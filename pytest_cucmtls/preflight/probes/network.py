"""Whether each node's ports answer, and whether the node is who the inventory vouches for."""

import socket

from pytest_cucmtls.clients.ssh_presented import read_host_keys
from pytest_cucmtls.clients.ssh_trust import host_key_trust
from pytest_cucmtls.clients.tls_presented import verify_peer
from pytest_cucmtls.preflight.register import of_node
from pytest_cucmtls.preflight.results import Answer, ok, problem
from pytest_cucmtls.preflight.views import CONNECT_SECONDS, NodeView

_OPEN_IT = "Check address and port in the inventory, the route, and that firewalls let TCP {port} through to the node{more}."
_ACCEPT = "Compare it with the node's own console or whoever operates it; only if it is the same: `cucmtls trust --accept`."


@of_node("HTTPS port answers", order=30)
def https_reachable(view: NodeView) -> Answer:
    """TCP to the port of AXL, Serviceability, certificate REST and WebDialer."""
    return _connects(view, view.node.https_port, "")


@of_node("SSH port answers", order=31)
def ssh_reachable(view: NodeView) -> Answer:
    """TCP to the port of the platform CLI."""
    return _connects(view, view.node.ssh_port, "")


@of_node("SIP port answers", order=32)
def sip_reachable(view: NodeView) -> Answer:
    """TCP to the port of the trunk's TLS listener; no handshake, no SIP."""
    return _connects(view, view.node.sip_port, "; Cisco CallManager must run and some trunk or phone profile use the port")


@of_node("HTTPS certificate is trusted", order=33, needs=("https_reachable",))
def https_trusted(view: NodeView) -> Answer:
    """A handshake exactly as the clients of a run make it; no request is sent."""
    address, port = view.node.address, view.node.https_port
    version, cipher = verify_peer(address, port, view.spec.ca_bundle, view.oldest_tls, CONNECT_SECONDS)
    return ok(f"{version}, {cipher}")


@of_node("SSH host key is trusted", order=34, needs=("ssh_reachable",))
def ssh_trusted(view: NodeView) -> Answer:
    """One of the keys the node shows is an expected one; nobody logs in."""
    trust = host_key_trust(view.node, view.spec.known_hosts)
    keys = read_host_keys(view.node, legacy_algorithms=view.is_old, limit_seconds=CONNECT_SECONDS)
    known = [key for key in keys if key.fingerprint in trust.expected and key.fingerprint not in trust.revoked]
    if known:
        return ok(f"{known[0].key_type}, an expected key")
    trust.presented = keys[0].fingerprint
    return problem(trust.refusal().message, _ACCEPT)


def _connects(view: NodeView, port: int, more: str) -> Answer:
    place = f"{view.node.address}:{port}"
    try:
        socket.create_connection((view.node.address, port), timeout=CONNECT_SECONDS).close()
    except OSError as error:
        reason = "no answer" if isinstance(error, TimeoutError) else error.strerror or str(error)
        return problem(f"{place}: {reason}", _OPEN_IT.format(port=port, more=more))
    return ok(place)
