"""Certificates and requests as the CLI prints them: Java style, OpenSSL style, PEM behind, dump alone, wreckage."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.sim.certificates.printed import certificate_text
from pytest_cucmtls.wire.cli_text import parse_csr_text, parse_show_cert
from pytest_cucmtls.wire.x509 import parse_certificate

RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP384R1())
RECORDED_DUMP = """\
[
  Version: V3
  Serial Number: 523C32C09694B0A60168D6EE36A3B96E
  SignatureAlgorithm: SHA1withRSA (1.2.840.113549.1.1.5)
  Issuer Name: L=GB, ST=LN, CN=LAB-PUB, OU=LAB, O=ORG, C=GB
  Validity From: Sun Jul 08 13:05:19 BST 2018
           To:   Fri Jul 07 13:05:18 BST 2023
  Subject Name: L=GB, ST=LN, CN=LAB-PUB, OU=LAB, O=ORG, C=GB
  Key: RSA (1.2.840.113549.1.1.1)
    Key value: 3082010a
  Extensions: 3 present
  [
     Extension: KeyUsage (OID.2.5.29.15)
     Critical: false
     Usages: digitalSignature, keyEncipherment, dataEncipherment, keyAgreement, keyCertSign,
  ]
  [
     Extension: ExtKeyUsageSyntax (OID.2.5.29.37)
     Critical: false
     Usage oids: 1.3.6.1.5.5.7.3.1, 1.3.6.1.5.5.7.3.2, 1.3.6.1.5.5.7.3.5,
  ]
  [
     Extension: SubjectKeyIdentifier (OID.2.5.29.14)
     Critical: false
     keyID: bb77bc184dbbc0b28335125dd4bc82689432b518
  ]

  Signature:
  0000: 38 8f 5a 00 77 00 b1 f5 b2 49 83 73 5c 64 e0 54 [8.Z.w....I.s\\d.T]

]"""


def certificate_der(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "IN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "cisco"),
            x509.NameAttribute(NameOID.COMMON_NAME, "CUCM10"),
        ]
    )
    usage = x509.KeyUsage(True, False, True, True, True, False, False, False, False)
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH, x509.ObjectIdentifier("1.3.6.1.5.5.7.3.5")]
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Lab CA")]))
        .public_key(key.public_key())
        .serial_number(0x398B1DA600000000000E)
        .not_valid_before(datetime(2015, 5, 3, 12, 20, 42, tzinfo=UTC))
        .not_valid_after(datetime(2015, 5, 3, 12, 20, 42, tzinfo=UTC) + timedelta(days=366))
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("cucm10.example"), x509.DNSName("b.example")]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier(bytes(range(20)), None, None), critical=False)
        .add_extension(x509.BasicConstraints(True, None), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )


DERS = {"rsa": certificate_der(RSA_KEY), "ec": certificate_der(EC_KEY)}


@pytest.mark.parametrize("style", ["cert-j", "openssl"])
@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_the_pem_behind_the_dump_decides(style: str, kind: str) -> None:
    shown = certificate_text(DERS[kind], style)
    named = parse_show_cert(shown, "CallManager", "CallManager.pem")
    assert named.certificate == parse_certificate(DERS[kind])
    lying = parse_show_cert(shown.replace("CUCM10", "OTHER"), "CallManager", "CallManager.pem")
    assert lying.certificate.subject.common_name == "CUCM10"


@pytest.mark.parametrize("style", ["cert-j", "openssl"])
def test_the_bytes_of_a_session_can_be_read_again(style: str) -> None:
    shown = "show cert own CallManager\r\n" + certificate_text(DERS["rsa"], style).replace("\n", "\r\n") + "admin:"
    assert parse_show_cert(shown, "CallManager", "CallManager.pem").certificate == parse_certificate(DERS["rsa"])
    dump = shown.partition("-----BEGIN")[0]
    assert parse_show_cert(dump, "CallManager", "CallManager.pem").certificate == dump_alone("rsa", style)


def dump_alone(kind: str, style: str) -> Certificate:
    text = certificate_text(DERS[kind], style).partition("-----BEGIN")[0]
    return parse_show_cert(text, "CallManager", "CallManager.pem").certificate


@pytest.mark.parametrize("style", ["cert-j", "openssl"])
@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_the_dump_alone_tells_the_same_story_and_says_that_it_is_alone(style: str, kind: str) -> None:
    alone, whole = dump_alone(kind, style), parse_certificate(DERS[kind])
    assert alone.der == b""
    assert alone.sha256 == ""
    assert alone.problem is not None
    for field in (
        "subject",
        "issuer",
        "serial_number",
        "not_before",
        "not_after",
        "subject_alternative_names",
        "extended_key_usage",
        "key_usage",
        "is_ca",
        "key_type",
        "signature_hash",
        "signature_scheme",
        "subject_key_identifier",
        "authority_key_identifier",
    ):
        assert getattr(alone, field) == getattr(whole, field), field


def test_the_java_dump_of_an_rsa_key_is_enough_to_compare_it_with_a_request() -> None:
    alone, whole = dump_alone("rsa", "cert-j"), parse_certificate(DERS["rsa"])
    assert alone.key_bits == 2048
    assert alone.public_key_sha256 == whole.public_key_sha256


def test_the_recorded_dump_is_read_and_its_ambiguous_zone_is_not_guessed() -> None:
    certificate = parse_show_cert(RECORDED_DUMP, "CallManager", "CallManager.pem").certificate
    assert certificate.serial_number == 0x523C32C09694B0A60168D6EE36A3B96E
    assert certificate.subject.common_name == "LAB-PUB"
    assert certificate.names_itself_as_issuer
    assert certificate.not_before is None
    assert certificate.signature_hash == "SHA-1"
    assert certificate.key_usage == ("digitalSignature", "keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign")
    assert certificate.extended_key_usage == ("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.5")
    assert certificate.subject_key_identifier == "bb77bc184dbbc0b28335125dd4bc82689432b518"


@pytest.mark.parametrize(
    ("printed", "number"),
    [("Serial Number: 123 (0x7b)", 0x7B), ("Serial Number:\n            56:ff:6c:71", 0x56FF6C71), ("Serial Number: 0A", 10)],
)
def test_serial_numbers_are_read_in_every_spelling(printed: str, number: int) -> None:
    text = f"{printed}\nIssuer: CN=a\nSubject: CN=b\n"
    assert parse_show_cert(text, "tomcat", "tomcat.pem").certificate.serial_number == number


def test_the_java_dump_puts_the_pem_on_the_closing_bracket() -> None:
    shown = certificate_text(DERS["rsa"], "cert-j")
    assert "\n]-----BEGIN CERTIFICATE-----\n" in shown
    assert "  Serial Number: 398B1DA600000000000E\n" in shown
    assert "     Usages: digitalSignature, keyEncipherment, dataEncipherment, keyAgreement, \n" in shown
    assert "           To:   Tue May 03 12:20:42 UTC 2016\n" in shown


@pytest.mark.parametrize("text", ["", "[\n]", "Serial Number: 12\n", RECORDED_DUMP[:200], "-----BEGIN CERTIFICATE-----\nAAAA"])
def test_an_answer_without_a_certificate_is_not_understood(text: str) -> None:
    with pytest.raises(UnexpectedAnswer):
        parse_show_cert(text, "CallManager", "CallManager.pem")


REQUEST = (
    x509.CertificateSigningRequestBuilder()
    .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CUCM10")]))
    .sign(EC_KEY, hashes.SHA256())
)
REQUEST_PEM = REQUEST.public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.parametrize("label", ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST", "CERTIFICATE SIGN REQUEST"])
def test_a_request_is_read_under_every_armour(label: str) -> None:
    request = parse_csr_text("some text\n" + REQUEST_PEM.replace("CERTIFICATE REQUEST", label))
    assert request.der == REQUEST.public_bytes(serialization.Encoding.DER)
    assert request.signature_valid


@pytest.mark.parametrize("text", ["", "no request", REQUEST_PEM[:200], REQUEST_PEM.replace("REQUEST", "")])
def test_an_answer_without_a_whole_request_is_not_understood(text: str) -> None:
    with pytest.raises(UnexpectedAnswer):
        parse_csr_text(text)


@given(st.text(max_size=300), st.integers(0, 4000), st.sampled_from(["cert-j", "openssl"]))
@settings(max_examples=80, deadline=None)
def test_a_damaged_answer_never_crashes(noise: str, position: int, style: str) -> None:
    shown = certificate_text(DERS["rsa"], style)
    for text in (
        noise,
        shown[:position],
        shown[:position] + noise + shown[position:],
        shown.partition("-----BEGIN")[0][:position],
    ):
        try:
            named = parse_show_cert(text, "CallManager", "CallManager.pem")
        except UnexpectedAnswer:
            continue
        assert named.certificate.serial_number is not None


def test_huge_and_hostile_dumps_are_read_in_bearable_time() -> None:
    for piece in (
        "Serial Number: 1\nSubject: CN=a\nIssuer: CN=b\n",
        "Usages: a, ",
        "Key value: 30",
        "keyID: aa\n",
        "1) a (dNSName)\n",
        "\n \n",
    ):
        text = piece * (1_000_000 // len(piece))
        try:
            parse_show_cert(text, "CallManager", "CallManager.pem")
        except UnexpectedAnswer:
            continue
