"""Prints a certificate as the platform CLI does: the Java library's dump or OpenSSL's text, each with the PEM behind it."""

import base64
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtensionOID, NameOID

_SHORT_NAMES = {
    NameOID.COMMON_NAME: "CN",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.LOCALITY_NAME: "L",
    NameOID.STATE_OR_PROVINCE_NAME: "ST",
    NameOID.COUNTRY_NAME: "C",
    NameOID.DOMAIN_COMPONENT: "DC",
}
_USAGES = (
    ("digital_signature", "digitalSignature", "Digital Signature"),
    ("content_commitment", "nonRepudiation", "Non Repudiation"),
    ("key_encipherment", "keyEncipherment", "Key Encipherment"),
    ("data_encipherment", "dataEncipherment", "Data Encipherment"),
    ("key_agreement", "keyAgreement", "Key Agreement"),
    ("key_cert_sign", "keyCertSign", "Certificate Sign"),
    ("crl_sign", "cRLSign", "CRL Sign"),
)
_PURPOSES = {
    "1.3.6.1.5.5.7.3.1": "TLS Web Server Authentication",
    "1.3.6.1.5.5.7.3.2": "TLS Web Client Authentication",
    "1.3.6.1.5.5.7.3.5": "IPSec End System",
}
_NAME_KINDS = {
    x509.DNSName: ("dNSName", "DNS"),
    x509.IPAddress: ("iPAddress", "IP Address"),
    x509.UniformResourceIdentifier: ("uniformResourceIdentifier", "URI"),
    x509.RFC822Name: ("rfc822Name", "email"),
}
_JAVA_EXTENSION_NAMES = {
    ExtensionOID.KEY_USAGE: "KeyUsage",
    ExtensionOID.EXTENDED_KEY_USAGE: "ExtKeyUsageSyntax",
    ExtensionOID.SUBJECT_KEY_IDENTIFIER: "SubjectKeyIdentifier",
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER: "AuthorityKeyIdentifier",
    ExtensionOID.BASIC_CONSTRAINTS: "BasicConstraints",
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME: "SubjectAltName",
}
_OPENSSL_EXTENSION_NAMES = {
    ExtensionOID.KEY_USAGE: "X509v3 Key Usage",
    ExtensionOID.EXTENDED_KEY_USAGE: "X509v3 Extended Key Usage",
    ExtensionOID.SUBJECT_KEY_IDENTIFIER: "X509v3 Subject Key Identifier",
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER: "X509v3 Authority Key Identifier",
    ExtensionOID.BASIC_CONSTRAINTS: "X509v3 Basic Constraints",
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME: "X509v3 Subject Alternative Name",
}


def certificate_text(der: bytes, style: str) -> str:
    """The whole answer of ``show cert`` in a style of `ReleaseProfile.certificate_print`: ``cert-j`` or ``openssl``.

    The Java style is RECORDED down to its line structure, PEM on the closing bracket's line; the layout of the newer
    style is ASSUMED to be OpenSSL's (platform.md §3.3).
    """
    certificate = x509.load_der_x509_certificate(der)
    printed = _java_dump(certificate) if style == "cert-j" else _openssl_text(certificate)
    return printed + armoured("CERTIFICATE", der)


def armoured(label: str, der: bytes) -> str:
    """PEM, 64 characters a line, with a final newline."""
    text = base64.b64encode(der).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----"]) + "\n"


def _java_dump(certificate: x509.Certificate) -> str:
    extensions = list(certificate.extensions)
    return "\n".join(
        [
            "[",
            "  Version: V3",
            f"  Serial Number: {_even_hex(certificate.serial_number).upper()}",
            f"  SignatureAlgorithm: {_java_algorithm(certificate)} ({certificate.signature_algorithm_oid.dotted_string})",
            f"  Issuer Name: {_name(certificate.issuer, '=')}",
            f"  Validity From: {_java_time(certificate.not_valid_before_utc)}",
            f"           To:   {_java_time(certificate.not_valid_after_utc)}",
            f"  Subject Name: {_name(certificate.subject, '=')}",
            *_java_key(certificate),
            f"  Extensions: {len(extensions)} present",
            *(line for extension in extensions for line in _java_extension(extension)),
            "",
            "  Signature:",
            *_hex_dump(certificate.signature),
            "",
            "]",
        ]
    )


def _java_key(certificate: x509.Certificate) -> list[str]:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        value = key.public_bytes(Encoding.DER, PublicFormat.PKCS1).hex()
        return ["  Key: RSA (1.2.840.113549.1.1.1)", f"    Key value: {value}"]
    if isinstance(key, ec.EllipticCurvePublicKey):
        value = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint).hex()
        return ["  Key: EC (1.2.840.10045.2.1)", f"    Key value: {value}"]
    return ["  Key: unknown"]


def _java_extension(extension: "x509.Extension[x509.ExtensionType]") -> list[str]:
    name = _JAVA_EXTENSION_NAMES.get(extension.oid, "Unknown")
    return [
        "  [",
        f"     Extension: {name} (OID.{extension.oid.dotted_string})",
        f"     Critical: {'true' if extension.critical else 'false'}",
        *(f"     {line}" for line in _java_value(extension.value)),
        "  ]",
    ]


def _java_value(value: x509.ExtensionType) -> list[str]:
    match value:
        case x509.KeyUsage():
            return ["Usages: " + "".join(f"{name}, " for name in _usages(value, 1))]
        case x509.ExtendedKeyUsage():
            return ["Usage oids: " + "".join(f"{usage.dotted_string}, " for usage in value)]
        case x509.SubjectKeyIdentifier():
            return [f"keyID: {value.digest.hex()}"]
        case x509.AuthorityKeyIdentifier():
            return [f"keyID: {(value.key_identifier or b'').hex()}"]
        case x509.BasicConstraints():
            return ["cA: true"] if value.ca else []
        case x509.SubjectAlternativeName():
            rows = [f"{index}) {name.value} ({_kind(name)[0]})" for index, name in enumerate(value, 1)]
            return [f"altNames: {len(rows)} names", *rows]
    return []


