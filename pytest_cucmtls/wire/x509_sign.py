"""Signs certificates and requests, the SHA-1 and MD5 ones of old releases included.

The library refuses to sign certificates with SHA-1. The way round it: let it sign with SHA-256, exchange the algorithm
identifier, and sign the new bytes with its raw signature layer, which still knows the old hashes.
"""

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ObjectIdentifier

from pytest_cucmtls.model.certificates import DistinguishedName
from pytest_cucmtls.wire.der import BIT_STRING, SEQUENCE, Element, encode, read_element
from pytest_cucmtls.wire.x509_keys import HASHES
from pytest_cucmtls.wire.x509_names import ATTRIBUTE_NAMES

SigningKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
"""The key types CUCM and its authorities use."""

_PRINTED_HASHES = {name.replace("-", "").lower(): name for name in HASHES}
_RESIGNED_ALGORITHMS = {
    ("RSA", "SHA-1"): bytes.fromhex("300d06092a864886f70d0101050500"),
    ("RSA", "MD5"): bytes.fromhex("300d06092a864886f70d0101040500"),
    ("EC", "SHA-1"): bytes.fromhex("300906072a8648ce3d0401"),
}
"""AlgorithmIdentifier of sha1WithRSAEncryption, md5WithRSAEncryption (RFC 3279 §2.2.1) and ecdsa-with-SHA1 (§2.2.3)."""
_NAME_IDENTIFIERS = {name: ObjectIdentifier(identifier) for identifier, name in ATTRIBUTE_NAMES.items()}


def hash_named(name: str) -> str:
    """``sha1``, ``SHA-1``, ``SHA1`` → ``SHA-1``; raises ValueError for a hash that does not exist here."""
    printed = _PRINTED_HASHES.get(name.replace("-", "").lower())
    if printed is None:
        raise ValueError(f"unknown hash algorithm {name!r}; known: {', '.join(HASHES)}")
    return printed


def generate_key(bits: int) -> rsa.RSAPrivateKey:
    """A new RSA key, 1024 bits or more."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def private_key_pem(key: SigningKey) -> bytes:
    """The key as unencrypted PKCS#8 PEM, for files that only their owner can read."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption_algorithm=serialization.NoEncryption()
    )


def library_name(name: DistinguishedName) -> x509.Name:
    """Our name as the library's, order kept; raises ValueError for a value the attribute forbids (``C`` has two letters)."""
    attributes = [
        x509.NameAttribute(_NAME_IDENTIFIERS.get(key) or ObjectIdentifier(key), value) for key, value in name.attributes
    ]
    return x509.Name(attributes)


def sign_certificate(builder: x509.CertificateBuilder, authority_key: SigningKey, hash_name: str = "SHA-256") -> bytes:
    """DER of the certificate the builder describes, signed with any hash of `hash_named`."""
    resigned = _resigned_algorithm(authority_key, hash_name)
    if resigned is None:
        return builder.sign(authority_key, _hash(hash_name)).public_bytes(serialization.Encoding.DER)
    signed = read_element(builder.sign(authority_key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)).children()[0]
    fields = signed.children()
    place = 2 if fields[0].tag == 0xA0 else 1
    contents = [resigned if index == place else field.whole for index, field in enumerate(fields)]
    return _signed_again(encode(SEQUENCE, *contents), resigned, authority_key, hash_name)


def sign_request(builder: x509.CertificateSigningRequestBuilder, key: SigningKey, hash_name: str = "SHA-256") -> bytes:
    """DER of the PKCS#10 request the builder describes, signed with any hash of `hash_named`."""
    resigned = _resigned_algorithm(key, hash_name)
    if resigned is None:
        return builder.sign(key, _hash(hash_name)).public_bytes(serialization.Encoding.DER)
    information: Element = read_element(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)).children()[0]
    return _signed_again(information.whole, resigned, key, hash_name)


def self_signed(
    key: SigningKey,
    subject: DistinguishedName,
    *,
    not_before: datetime,
    not_after: datetime,
    serial_number: int,
    hash_name: str = "SHA-256",
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> bytes:
    """DER of a self-signed certificate; `extensions` are (value, critical) in the order they are encoded."""
    name = library_name(subject)
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=serial_number,
        not_valid_before=not_before,
        not_valid_after=not_after,
    )
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    return sign_certificate(builder, key, hash_name)


def _hash(hash_name: str) -> hashes.SHA224 | hashes.SHA256 | hashes.SHA384 | hashes.SHA512:
    digest = HASHES[hash_named(hash_name)]()
    assert isinstance(digest, hashes.SHA224 | hashes.SHA256 | hashes.SHA384 | hashes.SHA512)
    return digest


def _resigned_algorithm(key: SigningKey, hash_name: str) -> bytes | None:
    """AlgorithmIdentifier to put in when the library would refuse this hash, else None."""
    kind = "RSA" if isinstance(key, rsa.RSAPrivateKey) else "EC"
    name = hash_named(hash_name)
    if (kind, name) == ("EC", "MD5"):
        raise ValueError("there is no ECDSA with MD5")
    return _RESIGNED_ALGORITHMS.get((kind, name))


def _signed_again(signed: bytes, algorithm: bytes, key: SigningKey, hash_name: str) -> bytes:
    digest = HASHES[hash_named(hash_name)]()
    if isinstance(key, rsa.RSAPrivateKey):
        proof = key.sign(signed, padding.PKCS1v15(), digest)
    else:
        proof = key.sign(signed, ec.ECDSA(digest))
    return encode(SEQUENCE, signed, algorithm, encode(BIT_STRING, b"\x00", proof))
