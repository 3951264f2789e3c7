"""Step 7 - The signed certificate is the CallManager identity, and the service is restarted so that it serves it."""

from pytest_cucmtls.clusters import ClusterReader
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.cucm import CALL_MANAGER_SERVICE
from pytest_cucmtls.model.errors import UnsafeToAct
from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.procedure.context import CALL_MANAGER, Change, Run
from pytest_cucmtls.procedure.issued import issued_certificate
from pytest_cucmtls.procedure.issued_against_request import compare, in_short, refuse_unusable
from pytest_cucmtls.procedure.pending import pending_request
from pytest_cucmtls.procedure.restarting import restart, restart_is_due
from pytest_cucmtls.wire.x509 import pem_of
from pytest_cucmtls.wire.x509_attributes import ComparedAttribute

number = 7
title = "The signed certificate is the CallManager identity"


def plan(run: Run) -> list[Change]:
    """For each node: the upload when another identity is shown, and a restart when something changed since the last one.

    The document does not mention the restart; without it the service goes on serving what it loaded (platform facts 14, 15).
    Raises: UnsafeToAct when the certificate at hand is not the one this node asked for.
    """
    changes = []
    for cluster, node in run.nodes():
        issued = issued_certificate(run, cluster, node)
        identity = cluster.cli(node).read_own_certificate(CALL_MANAGER).value.certificate
        upload = issued is not None and identity.sha256 != issued.sha256
        if issued is not None and upload:
            attributes = _refuse_wrong_certificate(run, cluster, node, issued)
            changes.append(_upload(run, cluster, node, identity, issued, in_short(attributes)))
        if upload or restart_is_due(run, cluster, node):
            changes.append(restart(run, cluster, node))
    return changes


def read_back(run: Run) -> None:
    """Keep the identity the CLI shows now, and the service's state with its start time."""
    for cluster, node in run.nodes():
        identity = cluster.cli(node).read_own_certificate(CALL_MANAGER)
        run.folder.keep_reading(identity, kind="own_certificate", cluster=cluster.name, node=node.name)
        services = cluster.control_center(node).read_services(node.name, (CALL_MANAGER_SERVICE,))
        run.folder.keep_reading(services, kind="service_status", cluster=cluster.name, node=node.name)


def _refuse_wrong_certificate(
    run: Run, cluster: ClusterReader, node: NodeAddress, issued: Certificate
) -> tuple[ComparedAttribute, ...]:
    """Compare with the request pending on the node, before anything is uploaded."""
    pending = pending_request(cluster, node)
    if pending is None:
        raise UnsafeToAct(
            "7", f"{cluster.name}/{node.name} has no pending request any more", remedy="Generate a new one (step 3)."
        )
    attributes = compare(run, pending.value, issued)
    refuse_unusable("7", f"{cluster.name}/{node.name}", attributes)
    return attributes


def _upload(run: Run, cluster: ClusterReader, node: NodeAddress, old: Certificate, new: Certificate, compared: str) -> Change:
    rest = cluster.release().has_certificate_rest

    def through_rest() -> None:
        chain = [new.der, *run.signer().chain()[:-1]]
        run.writer(cluster).certificate_rest(node).upload_identity(tuple(pem_of(der) for der in chain))

    def through_cli() -> None:
        run.writer(cluster).cli(node).import_identity(CALL_MANAGER, pem_of(new.der))

    return Change(
        target=f"{cluster.name}/{node.name} CallManager identity",
        before=f"serial {old.serial_hex}, issuer {old.issuer}",
        after=f"serial {new.serial_hex}, issuer {new.issuer}; compared with the request: {compared}",
        interface="certificate-rest" if rest else "cli",
        perform=through_rest if rest else through_cli,
        bound=str(new.issuer),
        irreversible=irreversible_identity(old),
        undo={"action": "regenerate_identity", "cluster": cluster.name, "node": node.name, "sha256": new.sha256},
    )


def irreversible_identity(old: Certificate) -> str:
    """Why the former identity does not come back."""
    kind = "self-signed" if old.names_itself_as_issuer else f"issued by {old.issuer}"
    return (
        f"the former identity ({kind}, serial {old.serial_hex}) is overwritten with its private key; the certificate is kept in "
        "the run folder, the key cannot be: undo can only make a new self-signed one"
    )
