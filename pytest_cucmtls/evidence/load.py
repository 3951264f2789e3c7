"""Run folder -> Evidence: every raw item parsed by its kind and interface; what cannot be read becomes a stated reason."""

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from pytest_cucmtls.evidence.readers import READERS, as_call
from pytest_cucmtls.evidence.run_folder import IndexLine, RunFolder
from pytest_cucmtls.evidence.witnesses import disagreements
from pytest_cucmtls.model.calls import MediaProof
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.cucm import CALL_MANAGER_SERVICE, NtpStatus, Release, ServiceStatus
from pytest_cucmtls.model.errors import CucmTlsError, FileUnreadable
from pytest_cucmtls.model.evidence import CallAttempt, ClusterEvidence, Evidence, NodeEvidence, Sourced, StepRecord
from pytest_cucmtls.model.inventory import ClusterSpec, Inventory
from pytest_cucmtls.wire.cli_text import parse_release

T = TypeVar("T")
UNREAD_KINDS = {"cli_transcript", "soap_exchange", "screen_capture", "authority_export", "unused_file", "certificate_comparison"}
"""Kept for people; no check reads them."""


@dataclass(slots=True)
class _Gathered:
    """Parsed items by (kind, cluster, node), and reasons."""

    values: dict[tuple[str, str | None, str | None], list[tuple[IndexLine, Any]]] = field(default_factory=dict)
    reasons: list[tuple[str, str]] = field(default_factory=list)
    unusable: list[str] = field(default_factory=list)

    def every(self, kind: str, cluster: str | None = None, node: str | None = None) -> list[tuple[IndexLine, Any]]:
        return self.values.get((kind, cluster, node), [])

    def sources(self, kind: str, cluster: str | None = None, node: str | None = None) -> list[Sourced[Any]]:
        return [Sourced(value, line.item) for line, value in self.every(kind, cluster, node) if value is not None]

    def latest(self, kind: str, cluster: str | None = None, node: str | None = None) -> Sourced[Any] | None:
        """The newest reading; None when there is none, or when the newest says the object does not exist."""
        readings = self.every(kind, cluster, node)
        if not readings or readings[-1][1] is None:
            return None
        return Sourced(readings[-1][1], readings[-1][0].item)


def load_evidence(path: str | Path, inventory: Inventory | None = None) -> Evidence:
    """Everything a run folder holds, as values; `inventory` replaces the one stored in it.

    Raises: FileUnreadable, when the folder has no index or no inventory. Any single bad item only adds a reason.
    """
    folder = RunFolder(path)
    spec = inventory or folder.inventory()
    lines, problems = folder.index()
    gathered = _Gathered(reasons=[("the index", problem) for problem in problems], unusable=list(problems))
    contradictions: list[Sourced[str]] = []
    witnesses: list[tuple[IndexLine, Any]] = []
    for line in lines:
        _read(folder, line, gathered, witnesses)
    captures = {line.item.path: value for line, value in _all(gathered, "capture")}
    for line, reading in witnesses:
        report = captures.get(str(line.attributes.get("capture", "")))
        if report is not None:
            contradictions += [Sourced(sentence, line.item) for sentence in disagreements(report, reading)]
    first, second = (_cluster(gathered, cluster) for cluster in spec.clusters)
    return Evidence(
        inventory=spec,
        gathered_at=max((line.at for line in lines), default=datetime.fromtimestamp(0, UTC)),
        clusters=(first, second),
        authority_chain=_authority(gathered),
        calls=tuple(_calls(gathered)),
        media_proofs=tuple(_proofs(gathered)),
        phone_captures=tuple(Sourced(value, line.item) for line, value in _all(gathered, "phone_capture")),
        contradictions=tuple(contradictions),
        steps=tuple(_steps(gathered)),
        witnesses=tuple(line.item for line, _ in witnesses),
        revocation_lists=tuple(Sourced(value, line.item) for line, value in _all(gathered, "crl")),
        earlier_identities=gathered.latest("earlier_identities"),
        reasons=tuple(gathered.reasons),
        kept_items=sum(line.kind != "not_collected" for line in lines),
        unusable=tuple(gathered.unusable),
    )


def _steps(gathered: _Gathered) -> Iterable[Sourced[StepRecord]]:
    """The newest record of each step: a continued run notes a step again."""
    newest = {source.value.number: source for source in gathered.sources("step")}
    return (newest[number] for number in sorted(newest))


def _read(folder: RunFolder, line: IndexLine, gathered: _Gathered, witnesses: list[tuple[IndexLine, Any]]) -> None:
    """Parse one item; whatever is wrong with it becomes a reason under the facts it would have given."""
    try:
        data = folder.read(line)
        if line.kind in UNREAD_KINDS:
            return  # read all the same: a changed transcript is changed evidence
        if line.kind == "witness":
            witnesses.append((line, json.loads(data)))
        elif line.kind == "not_collected":
            said = json.loads(data)
            gathered.reasons.append((str(said["fact"]), str(said["why"])))
        else:
            value = _reader(line)(data, line)
            gathered.values.setdefault((line.kind, line.cluster, line.node), []).append((line, value))
    except (CucmTlsError, ValueError, KeyError, TypeError, RecursionError) as problem:
        text = str(problem) or repr(problem)
        gathered.reasons += [(fact, f"{line.item.path} cannot be used: {text}") for fact in facts_of(line)]
        gathered.unusable.append(text if text.startswith(line.item.path) else f"{line.item.path}: {text}")


