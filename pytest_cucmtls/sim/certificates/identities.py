"""Keys, self-signed certificates and signing requests as a simulated CUCM makes them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from pytest_cucmtls.model.certificates import DistinguishedName
from pytest_cucmtls.wire import x509_sign

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

SELF_SIGNED_LIFETIME = timedelta(days=5 * 365 + 1) - timedelta(seconds=1)
"""Five years less a second, as decoded from a published 8.x certificate."""

_CURVES: dict[int, type[ec.SECP256R1 | ec.SECP384R1 | ec.SECP521R1]] = {256: ec.SECP256R1, 384: ec.SECP384R1, 521: ec.SECP521R1}


@dataclass(frozen=True, slots=True)
class Identity:
    """A unit's own certificate with its key; `chain` holds the issuers, nearest first, without the leaf."""

    private_key: PrivateKey
    der: bytes
    chain: tuple[bytes, ...]
    description: str
    installed_at: datetime

    def pem(self) -> bytes:
        """Key, leaf and issuers in one PEM text, as `ssl.SSLContext.load_cert_chain` reads it. Holds the key: never print it."""
        return x509_sign.private_key_pem(self.private_key) + b"".join(certificate_pem(der) for der in (self.der, *self.chain))


@dataclass(frozen=True, slots=True)
class PendingRequest:
    """A signing request waiting for its certificate, with the key it was made with."""

    private_key: PrivateKey
    der: bytes
    multi_server: bool = False
    """Its certificate becomes the identity of every node."""


def certificate_pem(der: bytes) -> bytes:
    """PEM of one certificate."""
    return x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM)


def generate_key(unit: str, key_length: int) -> PrivateKey:
    """An EC key for an ``…-ECDSA`` unit (256, 384 or 521 bits), else an RSA key. Raises: ValueError for a length not offered."""
    if unit.endswith("-ECDSA"):
        if key_length not in _CURVES:
            raise ValueError(f"key length {key_length} is not offered for {unit}")
        return ec.generate_private_key(_CURVES[key_length]())
    if key_length not in {1024, 2048, 3072, 4096}:
        raise ValueError(f"key length {key_length} is not offered for {unit}")
    return rsa.generate_private_key(65537, key_length)


def self_signed(key: PrivateKey, name: DistinguishedName, hash_name: str, now: datetime) -> bytes:
    """DER of a certificate as CUCM makes it at installation: KU, EKU and SKI, neither basicConstraints nor SAN."""
    return x509_sign.self_signed(
        key,
        name,
        not_before=now,
        not_after=now + SELF_SIGNED_LIFETIME,
        serial_number=x509.random_serial_number() >> 32,
        hash_name=hash_name,
        extensions=(
            (_key_usage(key_cert_sign=True), False),
            (_extended_key_usage(), False),
            (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        ),
    )


def signing_request(key: PrivateKey, name: DistinguishedName, hash_name: str, alt_names: Iterable[str]) -> bytes:
    """DER of a PKCS#10 request with the key usages CUCM asks for and DNS names when there are any.

    Raises: ValueError for a name or hash that cannot be encoded.
    """
    builder = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509_sign.library_name(name))
        .add_extension(_extended_key_usage(), critical=False)
        .add_extension(_key_usage(key_cert_sign=False), critical=False)
    )
    names = [x509.DNSName(alt_name) for alt_name in dict.fromkeys(alt_names)]
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return x509_sign.sign_request(builder, key, hash_name)


def _key_usage(*, key_cert_sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=True,
        data_encipherment=True,
        key_agreement=True,
        key_cert_sign=key_cert_sign,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _extended_key_usage() -> x509.ExtendedKeyUsage:
    return x509.ExtendedKeyUsage(
        [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH, x509.ObjectIdentifier("1.3.6.1.5.5.7.3.5")]
    )
