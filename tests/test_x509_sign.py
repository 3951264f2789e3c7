"""Certificates and requests are signed with every hash CUCM has ever used."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from pytest_cucmtls.model.certificates import DistinguishedName
from pytest_cucmtls.wire.x509 import is_signed_by, parse_certificate, parse_request
from pytest_cucmtls.wire.x509_sign import (
    generate_key,
    hash_named,
    library_name,
    private_key_pem,
    self_signed,
    sign_certificate,
    sign_request,
)

RSA_KEY = generate_key(1024)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
NAME = DistinguishedName((("DC", "CA"), ("CN", "CA")))
BEGIN = datetime(2015, 5, 14, 4, 21, 9, tzinfo=UTC)


@pytest.mark.parametrize("hash_name", ["sha1", "md5", "sha256", "SHA-384", "sha512"])
@pytest.mark.parametrize("extensions", [(), ((x509.BasicConstraints(ca=True, path_length=None), True),)])
def test_an_rsa_certificate_verifies_with_its_own_key_under_every_hash(
    hash_name: str, extensions: tuple[tuple[x509.ExtensionType, bool], ...]
) -> None:
    end = BEGIN + timedelta(days=366)
    der = self_signed(RSA_KEY, NAME, not_before=BEGIN, not_after=end, serial_number=7, hash_name=hash_name, extensions=extensions)
    read = parse_certificate(der)
    assert read.problem is None
    assert read.signature_hash == hash_named(hash_name)
    assert is_signed_by(read, read)


@pytest.mark.parametrize("hash_name", ["sha1", "sha256", "sha384"])
def test_an_elliptic_certificate_verifies_too(hash_name: str) -> None:
    der = self_signed(EC_KEY, NAME, not_before=BEGIN, not_after=BEGIN + timedelta(1), serial_number=7, hash_name=hash_name)
    read = parse_certificate(der)
    assert (read.problem, read.signature_hash) == (None, hash_named(hash_name))
    assert is_signed_by(read, read)


def test_the_signature_is_the_authoritys_not_the_subjects() -> None:
    builder = x509.CertificateBuilder(
        library_name(NAME), library_name(NAME), EC_KEY.public_key(), 9, BEGIN, BEGIN + timedelta(days=1)
    )
    authority = parse_certificate(
        self_signed(RSA_KEY, NAME, not_before=BEGIN, not_after=BEGIN + timedelta(1), serial_number=1, hash_name="sha1")
    )
    read = parse_certificate(sign_certificate(builder, RSA_KEY, "sha1"))
    assert is_signed_by(read, authority)
    assert not is_signed_by(read, read)


@pytest.mark.parametrize("key", [RSA_KEY, EC_KEY])
@pytest.mark.parametrize("hash_name", ["sha1", "sha256"])
def test_a_request_verifies_with_its_own_key(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, hash_name: str) -> None:
    read = parse_request(sign_request(x509.CertificateSigningRequestBuilder(library_name(NAME)), key, hash_name))
    assert read.signature_valid
    assert read.signature_hash == hash_named(hash_name)


def test_an_unknown_hash_and_an_impossible_pair_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown hash"):
        hash_named("sha0")
    with pytest.raises(ValueError, match="no ECDSA with MD5"):
        sign_request(x509.CertificateSigningRequestBuilder(library_name(NAME)), EC_KEY, "md5")


def test_a_name_keeps_its_order_and_refuses_an_impossible_country() -> None:
    assert [attribute.value for attribute in library_name(NAME)] == ["CA", "CA"]
    with pytest.raises(ValueError, match="length"):
        library_name(DistinguishedName((("C", "IND"),)))


def test_a_key_is_written_as_unencrypted_pkcs8() -> None:
    assert private_key_pem(RSA_KEY).startswith(b"-----BEGIN PRIVATE KEY-----\n")
