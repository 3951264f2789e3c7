"""Step 3 - Every node has a certificate signing request."""

import json

from pytest_cucmtls.clusters import ClusterReader
from pytest_cucmtls.model.certificates import Certificate, CertificateRequest
from pytest_cucmtls.model.errors import UnsafeToAct
from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.procedure.context import CALL_MANAGER, Change, Run
from pytest_cucmtls.procedure.existing_identities import EXISTING, refuse_unproven_identities
from pytest_cucmtls.procedure.issued import known_chain
from pytest_cucmtls.procedure.pending import pending_request
from pytest_cucmtls.wire.x509 import parse_certificate

number = 3
title = "Every node has a certificate signing request"


def plan(run: Run) -> list[Change]:
    """A request for each node whose identity is not signed by the authority and which has no usable request pending.

    Raises: UnsafeToAct when a node's present certificate names another host: a request would carry the wrong name; over
    existing certificates, for which no request is ever generated, when one does not prove itself.
    """
    if run.inventory.authority.kind == EXISTING:
        refuse_unproven_identities(run)
        return []
    chain = known_chain(run)
    return requests_needed(run, parse_certificate(chain[0]) if chain else None)


def requests_needed(run: Run, issuer: Certificate | None) -> list[Change]:
    """As `plan`; while the authority's certificate is not known (None) every node needs a request."""
    changes = []
    for cluster, node in run.nodes():
        identity = cluster.cli(node).read_own_certificate(CALL_MANAGER).value.certificate
        if issuer is not None and signed_by(identity, issuer):
            continue
        _refuse_wrong_name(node, identity)
        reading = pending_request(cluster, node)
        pending = reading.value if reading else None
        if pending is None or not _usable(pending, cluster, node):
            changes.append(_generate(run, cluster, node, pending))
    return changes


def read_back(run: Run) -> None:
    """Keep each pending request as the CLI shows it, and what had been asked for."""
    for cluster, node in run.nodes():
        reading = pending_request(cluster, node)
        if reading is None:
            run.folder.keep_missing(f"request of {cluster.name}/{node.name}", "no request is pending on the node")
            continue
        run.folder.keep_reading(reading, kind="csr", cluster=cluster.name, node=node.name)
        asked = {
            "common_name": node.name,
            "key_length": cluster.spec.key_length,
            "hash_algorithm": cluster.spec.hash_algorithm,
            "subject": dict(cluster.spec.subject),
        }
        run.folder.keep(
            json.dumps(asked).encode(),
            kind="csr_request",
            cluster=cluster.name,
            node=node.name,
            interface="tool",
            operation="requested attributes",
            media_type="application/json",
        )


def signed_by(identity: Certificate, issuer: Certificate) -> bool:
    """The identity names this issuer, and its key where both say which."""
    same_key = (
        identity.authority_key_identifier is None
        or issuer.subject_key_identifier is None
        or identity.authority_key_identifier == issuer.subject_key_identifier
    )
    return identity.issuer.same_as(issuer.subject) and same_key and not identity.names_itself_as_issuer


def _refuse_wrong_name(node: NodeAddress, identity: Certificate) -> None:
    found = identity.subject.common_name or ""
    if found.lower() != node.name.lower():
        raise UnsafeToAct(
            "3",
            f"the inventory calls the node {node.name!r}, its CallManager certificate says CN={found!r}",
            remedy="Correct the host name on the node or the name in the inventory before generating a request (step 2).",
        )


def _usable(pending: CertificateRequest, cluster: ClusterReader, node: NodeAddress) -> bool:
    """A pending request that already asks for what we would ask for."""
    return (
        pending.signature_valid
        and (pending.subject.common_name or "").lower() == node.name.lower()
        and pending.key_bits == cluster.spec.key_length
        and (pending.signature_hash or "").replace("-", "").lower() == cluster.spec.hash_algorithm
    )


def _generate(run: Run, cluster: ClusterReader, node: NodeAddress, pending: CertificateRequest | None) -> Change:
    rest = cluster.release().has_certificate_rest

    def through_rest() -> None:
        run.writer(cluster).certificate_rest(node).generate_request(
            node.name,
            key_length=cluster.spec.key_length,
            hash_algorithm=cluster.spec.hash_algorithm,
            alternative_names=(node.name,),
        )

    def through_cli() -> None:
        run.writer(cluster).cli(node).generate_request(CALL_MANAGER)

    return Change(
        target=f"{cluster.name}/{node.name} CallManager request",
        before="no request pending"
        if pending is None
        else f"a request for {pending.subject}, {pending.key_bits} bits (replaced)",
        after=f"a request for CN={node.name}"
        + (f", {cluster.spec.key_length} bits, {cluster.spec.hash_algorithm}" if rest else ", as the release makes it"),
        interface="certificate-rest" if rest else "cli",
        perform=through_rest if rest else through_cli,
        irreversible=""
        if pending is None
        else "the pending request and its key are overwritten: a certificate issued for it can never be uploaded",
    )
