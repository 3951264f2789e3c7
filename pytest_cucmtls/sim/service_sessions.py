"""Session cookies of the log services: each service knows its own and answers HTTP 500 to another's."""

import secrets
from collections import deque
from http.cookies import CookieError, SimpleCookie

from aiohttp import web

COOKIE = "JSESSIONID"
_MOST_SESSIONS = 1000


class ServiceSessions:
    """Sessions of one service; its cookie is bound to the service's path."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._known: deque[str] = deque(maxlen=_MOST_SESSIONS)

    def is_foreign(self, request: web.Request) -> bool:
        """The request carries a session this service never gave out."""
        presented = _presented(request.headers.get("Cookie", ""))
        return bool(presented) and not any(session in self._known for session in presented)

    def open(self, request: web.Request, reply: web.Response) -> None:
        """Give the client a session with the reply unless it has one."""
        if _presented(request.headers.get("Cookie", "")):
            return
        session = secrets.token_hex(16).upper()
        self._known.append(session)
        reply.set_cookie(COOKIE, session, path=self._path, secure=True, httponly=True)


def _presented(header: str) -> list[str]:
    """Session ids of a Cookie header; RFC 6265 allows the same name several times (different paths)."""
    found = []
    for pair in header.split(";"):
        try:
            cookie = SimpleCookie(pair.strip())
        except CookieError:
            continue
        found += [morsel.value for name, morsel in cookie.items() if name == COOKIE and morsel.value]
    return found
