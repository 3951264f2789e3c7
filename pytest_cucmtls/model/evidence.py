"""Everything gathered about one trunk, parsed and frozen, with the raw item each value came from.

Accessors raise `NoEvidence` when a fact was not gathered; checks never look at a clock, a file or a cluster.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from pytest_cucmtls.model.calls import MediaProof
from pytest_cucmtls.model.capture import CaptureReport
from pytest_cucmtls.model.certificates import Certificate, CertificateRequest
from pytest_cucmtls.model.cucm import (
    CallingSearchSpace,
    DeviceStatus,
    DirectoryNumber,
    NamedCertificate,
    NtpStatus,
    Phone,
    Release,
    RouteGroup,
    RouteList,
    RoutePattern,
    ServiceStatus,
    SipTrunk,
    SipTrunkSecurityProfile,
)
from pytest_cucmtls.model.errors import NoEvidence
from pytest_cucmtls.model.inventory import Inventory
from pytest_cucmtls.model.probe import ProbeReport
from pytest_cucmtls.model.revocation import OcspAnswer, RevocationList
from pytest_cucmtls.model.surroundings import EarlierIdentity, NameLookup, ReplicationState, WriteAccess
from pytest_cucmtls.model.traces import TraceReport
from pytest_cucmtls.model.verdicts import EvidenceItem, Outcome

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sourced(Generic[T]):
    """A value with the raw item it was read from."""

    value: T
    item: EvidenceItem


@dataclass(frozen=True, slots=True)
class CallAttempt:
    """One test call as its driver reported it (which proves nothing about who answered)."""

    direction: str
    """``A->B`` with the clusters' inventory names."""
    caller: str
    called: str
    started_at: datetime
    ended_at: datetime | None
    driver: str
    result_code: int | None
    result_description: str | None
    outcome: str = ""
    """What the caller's own phone met, a word of `CallOutcome`; "" when the driver is no end of the call."""
    outcome_description: str = ""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """How one step of the procedure went, as the run noted it."""

    number: int
    title: str
    outcome: Outcome
    message: str
    changes: tuple[str, ...]
    """One sentence per change made; empty when all was as it should be already."""


@dataclass(frozen=True, slots=True)
class NodeEvidence:
    """What was read of one node; None or empty means not gathered."""

    name: str
    release: "Sourced[Release] | None" = None
    ntp: "Sourced[NtpStatus] | None" = None
    clock_offset_seconds: "Sourced[float] | None" = None
    """Node clock minus the tool's clock."""
    own_certificate_before: "Sourced[NamedCertificate] | None" = None
    """CallManager identity before anything was generated (step 2)."""
    own_certificate: "Sourced[NamedCertificate] | None" = None
    """CallManager identity on the admin interface after step 7."""
    request: "Sourced[CertificateRequest] | None" = None
    issued: "Sourced[Certificate] | None" = None
    trust: "tuple[Sourced[NamedCertificate], ...] | None" = None
    """All certificates of all trust units that were read; None: not read."""
    call_manager: "Sourced[ServiceStatus] | None" = None
    captures: "tuple[Sourced[CaptureReport], ...]" = ()
    traces: "tuple[Sourced[TraceReport], ...]" = ()
    calllogs: "tuple[Sourced[TraceReport], ...]" = ()
    other_identities: "tuple[Sourced[NamedCertificate], ...]" = ()
    """Identities beside CallManager that a listener may present (``CallManager-ECDSA``)."""
    asked: "Sourced[tuple[tuple[str, str], ...]] | None" = None
    """What the request was asked to contain: (attribute, value) as given to the interface that generated it."""
    addresses: tuple[str, ...] = ()
    """IP addresses the node was reached under, beside the inventory's."""
    issued_received_at: datetime | None = None
    """When the authority handed out the certificate that `issued` is, by the tool's clock."""
    ocsp: "Sourced[OcspAnswer] | None" = None
    """What a responder said of the CallManager identity."""
    fips_mode: "Sourced[bool] | None" = None
    replication: "Sourced[ReplicationState] | None" = None
    """How this node sees its cluster's database replication; not read where the cluster has one node."""
    name_lookups: "tuple[Sourced[NameLookup], ...]" = ()
    """What this node resolves its trunk's named destinations to."""
    probe: "Sourced[ProbeReport] | None" = None
    """What the node's SIP TLS listener accepts and refuses."""


