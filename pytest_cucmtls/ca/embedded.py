"""The embedded authority: its own root (and intermediate), made on first use and kept in a folder."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from pytest_cucmtls.ca.issuing import Issuer, IssuingProfile, make_authority_certificate, microsoft_serial_number
from pytest_cucmtls.ca.signing import SigningAuthority, utc_now
from pytest_cucmtls.model.certificates import DistinguishedName
from pytest_cucmtls.model.errors import ConfigurationInvalid, FileUnreadable
from pytest_cucmtls.whole_files import create_folder_at_once
from pytest_cucmtls.wire.x509 import parse_certificates, pem_of
from pytest_cucmtls.wire.x509_sign import SigningKey, generate_key, hash_named, private_key_pem

SOURCE_DOCUMENT_SUBJECT = DistinguishedName((("DC", "CA"), ("CN", "CA")))
"""The CA of the source document: printed ``CN=CA, DC=CA``."""
_STANDARD_PROFILE = IssuingProfile()


class EmbeddedAuthority(SigningAuthority):
    """Root, and an intermediate when asked for; a second process on the same folder continues with the same CA and numbers.

    Everything but `folder`, `profile` and `now` matters on first use only. Raises: FileUnreadable when the folder holds
    something else, ConfigurationInvalid for an unknown hash, an impossible key length or name.
    """

    def __init__(
        self,
        folder: Path,
        *,
        subject: DistinguishedName = SOURCE_DOCUMENT_SUBJECT,
        key_length: int = 2048,
        hash_name: str = "sha256",
        with_intermediate: bool = False,
        profile: IssuingProfile = _STANDARD_PROFILE,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        kept = folder / "authority"
        if not kept.is_dir():
            try:
                files = _new_authority(subject, key_length, hash_named(hash_name), with_intermediate, now())
            except ValueError as problem:
                raise ConfigurationInvalid("embedded authority", "authority", str(problem)) from problem
            create_folder_at_once(kept, files)
        chain, key, kept_hash = _read_authority(kept)
        name = f"embedded CA {parse_certificates(chain[-1])[0].subject}"
        super().__init__(name, folder, Issuer(chain[0], key, kept_hash), chain, profile=profile, now=now)


def _new_authority(
    subject: DistinguishedName, key_length: int, hash_name: str, with_intermediate: bool, at: datetime
) -> dict[str, bytes]:
    """Files of a new authority; with an intermediate the root has done its work and its key is not kept."""
    root_key = generate_key(key_length)
    root = make_authority_certificate(subject, root_key, hash_name=hash_name, serial_number=microsoft_serial_number(0, at), at=at)
    if not with_intermediate:
        return {"chain.pem": pem_of(root).encode(), "key.pem": private_key_pem(root_key), "hash.txt": hash_name.encode()}
    issuing_key = generate_key(key_length)
    issuing = make_authority_certificate(
        _issuing_name(subject),
        issuing_key,
        hash_name=hash_name,
        serial_number=microsoft_serial_number(1, at),
        at=at,
        issuer=Issuer(root, root_key, hash_name),
        path_length=0,
    )
    return {
        "chain.pem": (pem_of(issuing) + pem_of(root)).encode(),
        "key.pem": private_key_pem(issuing_key),
        "hash.txt": hash_name.encode(),
    }


def _issuing_name(root: DistinguishedName) -> DistinguishedName:
    """The root's name with `` Issuing`` after its CN."""
    return DistinguishedName(tuple((key, f"{value} Issuing" if key == "CN" else value) for key, value in root.attributes))


def _read_authority(kept: Path) -> tuple[tuple[bytes, ...], SigningKey, str]:
    try:
        chain = tuple(certificate.der for certificate in parse_certificates((kept / "chain.pem").read_bytes()))
        key = serialization.load_pem_private_key((kept / "key.pem").read_bytes(), password=None)
        hash_name = hash_named((kept / "hash.txt").read_text(encoding="ascii").strip())
    except (OSError, ValueError, TypeError) as problem:
        remedy = "Remove the folder to start with a new authority."
        raise FileUnreadable(str(kept), f"not an embedded authority: {problem}", remedy=remedy) from problem
    if not isinstance(key, SigningKey):
        raise FileUnreadable(str(kept), "its key is neither RSA nor EC")
    return chain, key, hash_name
