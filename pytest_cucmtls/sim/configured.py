"""Puts simulated clusters into the state the ten steps end with: authority, certificates, profile, trunk, route pattern.

The authority is the simulator's own; its certificate and key are left beside the inventory, so that a run against the
configured clusters knows whom to trust and can renew.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from pytest_cucmtls.model.certificates import DistinguishedName
from pytest_cucmtls.sim.certificates.identities import certificate_pem
from pytest_cucmtls.sim.database import new_uuid
from pytest_cucmtls.sim.inventory_file import write_private
from pytest_cucmtls.sim.pairs import ClusterPlan, PairPlan
from pytest_cucmtls.sim.state import ClusterState, NodeState
from pytest_cucmtls.wire.x509_sign import SigningKey, generate_key, private_key_pem, self_signed, sign_certificate

SUBJECT = DistinguishedName((("DC", "example"), ("CN", "Simulated CA")))
CERTIFICATE_FILE, KEY_FILE = "authority.pem", "authority-key.pem"
BACK_DATED = timedelta(hours=2)
"""Certificates are older than the services' start, as on clusters configured long ago."""
_LIFETIME = timedelta(days=365)
_AUTHORITY_LIFETIME = timedelta(days=10 * 365)
_UNIT = "CallManager"


@dataclass(frozen=True, slots=True)
class SimulatedAuthority:
    """A root with its key."""

    der: bytes
    key: SigningKey
    hash_name: str

    @classmethod
    def new(cls, hash_name: str, key_length: int) -> "SimulatedAuthority":
        """A root of its own for these clusters."""
        key = generate_key(key_length)
        since = datetime.now(UTC) - 2 * BACK_DATED
        usage = _key_usage(key_cert_sign=True, crl_sign=True)
        der = self_signed(
            key,
            SUBJECT,
            not_before=since,
            not_after=since + _AUTHORITY_LIFETIME,
            serial_number=x509.random_serial_number(),
            hash_name=hash_name,
            extensions=(
                (x509.BasicConstraints(ca=True, path_length=None), True),
                (usage, True),
                (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
            ),
        )
        return cls(der, key, hash_name)

    def sign(self, request_der: bytes) -> bytes:
        """DER of the certificate for a request, with everything it asks for."""
        request = x509.load_der_x509_csr(request_der)
        issuer = x509.load_der_x509_certificate(self.der)
        since = datetime.now(UTC) - BACK_DATED
        builder = x509.CertificateBuilder(
            issuer_name=issuer.subject,
            subject_name=request.subject,
            public_key=request.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=since,
            not_valid_after=since + _LIFETIME,
        )
        for extension in request.extensions:
            builder = builder.add_extension(extension.value, extension.critical)
        key_identifier = x509.SubjectKeyIdentifier.from_public_key(request.public_key())
        authority_identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        builder = builder.add_extension(key_identifier, critical=False).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority_identifier), critical=False
        )
        return sign_certificate(builder, self.key, self.hash_name)


async def configure(plan: PairPlan, clusters: list[ClusterState], folder: Path) -> PairPlan:
    """Configure every cluster towards every other one; returns the plan that names the authority's files in `folder`."""
    authority = await asyncio.to_thread(SimulatedAuthority.new, plan.authority_hash, plan.authority_key_length)
    loop = asyncio.get_running_loop()
    by_cluster = list(zip(plan.clusters, clusters, strict=True))
    with ThreadPoolExecutor() as workers:
        requests = [
            (node, loop.run_in_executor(workers, _request, node, cluster_plan))
            for cluster_plan, cluster in by_cluster
            for node in cluster.nodes
        ]
        for node, request in requests:
            node.certificates.import_trust(_UNIT, authority.der)
            node.certificates.import_identity(_UNIT, [authority.sign(await request)])
    for position, (cluster_plan, cluster) in enumerate(by_cluster):
        _connect(cluster_plan, cluster, by_cluster[position + 1 :] + by_cluster[:position])
    return replace(plan, authority=_leave_files(authority, folder))


def _request(node: NodeState, plan: ClusterPlan) -> bytes:
    """As the plan wants it; what the release does not offer is left to its default."""
    release = node.cluster.release
    return node.certificates.generate_request(
        _UNIT,
        key_length=plan.key_length if plan.key_length in release.request_key_lengths else None,
        hash_name=plan.hash_algorithm if plan.hash_algorithm in release.request_hashes else None,
    )


