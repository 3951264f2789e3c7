"""Certificates and certificate requests from DER, PEM and PKCS#7, as far as they can be read (RFC 5280, RFC 2986, RFC 2315)."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from pytest_cucmtls.model.certificates import Certificate, CertificateRequest, DistinguishedName
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.wire.der import (
    INTEGER,
    OBJECT_IDENTIFIER,
    SEQUENCE,
    Element,
    NotDer,
    expect,
    integer_of,
    object_identifier_of,
    read_element,
    time_of,
)
from pytest_cucmtls.wire.pem import bare_base64, pem_blocks, pem_text
from pytest_cucmtls.wire.x509_extensions import Extensions, read_extensions
from pytest_cucmtls.wire.x509_keys import PublicKeyFacts, read_public_key, read_signature_algorithm, signature_verifies
from pytest_cucmtls.wire.x509_names import parse_distinguished_name, read_name

__all__ = [
    "is_signed_by",
    "parse_certificate",
    "parse_certificates",
    "parse_distinguished_name",
    "parse_request",
    "pem_of",
    "public_key_digest",
]

LARGEST_BYTES = 4 * 1024 * 1024
"""A bundle of every public root is 0.3 MB; anything larger than this is not a certificate file."""

_CERTIFICATE_LABELS = {"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"}
_REQUEST_LABELS = {"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST", "CERTIFICATE SIGN REQUEST"}
_PKCS7_LABELS = {"PKCS7", "PKCS #7 SIGNED DATA", "CMS"}
_SIGNED_DATA = "1.2.840.113549.1.7.2"
_EXTENSION_REQUESTS = {"1.2.840.113549.1.9.14", "1.3.6.1.4.1.311.2.1.14"}
"""PKCS#9 extensionRequest, and Microsoft's older one."""
_NO_NAME = DistinguishedName(())


def pem_of(der: bytes, label: str = "CERTIFICATE") -> str:
    """DER as PEM text under this label (``CERTIFICATE``, ``CERTIFICATE REQUEST`` …)."""
    return pem_text(label, der)


def parse_certificate(data: bytes) -> Certificate:
    """The first certificate in DER or PEM bytes; odd ones come back with `problem` set.

    Raises FileUnreadable when there is no certificate at all.
    """
    return parse_certificates(data)[0]


def parse_certificates(data: bytes) -> tuple[Certificate, ...]:
    """Every certificate of a PEM bundle, a DER file or a PKCS#7 export, in order.

    A block of a bundle that cannot be read at all stays in place as a certificate without names and with `problem` set.
    Raises FileUnreadable when nothing could be read.
    """
    found: list[Certificate] = []
    problems: list[str] = []
    for der in _certificate_ders(_of_bearable_size(data)):
        try:
            found.append(_certificate(der))
        except NotDer as problem:
            problems.append(str(problem))
            found.append(_unreadable(der, problems[-1]))
    if len(found) == len(problems):
        reason = f" ({problems[0]})" if problems else ""
        raise FileUnreadable("certificate", f"holds no certificate in PEM, DER or PKCS#7{reason}")
    return tuple(found)


def parse_request(data: bytes) -> CertificateRequest:
    """A PKCS#10 request in PEM or DER, its self-signature checked with its own key (SHA-1 included).

    Raises FileUnreadable when there is none or it is cut short.
    """
    ders = [block.der for block in pem_blocks(_of_bearable_size(data)) if block.label in _REQUEST_LABELS]
    try:
        return _request((ders or [bare_base64(data) or data])[0])
    except (NotDer, IndexError) as problem:
        raise FileUnreadable("certificate request", f"not a PKCS#10 request in PEM or DER: {problem}") from problem


def public_key_digest(public_key_info: bytes) -> str:
    """Lower-case hex SHA-256 of a DER SubjectPublicKeyInfo: the `public_key_sha256` of requests and certificates."""
    return hashlib.sha256(public_key_info).hexdigest()


def is_signed_by(certificate: Certificate, issuer: Certificate) -> bool:
    """The certificate's signature verifies with the issuer's key (SHA-1 included); names and validity are not compared."""
    try:
        outer = _outer(certificate.der)
        key = _tbs_fields(_outer(issuer.der).signed).public_key
    except NotDer:
        return False
    return signature_verifies(key.whole, outer.algorithm, outer.signature, outer.signed.whole)


