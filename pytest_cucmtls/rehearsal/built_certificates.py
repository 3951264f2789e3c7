"""Certificates and requests made for built evidence: keys have names, so that who signed what can be said in a table."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from pytest_cucmtls.model.certificates import Certificate, CertificateRequest
from pytest_cucmtls.wire.x509 import parse_certificate, parse_request
from pytest_cucmtls.wire.x509_sign import sign_certificate, sign_request

NOW = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
"""When the test calls of built evidence begin."""
BOTH_USAGES = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


@lru_cache(maxsize=32)
def key(owner: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """The key of that owner: remembered, so that asking again gives the same one."""
    assert owner
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, common_name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "cisco")]
    )


@lru_cache(maxsize=256)
def certificate(
    subject: str,
    *,
    issuer: str = "CA",
    subject_key: str | None = None,
    issuer_key: str | None = None,
    bits: int = 2048,
    issuer_bits: int = 2048,
    is_ca: bool = False,
    path_length: int | None = None,
    names: tuple[str, ...] | None = None,
    usages: tuple[ObjectIdentifier, ...] | None = BOTH_USAGES,
    begins: datetime = NOW - timedelta(days=30),
    days: float = 365,
    hash_name: str = "SHA-256",
    serial: int = 0x398B1DA600000000000E,
    key_cert_sign: bool = True,
) -> Certificate:
    """A parsed certificate; keys are named, so two calls with the same key names have the same keys."""
    own = key(subject_key or subject, bits)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(own.public_key())
        .serial_number(serial)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=days))
        .add_extension(x509.BasicConstraints(is_ca, path_length), critical=True)
        .add_extension(
            x509.KeyUsage(not is_ca, False, not is_ca, False, False, is_ca and key_cert_sign, is_ca, False, False), critical=True
        )
    )
    alternatives = [subject] if names is None and not is_ca else [*(names or ())]
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName([*map(x509.DNSName, alternatives)]), critical=False)
    if usages is not None and not is_ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage(list(usages)), critical=False)
    signer = key(issuer_key or issuer, issuer_bits)
    return parse_certificate(sign_certificate(builder, signer, hash_name))


@lru_cache(maxsize=8)
def root(name: str = "CA", key_name: str | None = None, hash_name: str = "SHA-256", bits: int = 2048) -> Certificate:
    return certificate(
        name,
        issuer=name,
        subject_key=key_name or name,
        issuer_key=key_name or name,
        bits=bits,
        issuer_bits=bits,
        is_ca=True,
        days=3650,
        hash_name=hash_name,
        serial=1,
    )


def self_signed(name: str) -> Certificate:
    return certificate(name, issuer=name, subject_key=f"{name} old", issuer_key=f"{name} old", serial=7)


@lru_cache(maxsize=16)
def request(
    subject: str, bits: int = 2048, names: tuple[str, ...] | None = None, hash_name: str = "SHA-256"
) -> CertificateRequest:
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name(subject))
    for text in (subject,) if names is None else names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(text)]), critical=False)
    builder = builder.add_extension(x509.ExtendedKeyUsage(list(BOTH_USAGES)), critical=False)
    return parse_request(sign_request(builder, key(subject, bits), hash_name))