def _leave_files(authority: SimulatedAuthority, folder: Path) -> tuple[tuple[str, str], ...]:
    certificate_file, key_file = folder.resolve() / CERTIFICATE_FILE, folder.resolve() / KEY_FILE
    certificate_file.write_bytes(certificate_pem(authority.der))
    write_private(key_file, private_key_pem(authority.key).decode())
    return (
        ("kind", "files"),
        ("certificate_file", str(certificate_file)),
        ("key_file", str(key_file)),
        ("signature_hash", authority.hash_name),
    )


def _connect(plan: ClusterPlan, cluster: ClusterState, peers: list[tuple[ClusterPlan, ClusterState]]) -> None:
    """One profile, trunk and pattern per peer; the nearest one in file order gets the names the plan has for them.

    In a mesh every trunk has its names, and leads to the peer's publisher: calls reach the first node that answers.
    """
    if plan.trunks:
        _connect_mesh(plan, cluster, {peer_plan.name: (peer_plan, peer) for peer_plan, peer in peers})
        return
    for position, (peer_plan, peer) in enumerate(peers):
        suffix = "" if position == 0 else f" {peer_plan.name}"
        trunk = plan.trunk if position == 0 else f"to-{peer_plan.name}"
        pattern = plan.route_pattern if position == 0 and plan.route_pattern else peer_plan.extension
        names = plan.x509_subject_names if position == 0 else ()
        _add_profile(cluster, peer, plan.security_profile + suffix, names)
        _add_trunk(plan, cluster, peer.nodes, trunk, plan.security_profile + suffix)
        _add_pattern(cluster, pattern, plan.partition, peer, trunk)


def _connect_mesh(plan: ClusterPlan, cluster: ClusterState, peers: dict[str, tuple[ClusterPlan, ClusterState]]) -> None:
    for side in plan.trunks:
        peer_plan, peer = peers[side.peer]
        if cluster.database.find("sipTrunkSecurityProfile", name=side.security_profile) is None:
            _add_profile(cluster, peer, side.security_profile, side.x509_subject_names)
        _add_trunk(plan, cluster, peer.nodes[:1], side.trunk, side.security_profile)
        _add_pattern(cluster, side.route_pattern or peer_plan.extension, side.partition, peer, side.trunk)


def _add_pattern(cluster: ClusterState, pattern: str, partition: str, peer: ClusterState, trunk: str) -> None:
    cluster.database.add(
        "routePattern",
        {
            "pattern": pattern,
            "routePartitionName": partition,
            "description": f"To {peer.name} over {trunk}",
            "blockEnable": False,
            "destination": {"gatewayName": trunk},
        },
    )


def _add_profile(cluster: ClusterState, peer: ClusterState, name: str, declared: Sequence[str]) -> None:
    """`declared`: the plan's own list of names for this peer; empty: its node names."""
    names = declared or [node.name for node in peer.nodes]
    cluster.database.add(
        "sipTrunkSecurityProfile",
        {
            "name": name,
            "description": "Encrypted trunk, CA-signed certificates",
            "securityMode": "Encrypted",
            "incomingTransport": "TLS",
            "outgoingTransport": "TLS",
            "x509SubjectName": ",".join(names),
            "incomingPort": cluster.publisher.sip_port,
            "transmitSecurityStatus": True,
        },
    )


def _add_trunk(plan: ClusterPlan, cluster: ClusterState, nodes: Sequence[NodeState], name: str, profile: str) -> None:
    destinations = [
        {"addressIpv4": node.ip, "addressIpv6": "", "port": node.sip_port, "sortOrder": order}
        for order, node in enumerate(nodes, 1)
    ]
    cluster.database.add(
        "sipTrunk",
        {
            "name": name,
            "description": f"TLS trunk to {nodes[0].cluster.name}",
            "product": "SIP Trunk",
            "class": "Trunk",
            "protocol": "SIP",
            "protocolSide": "Network",
            "devicePoolName": plan.device_pool,
            "locationName": "Hub_None",
            "securityProfileName": profile,
            "sipProfileName": "Standard SIP Profile",
            "presenceGroupName": "Standard Presence group",
            "srtpAllowed": True,
            "trunkTrafficSecure": "When using both sRTP and TLS",
            "destinations": {"destination": destinations},
            "versionStamp": f"{{{int((datetime.now(UTC) - BACK_DATED).timestamp())}-{new_uuid()[1:-1]}}}",
        },
    )


def _key_usage(*, key_cert_sign: bool, crl_sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
