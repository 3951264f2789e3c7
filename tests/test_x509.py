"""Certificates and requests are read as far as they can be, whatever wraps or damages them."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.model.certificates import CLIENT_AUTH, SERVER_AUTH, DistinguishedName
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.wire.der import INTEGER, SEQUENCE, encode, read_element
from pytest_cucmtls.wire.x509 import (
    LARGEST_BYTES,
    is_signed_by,
    parse_certificate,
    parse_certificates,
    parse_distinguished_name,
    parse_request,
    pem_of,
)
from pytest_cucmtls.wire.x509_sign import generate_key, library_name, self_signed, sign_request
from tests.certificate_exports import export_pem, export_pkcs7_der, export_pkcs7_pem, export_windows_base64

KEY = generate_key(1024)
OTHER_KEY = ec.generate_private_key(ec.SECP384R1())
BEGIN = datetime(2015, 5, 23, 12, 20, 42, tzinfo=UTC)
NAME = DistinguishedName((("C", "IN"), ("ST", "cisco"), ("O", "cisco"), ("OU", "cisco"), ("CN", "CUCM10")))


EXTENSIONS: tuple[tuple[x509.ExtensionType, bool], ...] = (
    (x509.BasicConstraints(ca=True, path_length=1), True),
    (x509.SubjectAlternativeName([x509.DNSName("a.example"), x509.UniformResourceIdentifier("sip:a.example")]), False),
    (x509.ExtendedKeyUsage([x509.ObjectIdentifier(SERVER_AUTH), x509.ObjectIdentifier(CLIENT_AUTH)]), False),
)


def certificate(
    serial_number: int = 0x398B1DA600000000000E,
    not_after: datetime = BEGIN + timedelta(days=366),
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = EXTENSIONS,
) -> bytes:
    return self_signed(
        KEY,
        NAME,
        not_before=BEGIN,
        not_after=not_after,
        serial_number=serial_number,
        hash_name="sha1",
        extensions=extensions,
    )


DER = certificate()
PEM = pem_of(DER).encode()


def test_every_field_of_a_clean_certificate_is_read() -> None:
    read = parse_certificate(DER)
    assert read.problem is None
    assert str(read.subject) == "C=IN,ST=cisco,O=cisco,OU=cisco,CN=CUCM10"
    assert read.subject.common_name == "CUCM10"
    assert read.serial_hex == "0x398B1DA600000000000E"
    assert (read.not_before, read.not_after) == (BEGIN, BEGIN + timedelta(days=366))
    assert read.subject_alternative_names == ("DNS:a.example", "URI:sip:a.example")
    assert read.extended_key_usage == (SERVER_AUTH, CLIENT_AUTH)
    assert (read.is_ca, read.path_length) == (True, 1)
    assert (read.key_type, read.key_bits, read.signature_hash, read.signature_scheme) == ("RSA", 1024, "SHA-1", "RSA-PKCS1v1.5")
    assert read.names_itself_as_issuer
    assert is_signed_by(read, read)


@pytest.mark.parametrize(
    "wrapped",
    [
        PEM,
        DER,
        PEM.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + PEM,
        PEM.decode().encode("utf-16"),
        PEM.rstrip(b"\n"),
        b"Bag Attributes\n    friendlyName: x\nsubject=CN = x\n" + PEM,
        b"[\n  Version: V3\n]" + PEM,
        b"admin:show cert own CallManager\n" + PEM + b"admin:",
        PEM.replace(b"CERTIFICATE", b"X509 CERTIFICATE"),
        b"\n\n" + base64.b64encode(DER) + b"\n",
        DER + b"trailing bytes",
        export_windows_base64(DER),
        export_pkcs7_der([DER]),
        export_pkcs7_pem([DER]),
    ],
)
def test_the_same_certificate_is_found_in_every_wrapping(wrapped: bytes) -> None:
    assert parse_certificate(wrapped) == parse_certificate(DER)


def test_a_bundle_keeps_its_order() -> None:
    second = certificate(serial_number=2)
    for bundle in (export_pem([DER, second]), export_pkcs7_der([DER, second]), export_pkcs7_pem([DER, second])):
        assert [read.serial_number for read in parse_certificates(bundle)] == [0x398B1DA600000000000E, 2]


def test_a_hopeless_block_of_a_bundle_stays_in_place_with_its_problem() -> None:
    broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    first, second = parse_certificates(broken + PEM)
    assert first.problem is not None
    assert first.subject.attributes == ()
    assert second.problem is None


@pytest.mark.parametrize(
    "nothing",
    [b"", b"\n", b"hello", b"\x30", b"\x30\x80", b"\x30\x00", b"\x00" * 5000, b"-----BEGIN CERTIFICATE-----", b"<html>no</html>"],
)
def test_without_a_certificate_the_file_is_unreadable(nothing: bytes) -> None:
    with pytest.raises(FileUnreadable):
        parse_certificates(nothing)


def test_a_request_or_a_key_is_not_taken_for_a_certificate() -> None:
    request = sign_request(x509.CertificateSigningRequestBuilder(library_name(NAME)), KEY)
    with pytest.raises(FileUnreadable):
        parse_certificate(request)
    with pytest.raises(FileUnreadable):
        parse_certificate(pem_of(request, "CERTIFICATE REQUEST").encode())


def test_a_file_over_the_size_limit_is_refused() -> None:
    with pytest.raises(FileUnreadable, match="too large"):
        parse_certificates(PEM + b" " * LARGEST_BYTES)
    assert parse_certificates((PEM + b" " * LARGEST_BYTES)[:LARGEST_BYTES])[0].problem is None


def test_a_truncated_certificate_shows_what_came_before_the_cut() -> None:
    read = parse_certificate(DER[:-100])
    assert read.problem is not None
    assert "end before" in read.problem
    assert read.subject.common_name == "CUCM10"
    assert not is_signed_by(read, read)


def with_serial(serial: bytes) -> bytes:
    """The certificate with another INTEGER where the library would not write it."""
    tbs, algorithm, signature = read_element(certificate(extensions=())).children()
    version, _, *others = tbs.children()
    changed = encode(SEQUENCE, version.whole, encode(INTEGER, serial), *(field.whole for field in others))
    return encode(SEQUENCE, changed, algorithm.whole, signature.whole)


@pytest.mark.parametrize(
    ("serial", "problem"),
    [
        (b"\x00", "not positive"),
        (b"\xff", "not positive"),
        (b"\x01" * 21, "longer than 20"),
        (b"\x01" * 20, None),
        (b"\x01", None),
    ],
)
def test_a_forbidden_serial_number_is_read_and_named(serial: bytes, problem: str | None) -> None:
    read = parse_certificate(with_serial(serial))
    assert read.serial_number == int.from_bytes(serial, "big", signed=True)
    assert read.subject.common_name == "CUCM10"
    assert (problem or "None") in str(read.problem)


def test_an_extension_that_stands_twice_is_named() -> None:
    usage_as_names = DER.replace(bytes.fromhex("0603551d25"), bytes.fromhex("0603551d11"), 1)
    read = parse_certificate(usage_as_names)
    assert read.problem == "extension 2.5.29.17 twice"
    assert read.subject_alternative_names == ("DNS:a.example", "URI:sip:a.example")


def test_what_only_the_strict_parser_refuses_is_named_too() -> None:
    fifth_version = DER.replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020104"), 1)
    read = parse_certificate(fifth_version)
    assert read.problem is not None
    assert read.problem.startswith("a strict parser refuses it")
    assert read.serial_hex == "0x398B1DA600000000000E"


@pytest.mark.parametrize(
    ("curve", "name", "bits"),
    [(ec.SECP256R1(), "secp256r1", 256), (ec.SECP384R1(), "secp384r1", 384), (ec.SECP521R1(), "secp521r1", 521)],
)
def test_elliptic_keys_show_curve_and_size(curve: ec.EllipticCurve, name: str, bits: int) -> None:
    key = ec.generate_private_key(curve)
    read = parse_certificate(self_signed(key, NAME, not_before=BEGIN, not_after=BEGIN + timedelta(1), serial_number=1))
    assert (read.key_type, read.curve, read.key_bits, read.signature_scheme) == ("EC", name, bits, "ECDSA")
    assert is_signed_by(read, read)


def test_parameters_of_an_ecdsa_signature_are_named() -> None:
    tbs, _, signature = read_element(
        self_signed(OTHER_KEY, NAME, not_before=BEGIN, not_after=BEGIN + timedelta(1), serial_number=1)
    ).children()
    with_null = bytes.fromhex("300c06082a8648ce3d0403020500")
    fields = [with_null if index == 2 else field.whole for index, field in enumerate(tbs.children())]
    read = parse_certificate(encode(SEQUENCE, encode(SEQUENCE, *fields), with_null, signature.whole))
    assert "RFC 5758" in str(read.problem)
    assert read.signature_scheme == "ECDSA"


def test_a_name_that_is_not_of_its_declared_encoding_is_read_as_latin_1() -> None:
    long_name = DER.replace(b"\x0c\x06CUCM10", b"\x0c\x06CUCM\xff1")
    assert parse_certificate(long_name).subject.common_name == "CUCM\xff1"


def test_an_edwards_key_has_a_scheme_and_no_hash() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    name = library_name(NAME)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, BEGIN, BEGIN + timedelta(1))
    read = parse_certificate(builder.sign(key, None).public_bytes(Encoding.DER))
    assert (read.key_type, read.signature_scheme, read.signature_hash) == ("Ed25519", "Ed25519", None)
    assert is_signed_by(read, read)


def test_times_on_both_sides_of_2050_are_read() -> None:
    read = parse_certificate(certificate(not_after=datetime(2050, 1, 1, tzinfo=UTC)))
    assert read.not_after == datetime(2050, 1, 1, tzinfo=UTC)
    assert parse_certificate(certificate(not_after=datetime(2049, 12, 31, tzinfo=UTC))).not_after == datetime(
        2049, 12, 31, tzinfo=UTC
    )


def test_a_signature_of_another_key_does_not_verify() -> None:
    other = self_signed(OTHER_KEY, NAME, not_before=BEGIN, not_after=BEGIN + timedelta(1), serial_number=1)
    assert not is_signed_by(parse_certificate(DER), parse_certificate(other))
    assert not is_signed_by(parse_certificate(other), parse_certificate(DER))


REQUEST_BUILDER = x509.CertificateSigningRequestBuilder(library_name(NAME)).add_extension(
    x509.SubjectAlternativeName([x509.DNSName("a.example")]), critical=False
)


@pytest.mark.parametrize("hash_name", ["sha1", "sha256", "sha384", "sha512", "md5"])
def test_a_request_signed_with_its_own_key_is_valid_whatever_the_hash(hash_name: str) -> None:
    read = parse_request(sign_request(REQUEST_BUILDER, KEY, hash_name))
    assert read.signature_valid
    assert read.subject.same_as(NAME)
    assert read.subject_alternative_names == ("DNS:a.example",)
    assert read.public_key_sha256 == parse_certificate(DER).public_key_sha256


@pytest.mark.parametrize("label", ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST", "CERTIFICATE SIGN REQUEST"])
def test_every_armour_of_a_request_is_accepted(label: str) -> None:
    der = sign_request(REQUEST_BUILDER, KEY, "sha1")
    assert parse_request(b"admin:\r\n" + pem_of(der, label).encode()).der == der


def test_a_changed_request_is_not_valid() -> None:
    der = sign_request(REQUEST_BUILDER, KEY, "sha1")
    assert not parse_request(der.replace(b"CUCM10", b"CUCM11")).signature_valid
    with pytest.raises(FileUnreadable):
        parse_request(der[:-1])
    with pytest.raises(FileUnreadable):
        parse_request(PEM)
    with pytest.raises(FileUnreadable):
        parse_request(b"")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/C=IN/ST=cisco/L=cisco/O=cisco/OU=cisco/CN=CUCM10", "C=IN,ST=cisco,L=cisco,O=cisco,OU=cisco,CN=CUCM10"),
        ("L=GB, ST=LN, CN=LAB-PUB, OU=LAB, O=ORG, C=GB", "L=GB,ST=LN,CN=LAB-PUB,OU=LAB,O=ORG,C=GB"),
        ("CN=CA,DC=CA", "CN=CA,DC=CA"),
        ("CUCM10", "CN=CUCM10"),
        ("CN=a\\,b, O=c", "CN=a,b,O=c"),
        ('CN="a, O=b", O=c', "CN=a, O=b,O=c"),
        ("/CN=http://a/b/O=c", "CN=http://a/b,O=c"),
        ("cn=x, s=y, e=z@example", "CN=x,ST=y,emailAddress=z@example"),
        ("", ""),
        ("   ", ""),
    ],
)
def test_printed_names_are_read_in_every_form(text: str, expected: str) -> None:
    assert str(parse_distinguished_name(text)) == expected


def test_the_same_name_in_two_printed_orders_means_the_same() -> None:
    assert parse_distinguished_name("/C=IN/CN=CUCM10").same_as(parse_distinguished_name("CN=CUCM10, C=IN"))
    assert not parse_distinguished_name("/C=IN/CN=CUCM10").same_as(parse_distinguished_name("CN=CUCM11, C=IN"))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(DER) - 1), st.integers(0, 255)), min_size=1, max_size=8), st.integers(0, len(DER)))
def test_a_mutated_certificate_is_read_or_refused_never_a_crash(changes: list[tuple[int, int]], length: int) -> None:
    mutated = bytearray(DER)
    for position, value in changes:
        mutated[position] = value
    for data in (bytes(mutated), bytes(mutated[:length])):
        try:
            for read in parse_certificates(data):
                is_signed_by(read, read)
                assert read.serial_hex
        except FileUnreadable:
            continue


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_arbitrary_bytes_are_refused_in_order(data: bytes) -> None:
    for reader in (parse_certificates, parse_request):
        for text in (data, b"-----BEGIN CERTIFICATE-----\n" + data, b"\x30\x82\x03\x00\x30" + data):
            with pytest.raises(FileUnreadable):
                reader(text)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=100))
def test_any_text_gives_a_name(text: str) -> None:
    parse_distinguished_name(text)
    parse_distinguished_name("/" + text)


def test_absurdly_many_elements_are_refused_without_listing_them() -> None:
    many = encode(SEQUENCE, b"\x30\x00" * 500_000)
    for data in (many, export_pkcs7_der([many]), export_pkcs7_der([b"\x30\x00"] * 500_000)):
        with pytest.raises(FileUnreadable):
            parse_certificates(data)


def test_armour_without_end_is_refused_without_trying_every_line() -> None:
    with pytest.raises(FileUnreadable):
        parse_certificates(b"-----BEGIN CERTIFICATE-----\n" * 100_000)
