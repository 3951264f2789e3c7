"""What a simulated certificate store reads out of the certificates given to it."""

import contextlib
import warnings

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID


class CertificateDamaged(Exception):
    """A field the store needs cannot be read."""


def load_certificate(der: bytes) -> x509.Certificate:
    """Read every field the store uses, so that a damaged one is refused here and surprises nobody later.

    Raises: CertificateDamaged.
    """
    try:
        with warnings.catch_warnings():
            # The library warns of oddities (negative serial number …) that CUCM's takes without a word.
            warnings.simplefilter("ignore")
            certificate = x509.load_der_x509_certificate(der)
            public_key_of(certificate)
            alternative_names(certificate)
            trust_file_name(certificate)
            _ = certificate.issuer, certificate.not_valid_before_utc, certificate.not_valid_after_utc
            _ = certificate.signature_algorithm_parameters
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        raise CertificateDamaged from None
    return certificate


def public_key_of(source: x509.Certificate | x509.CertificateSigningRequest) -> bytes:
    """SubjectPublicKeyInfo, DER."""
    return source.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def alternative_names(source: x509.Certificate | x509.CertificateSigningRequest) -> frozenset[str]:
    """Subject alternative names as ``<kind>:<value>``; order does not matter."""
    with contextlib.suppress(x509.ExtensionNotFound):
        names = source.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return frozenset(f"{type(name).__name__}:{name.value}" for name in names)
    return frozenset()


def has_wildcard(certificate: x509.Certificate) -> bool:
    """A common or alternative name begins with an asterisk."""
    names = (*_common_names(certificate), *(name.partition(":")[2] for name in alternative_names(certificate)))
    return any(name.startswith("*") for name in names)


def trust_file_name(certificate: x509.Certificate) -> str:
    """``<CN>.pem``, spaces and path separators as ``_``; a certificate without CN goes by its serial number."""
    name = (_common_names(certificate) or [f"{certificate.serial_number:x}"])[-1]
    return name.replace(" ", "_").replace("/", "_") + ".pem"


def has_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """The issuer's name and key fit, SHA-1 signatures included."""
    if certificate.issuer != issuer.subject or certificate.signature_hash_algorithm is None:
        return False
    key, hash_algorithm = issuer.public_key(), certificate.signature_hash_algorithm
    try:
        if isinstance(key, rsa.RSAPublicKey):
            scheme = certificate.signature_algorithm_parameters
            if not isinstance(scheme, padding.PKCS1v15 | padding.PSS):
                return False
            key.verify(certificate.signature, certificate.tbs_certificate_bytes, scheme, hash_algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(certificate.signature, certificate.tbs_certificate_bytes, ec.ECDSA(hash_algorithm))
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _common_names(certificate: x509.Certificate) -> list[str]:
    return [str(attribute.value) for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
