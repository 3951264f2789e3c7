"""Requests to the web enrolment pages of one server: verified HTTPS, one connection each, Basic, NTLM or Negotiate.

The server is verified as CUCM's interfaces are (`clients/tls_peer.py`); environment variables are ignored, redirects are
refused and no body is unbounded, so credentials reach the declared server only. NTLM and Kerberos are pyspnego's, bound to
the TLS channel (RFC 5929 tls-server-end-point) as servers with extended protection demand.
"""

import base64
import binascii
import hashlib
import http.client
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from pytest_cucmtls.clients.tls_peer import PinningContext, peer_context
from pytest_cucmtls.clients.tls_presented import presented_fingerprint
from pytest_cucmtls.model.errors import (
    AnswerTimedOut,
    ClusterUnreachable,
    ConfigurationInvalid,
    CredentialsRefused,
    InterfaceRefused,
    PeerNotVerified,
    UnexpectedAnswer,
)
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.wire.html_text import plain_text
from pytest_cucmtls.wire.x509 import parse_certificate

if TYPE_CHECKING:
    from spnego import ContextProxy

INTERFACE = "web enrolment"
MAX_ANSWER_BYTES = 1024 * 1024
OLDEST_TLS = "TLSv1.2"
USER_AGENT = "Mozilla/5.0 (compatible; pytest-cucmtls)"
"""Others than browsers get certificates with a wrong media type."""
BUSY_ATTEMPTS = 3
LONGEST_BUSY_PAUSE_SECONDS = 30.0
_SCHEMES = {"ntlm": "NTLM", "negotiate": "Negotiate"}
_BINDING_HASHES = {"SHA-384": "sha384", "SHA-512": "sha512"}
"""RFC 5929 §4.1: the hash of the certificate's signature, SHA-256 in place of anything weaker."""
_REMEDIES = {
    404: "authority.url is usually https://HOST/certsrv; the server needs the role Certification Authority Web Enrollment.",
    503: "The server is busy or its application pool is stopped: run again with the same run folder, it goes on from here.",
    500: "The page failed on the server: is the CA service (certsvc) running? Run again with the same run folder.",
}


@dataclass(frozen=True, slots=True)
class EnrolmentAnswer:
    """Status 200, media type without parameters in lower case, and body."""

    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class _Raw:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