def _reader(line: IndexLine) -> Callable[[bytes, IndexLine], Any]:
    reader = READERS.get((line.kind, line.interface)) or READERS.get((line.kind, ""))
    if reader is None:
        raise FileUnreadable(line.item.path, f"no reader for kind {line.kind!r} from interface {line.interface!r}")
    return reader


_FACTS = {
    "own_certificate": "own certificate of {place}",
    "own_certificate_before": "own certificate of {place}",
    "trust_certificate": "trust stores of {place}",
    "trust_list": "trust stores of {place}",
    "csr": "request of {place}",
    "issued_certificate": "issued certificate of {place}",
    "authority_certificate": "authority",
    "security_profile": "security profile of {cluster}",
    "other_security_profile": "security profiles of {cluster}",
    "sip_trunk": "SIP trunk of {cluster}",
    "other_sip_trunk": "SIP trunk of {cluster}",
    "similar_trunks": "SIP trunks of {cluster}",
    "route_pattern": "route patterns of {cluster}",
    "route_list": "route lists of {cluster}",
    "route_group": "route groups of {cluster}",
    "css": "calling search spaces of {cluster}",
    "line": "lines of {cluster}",
    "phone": "phone of {cluster}",
    "version": "version of {place}",
    "ntp": "ntp of {place}",
    "ocsp": "OCSP answer on {place}",
    "fips": "fips of {place}",
    "replication": "replication of {place}",
    "name_lookup": "name lookup of {place}",
    "earlier_identities": "identities of earlier runs",
    "write_access": "write access of {cluster}",
    "service_status": "service status of {place}",
    "probe": "probe of {place}",
    "crl": "revocation list",
    "capture": "capture",
    "sdl_trace": "traces of {place}",
    "calllog": "traces of {place}",
    "call": "the test call",
}


def facts_of(line: IndexLine) -> list[str]:
    """Names under which checks ask why a fact is missing."""
    text = _FACTS.get(line.kind, line.kind)
    return [text.format(cluster=line.cluster, place=f"{line.cluster}/{line.node}")]


def _all(gathered: _Gathered, kind: str) -> Iterable[tuple[IndexLine, Any]]:
    for (found, _, _), entries in gathered.values.items():
        if found == kind:
            yield from entries


def _authority(gathered: _Gathered) -> tuple[Sourced[Certificate], ...]:
    """Each certificate once, issuing CA first, root last, however they came: an intermediate may be known later than its root."""
    found: dict[str, Sourced[Certificate]] = {}
    for line, certificates in gathered.every("authority_certificate"):
        for certificate in certificates:
            found.setdefault(certificate.sha256, Sourced(certificate, line.item))
    return tuple(sorted(found.values(), key=lambda source: source.value.names_itself_as_issuer))


def _calls(gathered: _Gathered) -> list[Sourced[CallAttempt]]:
    found = [Sourced(as_call(value), line.item) for line, value in _all(gathered, "call")]
    return sorted(found, key=lambda call: call.value.started_at)


def _proofs(gathered: _Gathered) -> list[Sourced[MediaProof]]:
    found = [Sourced(value, line.item) for line, value in _all(gathered, "media_proof")]
    return sorted(found, key=lambda proof: proof.value.measured_at)


def _cluster(gathered: _Gathered, spec: ClusterSpec) -> ClusterEvidence:
    name = spec.name
    return ClusterEvidence(
        name=name,
        nodes=tuple(_node(gathered, name, node.name) for node in spec.nodes),
        security_profile=gathered.latest("security_profile", name),
        trunk=gathered.latest("sip_trunk", name),
        trunk_status=_status_of(gathered.latest("trunk_status", name), spec.trunk),
        route_patterns=_newest_each(gathered, "route_pattern", name, lambda value: (value.pattern, value.partition)),
        route_lists=_newest_each(gathered, "route_list", name, lambda value: value.name),
        route_groups=_newest_each(gathered, "route_group", name, lambda value: value.name),
        calling_search_spaces=_newest_each(gathered, "css", name, lambda value: value.name),
        directory_numbers=_newest_each(gathered, "line", name, lambda value: (value.pattern, value.partition)),
        phone=gathered.latest("phone", name),
        other_trunks=_newest_each(gathered, "other_sip_trunk", name, lambda value: value.name) or (),
        similar_trunks=gathered.latest("similar_trunks", name),
        write_access=gathered.latest("write_access", name),
        other_profiles=_newest_each(gathered, "other_security_profile", name, lambda value: value.name) or (),
    )


def _status_of(source: Sourced[Any] | None, trunk: str) -> Sourced[Any] | None:
    """The first row about the trunk: one answer may speak of several."""
    rows = [row for row in source.value if row.name.lower() == trunk.lower()] if source is not None else []
    return Sourced(rows[0], source.item) if source is not None and rows else None


