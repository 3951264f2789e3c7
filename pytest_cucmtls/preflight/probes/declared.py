"""What the inventory names beside addresses: passwords and the files that vouch for the nodes."""

from pathlib import Path

from pytest_cucmtls.clients.ssh_trust import host_key_trust
from pytest_cucmtls.clients.tls_peer import peer_context
from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.preflight.register import of_cluster
from pytest_cucmtls.preflight.results import Answer, ok, problem
from pytest_cucmtls.preflight.views import ClusterView


@of_cluster("passwords", order=20)
def passwords(view: ClusterView) -> Answer:
    """Every account of the run has a password where the inventory says; no password is shown."""
    absent: list[ConfigurationInvalid] = []
    for _, account in view.accounts():
        try:
            view.credentials.password(account)
        except ConfigurationInvalid as error:
            absent.append(error)
    if absent:
        repairs = dict.fromkeys(error.remedy for error in absent if error.remedy)
        return problem("; ".join(f"{error.key}: {error.problem}" for error in absent), " ".join(repairs))
    return ok(", ".join(f"{name} ({account.user})" for name, account in view.accounts()))


@of_cluster("files that vouch for the nodes", order=21)
def trust_files(view: ClusterView) -> Answer:
    """`ca_bundle` holds certificates, and each node's SSH host key is known from the inventory or `known_hosts`."""
    repair = "Run `cucmtls trust --inventory FILE`, compare the fingerprints with the nodes' consoles, then add --accept."
    spec = view.spec
    for key, name in (("ca_bundle", spec.ca_bundle), ("known_hosts", spec.known_hosts)):
        if name is not None and not Path(name).is_file():
            return problem(f"{key}: there is no file {name}", repair)
    peer_context(spec.ca_bundle, "TLSv1.2")
    unknown = [node.name for node in spec.nodes if not host_key_trust(node, spec.known_hosts).expected]
    if unknown:
        return problem(f"no SSH host key is known for {', '.join(unknown)}", repair)
    return ok(f"{'ca_bundle' if spec.ca_bundle else 'public authorities'} for HTTPS; SSH host keys of all nodes are known")
