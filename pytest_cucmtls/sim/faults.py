"""Named faults of certificates, services and behaviour: each function changes one running cluster.

Adding a fault is adding a function here (or to `configuration_faults` when AXL could have done it). A fault whose effect
lies in another part of the simulator is only a name that this part looks for in `ClusterState.faults`; its function is
empty and its docstring names the part in parentheses.
"""

import base64
import hashlib
from dataclasses import replace
from datetime import timedelta
from functools import partial

from pytest_cucmtls.sim import access_faults, catalogue_faults, configuration_faults, network_faults
from pytest_cucmtls.sim.calls.manager import CallManager
from pytest_cucmtls.sim.fault_register import FAULTS, ChosenFault, UnknownFault, choose_faults, fault
from pytest_cucmtls.sim.interfaces.perfmon import RATE_PARAMETER as PERFMON_RATE_PARAMETER
from pytest_cucmtls.sim.interfaces.risport import RATE_PARAMETER
from pytest_cucmtls.sim.pairs import WEBDIALER_SERVICE
from pytest_cucmtls.sim.state import ClusterState, NodeState
from pytest_cucmtls.sim.stuck_service import RestartWithoutEffect

_DESERTED_HOST = 250

__all__ = [
    "FAULTS",
    "ChosenFault",
    "UnknownFault",
    "access_faults",
    "catalogue_faults",
    "choose_faults",
    "configuration_faults",
    "network_faults",
]


def _forget_trust(node: NodeState, unit: str) -> None:
    for file_name in node.certificates.trust(unit):
        node.certificates.delete_trust(unit, file_name)


def _subscribers(cluster: ClusterState) -> list[NodeState]:
    found = [node for node in cluster.nodes if node.role != "publisher"]
    if not found:
        raise UnknownFault(f"cluster {cluster.name} has no subscriber: start a pair with several nodes")
    return found


def _move_trust_to_tomcat(node: NodeState, unit: str) -> None:
    for entry in node.certificates.trust(unit).values():
        node.certificates.import_trust("tomcat", entry.der, description=entry.description)
    _forget_trust(node, unit)


@fault
def trust_missing(cluster: ClusterState) -> None:
    """CallManager-trust is empty, and empty again after every identity upload: the peer is not trusted."""
    for node in cluster.nodes:
        _forget_trust(node, "CallManager")
        node.certificates.after_identity = partial(_forget_trust, node)


@fault
def trust_in_tomcat_store(cluster: ClusterState) -> None:
    """What was trusted for CallManager moves to tomcat-trust as soon as an identity is uploaded."""
    for node in cluster.nodes:
        _move_trust_to_tomcat(node, "CallManager")
        node.certificates.after_identity = partial(_move_trust_to_tomcat, node)


@fault
def identity_upload_lost(cluster: ClusterState) -> None:
    """An uploaded identity is accepted and replaced by a self-signed one right away."""
    for node in cluster.nodes:
        node.certificates.after_identity = node.certificates.regenerate


@fault
def old_certificate_still_served(cluster: ClusterState) -> None:
    """A restart of the CallManager service reports success, but the process goes on with what it had loaded."""
    for node in cluster.nodes:
        if node.call_manager is not None:
            node.call_manager = RestartWithoutEffect(node, node.call_manager)


@fault
def old_certificate_served_by_a_subscriber(cluster: ClusterState) -> None:
    """A restart takes effect on the publisher only: the subscribers go on with the certificate they had loaded."""
    for node in _subscribers(cluster):
        if node.call_manager is not None:
            node.call_manager = RestartWithoutEffect(node, node.call_manager)


@fault
def certificates_not_replicated(cluster: ClusterState) -> None:
    """Certificate changes on one node do not reach the others until /simulator/replication lets them through."""
    _subscribers(cluster)
    cluster.replication.hold()


@fault
def previous_certificate_restored(cluster: ClusterState) -> None:
    """A restored backup brought back the CallManager certificate from before the last upload."""
    restored = [node.certificates.bring_back_previous("CallManager") for node in cluster.nodes]
    if not any(restored):
        raise UnknownFault(f"cluster {cluster.name} has no earlier certificate yet: inject this fault after an upload")


@fault
def clock_ahead(cluster: ClusterState) -> None:
    """The nodes' clocks run six years ahead, beyond the end of ordinary certificates."""
    for node in cluster.nodes:
        node.clock_offset = timedelta(days=6 * 365)


@fault
def webdialer_not_activated(cluster: ClusterState) -> None:
    """WebDialer is not activated, as on a new installation."""
    for node in cluster.nodes:
        service = node.services[WEBDIALER_SERVICE]
        service.activated, service.status = False, "Stopped"


@fault
def device_queries_limited(cluster: ClusterState) -> None:
    """RISPort answers one request per minute."""
    cluster.enterprise_parameters[RATE_PARAMETER] = "1"


@fault
def performance_queries_limited(cluster: ClusterState) -> None:
    """Perfmon answers one request per minute."""
    cluster.enterprise_parameters[PERFMON_RATE_PARAMETER] = "1"


