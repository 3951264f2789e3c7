"""Evidence as a flat list of facts, each with its raw item: what bundles keep as derived values and runs are compared by."""

from collections.abc import Iterable, Iterator
from dataclasses import Field, fields
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol

from pytest_cucmtls.evidence.fact import Fact, Value
from pytest_cucmtls.evidence.facts_of_calls import call_facts
from pytest_cucmtls.model.certificates import EXTENDED_KEY_USAGE_NAMES, Certificate
from pytest_cucmtls.model.cucm import NamedCertificate, TrunkDestination
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, NodeEvidence, Sourced
from pytest_cucmtls.model.verdicts import EvidenceItem


class _Record(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


def facts_of(evidence: Evidence) -> tuple[Fact, ...]:
    """Releases, configuration, certificates, connections, routes and media; the same evidence gives the same list."""
    found: list[Fact] = []
    for cluster in evidence.clusters:
        found += _configuration(cluster)
        for node in cluster.nodes:
            found += _node(f"{cluster.name}/{node.name}", node)
    for source in evidence.authority_chain:
        found += _certificate("pair", f"authority {source.value.subject}", source.value, source.item)
    found += call_facts(evidence)
    return tuple(found)


def _configuration(cluster: ClusterEvidence) -> Iterator[Fact]:
    name = cluster.name
    yield from _objects(name, "SIP trunk security profile", [cluster.security_profile])
    yield from _objects(name, "SIP trunk", [cluster.trunk])
    yield from _objects(name, "phone", [cluster.phone])
    yield from _keyed(name, "route pattern", cluster.route_patterns, ("pattern", "partition"))
    yield from _keyed(name, "route list", cluster.route_lists, ("name",))
    yield from _keyed(name, "route group", cluster.route_groups, ("name",))
    yield from _keyed(name, "calling search space", cluster.calling_search_spaces, ("name",))
    yield from _keyed(name, "line", cluster.directory_numbers, ("pattern", "partition"))
    yield from _keyed(name, "other SIP trunk", cluster.other_trunks, ("name",))
    yield from _keyed(name, "other security profile", cluster.other_profiles, ("name",))
    if cluster.trunk_status is not None:
        status = cluster.trunk_status
        yield Fact("configuration", name, "SIP trunk registration", "status", status.value.status, status.item)


def _node(place: str, node: NodeEvidence) -> Iterator[Fact]:
    if node.release is not None:
        yield Fact("release", place, "CUCM", "release", node.release.value.text, node.release.item)
    if node.ntp is not None and node.ntp.value is not None:
        yield Fact("configuration", place, "NTP", "synchronised", node.ntp.value.synchronised, node.ntp.item)
    if node.call_manager is not None:
        status = node.call_manager
        yield Fact("configuration", place, "Cisco CallManager service", "status", status.value.status, status.item)
    if node.own_certificate is not None:
        yield from _named(place, "CallManager identity", node.own_certificate)
    for source in node.other_identities:
        yield from _named(place, f"{source.value.unit} identity", source)
    for source in node.trust or ():
        yield from _named(place, f"{source.value.unit} {source.value.certificate.subject}", source)


def _named(place: str, about: str, source: Sourced[NamedCertificate]) -> Iterator[Fact]:
    return _certificate(place, about, source.value.certificate, source.item)


def _certificate(place: str, about: str, certificate: Certificate, item: EvidenceItem) -> Iterator[Fact]:
    """Identity and validity as values (RFC 5280 §4.1.2); names as sets, because CUCM prints them in several orders."""
    usage = certificate.extended_key_usage
    named = None if usage is None else tuple(sorted(EXTENDED_KEY_USAGE_NAMES.get(oid, oid) for oid in usage))
    values: dict[str, Value] = {
        "subject": tuple(sorted(f"{key}={value}" for key, value in certificate.subject.attributes)),
        "issuer": tuple(sorted(f"{key}={value}" for key, value in certificate.issuer.attributes)),
        "serial_number": certificate.serial_hex,
        "sha256": certificate.sha256,
        "public_key_sha256": certificate.public_key_sha256,
        "not_before": _moment(certificate.not_before),
        "not_after": _moment(certificate.not_after),
        "subject_alternative_names": tuple(sorted(certificate.subject_alternative_names)),
        "extended_key_usage": named,
        "key_usage": None if certificate.key_usage is None else tuple(sorted(certificate.key_usage)),
        "key": f"{certificate.key_type} {certificate.key_bits}",
        "signature_hash": certificate.signature_hash,
        "is_ca": certificate.is_ca,
    }
    for name, value in values.items():
        yield Fact("certificate", place, about, name, value, item)


def _keyed(place: str, kind: str, sources: "Iterable[Sourced[Any]] | None", keys: tuple[str, ...]) -> Iterator[Fact]:
    for source in sources or ():
        name = " in ".join(text for key in keys if (text := str(getattr(source.value, key))))
        yield from _objects(place, f"{kind} {name}", [source])


def _objects(place: str, about: str, sources: "Iterable[Sourced[Any] | None]") -> Iterator[Fact]:
    for source in sources:
        if source is None:
            continue
        for name, value in _fields(source.value):
            yield Fact("configuration", place, about, name, value, source.item)


def _fields(record: _Record) -> Iterator[tuple[str, Value]]:
    for field in fields(record):
        value = getattr(record, field.name)
        yield field.name, tuple(_text(member) for member in value) if isinstance(value, tuple) else value


def _text(member: object) -> str:
    if isinstance(member, TrunkDestination):
        return f"{member.address}:{member.port}"
    return " in ".join(str(part) for part in member if part) if isinstance(member, tuple) else str(member)


def _moment(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")
