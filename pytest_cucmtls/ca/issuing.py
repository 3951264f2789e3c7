"""Makes certificates from requests the way a Microsoft CA does, and makes CA certificates (RFC 5280)."""

import calendar
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from pytest_cucmtls.model.certificates import CLIENT_AUTH, IPSEC_END_SYSTEM, SERVER_AUTH, CertificateRequest, DistinguishedName
from pytest_cucmtls.wire.der import read_element
from pytest_cucmtls.wire.x509_sign import SigningKey, library_name, sign_certificate

CLOCK_SKEW = timedelta(minutes=10)
"""Microsoft's allowance: notBefore is the issue time less ten minutes, notAfter the issue time plus the validity."""
CA_VALIDITY_YEARS = 10


@dataclass(frozen=True, slots=True)
class IssuingProfile:
    """What the authority puts into every certificate (Microsoft: the template).

    The stock *Web Server* template has no clientAuth, and an authority may drop the names a request asks for: both are
    faults CUCM trunks suffer from, hence parameters.
    """

    extended_key_usage: tuple[str, ...] = (SERVER_AUTH, CLIENT_AUTH, IPSEC_END_SYSTEM)
    key_usage: tuple[str, ...] = ("digitalSignature", "keyEncipherment", "dataEncipherment")
    copies_alternative_names: bool = True
    validity_years: int = 1
    clock_skew: timedelta = CLOCK_SKEW


@dataclass(frozen=True, slots=True)
class Issuer:
    """The certificate and key that sign, and the hash they sign with."""

    certificate_der: bytes
    key: SigningKey
    hash_name: str


def issue_certificate(
    request: CertificateRequest, issuer: Issuer, profile: IssuingProfile, *, serial_number: int, at: datetime
) -> bytes:
    """DER of the certificate for a request: its subject and key, the profile's usages, its names when the profile copies them.

    Raises ValueError, TypeError or the library's UnsupportedAlgorithm when the request's key or names cannot be used.
    """
    authority = x509.load_der_x509_certificate(issuer.certificate_der)
    asked = x509.load_der_x509_csr(request.der)
    builder = x509.CertificateBuilder(
        issuer_name=authority.subject,
        subject_name=asked.subject,
        public_key=asked.public_key(),
        serial_number=serial_number,
        not_valid_before=at - profile.clock_skew,
        not_valid_after=years_later(at, profile.validity_years),
    )
    for value, critical in _extensions(request, asked, issuer, profile):
        builder = builder.add_extension(value, critical)
    return sign_certificate(builder, issuer.key, issuer.hash_name)


def make_authority_certificate(
    subject: DistinguishedName,
    key: SigningKey,
    *,
    hash_name: str,
    serial_number: int,
    at: datetime,
    issuer: Issuer | None = None,
    path_length: int | None = None,
) -> bytes:
    """DER of a CA certificate: self-signed without `issuer`, signed by it otherwise."""
    authority_name = x509.load_der_x509_certificate(issuer.certificate_der).subject if issuer else library_name(subject)
    signing_key = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder(
            issuer_name=authority_name,
            subject_name=library_name(subject),
            public_key=key.public_key(),
            serial_number=serial_number,
            not_valid_before=at - CLOCK_SKEW,
            not_valid_after=years_later(at, CA_VALIDITY_YEARS),
        )
        .add_extension(_key_usage(("digitalSignature", "keyCertSign", "cRLSign")), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
    )
    return sign_certificate(builder, signing_key, issuer.hash_name if issuer else hash_name)


def microsoft_serial_number(request_number: int, at: datetime) -> int:
    """Four bytes of clock tick, then the request number in six: the default of a Microsoft standalone CA (ASSUMED).

    The first byte is kept between 0x01 and 0x7F so that the number is positive and always 20 hexadecimal digits or fewer.
    """
    tick = int(at.timestamp() * 1000) & 0x7FFF_FFFF | 0x0100_0000
    return tick << 48 | request_number


def years_later(at: datetime, years: int) -> datetime:
    """The same day and time some years on; 29 February becomes the 28th where there is none."""
    year = at.year + years
    day = 28 if (at.month, at.day) == (2, 29) and not calendar.isleap(year) else at.day
    return at.replace(year=year, day=day, microsecond=0)


def _extensions(
    request: CertificateRequest, asked: x509.CertificateSigningRequest, issuer: Issuer, profile: IssuingProfile
) -> list[tuple[x509.ExtensionType, bool]]:
    wanted: list[tuple[x509.ExtensionType, bool]] = [(_key_usage(profile.key_usage), True)]
    if profile.extended_key_usage:
        usages = [x509.ObjectIdentifier(identifier) for identifier in profile.extended_key_usage]
        wanted.append((x509.ExtendedKeyUsage(usages), False))
    names = [general for name in request.subject_alternative_names if (general := _general_name(name)) is not None]
    if names and profile.copies_alternative_names:
        wanted.append((x509.SubjectAlternativeName(names), False))
    wanted.append((x509.SubjectKeyIdentifier.from_public_key(asked.public_key()), False))
    wanted.append((_authority_key_identifier(issuer), False))
    return wanted


def _general_name(text: str) -> x509.GeneralName | None:
    """A typed name back as the library's; kinds an authority would not copy blindly give None."""
    kind, _, value = text.partition(":")
    match kind:
        case "DNS":
            return x509.DNSName(value)
        case "IP":
            return x509.IPAddress(ipaddress.ip_address(value))
        case "URI":
            return x509.UniformResourceIdentifier(value)
        case "email":
            return x509.RFC822Name(value)
    return None


def _authority_key_identifier(issuer: Issuer) -> x509.AuthorityKeyIdentifier:
    """The identifier the CA certificate carries, else one computed from its key (RFC 5280 §4.2.1.1)."""
    certificate = x509.load_der_x509_certificate(issuer.certificate_der)
    try:
        identifier = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _key_usage(names: tuple[str, ...]) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature="digitalSignature" in names,
        content_commitment="nonRepudiation" in names,
        key_encipherment="keyEncipherment" in names,
        data_encipherment="dataEncipherment" in names,
        key_agreement="keyAgreement" in names,
        key_cert_sign="keyCertSign" in names,
        crl_sign="cRLSign" in names,
        encipher_only=False,
        decipher_only=False,
    )


def public_key_info(key: SigningKey) -> bytes:
    """DER SubjectPublicKeyInfo of a private key, for comparison with a certificate's."""
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return read_element(der).whole