def _openssl_text(certificate: x509.Certificate) -> str:
    algorithm = _openssl_algorithm(certificate)
    return "\n".join(
        [
            "Certificate:",
            "    Data:",
            "        Version: 3 (0x2)",
            "        Serial Number:",
            f"            {_colons(_even_hex(certificate.serial_number))}",
            f"        Signature Algorithm: {algorithm}",
            f"        Issuer: {_name(certificate.issuer, ' = ')}",
            "        Validity",
            f"            Not Before: {_openssl_time(certificate.not_valid_before_utc)}",
            f"            Not After : {_openssl_time(certificate.not_valid_after_utc)}",
            f"        Subject: {_name(certificate.subject, ' = ')}",
            "        Subject Public Key Info:",
            *_openssl_key(certificate),
            "        X509v3 extensions:",
            *(line for extension in certificate.extensions for line in _openssl_extension(extension)),
            f"    Signature Algorithm: {algorithm}",
            *_colon_block(certificate.signature, "         "),
            "",
        ]
    )


def _openssl_key(certificate: x509.Certificate) -> list[str]:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        modulus = b"\x00" + numbers.n.to_bytes((key.key_size + 7) // 8, "big")
        return [
            "            Public Key Algorithm: rsaEncryption",
            f"                Public-Key: ({key.key_size} bit)",
            "                Modulus:",
            *_colon_block(modulus, "                    ", 15),
            f"                Exponent: {numbers.e} ({numbers.e:#x})",
        ]
    if isinstance(key, ec.EllipticCurvePublicKey):
        return [
            "            Public Key Algorithm: id-ecPublicKey",
            f"                Public-Key: ({key.key_size} bit)",
            "                pub:",
            *_colon_block(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint), "                    ", 15),
        ]
    return ["            Public Key Algorithm: unknown"]


def _openssl_extension(extension: "x509.Extension[x509.ExtensionType]") -> list[str]:
    name = _OPENSSL_EXTENSION_NAMES.get(extension.oid, extension.oid.dotted_string)
    critical = " critical" if extension.critical else " "
    return [f"            {name}:{critical}", f"                {_openssl_value(extension.value)}"]


def _openssl_value(value: x509.ExtensionType) -> str:
    match value:
        case x509.KeyUsage():
            return ", ".join(_usages(value, 2))
        case x509.ExtendedKeyUsage():
            return ", ".join(_PURPOSES.get(usage.dotted_string, usage.dotted_string) for usage in value)
        case x509.SubjectKeyIdentifier():
            return _colons(value.digest.hex()).upper()
        case x509.AuthorityKeyIdentifier():
            return "keyid:" + _colons((value.key_identifier or b"").hex()).upper()
        case x509.BasicConstraints():
            return "CA:TRUE" if value.ca else "CA:FALSE"
        case x509.SubjectAlternativeName():
            return ", ".join(f"{_kind(name)[1]}:{name.value}" for name in value)
    return "..."


def _usages(usage: x509.KeyUsage, column: int) -> list[str]:
    return [row[column] for row in _USAGES if getattr(usage, row[0])]


def _kind(name: x509.GeneralName) -> tuple[str, str]:
    return _NAME_KINDS.get(type(name), ("otherName", "othername"))


def _name(name: x509.Name, equals: str) -> str:
    return ", ".join(f"{_SHORT_NAMES.get(item.oid, item.oid.dotted_string)}{equals}{item.value!s}" for item in name)


def _java_algorithm(certificate: x509.Certificate) -> str:
    family = "ECDSA" if isinstance(certificate.public_key(), ec.EllipticCurvePublicKey) else "RSA"
    return f"{_hash(certificate).upper()}with{family}"


def _openssl_algorithm(certificate: x509.Certificate) -> str:
    if isinstance(certificate.public_key(), ec.EllipticCurvePublicKey):
        return f"ecdsa-with-{_hash(certificate).upper()}"
    return f"{_hash(certificate)}WithRSAEncryption"


def _hash(certificate: x509.Certificate) -> str:
    return certificate.signature_hash_algorithm.name if certificate.signature_hash_algorithm else "none"


def _java_time(at: datetime) -> str:
    return at.strftime("%a %b %d %H:%M:%S UTC %Y")


def _openssl_time(at: datetime) -> str:
    return f"{at.strftime('%b')} {at.day:2d} {at.strftime('%H:%M:%S %Y')} GMT"


def _even_hex(number: int) -> str:
    digits = f"{number:x}"
    return digits if len(digits) % 2 == 0 else "0" + digits


def _colons(digits: str) -> str:
    return ":".join(digits[start : start + 2] for start in range(0, len(digits), 2))


def _colon_block(data: bytes, indent: str, width: int = 18) -> list[str]:
    pieces = [data[start : start + width] for start in range(0, len(data), width)]
    return [indent + _colons(piece.hex()) + (":" if index < len(pieces) - 1 else "") for index, piece in enumerate(pieces)]


def _hex_dump(data: bytes) -> list[str]:
    """Offset, hex bytes, printable characters in brackets."""
    rows = []
    for start in range(0, len(data), 16):
        piece = data[start : start + 16]
        shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in piece)
        rows.append(f"  {start:04x}: {piece.hex(' '):<47} [{shown}]")
    return rows
