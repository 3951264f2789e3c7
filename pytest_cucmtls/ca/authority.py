"""What every certificate authority offers, as in the source document: submit, pending, issue, retrieve."""

from collections.abc import Sequence
from typing import Literal, Protocol

RequestState = Literal["pending", "issued", "denied"]


class CertificateAuthority(Protocol):
    """An authority that signs CUCM's requests; every method may raise CertificateAuthorityRefused."""

    @property
    def name(self) -> str:
        """How reports call it."""
        ...

    def submit(self, request_pem: bytes, *, label: str) -> str:
        """Hand in a PKCS#10 request; `label` says whose it is. Returns the request id."""
        ...

    def state(self, request_id: str) -> RequestState:
        """Where the request stands."""
        ...

    def issue(self, request_id: str) -> None:
        """The operator's act that turns pending into issued; does nothing where another person does it."""
        ...

    def retrieve(self, request_id: str) -> bytes:
        """The certificate as the authority hands it out, in PEM; raises while the request is not issued."""
        ...

    def chain(self) -> tuple[bytes, ...]:
        """DER of the authority's own certificates: the issuing one first, the root last."""
        ...

    def advice(self, request_ids: Sequence[str]) -> str:
        """What a person has to do so that these pending requests are issued; may be empty."""
        ...
