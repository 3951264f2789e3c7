"""The simulated certificate store: what it makes, what it accepts, and what it refuses with CUCM's words."""

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.model.certificates import CLIENT_AUTH, IPSEC_END_SYSTEM, SERVER_AUTH
from pytest_cucmtls.sim.certificates.store import CertificateRefused, CertificateStore, read_certificates
from pytest_cucmtls.sim.releases import RELEASES
from pytest_cucmtls.wire.x509 import parse_certificate, parse_request

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SUBJECT = (("C", "IN"), ("O", "cisco"), ("OU", "cisco"))
ROOT_KEY = rsa.generate_private_key(65537, 2048)
OTHER_KEY = rsa.generate_private_key(65537, 2048)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


def store(release: str = "12.5", clock: Clock | None = None) -> CertificateStore:
    units = ("CallManager", "CallManager-ECDSA", "tomcat")
    return CertificateStore(common_name="CUCM10", subject=SUBJECT, release=RELEASES[release], units=units, clock=clock or Clock())


def name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def root(common_name: str = "CA", *, not_before: datetime = NOW - timedelta(days=1), days: int = 3650) -> bytes:
    return issued(name(common_name), ROOT_KEY.public_key(), name(common_name), not_before=not_before, days=days)


def issued(
    subject: x509.Name,
    public_key: object,
    issuer: x509.Name,
    *,
    key: object = ROOT_KEY,
    san: x509.SubjectAlternativeName | None = None,
    not_before: datetime = NOW - timedelta(minutes=10),
    days: float = 365,
) -> bytes:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_before + timedelta(days=days))
    )
    if san is not None:
        builder = builder.add_extension(san, critical=False)
    return der(builder.sign(key, hashes.SHA256()))


def signed(request_der: bytes, **changes: object) -> bytes:
    """What an honest authority makes of a request; `changes` replace arguments of `issued`."""
    request = x509.load_der_x509_csr(request_der)
    try:
        san = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        san = None
    arguments = {"subject": request.subject, "public_key": request.public_key(), "issuer": name("CA"), "san": san, **changes}
    return issued(**arguments)


def ready_for_upload(release: str = "12.5", clock: Clock | None = None) -> tuple[CertificateStore, bytes]:
    """A store that trusts the root and has a pending request."""
    found = store(release, clock)
    found.import_trust("CallManager", root())
    return found, found.generate_request("CallManager", key_length=2048)


def refusal(found: CertificateStore, chain: Sequence[bytes]) -> CertificateRefused:
    """The refusal of an upload, after checking that nothing changed."""
    before, pending = found.own("CallManager"), found.request("CallManager")
    with pytest.raises(CertificateRefused) as caught:
        found.import_identity("CallManager", chain)
    assert found.own("CallManager") is before
    assert found.request("CallManager") is pending
    return caught.value


@pytest.mark.parametrize(
    ("release", "bits", "hash_name"), [("9.1", 1024, "SHA-1"), ("10.5", 2048, "SHA-256"), ("15", 3072, "SHA-256")]
)
def test_a_new_node_has_a_self_signed_certificate_as_its_release_makes_it(release: str, bits: int, hash_name: str) -> None:
    identity = store(release).own("CallManager")
    assert identity is not None
    certificate = parse_certificate(identity.der)
    assert (certificate.key_bits, certificate.signature_hash) == (bits, hash_name)
    assert str(certificate.subject) == "C=IN,O=cisco,OU=cisco,CN=CUCM10"
    assert certificate.names_itself_as_issuer
    assert not certificate.is_ca
    assert certificate.extended_key_usage == (SERVER_AUTH, CLIENT_AUTH, IPSEC_END_SYSTEM)
    assert certificate.key_usage is not None
    assert "dataEncipherment" in certificate.key_usage
    assert certificate.not_before == NOW
    assert certificate.not_after == NOW + timedelta(days=5 * 365 + 1, seconds=-1)
    assert identity.description == "Self-signed certificate generated by system"
    assert identity.chain == ()


def test_the_tomcat_certificate_is_usable_by_todays_clients_on_every_release() -> None:
    identity = store("9.1").own("tomcat")
    assert identity is not None
    certificate = parse_certificate(identity.der)
    assert (certificate.key_bits, certificate.signature_hash) == (2048, "SHA-256")


def test_an_ecdsa_unit_has_an_elliptic_curve_key() -> None:
    identity = store().own("CallManager-ECDSA")
    assert identity is not None
    assert parse_certificate(identity.der).key_type == "EC"


def test_a_unit_the_node_does_not_have_has_no_certificate_and_no_trust() -> None:
    found = store()
    assert found.own("CallManager-XYZ") is None
    assert found.trust("CallManager-XYZ") == {}
    for refused in (found.regenerate, found.generate_request, lambda unit: found.import_trust(unit, root())):
        with pytest.raises(CertificateRefused) as caught:
            refused("CallManager-XYZ")
        assert caught.value.code == "unknown-unit"


