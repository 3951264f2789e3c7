"""The `certificate` tables: every own and trusted certificate of every node, each once, with the services that use it."""

import asyncio

from pytest_cucmtls.sim.axl.outbound import derived_uuid
from pytest_cucmtls.sim.axl.sql import Table
from pytest_cucmtls.sim.axl.sql_types import number_of
from pytest_cucmtls.sim.state import ClusterState, NodeState
from pytest_cucmtls.wire.x509 import parse_certificate, pem_of

Cell = str | int | None

_OWN = ("CallManager", "CallManager-ECDSA", "tomcat", "tomcat-ECDSA", "ipsec", "CAPF", "TVS", "ITLRecovery", "authz")
_TRUST = ("CallManager-trust", "tomcat-trust", "ipsec-trust", "CAPF-trust", "Phone-SAST-trust")


async def make_certificates(cluster: ClusterState) -> None:
    """Make the self-signed certificates nobody looked at yet, one at a time: key generation must not starve the calls."""
    for node in cluster.nodes:
        for unit in _OWN:
            node.certificates.own(unit)
            await asyncio.sleep(0)


def certificate_tables(cluster: ClusterState) -> dict[str, Table]:
    """certificate, certificateservicecertificatemap and certificateprocessnodemap."""
    certificates: dict[bytes, tuple[Cell, ...]] = {}
    services: dict[tuple[Cell, ...], None] = {}
    nodes: dict[tuple[Cell, ...], None] = {}
    for node in cluster.nodes:
        process_node = cluster.database.find("processNode", name=node.name)
        for unit, der in _certificates(node):
            row = certificates.setdefault(der, _certificate(node, unit, der))
            services[(_key("service", f"{row[0]}{unit}"), row[0], number_of("typecertificateservice", unit))] = None
            if process_node is not None:
                key = str(process_node["uuid"]).strip("{}").lower()
                nodes[(_key("node", f"{row[0]}{key}"), row[0], key)] = None
    columns = (
        "pkid",
        "servername",
        "subjectname",
        "issuername",
        "serialnumber",
        "certificate",
        "ipv4address",
        "ipv6address",
        "timetolive",
        "tkcertificatedistribution",
    )
    return {
        "certificate": Table(columns, list(certificates.values())),
        "certificateservicecertificatemap": Table(("pkid", "fkcertificate", "tkcertificateservice"), list(services)),
        "certificateprocessnodemap": Table(("pkid", "fkcertificate", "fkprocessnode"), list(nodes)),
    }


def _certificates(node: NodeState) -> list[tuple[str, bytes]]:
    """(service, DER) of everything in a node's store."""
    found: list[tuple[str, bytes]] = []
    for unit in _OWN:
        identity = node.certificates.own(unit)
        if identity is not None:
            found.append((unit, identity.der))
    for unit in _TRUST:
        found.extend((unit, entry.der) for entry in node.certificates.trust(unit).values())
    return found


def _certificate(node: NodeState, unit: str, der: bytes) -> tuple[Cell, ...]:
    """One row of `certificate`."""
    parsed = parse_certificate(der)
    return (
        _key("certificate", parsed.sha256),
        node.name,
        str(parsed.subject),
        str(parsed.issuer),
        f"{parsed.serial_number:x}",
        pem_of(der),
        node.ip,
        None,
        None,
        number_of("typecertificatedistribution", "Trust Certificate" if unit in _TRUST else "Own Certificate"),
    )


def _key(kind: str, text: str) -> str:
    """A stable pkid."""
    return derived_uuid(f"certificate-{kind}", text).strip("{}").lower()
