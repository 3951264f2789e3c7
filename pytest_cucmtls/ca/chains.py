"""Puts CA certificates in order: issuing one first, root last."""

from collections.abc import Iterable

from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.wire.x509 import is_signed_by

LONGEST_CHAIN = 10


def ordered_chain(first: Certificate, others: Iterable[Certificate]) -> tuple[Certificate, ...]:
    """`first`, then each certificate that signed the one before, as far as `others` reach; ends at a self-issued one."""
    pool = tuple(others)
    chain = [first]
    while not chain[-1].names_itself_as_issuer and len(chain) < LONGEST_CHAIN:
        above = next((candidate for candidate in pool if candidate.is_ca and _signed(chain[-1], candidate, chain)), None)
        if above is None:
            break
        chain.append(above)
    return tuple(chain)


def _signed(below: Certificate, candidate: Certificate, chain: list[Certificate]) -> bool:
    known = any(candidate.sha256 == member.sha256 for member in chain)
    return not known and candidate.subject.same_as(below.issuer) and is_signed_by(below, candidate)
