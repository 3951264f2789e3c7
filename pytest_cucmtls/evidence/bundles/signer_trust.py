"""Whether a signer is the expected one: the same key, the same certificate, or a certificate of a trusted authority."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from pytest_cucmtls.evidence.bundles.signing_keys import SignerIdentity, read_identity
from pytest_cucmtls.evidence.folder_walk import read_bytes
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.wire.x509 import is_signed_by, parse_certificate, parse_certificates

LONGEST_CHAIN = 8


@dataclass(frozen=True, slots=True)
class ExpectedSigner:
    """What the verifier was given, by a way of their own: a public key or certificate, or authorities."""

    identity: SignerIdentity | None = None
    authorities: tuple[Certificate, ...] = ()

    def objection(self, signer: SignerIdentity, sealed_at: datetime) -> str | None:
        """Why this is not the expected signer, or None."""
        if self.identity is not None:
            if signer.key_id == self.identity.key_id:
                return None
            return f"signed with the {signer}, not with the expected {self.identity}"
        chain = certificates_of(signer)
        if not chain:
            return f"signed with the bare {signer}; no certificate leads to the trusted authorities"
        return _chain_objection(chain, self.authorities, sealed_at)


def expected_signer(key_or_certificate: Path | None, authority: Path | None) -> ExpectedSigner | None:
    """From files given by the verifier; None when neither was given. Raises: FileUnreadable."""
    if key_or_certificate is not None:
        return ExpectedSigner(identity=read_identity(key_or_certificate))
    if authority is not None:
        return ExpectedSigner(authorities=parse_certificates(read_bytes(authority)))
    return None


def certificates_of(signer: SignerIdentity) -> tuple[Certificate, ...]:
    """The signer's chain as our values, leaf first."""
    return tuple(parse_certificate(certificate.public_bytes(serialization.Encoding.DER)) for certificate in signer.chain)


def validity_objection(certificate: Certificate, at: datetime) -> str | None:
    """A certificate must be valid when it signs (RFC 5280 §4.1.2.5, both ends included)."""
    if certificate.not_before is None or certificate.not_after is None:
        return f"the certificate of {certificate.subject} has no readable validity"
    if certificate.not_before <= at <= certificate.not_after:
        return None
    return (
        f"the certificate of {certificate.subject} is valid from {certificate.not_before:%Y-%m-%d %H:%M} to "
        f"{certificate.not_after:%Y-%m-%d %H:%M} UTC, not at the time of sealing ({at:%Y-%m-%d %H:%M} UTC)"
    )


def _chain_objection(presented: tuple[Certificate, ...], anchors: tuple[Certificate, ...], at: datetime) -> str | None:
    """Follow issuers from the leaf until a trusted certificate signed one of them."""
    current = presented[0]
    for _ in range(LONGEST_CHAIN):
        if any(anchor.sha256 == current.sha256 for anchor in anchors):
            return None
        problem = validity_objection(current, at)
        if problem:
            return problem
        anchor = next((one for one in anchors if one.is_ca and is_signed_by(current, one)), None)
        if anchor is not None:
            return validity_objection(anchor, at)
        issuer = next((one for one in presented[1:] if one.is_ca and is_signed_by(current, one)), None)
        if issuer is None or issuer.sha256 == current.sha256:
            return f"no trusted authority signed the certificate of {current.subject} (issuer {current.issuer})"
        current = issuer
    return "the certificate chain is too long"
