"""OCSP answers made for built evidence and for a responder on loopback."""

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import ocsp

from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.rehearsal.built_certificates import NOW, key, root


def ocsp_answer(
    leaf: Certificate,
    *,
    status: str = "good",
    issuer: Certificate | None = None,
    responder: Certificate | None = None,
    signer: rsa.RSAPrivateKey | None = None,
    at: datetime = NOW,
    hours: float = 24,
) -> bytes:
    """What a responder says of a certificate; without `responder` and `signer` the authority ``CA`` answers itself."""
    authority = x509.load_der_x509_certificate((issuer or root()).der)
    speaking = x509.load_der_x509_certificate(responder.der) if responder else authority
    revoked = status == "revoked"
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=x509.load_der_x509_certificate(leaf.der),
            issuer=authority,
            algorithm=hashes.SHA1(),
            cert_status=getattr(ocsp.OCSPCertStatus, status.upper()),
            this_update=at,
            next_update=at + timedelta(hours=hours),
            revocation_time=at - timedelta(days=3) if revoked else None,
            revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, speaking)
    )
    if responder is not None:
        builder = builder.certificates([speaking])
    return builder.sign(signer or key("CA", 2048), hashes.SHA256()).public_bytes(serialization.Encoding.DER)