def test_regenerating_gives_another_self_signed_certificate_from_now_on() -> None:
    clock = Clock()
    found = store(clock=clock)
    before = found.own("CallManager")
    clock.at += timedelta(days=30)
    found.regenerate("CallManager")
    after = found.own("CallManager")
    assert before is not None
    assert after is not None
    assert before.der != after.der
    assert parse_certificate(after.der).not_before == clock.at


def test_a_request_with_defaults_is_the_releases_own_and_leaves_the_certificate_alone() -> None:
    found = store("9.1")
    before = found.own("CallManager")
    request = parse_request(found.generate_request("CallManager"))
    assert (request.key_bits, request.signature_hash, request.signature_valid) == (1024, "SHA-1", True)
    assert str(request.subject) == "C=IN,O=cisco,OU=cisco,CN=CUCM10"
    assert request.subject_alternative_names == ()
    assert request.extended_key_usage == (SERVER_AUTH, CLIENT_AUTH, IPSEC_END_SYSTEM)
    assert found.own("CallManager") is before


def test_a_request_carries_what_was_asked_for() -> None:
    asked = store("14").generate_request(
        "CallManager", key_length=4096, hash_name="sha512", common_name="cm.example", alt_names=["a.example", "b.example"]
    )
    request = parse_request(asked)
    assert (request.key_bits, request.signature_hash, request.subject.common_name) == (4096, "SHA-512", "cm.example")
    assert set(request.subject_alternative_names) == {"DNS:cm.example", "DNS:a.example", "DNS:b.example"}


def test_a_second_request_overwrites_the_first() -> None:
    found, first = ready_for_upload()
    second = found.generate_request("CallManager")
    pending = found.request("CallManager")
    assert pending is not None
    assert pending.der == second != first
    assert refusal(found, [signed(first)]).code == "key-mismatch"


@pytest.mark.parametrize(
    "asked",
    [{"key_length": 2047}, {"key_length": 512}, {"hash_name": "crc32"}, {"common_name": "x" * 65}, {"alt_names": ["é.example"]}],
    ids=lambda asked: next(iter(asked)),
)
def test_a_request_that_is_not_offered_is_refused_and_none_is_pending(asked: dict[str, object]) -> None:
    found = store()
    with pytest.raises(CertificateRefused) as caught:
        found.generate_request("CallManager", **asked)
    assert caught.value.code == "invalid-request"
    assert found.request("CallManager") is None


def test_the_certificate_that_answers_the_request_is_installed_with_its_issuers_and_consumes_the_request() -> None:
    found, request = ready_for_upload()
    leaf = signed(request)
    pending = found.request("CallManager")
    found.import_identity("CallManager", [leaf])
    identity = found.own("CallManager")
    assert identity is not None
    assert pending is not None
    assert identity.der == leaf
    assert identity.private_key is pending.private_key
    assert identity.chain == (next(iter(found.trust("CallManager").values())).der,)
    assert identity.description == "Certificate Signed by CA"
    assert found.request("CallManager") is None
    assert refusal(found, [leaf]).code == "no-request"


def test_the_pem_of_an_identity_holds_key_leaf_and_issuers_in_this_order() -> None:
    found, request = ready_for_upload()
    found.import_identity("CallManager", [signed(request)])
    identity = found.own("CallManager")
    assert identity is not None
    pem = identity.pem()
    assert pem.index(b"PRIVATE KEY") < pem.index(b"BEGIN CERTIFICATE")
    assert read_certificates(pem) == (identity.der, *identity.chain)


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


def test_trust_files_are_named_after_the_common_name() -> None:
    found = store()
    assert found.import_trust("CallManager", root("Voice Root CA"), description="our root") == "Voice_Root_CA.pem"
    assert found.trust("CallManager-trust")["Voice_Root_CA.pem"].description == "our root"
    assert found.trust("tomcat") == {}


def test_of_two_authorities_with_one_name_the_one_that_starts_later_stays() -> None:
    found = store()
    older, newer = root(not_before=NOW - timedelta(days=2)), root(not_before=NOW - timedelta(days=1))
    found.import_trust("CallManager", older)
    found.import_trust("CallManager", newer)
    assert found.trust("CallManager")["CA.pem"].der == newer
    found.import_trust("CallManager", older)
    assert found.trust("CallManager")["CA.pem"].der == newer
    found.import_trust("CallManager", root(not_before=NOW - timedelta(days=1)))
    assert found.trust("CallManager")["CA.pem"].der == newer


@pytest.mark.parametrize("spelling", ["CA.pem", "CA"])
def test_a_deleted_authority_is_gone_and_cannot_be_deleted_twice(spelling: str) -> None:
    found = store()
    found.import_trust("CallManager", root())
    found.delete_trust("CallManager-trust", spelling)
    assert found.trust("CallManager") == {}
    with pytest.raises(CertificateRefused) as caught:
        found.delete_trust("CallManager", spelling)
    assert caught.value.code == "not-found"


def test_what_trust_returns_cannot_change_the_store() -> None:
    found = store()
    found.import_trust("CallManager", root())
    found.trust("CallManager").clear()
    assert list(found.trust("CallManager")) == ["CA.pem"]
