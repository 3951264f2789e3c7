"""Detached CMS signatures (RFC 5652) with an enterprise certificate: written by `cryptography`, verified here.

`cryptography` writes CMS but does not verify it; what is verified here is what it (and `openssl cms -sign`) writes: one signer,
signed attributes, RSA PKCS#1 v1.5 or ECDSA. ``openssl cms -verify -binary -inform DER`` comes to the same answer.
"""

import hashlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs7

from pytest_cucmtls.evidence.bundles.signing_keys import Signer
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.wire.der import (
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    Element,
    NotDer,
    expect,
    object_identifier_of,
    read_element,
)

SIGNED_DATA, DATA = "1.2.840.113549.1.7.2", "1.2.840.113549.1.7.1"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_DIGESTS: dict[str, tuple[str, hashes.HashAlgorithm]] = {
    "2.16.840.1.101.3.4.2.1": ("sha256", hashes.SHA256()),
    "2.16.840.1.101.3.4.2.2": ("sha384", hashes.SHA384()),
    "2.16.840.1.101.3.4.2.3": ("sha512", hashes.SHA512()),
}
_EXPLICIT_0 = 0xA0


@dataclass(frozen=True, slots=True)
class _SignerInfo:
    """RFC 5652 §5.3, as far as it is needed."""

    digest: str
    attributes: Element
    signature: bytes


def sign_detached(content: bytes, signer: Signer) -> bytes | None:
    """DER of the signature, certificates included; None when the key has no certificate or CMS has no place for its kind."""
    if not signer.chain or not isinstance(signer.key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        return None
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    builder = builder.add_signer(signer.chain[0], signer.key, hashes.SHA256())
    for issuer in signer.chain[1:]:
        builder = builder.add_certificate(issuer)
    options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoCapabilities]
    return builder.sign(serialization.Encoding.DER, options)


def verify_detached(signature: bytes, content: bytes, certificate: x509.Certificate, path: str) -> None:
    """The signature is of this content and by this certificate's key. Raises: FileUnreadable, saying what does not fit."""
    try:
        info = _signer_info(signature)
        name, algorithm = _DIGESTS[info.digest]
        found = _attributes(info.attributes)
        if object_identifier_of(found[CONTENT_TYPE]) != DATA:
            raise NotDer("the signed content type is not data")
        claimed = expect(found[MESSAGE_DIGEST], OCTET_STRING).content
    except (NotDer, KeyError, IndexError) as problem:
        raise FileUnreadable(path, f"is no CMS signature this program can verify: {problem}") from problem
    if claimed != hashlib.new(name, content).digest():
        raise FileUnreadable(path, "is the signature of another statement")
    signed = bytes((SET,)) + info.attributes.whole[1:]
    if not _verifies(certificate, info.signature, signed, algorithm):
        raise FileUnreadable(path, f"was not made with the key of {certificate.subject.rfc4514_string()}, or was changed")


def _verifies(certificate: x509.Certificate, proof: bytes, signed: bytes, algorithm: hashes.HashAlgorithm) -> bool:
    key = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(proof, signed, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(proof, signed, ec.ECDSA(algorithm))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _signer_info(data: bytes) -> _SignerInfo:
    """The only SignerInfo of a ContentInfo. Raises: NotDer, IndexError."""
    outer = expect(read_element(data), SEQUENCE)
    if outer.end != len(data) or outer.truncated:
        raise NotDer("bytes are missing or left over")
    kind, explicit = outer.children()[0], outer.children()[1]
    if object_identifier_of(kind) != SIGNED_DATA:
        raise NotDer("it is no SignedData")
    signed_data = expect(expect(explicit, _EXPLICIT_0).children()[0], SEQUENCE)
    signers = expect(signed_data.children()[-1], SET).children()
    if len(signers) != 1:
        raise NotDer(f"it has {len(signers)} signers")
    parts = expect(signers[0], SEQUENCE).children()
    if len(parts) < 6:
        raise NotDer("a signer is incomplete")
    expect(parts[0], INTEGER)
    digest = object_identifier_of(expect(parts[2], SEQUENCE).children()[0])
    return _SignerInfo(digest, expect(parts[3], _EXPLICIT_0), expect(parts[5], OCTET_STRING).content)


def _attributes(signed: Element) -> dict[str, Element]:
    """Signed attributes by object identifier, first value of each. Raises: NotDer, IndexError."""
    found = {}
    for attribute in signed.children():
        parts = expect(attribute, SEQUENCE).children()
        found[object_identifier_of(parts[0])] = expect(parts[1], SET).children()[0]
    return found
