"""Authorities made of files: the user's own keys, and a folder that somebody with a CA looks after."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from pytest_cucmtls.ca.embedded import EmbeddedAuthority
from pytest_cucmtls.ca.hand_over_folder import HandOverFolder
from pytest_cucmtls.ca.issuing import make_authority_certificate
from pytest_cucmtls.ca.key_files import KeyFileAuthority
from pytest_cucmtls.model.certificates import DistinguishedName
from pytest_cucmtls.model.errors import CertificateAuthorityRefused, ConfigurationInvalid
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.wire.x509 import is_signed_by, parse_certificate, pem_of
from pytest_cucmtls.wire.x509_sign import generate_key, library_name, private_key_pem, self_signed, sign_request
from tests.certificate_exports import export_pem, export_pkcs7_der, export_windows_base64

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ROOT_NAME = DistinguishedName((("CN", "Example Root"),))
ROOT_KEY, NODE_KEY = generate_key(1024), generate_key(1024)
ROOT = make_authority_certificate(ROOT_NAME, ROOT_KEY, hash_name="sha256", serial_number=5, at=NOW)
PASSWORD = Secret("correct horse")
NODE_NAME = library_name(DistinguishedName((("CN", "CUCMA"),)))
REQUEST = pem_of(sign_request(x509.CertificateSigningRequestBuilder(NODE_NAME), NODE_KEY), "CERTIFICATE REQUEST").encode()


def clock() -> datetime:
    return NOW


def key_bytes(encoding: Encoding, encryption: KeySerializationEncryption, form: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
    return ROOT_KEY.private_bytes(encoding, form, encryption)


ENCRYPTION = BestAvailableEncryption(PASSWORD.reveal().encode())
PKCS12 = pkcs12.serialize_key_and_certificates(b"ca", ROOT_KEY, x509.load_der_x509_certificate(ROOT), None, ENCRYPTION)
OPEN_PKCS12 = pkcs12.serialize_key_and_certificates(b"ca", ROOT_KEY, x509.load_der_x509_certificate(ROOT), None, NoEncryption())


def key_file_authority(folder: Path, key: bytes, certificate: bytes = ROOT, password: Secret | None = None) -> KeyFileAuthority:
    (folder / "ca.cer").write_bytes(certificate)
    (folder / "ca.key").write_bytes(key)
    return KeyFileAuthority(
        folder / "kept", certificate_file=folder / "ca.cer", key_file=folder / "ca.key", password=password, now=clock
    )


@pytest.mark.parametrize(
    ("key", "password"),
    [
        (private_key_pem(ROOT_KEY), None),
        (private_key_pem(ROOT_KEY), PASSWORD),
        (key_bytes(Encoding.PEM, NoEncryption(), PrivateFormat.TraditionalOpenSSL), None),
        (key_bytes(Encoding.PEM, ENCRYPTION), PASSWORD),
        (key_bytes(Encoding.DER, NoEncryption()), None),
        (key_bytes(Encoding.DER, ENCRYPTION), PASSWORD),
        (PKCS12, PASSWORD),
        (OPEN_PKCS12, None),
    ],
)
def test_every_form_of_key_file_signs(tmp_path: Path, key: bytes, password: Secret | None) -> None:
    authority = key_file_authority(tmp_path, key, password=password)
    number = authority.submit(REQUEST, label="A")
    authority.issue(number)
    assert is_signed_by(parse_certificate(authority.retrieve(number)), parse_certificate(ROOT))
    assert authority.chain() == (ROOT,)


def test_one_pkcs12_file_is_key_and_certificate(tmp_path: Path) -> None:
    file = tmp_path / "ca.p12"
    file.write_bytes(PKCS12)
    authority = KeyFileAuthority(tmp_path / "kept", certificate_file=file, key_file=file, password=PASSWORD, now=clock)
    assert authority.chain() == (ROOT,)


@pytest.mark.parametrize(
    ("key", "password", "sentence"),
    [
        (key_bytes(Encoding.PEM, ENCRYPTION), Secret("wrong"), "password does not open"),
        (key_bytes(Encoding.PEM, ENCRYPTION), None, "no password is configured"),
        (PKCS12, Secret("wrong"), "password does not open"),
        (PKCS12, None, "password does not open"),
        (private_key_pem(NODE_KEY), None, "does not belong to the certificate of CN=Example Root"),
        (b"", None, "no private key"),
        (b"-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n", None, "no readable private key"),
        (b"\x30" * 2_000_000, None, "larger than"),
        (
            ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            None,
            "RSA or EC",
        ),
    ],
)
def test_a_key_that_cannot_be_used_is_refused_in_one_sentence(
    tmp_path: Path, key: bytes, password: Secret | None, sentence: str
) -> None:
    with pytest.raises(ConfigurationInvalid, match=sentence) as refusal:
        key_file_authority(tmp_path, key, password=password)
    assert refusal.value.key == "authority.key_file"
    assert "wrong" not in str(refusal.value)
    assert PASSWORD.reveal() not in str(refusal.value)


@pytest.mark.parametrize("content", [b"", b"no certificate", private_key_pem(ROOT_KEY)])
def test_a_certificate_file_without_a_certificate_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ConfigurationInvalid, match="no certificate"):
        key_file_authority(tmp_path, private_key_pem(ROOT_KEY), content)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match="ca\\.key"):
        KeyFileAuthority(tmp_path, certificate_file=tmp_path / "ca.cer", key_file=tmp_path / "ca.key")
    with pytest.raises(ConfigurationInvalid, match=r"authority\.key_file"):
        KeyFileAuthority(tmp_path, certificate_file=Path(), key_file=Path())


def test_a_certificate_that_may_not_sign_is_refused(tmp_path: Path) -> None:
    leaf = self_signed(ROOT_KEY, ROOT_NAME, not_before=NOW, not_after=NOW + timedelta(1), serial_number=1)
    with pytest.raises(CertificateAuthorityRefused, match="not a CA certificate"):
        key_file_authority(tmp_path, private_key_pem(ROOT_KEY), leaf)


@pytest.mark.parametrize(
    ("begin", "end", "word"),
    [
        (NOW - timedelta(days=2), NOW - timedelta(seconds=1), "expired on"),
        (NOW - timedelta(days=2), NOW, None),
        (NOW, NOW + timedelta(days=2), None),
        (NOW + timedelta(seconds=1), NOW + timedelta(days=2), "valid from"),
    ],
)
def test_an_authority_signs_only_while_its_certificate_is_valid(
    tmp_path: Path, begin: datetime, end: datetime, word: str | None
) -> None:
    constraint = (x509.BasicConstraints(ca=True, path_length=None), True)
    own = self_signed(ROOT_KEY, ROOT_NAME, not_before=begin, not_after=end, serial_number=1, extensions=(constraint,))
    if word is None:
        assert key_file_authority(tmp_path, private_key_pem(ROOT_KEY), own).chain() == (own,)
    else:
        with pytest.raises(CertificateAuthorityRefused, match=word):
            key_file_authority(tmp_path, private_key_pem(ROOT_KEY), own)


def test_an_intermediate_needs_the_certificates_above_it(tmp_path: Path) -> None:
    embedded = EmbeddedAuthority(tmp_path, key_length=1024, with_intermediate=True, now=clock)
    issuing, root = embedded.chain()
    key = (tmp_path / "authority" / "key.pem").read_bytes()
    assert load_pem_private_key(key, None)
    with pytest.raises(ConfigurationInvalid, match="certificate of DC=CA,CN=CA, which signed"):
        key_file_authority(tmp_path, key, issuing)
    assert key_file_authority(tmp_path, key, export_pem([root, issuing])).chain() == (issuing, root)
    (tmp_path / "root.p7b").write_bytes(export_pkcs7_der([root]))
    (tmp_path / "ca.cer").write_bytes(issuing)
    with_chain = KeyFileAuthority(
        tmp_path / "kept",
        certificate_file=tmp_path / "ca.cer",
        key_file=tmp_path / "ca.key",
        chain_file=tmp_path / "root.p7b",
        now=clock,
    )
    assert with_chain.chain() == (issuing, root)


@pytest.fixture
def signer(tmp_path: Path) -> EmbeddedAuthority:
    return EmbeddedAuthority(tmp_path / "elsewhere", key_length=1024, with_intermediate=True)


def signed_elsewhere(signer: EmbeddedAuthority) -> bytes:
    number = signer.submit(REQUEST, label="by hand")
    signer.issue(number)
    return parse_certificate(signer.retrieve(number)).der


def test_a_handed_over_request_waits_as_a_file(tmp_path: Path) -> None:
    folder = HandOverFolder(tmp_path / "hand")
    number = folder.submit(REQUEST, label="A / cucma ../x")
    folder.issue(number)
    assert folder.state(number) == "pending"
    assert [path.name for path in (tmp_path / "hand").glob("*.csr")] == [f"{number}-A_cucma_.._x.csr"]
    with pytest.raises(CertificateAuthorityRefused, match="no certificate with this key"):
        folder.retrieve(number)
    with pytest.raises(CertificateAuthorityRefused, match="no such request"):
        folder.issue("77")


@pytest.mark.parametrize(
    "export", [lambda der: export_pem([der]), export_windows_base64, bytes, lambda der: export_pkcs7_der([der])]
)
def test_a_certificate_of_any_format_is_recognised_by_its_key(
    tmp_path: Path, signer: EmbeddedAuthority, export: Callable[[bytes], bytes]
) -> None:
    folder = HandOverFolder(tmp_path / "hand")
    number = folder.submit(REQUEST, label="A")
    der = signed_elsewhere(signer)
    (tmp_path / "hand" / "from the CA.cer").write_bytes(export(der))
    assert folder.state(number) == "issued"
    assert parse_certificate(folder.retrieve(number)).der == der


def test_a_certificate_of_another_key_or_half_a_file_changes_nothing(tmp_path: Path, signer: EmbeddedAuthority) -> None:
    folder = HandOverFolder(tmp_path / "hand")
    number = folder.submit(REQUEST, label="A")
    (tmp_path / "hand" / "other.cer").write_bytes(ROOT)
    (tmp_path / "hand" / "half.cer").write_bytes(signed_elsewhere(signer)[:20])
    (tmp_path / "hand" / "empty.cer").touch()
    assert folder.state(number) == "pending"


def test_the_chain_comes_from_the_certificates_in_the_folder(tmp_path: Path, signer: EmbeddedAuthority) -> None:
    folder = HandOverFolder(tmp_path / "hand")
    with pytest.raises(CertificateAuthorityRefused, match="no CA certificate"):
        folder.chain()
    issuing, root = signer.chain()
    (tmp_path / "hand" / "issuing.cer").write_bytes(issuing)
    with pytest.raises(CertificateAuthorityRefused, match="certificate of DC=CA,CN=CA is missing"):
        folder.chain()
    (tmp_path / "hand" / "a root.cer").write_bytes(export_windows_base64(root))
    assert folder.chain() == (issuing, root)
    folder.submit(REQUEST, label="A")
    (tmp_path / "hand" / "node.cer").write_bytes(signed_elsewhere(signer))
    (tmp_path / "hand" / "unrelated.cer").write_bytes(ROOT)
    assert folder.chain() == (issuing, root)


def test_a_folder_that_cannot_be_made_is_a_configuration_problem(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationInvalid, match=r"authority\.folder"):
        HandOverFolder(tmp_path / "file" / "below")
