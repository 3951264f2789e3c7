"""Keys that sign and verify seals: Ed25519, or an enterprise RSA or EC key with its X.509 certificate.

RSA signs with PSS and SHA-256 (salt as long as the digest, RFC 8017 §8.1), EC with ECDSA and the hash that fits the curve
(FIPS 186-5 §6.1.1). A key's id is the SHA-256 of its SubjectPublicKeyInfo.
"""

import hashlib
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from pytest_cucmtls.evidence.folder_walk import read_bytes
from pytest_cucmtls.model.errors import ConfigurationInvalid, FileUnreadable
from pytest_cucmtls.model.secrets import Secret

PrivateKey = ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey = ed25519.Ed25519PublicKey | rsa.RSAPublicKey | ec.EllipticCurvePublicKey
SHORTEST_RSA = 2048
"""Bits; NIST SP 800-131A Rev. 2 table 2."""
_PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)
_CURVE_HASHES: dict[str, hashes.HashAlgorithm] = {
    "secp256r1": hashes.SHA256(),
    "secp384r1": hashes.SHA384(),
    "secp521r1": hashes.SHA512(),
}


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """A private key and, for an enterprise key, its certificate and issuers (leaf first)."""

    key: PrivateKey
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def identity(self) -> "SignerIdentity":
        """The public side."""
        return SignerIdentity(self.key.public_key(), self.chain)

    def sign(self, data: bytes) -> bytes:
        """The signature over `data` by the key's own scheme."""
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(data)
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(data, _PSS, hashes.SHA256())
        return self.key.sign(data, ec.ECDSA(_CURVE_HASHES[self.key.curve.name]))


@dataclass(frozen=True, slots=True)
class SignerIdentity:
    """Who signed: a public key, and the certificate chain when there is one."""

    key: PublicKey
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def key_id(self) -> str:
        """SHA-256 of the SubjectPublicKeyInfo, lower-case hex."""
        return key_id_of(self.key)

    def __str__(self) -> str:
        name = f" of {self.chain[0].subject.rfc4514_string()}" if self.chain else ""
        return f"{_kind(self.key)} key {self.key_id}{name}"

    def as_pem(self) -> bytes:
        """The chain, or the bare public key."""
        if self.chain:
            return b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in self.chain)
        return self.key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """The signature over `data` was made with this key."""
        try:
            if isinstance(self.key, ed25519.Ed25519PublicKey):
                self.key.verify(signature, data)
            elif isinstance(self.key, rsa.RSAPublicKey):
                self.key.verify(signature, data, _PSS, hashes.SHA256())
            else:
                self.key.verify(signature, data, ec.ECDSA(_CURVE_HASHES[self.key.curve.name]))
        except InvalidSignature:
            return False
        return True


def key_id_of(key: PublicKey) -> str:
    """SHA-256 of the SubjectPublicKeyInfo, lower-case hex."""
    encoded = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(encoded).hexdigest()


def needs_password(key_file: Path) -> bool:
    """The private key is stored encrypted. Raises: FileUnreadable."""
    return b"ENCRYPTED" in read_bytes(key_file)


def read_signer(key_file: Path, password: Secret | None = None, certificate_file: Path | None = None) -> Signer:
    """A PEM private key, and the PEM certificate (issuers behind it) that belongs to it.

    Raises: FileUnreadable, ConfigurationInvalid (open to others, wrong password, weak or foreign key, wrong certificate).
    """
    data = read_bytes(key_file)
    if key_file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigurationInvalid(str(key_file), "", "other accounts may read this private key", remedy="Run chmod 600 on it.")
    key = _private_key(data, str(key_file), password)
    chain = _chain(certificate_file) if certificate_file is not None else ()
    if chain and key_id_of(_usable(chain[0].public_key(), str(certificate_file))) != key_id_of(key.public_key()):
        raise ConfigurationInvalid(str(certificate_file), "", f"the first certificate is not that of the key in {key_file}")
    return Signer(key, chain)


def read_identity(file: Path) -> SignerIdentity:
    """A PEM public key or certificate (chain). Raises: FileUnreadable."""
    return parse_identity(read_bytes(file), str(file))


def parse_identity(data: bytes, path: str) -> SignerIdentity:
    """As `read_identity`, from bytes. Raises: FileUnreadable, also for keys too weak to rely on."""
    try:
        if b"-----BEGIN CERTIFICATE-----" in data:
            chain = tuple(x509.load_pem_x509_certificates(data))
            return SignerIdentity(_usable(chain[0].public_key(), path), chain)
        return SignerIdentity(_usable(serialization.load_pem_public_key(data), path))
    except (ValueError, UnsupportedAlgorithm) as problem:
        raise FileUnreadable(path, f"is neither a public key nor a certificate in PEM form: {problem}") from problem


def generate_key(key_file: Path, password: Secret | None = None) -> Path:
    """A new Ed25519 key (PKCS#8, mode 0600) and its public key beside it (``.pub``); returns the latter's path.

    Raises: ConfigurationInvalid, when one of the files exists or cannot be written.
    """
    key = ed25519.Ed25519PrivateKey.generate()
    how: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        how = serialization.BestAvailableEncryption(password.reveal().encode("utf-8"))
    public_file = key_file.with_name(key_file.name + ".pub")
    if public_file.exists():
        raise ConfigurationInvalid(str(public_file), "", "exists already; nothing was written")
    _write_new(key_file, key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how), 0o600)
    _write_new(public_file, SignerIdentity(key.public_key()).as_pem(), 0o644)
    return public_file


def _write_new(path: Path, data: bytes, mode: int) -> None:
    try:
        path.touch(mode=mode, exist_ok=False)
        path.write_bytes(data)
    except FileExistsError:
        raise ConfigurationInvalid(str(path), "", "exists already; nothing was written") from None
    except OSError as problem:
        raise ConfigurationInvalid(str(path), "", f"cannot be written: {problem.strerror}") from problem


def _private_key(data: bytes, path: str, password: Secret | None) -> PrivateKey:
    encrypted = b"ENCRYPTED" in data
    if encrypted and not password:
        raise ConfigurationInvalid(path, "", "the key is encrypted and no password was given")
    try:
        key = serialization.load_pem_private_key(data, password.reveal().encode("utf-8") if password and encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        why = "the password is wrong, or this is no private key" if encrypted else "is no private key in PEM form"
        raise ConfigurationInvalid(path, "", why) from problem
    _usable(key.public_key(), path)
    if not isinstance(key, PrivateKey):
        raise ConfigurationInvalid(path, "", "only Ed25519, RSA and EC keys sign seals")
    return key


def _chain(file: Path) -> tuple[x509.Certificate, ...]:
    chain = read_identity(file).chain
    if not chain:
        raise FileUnreadable(str(file), "holds no certificate in PEM form")
    return chain


def _usable(key: object, path: str) -> PublicKey:
    """The key itself when its kind and strength are accepted. Raises: FileUnreadable."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < SHORTEST_RSA:
            raise FileUnreadable(path, f"an RSA key of {key.key_size} bits is too short for a seal; {SHORTEST_RSA} at least")
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVE_HASHES:
        return key
    raise FileUnreadable(path, "only Ed25519, RSA (2048 bits at least) and EC keys on P-256, P-384 or P-521 seal bundles")


def _kind(key: PublicKey) -> str:
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "Ed25519"
    return f"RSA-{key.key_size}" if isinstance(key, rsa.RSAPublicKey) else f"EC {key.curve.name}"
