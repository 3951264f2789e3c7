"""What a simulated cluster is: the one state every simulated interface reads and changes.

Single event loop: every interface of every simulated cluster of a process runs in one asyncio loop, so state is
changed without locks. Nothing here knows HTTP, SSH or SIP. Effects are derived from this state, never declared:
the certificate served on 5061 is `NodeState.loaded`, what a trunk runs is the call manager's copy from its last reset.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pytest_cucmtls.sim.certificates.replication import CertificateReplication

if TYPE_CHECKING:
    from pytest_cucmtls.sim.calls.manager import CallManager
    from pytest_cucmtls.sim.calls.phones import Phone
    from pytest_cucmtls.sim.certificates.store import CertificateStore, Identity
    from pytest_cucmtls.sim.certificates.trust_lists import TrustList
    from pytest_cucmtls.sim.database import Database
    from pytest_cucmtls.sim.releases import ReleaseProfile

CALL_MANAGER_SERVICE = "Cisco CallManager"
TOMCAT_SERVICE = "Cisco Tomcat"


@dataclass(slots=True)
class ServiceState:
    """One network or feature service of a node; `status` is Control Center's word."""

    name: str
    status: str = "Started"
    activated: bool = True
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class LoadedSecurity:
    """What the CallManager process holds in memory since its last start: it serves and trusts exactly this."""

    identity: "Identity"
    trust: tuple[bytes, ...]
    """DER of every CallManager-trust certificate at that moment."""
    loaded_at: datetime
    ecdsa_identity: "Identity | None" = None
    """CallManager-ECDSA, served beside the other one when an ECDSA suite is chosen; None on releases without it."""
    tls_minimum: str = ""
    """``TLSv1.2`` …: the lowest version spoken, where the node was given one; "" is the release's."""


@dataclass(frozen=True, slots=True)
class CallTicket:
    """A call in progress as WebDialer knows it."""

    call_id: int
    device: str
    destination: str


class CallManagerPort(Protocol):
    """The CallManager service of one node, as the other simulated interfaces drive it (implemented in call_manager.py)."""

    async def start(self) -> None:
        """Load identity and trust from the store, listen on the SIP port."""

    async def stop(self) -> None:
        """Drop calls and connections, close the listener."""

    async def restart(self) -> None:
        """Stop, reload from the store, start; updates the service's status while it does."""

    async def reset_trunk(self, name: str) -> None:
        """Close the trunk's connections and copy its configuration and profile from the database."""

    async def make_call(self, device: str, line: str, destination: str) -> CallTicket:
        """Let a phone dial; returns as soon as the phone is off hook, whatever becomes of the call."""

    async def end_call(self, device: str) -> bool:
        """Hang up the device's call; False when it has none."""

    def trunk_status(self, name: str) -> tuple[str, int]:
        """RisPort's (Status, StatusReason) for a trunk."""

    def phone_status(self, name: str) -> tuple[str, int]:
        """RisPort's (Status, StatusReason) for a phone."""


class PacketSource(Protocol):
    """A running packet capture of one node (implemented in packet_capture.py)."""

    comment: str
    """How the packets are obtained: really captured on loopback, or recorded at the sockets."""

    def stop(self) -> int:
        """End the capture, flush the file, return the number of packets written."""


class PacketCapturePort(Protocol):
    """Starts captures on a node's `eth0`."""

    def start_file(self, path: Path, *, count: int, snap_length: int | None, host: str | None, port: int | None) -> PacketSource:
        """Capture to a classic pcap file; `snap_length` None keeps whole packets; filters as the CLI's options."""

    def start_screen(
        self, show: Callable[[str], None], *, count: int, numeric: bool, host: str | None, port: int | None
    ) -> PacketSource:
        """Capture to text lines (tcpdump's), one call of `show` per packet."""


class TracePort(Protocol):
    """The SDL trace and call log writer of a node (implemented in traces.py)."""

    def flush(self) -> None:
        """Put everything traced so far on disk, so that file and log collection see it."""


class WebServerPort(Protocol):
    """Cisco Tomcat of a node (implemented in http_server.py)."""

    def reload(self) -> None:
        """Load the tomcat certificate again: later connections see what the store holds now."""


