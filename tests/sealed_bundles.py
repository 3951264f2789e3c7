"""A small run folder and everything needed to seal it, for the tests of bundles."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from pytest_cucmtls.evidence.bundles.seal import Occasion, Sealed, seal
from pytest_cucmtls.evidence.bundles.signing_keys import Signer
from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.evidence.load import load_evidence
from pytest_cucmtls.evidence.run_folder import RunFolder
from pytest_cucmtls.evidence.verdicts_json import write_verdicts
from pytest_cucmtls.policies import load_policy
from tests.evidence_builders import inventory

NOW = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
NTP = b"synchronised to NTP server (10.1.0.9) at stratum 3\n time server of CUCMA\nadmin:"


def run_folder(place: Path) -> Path:
    """A run with a handful of raw items, a report, a journal, and something private."""
    folder = RunFolder(place)
    folder.begin(inventory(), started_at=NOW)
    folder.keep(NTP, kind="ntp", cluster="A", node="CUCMA", interface="cli", operation="utils ntp status", at=NOW)
    folder.keep(bytes(range(256)), kind="capture", cluster="A", node="CUCMA", at=NOW, media_type="application/vnd.tcpdump.pcap")
    called = {"direction": "A->B", "caller": "1018", "called": "9898", "started_at": NOW.isoformat(), "ended_at": None}
    folder.keep(json.dumps(called).encode(), kind="call", cluster="A", at=NOW, media_type="application/json")
    folder.keep_missing("capture", "nobody asked")
    (place / "journal.jsonl").write_text('{"event": "step_begun", "step": 1}\n')
    (place / "report.html").write_text("<p>CUCMA called 9898 at 10.1.0.1</p>\n")
    (place / "private").mkdir()
    (place / "private" / "password.txt").write_text("hunter2")
    evidence = load_evidence(place)
    about = {"run": place.name, "policy": evidence.inventory.policy, "operator": "alice", "host": "probe-17"}
    write_verdicts(place / "verdicts.json", judge(evidence, load_policy(evidence.inventory.policy)), about)
    return place


def sealing() -> Occasion:
    """Now, by alice."""
    return Occasion("alice, pytest-cucmtls", datetime.now(UTC), "acceptance of the trunk")


def ed25519_signer() -> Signer:
    return Signer(ed25519.Ed25519PrivateKey.generate())


def enterprise_signer(kind: str = "rsa", *, begins: datetime | None = None, days: int = 30) -> tuple[Signer, x509.Certificate]:
    """(a signer whose certificate an authority issued, the authority's certificate)."""
    begins = begins or datetime.now(UTC) - timedelta(days=1)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _certificate("Authority", authority_key.public_key(), "Authority", authority_key, begins, 3650, is_ca=True)
    key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP384R1())
    leaf = _certificate("Voice audit", key.public_key(), "Authority", authority_key, begins, days, is_ca=False)
    return Signer(key, (leaf,)), authority


def _certificate(
    name: str,
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    begins: datetime,
    days: int,
    *,
    is_ca: bool,
) -> x509.Certificate:
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in (name, issuer)]
    builder = x509.CertificateBuilder().subject_name(names[0]).issuer_name(names[1]).public_key(key)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(begins)
    builder = builder.not_valid_after(begins + timedelta(days=days))
    return builder.add_extension(x509.BasicConstraints(is_ca, None), critical=True).sign(issuer_key, hashes.SHA256())


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def sealed(place: Path, signer: Signer | None = None) -> Sealed:
    """A bundle of a small run, below `place`."""
    run = run_folder(place / "run")
    return seal(run, place / "bundle", signer or ed25519_signer(), sealing())
