"""An authority that holds its own key: requests stay pending until issued, then are signed here."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm

from pytest_cucmtls.ca.authority import RequestState
from pytest_cucmtls.ca.issuing import Issuer, IssuingProfile, issue_certificate, microsoft_serial_number
from pytest_cucmtls.ca.requests import RequestBook
from pytest_cucmtls.ca.revocation import issue_revocation_list
from pytest_cucmtls.model.errors import CertificateAuthorityRefused
from pytest_cucmtls.wire.x509 import parse_request, pem_of


def utc_now() -> datetime:
    """The clock of the machine, aware UTC, whole seconds (X.509 knows no smaller ones)."""
    return datetime.now(UTC).replace(microsecond=0)


class SigningAuthority:
    """Signs with a key of ours. Implements `CertificateAuthority`; `now` is the clock."""

    def __init__(
        self,
        name: str,
        folder: Path,
        issuer: Issuer,
        chain: tuple[bytes, ...],
        *,
        profile: IssuingProfile,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._name, self._issuer, self._chain, self._profile, self._now = name, issuer, chain, profile, now
        self._book = RequestBook(folder / "requests", name)

    @property
    def name(self) -> str:
        """How reports call it."""
        return self._name

    def submit(self, request_pem: bytes, *, label: str) -> str:
        """Hand in a request. Raises: CertificateAuthorityRefused (no request, or not signed with its own key)."""
        return self._book.add(request_pem, label, self._now())

    def state(self, request_id: str) -> RequestState:
        """Where the request stands. Raises: CertificateAuthorityRefused (no such request)."""
        return self._book.state(request_id)

    def issue(self, request_id: str) -> None:
        """Sign a pending request; one already issued stays as it is. Raises: CertificateAuthorityRefused (denied, unusable)."""
        state = self._book.state(request_id)
        if state == "denied":
            raise CertificateAuthorityRefused(self._name, request_id, "was denied and cannot be issued")
        if state == "issued":
            return
        request = parse_request(self._book.request(request_id))
        at = self._now()
        serial_number = microsoft_serial_number(int(request_id), at)
        try:
            der = issue_certificate(request, self._issuer, self._profile, serial_number=serial_number, at=at)
        except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
            raise CertificateAuthorityRefused(self._name, request_id, f"the request cannot be signed: {problem}") from problem
        self._book.store(request_id, pem_of(der).encode("ascii"))

    def deny(self, request_id: str, why: str) -> None:
        """The operator says no."""
        self._book.deny(request_id, why)

    def retrieve(self, request_id: str) -> bytes:
        """The certificate in PEM. Raises: CertificateAuthorityRefused (pending, denied, no such request)."""
        return self._book.certificate(request_id)

    def advice(self, request_ids: Sequence[str]) -> str:
        """Nothing waits here for a person: issuing is our own act."""
        del request_ids
        return ""

    def revocation_list(self) -> bytes:
        """DER of this authority's revocation list: it has revoked nothing; numbered by the time it is made."""
        at = self._now()
        return issue_revocation_list(self._issuer, number=int(at.timestamp()), at=at)

    def chain(self) -> tuple[bytes, ...]:
        """DER of the issuing certificate first, of the root last."""
        return self._chain
