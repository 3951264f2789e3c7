"""X.509 certificates, requests and names as plain values (RFC 5280, RFC 2986)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class DistinguishedName:
    """A name as an ordered tuple of (attribute short name, value), in encoded order; compare with `same_as`.

    CUCM prints the same name in several orders and spellings (comma form, reversed slash form), so equality of
    meaning is equality of the attribute sets, never of strings.
    """

    attributes: tuple[tuple[str, str], ...]

    @property
    def common_name(self) -> str | None:
        """Value of the last CN attribute, or None."""
        names = [value for key, value in self.attributes if key == "CN"]
        return names[-1] if names else None

    def same_as(self, other: "DistinguishedName") -> bool:
        """True when both hold the same attributes, whatever their order."""
        return sorted(self.attributes) == sorted(other.attributes)

    def __str__(self) -> str:
        """Comma form, encoded order, e.g. ``CN=CUCM10,OU=cisco,C=IN``."""
        return ",".join(f"{key}={value}" for key, value in self.attributes)


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate as far as it could be read; unreadable parts are None and `problem` says why."""

    der: bytes
    sha256: str
    """Lower-case hex of the DER."""
    subject: DistinguishedName
    issuer: DistinguishedName
    serial_number: int
    not_before: datetime | None
    not_after: datetime | None
    subject_alternative_names: tuple[str, ...] = ()
    """Typed text: ``DNS:a.example``, ``IP:10.0.0.1``, ``URI:sip:a.example``."""
    extended_key_usage: tuple[str, ...] | None = None
    """Dotted OIDs in encoded order; None when the extension is absent (RFC 5280 §4.2.1.12: then no restriction)."""
    key_usage: tuple[str, ...] | None = None
    """RFC 5280 bit names (``digitalSignature`` …); None when absent."""
    is_ca: bool = False
    """basicConstraints cA (False when absent)."""
    path_length: int | None = None
    key_type: str = ""
    """``RSA``, ``EC``, ``Ed25519``, ``DSA`` … or "" when unreadable."""
    key_bits: int = 0
    curve: str | None = None
    signature_hash: str | None = None
    """``SHA-1``, ``SHA-256`` …; None when the scheme has none."""
    signature_scheme: str = ""
    """``RSA-PKCS1v1.5``, ``RSA-PSS``, ``ECDSA``, ``Ed25519`` or the dotted OID."""
    public_key_sha256: str = ""
    """Lower-case hex of the DER SubjectPublicKeyInfo: equal for a request and its certificate."""
    subject_key_identifier: str | None = None
    authority_key_identifier: str | None = None
    problem: str | None = None
    """Why some fields could not be read (negative serial, bad encoding …), or None."""

    @property
    def serial_hex(self) -> str:
        """Serial as ``0x…`` upper-case hex with an even number of digits."""
        text = f"{abs(self.serial_number):X}"
        return ("-" if self.serial_number < 0 else "") + "0x" + text.zfill(len(text) + len(text) % 2)

    @property
    def names_itself_as_issuer(self) -> bool:
        """Issuer equals subject: self-issued, which is self-signed when its own key also verifies it."""
        return self.issuer.same_as(self.subject)


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """A PKCS#10 request (RFC 2986)."""

    der: bytes
    subject: DistinguishedName
    key_type: str
    key_bits: int
    signature_hash: str | None
    public_key_sha256: str
    signature_valid: bool
    """Self-signature checked with the request's own key, SHA-1 included."""
    subject_alternative_names: tuple[str, ...] = ()
    extended_key_usage: tuple[str, ...] | None = None
    key_usage: tuple[str, ...] | None = None


SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
IPSEC_END_SYSTEM = "1.3.6.1.5.5.7.3.5"

EXTENDED_KEY_USAGE_NAMES = {
    SERVER_AUTH: "serverAuth",
    CLIENT_AUTH: "clientAuth",
    IPSEC_END_SYSTEM: "ipsecEndSystem",
    "2.5.29.37.0": "anyExtendedKeyUsage",
    "1.3.6.1.5.5.7.3.20": "sipDomain",
}
"""RFC 5280 §4.2.1.12, RFC 5924 §4."""
