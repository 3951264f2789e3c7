"""Certificate revocation lists from bytes, and whose signature they bear (RFC 5280 §5)."""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.model.revocation import RevocationList, RevokedCertificate
from pytest_cucmtls.wire.der import NotDer, read_element
from pytest_cucmtls.wire.x509 import parse_distinguished_name
from pytest_cucmtls.wire.x509_keys import signature_verifies

_UNREADABLE = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises on bytes that are no list or certificate of RFC 5280."""
LARGEST_LIST_BYTES = 32 * 1024 * 1024


def parse_revocation_list(data: bytes) -> RevocationList:
    """The list in DER or PEM bytes. Raises: FileUnreadable."""
    if len(data) > LARGEST_LIST_BYTES:
        raise FileUnreadable("revocation list", f"larger than {LARGEST_LIST_BYTES} bytes")
    try:
        found = x509.load_pem_x509_crl(data) if b"-----BEGIN" in data[:4096] else x509.load_der_x509_crl(data)
        return RevocationList(
            der=found.public_bytes(serialization.Encoding.DER),
            issuer=parse_distinguished_name(found.issuer.rfc4514_string()),
            number=_number(found),
            this_update=found.last_update_utc,
            next_update=found.next_update_utc,
            revoked=tuple(_entry(entry) for entry in found),
        )
    except _UNREADABLE as problem:
        raise FileUnreadable("revocation list", f"is no certificate revocation list: {problem}") from problem


def _number(found: x509.CertificateRevocationList) -> int | None:
    try:
        return found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound:
        return None


def _entry(entry: x509.RevokedCertificate) -> RevokedCertificate:
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except (x509.ExtensionNotFound, ValueError):
        reason = None
    return RevokedCertificate(entry.serial_number, entry.revocation_date_utc, reason)


def list_is_signed_by(revocation_list: RevocationList, issuer: Certificate) -> bool:
    """The list names this issuer and its key verifies the signature (SHA-1 included)."""
    if not revocation_list.issuer.same_as(issuer.subject):
        return False
    try:
        signed, algorithm, signature = read_element(revocation_list.der).children()
        key = x509.load_der_x509_certificate(issuer.der).public_key()
    except (NotDer, *_UNREADABLE):
        return False
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return signature_verifies(spki, algorithm, signature, signed.whole)
