"""OCSP (RFC 6960) as bytes: the question about a certificate, the answer as a value, and whether a proper responder signed it."""

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.model.revocation import OcspAnswer

LARGEST_ANSWER_BYTES = 64 * 1024
_UNREADABLE = (ValueError, TypeError, OverflowError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension)


def responder_urls(certificate: Certificate) -> tuple[str, ...]:
    """HTTP addresses of the responders the certificate names in its authority information access; empty when it names none."""
    try:
        loaded = x509.load_der_x509_certificate(certificate.der)
        access = loaded.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, *_UNREADABLE):
        return ()
    named = (one.access_location for one in access if one.access_method == AuthorityInformationAccessOID.OCSP)
    return tuple(
        place.value
        for place in named
        if isinstance(place, x509.UniformResourceIdentifier) and place.value.startswith(("http://", "https://"))
    )


def ocsp_request(certificate: Certificate, issuer: Certificate) -> bytes:
    """The question about one certificate, identified by SHA-1 hashes as every responder understands. Raises: FileUnreadable."""
    try:
        asked, authority = (x509.load_der_x509_certificate(one.der) for one in (certificate, issuer))
        request = ocsp.OCSPRequestBuilder().add_certificate(asked, authority, hashes.SHA1()).build()
    except _UNREADABLE as problem:
        raise FileUnreadable("certificate", f"no OCSP question can be made of it: {problem}") from problem
    return request.public_bytes(serialization.Encoding.DER)


def parse_ocsp_answer(data: bytes) -> OcspAnswer:
    """The answer about one certificate. Raises: FileUnreadable, also for an answer that is an error of the responder."""
    if len(data) > LARGEST_ANSWER_BYTES:
        raise FileUnreadable("OCSP answer", f"larger than {LARGEST_ANSWER_BYTES} bytes")
    try:
        found = ocsp.load_der_ocsp_response(data)
        if found.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise FileUnreadable("OCSP answer", f"the responder says {found.response_status.name.lower()}")
        reason = found.revocation_reason
        return OcspAnswer(
            der=data,
            status=found.certificate_status.name.lower(),
            serial_number=found.serial_number,
            this_update=found.this_update_utc,
            next_update=found.next_update_utc,
            revoked_at=found.revocation_time_utc,
            reason=reason.value if reason else None,
        )
    except _UNREADABLE as problem:
        raise FileUnreadable("OCSP answer", f"is none: {problem}") from problem


def answer_is_signed_for(answer: OcspAnswer, issuer: Certificate) -> bool:
    """Signed by the certificate's issuer itself, or by a responder that the issuer certified for OCSP signing (§4.2.2.2)."""
    try:
        found = ocsp.load_der_ocsp_response(answer.der)
        authority = x509.load_der_x509_certificate(issuer.der)
        if _verifies(found, authority):
            return True
        return any(_verifies(found, one) and _may_answer(one, authority) for one in found.certificates)
    except _UNREADABLE:
        return False


def _verifies(found: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    key, algorithm = signer.public_key(), found.signature_hash_algorithm
    try:
        if isinstance(key, rsa.RSAPublicKey) and algorithm is not None:
            key.verify(found.signature, found.tbs_response_bytes, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm is not None:
            key.verify(found.signature, found.tbs_response_bytes, ec.ECDSA(algorithm))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _may_answer(responder: x509.Certificate, authority: x509.Certificate) -> bool:
    """Issued directly by the authority and marked for OCSP signing."""
    try:
        responder.verify_directly_issued_by(authority)
        usages = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (InvalidSignature, x509.ExtensionNotFound, *_UNREADABLE):
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in usages
