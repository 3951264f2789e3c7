"""Certificates in the formats authorities hand them out in: PEM, DER, Base-64 .CER as Windows writes it, PKCS#7 (RFC 2315 §9)."""

from collections.abc import Sequence

from pytest_cucmtls.wire.der import INTEGER, OBJECT_IDENTIFIER, SEQUENCE, SET, encode
from pytest_cucmtls.wire.pem import pem_text

_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_DATA = bytes.fromhex("2a864886f70d010701")
_CONTENT = 0xA0
"""Tag of both the explicit content and the implicit certificate set."""


def export_pem(certificates: Sequence[bytes]) -> bytes:
    """DER certificates as one PEM bundle, in the order given."""
    return "".join(pem_text("CERTIFICATE", der) for der in certificates).encode("ascii")


def export_windows_base64(certificate: bytes) -> bytes:
    """Base-64 encoded X.509 (.CER): PEM with CRLF line ends."""
    return pem_text("CERTIFICATE", certificate).replace("\n", "\r\n").encode("ascii")


def export_pkcs7_der(certificates: Sequence[bytes]) -> bytes:
    """A degenerate SignedData that only carries certificates (.p7b), in the order given."""
    signed_data = encode(
        SEQUENCE,
        encode(INTEGER, b"\x01"),
        encode(SET),
        encode(SEQUENCE, encode(OBJECT_IDENTIFIER, _DATA)),
        encode(_CONTENT, *certificates),
        encode(SET),
    )
    return encode(SEQUENCE, encode(OBJECT_IDENTIFIER, _SIGNED_DATA), encode(_CONTENT, signed_data))


def export_pkcs7_pem(certificates: Sequence[bytes]) -> bytes:
    """The same with PEM armour."""
    return pem_text("PKCS7", export_pkcs7_der(certificates)).encode("ascii")
