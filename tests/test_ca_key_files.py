"""Key files as people have them: PKCS#12 of old and new kinds, EC keys, chains that allow no authority below them."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, pkcs12

from pytest_cucmtls.ca.issuing import Issuer, make_authority_certificate
from pytest_cucmtls.ca.key_files import KeyFileAuthority
from pytest_cucmtls.model.certificates import DistinguishedName
from pytest_cucmtls.model.errors import CertificateAuthorityRefused, ConfigurationInvalid
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.wire.x509 import is_signed_by, parse_certificate
from pytest_cucmtls.wire.x509_sign import SigningKey, generate_key, private_key_pem
from tests.certificate_exports import export_pem
from tests.certsrv_stand import request_of

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ROOT_NAME, ISSUING_NAME = DistinguishedName((("CN", "Root"),)), DistinguishedName((("CN", "Issuing"),))
RSA_KEY, NODE_KEY = generate_key(1024), generate_key(1024)
EC_KEY = ec.generate_private_key(ec.SECP384R1())
PASSWORD = Secret("pässword")
REQUEST = request_of(NODE_KEY)


def root(key: SigningKey, path_length: int | None = None, at: datetime = NOW) -> bytes:
    return make_authority_certificate(ROOT_NAME, key, hash_name="sha256", serial_number=5, at=at, path_length=path_length)


def authority(folder: Path, key_file: bytes, certificates: bytes, password: Secret | None = PASSWORD) -> KeyFileAuthority:
    (folder / "ca.cer").write_bytes(certificates)
    (folder / "ca.key").write_bytes(key_file)
    return KeyFileAuthority(
        folder / "kept",
        certificate_file=folder / "ca.cer",
        key_file=folder / "ca.key",
        password=password,
        now=lambda: NOW,
    )


def signs(made: KeyFileAuthority, certificate: bytes) -> bool:
    number = made.submit(REQUEST, label="A")
    made.issue(number)
    return is_signed_by(parse_certificate(made.retrieve(number)), parse_certificate(certificate))


@pytest.mark.parametrize("kind", [pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC, pkcs12.PBES.PBESv2SHA256AndAES256CBC])
@pytest.mark.parametrize("key", [RSA_KEY, EC_KEY], ids=["RSA", "EC"])
def test_a_pkcs12_file_of_old_or_new_kind_opens_with_its_password(tmp_path: Path, key: SigningKey, kind: pkcs12.PBES) -> None:
    certificate = root(key)
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .key_cert_algorithm(kind)
        .hmac_hash(hashes.SHA1())
        .build(PASSWORD.reveal().encode())
    )
    data = pkcs12.serialize_key_and_certificates(b"ca", key, x509.load_der_x509_certificate(certificate), None, encryption)
    assert signs(authority(tmp_path, data, certificate), certificate)
    with pytest.raises(ConfigurationInvalid, match=r"does not open it.*authority\.key_password_variable"):
        authority(tmp_path, data, certificate, Secret("wrong"))
    with pytest.raises(ConfigurationInvalid, match="none is configured"):
        authority(tmp_path, data, certificate, None)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl writes the oldest kind of PKCS#12 (RC2 of 40 bits)")
def test_a_pkcs12_file_as_old_windows_wrote_it_opens(tmp_path: Path) -> None:
    certificate = root(RSA_KEY)
    (tmp_path / "in.pem").write_bytes(private_key_pem(RSA_KEY) + export_pem([certificate]))
    command = ["openssl", "pkcs12", "-export", "-legacy", "-in", "in.pem", "-out", "old.p12", "-passout", "pass:plain"]
    made = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    if made.returncode:
        pytest.skip("this openssl has no legacy provider")
    data = (tmp_path / "old.p12").read_bytes()
    assert signs(authority(tmp_path, data, certificate, Secret("plain")), certificate)


def test_a_pkcs12_file_without_its_key_says_so(tmp_path: Path) -> None:
    certificate = root(RSA_KEY)
    encryption = BestAvailableEncryption(PASSWORD.reveal().encode())
    data = pkcs12.serialize_key_and_certificates(b"ca", None, None, [x509.load_der_x509_certificate(certificate)], encryption)
    with pytest.raises(ConfigurationInvalid, match="holds certificates, but no private key"):
        authority(tmp_path, data, certificate)


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_an_encrypted_ec_key_signs(tmp_path: Path, encoding: Encoding) -> None:
    certificate = root(EC_KEY)
    encryption = BestAvailableEncryption(PASSWORD.reveal().encode())
    data = EC_KEY.private_bytes(encoding, PrivateFormat.PKCS8, encryption)
    made = authority(tmp_path, data, certificate)
    assert signs(made, certificate)
    assert parse_certificate(made.retrieve("2")).signature_scheme == "ECDSA"


@pytest.mark.parametrize(("allowed", "usable"), [(None, True), (1, True), (0, False)])
def test_a_root_that_allows_no_authority_below_it_cannot_have_an_issuing_one(
    tmp_path: Path, allowed: int | None, usable: bool
) -> None:
    above = root(RSA_KEY, allowed)
    issuer = Issuer(above, RSA_KEY, "sha256")
    issuing = make_authority_certificate(ISSUING_NAME, EC_KEY, hash_name="sha256", serial_number=6, at=NOW, issuer=issuer)
    chain = export_pem([issuing, above])
    if usable:
        assert signs(authority(tmp_path, private_key_pem(EC_KEY), chain, None), issuing)
    else:
        with pytest.raises(CertificateAuthorityRefused, match="CN=Root allows 0 CA certificates below it, and there are 1"):
            authority(tmp_path, private_key_pem(EC_KEY), chain, None)


def test_a_path_length_of_nought_lets_the_authority_itself_sign_nodes(tmp_path: Path) -> None:
    certificate = root(RSA_KEY, 0)
    assert signs(authority(tmp_path, private_key_pem(RSA_KEY), certificate, None), certificate)


def test_an_expired_root_above_a_valid_authority_is_refused(tmp_path: Path) -> None:
    above = root(RSA_KEY, at=NOW - timedelta(days=11 * 365))
    issuer = Issuer(above, RSA_KEY, "sha256")
    issuing = make_authority_certificate(ISSUING_NAME, EC_KEY, hash_name="sha256", serial_number=6, at=NOW, issuer=issuer)
    with pytest.raises(CertificateAuthorityRefused, match="CN=Root, above it in the chain, expired on"):
        authority(tmp_path, private_key_pem(EC_KEY), export_pem([issuing, above]), None)