class EnrolmentSession:
    """The pages below `url` as one user.

    Args:
        url: ``https://host[:port]/certsrv``.
        user, password: None with ``negotiate`` uses the Kerberos ticket of the session.
        authentication: ``basic``, ``ntlm`` or ``negotiate``.
        ca_bundle: PEM file that vouches for the server; None: public authorities.
        limit_seconds: for connecting and for each silence; a whole answer may take ten times that.

    Raises: ConfigurationInvalid (unreadable bundle; pyspnego missing for ntlm and negotiate).
    """

    def __init__(
        self,
        url: str,
        user: str | None,
        password: Secret | None,
        *,
        authentication: str = "basic",
        ca_bundle: str | None = None,
        limit_seconds: float = 30,
    ) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "", parts.port or 443
        self.user, self.authentication, self.limit_seconds = user, authentication, limit_seconds
        self._path, self._password = parts.path.rstrip("/"), password
        self._context: PinningContext = peer_context(ca_bundle, OLDEST_TLS)
        if authentication != "basic":
            _require_spnego()

    def get(self, page: str, query: Mapping[str, str]) -> EnrolmentAnswer:
        """Read a page.

        Raises: ClusterUnreachable, PeerNotVerified, CredentialsRefused, AnswerTimedOut, UnexpectedAnswer (too large,
        broken), InterfaceRefused with the HTTP status as code.
        """
        return self._exchange("GET", page, f"?{urlencode(query)}" if query else "", b"")

    def post(self, page: str, fields: Mapping[str, str]) -> EnrolmentAnswer:
        """Send a form. Raises: as `get`."""
        return self._exchange("POST", page, "", urlencode(fields).encode("ascii"))

    def _exchange(self, method: str, page: str, query: str, body: bytes) -> EnrolmentAnswer:
        for attempt in range(1, BUSY_ATTEMPTS + 1):
            raw = self._attempt(method, page, query, body)
            if raw.status != 503 or attempt == BUSY_ATTEMPTS:
                break
            Event().wait(_pause(raw.headers.get("Retry-After")))
        if raw.status == 200:
            return EnrolmentAnswer(raw.headers.get_content_type(), raw.body)
        raise self._refusal(page, raw)

    def _attempt(self, method: str, page: str, query: str, body: bytes) -> _Raw:
        connection = http.client.HTTPSConnection(self.host, self.port, timeout=self.limit_seconds, context=self._context)
        target = f"{self._path}/{page}{query}"
        try:
            connection.connect()
            if self.authentication == "basic":
                return self._send(connection, method, target, body, self._basic())
            return self._handshake(connection, method, target, body)
        except ssl.SSLError as problem:
            raise self._tls_failure(problem) from problem
        except TimeoutError as problem:
            raise AnswerTimedOut(INTERFACE, page or "/", self.limit_seconds) from problem
        except http.client.HTTPException as problem:
            raise UnexpectedAnswer(INTERFACE, page or "/", repr(problem), "the HTTP answer is broken or was cut off") from problem
        except OSError as problem:
            detail = problem.strerror or str(problem)
            raise self._unreachable(detail) from problem
        finally:
            connection.close()

    def _send(self, connection: http.client.HTTPSConnection, method: str, target: str, body: bytes, authorization: str) -> _Raw:
        headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", "Authorization": authorization}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, target, body=body or None, headers=headers)
        response = connection.getresponse()
        deadline = time.monotonic() + 10 * self.limit_seconds
        content = bytearray()
        while chunk := response.read1(64 * 1024):
            content += chunk
            if len(content) > MAX_ANSWER_BYTES:
                raise UnexpectedAnswer(INTERFACE, target, "", f"more than {MAX_ANSWER_BYTES} bytes")
            if time.monotonic() > deadline:
                raise TimeoutError
        response.read()  # an answer that was cut off raises here
        return _Raw(response.status, response.headers, bytes(content))

    def _basic(self) -> str:
        secret = self._password.reveal() if self._password else ""
        return "Basic " + base64.b64encode(f"{self.user or ''}:{secret}".encode()).decode("ascii")

    def _handshake(self, connection: http.client.HTTPSConnection, method: str, target: str, body: bytes) -> _Raw:
        """Negotiation on one connection; the body goes with every leg, because Kerberos may be done after the first."""
        from spnego.exceptions import SpnegoError

        scheme = _SCHEMES[self.authentication]
        try:
            context = self._security_context(connection)
            token = context.step()
            raw = self._send(connection, method, target, body, f"{scheme} {_encoded(token)}")
            challenge = _challenge(raw.headers, scheme)
            if raw.status != 401 or not challenge:
                return raw
            return self._send(connection, method, target, body, f"{scheme} {_encoded(context.step(challenge))}")
        except SpnegoError as problem:
            remedy = "Check the account, for Kerberos also `klist` and the server's name, or change authority.authentication."
            detail = f"{scheme} failed: {problem}"
            raise CredentialsRefused(INTERFACE, self.host, self.user or "", detail, remedy=remedy) from problem

    def _security_context(self, connection: http.client.HTTPSConnection) -> "ContextProxy":
        import spnego
        from spnego.channel_bindings import GssChannelBindings

        presented = connection.sock.getpeercert(True) or b""
        name = _BINDING_HASHES.get(parse_certificate(presented).signature_hash or "", "sha256")
        digest = hashlib.new(name, presented).digest()
        ntlm = self.authentication == "ntlm"
        return spnego.client(
            self.user,
            self._password.reveal() if self._password else None,
            hostname=self.host,
            service="HTTP",  # RFC 4559 §4; a KDC other than Microsoft's tells the cases apart
            channel_bindings=GssChannelBindings(application_data=b"tls-server-end-point:" + digest),
            protocol=self.authentication,
            options=spnego.NegotiateOptions.use_ntlm if ntlm else spnego.NegotiateOptions.none,
        )

    def _refusal(self, page: str, raw: _Raw) -> Exception:
        user = self.user or "(session's ticket)"
        if raw.status == 401:
            offered = ", ".join(value.split(" ")[0] for value in raw.headers.get_all("WWW-Authenticate") or ()) or "nothing"
            detail = f"HTTP 401; tried {self.authentication}, the server offers {offered}"
            remedy = "Check user and password (DOMAIN\\name), and that authority.authentication is one the server offers."
            return CredentialsRefused(INTERFACE, self.host, user, detail, remedy=remedy)
        if raw.status == 403:
            remedy = "The account may not use these pages, or the server demands a client certificate: ask its administrator."
            return CredentialsRefused(INTERFACE, self.host, user, f"HTTP 403, {plain_text(raw.body)}", remedy=remedy)
        if 300 <= raw.status < 400:
            place = raw.headers.get("Location", "nowhere")[:200]
            remedy = "Credentials are not sent to another address: write the final one as authority.url."
            return InterfaceRefused(INTERFACE, page or "/", str(raw.status), f"the server redirects to {place}", remedy=remedy)
        remedy = _REMEDIES.get(raw.status, "")
        return InterfaceRefused(INTERFACE, page or "/", str(raw.status), plain_text(raw.body) or "no explanation", remedy=remedy)

    def _unreachable(self, detail: str) -> ClusterUnreachable:
        remedy = "Check authority.url, the route to the server and that IIS listens with HTTPS."
        return ClusterUnreachable(INTERFACE, self.host, self.port, detail, remedy=remedy)

    def _tls_failure(self, problem: ssl.SSLError) -> Exception:
        detail = str(problem)
        if "certificate" not in detail.lower():
            return self._unreachable(f"TLS handshake failed: {detail}")
        presented = presented_fingerprint(self.host, self.port, OLDEST_TLS, self.limit_seconds)
        remedy = "Name the PEM file of the CA that vouches for the server as authority.ca_bundle."
        address = f"{self.host}:{self.port}"
        return PeerNotVerified(INTERFACE, address, presented, detail, remedy=remedy)


def _require_spnego() -> None:
    try:
        import spnego  # noqa: F401 - only whether it is there
    except ImportError as problem:
        raise ConfigurationInvalid(
            "inventory",
            "authority.authentication",
            "ntlm and negotiate need the package pyspnego",
            remedy="pip install 'pytest-cucmtls[adcs]', or choose basic where the server allows it.",
        ) from problem


def _encoded(token: bytes | None) -> str:
    return base64.b64encode(token or b"").decode("ascii")


def _challenge(headers: http.client.HTTPMessage, scheme: str) -> bytes:
    """The token the server answered with under this scheme; empty when it only names the scheme, or not even that."""
    for value in headers.get_all("WWW-Authenticate") or ():
        name, _, token = value.strip().partition(" ")
        if name.lower() == scheme.lower():
            try:
                return base64.b64decode(token.strip(), validate=True)
            except binascii.Error:
                return b""
    return b""


def _pause(retry_after: str | None) -> float:
    seconds = float(retry_after) if retry_after and retry_after.isdigit() else 2.0
    return min(seconds, LONGEST_BUSY_PAUSE_SECONDS)
