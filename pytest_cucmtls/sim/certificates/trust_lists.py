"""The trust lists a simulated cluster gives its phones: ITL always, CTL in mixed mode, as records of certificates.

The CTL is a picture of the certificates when it was last made; the ITL follows the certificates.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from pytest_cucmtls.sim.state import ClusterState, NodeState
from pytest_cucmtls.wire.x509 import parse_certificate

SECURITY_MODE = "Cluster Security Mode"
"""Enterprise parameter: 0 non-secure, 1 mixed."""
_FIRST_MAJOR_SIGNED_BY_RECOVERY_KEY = 12


@dataclass(frozen=True, slots=True)
class TrustRecord:
    """One certificate and what it may vouch for."""

    role: str
    """``CCM+TFTP``, ``CAPF``, ``TVS`` …"""
    der: bytes


@dataclass(frozen=True, slots=True)
class TrustList:
    """A list as phones hold it."""

    signer: bytes
    records: tuple[TrustRecord, ...]
    made_at: datetime

    @property
    def content(self) -> bytes:
        """What the checksums are of (the binary layout of the real file is not simulated)."""
        return self.signer + b"".join(record.role.encode() + record.der for record in self.records)


def is_mixed_mode(cluster: ClusterState) -> bool:
    """Phones may be secure."""
    return cluster.enterprise_parameters.get(SECURITY_MODE) == "1"


def current_ctl(cluster: ClusterState) -> TrustList | None:
    """The CTL of a mixed-mode cluster, made at the first look; None in non-secure mode."""
    if not is_mixed_mode(cluster):
        cluster.ctl = None
    elif cluster.ctl is None:
        update_ctl(cluster)
    return cluster.ctl


def update_ctl(cluster: ClusterState) -> None:
    """Make the CTL anew from the certificates as they are."""
    cluster.ctl = TrustList(_signer(cluster.publisher), _records(cluster, ("CallManager", "CAPF")), datetime.now(UTC))


def current_itl(node: NodeState) -> TrustList:
    """The ITL a node's TFTP service has: signed by CallManager's key up to 11.5, by ITLRecovery's from 12.0 on (214231)."""
    return TrustList(_signer(node), _records(node.cluster, ("CallManager", "CAPF", "TVS")), datetime.now(UTC))


def printed(trust: TrustList, name: str) -> str:
    """The list as the CLI shows it (layout ASSUMED)."""
    content = trust.content
    signer = parse_certificate(trust.signer)
    lines = [
        f"The checksum value of the {name} file:",
        f"{hashlib.md5(content, usedforsecurity=False).hexdigest()}(MD5)",
        f"{hashlib.sha1(content, usedforsecurity=False).hexdigest()}(SHA1)",
        "",
        f"Length of {name} file: {len(content)}",
        f"The {name} File was last modified on {trust.made_at:%a %b %d %H:%M:%S UTC %Y}",
        "",
        f"        Parse {name} File",
        "        ----------------",
        "",
        f"SIGNERNAME     {signer.subject}",
        f"SERIALNUMBER   {_hex(signer.serial_number)}",
    ]
    for number, record in enumerate(trust.records, 1):
        lines += ["", f"        {name} Record #:{number}", "        ----", *_printed_record(record)]
    return "\n".join([*lines, "", f"The {name} file was verified successfully."])


def _printed_record(record: TrustRecord) -> list[str]:
    certificate = parse_certificate(record.der)
    return [
        f"SUBJECTNAME    {certificate.subject}",
        f"FUNCTION       {record.role}",
        f"ISSUERNAME     {certificate.issuer}",
        f"SERIALNUMBER   {_hex(certificate.serial_number)}",
        f"CERTHASH       {hashlib.sha1(record.der, usedforsecurity=False).hexdigest()}",
    ]


def _signer(node: NodeState) -> bytes:
    recovery = node.cluster.release.major >= _FIRST_MAJOR_SIGNED_BY_RECOVERY_KEY
    identity = (node.certificates.own("ITLRecovery") if recovery else None) or node.certificates.own("CallManager")
    assert identity is not None, "every node has the unit CallManager"
    return identity.der


_ROLES = {"CallManager": "CCM+TFTP"}


def _records(cluster: ClusterState, units: tuple[str, ...]) -> tuple[TrustRecord, ...]:
    """Each unit's certificate of every node that has it; CAPF's is the publisher's."""
    found = []
    for unit in units:
        for node in cluster.nodes if unit != "CAPF" else [cluster.publisher]:
            identity = node.certificates.own(unit)
            if identity is not None:
                found.append(TrustRecord(_ROLES.get(unit, unit), identity.der))
    return tuple(found)


def _hex(number: int | None) -> str:
    text = f"{number or 0:x}"
    return text if len(text) % 2 == 0 else f"0{text}"
