"""Authorities sign what they are asked to, keep requests pending until issued, and explain every refusal."""

import json
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from pytest_cucmtls.ca.authority import CertificateAuthority
from pytest_cucmtls.ca.embedded import EmbeddedAuthority
from pytest_cucmtls.ca.issuing import IssuingProfile, microsoft_serial_number, years_later
from pytest_cucmtls.model.certificates import CLIENT_AUTH, IPSEC_END_SYSTEM, SERVER_AUTH, DistinguishedName
from pytest_cucmtls.model.errors import CertificateAuthorityRefused, ConfigurationInvalid, FileUnreadable
from pytest_cucmtls.wire.x509 import is_signed_by, parse_certificate, parse_request, pem_of
from pytest_cucmtls.wire.x509_compare import differences
from pytest_cucmtls.wire.x509_sign import generate_key, library_name, sign_request

NOW = datetime(2015, 5, 14, 4, 31, 9, tzinfo=UTC)
KEY = generate_key(1024)
NAME = DistinguishedName((("C", "IN"), ("O", "cisco"), ("CN", "CUCMA")))
BUILDER = x509.CertificateSigningRequestBuilder(library_name(NAME)).add_extension(
    x509.SubjectAlternativeName([x509.DNSName("cucma.example"), x509.DNSName("*.example")]), critical=False
)
REQUEST_DER = sign_request(BUILDER, KEY, "sha1")
REQUEST = pem_of(REQUEST_DER, "CERTIFICATE REQUEST").encode()


def clock() -> datetime:
    return NOW


@pytest.fixture
def authority(tmp_path: Path) -> EmbeddedAuthority:
    return EmbeddedAuthority(tmp_path, key_length=1024, hash_name="sha1", now=clock)


def issued(authority: CertificateAuthority, request: bytes = REQUEST) -> bytes:
    number = authority.submit(request, label="A-cucma")
    authority.issue(number)
    return authority.retrieve(number)


def test_a_request_is_pending_until_issued(authority: EmbeddedAuthority) -> None:
    number = authority.submit(REQUEST, label="A-cucma")
    assert authority.state(number) == "pending"
    with pytest.raises(CertificateAuthorityRefused, match="still pending"):
        authority.retrieve(number)
    authority.issue(number)
    assert authority.state(number) == "issued"
    assert parse_certificate(authority.retrieve(number)).subject.same_as(NAME)


def test_issuing_twice_gives_the_same_certificate(authority: EmbeddedAuthority) -> None:
    number = authority.submit(REQUEST, label="A-cucma")
    authority.issue(number)
    first = authority.retrieve(number)
    authority.issue(number)
    assert authority.retrieve(number) == first


def test_a_denied_request_stays_denied_with_the_reason(authority: EmbeddedAuthority) -> None:
    number = authority.submit(REQUEST, label="A-cucma")
    authority.deny(number, "wrong department")
    assert authority.state(number) == "denied"
    with pytest.raises(CertificateAuthorityRefused, match="wrong department"):
        authority.retrieve(number)
    with pytest.raises(CertificateAuthorityRefused, match="denied"):
        authority.issue(number)


def test_the_certificate_looks_like_one_of_a_microsoft_authority(authority: EmbeddedAuthority) -> None:
    read = parse_certificate(issued(authority))
    assert read.problem is None
    assert read.serial_hex.endswith("000000000002")
    assert len(read.serial_hex) == len("0x197AD7E9000000000002")
    assert (read.not_before, read.not_after) == (NOW - timedelta(minutes=10), NOW.replace(year=2016))
    assert read.extended_key_usage == (SERVER_AUTH, CLIENT_AUTH, IPSEC_END_SYSTEM)
    assert read.key_usage == ("digitalSignature", "keyEncipherment", "dataEncipherment")
    assert str(read.issuer) == "DC=CA,CN=CA"
    assert read.signature_hash == "SHA-1"
    assert not read.is_ca
    assert differences(parse_request(REQUEST), read) == ()


@pytest.mark.parametrize("with_intermediate", [False, True])
def test_the_certificate_chains_to_a_self_signed_root(tmp_path: Path, with_intermediate: bool) -> None:
    authority = EmbeddedAuthority(tmp_path, key_length=1024, with_intermediate=with_intermediate)
    leaf = parse_certificate(issued(authority))
    chain = [parse_certificate(der) for der in authority.chain()]
    assert len(chain) == 1 + with_intermediate
    for below, above in zip([leaf, *chain], [*chain, chain[-1]], strict=True):
        assert is_signed_by(below, above)
        assert below.authority_key_identifier == above.subject_key_identifier
        assert above.is_ca
    assert chain[-1].names_itself_as_issuer


def test_a_second_process_continues_with_the_same_authority_and_numbers(tmp_path: Path) -> None:
    first = EmbeddedAuthority(tmp_path, key_length=1024, hash_name="sha1")
    number = first.submit(REQUEST, label="A")
    second = EmbeddedAuthority(tmp_path, key_length=2048, hash_name="sha256")
    assert second.chain() == first.chain()
    second.issue(number)
    assert first.state(number) == "issued"
    assert int(second.submit(REQUEST, label="B")) == int(number) + 1


