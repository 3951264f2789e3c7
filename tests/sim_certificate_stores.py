"""Certificate stores of simulated nodes and an authority that signs for them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from pytest_cucmtls.sim.certificates.store import CertificateRefused, CertificateStore
from pytest_cucmtls.sim.releases import RELEASES

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SUBJECT = (("C", "IN"), ("O", "cisco"), ("OU", "cisco"))
ROOT_KEY = rsa.generate_private_key(65537, 2048)
OTHER_KEY = rsa.generate_private_key(65537, 2048)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


def store(release: str = "12.5", clock: Clock | None = None) -> CertificateStore:
    units = ("CallManager", "CallManager-ECDSA", "tomcat")
    return CertificateStore(common_name="CUCM10", subject=SUBJECT, release=RELEASES[release], units=units, clock=clock or Clock())


def name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def root(common_name: str = "CA", *, not_before: datetime = NOW - timedelta(days=1), days: int = 3650) -> bytes:
    return issued(name(common_name), ROOT_KEY.public_key(), name(common_name), not_before=not_before, days=days)


def issued(
    subject: x509.Name,
    public_key: object,
    issuer: x509.Name,
    *,
    key: object = ROOT_KEY,
    san: x509.SubjectAlternativeName | None = None,
    not_before: datetime = NOW - timedelta(minutes=10),
    days: float = 365,
) -> bytes:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_before + timedelta(days=days))
    )
    if san is not None:
        builder = builder.add_extension(san, critical=False)
    return der(builder.sign(key, hashes.SHA256()))


def signed(request_der: bytes, **changes: object) -> bytes:
    """What an honest authority makes of a request; `changes` replace arguments of `issued`."""
    request = x509.load_der_x509_csr(request_der)
    try:
        san = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        san = None
    arguments = {"subject": request.subject, "public_key": request.public_key(), "issuer": name("CA"), "san": san, **changes}
    return issued(**arguments)


def ready_for_upload(release: str = "12.5", clock: Clock | None = None) -> tuple[CertificateStore, bytes]:
    """A store that trusts the root and has a pending request."""
    found = store(release, clock)
    found.import_trust("CallManager", root())
    return found, found.generate_request("CallManager", key_length=2048)


def refusal(found: CertificateStore, chain: Sequence[bytes]) -> CertificateRefused:
    """The refusal of an upload, after checking that nothing changed."""
    before, pending = found.own("CallManager"), found.request("CallManager")
    with pytest.raises(CertificateRefused) as caught:
        found.import_identity("CallManager", chain)
    assert found.own("CallManager") is before
    assert found.request("CallManager") is pending
    return caught.value
