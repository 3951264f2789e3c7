"""Whom each node says it is and what the inventory knows of it: values for a person to compare, nothing is trusted here."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pytest_cucmtls.clients.ssh_presented import PresentedKey, read_host_keys
from pytest_cucmtls.clients.ssh_trust import host_key_trust
from pytest_cucmtls.clients.tls_peer import peer_context
from pytest_cucmtls.clients.tls_presented import PresentedChain, read_presented_chain, verify_peer
from pytest_cucmtls.clusters import needs_old_cryptography
from pytest_cucmtls.model.errors import ClusterUnreachable, ConfigurationInvalid, CucmTlsError
from pytest_cucmtls.model.inventory import ClusterSpec, NodeAddress

MOST_NODES_AT_ONCE = 8
CONNECT_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class TlsTrust:
    """The HTTPS side: what is presented, and why it is not trusted ("" when it is)."""

    presented: PresentedChain | None
    problem: str
    pinned: bool
    """The leaf itself stands in the bundle."""
    bundle: str | None


@dataclass(frozen=True, slots=True)
class SshTrust:
    """The SSH side: every key presented, the fingerprints expected, and why none is trusted ("" when one is)."""

    presented: tuple[PresentedKey, ...]
    problem: str
    expected: tuple[str, ...]
    revoked: tuple[str, ...]
    source: str
    known_hosts: str | None

    @property
    def trusted(self) -> tuple[PresentedKey, ...]:
        """The presented keys that are expected ones."""
        return tuple(key for key in self.presented if key.fingerprint in self.expected and key.fingerprint not in self.revoked)


@dataclass(frozen=True, slots=True)
class NodeTrust:
    """One node as it presents itself."""

    cluster: str
    node: NodeAddress
    tls: TlsTrust
    ssh: SshTrust

    @property
    def is_trusted(self) -> bool:
        """Both interfaces are who they should be."""
        return not self.tls.problem and not self.ssh.problem

    @property
    def was_seen(self) -> bool:
        """Both interfaces showed something that can be compared."""
        return self.tls.presented is not None and bool(self.ssh.presented)


def review_trust(clusters: Sequence[ClusterSpec]) -> tuple[NodeTrust, ...]:
    """Every node of every cluster in the inventory's order, several side by side. Raises nothing for one that cannot be seen."""
    places = [(spec, node) for spec in clusters for node in spec.nodes]
    with ThreadPoolExecutor(min(MOST_NODES_AT_ONCE, max(1, len(places))), thread_name_prefix="trust") as workers:
        return tuple(workers.map(lambda place: _review(*place), places))


def _review(spec: ClusterSpec, node: NodeAddress) -> NodeTrust:
    return NodeTrust(spec.name, node, _tls(spec, node), _ssh(spec, node))


def _tls(spec: ClusterSpec, node: NodeAddress) -> TlsTrust:
    oldest = "TLSv1" if needs_old_cryptography(spec) else "TLSv1.2"
    try:
        chain = read_presented_chain(node.address, node.https_port, oldest, CONNECT_SECONDS)
    except ClusterUnreachable as unreachable:
        return TlsTrust(None, unreachable.message, False, spec.ca_bundle)
    try:
        verify_peer(node.address, node.https_port, spec.ca_bundle, oldest, CONNECT_SECONDS)
        problem = ""
    except CucmTlsError as error:
        problem = getattr(error, "detail", "") or error.message
    return TlsTrust(chain, problem, chain.fingerprint in _pins(spec.ca_bundle), spec.ca_bundle)


def _pins(bundle: str | None) -> set[str]:
    """Fingerprints of the bundle's own certificates; none for a bundle that cannot be read."""
    if bundle is None:
        return set()
    try:
        return {f"SHA256:{digest.upper()}" for digest in peer_context(bundle, "TLSv1.2").pins}
    except ConfigurationInvalid:
        return set()


def _ssh(spec: ClusterSpec, node: NodeAddress) -> SshTrust:
    try:
        trust = host_key_trust(node, spec.known_hosts)
        expected, revoked, source = trust.expected, trust.revoked, trust.source
    except ConfigurationInvalid as error:
        expected, revoked, source = (), (), error.message
    try:
        keys = read_host_keys(node, legacy_algorithms=needs_old_cryptography(spec), limit_seconds=CONNECT_SECONDS)
    except ClusterUnreachable as unreachable:
        return SshTrust((), unreachable.message, expected, revoked, source, spec.known_hosts)
    shown = {key.fingerprint for key in keys}
    if shown & set(expected) - set(revoked):
        problem = ""
    elif shown & set(revoked):
        problem = f"the host key is marked as revoked ({source})"
    else:
        problem = f"expected {' or '.join(expected)} ({source})" if expected else f"no host key is known ({source})"
    return SshTrust(keys, problem, expected, revoked, source, spec.known_hosts)
