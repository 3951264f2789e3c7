"""A loopback HTTPS server that answers prepared bytes and remembers what it was asked."""

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from pytest_cucmtls.clients.https import ExchangeLog, HttpsSession
from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.model.secrets import Secret

USER = "axl-user"
PASSWORD = "p<w>&räts3l"
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Asked:
    """One request as it arrived; header names are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Prepared:
    """One answer; `announced_bytes` lies about the length, `headers` are added."""

    body: bytes = b""
    status: int = 200
    content_type: str = "text/xml;charset=UTF-8"
    headers: tuple[tuple[str, str], ...] = ()
    announced_bytes: int | None = None
    silent: bool = False
    chunked: bool = False
    """The body is in chunks already."""


@dataclass
class HttpsStandIn:
    """Answers are used up in order, the last one again and again."""

    identity: Path
    """PEM file with certificate and key."""
    answers: list[Prepared] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    choose: Callable[[Asked], Prepared] | None = None
    newest_tls: ssl.TLSVersion | None = None
    port: int = 0

    def __enter__(self) -> "HttpsStandIn":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if self.newest_tls is not None:
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = self.newest_tls
        context.load_cert_chain(self.identity)
        self._server = _Server(("127.0.0.1", 0), _handler(self), context)
        self._released = threading.Event()
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def session(
        self, ca_bundle: Path | None, *, oldest_tls: str = "TLSv1.2", limit_seconds: float = 5, log: ExchangeLog | None = None
    ) -> HttpsSession:
        """A client session to this server by address."""
        node = NodeAddress("cucm-a", "127.0.0.1", https_port=self.port)
        return HttpsSession(
            node,
            USER,
            Secret(PASSWORD),
            ca_bundle=str(ca_bundle) if ca_bundle else None,
            oldest_tls=oldest_tls,
            limit_seconds=limit_seconds,
            exchange_log=log,
        )

    def answer(self, asked: Asked) -> Prepared:
        """The next prepared answer."""
        self.asked.append(asked)
        if self.choose is not None:
            return self.choose(asked)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def wait_for_release(self) -> None:
        """Keep a request unanswered until the test is over."""
        self._released.wait(30)


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(address, handler)

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        connection.settimeout(10)
        # The handshake happens in the handler's thread, so that a client that refuses it disturbs nobody.
        return self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what many of these tests are about."""


def _handler(stand_in: HttpsStandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            headers = {name.lower(): value for name, value in self.headers.items()}
            prepared = stand_in.answer(Asked(self.command, self.path, headers, self.rfile.read(length)))
            if prepared.silent:
                stand_in.wait_for_release()
                self.close_connection = True
                return
            self.send_response(prepared.status)
            self.send_header("Content-Type", prepared.content_type)
            announced = len(prepared.body) if prepared.announced_bytes is None else prepared.announced_bytes
            framing = ("Transfer-Encoding", "chunked") if prepared.chunked else ("Content-Length", str(announced))
            self.send_header(*framing)
            for name, value in prepared.headers:
                self.send_header(name, value)
            # As Tomcat does for faults; it also keeps idle server threads from outliving a test.
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(prepared.body)
            self.close_connection = True

        do_GET = do_POST = do_DELETE = _serve

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    return Handler


@dataclass(frozen=True)
class Issued:
    """A certificate made for a test."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def pem(self) -> bytes:
        """Certificate alone."""
        return self.certificate.public_bytes(Encoding.PEM)

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """(file with certificate and key, file with the certificate alone)."""
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        identity, public = folder / f"{name}-identity.pem", folder / f"{name}.pem"
        identity.write_bytes(self.pem + key)
        public.write_bytes(self.pem)
        return identity, public


def make_certificate(
    common_name: str,
    *,
    issuer: Issued | None = None,
    is_ca: bool = False,
    names: tuple[str, ...] = (),
    days_valid: int = 30,
    rsa_bits: int = 0,
) -> Issued:
    """Self-signed without any extension, as Tomcat's own is at its barest, unless options say otherwise."""
    key: PrivateKey = rsa.generate_private_key(65537, rsa_bits) if rsa_bits else ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days_valid))
    )
    if is_ca:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    if names:
        general = [x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name) for name in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(general), critical=False)
    return Issued(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)
