"""Certificate revocation lists (RFC 5280 §5) and OCSP answers (RFC 6960) as plain values."""

from dataclasses import dataclass
from datetime import datetime

from pytest_cucmtls.model.certificates import DistinguishedName


@dataclass(frozen=True, slots=True)
class RevokedCertificate:
    """One entry: serial number, since when, and why (``keyCompromise`` …, None when no reason is given)."""

    serial_number: int
    revoked_at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RevocationList:
    """One CRL; whether its issuer really signed it is asked of wire/x509_revocation.py."""

    der: bytes
    issuer: DistinguishedName
    number: int | None
    this_update: datetime
    next_update: datetime | None
    revoked: tuple[RevokedCertificate, ...] = ()

    def entry(self, serial_number: int) -> RevokedCertificate | None:
        """The entry of a serial number, or None."""
        return next((entry for entry in self.revoked if entry.serial_number == serial_number), None)


@dataclass(frozen=True, slots=True)
class OcspAnswer:
    """What a responder says of one certificate; whether it may say so is asked of wire/x509_ocsp.py."""

    der: bytes
    status: str
    """``good``, ``revoked`` or ``unknown``."""
    serial_number: int
    this_update: datetime
    next_update: datetime | None = None
    revoked_at: datetime | None = None
    reason: str | None = None
