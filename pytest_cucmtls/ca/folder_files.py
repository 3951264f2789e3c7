"""What a file somebody left in a folder holds: certificates of any format, or the reason why it is passed over."""

import io
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.wire.pem import pem_blocks
from pytest_cucmtls.wire.x509 import parse_certificates

LARGEST_FILE_BYTES = 1024 * 1024
MOST_MEMBERS = 100
"""Files looked at in one ZIP."""
_ZIP, _DER_SEQUENCE = b"PK\x03\x04", b"\x30"
_KEY_SENTENCE = "holds a private key: take it away, the node's own key never leaves the node"


@dataclass(frozen=True, slots=True)
class FolderFile:
    """One file, or one member of a ZIP (``bundle.zip/node.cer``); `ignored` says why nothing of it is used."""

    name: str
    certificates: tuple[Certificate, ...] = ()
    ignored: str = ""


def read_folder_file(path: Path, password: Secret | None = None) -> tuple[FolderFile, ...]:
    """A file's certificates (PEM, DER, Base-64, PKCS#7, PKCS#12 without key), one entry per member of a ZIP. Raises nothing."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as problem:
        return (FolderFile(path.name, ignored=f"cannot be read: {problem.strerror}"),)
    if data.startswith(_ZIP) and len(data) <= LARGEST_FILE_BYTES:
        return _members(path.name, data, password)
    return (_read(path.name, data, password),)


def _read(name: str, data: bytes, password: Secret | None) -> FolderFile:
    if not data:
        return FolderFile(name, ignored="is empty")
    if len(data) > LARGEST_FILE_BYTES:
        return FolderFile(name, ignored=f"is larger than {LARGEST_FILE_BYTES} bytes")
    if any("PRIVATE KEY" in block.label for block in pem_blocks(data)):
        return FolderFile(name, ignored=_KEY_SENTENCE)
    try:
        return _usable(name, parse_certificates(data))
    except FileUnreadable:
        return _read_pkcs12(name, data, password) if data.startswith(_DER_SEQUENCE) else _nothing(name, data)


def _usable(name: str, certificates: tuple[Certificate, ...]) -> FolderFile:
    """Certificates with a key in them; a block that could not be read has none."""
    readable = tuple(certificate for certificate in certificates if certificate.public_key_sha256)
    if not readable:
        return FolderFile(name, ignored=f"holds no readable certificate ({certificates[0].problem})")
    return FolderFile(name, readable)


def _nothing(name: str, data: bytes) -> FolderFile:
    labels = [block.label for block in pem_blocks(data)]
    if any("REQUEST" in label for label in labels):
        return FolderFile(name, ignored="is a request, not a certificate")
    return FolderFile(name, ignored=f"holds no certificate, but {labels[0]}" if labels else "holds no certificate")


def _read_pkcs12(name: str, data: bytes, password: Secret | None) -> FolderFile:
    """Tried without a password, with an empty one, and with the one the inventory names."""
    secrets = [None, b"", *([password.reveal().encode("utf-8")] if password else [])]
    for secret in secrets:
        try:
            key, certificate, additional = pkcs12.load_key_and_certificates(data, secret)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue
        if key is not None:
            return FolderFile(name, ignored=_KEY_SENTENCE)
        ders = [one.public_bytes(serialization.Encoding.DER) for one in (*([certificate] if certificate else []), *additional)]
        found = tuple(one for der in ders for one in parse_certificates(der))
        return _usable(name, found) if found else FolderFile(name, ignored="is a PKCS#12 file without certificates")
    try:
        pkcs12.load_pkcs12(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        if "password" in str(problem).lower():
            return FolderFile(name, ignored="is a PKCS#12 file that the configured password does not open")
    return FolderFile(name, ignored="holds no certificate")


def _members(name: str, data: bytes, password: Secret | None) -> tuple[FolderFile, ...]:
    """Members of a ZIP, bounded in number and size; folders, hidden files and ZIPs inside are passed over."""
    found: list[FolderFile] = []
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = [member for member in archive.infolist() if not member.is_dir()]
            for member in files[:MOST_MEMBERS]:
                found.append(_member(archive, member, f"{name}/{member.filename}", password))
            if len(files) > MOST_MEMBERS:
                found.append(FolderFile(name, ignored=f"holds {len(files)} files; only the first {MOST_MEMBERS} were looked at"))
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        return (FolderFile(name, ignored="is a damaged ZIP"),)
    return tuple(found) or (FolderFile(name, ignored="is an empty ZIP"),)


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, password: Secret | None) -> FolderFile:
    try:
        with archive.open(member) as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
    except RuntimeError:
        return FolderFile(name, ignored="is encrypted")
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, zlib.error, EOFError):
        return FolderFile(name, ignored="is damaged")
    return FolderFile(name, ignored="is a ZIP inside a ZIP") if content.startswith(_ZIP) else _read(name, content, password)
