"""An authority from the user's own key files: PEM, DER or PKCS#12, encrypted or not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from pytest_cucmtls.ca.chains import ordered_chain
from pytest_cucmtls.ca.issuing import Issuer, IssuingProfile, public_key_info
from pytest_cucmtls.ca.signing import SigningAuthority, utc_now
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.errors import CertificateAuthorityRefused, ConfigurationInvalid, FileUnreadable
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.wire.x509 import parse_certificates, public_key_digest
from pytest_cucmtls.wire.x509_sign import SigningKey, hash_named

LARGEST_FILE_BYTES = 1024 * 1024
_STANDARD_PROFILE = IssuingProfile()


class KeyFileAuthority(SigningAuthority):
    """Signs with the user's CA key; requests and certificates are kept in `folder`.

    `certificate_file` and `key_file` may be the same PKCS#12 file; `chain_file` adds the certificates above the issuing
    one. Raises: ConfigurationInvalid (file missing or unreadable, wrong password, key of another certificate, root
    missing), CertificateAuthorityRefused (not a CA certificate, not valid now).
    """

    def __init__(
        self,
        folder: Path,
        *,
        certificate_file: Path,
        key_file: Path,
        chain_file: Path | None = None,
        password: Secret | None = None,
        hash_name: str = "sha256",
        profile: IssuingProfile = _STANDARD_PROFILE,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        key_material = _read_key(key_file, password)
        same_file = certificate_file == key_file and key_material.certificates
        certificates = key_material.certificates if same_file else _read_certificates(certificate_file, "certificate_file")
        issuing = _certificate_of_key(certificates, key_material.key, certificate_file, key_file)
        name = f"CA {issuing.subject}"
        _refuse_unusable(issuing, name, now())
        others = _read_certificates(chain_file, "chain_file") if chain_file else ()
        chain = ordered_chain(issuing, (*certificates, *key_material.certificates, *others))
        if not chain[-1].names_itself_as_issuer:
            missing = f"the certificate of {chain[-1].issuer}, which signed {chain[-1].subject}, is missing"
            raise ConfigurationInvalid(
                str(chain_file or certificate_file), "authority.chain_file", missing, remedy="Add every CA up to the root."
            )
        _refuse_unusable_chain(chain, name, now())
        ders = tuple(certificate.der for certificate in chain)
        try:
            issuer = Issuer(issuing.der, key_material.key, hash_named(hash_name))
        except ValueError as problem:
            raise ConfigurationInvalid(str(key_file), "authority.signature_hash", str(problem)) from problem
        super().__init__(name, folder, issuer, ders, profile=profile, now=now)


@dataclass(frozen=True, slots=True)
class _KeyMaterial:
    key: SigningKey
    certificates: tuple[Certificate, ...] = ()


def _read_file(path: Path, option: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as problem:
        raise ConfigurationInvalid(str(path), f"authority.{option}", problem.strerror or "cannot be read") from problem
    if len(data) > LARGEST_FILE_BYTES:
        raise ConfigurationInvalid(str(path), f"authority.{option}", f"larger than {LARGEST_FILE_BYTES} bytes")
    return data


def _read_certificates(path: Path, option: str) -> tuple[Certificate, ...]:
    try:
        return parse_certificates(_read_file(path, option))
    except FileUnreadable as problem:
        raise ConfigurationInvalid(str(path), f"authority.{option}", problem.detail) from problem


def _read_key(path: Path, password: Secret | None) -> _KeyMaterial:
    """The private key, with the certificates of a PKCS#12 file."""
    data = _read_file(path, "key_file")
    secret = password.reveal().encode("utf-8") if password else None
    if b"-----BEGIN" in data:
        return _KeyMaterial(_signing_key(_load_pem(data, secret, path), path))
    try:
        return _KeyMaterial(_signing_key(serialization.load_der_private_key(data, password=None), path))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return _read_der_with_password(data, secret, path)


