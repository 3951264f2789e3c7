"""No authority of ours: the certificates in place are verified against the chain somebody declares, and nothing is signed."""

from collections.abc import Sequence
from pathlib import Path

from pytest_cucmtls.ca.authority import RequestState
from pytest_cucmtls.ca.chains import ordered_chain
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.errors import CertificateAuthorityRefused, ConfigurationInvalid, FileUnreadable
from pytest_cucmtls.wire.x509 import parse_certificates


class ExistingCertificates:
    """Implements `CertificateAuthority` as far as there is one: its chain is known, it signs nothing.

    `chain_file` holds the issuing CA, every intermediate and the root, in any order and format. Raises:
    ConfigurationInvalid when it cannot be read, holds no CA certificate, or does not reach one root.
    """

    def __init__(self, chain_file: Path) -> None:
        certificates = _read(chain_file)
        authorities = [certificate for certificate in certificates if certificate.is_ca]
        if not authorities:
            raise _problem(chain_file, "holds no CA certificate")
        signers = {certificate.issuer for certificate in authorities if not certificate.names_itself_as_issuer}
        lowest = [one for one in authorities if not any(one.subject.same_as(name) for name in signers)]
        self._chain = ordered_chain((lowest or authorities)[0], authorities)
        if not self._chain[-1].names_itself_as_issuer:
            missing = f"the certificate of {self._chain[-1].issuer}, which signed {self._chain[-1].subject}, is missing"
            raise _problem(chain_file, missing)
        self._others = tuple(one for one in authorities if one not in self._chain)

    @property
    def name(self) -> str:
        """How reports call it."""
        return f"existing certificates of {self._chain[-1].subject}"

    def submit(self, request_pem: bytes, *, label: str) -> str:
        """Never: this run signs nothing. Raises: CertificateAuthorityRefused."""
        del request_pem
        raise self._refusal("(new)", f"a request of {label} cannot be signed in a run over existing certificates")

    def state(self, request_id: str) -> RequestState:
        """There are no requests. Raises: CertificateAuthorityRefused."""
        raise self._refusal(request_id, "no such request")

    def issue(self, request_id: str) -> None:
        """There are no requests. Raises: CertificateAuthorityRefused."""
        raise self._refusal(request_id, "no such request")

    def retrieve(self, request_id: str) -> bytes:
        """There are no requests. Raises: CertificateAuthorityRefused."""
        raise self._refusal(request_id, "no such request")

    def chain(self) -> tuple[bytes, ...]:
        """Issuing CAs first, roots last: clusters may have certificates of different authorities."""
        members = sorted((*self._chain, *self._others), key=lambda one: one.names_itself_as_issuer)
        return tuple(certificate.der for certificate in members)

    def advice(self, request_ids: Sequence[str]) -> str:
        """What to do to have certificates signed all the same."""
        del request_ids
        return 'Name an authority in the inventory ([authority] kind = "folder", for one) to have certificates issued.'

    def _refusal(self, request_id: str, detail: str) -> CertificateAuthorityRefused:
        return CertificateAuthorityRefused(self.name, request_id, detail, remedy=self.advice(()))


def _read(path: Path) -> tuple[Certificate, ...]:
    try:
        return parse_certificates(path.read_bytes())
    except OSError as problem:
        raise _problem(path, problem.strerror or "cannot be read") from problem
    except FileUnreadable as problem:
        raise _problem(path, problem.detail) from problem


def _problem(path: Path, sentence: str) -> ConfigurationInvalid:
    remedy = "Give the issuing CA, every intermediate and the root."
    return ConfigurationInvalid(str(path), "authority.chain_file", sentence, remedy=remedy)
