"""CUCM's own objects, AXL's field names in snake case (values as the cluster answered them)."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from pytest_cucmtls.model.certificates import Certificate

CALL_MANAGER_SERVICE = "Cisco CallManager"
"""Control Center's name of the service that serves SIP, and that logs under this name."""


class SecurityMode(Enum):
    """Device Security Mode of a profile; AUTHENTICATED is TLS with a NULL cipher."""

    NON_SECURE = "Non Secure"
    AUTHENTICATED = "Authenticated"
    ENCRYPTED = "Encrypted"


@dataclass(frozen=True, slots=True)
class Release:
    """A CUCM release, e.g. ``10.5.2.12900-14``; ordered by (major, minor)."""

    text: str
    major: int
    minor: int

    @property
    def has_certificate_rest(self) -> bool:
        """The certificate management REST API exists since release 14."""
        return self.major >= 14

    @property
    def axl_version(self) -> str:
        """Newest AXL schema version the release accepts, e.g. ``10.5``."""
        return f"{self.major}.{self.minor}" if self.major < 14 else f"{self.major}.0"


@dataclass(frozen=True, slots=True)
class SipTrunkSecurityProfile:
    """addSipTrunkSecurityProfile's fields; None means the cluster did not say."""

    name: str
    security_mode: str | None = None
    incoming_transport: str | None = None
    outgoing_transport: str | None = None
    digest_authentication: bool | None = None
    nonce_policy_time: int | None = None
    x509_subject_name: str | None = None
    incoming_port: int | None = None
    appl_level_authentication: bool | None = None
    accept_presence_subscription: bool | None = None
    accept_out_of_dialog_refer: bool | None = None
    accept_unsolicited_notification: bool | None = None
    allow_replace_header: bool | None = None
    transmit_security_status: bool | None = None
    sip_v150_outbound_sdp_offer_filtering: str | None = None
    allow_charging_header: bool | None = None
    description: str | None = None
    uuid: str | None = None


@dataclass(frozen=True, slots=True)
class TrunkDestination:
    """One row of the trunk's destinations."""

    address: str
    port: int
    sort_order: int = 1


@dataclass(frozen=True, slots=True)
class SipTrunk:
    """The part of getSipTrunk that the procedure sets or the judgement needs."""

    name: str
    description: str | None = None
    device_pool_name: str | None = None
    location_name: str | None = None
    network_location: str | None = None
    packet_capture_mode: str | None = None
    security_profile_name: str | None = None
    sip_profile_name: str | None = None
    presence_group_name: str | None = None
    srtp_allowed: bool | None = None
    srtp_fallback_allowed: bool | None = None
    trunk_traffic_secure: str | None = None
    calling_search_space_name: str | None = None
    sig_digits: int | None = None
    """Significant digits kept on inbound calls; None: all."""
    tk_sip_codec: str | None = None
    dtmf_signaling_method: str | None = None
    sip_trunk_type: str | None = None
    dest_addr_is_srv: bool | None = None
    run_on_every_node: bool | None = None
    destinations: tuple[TrunkDestination, ...] = ()
    version_stamp: str | None = None
    uuid: str | None = None


@dataclass(frozen=True, slots=True)
class RoutePattern:
    """A route pattern and where it leads; exactly one of `gateway_name` and `route_list_name` is set."""

    pattern: str
    partition: str = ""
    description: str | None = None
    block_enable: bool | None = None
    gateway_name: str | None = None
    route_list_name: str | None = None
    called_party_transformation_mask: str | None = None
    prefix_digits_out: str | None = None
    digit_discard_instruction_name: str | None = None
    uuid: str | None = None


@dataclass(frozen=True, slots=True)
class RouteGroup:
    """Members are device names in selection order."""

    name: str
    members: tuple[str, ...]
    distribution_algorithm: str | None = None


@dataclass(frozen=True, slots=True)
class RouteList:
    """Members are route group names in selection order."""

    name: str
    members: tuple[str, ...]
    enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class CallingSearchSpace:
    """Partitions in order."""

    name: str
    partitions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DirectoryNumber:
    """A line, with the calling search space that decides what it can dial and where its calls are forwarded."""

    pattern: str
    partition: str = ""
    calling_search_space_name: str | None = None
    forward_all_destination: str | None = None


@dataclass(frozen=True, slots=True)
class Phone:
    """The test phone."""

    name: str
    lines: tuple[tuple[str, str], ...] = ()
    """(pattern, partition) in line order."""
    calling_search_space_name: str | None = None
    device_pool_name: str | None = None


@dataclass(frozen=True, slots=True)
class ProcessNode:
    """A row of listProcessNode, the pseudo node EnterpriseWideData left out."""

    name: str
    node_usage: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """A row of Control Center."""

    name: str
    status: str
    """``Started``, ``Stopped``, ``Starting``, ``Stopping`` …"""
    reason_code: int | None = None
    reason: str | None = None
    start_time: str | None = None
    """As printed, in the node's zone."""
    up_time_seconds: int | None = None
    read_at: datetime | None = None
    """When the interface answered this, by the tool's clock; with the up time it gives the start."""


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """RisPort's view of a device."""

    name: str
    status: str
    status_reason: int | None = None
    node: str | None = None
    ip: str | None = None


@dataclass(frozen=True, slots=True)
class NamedCertificate:
    """A certificate of a store of one node, as one interface shows it."""

    unit: str
    """``CallManager``, ``CallManager-trust``, ``tomcat-trust`` …"""
    file_name: str
    certificate: Certificate
    description: str | None = None


@dataclass(frozen=True, slots=True)
class NtpStatus:
    """``utils ntp status``."""

    synchronised: bool
    stratum: int | None
    offset_milliseconds: float | None
    utc_time: datetime | None
    """The node's clock when the command ran."""
    time_zone: str | None = None
    """IANA name of the node's own zone (``Asia/Kolkata``), as far as it was shown."""


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """One partition of ``show status``: ``active``, ``inactive`` or ``logging`` (traces and captures)."""

    name: str
    total_bytes: int
    free_bytes: int

    @property
    def used_percent(self) -> int:
        """Rounded down; 100 for a partition without size."""
        return 100 if self.total_bytes <= 0 else (self.total_bytes - self.free_bytes) * 100 // self.total_bytes


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file the log collection service offers."""

    name: str
    path: str
    size_bytes: int
    modified: str
