"""Which of two values of the same fact is better for a trunk that must be encrypted, authenticated and routed as intended."""

import re
from collections.abc import Callable
from enum import Enum
from itertools import pairwise

from pytest_cucmtls.evidence.fact import Value
from pytest_cucmtls.model.verdicts import Outcome


class Change(Enum):
    """How a difference is classed."""

    EXPECTED = "expected"
    IMPROVED = "improved"
    WORSE = "worse"
    UNEXPLAINED = "unexplained"


Merit = tuple[int, ...]
"""Compared member by member: a value is better only where no member is worse."""
_VERSIONS = ["SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
_HASHES = ["MD5", "SHA-1", "SHA-224", "SHA-256", "SHA-384", "SHA-512"]
_MODES = ["Non Secure", "Authenticated", "Encrypted"]
_OUTCOMES = [Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.WARN, Outcome.PASS]
_SUITE_BITS = re.compile(r"_(?:AES|CAMELLIA|ARIA)_(\d+)|_(CHACHA20)_|_(3DES|DES40|DES|RC4|RC2|SEED|IDEA)_")
_RSA_STRENGTH = [(1024, 80), (2048, 112), (3072, 128), (7680, 192), (15360, 256)]
"""NIST SP 800-57 part 1 rev. 5, table 2."""


def change_of(name: str, before: Value, after: Value) -> Change:
    """IMPROVED or WORSE where the fact has a better side, else UNEXPLAINED; a value that is not known has no side."""
    merit = _MERITS.get(name)
    if merit is None:
        return Change.UNEXPLAINED
    was, now = merit(before), merit(after)
    if was is None or now is None or was == now:
        return Change.UNEXPLAINED
    if all(new >= old for old, new in zip(was, now, strict=True)):
        return Change.IMPROVED
    return Change.WORSE if all(new <= old for old, new in zip(was, now, strict=True)) else Change.UNEXPLAINED


def change_of_outcome(before: Outcome | None, after: Outcome | None) -> Change:
    """A verdict that was or is not applicable, or absent, is only ever worse or unexplained unless it now passes."""
    undecided = {Outcome.ERROR, Outcome.BLOCKED}
    was, now = (Outcome.INCONCLUSIVE if one in undecided else one for one in (before, after))
    if now is None:
        return Change.WORSE if was in {Outcome.PASS, Outcome.WARN} else Change.UNEXPLAINED
    if was in _OUTCOMES and now in _OUTCOMES and was is not None:
        if (was, now) == (Outcome.FAIL, Outcome.INCONCLUSIVE) or was is now:
            return Change.UNEXPLAINED
        return Change.IMPROVED if _OUTCOMES.index(now) > _OUTCOMES.index(was) else Change.WORSE
    if now is Outcome.PASS:
        return Change.IMPROVED
    return Change.WORSE if now in {Outcome.FAIL, Outcome.INCONCLUSIVE} else Change.UNEXPLAINED


def release_rank(text: Value) -> tuple[int, ...] | None:
    """The numbers of a release in order, for comparing releases of one product."""
    numbers = re.findall(r"\d+", text) if isinstance(text, str) else []
    return tuple(int(number) for number in numbers) or None


def _place(order: list[str]) -> Callable[[Value], Merit | None]:
    return lambda value: (order.index(value),) if isinstance(value, str) and value in order else None


def _is(wanted: Value) -> Callable[[Value], Merit | None]:
    return lambda value: None if value is None else (int(value == wanted),)


def _suite(value: Value) -> Merit | None:
    """(encrypts, forward secret, authenticated encryption, key bits)."""
    if not isinstance(value, str):
        return None
    found = _SUITE_BITS.search(value)
    weak = {"3DES": 112, "DES40": 40, "DES": 56, "RC4": 40, "RC2": 40, "SEED": 128, "IDEA": 128}
    bits = 0
    if found is not None:
        bits = int(found[1]) if found[1] else 256 if found[2] else weak[found[3]]
    encrypts = "_WITH_NULL_" not in value and value not in {"TLS_SHA256_SHA256", "TLS_SHA384_SHA384"}
    forward = "_WITH_" not in value or "DHE_" in value
    sealed = any(word in value for word in ("_GCM_", "_CCM", "_POLY1305_"))
    return (int(encrypts), int(forward), int(sealed), bits)


def _key(value: Value) -> Merit | None:
    """Strength in bits of ``RSA 2048``, ``EC 256``."""
    kind, _, size = value.partition(" ") if isinstance(value, str) else ("", "", "")
    if not size.isdigit():
        return None
    bits = int(size)
    if kind == "EC":
        return (bits // 2,)
    if kind != "RSA":
        return None
    if bits < _RSA_STRENGTH[0][0]:
        return (bits * 80 // 1024,)
    for (low, strength), (high, more) in pairwise(_RSA_STRENGTH):
        if bits < high:
            return (strength + (more - strength) * (bits - low) // (high - low),)
    return (_RSA_STRENGTH[-1][1],)


def _moment(value: Value) -> Merit | None:
    """Digits of an ISO time in UTC, which order like the times."""
    digits = re.sub(r"\D", "", value) if isinstance(value, str) else ""
    return (int(digits[:14]),) if len(digits) >= 14 else None


def _secure_profile(value: Value) -> Merit | None:
    return ("SAVP" in value,) if isinstance(value, str) else None


def _has_tls(value: Value) -> Merit | None:
    return (value == "TLS", isinstance(value, str) and "TLS" in value) if value is not None else None


_MERITS: dict[str, Callable[[Value], Merit | None]] = {
    "tls_version": _place(_VERSIONS),
    "signature_hash": _place(_HASHES),
    "security_mode": _place(_MODES),
    "mutual_authentication": _place(["no", "unknown", "yes"]),
    "outcome": _place(["refused", "incomplete", "complete"]),
    "cipher_suite": _suite,
    "key": _key,
    "not_after": _moment,
    "profile": _secure_profile,
    "incoming_transport": _has_tls,
    "outgoing_transport": _has_tls,
    "transport": _has_tls,
    "srtp_allowed": _is(True),
    "srtp_fallback_allowed": _is(False),
    "extended_master_secret": _is(True),
    "renegotiation_info": _is(True),
    "synchronised": _is(True),
    "plaintext_sip": _is(False),
    "block_enable": _is(False),
    "RouteBlockFlag": _is("RouteThisPattern"),
    "final_response": _is(200),
    "compression": _is(0),
}
"""By name of the fact; what is not here has no better side."""