@dataclass(slots=True)
class NodeState:
    """One server of a cluster."""

    name: str
    ip: str
    role: str
    """``publisher`` or ``subscriber``."""
    number: int
    """Node id as traces print it (1 = publisher)."""
    active_log: Path
    """Root of ``activelog`` (/var/log/active): traces, call logs and captures are real files below it."""
    cluster: "ClusterState"
    certificates: "CertificateStore"
    https_port: int = 8443
    ssh_port: int = 8022
    sip_port: int = 5061
    services: dict[str, ServiceState] = field(default_factory=dict)
    clock_offset: timedelta = timedelta()
    time_zone: str = "Etc/UTC"
    """The zone the node shows its time in."""
    loaded: LoadedSecurity | None = None
    call_manager: CallManagerPort | None = None
    call_control: "CallManager | None" = None
    """The process behind `call_manager`, as the other nodes of its cluster reach it for calls."""
    packet_capture: PacketCapturePort | None = None
    traces: TracePort | None = None
    web_server: WebServerPort | None = None
    tls_minimum: str = ""
    """``1.0`` … ``1.3`` as `set tls min-version` left it, in force from the next start on; "" was never set."""
    captures_made: set[str] = field(default_factory=set)
    """Names of capture files made through the CLI: removing such a file again changes nothing of the cluster."""
    ssh_host_key_fingerprint: str = ""
    ssh_host_key_pem: bytes = field(default=b"", repr=False)
    """The key the CLI proves itself with; made at the start when empty."""

    database: "Database" = field(init=False)
    """The configuration as this node sees it: the cluster's, unless replication to the node is broken."""

    def __post_init__(self) -> None:
        self.database = self.cluster.database.replica()

    def now(self) -> datetime:
        """The node's clock, UTC."""
        return datetime.now(UTC) + self.clock_offset


@dataclass(frozen=True, slots=True)
class Write:
    """A change somebody asked for through an interface."""

    at: datetime
    interface: str
    operation: str


@dataclass(frozen=True, slots=True)
class SimAccount:
    """A user of the simulated cluster; `roles` among ``axl``, ``axl-read``, ``platform``, ``end-user``."""

    user: str
    password: str
    roles: frozenset[str]


class WriteForbidden(Exception):
    """A change was asked of a cluster that must not be touched; interfaces answer it as a refusal of their own kind."""


@dataclass(slots=True)
class ClusterState:
    """One simulated cluster."""

    name: str
    release: "ReleaseProfile"
    database: "Database"
    domain: str = ""
    nodes: list[NodeState] = field(default_factory=list)
    accounts: list[SimAccount] = field(default_factory=list)
    enterprise_parameters: dict[str, str] = field(default_factory=dict)
    """e.g. ``Cluster Security Mode`` 0/1, ``TLS Ciphers``, ``SRTP Ciphers``."""
    phones: "dict[str, Phone]" = field(default_factory=dict)
    """The simulated phones by device name: whichever node they are registered with, they are the same."""
    faults: set[str] = field(default_factory=set)
    """Names of injected behaviours (faults.py)."""
    read_only: bool = False
    """Any write is refused and recorded: proves that a verify-only run writes nothing."""
    writes: list[Write] = field(default_factory=list)
    replication: CertificateReplication = field(default_factory=CertificateReplication)
    """How certificate changes on one node reach the others."""
    ctl: "TrustList | None" = None
    """The phones' CTL as last made (trust_lists)."""

    @property
    def publisher(self) -> NodeState:
        """The first node whose role is publisher."""
        return next(node for node in self.nodes if node.role == "publisher")

    def node(self, name_or_ip: str) -> NodeState | None:
        """Node by name (without case) or address."""
        wanted = name_or_ip.lower()
        return next((node for node in self.nodes if node.name.lower() == wanted or node.ip == wanted), None)

    def record_write(self, interface: str, operation: str) -> None:
        """Every interface calls this before it changes anything. Raises: WriteForbidden when read-only."""
        self.writes.append(Write(datetime.now(UTC), interface, operation))
        if self.read_only:
            raise WriteForbidden(f"{interface} {operation}: this cluster must not be changed")

    def account(self, user: str, password: str, *roles: str) -> SimAccount | None:
        """The account if the password is right and it has one of the roles (any role when none is named)."""
        for account in self.accounts:
            if account.user == user and account.password == password and (not roles or account.roles & set(roles)):
                return account
        return None
