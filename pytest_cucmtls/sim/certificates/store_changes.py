"""Changes of one node's certificate store that its cluster's other nodes have to follow, as values that can wait and be saved."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_cucmtls.sim.certificates.identities import Identity, PendingRequest

if TYPE_CHECKING:
    from pytest_cucmtls.sim.certificates.store import CertificateStore


@dataclass(frozen=True, slots=True)
class TrustEntry:
    """A trusted certificate."""

    der: bytes
    description: str


@dataclass(frozen=True, slots=True)
class TrustChange:
    """A certificate is trusted now or, without an entry, no longer."""

    unit: str
    file_name: str
    entry: TrustEntry | None

    def happen(self, store: "CertificateStore") -> None:
        """In another node's store."""
        store.take_trust(self.unit, self.file_name, self.entry)


@dataclass(frozen=True, slots=True)
class IdentityChange:
    """A multi-server identity."""

    unit: str
    identity: Identity

    def happen(self, store: "CertificateStore") -> None:
        """In another node's store."""
        store.take_identity(self.unit, self.identity)


@dataclass(frozen=True, slots=True)
class RequestChange:
    """A multi-server request."""

    unit: str
    request: PendingRequest

    def happen(self, store: "CertificateStore") -> None:
        """In another node's store."""
        store.take_request(self.unit, self.request)


StoreChange = TrustChange | IdentityChange | RequestChange
