"""Every attribute an authority changed between request and certificate is named, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pytest_cucmtls.model.certificates import CLIENT_AUTH, SERVER_AUTH, Certificate, CertificateRequest, DistinguishedName
from pytest_cucmtls.wire.x509_compare import differences

NAME = DistinguishedName((("C", "IN"), ("O", "cisco"), ("CN", "CUCM10")))
REQUEST = CertificateRequest(
    der=b"",
    subject=NAME,
    key_type="RSA",
    key_bits=2048,
    signature_hash="SHA-256",
    public_key_sha256="a" * 64,
    signature_valid=True,
    subject_alternative_names=("DNS:a.example", "DNS:b.example"),
    extended_key_usage=(SERVER_AUTH, CLIENT_AUTH),
)
CERTIFICATE = Certificate(
    der=b"",
    sha256="",
    subject=NAME,
    issuer=DistinguishedName((("CN", "CA"),)),
    serial_number=1,
    not_before=datetime(2026, 1, 1, tzinfo=UTC),
    not_after=datetime(2027, 1, 1, tzinfo=UTC),
    subject_alternative_names=("DNS:b.example", "DNS:A.example"),
    extended_key_usage=(CLIENT_AUTH, SERVER_AUTH, "1.3.6.1.5.5.7.3.5"),
    public_key_sha256="a" * 64,
)


def test_order_case_and_added_usages_are_no_difference() -> None:
    reordered = replace(CERTIFICATE, subject=DistinguishedName(tuple(reversed(NAME.attributes))))
    assert differences(REQUEST, CERTIFICATE) == ()
    assert differences(REQUEST, reordered) == ()


def test_an_absent_usage_extension_restricts_nothing() -> None:
    assert differences(REQUEST, replace(CERTIFICATE, extended_key_usage=None)) == ()
    assert differences(replace(REQUEST, extended_key_usage=None), CERTIFICATE) == ()


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        (replace(CERTIFICATE, public_key_sha256="b" * 64), ("public key",)),
        (replace(CERTIFICATE, subject=DistinguishedName((("C", "IN"), ("O", "cisco"), ("CN", "X")))), ("CN", "CUCM10", "'X'")),
        (replace(CERTIFICATE, subject=DistinguishedName((("C", "IN"), ("CN", "CUCM10")))), ("subject: O=cisco", "not issued")),
        (
            replace(CERTIFICATE, subject=DistinguishedName((*NAME.attributes, ("OU", "x")))),
            ("subject: OU=x", "not asked for"),
        ),
        (replace(CERTIFICATE, subject_alternative_names=("DNS:b.example",)), ("DNS:a.example", "not issued")),
        (
            replace(CERTIFICATE, subject_alternative_names=("DNS:a.example", "DNS:b.example", "DNS:c.example")),
            ("DNS:c.example", "not asked for"),
        ),
        (replace(CERTIFICATE, extended_key_usage=(SERVER_AUTH,)), ("clientAuth", "not issued")),
    ],
)
def test_one_change_gives_one_sentence_that_names_it(certificate: Certificate, words: tuple[str, ...]) -> None:
    found = differences(REQUEST, certificate)
    assert len(found) == 1
    assert all(word in found[0] for word in words)


def test_every_dropped_name_is_named_on_its_own() -> None:
    assert len(differences(REQUEST, replace(CERTIFICATE, subject_alternative_names=()))) == 2
