"""Two simulated nodes in this process, with a tiny certificate authority, for the tests of call control and captures."""

import asyncio
import secrets
import socket
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pytest_cucmtls.sim.calls.manager import CallManager
from pytest_cucmtls.sim.calls.placed import Call, CallLength
from pytest_cucmtls.sim.certificates.identities import Identity, PrivateKey
from pytest_cucmtls.sim.database import Database
from pytest_cucmtls.sim.logs.traces import TraceWriter
from pytest_cucmtls.sim.packets.capture import PacketCapture
from pytest_cucmtls.sim.releases import RELEASES
from pytest_cucmtls.sim.state import ClusterState, NodeState, ServiceState
from pytest_cucmtls.wire.x509_sign import sign_certificate

T = TypeVar("T")

KEYS = {bits: [rsa.generate_private_key(65537, bits) for _ in range(3)] for bits in (1024, 2048)}
PHONES = {"A": ("SEP001122334418", "1018"), "B": ("SEP001122339898", "9898")}
SHORT = CallLength(packets=5, interval_seconds=0.002)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run one test's coroutine with a limit."""

    async def limited() -> T:
        return await asyncio.wait_for(work, 30)

    return asyncio.run(limited())


def free_subnet() -> str:
    """First three numbers of a loopback /24 in which nobody listens on the two node addresses."""
    while True:
        subnet = f"127.{secrets.randbelow(200) + 20}.{secrets.randbelow(250) + 1}"
        try:
            for host in (200, 203):
                with socket.socket() as probe:
                    probe.bind((f"{subnet}.{host}", 5061))
        except OSError:
            continue
        return subnet


class Authority:
    """A self-signed CA."""

    def __init__(self, bits: int = 2048, name: str = "Test CA", *, sha1: bool = False) -> None:
        self.key = KEYS[bits][2]
        self.bits, self.sha1 = bits, sha1
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.der = self._sign(self.name, self.key, ca=True, names=(), usages=())

    def identity(
        self,
        common_name: str,
        which: int = 0,
        names: tuple[str, ...] = (),
        usages: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH),
    ) -> Identity:
        """An identity whose subject is written country first, as CUCM does."""
        attributes = ((NameOID.COUNTRY_NAME, "IN"), (NameOID.ORGANIZATION_NAME, "cisco"), (NameOID.COMMON_NAME, common_name))
        subject = x509.Name([x509.NameAttribute(kind, value) for kind, value in attributes])
        key = KEYS[self.bits][which]
        der = self._sign(subject, key, ca=False, names=names, usages=usages)
        return Identity(key, der, (self.der,), "", datetime.now(UTC))

    def ecdsa_identity(self, common_name: str) -> Identity:
        """One with an EC key."""
        key = ec.generate_private_key(ec.SECP384R1())
        usages = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
        der = self._sign(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]), key, ca=False, names=(), usages=usages
        )
        return Identity(key, der, (self.der,), "", datetime.now(UTC))

    def _sign(self, subject: x509.Name, key: PrivateKey, *, ca: bool, names: tuple[str, ...], usages: tuple[Any, ...]) -> bytes:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=10))
            .not_valid_after(now + timedelta(days=365))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
        if usages:
            builder = builder.add_extension(x509.ExtendedKeyUsage(list(usages)), critical=False)
        return sign_certificate(builder, self.key, "sha1" if self.sha1 else "sha256")


@dataclass
class TrustEntry:
    """As the certificate store's."""

    der: bytes


@dataclass
class Store:
    """A certificate store that holds what a test puts in."""

    identity: Identity
    trusted: list[bytes] = field(default_factory=list)
    ecdsa: Identity | None = None

    def own(self, unit: str) -> Identity | None:
        """The one identity, or the one with the EC key."""
        return self.ecdsa if unit.endswith("-ECDSA") else self.identity

    def trust(self, _unit: str) -> dict[str, TrustEntry]:
        """All trusted certificates."""
        return {f"{number}.pem": TrustEntry(der) for number, der in enumerate(self.trusted)}