@dataclass(frozen=True, slots=True)
class _Signed:
    """SEQUENCE { signed, algorithm, signature }: the common frame of certificates and requests."""

    whole: Element
    signed: Element
    algorithm: Element
    signature: Element


@dataclass(frozen=True, slots=True)
class _Fields:
    """The elements of a TBSCertificate."""

    serial: Element
    algorithm: Element
    issuer: Element
    validity: Element
    subject: Element
    public_key: Element
    extensions: Element | None


def _of_bearable_size(data: bytes) -> bytes:
    if len(data) > LARGEST_BYTES:
        raise FileUnreadable("certificate", f"{len(data)} bytes is too large for a certificate file (limit {LARGEST_BYTES})")
    return data


def _certificate_ders(data: bytes) -> list[bytes]:
    blocks = pem_blocks(data)
    ders: list[bytes] = []
    for block in blocks:
        if block.label in _CERTIFICATE_LABELS:
            # Microsoft's certnew.p7b in Base-64 says CERTIFICATE and holds a PKCS#7.
            ders.extend([block.der] if (inside := _pkcs7_certificates(block.der)) is None else inside)
        elif block.label in _PKCS7_LABELS:
            ders.extend(_pkcs7_certificates(block.der) or [])
    if blocks:
        return ders
    der = bare_base64(data) or data
    inside = _pkcs7_certificates(der)
    return [der] if inside is None else inside


def _pkcs7_certificates(der: bytes) -> list[bytes] | None:
    """Certificates of a SignedData in file order; None when the bytes are no PKCS#7 (RFC 2315 §9.1)."""
    try:
        parts = expect(read_element(der), SEQUENCE).children()
        if not parts or object_identifier_of(parts[0]) != _SIGNED_DATA:
            return None
        sets = [part for part in read_element(parts[1].content).children() if part.tag == 0xA0]
        return [certificate.whole for part in sets for certificate in part.children()]
    except (NotDer, IndexError):
        return None


def _outer(der: bytes) -> _Signed:
    whole = expect(read_element(der), SEQUENCE)
    parts = whole.children()
    if not parts:
        raise NotDer("nothing inside")
    nothing = Element(b"", 0, 0, 0, 0)
    return _Signed(whole, expect(parts[0], SEQUENCE), *[*parts[1:3], nothing, nothing][:2])


def _tbs_fields(signed: Element) -> _Fields:
    parts = signed.children()
    if parts and parts[0].tag == 0xA0:
        del parts[0]
    if len(parts) < 6 or parts[0].tag != INTEGER or parts[1].tag != SEQUENCE:
        raise NotDer("not the structure of a certificate")
    algorithm = parts[1].children()
    if not algorithm or algorithm[0].tag != OBJECT_IDENTIFIER:
        raise NotDer("not the structure of a certificate")
    extensions = [part for part in parts[6:] if part.tag == 0xA3]
    serial, signature, issuer, validity, subject, key = parts[:6]
    return _Fields(serial, signature, issuer, validity, subject, key, extensions[0] if extensions else None)


def _certificate(der: bytes) -> Certificate:
    outer = _outer(der)
    fields = _tbs_fields(outer.signed)
    problems = _frame_problems(outer, fields)
    not_before, not_after = _validity(fields.validity, problems)
    extensions = _extensions(fields.extensions, problems)
    key = _key(fields.public_key, problems)
    hash_name, scheme = _signature(fields.algorithm, problems)
    if scheme == "ECDSA" and len(fields.algorithm.children()) > 1:
        problems.append("the ECDSA signature algorithm carries parameters (RFC 5758 §3.2 forbids them)")
    exact = outer.whole.whole
    if not problems:
        problems.extend(_strict_problems(exact))
    return Certificate(
        der=exact,
        sha256=hashlib.sha256(exact).hexdigest(),
        subject=_name(fields.subject, "subject", problems),
        issuer=_name(fields.issuer, "issuer", problems),
        serial_number=integer_of(fields.serial),
        not_before=not_before,
        not_after=not_after,
        subject_alternative_names=extensions.subject_alternative_names,
        extended_key_usage=extensions.extended_key_usage,
        key_usage=extensions.key_usage,
        is_ca=extensions.is_ca,
        path_length=extensions.path_length,
        key_type=key.key_type,
        key_bits=key.bits,
        curve=key.curve,
        signature_hash=hash_name,
        signature_scheme=scheme,
        public_key_sha256=public_key_digest(fields.public_key.whole),
        subject_key_identifier=extensions.subject_key_identifier,
        authority_key_identifier=extensions.authority_key_identifier,
        problem="; ".join(dict.fromkeys(problems)) or None,
    )


