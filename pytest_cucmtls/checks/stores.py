"""Certificates of the admin interfaces: identities, trust stores and roots that belong together; holds no check."""

from pytest_cucmtls.checks.judgements import missing
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.cucm import NamedCertificate
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, NodeEvidence, Sourced
from pytest_cucmtls.model.inventory import ClusterSpec, Mode, NodeAddress

TRUST_UNIT = "CallManager-trust"
IDENTITY_UNIT = "CallManager"


def spec_of(evidence: Evidence, cluster: ClusterEvidence) -> ClusterSpec:
    """What the inventory says of a cluster."""
    return next(spec for spec in evidence.inventory.clusters if spec.name == cluster.name)


def address_of(evidence: Evidence, cluster: ClusterEvidence, node: NodeEvidence) -> NodeAddress | None:
    """What the inventory says of a node, None for a node it does not name."""
    return next((address for address in spec_of(evidence, cluster).nodes if address.name == node.name), None)


def peer_of(evidence: Evidence, cluster: ClusterEvidence) -> ClusterEvidence:
    """The other cluster."""
    first, second = evidence.clusters
    return second if cluster.name == first.name else first


def identity(evidence: Evidence, cluster: ClusterEvidence, node: NodeEvidence) -> Sourced[NamedCertificate]:
    """The CallManager identity on the admin interface. Raises: NoEvidence."""
    if node.own_certificate is None:
        raise missing(
            f"the CallManager certificate of {cluster.name}/{node.name}",
            why(evidence, f"own certificate of {cluster.name}/{node.name}"),
            "Run `show cert own CallManager` on the node, or read it through the certificate REST API.",
        )
    return node.own_certificate


def present_certificate(evidence: Evidence, node: NodeEvidence) -> tuple[str, Sourced[Certificate]] | None:
    """(where it was read, certificate) of the identity in place or about to be: admin interface, issued, or found at the start.

    The one found at the start counts only where the run does not replace it (verify-only, or already CA-signed).
    """
    if node.own_certificate is not None:
        return "admin interface", Sourced(node.own_certificate.value.certificate, node.own_certificate.item)
    if node.issued is not None:
        return "as issued", node.issued
    before = node.own_certificate_before
    if before is None:
        return None
    stays = evidence.inventory.mode is Mode.VERIFY or not before.value.certificate.names_itself_as_issuer
    return ("admin interface", Sourced(before.value.certificate, before.item)) if stays else None


def trust(evidence: Evidence, cluster: ClusterEvidence, node: NodeEvidence) -> tuple[Sourced[NamedCertificate], ...]:
    """Every trust certificate read of a node, all stores. Raises: NoEvidence, when they were not read."""
    if node.trust is None:
        raise missing(
            f"the trust stores of {cluster.name}/{node.name}",
            why(evidence, f"trust stores of {cluster.name}/{node.name}"),
            "Run `show cert list trust` and `show cert trust <file>` on the node.",
        )
    return node.trust


def call_manager_trust(evidence: Evidence, cluster: ClusterEvidence, node: NodeEvidence) -> tuple[Sourced[NamedCertificate], ...]:
    """The members of CallManager-trust. Raises: NoEvidence, when they were not read."""
    return tuple(member for member in trust(evidence, cluster, node) if member.value.unit == TRUST_UNIT)


def why(evidence: Evidence, fact: str) -> str:
    """The recorded reason why a fact is missing."""
    return next((reason for key, reason in evidence.reasons if key == fact), "it was not collected")


def short(certificate: Certificate) -> str:
    """The four facts the procedure compares, and the fingerprint."""
    dates = (
        f"{certificate.not_before:%Y-%m-%d %H:%M:%S}..{certificate.not_after:%Y-%m-%d %H:%M:%S} UTC"
        if certificate.not_before and certificate.not_after
        else "dates unreadable"
    )
    return (
        f"serial {certificate.serial_hex}, subject {certificate.subject}, issuer {certificate.issuer}, {dates}, "
        f"SHA-256 {certificate.sha256[:32]}…"
    )


def names_of(certificate: Certificate) -> tuple[str, ...]:
    """CN first, then DNS, IP and URI names without their type."""
    common = (certificate.subject.common_name,) if certificate.subject.common_name else ()
    others = tuple(name.partition(":")[2] for name in certificate.subject_alternative_names)
    return tuple(dict.fromkeys((*common, *others)))
