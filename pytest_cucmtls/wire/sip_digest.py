"""Digest authentication as a SIP client answers it: MD5 and SHA-256, with and without qop (RFC 3261 §22, RFC 7616, RFC 8760)."""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final

from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.model.secrets import Secret

LARGEST_VALUE: Final = 8192
_PARAMETER = re.compile(r'([A-Za-z][\w*-]{0,31})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_HASHES: Final[dict[str, Callable[[bytes], "hashlib._Hash"]]] = {
    "MD5": partial(hashlib.md5, usedforsecurity=False),
    "SHA-256": hashlib.sha256,
}
"""Weakest first."""


@dataclass(frozen=True, slots=True)
class DigestChallenge:
    """One ``Digest`` value of WWW-Authenticate or Proxy-Authenticate that this client can answer."""

    realm: str
    nonce: str
    algorithm: str
    """``MD5`` or ``SHA-256``, with ``-sess`` when the challenge says so; as the challenge spells it in the answer."""
    opaque: str | None = None
    qop: bool = False
    """``auth`` is among the qualities offered."""
    stale: bool = False
    """The credentials were right, only the nonce is too old."""
    states_algorithm: bool = True

    @property
    def hash_name(self) -> str:
        """The hash without ``-sess``."""
        return self.algorithm.removesuffix("-sess")


def digest_parameters(value: str) -> dict[str, str]:
    """Parameters of a challenge or of its answer, names in lower case, quotes undone; empty for another scheme or a huge one."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest" or len(value) > LARGEST_VALUE:
        return {}
    return {name.lower(): (_unescaped(quoted) if quoted else plain) for name, quoted, plain in _PARAMETER.findall(rest)}


def parse_challenge(value: str) -> DigestChallenge:
    """A challenge from a header value. Raises: UnexpectedAnswer for another scheme, an unknown algorithm or no nonce."""
    if len(value) > LARGEST_VALUE:
        raise UnexpectedAnswer("sip", "challenge", value, "longer than any challenge")
    if value.strip().partition(" ")[0].lower() != "digest":
        raise UnexpectedAnswer("sip", "challenge", value, "the scheme is not Digest")
    found = digest_parameters(value)
    algorithm = _known_algorithm(found.get("algorithm", "MD5"))
    if algorithm is None:
        raise UnexpectedAnswer("sip", "challenge", value, "the algorithm is neither MD5 nor SHA-256")
    if not found.get("nonce"):
        raise UnexpectedAnswer("sip", "challenge", value, "no nonce")
    offered = [word.strip().lower() for word in found.get("qop", "").split(",") if word.strip()]
    if offered and "auth" not in offered:
        raise UnexpectedAnswer("sip", "challenge", value, "of the qualities only auth can be given")
    return DigestChallenge(
        realm=found.get("realm", ""),
        nonce=found["nonce"],
        algorithm=algorithm,
        opaque=found.get("opaque"),
        qop=bool(offered),
        stale=found.get("stale", "").lower() == "true",
        states_algorithm="algorithm" in found,
    )


def strongest_challenge(values: Iterable[str]) -> DigestChallenge | None:
    """The challenge with the strongest hash among several header values (RFC 8760 §2.4); None when none can be answered."""
    best: DigestChallenge | None = None
    strengths = list(_HASHES)
    for value in values:
        try:
            one = parse_challenge(value)
        except UnexpectedAnswer:
            continue
        if best is None or strengths.index(one.hash_name) > strengths.index(best.hash_name):
            best = one
    return best


def authorization_value(
    challenge: DigestChallenge, user: str, password: Secret, method: str, uri: str, *, client_nonce: str, count: int = 1
) -> str:
    """Value of Authorization or Proxy-Authorization (RFC 7616 §3.4); `count` is how often this nonce was used, from 1."""
    digest = partial(_digest, challenge.hash_name)
    times = f"{count:08x}"
    identity = digest(f"{user}:{challenge.realm}:{password.reveal()}")
    if challenge.algorithm.endswith("-sess"):
        identity = digest(f"{identity}:{challenge.nonce}:{client_nonce}")
    middle = f"{challenge.nonce}:{times}:{client_nonce}:auth" if challenge.qop else challenge.nonce
    response = digest(f"{identity}:{middle}:{digest(f'{method}:{uri}')}")
    words = [f'username="{_escaped(user)}"', f'realm="{_escaped(challenge.realm)}"', f'nonce="{_escaped(challenge.nonce)}"']
    words += [f'uri="{uri}"', f'response="{response}"']
    if challenge.states_algorithm:
        words.append(f"algorithm={challenge.algorithm}")
    if challenge.qop or challenge.algorithm.endswith("-sess"):
        words.append(f'cnonce="{client_nonce}"')
    if challenge.qop:
        words += ["qop=auth", f"nc={times}"]
    if challenge.opaque is not None:
        words.append(f'opaque="{_escaped(challenge.opaque)}"')
    return f"Digest {', '.join(words)}"


def _known_algorithm(text: str) -> str | None:
    """The registered spelling; None for an algorithm this client does not have."""
    for name in _HASHES:
        for known in (name, f"{name}-sess"):
            if text.lower() == known.lower():
                return known
    return None


def _digest(name: str, text: str) -> str:
    return _HASHES[name](text.encode()).hexdigest()


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