def test_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    EmbeddedAuthority(tmp_path, key_length=1024)
    assert stat.S_IMODE((tmp_path / "authority" / "key.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "authority").stat().st_mode) == 0o700


def test_simultaneous_requests_never_share_a_number(authority: EmbeddedAuthority) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda index: authority.submit(REQUEST, label=str(index)), range(24)))
    assert len(set(numbers)) == 24


def test_simultaneous_first_uses_agree_on_one_authority(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        chains = list(pool.map(lambda _: EmbeddedAuthority(tmp_path, key_length=1024).chain(), range(4)))
    assert len(set(chains)) == 1


@pytest.mark.parametrize(
    ("profile", "difference"),
    [
        (IssuingProfile(extended_key_usage=(SERVER_AUTH,)), "clientAuth"),
        (IssuingProfile(copies_alternative_names=False), "cucma.example"),
    ],
)
def test_a_profile_can_drop_what_cucm_needs(tmp_path: Path, profile: IssuingProfile, difference: str) -> None:
    authority = EmbeddedAuthority(tmp_path, key_length=1024, profile=profile)
    request = replace(parse_request(REQUEST), extended_key_usage=(SERVER_AUTH, CLIENT_AUTH))
    found = differences(request, parse_certificate(issued(authority)))
    assert found
    assert difference in found[0]


def test_a_profile_without_usages_leaves_the_extension_out(tmp_path: Path) -> None:
    authority = EmbeddedAuthority(tmp_path, key_length=1024, profile=IssuingProfile(extended_key_usage=()))
    assert parse_certificate(issued(authority)).extended_key_usage is None


@pytest.mark.parametrize(
    "request_pem",
    [
        b"",
        b"hello",
        REQUEST[:-60],
        pem_of(REQUEST_DER.replace(b"CUCMA", b"CUCMB"), "CERTIFICATE REQUEST").encode(),
        b"x" * 70_000,
    ],
)
def test_what_is_no_sound_request_is_refused_at_once(authority: EmbeddedAuthority, request_pem: bytes) -> None:
    with pytest.raises(CertificateAuthorityRefused):
        authority.submit(request_pem, label="A")


@pytest.mark.parametrize("number", ["99", "", "../../etc", "0", "-1", "2/..", "9" * 30])
@pytest.mark.parametrize("ask", [EmbeddedAuthority.state, EmbeddedAuthority.issue, EmbeddedAuthority.retrieve])
def test_an_unknown_request_is_refused(
    authority: EmbeddedAuthority, number: str, ask: Callable[[EmbeddedAuthority, str], object]
) -> None:
    with pytest.raises(CertificateAuthorityRefused, match="no such request"):
        ask(authority, number)


@pytest.mark.parametrize(
    ("key_length", "hash_name", "country"), [(1024, "sha0", "IN"), (512, "sha256", "IN"), (1024, "sha256", "IND")]
)
def test_an_authority_that_cannot_be_made_is_a_configuration_problem(
    tmp_path: Path, key_length: int, hash_name: str, country: str
) -> None:
    subject = DistinguishedName((("C", country),))
    with pytest.raises(ConfigurationInvalid):
        EmbeddedAuthority(tmp_path, subject=subject, key_length=key_length, hash_name=hash_name)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_authority_folder_is_named(tmp_path: Path) -> None:
    EmbeddedAuthority(tmp_path, key_length=1024)
    (tmp_path / "authority" / "key.pem").write_text("nonsense")
    with pytest.raises(FileUnreadable, match="not an embedded authority"):
        EmbeddedAuthority(tmp_path)


def test_the_label_is_kept_with_the_request(authority: EmbeddedAuthority, tmp_path: Path) -> None:
    number = authority.submit(REQUEST, label="A-cucma")
    facts = json.loads((tmp_path / "requests" / number.zfill(5) / "request.json").read_text())
    assert facts == {"label": "A-cucma", "submitted_at": NOW.isoformat()}


def test_an_elliptic_request_is_signed_by_an_rsa_authority(authority: EmbeddedAuthority) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    request = sign_request(x509.CertificateSigningRequestBuilder(library_name(NAME)), key)
    read = parse_certificate(issued(authority, pem_of(request, "CERTIFICATE REQUEST").encode()))
    assert (read.key_type, read.signature_scheme) == ("EC", "RSA-PKCS1v1.5")


@pytest.mark.parametrize(
    ("start", "years", "end"),
    [
        (datetime(2016, 2, 29, 12, tzinfo=UTC), 1, datetime(2017, 2, 28, 12, tzinfo=UTC)),
        (datetime(2016, 2, 29, 12, tzinfo=UTC), 4, datetime(2020, 2, 29, 12, tzinfo=UTC)),
        (datetime(2015, 5, 14, 4, 21, tzinfo=UTC), 1, datetime(2016, 5, 14, 4, 21, tzinfo=UTC)),
    ],
)
def test_a_year_later_is_the_same_day(start: datetime, years: int, end: datetime) -> None:
    assert years_later(start, years) == end


@pytest.mark.parametrize("moment", [NOW, datetime(1970, 1, 1, tzinfo=UTC), datetime(2099, 12, 31, tzinfo=UTC)])
def test_a_serial_number_is_positive_and_ends_with_the_request_number(moment: datetime) -> None:
    serial = microsoft_serial_number(14, moment)
    assert 0 < serial < 1 << 79
    assert f"{serial:X}".endswith("00000000000E")