def _unreadable(der: bytes, problem: str) -> Certificate:
    digest = hashlib.sha256(der).hexdigest()
    return Certificate(der, digest, _NO_NAME, _NO_NAME, 0, None, None, problem=f"not readable: {problem}")


def _frame_problems(outer: _Signed, fields: _Fields) -> list[str]:
    """What RFC 5280 §4.1 forbids in the frame; the values are read all the same."""
    serial = integer_of(fields.serial)
    checks = (
        (outer.whole.truncated, "the bytes end before the certificate does"),
        (not outer.whole.minimal or not outer.signed.minimal, "lengths are not DER"),
        (serial <= 0, f"serial number {serial} is not positive"),
        (len(fields.serial.content) > 20, "serial number is longer than 20 octets"),
        (outer.algorithm.whole != fields.algorithm.whole, "the two signature algorithms differ"),
        (not outer.signature.content, "the signature is missing"),
    )
    return [text for wrong, text in checks if wrong]


_STRICT_REFUSALS = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    Warning,
)
"""Warnings too, where they are errors; the values the library is known to warn about are found before it is asked."""


def _strict_problems(der: bytes) -> list[str]:
    """What the strict parser says about a certificate in which this reader found nothing wrong."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        _ = (certificate.extensions, certificate.public_key())
    except _STRICT_REFUSALS as problem:
        return [f"a strict parser refuses it: {str(problem)[:200] or type(problem).__name__}"]
    return []


def _name(element: Element, which: str, problems: list[str]) -> DistinguishedName:
    try:
        return read_name(element)
    except NotDer as problem:
        problems.append(f"{which}: {problem}")
        return _NO_NAME


def _validity(element: Element, problems: list[str]) -> tuple[datetime | None, datetime | None]:
    times: list[datetime | None] = []
    for child in element.children()[:2]:
        try:
            times.append(time_of(child))
        except NotDer as problem:
            problems.append(str(problem))
            times.append(None)
    if len(times) < 2:
        problems.append("validity is not readable")
    not_before, not_after = [*times, None, None][:2]
    if not_before and not_after and not_after < not_before:
        problems.append("ends before it begins")
    return not_before, not_after


def _extensions(element: Element | None, problems: list[str]) -> Extensions:
    if element is None:
        return Extensions()
    try:
        found = read_extensions(expect(read_element(element.data, element.body, element.end), SEQUENCE))
    except NotDer as problem:
        problems.append(f"extensions: {problem}")
        return Extensions()
    problems.extend(found.problems)
    return found


def _key(element: Element, problems: list[str]) -> PublicKeyFacts:
    try:
        return read_public_key(element)
    except NotDer as problem:
        problems.append(f"public key: {problem}")
        return PublicKeyFacts("", 0)


def _signature(element: Element, problems: list[str]) -> tuple[str | None, str]:
    try:
        return read_signature_algorithm(element)
    except NotDer as problem:
        problems.append(f"signature algorithm: {problem}")
        return None, ""


def _request(der: bytes) -> CertificateRequest:
    outer = _outer(der)
    parts = outer.signed.children()
    if outer.whole.truncated or len(parts) < 3:
        raise NotDer("cut short")
    expect(parts[0], INTEGER)
    subject, info = read_name(expect(parts[1], SEQUENCE)), expect(parts[2], SEQUENCE)
    key = read_public_key(info)
    extensions = _requested_extensions(parts[3:])
    return CertificateRequest(
        der=outer.whole.whole,
        subject=subject,
        key_type=key.key_type,
        key_bits=key.bits,
        signature_hash=read_signature_algorithm(outer.algorithm)[0],
        public_key_sha256=public_key_digest(info.whole),
        signature_valid=signature_verifies(info.whole, outer.algorithm, outer.signature, outer.signed.whole),
        subject_alternative_names=extensions.subject_alternative_names,
        extended_key_usage=extensions.extended_key_usage,
        key_usage=extensions.key_usage,
    )


def _requested_extensions(attributes: list[Element]) -> Extensions:
    for attribute in (pair for group in attributes if group.tag == 0xA0 for pair in group.children()):
        parts = attribute.children()
        if len(parts) == 2 and object_identifier_of(parts[0]) in _EXTENSION_REQUESTS and (values := parts[1].children()):
            return read_extensions(values[0])
    return Extensions()
