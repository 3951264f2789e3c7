"""A certificate beside its request: every attribute has a verdict, and what CUCM or the peer cannot use is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pytest_cucmtls.ca.embedded import EmbeddedAuthority
from pytest_cucmtls.model.certificates import CLIENT_AUTH, IPSEC_END_SYSTEM, SERVER_AUTH, Certificate, CertificateRequest
from pytest_cucmtls.wire.x509 import parse_certificate, parse_request
from pytest_cucmtls.wire.x509_attributes import CLOCK_TOLERANCE, Acceptance, ComparedAttribute, compared_attributes, refusals
from pytest_cucmtls.wire.x509_sign import generate_key
from tests.certsrv_stand import request_of

KEY = generate_key(1024)
REQUEST_PEM = request_of(KEY)
REQUEST = parse_request(REQUEST_PEM)
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Certificate, tuple[Certificate, ...]]:
    authority = EmbeddedAuthority(tmp_path_factory.mktemp("ca"), key_length=1024, with_intermediate=True)
    number = authority.submit(REQUEST_PEM, label="A")
    authority.issue(number)
    return parse_certificate(authority.retrieve(number)), tuple(parse_certificate(der) for der in authority.chain())


def rows(
    signed: tuple[Certificate, tuple[Certificate, ...]],
    *,
    request: CertificateRequest = REQUEST,
    at: datetime | None = None,
    **changed: object,
) -> dict[str, ComparedAttribute]:
    certificate, chain = signed
    found = compared_attributes(request, replace(certificate, **changed), chain, at=at or datetime.now(UTC))  # type: ignore[arg-type]
    assert bool(refusals(found)) == any(row.acceptance is Acceptance.REFUSED for row in found)
    return {row.name: row for row in found}


def refused(found: dict[str, ComparedAttribute]) -> set[str]:
    return {name for name, row in found.items() if row.acceptance is Acceptance.REFUSED}


def test_what_the_embedded_authority_issues_is_as_asked_or_tolerated(signed: tuple[Certificate, tuple[Certificate, ...]]) -> None:
    found = rows(signed)
    assert refused(found) == set()
    assert list(found) == [
        "public key",
        "common name",
        "subject",
        "subject alternative names",
        "extended key usage",
        "key usage",
        "basic constraints",
        "validity",
        "signature hash",
        "issuer",
    ]
    assert all(row.asked and row.given for row in found.values())
    assert all(bool(row.why) == (row.acceptance is not Acceptance.SAME) for row in found.values())
    assert "365 days left" in found["validity"].line or "364 days left" in found["validity"].line


@pytest.mark.parametrize(
    ("changed", "attribute", "words"),
    [
        ({"public_key_sha256": "b" * 64}, "public key", "the certificate bbbb"),
        ({"extended_key_usage": (SERVER_AUTH,)}, "extended key usage", "clientAuth was asked for"),
        ({"extended_key_usage": (CLIENT_AUTH,)}, "extended key usage", "serverAuth was asked for"),
        ({"extended_key_usage": ()}, "extended key usage", "clientAuth"),
        ({"key_usage": ("keyEncipherment",)}, "key usage", "digitalSignature"),
        ({"is_ca": True}, "basic constraints", "CA certificate"),
        ({"subject_alternative_names": ()}, "subject alternative names", "not issued"),
        ({"subject_alternative_names": ("DNS:cucm-a.example", "DNS:*")}, "subject alternative names", "not asked for"),
        ({"not_before": None}, "validity", "cannot be read"),
    ],
)
def test_one_unusable_attribute_is_refused_and_named(
    signed: tuple[Certificate, tuple[Certificate, ...]], changed: dict[str, object], attribute: str, words: str
) -> None:
    found = rows(signed, **changed)
    assert attribute in refused(found)
    assert refused(found) <= {attribute, "issuer"}
    assert words in found[attribute].why


@pytest.mark.parametrize(
    ("changed", "attribute"),
    [
        ({"extended_key_usage": (SERVER_AUTH, CLIENT_AUTH)}, "extended key usage"),
        ({"extended_key_usage": (SERVER_AUTH, CLIENT_AUTH, IPSEC_END_SYSTEM, "1.2.3")}, "extended key usage"),
        ({"extended_key_usage": None}, "extended key usage"),
        ({"key_usage": ("digitalSignature",)}, "key usage"),
        ({"key_usage": None}, "key usage"),
        ({"signature_hash": "SHA-512"}, "signature hash"),
        ({"signature_hash": "SHA-1"}, "signature hash"),
    ],
)
def test_the_authoritys_own_choices_are_tolerated_and_the_reason_is_given(
    signed: tuple[Certificate, tuple[Certificate, ...]], changed: dict[str, object], attribute: str
) -> None:
    found = rows(signed, request=replace(REQUEST, key_usage=("keyCertSign",)), **changed)
    assert refused(found) == set()
    assert found[attribute].acceptance is Acceptance.TOLERATED
    assert found[attribute].why


def test_both_roles_are_needed_even_when_the_request_asks_for_none(signed: tuple[Certificate, tuple[Certificate, ...]]) -> None:
    found = rows(signed, request=replace(REQUEST, extended_key_usage=None), extended_key_usage=(SERVER_AUTH,))
    assert "clientAuth is missing" in found["extended key usage"].why
    assert refused(found) == {"extended key usage"}
    silent = rows(signed, request=replace(REQUEST, extended_key_usage=None), extended_key_usage=None)
    assert silent["extended key usage"].acceptance is Acceptance.SAME


def test_the_dates_are_judged_at_their_boundaries(signed: tuple[Certificate, tuple[Certificate, ...]]) -> None:
    certificate = signed[0]
    assert certificate.not_before is not None
    assert certificate.not_after is not None
    assert "validity" not in refused(rows(signed, at=certificate.not_after))
    assert "validity" in refused(rows(signed, at=certificate.not_after + MINUTE))
    assert "validity" not in refused(rows(signed, at=certificate.not_before - CLOCK_TOLERANCE))
    assert "validity" in refused(rows(signed, at=certificate.not_before - CLOCK_TOLERANCE - MINUTE))


def test_a_certificate_of_another_authority_or_without_its_intermediate_is_refused(
    signed: tuple[Certificate, tuple[Certificate, ...]], tmp_path: Path
) -> None:
    certificate, chain = signed
    stranger = tuple(parse_certificate(der) for der in EmbeddedAuthority(tmp_path, key_length=1024).chain())
    assert refused(rows((certificate, stranger))) == {"issuer"}
    assert refused(rows((certificate, chain[1:]))) == {"issuer"}
    assert refused(rows((certificate, ()))) == {"issuer"}
