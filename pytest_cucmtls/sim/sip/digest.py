"""SIP digest authentication as the simulated CallManager asks it of phones (RFC 3261 §22, RFC 2617, MD5)."""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable

REALM = "ccmsipline"
"""CUCM's realm for phones (ASSUMED: seen in public captures of third-party phones, in no guide)."""
NONCE_SECONDS = 600.0
_MOST_NONCES = 1000


class Digest:
    """Nonces given out by one node, and the judgement of answers to them."""

    def __init__(self, now: Callable[[], float], realm: str = REALM) -> None:
        self.realm = realm
        self._now = now
        self._nonces: OrderedDict[str, float] = OrderedDict()

    def challenge(self, *, stale: bool = False) -> str:
        """Value of WWW-Authenticate with a fresh nonce."""
        nonce = secrets.token_urlsafe(24)
        self._nonces[nonce] = self._now() + NONCE_SECONDS
        while len(self._nonces) > _MOST_NONCES:
            self._nonces.popitem(last=False)
        return f'Digest realm="{self.realm}", nonce="{nonce}", algorithm=MD5' + (", stale=true" if stale else "")

    def is_current(self, nonce: str) -> bool:
        """The nonce is one of ours and not too old."""
        return self._nonces.get(nonce, 0.0) > self._now()


def is_right(parameters: dict[str, str], method: str, password: str, realm: str = REALM) -> bool:
    """The response fits user, realm, nonce, URI, method and password; with and without ``qop=auth``."""
    if parameters.get("realm") != realm or parameters.get("algorithm", "MD5").upper() != "MD5":
        return False
    identity = _md5(f"{parameters.get('username', '')}:{realm}:{password}")
    request = _md5(f"{method}:{parameters.get('uri', '')}")
    middle = [parameters.get("nonce", "")]
    if "qop" in parameters:
        middle += [parameters.get("nc", ""), parameters.get("cnonce", ""), parameters["qop"]]
    expected = _md5(":".join((identity, *middle, request)))
    return secrets.compare_digest(expected.encode(), parameters.get("response", "").lower().encode())


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
