"""Judges a TLS peer's certificate by the node's own clock, which OpenSSL cannot be told (RFC 5246 §7.4.2, X.509 validity).

OpenSSL verifies against the machine's time. A simulated node whose clock is wrong must refuse what a real one would, with
the same alert at the same place: while the certificate is read in clear, before the handshake is complete (TLS ≤ 1.2).
"""

import struct
from collections.abc import Callable
from datetime import datetime

from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.wire.x509 import parse_certificate

NOT_YET_VALID, HAS_EXPIRED = 9, 10
"""OpenSSL's ``X509_V_ERR_CERT_NOT_YET_VALID`` and ``X509_V_ERR_CERT_HAS_EXPIRED``."""
VERIFY_WORDS = {NOT_YET_VALID: "certificate is not yet valid", HAS_EXPIRED: "certificate has expired"}

_HANDSHAKE_RECORD, _CERTIFICATE_MESSAGE = 22, 11
_ALERTS = {NOT_YET_VALID: 42, HAS_EXPIRED: 45}
# bad_certificate and certificate_expired (RFC 5246 §7.2.2), as OpenSSL maps the two errors.


class CertificateClock:
    """Reads one direction of a handshake up to the peer's certificate."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._records = b""
        self._messages = b""
        self._done = False
        self._version = b"\x03\x01"

    def feed(self, data: bytes) -> int | None:
        """The verification error the certificate in these bytes deserves, once; None when it is fine or not there yet."""
        if self._done:
            return None
        self._records += data
        while len(self._records) >= 5:
            kind, self._version, size = self._records[0], self._records[1:3], struct.unpack(">H", self._records[3:5])[0]
            if kind != _HANDSHAKE_RECORD:
                self._done = True
                return None
            if len(self._records) < 5 + size:
                return None
            self._messages += self._records[5 : 5 + size]
            self._records = self._records[5 + size :]
            error = self._judge()
            if self._done:
                return error
        return None

    def alert(self, error: int) -> bytes:
        """The fatal alert record for a verification error, in clear."""
        return b"\x15" + self._version + b"\x00\x02\x02" + bytes([_ALERTS[error]])

    def _judge(self) -> int | None:
        while len(self._messages) >= 4:
            kind, size = self._messages[0], int.from_bytes(self._messages[1:4], "big")
            if len(self._messages) < 4 + size:
                return None
            body, self._messages = self._messages[4 : 4 + size], self._messages[4 + size :]
            if kind == _CERTIFICATE_MESSAGE:
                self._done = True
                leaf_bytes = int.from_bytes(body[3:6], "big")
                return _error_at(body[6 : 6 + leaf_bytes], self._now())
        return None


def _error_at(der: bytes, now: datetime) -> int | None:
    """What a certificate's dates say; one that cannot be read is left to OpenSSL."""
    try:
        certificate = parse_certificate(der)
    except FileUnreadable:
        return None
    if certificate.not_before is not None and now < certificate.not_before:
        return NOT_YET_VALID
    if certificate.not_after is not None and now > certificate.not_after:
        return HAS_EXPIRED
    return None
