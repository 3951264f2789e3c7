"""A certificate read from its printed dump alone: the Java style of older releases and the OpenSSL style of newer ones.

Dates are kept only when printed in UTC or GMT: other zone abbreviations are ambiguous (IST, CST), so they stay None.
"""

import hashlib
import re
from datetime import UTC, datetime

from pytest_cucmtls.model.certificates import EXTENDED_KEY_USAGE_NAMES, Certificate
from pytest_cucmtls.wire.der import encode
from pytest_cucmtls.wire.x509_names import parse_distinguished_name

_NO_PEM = "read from the printed text only: the answer holds no PEM"
_SERIAL_HEX = re.compile(
    r"Serial Number:\s*(-?)([0-9A-Fa-f]{1,2}(?::[0-9A-Fa-f]{2}){1,63}|[0-9A-Fa-f]{1,128})(?:\s*\(-?0x([0-9A-Fa-f]{1,128})\))?"
)
_ISSUER = re.compile(r"^[ \t]*Issuer(?: Name)?:[ \t]*([^\n]{1,4096})$", re.MULTILINE)
_SUBJECT = re.compile(r"^[ \t]*Subject(?: Name)?:[ \t]*([^\n]{1,4096})$", re.MULTILINE)
_BEFORE = re.compile(r"(?:Validity From|Not Before)\s{0,8}:\s{0,8}([^\n]{1,60})")
_AFTER = re.compile(r"(?:^[ \t]{0,40}To|Not After)\s{0,8}:\s{0,8}([^\n]{1,60})", re.MULTILINE)
_JAVA_TIME = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d{2}:\d{2}:\d{2}) (\w{1,5}) (\d{4})")
_OPENSSL_TIME = re.compile(r"([A-Z][a-z]{2}) +(\d{1,2}) (\d{2}:\d{2}:\d{2}) (\d{4}) (\w{1,5})")
_SIGNATURE = re.compile(r"Signature ?Algorithm:\s*([A-Za-z0-9-]{1,60})")
_KEY_VALUE = re.compile(r"Key value:\s*([0-9A-Fa-f]{2,8192})")
_KEY_BITS = re.compile(r"Public-Key:\s*\((\d{1,6}) bit\)")
_KEY_KIND = re.compile(r"(?:^[ \t]*Key|Public Key Algorithm):\s*([A-Za-z-]{1,40})", re.MULTILINE)
_USAGES = re.compile(r"(?:Usages:|X509v3 Key Usage:[^\n]*\n)[ \t]*([^\n]{1,400})")
_PURPOSES = re.compile(r"(?:Usage oids:|X509v3 Extended Key Usage:[^\n]*\n)[ \t]*([^\n]{1,2000})")
_NAMES = re.compile(r"X509v3 Subject Alternative Name:[^\n]*\n[ \t]*([^\n]{1,8000})")
_JAVA_NAME = re.compile(
    r"^[ \t]*\d{1,4}\)[ \t]*([^\n(]{1,255}?)[ \t]*\((dNSName|iPAddress|uniformResourceIdentifier)\)", re.MULTILINE
)
_SUBJECT_KEY = re.compile(
    r"SubjectKeyIdentifier[^\n]*\n[^\n]*\n[ \t]*keyID:[ \t]*([0-9A-Fa-f:]{2,200})"
    r"|X509v3 Subject Key Identifier:[^\n]*\n[ \t]*([0-9A-Fa-f:]{2,200})"
)
_AUTHORITY_KEY = re.compile(
    r"AuthorityKeyIdentifier[^\n]*\n[^\n]*\n[ \t]*keyID:[ \t]*([0-9A-Fa-f:]{2,200})"
    r"|X509v3 Authority Key Identifier:[^\n]*\n[ \t]*(?:keyid:)?([0-9A-Fa-f:]{2,200})"
)
_IS_CA = re.compile(r"^[ \t]*(?:cA: true|CA:TRUE)", re.MULTILINE)
_JAVA_NAME_KINDS = {"dNSName": "DNS", "iPAddress": "IP", "uniformResourceIdentifier": "URI"}
_KEY_USAGE_WORDS = {
    "Digital Signature": "digitalSignature",
    "Non Repudiation": "nonRepudiation",
    "Key Encipherment": "keyEncipherment",
    "Data Encipherment": "dataEncipherment",
    "Key Agreement": "keyAgreement",
    "Certificate Sign": "keyCertSign",
    "CRL Sign": "cRLSign",
}
_PURPOSE_WORDS = {
    "TLS Web Server Authentication": "serverAuth",
    "TLS Web Client Authentication": "clientAuth",
    "IPSec End System": "ipsecEndSystem",
}
_RSA_ALGORITHM = bytes.fromhex("300d06092a864886f70d0101010500")
_LONGEST_DUMP = 400_000


