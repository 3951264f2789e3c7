"""Public keys and signature algorithms of certificates and requests (RFC 3279, RFC 4055, RFC 5480, RFC 8410)."""

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from pytest_cucmtls.wire.der import (
    BIT_STRING,
    INTEGER,
    SEQUENCE,
    Element,
    NotDer,
    bits_of,
    expect,
    object_identifier_of,
    read_element,
)

_CURVES = {
    "1.2.840.10045.3.1.7": ("secp256r1", 256),
    "1.3.132.0.34": ("secp384r1", 384),
    "1.3.132.0.35": ("secp521r1", 521),
    "1.3.132.0.33": ("secp224r1", 224),
    "1.3.132.0.10": ("secp256k1", 256),
}
_FIXED_KEYS = {"1.3.101.112": ("Ed25519", 256), "1.3.101.113": ("Ed448", 456), "1.3.101.110": ("X25519", 256)}
_RSA, _RSA_PSS, _EC, _DSA = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "1.2.840.10045.2.1", "1.2.840.10040.4.1"

_PKCS1, _ECDSA = "RSA-PKCS1v1.5", "ECDSA"
_SIGNATURES = {
    "1.2.840.113549.1.1.4": ("MD5", _PKCS1),
    "1.2.840.113549.1.1.5": ("SHA-1", _PKCS1),
    "1.3.14.3.2.29": ("SHA-1", _PKCS1),
    "1.2.840.113549.1.1.14": ("SHA-224", _PKCS1),
    "1.2.840.113549.1.1.11": ("SHA-256", _PKCS1),
    "1.2.840.113549.1.1.12": ("SHA-384", _PKCS1),
    "1.2.840.113549.1.1.13": ("SHA-512", _PKCS1),
    "1.2.840.10045.4.1": ("SHA-1", _ECDSA),
    "1.2.840.10045.4.3.1": ("SHA-224", _ECDSA),
    "1.2.840.10045.4.3.2": ("SHA-256", _ECDSA),
    "1.2.840.10045.4.3.3": ("SHA-384", _ECDSA),
    "1.2.840.10045.4.3.4": ("SHA-512", _ECDSA),
    "1.2.840.10040.4.3": ("SHA-1", "DSA"),
    "2.16.840.1.101.3.4.3.2": ("SHA-256", "DSA"),
    "1.3.101.112": (None, "Ed25519"),
    "1.3.101.113": (None, "Ed448"),
}
_HASH_IDENTIFIERS = {
    "1.3.14.3.2.26": "SHA-1",
    "2.16.840.1.101.3.4.2.4": "SHA-224",
    "2.16.840.1.101.3.4.2.1": "SHA-256",
    "2.16.840.1.101.3.4.2.2": "SHA-384",
    "2.16.840.1.101.3.4.2.3": "SHA-512",
}
HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "MD5": hashes.MD5,
    "SHA-1": hashes.SHA1,
    "SHA-224": hashes.SHA224,
    "SHA-256": hashes.SHA256,
    "SHA-384": hashes.SHA384,
    "SHA-512": hashes.SHA512,
}
"""Printed name to the library's class."""


@dataclass(frozen=True, slots=True)
class PublicKeyFacts:
    """Type, size in bits and curve of a SubjectPublicKeyInfo."""

    key_type: str
    bits: int
    curve: str | None = None


def read_public_key(info: Element) -> PublicKeyFacts:
    """Facts of a SubjectPublicKeyInfo; an unknown algorithm is its dotted OID with 0 bits; raises NotDer when unreadable."""
    parts = expect(info, SEQUENCE).children()
    if len(parts) != 2 or not (algorithm := parts[0].children()):
        raise NotDer("public key not readable")
    identifier = object_identifier_of(algorithm[0])
    if identifier in {_RSA, _RSA_PSS}:
        numbers = read_element(bits_of(parts[1])).children()
        if not numbers:
            raise NotDer("RSA key not readable")
        return PublicKeyFacts("RSA", int.from_bytes(expect(numbers[0], INTEGER).content, "big").bit_length())
    if identifier == _EC:
        curve = object_identifier_of(algorithm[1]) if len(algorithm) > 1 else ""
        name, bits = _CURVES.get(curve, (curve or None, 0))
        return PublicKeyFacts("EC", bits, name)
    if identifier == _DSA:
        parameters = algorithm[1].children() if len(algorithm) > 1 else []
        return PublicKeyFacts("DSA", int.from_bytes(parameters[0].content, "big").bit_length() if parameters else 0)
    name, bits = _FIXED_KEYS.get(identifier, (identifier, 0))
    return PublicKeyFacts(name, bits)


def read_signature_algorithm(algorithm: Element) -> tuple[str | None, str]:
    """(hash, scheme) of an AlgorithmIdentifier; RSA-PSS without parameters means SHA-1 (RFC 4055 §3.1). Raises: NotDer."""
    parts = expect(algorithm, SEQUENCE).children()
    if not parts:
        raise NotDer("signature algorithm not readable")
    identifier = object_identifier_of(parts[0])
    if identifier != _RSA_PSS:
        return _SIGNATURES.get(identifier, (None, identifier))
    if len(parts) > 1 and parts[1].tag == SEQUENCE:
        for parameter in parts[1].children():
            if parameter.tag == 0xA0:
                chosen = read_element(parameter.content).children()
                return (_HASH_IDENTIFIERS.get(object_identifier_of(chosen[0])) if chosen else None), "RSA-PSS"
    return "SHA-1", "RSA-PSS"


def signature_verifies(public_key_info: bytes, algorithm: Element, signature: Element, signed: bytes) -> bool:
    """The signature over `signed` was made with this key; SHA-1 and MD5 included, anything unreadable is False.

    The library's own `is_signature_valid` answers False for every SHA-1 request, hence the raw verification here.
    """
    try:
        hash_name, scheme = read_signature_algorithm(algorithm)
        proof = bits_of(expect(signature, BIT_STRING))
        key = serialization.load_der_public_key(public_key_info)
        _verify(key, scheme, HASHES[hash_name]() if hash_name else None, proof, signed)
    except (InvalidSignature, UnsupportedAlgorithm, NotDer, ValueError, KeyError):
        return False
    return True


def _verify(key: object, scheme: str, digest: hashes.HashAlgorithm | None, proof: bytes, signed: bytes) -> None:
    if isinstance(key, rsa.RSAPublicKey) and scheme == _PKCS1 and digest:
        key.verify(proof, signed, padding.PKCS1v15(), digest)
    elif isinstance(key, rsa.RSAPublicKey) and scheme == "RSA-PSS" and digest:
        key.verify(proof, signed, padding.PSS(padding.MGF1(digest), padding.PSS.AUTO), digest)
    elif isinstance(key, ec.EllipticCurvePublicKey) and scheme == _ECDSA and digest:
        key.verify(proof, signed, ec.ECDSA(digest))
    elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey) and key_matches(key, scheme):
        key.verify(proof, signed)
    else:
        raise InvalidSignature


def key_matches(key: ed25519.Ed25519PublicKey | ed448.Ed448PublicKey, scheme: str) -> bool:
    """An Edwards key signs with its own scheme only (RFC 8410 §3)."""
    return scheme == ("Ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else "Ed448")
