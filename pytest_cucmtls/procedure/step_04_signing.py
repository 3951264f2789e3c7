"""Step 4 - The authority signs every request: submitted, pending, issued, retrieved, compared with the request."""

from functools import partial

from pytest_cucmtls.procedure.context import Change, Run
from pytest_cucmtls.procedure.existing_identities import EXISTING
from pytest_cucmtls.procedure.issued import issued_certificate, keep_new_authority_certificates
from pytest_cucmtls.procedure.issued_against_request import compare
from pytest_cucmtls.procedure.pending import pending_request
from pytest_cucmtls.procedure.signing import Signing, Wanted, refuse_shared_key
from pytest_cucmtls.wire.x509_attributes import refusals

number = 4
title = "The authority signs every request"


def plan(run: Run) -> list[Change]:
    """One signature for each pending request this run has no usable certificate for yet.

    Over existing certificates nothing is signed. Raises: UnsafeToAct when requests of both clusters have the same key.
    """
    if run.inventory.authority.kind == EXISTING:
        return []
    pending = [
        Wanted(cluster.name, node.name, reading.value)
        for cluster, node in run.nodes()
        if (reading := pending_request(cluster, node)) is not None
    ]
    refuse_shared_key(pending)
    signing = Signing(run, tuple(one for one in pending if not _has_usable(run, one)))
    after = f"certificate of {run.signer().name}"
    return [Change(one.target, "request pending", after, "authority", partial(signing.sign, one)) for one in signing.wanted]


def read_back(run: Run) -> None:
    """The certificates were kept as received when they were retrieved; say so where there is none."""
    keep_new_authority_certificates(run)
    for cluster, node in run.nodes():
        if issued_certificate(run, cluster, node) is None:
            run.folder.keep_missing(f"issued certificate of {cluster.name}/{node.name}", "none was issued in this run")


def _has_usable(run: Run, one: Wanted) -> bool:
    cluster = run.cluster(one.cluster)
    node = next(node for node in cluster.spec.nodes if node.name == one.node)
    issued = issued_certificate(run, cluster, node, one.request.public_key_sha256)
    return issued is not None and not refusals(compare(run, one.request, issued))
