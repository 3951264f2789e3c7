"""One authenticated HTTPS conversation with one node: verified TLS, bounded bodies, every failure one of our errors."""

import base64
import time
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, ReadTimeoutError

from pytest_cucmtls.clients.tls_peer import PinningContext, peer_context
from pytest_cucmtls.clients.tls_presented import presented_fingerprint
from pytest_cucmtls.model.errors import (
    AnswerTimedOut,
    ClusterUnreachable,
    CredentialsRefused,
    InterfaceRefused,
    PeerNotVerified,
    UnexpectedAnswer,
)
from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.wire.html_text import plain_text
from pytest_cucmtls.wire.soap import excerpt_of

ExchangeLog = Callable[[str, bytes, bytes], None]
"""Receives (operation, request body, response body), passwords masked; headers and cookies are never given to it."""

MAX_ANSWER_BYTES = 32 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
MASK = b"********"
ANSWER_STATUSES = frozenset({200, 201, 202, 204, 400, 500})
"""Statuses whose body the interface itself must read: answers, SOAP faults (500) and REST refusals (400, 500)."""
_REMEDIES = {
    302: "The interface answered at another path: check the port and the release in the inventory.",
    404: (
        "Activate the service that owns this path (Cisco Unified Serviceability > Service Activation); "
        "certificate management over REST exists from release 14 on."
    ),
    503: "The node is busy or the service is starting: wait for outstanding change notifications, then run again.",
    599: "Declare the release of the cluster in the inventory, so that a schema version it knows is used.",
}
_RENEW = "Renew the node's Tomcat certificate, or correct the clock of this machine."
_PIN = (
    "Compare the fingerprint with `show cert own tomcat` on the node's own CLI; if it is the same, save that certificate "
    "as PEM (openssl s_client -connect {address}:{port} </dev/null | openssl x509) and name the file as ca_bundle."
)


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Status, media type and body of one answer."""

    status: int
    content_type: str
    body: bytes


class HttpsSession:
    """Requests to the HTTPS interfaces of one node as one user.

    TLS is always verified (`clients/tls_peer.py`); environment variables (proxies, CA bundles) are ignored; redirects
    are refused; a body larger than its limit is refused while it arrives.

    Args:
        node: where; `https_port` is used.
        user, password: sent as HTTP Basic credentials.
        ca_bundle: PEM file that vouches for the node; None: public authorities.
        oldest_tls: lowest TLS version accepted, ``TLSv1.2`` or, for old releases, ``TLSv1``.
        limit_seconds: for connecting and for each silence; a whole answer may take ten times that.
        exchange_log: receives every exchange's bodies with passwords masked.
    """

    def __init__(
        self,
        node: NodeAddress,
        user: str,
        password: Secret,
        *,
        ca_bundle: str | None,
        oldest_tls: str = "TLSv1.2",
        limit_seconds: float = 30,
        exchange_log: ExchangeLog | None = None,
    ) -> None:
        self.node, self.user, self.limit_seconds = node, user, limit_seconds
        self._password, self._oldest_tls, self._exchange_log = password, oldest_tls, exchange_log
        self._adapter = _ContextAdapter(peer_context(ca_bundle, oldest_tls))
        self._requests = self._new_requests()

    @property
    def base_url(self) -> str:
        """``https://address:port``, IPv6 in brackets."""
        host = f"[{self.node.address}]" if ":" in self.node.address else self.node.address
        return f"https://{host}:{self.node.https_port}"

    def with_own_cookies(self) -> "HttpsSession":
        """A second session over the same connections with an empty cookie jar: CUCM's services refuse each other's."""
        other = copy(self)
        other._requests = other._new_requests()
        return other

    def close(self) -> None:
        """Close idle connections."""
        self._requests.close()

    def __enter__(self) -> "HttpsSession":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def post(
        self,
        interface: str,
        operation: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        limit_bytes: int = MAX_ANSWER_BYTES,
        secrets: tuple[Secret, ...] = (),
    ) -> HttpAnswer:
        """Send a body and read the answer; `secrets` are masked in the exchange log.

        Raises: ClusterUnreachable, PeerNotVerified, CredentialsRefused, AnswerTimedOut, UnexpectedAnswer (too large,
        cut off), InterfaceRefused with the HTTP status as code for a status outside ANSWER_STATUSES.
        """
        return self._exchange("POST", interface, operation, path, body, headers, limit_bytes, secrets)

    def get(self, interface: str, operation: str, path: str, *, limit_bytes: int = MAX_ANSWER_BYTES) -> HttpAnswer:
        """Read a path, query string included. Raises: as `post`."""
        return self._exchange("GET", interface, operation, path, b"", {}, limit_bytes, ())

    def delete(self, interface: str, operation: str, path: str) -> HttpAnswer:
        """Delete a path, query string included. Raises: as `post`."""
        return self._exchange("DELETE", interface, operation, path, b"", {}, MAX_ANSWER_BYTES, ())

    def _new_requests(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.auth = self._sign_in
        session.headers.clear()
        session.headers["Accept-Encoding"] = "identity"
        session.mount("https://", self._adapter)
        return session

    def _sign_in(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        credentials = base64.b64encode(f"{self.user}:{self._password.reveal()}".encode())
        request.headers["Authorization"] = f"Basic {credentials.decode()}"
        return request

    def _exchange(
        self,
        method: str,
        interface: str,
        operation: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        limit_bytes: int,
        secrets: tuple[Secret, ...],
    ) -> HttpAnswer:
        answer = self._attempt(method, interface, operation, path, body, headers, limit_bytes)
        if answer.status == 404 and self._requests.cookies:
            # A session that idled out answers 404 (AXL Developer Guide): forget it and sign in again, once.
            self._requests.cookies.clear()
            answer = self._attempt(method, interface, operation, path, body, headers, limit_bytes)
        if self._exchange_log is not None:
            masked = (*secrets, self._password)
            self._exchange_log(operation, mask(body, masked), mask(answer.body, masked))
        if answer.status in ANSWER_STATUSES:
            return answer
        raise self._refusal(interface, operation, answer)

    def _attempt(
        self, method: str, interface: str, operation: str, path: str, body: bytes, headers: Mapping[str, str], limit_bytes: int
    ) -> HttpAnswer:
        try:
            with self._requests.request(
                method,
                self.base_url + path,
                data=body or None,
                headers=dict(headers),
                timeout=self.limit_seconds,
                allow_redirects=False,
                stream=True,
            ) as response:
                content = self._read(response, interface, operation, limit_bytes)
                return HttpAnswer(response.status_code, response.headers.get("Content-Type", ""), content)
        except requests.exceptions.SSLError as error:
            raise self._tls_failure(interface, error) from error
        except requests.exceptions.ConnectTimeout as error:
            raise self._unreachable(interface, f"no connection within {self.limit_seconds:g} s") from error
        except (requests.exceptions.Timeout, ReadTimeoutError) as error:
            raise AnswerTimedOut(interface, operation, self.limit_seconds) from error
        except requests.exceptions.ConnectionError as error:
            raise self._unreachable(interface, _innermost(error)) from error
        except (HTTPError, requests.exceptions.RequestException, ValueError) as error:
            raise UnexpectedAnswer(interface, operation, str(error), "the HTTP answer is broken or was cut off") from error

    def _read(self, response: requests.Response, interface: str, operation: str, limit_bytes: int) -> bytes:
        deadline = time.monotonic() + 10 * self.limit_seconds
        content = bytearray()
        while chunk := response.raw.read1(CHUNK_BYTES, decode_content=True):
            content += chunk
            if len(content) > limit_bytes:
                raise UnexpectedAnswer(interface, operation, excerpt_of(bytes(content[:400])), f"more than {limit_bytes} bytes")
            if time.monotonic() > deadline:
                raise AnswerTimedOut(interface, operation, 10 * self.limit_seconds)
        return bytes(content)

    def _refusal(self, interface: str, operation: str, answer: HttpAnswer) -> Exception:
        page = plain_text(answer.body)
        if answer.status in (401, 403):
            why = "user name or password is wrong" if answer.status == 401 else "the account lacks the role for this interface"
            return CredentialsRefused(interface, self.node.address, self.user, f"HTTP {answer.status}, {why}")
        remedy = _REMEDIES.get(answer.status, "")
        return InterfaceRefused(interface, operation, str(answer.status), page or "no explanation", remedy=remedy)

    def _unreachable(self, interface: str, detail: str, remedy: str = "") -> ClusterUnreachable:
        return ClusterUnreachable(interface, self.node.address, self.node.https_port, detail, remedy=remedy)

    def _tls_failure(self, interface: str, error: Exception) -> Exception:
        detail = _innermost(error)
        if "certificate" not in detail.lower() and "verify" not in detail.lower():
            remedy = "Declare the release in the inventory: only for old releases are old TLS versions allowed."
            return self._unreachable(interface, f"TLS handshake failed: {detail}", remedy)
        address, port = self.node.address, self.node.https_port
        presented = presented_fingerprint(address, port, self._oldest_tls, self.limit_seconds)
        remedy = _RENEW if "expired" in detail or "not yet valid" in detail else _PIN.format(address=address, port=port)
        return PeerNotVerified(interface, f"{address}:{port}", presented, detail, remedy=remedy)


class _ContextAdapter(HTTPAdapter):
    """Gives every connection our TLS context; urllib3's own name check is off because the context does it."""

    def __init__(self, context: PinningContext) -> None:
        self._context = context
        super().__init__(max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        """Called by requests to build its pools."""
        self.poolmanager = urllib3.PoolManager(
            num_pools=connections,
            maxsize=maxsize,
            block=block,
            ssl_context=self._context,
            assert_hostname=False,
            **pool_kwargs,
        )

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Called by requests for each request; keeps it from adding its own bundle of public authorities to ours."""
        del url, verify, cert
        conn.cert_reqs = "CERT_REQUIRED"


def mask(body: bytes, secrets: tuple[Secret, ...]) -> bytes:
    """A body with every secret, plain or escaped as XML text, replaced."""
    for secret in secrets:
        plain = secret.reveal()
        escaped = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        for form in (escaped, plain):
            body = body.replace(form.encode("utf-8"), MASK) if form else body
    return body


def _innermost(error: BaseException) -> str:
    """The reason at the bottom of requests' and urllib3's wrappers."""
    seen: BaseException = error
    while True:
        inner = getattr(seen, "reason", None) or next((arg for arg in seen.args if isinstance(arg, BaseException)), None)
        if not isinstance(inner, BaseException) or inner is seen:
            return str(seen)
        seen = inner
