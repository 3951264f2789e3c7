"""Certificates out of handshakes: each distinct one is parsed once."""

import hashlib
import warnings

from pytest_cucmtls.model.certificates import Certificate, DistinguishedName
from pytest_cucmtls.model.errors import CucmTlsError

MOST_BYTES = 1 << 25
"""Different certificates of one capture together; a trunk shows a handful."""
_OVERHEAD_BYTES = 4096
"""What a certificate costs as a value beside its bytes, about."""


class PresentedCertificates:
    """DER to certificate values, remembered by content."""

    def __init__(self) -> None:
        self._known: dict[bytes, Certificate] = {}
        self._room = MOST_BYTES

    def read(self, der: bytes) -> Certificate:
        """The certificate of these bytes; one that cannot be read at all has empty names and a `problem`."""
        certificate = self._known.get(der)
        if certificate is None:
            self._room -= len(der) + _OVERHEAD_BYTES
            if self._room < 0:
                return _unread(
                    b"", hashlib.sha256(der).hexdigest(), "not read: the capture holds too many different certificates"
                )
            certificate = self._known[der] = _parse(der)
        return certificate


def _parse(der: bytes) -> Certificate:
    # Imported here: most captures hold no certificate, and the cryptography library costs more than reading them.
    from pytest_cucmtls.wire.x509 import parse_certificate

    try:
        # A damaged certificate makes the cryptography library warn; what is wrong with it belongs into `problem`.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return parse_certificate(der)
    except CucmTlsError as unreadable:
        return _unread(der, hashlib.sha256(der).hexdigest(), unreadable.message)


def _unread(der: bytes, digest: str, problem: str) -> Certificate:
    empty = DistinguishedName(())
    return Certificate(der, digest, empty, empty, 0, None, None, problem=problem)
