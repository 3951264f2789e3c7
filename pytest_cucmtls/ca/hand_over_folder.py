"""Any authority at all: requests are written into a folder, certificates are read from it when somebody puts them there."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from pytest_cucmtls.ca.authority import RequestState
from pytest_cucmtls.ca.chains import ordered_chain
from pytest_cucmtls.ca.folder_files import FolderFile, read_folder_file
from pytest_cucmtls.ca.folder_instructions import README, instructions
from pytest_cucmtls.ca.requests import RequestBook
from pytest_cucmtls.ca.signing import utc_now
from pytest_cucmtls.model.certificates import Certificate, CertificateRequest
from pytest_cucmtls.model.errors import CertificateAuthorityRefused, ConfigurationInvalid, FileUnreadable
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.whole_files import write_atomically
from pytest_cucmtls.wire.x509 import parse_certificates, parse_request, pem_of
from pytest_cucmtls.wire.x509_compare import differences

MOST_FILES = 1000
SUPERSEDED = "superseded"
"""Subfolder of requests that a newer one of the same node replaced."""
_REQUEST_SUFFIXES = {".csr", ".req"}


class HandOverFolder:
    """Implements `CertificateAuthority` for a person with a CA.

    Requests appear as ``<id>-<label>.csr`` beside a README.txt that says what to do. Certificates and the CA's own
    certificates may be dropped into the folder under any name and in any format (`folder_files`): they are recognised by
    their public key, never by file name. A request is pending until its certificate is there, however many processes and
    days that takes. `chain_file` holds the CA's certificates where they are not dropped into the folder; `password` opens
    PKCS#12 files. Raises: ConfigurationInvalid when the folder cannot be made or the chain file cannot be read.
    """

    def __init__(
        self,
        folder: Path,
        *,
        chain_file: Path | None = None,
        password: Secret | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._folder, self._now, self._password = folder, now, password
        self._name = f"hand-over folder {folder.name}"
        self._book = RequestBook(folder / ".requests", self._name)
        self._given = _read_chain(chain_file) if chain_file else ()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._write_instructions()
        except OSError as problem:
            raise ConfigurationInvalid(str(folder), "authority.folder", problem.strerror or "cannot be made") from problem

    @property
    def name(self) -> str:
        """How reports call it."""
        return self._name

    def submit(self, request_pem: bytes, *, label: str) -> str:
        """Write the request where the person with the CA finds it; the very same request again keeps its number.

        An older request of the same label is moved to ``superseded``: nobody should sign it any more.
        Raises: CertificateAuthorityRefused (no request).
        """
        request_id = self._known(request_pem, label) or self._book.add(request_pem, label, self._now())
        self._supersede(request_id, label)
        (self._folder / _file_name(request_id, label)).write_bytes(request_pem)
        self._write_instructions()
        return request_id

    def state(self, request_id: str) -> RequestState:
        """Issued as soon as a certificate with the request's key is in the folder."""
        return "issued" if self._certificate_of(request_id) else "pending"

    def issue(self, request_id: str) -> None:
        """Somebody else's act: only checks that the request exists. Raises: CertificateAuthorityRefused."""
        self._book.request(request_id)

    def retrieve(self, request_id: str) -> bytes:
        """The certificate for the request's key, in PEM; of several the one that fits the request, then the newest.

        Raises: CertificateAuthorityRefused while there is none.
        """
        certificate = self._certificate_of(request_id)
        if certificate is None:
            raise CertificateAuthorityRefused(
                self._name, request_id, "no certificate with this key is in the folder", remedy=self.advice((request_id,))
            )
        return pem_of(certificate.der).encode("ascii")

    def chain(self) -> tuple[bytes, ...]:
        """Issuing CA first, root last, from the chain file and the CA certificates in the folder.

        Raises: CertificateAuthorityRefused when none is there or the path does not reach a root.
        """
        found = (*self._given, *self.certificates())
        authorities = [one for one in found if one.is_ca] or [one for one in found if one.names_itself_as_issuer]
        issuing = self._issuing(found, authorities)
        if issuing is None:
            remedy = f"Put the certificates of the CA, root included, into {self._folder}, then run again.{self._remarks()}"
            raise CertificateAuthorityRefused(self._name, "(none)", "no CA certificate is in the folder", remedy=remedy)
        chain = ordered_chain(issuing, authorities)
        if not chain[-1].names_itself_as_issuer:
            detail = f"the certificate of {chain[-1].issuer} is missing"
            raise CertificateAuthorityRefused(self._name, "(none)", detail, remedy=f"Put it into {self._folder}.")
        return tuple(certificate.der for certificate in chain)

    def advice(self, request_ids: Sequence[str]) -> str:
        """What the person has to do about these requests, and which files in the folder were of no use."""
        unsigned = [_file_name(one, self._book.label(one)) for one in request_ids if self._certificate_of(one) is None]
        sentences = []
        if unsigned:
            sentences.append(
                f"Have {', '.join(unsigned)} in {self._folder} signed and put the certificates into the same folder."
            )
        try:
            self.chain()
        except CertificateAuthorityRefused as problem:
            sentences.append(f"Put the certificates of the CA, root included, there as well: {problem.detail}.")
        return " ".join(sentences) + self._remarks()

    def certificates(self) -> tuple[Certificate, ...]:
        """Every certificate that can be read in the folder, in file name order; a file still being written counts next time."""
        return tuple(one for file in self.files() for one in file.certificates)

    def files(self) -> tuple[FolderFile, ...]:
        """What was found in the folder, our own requests and README aside, in file name order."""
        found: list[FolderFile] = []
        for path in sorted(self._folder.iterdir())[:MOST_FILES]:
            if path.name != README and not path.name.startswith(".") and path.is_file():
                found.extend(read_folder_file(path, self._password))
        return tuple(one for one in found if one.certificates or Path(one.name).suffix.lower() not in _REQUEST_SUFFIXES)

    def _remarks(self) -> str:
        """Files that were passed over, and certificates whose key nobody here asked for."""
        keys = {self._request(one).public_key_sha256 for one in self._book.kept()}
        sentences = [f"{file.name} {file.ignored}" for file in self.files() if file.ignored]
        for file in self.files():
            strangers = [one for one in file.certificates if not one.is_ca and one.public_key_sha256 not in keys]
            sentences += [f"{file.name} is for {one.subject}, whose key no request here has" for one in strangers]
        return f" Of no use: {'; '.join(sentences)}." if sentences else ""

    def _request(self, request_id: str) -> CertificateRequest:
        return parse_request(self._book.request(request_id))

    def _known(self, request_pem: bytes, label: str) -> str | None:
        """The number this very request got before."""
        newest_first = reversed(self._book.kept())
        return next((one for one in newest_first if self._book.label(one) == label and self._book.holds(one, request_pem)), None)

    def _supersede(self, request_id: str, label: str) -> None:
        for number in self._book.kept():
            old = self._folder / _file_name(number, label)
            if number != request_id and old.is_file():
                (self._folder / SUPERSEDED).mkdir(exist_ok=True)
                old.replace(self._folder / SUPERSEDED / old.name)

    def _write_instructions(self) -> None:
        rows = [
            (_file_name(number, self._book.label(number)), str(self._request(number).subject), self.state(number))
            for number in self._book.kept()
        ]
        present = [row for row in rows if (self._folder / row[0]).is_file()]
        write_atomically(self._folder / README, instructions(present).encode("utf-8"), mode=0o600)

    def _certificate_of(self, request_id: str) -> Certificate | None:
        request = self._request(request_id)
        key = request.public_key_sha256
        matching = [one for one in self.certificates() if one.public_key_sha256 == key and not one.names_itself_as_issuer]
        return max(matching, key=lambda one: (not differences(request, one), _begin(one)), default=None)

    def _issuing(self, found: tuple[Certificate, ...], authorities: list[Certificate]) -> Certificate | None:
        """The CA that signed a certificate we asked for, else any certificate, else the one that signed no other CA."""
        keys = {self._request(one).public_key_sha256 for one in self._book.kept()}
        leaves = sorted((one for one in found if one not in authorities), key=lambda one: one.public_key_sha256 not in keys)
        for leaf in leaves:
            above = ordered_chain(leaf, authorities)
            if len(above) > 1:
                return above[1]
        lowest = [one for one in authorities if not any(_is_above(one, other) for other in authorities)]
        candidates = lowest or authorities
        return candidates[0] if candidates else None


def _read_chain(path: Path) -> tuple[Certificate, ...]:
    try:
        return parse_certificates(path.read_bytes())
    except OSError as problem:
        raise ConfigurationInvalid(str(path), "authority.chain_file", problem.strerror or "cannot be read") from problem
    except FileUnreadable as problem:
        raise ConfigurationInvalid(str(path), "authority.chain_file", problem.detail) from problem


def _file_name(request_id: str, label: str) -> str:
    safe_label = re.sub(r"[^A-Za-z0-9._-]+", "_", label)[:64].strip(".") or "request"
    return f"{request_id}-{safe_label}.csr"


def _is_above(candidate: Certificate, other: Certificate) -> bool:
    return candidate is not other and other.issuer.same_as(candidate.subject) and not other.names_itself_as_issuer


def _begin(certificate: Certificate) -> float:
    return certificate.not_before.timestamp() if certificate.not_before else 0.0
