"""Which certificate belongs to which node: found by the request's public key, never by file name or order."""

from pytest_cucmtls.clusters import ClusterReader
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.errors import CertificateAuthorityRefused
from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.procedure.context import Run
from pytest_cucmtls.wire.x509 import parse_certificate

HAND_OVER = "folder"
"""Kind of an authority whose certificates may come as late as those of the nodes."""


def issued_certificate(
    run: Run, cluster: ClusterReader, node: NodeAddress, public_key_sha256: str | None = None
) -> Certificate | None:
    """The newest certificate this run retrieved for a node (and for that request key, when given), or None."""
    found = None
    for entry in run.folder.entries("issued_certificate"):
        if (entry.cluster, entry.node) != (cluster.name, node.name):
            continue
        certificate = parse_certificate(run.folder.read(entry))
        if public_key_sha256 is None or certificate.public_key_sha256 == public_key_sha256:
            found = certificate
    return found


def known_chain(run: Run) -> tuple[bytes, ...]:
    """The authority's certificates; none while a hand-over folder waits for them, too. Raises: as the authority's `chain`."""
    try:
        return run.signer().chain()
    except CertificateAuthorityRefused:
        if run.inventory.authority.kind == HAND_OVER:
            return ()
        raise


def keep_new_authority_certificates(run: Run) -> None:
    """Certificates of the authority that were not known in step 1: an intermediate may come with the first certificate."""
    if run.authority is None:
        return
    chain = known_chain(run)
    known = {parse_certificate(run.folder.read(entry)).sha256 for entry in run.folder.entries("authority_certificate")}
    for position, der in enumerate(chain):
        if parse_certificate(der).sha256 not in known:
            keep_authority_certificate(run, position, der)


def keep_authority_certificate(run: Run, position: int, der: bytes) -> None:
    """Keep one certificate of the authority's chain; position 0 issues."""
    run.folder.keep(
        der,
        kind="authority_certificate",
        interface="authority",
        operation=f"chain {position}",
        media_type="application/pkix-cert",
    )
