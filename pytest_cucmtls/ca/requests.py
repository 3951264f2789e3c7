"""The requests an authority was handed, kept as files so that any later process continues with them."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pytest_cucmtls.ca.authority import RequestState
from pytest_cucmtls.model.errors import CertificateAuthorityRefused, FileUnreadable
from pytest_cucmtls.whole_files import write_atomically
from pytest_cucmtls.wire.x509 import parse_request

FIRST_NUMBER = 2
"""Number 1 is what a Microsoft CA gives its own certificate."""
LARGEST_REQUEST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class RequestBook:
    """One folder per request, named by its number: creating the folder is what allots the number, so processes never collide."""

    folder: Path
    authority: str

    def add(self, request_pem: bytes, label: str, at: datetime) -> str:
        """Keep a request and return its number.

        Raises CertificateAuthorityRefused when it is no request, or not signed with its own key.
        """
        self._check(request_pem)
        number, place = self._allot()
        (place / "request.pem").write_bytes(request_pem)
        facts = {"label": label, "submitted_at": at.isoformat()}
        write_atomically(place / "request.json", (json.dumps(facts) + "\n").encode("utf-8"), mode=0o600)
        return str(number)

    def request(self, request_id: str) -> bytes:
        """The request as it was handed in."""
        return self._file(request_id, "request.pem", "has no request on file")

    def label(self, request_id: str) -> str:
        """Whose request it is, as said when it was handed in. Raises: CertificateAuthorityRefused, also for a damaged record."""
        try:
            facts = json.loads(self._file(request_id, "request.json", "has no label on file"))
            return str(facts["label"])
        except (ValueError, KeyError, TypeError) as problem:
            raise CertificateAuthorityRefused(self.authority, request_id, f"its record is damaged: {problem!r}") from problem

    def holds(self, request_id: str, request_pem: bytes) -> bool:
        """Number `request_id` is this very request, whatever the line ends."""
        return parse_request(self.request(request_id)).der == parse_request(request_pem).der

    def state(self, request_id: str) -> RequestState:
        """Denied and issued leave a file; everything else is pending."""
        place = self._place(request_id)
        if (place / "certificate.pem").exists():
            return "issued"
        return "denied" if (place / "denied.txt").exists() else "pending"

    def store(self, request_id: str, certificate_pem: bytes) -> None:
        """Issued: the certificate appears complete or not at all."""
        write_atomically(self._place(request_id) / "certificate.pem", certificate_pem, mode=0o600)

    def deny(self, request_id: str, why: str) -> None:
        """Denied, with the operator's words."""
        (self._place(request_id) / "denied.txt").write_text(why, encoding="utf-8")

    def certificate(self, request_id: str) -> bytes:
        """The certificate as issued; raises CertificateAuthorityRefused while pending and when denied."""
        state = self.state(request_id)
        if state == "denied":
            why = self._file(request_id, "denied.txt", "").decode("utf-8", "replace")
            raise CertificateAuthorityRefused(self.authority, request_id, f"denied: {why}")
        remedy = "Issue it at the authority, then retrieve it again."
        if state == "pending":
            raise CertificateAuthorityRefused(self.authority, request_id, "still pending", remedy=remedy)
        return self._file(request_id, "certificate.pem", "has no certificate on file")

    def numbers(self) -> tuple[int, ...]:
        """Every number allotted, ascending."""
        if not self.folder.is_dir():
            return ()
        return tuple(sorted(int(entry.name) for entry in self.folder.iterdir() if re.fullmatch(r"\d{1,9}", entry.name)))

    def kept(self) -> tuple[str, ...]:
        """The requests on file, oldest first; one whose writing was interrupted is not among them."""
        return tuple(str(number) for number in self.numbers() if (self._place(str(number)) / "request.json").exists())

    def _check(self, request_pem: bytes) -> None:
        if len(request_pem) > LARGEST_REQUEST_BYTES:
            raise CertificateAuthorityRefused(self.authority, "(new)", f"a request of {len(request_pem)} bytes is too large")
        try:
            request = parse_request(request_pem)
        except FileUnreadable as problem:
            raise CertificateAuthorityRefused(self.authority, "(new)", problem.detail) from problem
        if not request.signature_valid:
            raise CertificateAuthorityRefused(self.authority, "(new)", "the request is not signed with its own key")

    def _allot(self) -> tuple[int, Path]:
        self.folder.mkdir(parents=True, exist_ok=True)
        number = max(self.numbers(), default=FIRST_NUMBER - 1) + 1
        while True:
            place = self.folder / f"{number:05d}"
            try:
                place.mkdir()
            except FileExistsError:
                number += 1
                continue
            return number, place

    def _place(self, request_id: str) -> Path:
        place = self.folder / request_id.zfill(5)
        if not re.fullmatch(r"\d{1,9}", request_id) or not place.is_dir():
            raise CertificateAuthorityRefused(self.authority, request_id, "no such request")
        return place

    def _file(self, request_id: str, name: str, missing: str) -> bytes:
        try:
            return (self._place(request_id) / name).read_bytes()
        except FileNotFoundError as problem:
            raise CertificateAuthorityRefused(self.authority, request_id, missing) from problem
