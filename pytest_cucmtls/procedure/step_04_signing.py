"""Step 4 - The authority signs every request: submitted, pending, issued, retrieved."""

from pytest_cucmtls.clusters import ClusterReader
from pytest_cucmtls.model.certificates import CertificateRequest
from pytest_cucmtls.model.errors import CertificateAuthorityRefused
from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.procedure.context import Change, Run
from pytest_cucmtls.procedure.issued import issued_certificate
from pytest_cucmtls.procedure.journal import Entry
from pytest_cucmtls.procedure.pending import pending_request
from pytest_cucmtls.wire.x509 import pem_of

number = 4
title = "The authority signs every request"

_SUBMITTED = "request submitted"


def plan(run: Run) -> list[Change]:
    """One signature for each pending request this run has no certificate for yet."""
    changes = []
    for cluster, node in run.nodes():
        pending = pending_request(cluster, node)
        if pending and issued_certificate(run, cluster, node, pending.value.public_key_sha256) is None:
            changes.append(_sign(run, cluster, node, pending.value))
    return changes


def read_back(run: Run) -> None:
    """The certificates were kept as received when they were retrieved; say so where there is none."""
    for cluster, node in run.nodes():
        if issued_certificate(run, cluster, node) is None:
            run.folder.keep_missing(f"issued certificate of {cluster.name}/{node.name}", "none was issued in this run")


def _sign(run: Run, cluster: ClusterReader, node: NodeAddress, request: CertificateRequest) -> Change:
    authority = run.signer()
    target = f"{cluster.name}/{node.name} certificate"

    def perform() -> None:
        request_id = _earlier_submission(run, target, request) or authority.submit(
            pem_of(request.der, "CERTIFICATE REQUEST").encode(), label=f"{cluster.name}-{node.name}"
        )
        run.journal.append(
            Entry("note", number, target=target, before=request.public_key_sha256, after=request_id, interface=_SUBMITTED)
        )
        if authority.state(request_id) == "pending":
            authority.issue(request_id)
        if authority.state(request_id) != "issued":
            raise CertificateAuthorityRefused(
                authority.name,
                request_id,
                f"the request of {node.name} is {authority.state(request_id)}",
                remedy="Have it issued, then run again with the same run folder: it continues here.",
            )
        run.folder.keep(
            authority.retrieve(request_id),
            kind="issued_certificate",
            cluster=cluster.name,
            node=node.name,
            interface="authority",
            operation=f"retrieve {request_id}",
            media_type="application/x-pem-file",
        )

    return Change(target, "request pending", f"certificate of {authority.name}", "authority", perform)


def _earlier_submission(run: Run, target: str, request: CertificateRequest) -> str | None:
    """The number the authority gave this very request (same key) before the run was interrupted."""
    found = None
    for entry in run.journal.entries():
        if entry.interface == _SUBMITTED and entry.target == target and entry.before == request.public_key_sha256:
            found = entry.after
    return found
