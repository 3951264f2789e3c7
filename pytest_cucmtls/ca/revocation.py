"""Makes the revocation list of an authority that holds its own key (RFC 5280 §5)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from pytest_cucmtls.ca.issuing import CLOCK_SKEW, Issuer

LIST_VALIDITY = timedelta(days=7)
"""Microsoft's default publication interval."""


def issue_revocation_list(issuer: Issuer, *, revoked: Iterable[tuple[int, datetime]] = (), number: int, at: datetime) -> bytes:
    """DER of the list, signed with SHA-256 whatever the authority signs certificates with; `revoked` is (serial, since)."""
    authority = x509.load_der_x509_certificate(issuer.certificate_der)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.subject)
        .last_update(at - CLOCK_SKEW)
        .next_update(at + LIST_VALIDITY)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for serial_number, since in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial_number).revocation_date(since)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