@dataclass(frozen=True, slots=True)
class ClusterEvidence:
    """What was read of one cluster through AXL, and its nodes."""

    name: str
    nodes: tuple[NodeEvidence, ...]
    security_profile: "Sourced[SipTrunkSecurityProfile] | None" = None
    trunk: "Sourced[SipTrunk] | None" = None
    trunk_status: "Sourced[DeviceStatus] | None" = None
    route_patterns: "tuple[Sourced[RoutePattern], ...] | None" = None
    route_lists: "tuple[Sourced[RouteList], ...] | None" = None
    route_groups: "tuple[Sourced[RouteGroup], ...] | None" = None
    calling_search_spaces: "tuple[Sourced[CallingSearchSpace], ...] | None" = None
    directory_numbers: "tuple[Sourced[DirectoryNumber], ...] | None" = None
    phone: "Sourced[Phone] | None" = None
    other_trunks: "tuple[Sourced[SipTrunk], ...]" = ()
    """Trunks a route list member leads to beside the one under test."""
    other_profiles: "tuple[Sourced[SipTrunkSecurityProfile], ...]" = ()
    similar_trunks: "Sourced[tuple[str, ...]] | None" = None
    """Names of all devices whose name begins with that of the trunk, itself included; None: they were not listed."""
    write_access: "Sourced[WriteAccess] | None" = None
    """What the AXL account may do; looked at before the first change of a run that may change clusters."""

    def node(self, name: str) -> NodeEvidence:
        """The node of that name. Raises: KeyError."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One run's facts about one trunk between two clusters."""

    inventory: Inventory
    gathered_at: datetime
    """UTC; "now" for every date comparison that has no call time."""
    clusters: tuple[ClusterEvidence, ClusterEvidence]
    authority_chain: "tuple[Sourced[Certificate], ...]" = ()
    """Issuing CA first, root last."""
    calls: "tuple[Sourced[CallAttempt], ...]" = ()
    media_proofs: "tuple[Sourced[MediaProof], ...]" = ()
    """What phones of our own heard, in the order of the calls."""
    phone_captures: "tuple[Sourced[CaptureReport], ...]" = ()
    """The packets those phones received."""
    contradictions: "tuple[Sourced[str], ...]" = ()
    """Disagreements between the two capture readers, one sentence each."""
    steps: "tuple[Sourced[StepRecord], ...]" = ()
    """The last word on each step, in order of their numbers."""
    witnesses: "tuple[EvidenceItem, ...]" = ()
    """Readings of the captures by the second reader; empty when it did not run."""
    revocation_lists: "tuple[Sourced[RevocationList], ...]" = ()
    earlier_identities: "Sourced[tuple[EarlierIdentity, ...]] | None" = None
    """Of the same nodes, from the baseline, oldest first; None when there was none."""
    kept_items: int = 0
    """How many raw items the run folder holds, statements of what is missing left out."""
    unusable: tuple[str, ...] = ()
    """One sentence per raw item that was kept but cannot be used any more: changed, gone or unreadable."""
    reasons: tuple[tuple[str, str], ...] = field(default=())
    """(fact, why it was not gathered), for the message of `NoEvidence`."""

    def cluster(self, name: str) -> ClusterEvidence:
        """The cluster of that inventory name. Raises: KeyError."""
        for cluster in self.clusters:
            if cluster.name == name:
                return cluster
        raise KeyError(name)

    def need(self, value: "T | None", fact: str, collect: str) -> T:
        """The value, or NoEvidence naming the fact, why it is missing and what to collect."""
        if value is None:
            why = next((reason for key, reason in self.reasons if key == fact), "it was not collected")
            raise NoEvidence(fact, why, collect=collect)
        return value


def items(sources: "Iterable[Sourced[T]]") -> tuple[EvidenceItem, ...]:
    """The raw items behind several values, in order, without repeats."""
    return tuple(dict.fromkeys(source.item for source in sources))
