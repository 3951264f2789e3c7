"""Named faults of access: what an account may not do, a service that is not there, traces that say too little."""

from pytest_cucmtls.sim.axl.sql_accounts import TRACE_LEVEL_PARAMETER
from pytest_cucmtls.sim.fault_register import fault
from pytest_cucmtls.sim.interfaces.axl import SERVICE as AXL_SERVICE
from pytest_cucmtls.sim.state import ClusterState

_ERROR_ONLY = "1"


@fault
def serviceability_role_missing(_cluster: ClusterState) -> None:
    """The application user may use AXL, but not Control Center, RISPort and log collection (authentication)."""


@fault
def platform_privilege_zero(_cluster: ClusterState) -> None:
    """The OS administrator has privilege level 0: certificates can neither be shown nor changed (cli_shell)."""


@fault
def axl_not_activated(cluster: ClusterState) -> None:
    """The Cisco AXL Web Service is stopped on every node."""
    for node in cluster.nodes:
        node.services[AXL_SERVICE].status = "Stopped"


@fault
def log_window_in_own_zone(cluster: ClusterState) -> None:
    """The nodes live in Asia/Kolkata and take the dates of log collection in their own zone, whatever TimeZone says."""
    for node in cluster.nodes:
        node.time_zone = "Asia/Kolkata"


@fault
def trace_level_error_only(cluster: ClusterState) -> None:
    """The trace level of Cisco CallManager is Error: the configuration says so, the simulated traces stay complete."""
    cluster.enterprise_parameters[TRACE_LEVEL_PARAMETER] = _ERROR_ONLY
