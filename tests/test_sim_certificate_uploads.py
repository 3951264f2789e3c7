"""Certificates uploaded to a simulated node: what it takes, and what it refuses in which words."""

import contextlib
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.sim.certificates.store import CertificateRefused, read_certificates
from pytest_cucmtls.wire.x509 import parse_certificate
from tests.sim_certificate_stores import (
    NOW,
    OTHER_KEY,
    ROOT_KEY,
    Clock,
    der,
    issued,
    name,
    ready_for_upload,
    refusal,
    root,
    signed,
    store,
)


def test_an_upload_without_the_authority_in_trust_is_refused_even_when_the_chain_is_sent_along() -> None:
    found = store()
    request = found.generate_request("CallManager")
    refused = refusal(found, [signed(request), root()])
    assert (refused.code, refused.message) == ("ca-missing", "CA certificate is not available in the trust-store")


def test_the_authority_in_another_units_trust_does_not_help() -> None:
    found = store()
    found.import_trust("tomcat", root())
    request = found.generate_request("CallManager")
    assert refusal(found, [signed(request)]).code == "ca-missing"


def test_an_authority_of_the_same_name_with_another_key_is_no_issuer() -> None:
    found, request = ready_for_upload()
    assert refusal(found, [signed(request, key=OTHER_KEY)]).code == "ca-missing"


def test_an_intermediate_without_its_root_is_not_enough_and_with_it_is() -> None:
    found = store()
    request = found.generate_request("CallManager")
    intermediate = issued(name("Issuing"), OTHER_KEY.public_key(), name("CA"))
    leaf = signed(request, issuer=name("Issuing"), key=OTHER_KEY)
    found.import_trust("CallManager", intermediate)
    assert refusal(found, [leaf]).code == "ca-missing"
    found.import_trust("CallManager", root())
    found.import_identity("CallManager", [leaf])
    identity = found.own("CallManager")
    assert identity is not None
    assert [parse_certificate(der).subject.common_name for der in identity.chain] == ["Issuing", "CA"]


def test_two_authorities_that_issued_each_other_do_not_make_a_chain() -> None:
    found = store()
    request = found.generate_request("CallManager")
    found.import_trust("CallManager", issued(name("Issuing"), OTHER_KEY.public_key(), name("Other")))
    found.import_trust("CallManager", issued(name("Other"), ROOT_KEY.public_key(), name("Issuing"), key=OTHER_KEY))
    assert refusal(found, [signed(request, issuer=name("Issuing"), key=OTHER_KEY)]).code == "ca-missing"


@pytest.mark.parametrize(
    ("unit", "path"),
    [
        ("CallManager", "/usr/local/cm/.security/CallManager/keys/CallManager.csr"),
        ("tomcat", "/usr/local/platform/.security/tomcat/keys/tomcat.csr"),
    ],
)
def test_an_upload_without_request_names_the_missing_file(unit: str, path: str) -> None:
    found = store()
    found.import_trust(unit, root())
    leaf = issued(name("CUCM10"), OTHER_KEY.public_key(), name("CA"))
    with pytest.raises(CertificateRefused) as caught:
        found.import_identity(unit, [leaf])
    assert (caught.value.code, caught.value.message) == ("no-request", f"File {path} does not exist")


@pytest.mark.parametrize(
    ("release", "message"),
    [
        ("12.5", "CSR public key and Certificate public key do not match"),
        ("9.1", "The file /usr/local/platform/upload/certs//CallManager.der could not be uploaded."),
    ],
)
def test_a_certificate_for_another_key_is_refused_in_the_releases_words(release: str, message: str) -> None:
    found, request = ready_for_upload(release)
    refused = refusal(found, [signed(request, public_key=OTHER_KEY.public_key())])
    assert (refused.code, refused.message) == ("key-mismatch", message)


def alternative_names(*texts: str) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.DNSName(text) for text in texts])


@pytest.mark.parametrize("names", [("CUCM10",), ("CUCM10", "a.example", "b.example"), None], ids=["fewer", "more", "none"])
def test_another_set_of_alternative_names_is_refused(names: tuple[str, ...] | None) -> None:
    found, _ = ready_for_upload()
    request = found.generate_request("CallManager", alt_names=["a.example"])
    refused = refusal(found, [signed(request, san=alternative_names(*names) if names else None)])
    assert (refused.code, refused.message) == ("san-mismatch", "CSR SAN and Certificate SAN does not match")