@fault
def new_log_files_appear_late(_cluster: ClusterState) -> None:
    """Log collection and DIME know a file only when they are asked for it again (late_files)."""


@fault
def administrator_may_only_read(cluster: ClusterState) -> None:
    """The AXL account has the read-only role."""
    cluster.accounts = [
        replace(account, roles=account.roles - {"axl"}) if "axl" in account.roles else account for account in cluster.accounts
    ]


@fault
def client_certificate_not_requested(_cluster: ClusterState) -> None:
    """The SIP listener asks no client for a certificate: one-way TLS (tls_contexts)."""


@fault
def tls_1_0_negotiated(_cluster: ClusterState) -> None:
    """The SIP listener never goes above TLS 1.0 (tls_contexts)."""


@fault
def tls_1_3_enabled(_cluster: ClusterState) -> None:
    """SIP speaks TLS 1.3, which hides certificates from a capture: no fault of the trunk (tls_contexts)."""


@fault
def unencrypted_srtp_parameter(_cluster: ClusterState) -> None:
    """Crypto lines carry UNENCRYPTED_SRTP (media_negotiation)."""


@fault
def srtp_key_reused(_cluster: ClusterState) -> None:
    """The answerer repeats the offerer's SRTP key (media_negotiation)."""


@fault
def weakest_srtp_suite_selected(_cluster: ClusterState) -> None:
    """Of the SRTP suites offered the last is taken (media_negotiation)."""


@fault
def rtp_sent_despite_srtp(_cluster: ClusterState) -> None:
    """SRTP keys are agreed and plain RTP is sent (call_legs)."""


@fault
def trunk_still_resetting(_cluster: ClusterState) -> None:
    """Calls meet a trunk that is still resetting (sip_signalling)."""


@fault
def certificate_indication_of_another_connection(_cluster: ClusterState) -> None:
    """The trace's SIPCertificateInd is of a connection index that is not the call's (sip_signalling)."""


@fault
def trace_names_another_cipher(_cluster: ClusterState) -> None:
    """The trace's SIPCertificateInd names another cipher than the wire shows (sip_signalling)."""


@fault
def trace_rotated_away(_cluster: ClusterState) -> None:
    """By the time somebody collects traces, older records are gone (traces)."""


@fault
def axl_throttled(_cluster: ClusterState) -> None:
    """AXL answers writes with 503 (interfaces.axl)."""


@fault
def axl_memory_fault(_cluster: ClusterState) -> None:
    """AXL answers everything with the fault of too many requests at once (interfaces.axl)."""


@fault
def axl_answers_follow_schema(_cluster: ClusterState) -> None:
    """AXL answers without the recorded departures from its schema: harmless (axl.calls)."""


@fault
def unknown_release(cluster: ClusterState) -> None:
    """The nodes report a release that nobody knows yet."""
    cluster.release = replace(cluster.release, full_version="99.9.1.10000-1")


@fault
def tls_ciphers_strongest_only(cluster: ClusterState) -> None:
    """The enterprise parameter TLS Ciphers allows AES-256 only: a peer without it has no suite in common."""
    cluster.enterprise_parameters["TLS Ciphers"] = "Strongest - AES-256 SHA-384 Only"


@fault
def host_names_resolve_to_an_old_address(cluster: ClusterState) -> None:
    """Names of other clusters' nodes resolve to an address where nobody is any more."""
    own = {node.name.lower() for node in cluster.nodes}
    for node in cluster.nodes:
        if isinstance(node.call_manager, CallManager):
            names = node.call_manager.host_names
            names.update({name: f"{node.ip.rpartition('.')[0]}.{_DESERTED_HOST}" for name in names if name.lower() not in own})


@fault
def axl_connection_lost(_cluster: ClusterState) -> None:
    """AXL's connection is cut at the third write and at every later one (interfaces.axl)."""


@fault
def export_unrestricted_software(cluster: ClusterState) -> None:
    """The nodes run export-unrestricted software, which cannot encrypt."""
    cluster.release = replace(cluster.release, full_version=f"{cluster.release.full_version}.UNRST")


@fault
def ssh_host_key_changed(cluster: ClusterState) -> None:
    """The inventory (and whoever learned it) knows another SSH host key than the nodes have now."""
    for node in cluster.nodes:
        node.ssh_host_key_fingerprint = "SHA256:" + base64.b64encode(hashlib.sha256(node.name.encode()).digest()).decode().rstrip(
            "="
        )


@fault
def ntp_unsynchronised(_cluster: ClusterState) -> None:
    """The nodes' clocks are right, but no NTP server vouches for them (cli_commands.time)."""


@fault
def disk_full(_cluster: ClusterState) -> None:
    """The log partition is full: no capture file can be begun (cli_commands.capture)."""


@fault
def cli_session_dropped(_cluster: ClusterState) -> None:
    """A platform CLI session ends after three commands (cli_shell)."""


@fault
def cli_prompt_differs(_cluster: ClusterState) -> None:
    """The platform CLI has another prompt (cli_shell)."""


@fault
def cli_stays_silent(_cluster: ClusterState) -> None:
    """The platform CLI prints its banner and nothing more (cli_shell)."""
