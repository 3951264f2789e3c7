"""First screen: both answers, who the two clusters are, and under which circumstances this was found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pytest_cucmtls.checks.moments import moment as judged_at
from pytest_cucmtls.checks.stores import address_of, present_certificate, spec_of
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, NodeEvidence
from pytest_cucmtls.model.verdicts import Outcome, Verdict
from pytest_cucmtls.report.answers import Answer, answers
from pytest_cucmtls.report.html.shown import distinguished, grouped, moment, text_of


@dataclass(frozen=True, slots=True)
class NodeCard:
    """One node with the certificate it stands for."""

    name: str
    address: str
    role: str
    release: str
    subject: str
    issuer: str
    sha256: str
    serial: str
    not_after: str
    days_left: int | None
    key: str


@dataclass(frozen=True, slots=True)
class ClusterCard:
    """One cluster as declared and as found."""

    name: str
    extension: str
    phone: str
    trunk: str
    profile: str
    nodes: tuple[NodeCard, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything the first screen shows."""

    answers: tuple[Answer, Answer]
    clusters: tuple[ClusterCard, ClusterCard]
    facts: tuple[tuple[str, str], ...]
    """(key of the label, value)."""
    simulated: bool
    mode: str
    policy: str
    judged_at: str
    counts: tuple[tuple[Outcome, int], ...]
    total: int


def summary(verdicts: Sequence[Verdict], evidence: Evidence, about: Mapping[str, object]) -> Summary:
    """The first screen of a run."""
    first, second = evidence.clusters
    inventory = evidence.inventory
    present = [verdict.outcome for verdict in verdicts]
    return Summary(
        answers=answers(verdicts, first.name, second.name),
        clusters=(_cluster(evidence, first), _cluster(evidence, second)),
        facts=_facts(evidence, about),
        simulated=inventory.simulated,
        mode=inventory.mode.value,
        policy=inventory.policy,
        judged_at=moment(judged_at(evidence)),
        counts=tuple((outcome, present.count(outcome)) for outcome in Outcome if outcome in present),
        total=len(present),
    )


def _facts(evidence: Evidence, about: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    shown = [
        ("fact_policy", evidence.inventory.policy),
        ("fact_operator", " @ ".join(filter(None, (text_of(about, "operator"), text_of(about, "host"))))),
        ("fact_started", moment(text_of(about, "started_at"))),
        ("fact_ended", moment(text_of(about, "ended_at"))),
        ("fact_tool", text_of(about, "tool")),
        ("fact_run", text_of(about, "run")),
    ]
    return tuple((key, value) for key, value in shown if value)


def _cluster(evidence: Evidence, cluster: ClusterEvidence) -> ClusterCard:
    spec = spec_of(evidence, cluster)
    now = judged_at(evidence)
    return ClusterCard(
        name=cluster.name,
        extension=spec.extension,
        phone=spec.phone,
        trunk=spec.trunk,
        profile=spec.security_profile,
        nodes=tuple(_node(evidence, cluster, node, now) for node in cluster.nodes),
    )


def _node(evidence: Evidence, cluster: ClusterEvidence, node: NodeEvidence, now: datetime) -> NodeCard:
    address = address_of(evidence, cluster, node)
    found = present_certificate(evidence, node)
    certificate = found[1].value if found else None
    return NodeCard(
        name=node.name,
        address=address.address.removeprefix("cucm://") if address else "",
        role=address.role if address else "",
        release=node.release.value.text if node.release else "",
        subject=distinguished(certificate.subject) if certificate else "",
        issuer=distinguished(certificate.issuer) if certificate else "",
        sha256=grouped(certificate.sha256[:32]) if certificate else "",
        serial=certificate.serial_hex if certificate else "",
        not_after=moment(certificate.not_after) if certificate else "",
        days_left=(certificate.not_after - now).days if certificate and certificate.not_after else None,
        key=_key(certificate) if certificate else "",
    )


def _key(certificate: Certificate) -> str:
    kind = certificate.curve or (f"{certificate.key_type} {certificate.key_bits}" if certificate.key_type else "")
    return ", ".join(filter(None, (kind, certificate.signature_hash or certificate.signature_scheme)))
