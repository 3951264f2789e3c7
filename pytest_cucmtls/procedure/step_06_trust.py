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
        known = {one.sha256 for one in present}
        for certificate in wanted:
            if certificate.sha256 not in known:
                changes.append(_import(run, cluster, node, certificate, _of_same_name(present, certificate)))
    return changes


def ignored_imports(run: Run, chain: tuple[bytes, ...]) -> list[str]:
    """What would be kept instead of ours without a word: a trusted certificate of the same common name, not older
    (Cisco document 217138); one sentence each."""
    wanted = [parse_certificate(der) for der in chain]
    return [
        f"{cluster.name}/{node.name} CallManager-trust holds {other.subject} (SHA-256 {other.sha256}), which is not older "
        "than the authority's certificate of the same name: the import would be ignored without a word; adopt that one as "
        "the authority or delete it by hand if nobody needs it, then plan again"
        for cluster, node in run.nodes()
        for present in [_present(cluster, node)]
        for certificate in wanted
        if (other := _of_same_name(present, certificate)) and not _is_older(other, certificate)
        if certificate.sha256 not in {one.sha256 for one in present}
    ]


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


def _present(cluster: ClusterReader, node: NodeAddress) -> tuple[Certificate, ...]:
    """What the node's CallManager-trust holds, by REST where there is one, else by CLI."""
    if cluster.release().has_certificate_rest:
        return tuple(found.certificate for found in cluster.certificate_rest(node).read_trust(CALL_MANAGER).value)
    cli = cluster.cli(node)
    return tuple(
        cli.read_trust_certificate(unit, file_name).value.certificate
        for unit, file_name, _ in cli.read_certificate_list("trust").value
        if unit == CALL_MANAGER_TRUST
    )


def _of_same_name(present: tuple[Certificate, ...], certificate: Certificate) -> Certificate | None:
    """A trusted certificate that stands where ours would: a store holds one per common name."""
    name = certificate.subject.common_name
    return next((one for one in present if name and one.subject.common_name == name and one.sha256 != certificate.sha256), None)


def _is_older(one: Certificate, other: Certificate) -> bool:
    return one.not_before is not None and other.not_before is not None and one.not_before < other.not_before


def _import(run: Run, cluster: ClusterReader, node: NodeAddress, certificate: Certificate, former: Certificate | None) -> Change:
    rest = cluster.release().has_certificate_rest
    pem = pem_of(certificate.der)

    def through_rest() -> None:
        run.writer(cluster).certificate_rest(node).upload_trust((pem,), description=str(certificate.subject))

    def through_cli() -> None:
        run.writer(cluster).cli(node).import_trust(CALL_MANAGER, pem)

    return Change(
        target=f"{cluster.name}/{node.name} CallManager-trust {certificate.subject}",
        before=f"SHA-256 {former.sha256} under the same name" if former else "absent",
        after=f"SHA-256 {certificate.sha256}",
        interface="certificate-rest" if rest else "cli",
        perform=through_rest if rest else through_cli,
        bound=certificate.sha256,
        risk=f"{TRUST_RISK}; the trusted certificate of the same name is replaced: whom only it vouched for is refused"
        if former
        else TRUST_RISK,
        undo={"action": "delete_trust", "cluster": cluster.name, "node": node.name, "sha256": certificate.sha256}
        | ({"former": pem_of(former.der), "former_sha256": former.sha256} if former else {}),
    )