@dataclass
class SimulatedPair:
    """Nodes A (1018) and B (9898) with a trunk each way."""

    a: NodeState
    b: NodeState

    async def start(self) -> None:
        """Start both call managers."""
        await manager(self.a).start()
        await manager(self.b).start()

    async def stop(self) -> None:
        """Stop both."""
        await manager(self.a).stop()
        await manager(self.b).stop()

    async def __aenter__(self) -> "SimulatedPair":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def call(self, source: str = "A", dialled: str = "") -> Call:
        """A call from one phone to the other, over and done; the caller's view."""
        node, other = (self.a, self.b) if source == "A" else (self.b, self.a)
        device, line = PHONES[source]
        await manager(node).make_call(device, line, dialled or PHONES["B" if source == "A" else "A"][1])
        await manager(node).wait_until_idle()
        await manager(other).wait_until_idle()
        return manager(node).calls.finished[-1]


def manager(node: NodeState) -> CallManager:
    """The node's call manager."""
    assert isinstance(node.call_manager, CallManager)
    return node.call_manager


def sdl_text(node: NodeState) -> str:
    """Everything in the node's SDL traces."""
    assert node.traces is not None
    node.traces.flush()
    return "".join(path.read_text() for path in sorted((node.active_log / "cm/trace/ccm/sdl").glob("*.txt")))


def call_log_text(node: NodeState) -> str:
    """Everything in the node's call log."""
    assert node.traces is not None
    node.traces.flush()
    return "".join(path.read_text() for path in sorted((node.active_log / "cm/trace/ccm/calllogs").glob("*.txt")))


def pair(
    folder: Path,
    *,
    releases: tuple[str, str] = ("15", "14"),
    mode: str = "Encrypted",
    authority: Authority | None = None,
    names: tuple[str, str] = ("CUCMA", "CUCM10"),
    sniff: bool = True,
    length: CallLength = SHORT,
) -> SimulatedPair:
    """A configured pair, not started: CA-signed identities, mutual trust, profiles, trunks, patterns, phones."""
    ca = authority or Authority()
    subnet = free_subnet()
    a = _node(folder / "a", names[0], f"{subnet}.203", releases[0], Store(ca.identity(names[0], 0), [ca.der]))
    b = _node(folder / "b", names[1], f"{subnet}.200", releases[1], Store(ca.identity(names[1], 1), [ca.der]))
    _configure(a.cluster.database, "A", names[1], b.ip, mode)
    _configure(b.cluster.database, "B", names[0], a.ip, mode)
    for node in (a, b):
        node.packet_capture = PacketCapture(node, sniff=sniff)
        node.traces = TraceWriter(node)
        node.call_manager = CallManager(node, length=length)
    return SimulatedPair(a, b)


def _node(folder: Path, name: str, ip: str, release: str, store: Store) -> NodeState:
    cluster = ClusterState(name, RELEASES[release], Database())
    services = {"Cisco CallManager": ServiceState("Cisco CallManager", "Stopped")}
    node = NodeState(name, ip, "publisher", 1, folder, cluster, store, services=services)  # type: ignore[arg-type]
    cluster.nodes.append(node)
    return node


def _configure(database: Database, cluster: str, peer_name: str, peer_ip: str, mode: str) -> None:
    device, line = PHONES[cluster]
    secure = mode != "Non Secure"
    port = 5061 if secure else 5060
    transport = "TLS" if secure else "TCP"
    database.add(
        "sipTrunkSecurityProfile",
        {
            "name": "profile",
            "securityMode": mode,
            "incomingTransport": transport if secure else "TCP+UDP",
            "outgoingTransport": transport,
            "x509SubjectName": peer_name,
            "incomingPort": port,
        },
    )
    database.add(
        "sipTrunk",
        {
            "name": f"to-{peer_name}",
            "securityProfileName": "profile",
            "destinations": {"destination": [{"addressIpv4": peer_ip, "port": port, "sortOrder": 1}]},
            "srtpAllowed": True,
            "callingSearchSpaceName": "",
        },
    )
    database.add(
        "routePattern",
        {
            "pattern": PHONES["B" if cluster == "A" else "A"][1],
            "routePartitionName": "",
            "destination": {"gatewayName": f"to-{peer_name}"},
        },
    )
    database.add("line", {"pattern": line, "routePartitionName": ""})
    lines = {"line": [{"index": 1, "dirn": {"pattern": line, "routePartitionName": ""}}]}
    database.add("phone", {"name": device, "callingSearchSpaceName": "", "lines": lines})
