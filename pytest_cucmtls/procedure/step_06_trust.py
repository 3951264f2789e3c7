"""Step 6 - The authority's certificates are in CallManager-trust on both clusters."""

from pytest_cucmtls.clusters import ClusterReader
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.errors import UnsafeToAct
from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.procedure.context import CALL_MANAGER, CALL_MANAGER_TRUST, Change, Run
from pytest_cucmtls.wire.x509 import parse_certificate, pem_of

number = 6
title = "The authority's certificates are in CallManager-trust"

_UNITS_READ = (CALL_MANAGER_TRUST, "tomcat-trust")
"""tomcat-trust as well, so that a root put into the wrong store can be named."""

TRUST_RISK = "from its next restart the node accepts every peer this authority vouches for, where a profile names it"


def plan(run: Run) -> list[Change]:
    """An import for each node and each certificate of the chain that its CallManager-trust lacks.

    Raises: UnsafeToAct when a certificate of the chain is not a CA certificate (leaf and root crossed).
    """
    wanted = [parse_certificate(der) for der in reversed(run.signer().chain())]
    for certificate in wanted:
        if not certificate.is_ca:
            raise UnsafeToAct("6", f"{certificate.subject} is not a CA certificate and does not belong in CallManager-trust")
    changes = []
    for cluster, node in run.nodes():
        present = _present(cluster, node)
        changes += [_import(run, cluster, node, certificate) for certificate in wanted if certificate.sha256 not in present]
    return changes


def read_back(run: Run) -> None:
    """Keep the list of trusted certificates (an empty one says something, too) and each of them as the CLI shows it."""
    for cluster, node in run.nodes():
        cli = cluster.cli(node)
        listed = cli.read_certificate_list("trust")
        run.folder.keep_reading(listed, kind="trust_list", cluster=cluster.name, node=node.name)
        for unit, file_name, description in listed.value:
            if unit in _UNITS_READ:
                run.folder.keep_reading(
                    cli.read_trust_certificate(unit, file_name),
                    kind="trust_certificate",
                    cluster=cluster.name,
                    node=node.name,
                    attributes={"unit": unit, "file_name": file_name, "description": description or ""},
                )


def _present(cluster: ClusterReader, node: NodeAddress) -> set[str]:
    """SHA-256 of what the node's CallManager-trust holds, by REST where there is one, else by CLI."""
    if cluster.release().has_certificate_rest:
        return {found.certificate.sha256 for found in cluster.certificate_rest(node).read_trust(CALL_MANAGER).value}
    cli = cluster.cli(node)
    return {
        cli.read_trust_certificate(unit, file_name).value.certificate.sha256
        for unit, file_name, _ in cli.read_certificate_list("trust").value
        if unit == CALL_MANAGER_TRUST
    }


def _import(run: Run, cluster: ClusterReader, node: NodeAddress, certificate: Certificate) -> Change:
    rest = cluster.release().has_certificate_rest
    pem = pem_of(certificate.der)

    def through_rest() -> None:
        run.writer(cluster).certificate_rest(node).upload_trust((pem,), description=str(certificate.subject))

    def through_cli() -> None:
        run.writer(cluster).cli(node).import_trust(CALL_MANAGER, pem)

    return Change(
        target=f"{cluster.name}/{node.name} CallManager-trust {certificate.subject}",
        before="absent",
        after=f"SHA-256 {certificate.sha256}",
        interface="certificate-rest" if rest else "cli",
        perform=through_rest if rest else through_cli,
        bound=certificate.sha256,
        risk=TRUST_RISK,
        undo={"action": "delete_trust", "cluster": cluster.name, "node": node.name, "sha256": certificate.sha256},
    )