def _load_pem(data: bytes, secret: bytes | None, path: Path) -> object:
    encrypted = b"ENCRYPTED" in data
    if encrypted and secret is None:
        raise _key_problem(path, "the key is encrypted and no password is configured")
    try:
        return serialization.load_pem_private_key(data, password=secret if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        sentence = "the password does not open the key" if encrypted else "holds no readable private key"
        raise _key_problem(path, sentence) from problem


def _read_der_with_password(data: bytes, secret: bytes | None, path: Path) -> _KeyMaterial:
    """PKCS#12, or an encrypted PKCS#8 key in DER."""
    try:
        return _KeyMaterial(_signing_key(serialization.load_der_private_key(data, password=secret), path))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        pass
    try:
        key, certificate, additional = pkcs12.load_key_and_certificates(data, secret)
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        sentence = "holds no private key, or the password does not open it"
        raise _key_problem(path, sentence if secret else f"{sentence} (none is configured)") from problem
    if key is None:
        raise _key_problem(path, "holds certificates, but no private key")
    ders = [one.public_bytes(serialization.Encoding.DER) for one in (*([certificate] if certificate else []), *additional)]
    return _KeyMaterial(_signing_key(key, path), tuple(found for der in ders for found in parse_certificates(der)))


def _signing_key(key: object, path: Path) -> SigningKey:
    if not isinstance(key, SigningKey):
        raise _key_problem(path, "the key must be RSA or EC: CUCM knows no other")
    return key


def _key_problem(path: Path, sentence: str) -> ConfigurationInvalid:
    remedy = "authority.key_password_variable names the environment variable with its password." if "password" in sentence else ""
    return ConfigurationInvalid(str(path), "authority.key_file", sentence, remedy=remedy)


def _certificate_of_key(
    certificates: tuple[Certificate, ...], key: SigningKey, certificate_file: Path, key_file: Path
) -> Certificate:
    digest = public_key_digest(public_key_info(key))
    found = next((certificate for certificate in certificates if certificate.public_key_sha256 == digest), None)
    if found is None:
        subject = certificates[0].subject if certificates else "nobody"
        sentence = f"the key does not belong to the certificate of {subject} in {certificate_file}"
        raise _key_problem(key_file, sentence)
    return found


def _refuse_unusable(issuing: Certificate, name: str, at: datetime) -> None:
    """A certificate that may sign others, today (RFC 5280 §4.2.1.9, §4.2.1.3)."""
    may_sign = issuing.is_ca and (issuing.key_usage is None or "keyCertSign" in issuing.key_usage)
    if not may_sign:
        raise CertificateAuthorityRefused(name, "(none)", "the certificate is not a CA certificate: it may not sign others")
    if issuing.not_after is not None and at > issuing.not_after:
        expired = f"the CA certificate expired on {issuing.not_after:%Y-%m-%d %H:%M} UTC"
        raise CertificateAuthorityRefused(name, "(none)", expired)
    if issuing.not_before is not None and at < issuing.not_before:
        early = f"the CA certificate is valid from {issuing.not_before:%Y-%m-%d %H:%M} UTC"
        raise CertificateAuthorityRefused(name, "(none)", early)


def _refuse_unusable_chain(chain: tuple[Certificate, ...], name: str, at: datetime) -> None:
    """The CAs above allow so many below them, and are valid today (RFC 5280 §4.2.1.9, §6.1.4)."""
    for below, member in enumerate(chain):
        if member.path_length is not None and member.path_length < below:
            detail = f"{member.subject} allows {member.path_length} CA certificates below it, and there are {below}"
            raise CertificateAuthorityRefused(name, "(none)", f"{detail}: no peer would accept what it signs")
        if member.not_after is not None and at > member.not_after:
            expired = f"{member.subject}, above it in the chain, expired on {member.not_after:%Y-%m-%d %H:%M} UTC"
            raise CertificateAuthorityRefused(name, "(none)", expired, remedy="Have it renewed, then name the new one.")
