"""Any authority at all: requests are written into a folder, certificates are read from it when somebody puts them there."""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from pytest_cucmtls.ca.authority import RequestState
from pytest_cucmtls.ca.chains import ordered_chain
from pytest_cucmtls.ca.requests import RequestBook
from pytest_cucmtls.ca.signing import utc_now
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.errors import CertificateAuthorityRefused, ConfigurationInvalid, FileUnreadable
from pytest_cucmtls.wire.x509 import parse_certificates, parse_request, pem_of

LARGEST_FILE_BYTES = 1024 * 1024
MOST_FILES = 1000
_NOT_CERTIFICATES = {".csr", ".req", ".key"}


class HandOverFolder:
    """Implements `CertificateAuthority` for a person with a CA.

    Requests appear as ``<id>-<label>.csr``. Certificates and the CA's own certificates may be dropped into the folder
    under any name and in any format (PEM, DER, .cer, PKCS#7): they are recognised by their public key. A request is
    pending until its certificate is there. Raises: ConfigurationInvalid when the folder cannot be made.
    """

    def __init__(self, folder: Path, *, now: Callable[[], datetime] = utc_now) -> None:
        self._folder, self._now = folder, now
        self._name = f"hand-over folder {folder.name}"
        self._book = RequestBook(folder / ".requests", self._name)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise ConfigurationInvalid(str(folder), "authority.folder", problem.strerror or "cannot be made") from problem

    @property
    def name(self) -> str:
        """How reports call it."""
        return self._name

    def submit(self, request_pem: bytes, *, label: str) -> str:
        """Write the request where the person with the CA finds it. Raises: CertificateAuthorityRefused (no request)."""
        request_id = self._book.add(request_pem, label, self._now())
        safe_label = re.sub(r"[^A-Za-z0-9._-]+", "_", label)[:64].strip(".") or "request"
        (self._folder / f"{request_id}-{safe_label}.csr").write_bytes(request_pem)
        return request_id

    def state(self, request_id: str) -> RequestState:
        """Issued as soon as a certificate with the request's key is in the folder."""
        return "issued" if self._certificate_of(request_id) else "pending"

    def issue(self, request_id: str) -> None:
        """Somebody else's act: only checks that the request exists. Raises: CertificateAuthorityRefused."""
        self._book.request(request_id)

    def retrieve(self, request_id: str) -> bytes:
        """The newest certificate for the request's key, in PEM. Raises: CertificateAuthorityRefused while there is none."""
        certificate = self._certificate_of(request_id)
        if certificate is None:
            remedy = f"Have {request_id}-….csr in {self._folder} signed and put the certificate into the same folder."
            raise CertificateAuthorityRefused(
                self._name, request_id, "no certificate with this key is in the folder", remedy=remedy
            )
        return pem_of(certificate.der).encode("ascii")

    def chain(self) -> tuple[bytes, ...]:
        """Issuing CA first, root last, from the CA certificates in the folder.

        Raises: CertificateAuthorityRefused when none is there or the path does not reach a root.
        """
        found = self.certificates()
        authorities = [certificate for certificate in found if certificate.is_ca or certificate.names_itself_as_issuer]
        issuing = self._issuing(found, authorities)
        if issuing is None:
            remedy = f"Put the certificates of the CA, root included, into {self._folder}."
            raise CertificateAuthorityRefused(self._name, "(none)", "no CA certificate is in the folder", remedy=remedy)
        chain = ordered_chain(issuing, authorities)
        if not chain[-1].names_itself_as_issuer:
            detail = f"the certificate of {chain[-1].issuer} is missing"
            raise CertificateAuthorityRefused(self._name, "(none)", detail, remedy=f"Put it into {self._folder}.")
        return tuple(certificate.der for certificate in chain)

    def certificates(self) -> tuple[Certificate, ...]:
        """Every certificate that can be read in the folder, in file name order; a file still being written counts next time."""
        found: list[Certificate] = []
        for path in sorted(self._folder.iterdir())[:MOST_FILES]:
            if path.suffix.lower() in _NOT_CERTIFICATES or not path.is_file() or path.stat().st_size > LARGEST_FILE_BYTES:
                continue
            try:
                found.extend(parse_certificates(path.read_bytes()))
            except FileUnreadable:
                continue
        return tuple(found)

    def _certificate_of(self, request_id: str) -> Certificate | None:
        key = parse_request(self._book.request(request_id)).public_key_sha256
        matching = [one for one in self.certificates() if one.public_key_sha256 == key and not one.names_itself_as_issuer]
        return max(matching, key=_begin, default=None)

    def _issuing(self, found: tuple[Certificate, ...], authorities: list[Certificate]) -> Certificate | None:
        """The CA that signed an issued certificate; before any is issued, the CA that signed no other CA, else the only root."""
        for leaf in found:
            if leaf not in authorities:
                above = ordered_chain(leaf, authorities)
                if len(above) > 1:
                    return above[1]
        lowest = [one for one in authorities if not any(_is_above(one, other) for other in authorities)]
        candidates = lowest or authorities
        return candidates[0] if candidates else None


def _is_above(candidate: Certificate, other: Certificate) -> bool:
    return candidate is not other and other.issuer.same_as(candidate.subject) and not other.names_itself_as_issuer


def _begin(certificate: Certificate) -> float:
    return certificate.not_before.timestamp() if certificate.not_before else 0.0
