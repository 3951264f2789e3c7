"""Certification paths to a trust store at a given time, legacy certificates included (RFC 5280 §6, as OpenSSL applies it).

The library's own verifier refuses every leaf without a subject alternative name and every SHA-1 signature, which CUCM
certificates may lack or bear; what a policy thinks of them is not decided here. Names of the peer and revocation are not judged.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache

from pytest_cucmtls.model.certificates import CLIENT_AUTH, EXTENDED_KEY_USAGE_NAMES, SERVER_AUTH, Certificate
from pytest_cucmtls.wire.x509 import is_signed_by

LONGEST_PATH = 8
ANY_USAGE = "2.5.29.37.0"
_ROLE_USAGE = {"server": SERVER_AUTH, "client": CLIENT_AUTH}
_ROLE_KEY_USAGE = {
    "server": {"digitalSignature", "keyEncipherment", "keyAgreement"},
    "client": {"digitalSignature", "keyAgreement"},
}


class PathProblem(Enum):
    """Why no valid path exists; in order of how far the best attempt came."""

    UNREADABLE = "the certificate cannot be read"
    NO_ISSUER = "the issuer is not in the trust store"
    OTHER_KEY = "an issuer of that name is in the trust store, but its key did not sign the certificate"
    NO_ANCHOR = "the path does not end in a self-signed certificate of the trust store"
    NOT_A_CA = "an issuer in the path is not a certification authority"
    PATH_LENGTH = "an issuer in the path allows fewer certificates below it"
    EXPIRED = "a certificate of the path has expired"
    NOT_YET_VALID = "a certificate of the path is not valid yet"
    ROLE = "the certificate may not be used in this TLS role"


@dataclass(frozen=True, slots=True)
class PathResult:
    """The path found (leaf first, anchor last) and what is wrong with it; `about` is the certificate concerned."""

    path: tuple[Certificate, ...]
    problem: PathProblem | None = None
    about: Certificate | None = None
    detail: str = ""

    @property
    def valid(self) -> bool:
        """A complete path without a problem."""
        return self.problem is None


@lru_cache(maxsize=4096)
def signed_by(certificate: Certificate, issuer: Certificate) -> bool:
    """The issuer's key verifies the certificate's signature (remembered: the same pairs are asked for again and again)."""
    return is_signed_by(certificate, issuer)


def is_self_signed(certificate: Certificate) -> bool:
    """Issuer equals subject and the certificate's own key verifies its signature."""
    return certificate.names_itself_as_issuer and signed_by(certificate, certificate)


def validate_path(
    leaf: Certificate, presented: tuple[Certificate, ...], store: tuple[Certificate, ...], *, at: datetime, role: str
) -> PathResult:
    """The best path from `leaf` through `presented` and the non-root members of `store` to a self-signed member of `store`.

    `at` is compared inclusively with both ends of every validity (RFC 5280 §4.1.2.5); `role` is ``server`` or ``client``.
    A self-signed leaf that is itself in the store is its own anchor. Anchors presented on the wire prove nothing.
    """
    if leaf.not_before is None or leaf.not_after is None or not leaf.public_key_sha256:
        return PathResult((leaf,), PathProblem.UNREADABLE, leaf, leaf.problem or "")
    order = list(PathProblem)
    best: PathResult | None = None
    for attempt in _attempts((leaf,), presented, store):
        result = _judged(attempt, at, role)
        if result.valid:
            return result
        if best is None or _rank(order, result) > _rank(order, best):
            best = result
    return best or PathResult((leaf,), PathProblem.NO_ISSUER, leaf)


def _rank(order: list[PathProblem], result: PathResult) -> int:
    return order.index(result.problem) if result.problem else len(order)


def _attempts(
    path: tuple[Certificate, ...], presented: tuple[Certificate, ...], store: tuple[Certificate, ...]
) -> Iterator[PathResult]:
    """Every path upwards: complete ones without a problem, broken ones with the reason the search stopped."""
    last = path[-1]
    if is_self_signed(last):
        complete = any(last.sha256 == anchor.sha256 for anchor in store)
        yield PathResult(path) if complete else _no_anchor(path, store)
        return
    named = [candidate for candidate in (*store, *presented) if candidate.subject.same_as(last.issuer)]
    seen = {member.sha256 for member in path}
    signers = {member.sha256: member for member in named if member.sha256 not in seen and signed_by(last, member)}
    if not signers or len(path) >= LONGEST_PATH:
        yield _dead_end(path, named)
        return
    for signer in signers.values():
        yield from _attempts((*path, signer), presented, store)


def _no_anchor(path: tuple[Certificate, ...], store: tuple[Certificate, ...]) -> PathResult:
    root = path[-1]
    namesake = next((member for member in store if member.subject.same_as(root.subject)), None)
    if namesake is not None:
        return PathResult(path, PathProblem.OTHER_KEY, namesake, f"store holds {namesake.sha256[:16]}, the path ends in another")
    return PathResult(path, PathProblem.NO_ISSUER, path[-2] if len(path) > 1 else root)


def _dead_end(path: tuple[Certificate, ...], named: list[Certificate]) -> PathResult:
    last = path[-1]
    if named and not any(signed_by(last, member) for member in named):
        return PathResult(path, PathProblem.OTHER_KEY, named[0], f"{named[0].sha256[:16]} did not sign {last.sha256[:16]}")
    return PathResult(path, PathProblem.NO_ISSUER if len(path) == 1 else PathProblem.NO_ANCHOR, last)


def _judged(found: PathResult, at: datetime, role: str) -> PathResult:
    if found.problem is not None:
        return found
    path = found.path
    for below, issuer in enumerate(path[1:]):
        problem = _issuer_problem(issuer, below)
        if problem is not None:
            return PathResult(path, problem, issuer)
    for member in path:
        if member.not_before is None or member.not_after is None:
            return PathResult(path, PathProblem.UNREADABLE, member)
        if at > member.not_after:
            return PathResult(path, PathProblem.EXPIRED, member, f"not after {member.not_after:%Y-%m-%d %H:%M:%S} UTC")
        if at < member.not_before:
            return PathResult(path, PathProblem.NOT_YET_VALID, member, f"not before {member.not_before:%Y-%m-%d %H:%M:%S} UTC")
    unfit = next((member for member in path[:-1] or path if not fits_role(member, role)), None)
    return found if unfit is None else PathResult(path, PathProblem.ROLE, unfit, usage_text(unfit))


def _issuer_problem(issuer: Certificate, below: int) -> PathProblem | None:
    if not issuer.is_ca or (issuer.key_usage is not None and "keyCertSign" not in issuer.key_usage):
        return PathProblem.NOT_A_CA
    if issuer.path_length is not None and below > issuer.path_length:
        return PathProblem.PATH_LENGTH
    return None


def fits_role(certificate: Certificate, role: str) -> bool:
    """Extended key usage, when present, names the role or any usage; a leaf's key usage, when present, allows the handshake."""
    usages = certificate.extended_key_usage
    if usages is not None and _ROLE_USAGE[role] not in usages and ANY_USAGE not in usages:
        return False
    return certificate.is_ca or certificate.key_usage is None or bool(_ROLE_KEY_USAGE[role] & set(certificate.key_usage))


def usage_text(certificate: Certificate) -> str:
    """Extended key usage as names, e.g. ``serverAuth, clientAuth``."""
    if certificate.extended_key_usage is None:
        return "no extended key usage extension"
    names = [EXTENDED_KEY_USAGE_NAMES.get(oid, oid) for oid in certificate.extended_key_usage]
    return ", ".join(names) or "empty extended key usage"