def parse_printed_certificate(text: str) -> Certificate | None:
    """What a dump without PEM says; None when subject and serial number are not both printed.

    `der` and `sha256` are empty, `problem` is set. For RSA keys in the Java style the key's digest is computed from the
    printed PKCS#1 value, so that it can be compared with a request's.
    """
    text = text[:_LONGEST_DUMP]
    serial, subject, issuer = _serial_number(text), _SUBJECT.search(text), _ISSUER.search(text)
    if serial is None or subject is None or issuer is None:
        return None
    hash_name, scheme = _signature(text)
    key_type, key_bits, key_digest = _key(text)
    return Certificate(
        der=b"",
        sha256="",
        subject=parse_distinguished_name(subject[1]),
        issuer=parse_distinguished_name(issuer[1]),
        serial_number=serial,
        not_before=_time(_BEFORE.search(text)),
        not_after=_time(_AFTER.search(text)),
        subject_alternative_names=_alternative_names(text),
        extended_key_usage=_extended_key_usage(text),
        key_usage=_key_usage(text),
        is_ca=_IS_CA.search(text) is not None,
        key_type=key_type,
        key_bits=key_bits,
        signature_hash=hash_name,
        signature_scheme=scheme,
        public_key_sha256=key_digest,
        subject_key_identifier=_identifier(_SUBJECT_KEY.search(text)),
        authority_key_identifier=_identifier(_AUTHORITY_KEY.search(text)),
        problem=_NO_PEM,
    )


def _serial_number(text: str) -> int | None:
    """Hex without mark (Java), colon hex, or decimal with the hex in brackets (OpenSSL)."""
    match = _SERIAL_HEX.search(text)
    if match is None:
        return None
    value = int(match[3] or match[2].replace(":", ""), 16)
    return -value if match[1] else value


def _time(match: re.Match[str] | None) -> datetime | None:
    if match is None:
        return None
    text = match[1]
    if java := _JAVA_TIME.search(text):
        month, day, clock, zone, year = java.groups()
    elif openssl := _OPENSSL_TIME.search(text):
        month, day, clock, year, zone = openssl.groups()
    else:
        return None
    if zone not in {"GMT", "UTC"}:
        return None
    try:
        return datetime.strptime(f"{month} {day} {clock} {year}", "%b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    except ValueError:
        return None


def _signature(text: str) -> tuple[str | None, str]:
    """(hash, scheme) from ``SHA1withRSA`` or ``sha256WithRSAEncryption`` or ``ecdsa-with-SHA384``."""
    match = _SIGNATURE.search(text)
    word = match[1].lower() if match else ""
    digits = re.search(r"sha-?(1|224|256|384|512)", word)
    scheme = "ECDSA" if "ecdsa" in word else "RSA-PKCS1v1.5" if "rsa" in word else ""
    return (f"SHA-{digits[1]}" if digits else None), scheme


def _key(text: str) -> tuple[str, int, str]:
    """(type, bits, digest of the SubjectPublicKeyInfo when it can be computed)."""
    kind = _KEY_KIND.search(text)
    word = kind[1].lower() if kind else ""
    key_type = "RSA" if "rsa" in word else "EC" if word.startswith(("ec", "id-ec")) else ""
    printed = _KEY_VALUE.search(text)
    if printed is not None and key_type == "RSA" and len(printed[1]) % 2 == 0:
        pkcs1 = bytes.fromhex(printed[1])
        info = encode(0x30, _RSA_ALGORITHM, encode(0x03, b"\x00", pkcs1))
        return key_type, _modulus_bits(pkcs1), hashlib.sha256(info).hexdigest()
    bits = _KEY_BITS.search(text)
    return key_type, int(bits[1]) if bits else 0, ""


def _modulus_bits(pkcs1: bytes) -> int:
    """Bits of the first INTEGER of an RSAPublicKey (RFC 8017 A.1.1); 0 when it is not one."""
    match = re.match(rb"\x30(?:\x81.|\x82..)?\x02(?:\x81(.)|\x82(..)|(.))", pkcs1, re.DOTALL)
    if match is None:
        return 0
    length = int.from_bytes(match[1] or match[2] or match[3], "big")
    return int.from_bytes(pkcs1[match.end() : match.end() + length], "big").bit_length()


def _alternative_names(text: str) -> tuple[str, ...]:
    java = tuple(f"{_JAVA_NAME_KINDS[kind]}:{name}" for name, kind in _JAVA_NAME.findall(text))
    printed = _NAMES.search(text)
    if java or printed is None:
        return java
    return tuple(name.replace("IP Address:", "IP:") for name in _items(printed[1]))


def _key_usage(text: str) -> tuple[str, ...] | None:
    printed = _USAGES.search(text)
    return None if printed is None else tuple(_KEY_USAGE_WORDS.get(item, item) for item in _items(printed[1]))


def _extended_key_usage(text: str) -> tuple[str, ...] | None:
    """Dotted identifiers; words we do not know stay as printed."""
    printed = _PURPOSES.search(text)
    if printed is None:
        return None
    identifiers = {name: dotted for dotted, name in EXTENDED_KEY_USAGE_NAMES.items()}
    return tuple(identifiers.get(_PURPOSE_WORDS.get(item, item), item) for item in _items(printed[1]))


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _identifier(match: re.Match[str] | None) -> str | None:
    return (match[1] or match[2]).replace(":", "").lower() if match else None