def test_the_order_of_alternative_names_does_not_matter() -> None:
    found, _ = ready_for_upload()
    request = found.generate_request("CallManager", alt_names=["a.example"])
    found.import_identity("CallManager", [signed(request, san=alternative_names("a.example", "CUCM10"))])
    assert found.request("CallManager") is None


def test_a_request_without_names_wants_a_certificate_without_names() -> None:
    found, request = ready_for_upload("9.1")
    assert refusal(found, [signed(request, san=alternative_names("CUCM10"))]).code == "san-mismatch"
    found.import_identity("CallManager", [signed(request)])


def test_a_certificate_is_refused_from_the_second_it_ends() -> None:
    clock = Clock()
    found, request = ready_for_upload(clock=clock)
    leaf = signed(request, not_before=NOW, days=1)
    clock.at = NOW + timedelta(days=1)
    assert refusal(found, [leaf]).code == "expired"
    clock.at -= timedelta(seconds=1)
    found.import_identity("CallManager", [leaf])


def test_an_expired_authority_is_not_trusted() -> None:
    found = store()
    with pytest.raises(CertificateRefused) as caught:
        found.import_trust("CallManager", root(not_before=NOW - timedelta(days=2), days=2))
    assert caught.value.code == "expired"
    assert found.trust("CallManager") == {}


@pytest.mark.parametrize("where", ["subject", "san"])
def test_a_wildcard_certificate_is_refused(where: str) -> None:
    found, request = ready_for_upload()
    change = {"subject": name("*.example")} if where == "subject" else {"san": alternative_names("*.example")}
    assert refusal(found, [signed(request, **change)]).code == "wildcard"


@pytest.mark.parametrize("junk", [b"", b"not a certificate", b"\x30\x82\xff\xff", b"\x30\x03\x02\x01\x01"])
def test_bytes_that_are_no_certificate_are_refused_on_every_way_in(junk: bytes) -> None:
    found, _ = ready_for_upload()
    assert refusal(found, [junk]).code == "unreadable"
    for way_in in (lambda: found.import_trust("CallManager", junk), lambda: read_certificates(junk)):
        with pytest.raises(CertificateRefused) as caught:
            way_in()
        assert (caught.value.code, caught.value.message) == ("unreadable", "Error reading the certificate")


def test_an_empty_upload_is_refused() -> None:
    found, _ = ready_for_upload()
    assert refusal(found, []).code == "unreadable"


def test_a_truncated_certificate_is_refused_at_every_length() -> None:
    found, request = ready_for_upload()
    leaf = signed(request)
    for length in range(0, len(leaf), 37):
        assert refusal(found, [leaf[:length]]).code == "unreadable"


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 700))
def test_a_damaged_certificate_is_refused_or_kept_whole_but_never_crashes_the_store(damage: bytes, place: int) -> None:
    found = store()
    whole = root()
    damaged = whole[:place] + damage + whole[place + len(damage) :]
    with contextlib.suppress(CertificateRefused):
        file_name = found.import_trust("CallManager", damaged)
        assert found.trust("CallManager")[file_name].der == damaged


def test_trusted_keys_of_other_kinds_are_no_issuers_but_do_no_harm() -> None:
    found, request = ready_for_upload()
    key = ed25519.Ed25519PrivateKey.generate()
    odd = (
        x509.CertificateBuilder()
        .subject_name(name("Edwards"))
        .issuer_name(name("Edwards"))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .sign(key, None)
    )
    found.import_trust("CallManager", der(odd))
    assert refusal(found, [signed(request, issuer=name("Edwards"))]).code == "ca-missing"


def test_an_elliptic_curve_authority_can_sign() -> None:
    found = store()
    key = ec.generate_private_key(ec.SECP256R1())
    found.import_trust("CallManager", issued(name("EC"), key.public_key(), name("EC"), key=key))
    request = found.generate_request("CallManager")
    found.import_identity("CallManager", [signed(request, issuer=name("EC"), key=key)])
    assert found.request("CallManager") is None
