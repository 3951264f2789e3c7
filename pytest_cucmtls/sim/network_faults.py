"""Named faults of what lies between the clusters and inside nodes: middleboxes, lost media, clocks, disks, ciphers."""

from datetime import timedelta

from pytest_cucmtls.sim.calls.media import MEDIA_BLOCKED, MEDIA_PACKETS_LOST
from pytest_cucmtls.sim.fault_register import UnknownFault, fault
from pytest_cucmtls.sim.packets.capture import DISK_FILLS_DURING_CAPTURE
from pytest_cucmtls.sim.sip.middlebox import MIDDLEBOX_TERMINATES_TLS, middlebox_authority
from pytest_cucmtls.sim.sip.tls_contexts import TLS_CIPHERS_PARAMETER
from pytest_cucmtls.sim.state import ClusterState

__all__ = ["DISK_FILLS_DURING_CAPTURE", "MEDIA_BLOCKED", "MEDIA_PACKETS_LOST", "MIDDLEBOX_TERMINATES_TLS"]


@fault
def middlebox_terminates_tls(cluster: ClusterState) -> None:
    """A middlebox before the SIP port ends TLS and re-signs both certificates; the cluster trusts its authority (middlebox)."""
    for node in cluster.nodes:
        node.certificates.import_trust("CallManager", middlebox_authority().der)
        if node.call_control is not None:
            node.call_control.take_up_trust()


@fault
def media_blocked(_cluster: ClusterState) -> None:
    """A firewall drops what the cluster's phones send: one-way audio, keys agreed all the same (calls.media)."""


@fault
def media_packets_lost(_cluster: ClusterState) -> None:
    """Every tenth media packet of the cluster's phones is lost on its way (calls.media)."""


@fault
def clock_five_seconds_ahead(cluster: ClusterState) -> None:
    """The nodes' clocks are five seconds ahead: certificates still count, times in traces and captures do not fit the peer's."""
    for node in cluster.nodes:
        node.clock_offset = timedelta(seconds=5)


@fault
def clock_behind(cluster: ClusterState) -> None:
    """The nodes' clocks are two years behind, before the beginning of ordinary certificates."""
    for node in cluster.nodes:
        node.clock_offset = -timedelta(days=2 * 365)


@fault
def disk_fills_during_capture(_cluster: ClusterState) -> None:
    """The log partition fills while packets are captured: the file stops in the middle of a packet (packets.capture)."""


@fault
def certificates_replicated_slowly(cluster: ClusterState) -> None:
    """Certificate changes on one node reach the others twenty seconds later."""
    if len(cluster.nodes) < 2:
        raise UnknownFault(f"cluster {cluster.name} has no subscriber: start a pair with several nodes")
    cluster.replication.delay_seconds = 20.0


@fault
def ecdsa_ciphers_preferred(cluster: ClusterState) -> None:
    """TLS Ciphers prefers ECDSA: the CallManager-ECDSA identity is presented where the peer takes it."""
    cluster.enterprise_parameters[TLS_CIPHERS_PARAMETER] = "All Ciphers ECDSA Preferred"
