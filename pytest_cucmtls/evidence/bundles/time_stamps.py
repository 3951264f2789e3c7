"""RFC 3161 time stamps over the signed envelope of a bundle: asked for, kept as ``timestamp.tsr``, verified.

`rfc3161-client` (extra ``timestamp``) builds requests and verifies answers. A bundle can be sealed, verified and judged without
it; then a time stamp is said to be unchecked, never taken for good.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from pytest_cucmtls.evidence.bundles.layout import CUSTODY, ENVELOPE, TIMESTAMP
from pytest_cucmtls.evidence.bundles.manifest import sha256_of
from pytest_cucmtls.evidence.custody import CustodyAct, continued
from pytest_cucmtls.evidence.folder_walk import read_bytes
from pytest_cucmtls.model.errors import ConfigurationInvalid, FileUnreadable
from pytest_cucmtls.whole_files import write_atomically

if TYPE_CHECKING:
    from rfc3161_client import TimeStampRequest, TimeStampResponse

STAMPED = "timestamped"
"""The act in the custody log that notes a time stamp."""
_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """What a bundle's time stamp says; `verified` only against an authority the verifier named."""

    at: datetime | None
    """UTC; None when it could not be read here."""
    authority: str
    verified: bool
    problem: str = ""
    """Why it is not good; "" when it is, or when nobody said whose it should be."""
    unchecked: str = ""
    """Why it was not verified, though nothing speaks against it."""

    def __str__(self) -> str:
        if self.at is None:
            return self.problem or self.unchecked
        text = f"{self.at:%Y-%m-%d %H:%M:%S} UTC by {self.authority}"
        return f"{text}, verified" if self.verified else f"{text}; not verified: {self.problem or self.unchecked}"


def time_stamp_request(bundle: Path) -> "TimeStampRequest":
    """A request for the signed envelope of a bundle, with a nonce. Raises: FileUnreadable, ConfigurationInvalid (no library)."""
    library_needed()
    from rfc3161_client import TimestampRequestBuilder

    return TimestampRequestBuilder().data(read_bytes(bundle / ENVELOPE)).nonce(nonce=True).cert_request(cert_request=True).build()


def add_time_stamp(bundle: Path, request: "TimeStampRequest", answer: bytes, actor: str, at: datetime, address: str) -> TimeStamp:
    """Keep an answer in a bundle and note it in the custody log. Raises: FileUnreadable for an answer to something else."""
    if (bundle / TIMESTAMP).exists():
        raise FileUnreadable(str(bundle / TIMESTAMP), "exists already; a bundle has one time stamp")
    stamp = read_time_stamp(answer, read_bytes(bundle / ENVELOPE))
    if not stamp.problem:
        from rfc3161_client import decode_timestamp_response

        nonce = decode_timestamp_response(answer).tst_info.nonce
        if nonce != request.nonce:
            raise FileUnreadable(address, "its answer is for another request (the nonce differs); nothing was kept")
    if stamp.problem:
        raise FileUnreadable(address, f"its answer is no time stamp of this bundle: {stamp.problem}; nothing was kept")
    write_atomically(bundle / TIMESTAMP, answer)
    act = CustodyAct(STAMPED, TIMESTAMP, sha256_of(answer), actor, at, f"asked of {address}")
    write_atomically(bundle / CUSTODY, continued(read_bytes(bundle / CUSTODY), [act]))
    return stamp


def read_time_stamp(answer: bytes, envelope: bytes, roots: tuple[x509.Certificate, ...] = ()) -> TimeStamp:
    """What an answer says about an envelope, verified against the authority's root certificates where they are given."""
    try:
        library_needed()
    except ConfigurationInvalid as missing:
        return TimeStamp(None, "", False, unchecked=f"there is one, but it was not checked: {missing}")
    from rfc3161_client import decode_timestamp_response

    try:
        response = decode_timestamp_response(answer)
        if response.status not in (0, 1):
            return TimeStamp(None, "", False, f"the authority refused (status {response.status})")
        info = response.tst_info
        algorithm = _DIGESTS.get(info.message_imprint.hash_algorithm.dotted_string)
        at, authority = info.gen_time.astimezone(UTC), _signer_of(response)
    except (ValueError, TypeError, AttributeError) as problem:
        return TimeStamp(None, "", False, f"is no readable time stamp ({_short(problem)})")
    if algorithm is None or _digest(envelope, algorithm) != info.message_imprint.message:
        return TimeStamp(at, authority, False, f"it is of something else than {ENVELOPE}")
    if not roots:
        return TimeStamp(at, authority, False, unchecked="nobody said which authority to trust (--tsa-root)")
    objection = _objection(response, envelope, roots)
    return TimeStamp(at, authority, not objection, objection)


def read_stamp_roots(file: Path) -> tuple[x509.Certificate, ...]:
    """Root certificates of an authority from a PEM file. Raises: FileUnreadable."""
    try:
        return tuple(x509.load_pem_x509_certificates(read_bytes(file)))
    except ValueError as problem:
        raise FileUnreadable(str(file), f"holds no certificates in PEM form ({_short(problem)})") from problem


def library_needed() -> None:
    """Raises: ConfigurationInvalid, when `rfc3161-client` is not installed."""
    try:
        import rfc3161_client  # noqa: F401 - asked for only
    except ImportError:
        text = "rfc3161-client is not installed"
        raise ConfigurationInvalid("time stamps", "", text, remedy="pip install 'pytest-cucmtls[timestamp]'") from None


def _objection(response: "TimeStampResponse", envelope: bytes, roots: tuple[x509.Certificate, ...]) -> str:
    from rfc3161_client import VerificationError, VerifierBuilder

    builder = VerifierBuilder()
    try:
        for root in dict.fromkeys(roots):
            builder = builder.add_root_certificate(root)
        builder.build().verify_message(response, envelope)
    except (VerificationError, ValueError) as problem:
        return f"the signature does not lead to the authority given ({_short(problem)})"
    return ""


def _signer_of(response: "TimeStampResponse") -> str:
    """Subject of the certificate that signed, as the answer brings it."""
    serial = next(iter(response.signed_data.signer_infos)).serial_number
    for data in response.signed_data.certificates:
        certificate = x509.load_der_x509_certificate(data)
        if certificate.serial_number == serial:
            return certificate.subject.rfc4514_string()
    return f"a signer with serial number {serial:#x}"


def _digest(data: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()


def _short(problem: Exception) -> str:
    return " ".join(str(problem).split())[:160] or type(problem).__name__