def _newest_each(gathered: _Gathered, kind: str, cluster: str, key: Callable[[Any], object]) -> "tuple[Sourced[Any], ...] | None":
    """Objects of the newest reading of each operation, each once; None when the kind was never read."""
    if not gathered.every(kind, cluster):
        return None
    found: dict[object, Sourced[Any]] = {}
    for source in gathered.sources(kind, cluster):
        values = source.value if isinstance(source.value, tuple) else (source.value,)
        for value in values:
            found.pop(key(value), None)
            found[key(value)] = Sourced(value, source.item)
    return tuple(found.values())


def _node(gathered: _Gathered, cluster: str, node: str) -> NodeEvidence:
    identities = gathered.sources("own_certificate", cluster, node)
    main = [source for source in identities if source.value.unit in {"CallManager", ""}]
    ntp = gathered.every("ntp", cluster, node)
    return NodeEvidence(
        name=node,
        release=gathered.latest("version", cluster, node) or _traced_release(gathered, cluster, node),
        ntp=Sourced(ntp[-1][1], ntp[-1][0].item) if ntp else None,
        clock_offset_seconds=_offset(ntp),
        own_certificate_before=next(iter(gathered.sources("own_certificate_before", cluster, node)), None),
        own_certificate=main[-1] if main else None,
        request=_last(gathered.sources("csr", cluster, node)),
        issued=_last(gathered.sources("issued_certificate", cluster, node)),
        trust=_trust(gathered, cluster, node),
        call_manager=_service(gathered, cluster, node),
        captures=tuple(gathered.sources("capture", cluster, node)),
        traces=tuple(gathered.sources("sdl_trace", cluster, node)),
        calllogs=tuple(gathered.sources("calllog", cluster, node)),
        other_identities=tuple(source for source in identities if source.value.unit not in {"CallManager", ""}),
        asked=_last(gathered.sources("csr_request", cluster, node)),
        issued_received_at=max((line.at for line, _ in gathered.every("issued_certificate", cluster, node)), default=None),
        ocsp=gathered.latest("ocsp", cluster, node),
        fips_mode=gathered.latest("fips", cluster, node),
        replication=gathered.latest("replication", cluster, node),
        name_lookups=tuple({source.value.name: source for source in gathered.sources("name_lookup", cluster, node)}.values()),
        probe=gathered.latest("probe", cluster, node),
    )


def _traced_release(gathered: _Gathered, cluster: str, node: str) -> Sourced[Release] | None:
    """The release as the FileHead of the node's own trace states it, where nobody asked the node."""
    for source in gathered.sources("sdl_trace", cluster, node):
        version = source.value.header.version if source.value.header else None
        if version:
            try:
                return Sourced(parse_release(version), source.item)
            except CucmTlsError:
                continue
    return None


def _last(found: "list[Sourced[T]]") -> "Sourced[T] | None":
    return found[-1] if found else None


def _offset(readings: list[tuple[IndexLine, Any]]) -> Sourced[float] | None:
    """Node clock minus the tool's, from the last NTP reading that shows the node's clock (printed in whole seconds)."""
    for line, status in reversed(readings):
        if isinstance(status, NtpStatus) and status.utc_time is not None:
            apart = (status.utc_time - line.at).total_seconds()
            return Sourced(0.0 if -1.0 <= apart <= 0.0 else apart, line.item)
    return None


def _trust(gathered: _Gathered, cluster: str, node: str) -> "tuple[Sourced[Any], ...] | None":
    """The members of the newest reading of the stores: meeting a file again begins a new one, so that a deleted file is gone."""
    entries = gathered.every("trust_certificate", cluster, node)
    if not entries:
        return () if gathered.every("trust_list", cluster, node) else None
    found: dict[tuple[str, str], Sourced[Any]] = {}
    for line, members in entries:
        if any((member.unit, member.file_name) in found for member in members):
            found = {}
        for member in members:
            found[(member.unit, member.file_name)] = Sourced(member, line.item)
    unread = _listed_only(gathered.every("trust_list", cluster, node), found.keys())
    if unread:
        text = f"{', '.join(unread)} of CallManager-trust is listed and was not read"
        gathered.reasons.append((f"trust stores of {cluster}/{node}", text))
        return None
    return tuple(found.values())


def _listed_only(lists: list[tuple[IndexLine, Any]], read: Collection[tuple[str, str]]) -> list[str]:
    """Files of CallManager-trust that the newest listing names and nobody read."""
    listed = lists[-1][1] if lists else ()
    return [file_name for unit, file_name, _ in listed if unit == "CallManager-trust" and (unit, file_name) not in read]


def _service(gathered: _Gathered, cluster: str, node: str) -> Sourced[ServiceStatus] | None:
    for line, statuses in reversed(gathered.every("service_status", cluster, node)):
        for status in statuses or ():
            if status.name == CALL_MANAGER_SERVICE:
                return Sourced(replace(status, read_at=line.at), line.item)
    return None
