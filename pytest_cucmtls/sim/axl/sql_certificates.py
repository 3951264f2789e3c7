"""The `certificate` tables: every own and trusted certificate of every node, each once, with the services that use it."""

import re

from pytest_cucmtls.sim.axl.outbound import derived_uuid
from pytest_cucmtls.sim.axl.sql import Table
from pytest_cucmtls.sim.state import ClusterState, NodeState
from pytest_cucmtls.wire.x509 import parse_certificate, pem_of

Cell = str | int | None

SERVICES = (
    "CallManager",
    "CAPF",
    "TVS",
    "tomcat",
    "ipsec",
    "tomcat-trust",
    "CallManager-trust",
    "CAPF-trust",
    "ipsec-trust",
    "Phone-SAST-trust",
    "CallManager-ECDSA",
    "tomcat-ECDSA",
    "ITLRecovery",
    "authz",
)
"""Number = place + 1; tomcat-trust = 6 is recorded, the others are ASSUMED."""
_OWN = ("CallManager", "CallManager-ECDSA", "tomcat", "tomcat-ECDSA", "ipsec", "CAPF", "TVS", "ITLRecovery", "authz")
_TRUST = ("CallManager-trust", "tomcat-trust", "ipsec-trust", "CAPF-trust", "Phone-SAST-trust")


def certificate_tables(cluster: ClusterState) -> dict[str, Table]:
    """certificate, certificateservicecertificatemap, certificateprocessnodemap, typecertificateservice."""
    certificates: dict[bytes, tuple[Cell, ...]] = {}
    services: dict[tuple[Cell, ...], None] = {}
    nodes: dict[tuple[Cell, ...], None] = {}
    for node in cluster.nodes:
        process_node = cluster.database.find("processNode", name=node.name)
        for unit, der in _certificates(node):
            row = certificates.setdefault(der, _certificate(node, der))
            services[(_key("service", f"{row[0]}{unit}"), row[0], _service(unit))] = None
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
    )
    return {
        "certificate": Table(columns, list(certificates.values())),
        "certificateservicecertificatemap": Table(("pkid", "fkcertificate", "tkcertificateservice"), list(services)),
        "certificateprocessnodemap": Table(("pkid", "fkcertificate", "fkprocessnode"), list(nodes)),
        "typecertificateservice": Table(
            ("enum", "name", "moniker"),
            [(place, name, re.sub(r"\W", "_", name).upper()) for place, name in enumerate(SERVICES, 1)],
        ),
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


def _certificate(node: NodeState, der: bytes) -> tuple[Cell, ...]:
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
    )


def _service(unit: str) -> int:
    """Number of a certificate service."""
    return SERVICES.index(unit) + 1


def _key(kind: str, text: str) -> str:
    """A stable pkid."""
    return derived_uuid(f"certificate-{kind}", text).strip("{}").lower()
