"""The evidence of one good pair, and the turns that make it bad."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.cucm import (
    DirectoryNumber,
    NamedCertificate,
    NtpStatus,
    Phone,
    Release,
    ServiceStatus,
    SipTrunk,
    SipTrunkSecurityProfile,
)
from pytest_cucmtls.model.evidence import CallAttempt, ClusterEvidence, Evidence, NodeEvidence, Sourced, StepRecord
from pytest_cucmtls.model.handshakes import Handshake
from pytest_cucmtls.model.intended import intended_profile, intended_route_pattern, intended_trunk
from pytest_cucmtls.model.inventory import Account, ClusterSpec, Inventory, Mode, NodeAddress
from pytest_cucmtls.model.verdicts import EvidenceItem, Outcome
from pytest_cucmtls.rehearsal.built_certificates import NOW, certificate, request, root, self_signed
from pytest_cucmtls.rehearsal.built_traces import call_log, trace
from pytest_cucmtls.rehearsal.built_wire import ADDRESSES, NODES, NUMBERS, capture, handshake

T = TypeVar("T")


def item(name: str) -> EvidenceItem:
    return EvidenceItem(f"raw/{name}", "0" * 64)


def sourced(value: T, name: str = "item") -> Sourced[T]:
    return Sourced(value, item(name))


def spec(name: str, **changes: Any) -> ClusterSpec:
    peer = "B" if name == "A" else "A"
    plain = ClusterSpec(
        name=name,
        nodes=(NodeAddress(NODES[name], ADDRESSES[name]),),
        release="15" if name == "A" else "14",
        extension=NUMBERS[name],
        axl=Account("axl", f"{name}_AXL"),
        platform=Account("admin", f"{name}_OS"),
        call=Account("user", f"{name}_CALL"),
        phone=f"SEP00{name}",
        trunk=f"to-{peer}",
    )
    return replace(plain, **changes)


def inventory(**changes: Any) -> Inventory:
    return replace(Inventory(spec("A"), spec("B"), mode=Mode.APPLY), **changes)


def named(found: Certificate, unit: str = "CallManager", file_name: str = "CallManager.pem") -> NamedCertificate:
    return NamedCertificate(unit, file_name, found, "Certificate Signed by CA")


def trusted(found: Certificate, unit: str = "CallManager-trust") -> Sourced[NamedCertificate]:
    return sourced(named(found, unit, f"{found.subject.common_name}.pem"), f"{unit}-{found.sha256[:8]}")


def node(cluster: str, **changes: Any) -> NodeEvidence:
    name = NODES[cluster]
    leaf = certificate(name)
    plain = NodeEvidence(
        name=name,
        release=sourced(Release("15.0.1.11900-23", 15, 0) if cluster == "A" else Release("14.0.1.12900-161", 14, 0), "version"),
        ntp=sourced(NtpStatus(True, 3, 12.0, NOW), "ntp"),
        clock_offset_seconds=sourced(0.1, "ntp"),
        own_certificate_before=sourced(named(self_signed(name)), "before"),
        own_certificate=sourced(named(leaf), f"own-{name}"),
        request=sourced(request(name), "csr"),
        issued=sourced(leaf, "issued"),
        trust=(trusted(root()),),
        call_manager=sourced(ServiceStatus("Cisco CallManager", "Started", up_time_seconds=300), "services"),
        captures=(sourced(capture(handshake("A", "B"), handshake("B", "A")), f"capture-{name}"),),
        traces=(sourced(trace(cluster), f"sdl-{name}"),),
        calllogs=(sourced(call_log(cluster), f"calllog-{name}"),),
    )
    return replace(plain, **changes)


def cluster(name: str, stock: Inventory, **changes: Any) -> ClusterEvidence:
    own = next(entry for entry in stock.clusters if entry.name == name)
    plain = ClusterEvidence(
        name=name,
        nodes=(node(name),),
        security_profile=sourced(intended_profile(stock, own), "profile"),
        trunk=sourced(replace(intended_trunk(stock, own), version_stamp=f"{{{int(NOW.timestamp()) - 60}-{name}}}"), "trunk"),
        route_patterns=(sourced(intended_route_pattern(stock, own), f"pattern-{name}"),),
        directory_numbers=(sourced(DirectoryNumber(NUMBERS[name]), f"line-{name}"),),
        phone=sourced(Phone(f"SEP00{name}", ((NUMBERS[name], ""),)), "phone"),
    )
    return replace(plain, **changes)


def calls() -> tuple[Sourced[CallAttempt], ...]:
    return tuple(
        sourced(
            CallAttempt(f"{a}->{b}", NUMBERS[a], NUMBERS[b], NOW, NOW + timedelta(seconds=20), "WebDialer", 0, "Success"), "call"
        )
        for a, b in (("A", "B"), ("B", "A"))
    )


def good_pair(**changes: Any) -> Evidence:
    """Evidence of a pair that keeps every rule of the default policy."""
    stock = changes.pop("inventory", inventory())
    plain = Evidence(
        inventory=stock,
        gathered_at=NOW + timedelta(minutes=5),
        clusters=(cluster("A", stock), cluster("B", stock)),
        authority_chain=(sourced(root(), "root"),),
        calls=calls(),
        witnesses=(item("witness"),),
        steps=tuple(sourced(StepRecord(number, "Step.", Outcome.PASS, "", ()), f"step-{number}") for number in range(1, 11)),
    )
    return replace(plain, **changes)


def with_cluster(evidence: Evidence, name: str, **changes: Any) -> Evidence:
    first, second = (replace(entry, **changes) if entry.name == name else entry for entry in evidence.clusters)
    return replace(evidence, clusters=(first, second))


def with_node(evidence: Evidence, name: str, **changes: Any) -> Evidence:
    """Change the first node of a cluster."""
    found = evidence.cluster(name)
    return with_cluster(evidence, name, nodes=(replace(found.nodes[0], **changes), *found.nodes[1:]))


def with_wire(evidence: Evidence, *handshakes: Handshake, **changes: Any) -> Evidence:
    """The same capture on both sides, with these handshakes."""
    for name in ("A", "B"):
        evidence = with_node(evidence, name, captures=(sourced(capture(*handshakes, **changes), f"capture-{name}"),))
    return evidence


def with_traces(evidence: Evidence, **changes: Any) -> Evidence:
    for name in ("A", "B"):
        evidence = with_node(evidence, name, traces=(sourced(trace(name, **changes), f"sdl-{name}"),))
    return evidence


def profile_of(evidence: Evidence, name: str) -> Sourced[SipTrunkSecurityProfile]:
    found = evidence.cluster(name).security_profile
    assert found is not None
    return found


def trunk_of(evidence: Evidence, name: str) -> Sourced[SipTrunk]:
    found = evidence.cluster(name).trunk
    assert found is not None
    return found


def with_profile(evidence: Evidence, name: str, **changes: Any) -> Evidence:
    found = profile_of(evidence, name)
    return with_cluster(evidence, name, security_profile=replace(found, value=replace(found.value, **changes)))


def with_trunk(evidence: Evidence, name: str, **changes: Any) -> Evidence:
    found = trunk_of(evidence, name)
    return with_cluster(evidence, name, trunk=replace(found, value=replace(found.value, **changes)))


def with_identity(evidence: Evidence, name: str, leaf: Certificate) -> Evidence:
    """Another identity everywhere it shows: admin interface, issued, and both handshakes."""
    evidence = with_node(evidence, name, own_certificate=sourced(named(leaf), "own"), issued=sourced(leaf, "issued"))
    peer = "B" if name == "A" else "A"
    return with_wire(
        evidence,
        *(
            replace(handshake(peer, name), server_chain=(leaf, root())),
            replace(handshake(name, peer), client_chain=(leaf, root())),
        ),
    )
