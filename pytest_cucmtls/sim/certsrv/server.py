"""Serves the simulated web enrolment over HTTPS on loopback, and misbehaves when asked to."""

import asyncio
import contextlib
import ipaddress
import ssl
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from pytest_cucmtls.model.certificates import DistinguishedName
from pytest_cucmtls.sim.certsrv import pages
from pytest_cucmtls.sim.certsrv.administration import administration_routes
from pytest_cucmtls.sim.certsrv.authority import EnterpriseAuthority, read_request
from pytest_cucmtls.sim.certsrv.sign_in import BasicSignIn, SignIn, WindowsSignIn
from pytest_cucmtls.wire.pem import pem_text
from pytest_cucmtls.wire.x509_sign import generate_key, private_key_pem, self_signed

HOST_NAME = "ca.corp.example"
BUNDLE_FILE = "certsrv-server.pem"
_MAX_REQUEST_BYTES = 1024 * 1024
_CHUNK_BYTES, _OVERSIZED_CHUNKS = 64 * 1024, 64


@dataclass(slots=True)
class Misbehaviour:
    """What the server does wrong, beside what its authority decides."""

    busy_answers: int = 0
    """This many requests get 503 before the next one is served."""
    delay_seconds: float = 0.0
    """Silence before every answer."""
    replaced_page: str | None = None
    """HTML sent with status 200 in place of every page and certificate."""
    status: int = 200
    """Any other status is sent with a short page in place of every answer."""
    redirect: str | None = None
    oversized: bool = False
    """certnew.cer sends more than any certificate."""


@dataclass(slots=True)
class CertsrvServer:
    """A running server: where it is, who may sign in, and the authority to act on."""

    authority: EnterpriseAuthority
    url: str
    bundle_file: Path
    """PEM of the server's own certificate."""
    misbehaviour: Misbehaviour
    asked: list[str] = field(default_factory=list)
    """``METHOD path`` of every request, signed in or not."""
    _runner: web.AppRunner | None = None

    async def close(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()


async def serve_certsrv(
    authority: EnterpriseAuthority,
    folder: Path,
    accounts: dict[str, str],
    *,
    authentication: str = "basic",
    address: str = "127.0.0.1",
    port: int = 0,
    administrator: str = "",
) -> CertsrvServer:
    """Serve /certsrv with a certificate of its own for `address` and `HOST_NAME`; files go into `folder`.

    `accounts` are ``DOMAIN\\name`` to password; `authentication` is ``basic``, ``ntlm`` or ``negotiate`` (these
    two need pyspnego).
    `administrator` names the account that issues and denies under /simulator. Raises: OSError when the port is taken.
    """
    certificate, context = await asyncio.to_thread(_server_identity, folder, address)
    sign_in: SignIn = (
        BasicSignIn(accounts) if authentication == "basic" else WindowsSignIn(accounts, folder, certificate, authentication)
    )
    server = CertsrvServer(authority, "", folder / BUNDLE_FILE, Misbehaviour())
    application = web.Application(client_max_size=_MAX_REQUEST_BYTES, middlewares=[_gate(server, sign_in)])
    application.add_routes(_routes(server))
    if administrator:
        application.add_routes(administration_routes(authority, lambda: _USER.get().lower() == administrator.lower()))
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, address, port, ssl_context=context).start()
    except OSError:
        await runner.cleanup()
        raise
    server._runner = runner
    server.url = f"https://{address}:{runner.addresses[0][1]}/certsrv"
    return server


_USER: ContextVar[str] = ContextVar("user")


def _gate(server: CertsrvServer, sign_in: SignIn) -> Middleware:
    @web.middleware
    async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
        server.asked.append(f"{request.method} {request.path_qs}")
        wrong = server.misbehaviour
        if wrong.delay_seconds:
            await asyncio.sleep(wrong.delay_seconds)
        if wrong.redirect is not None:
            return web.Response(status=302, headers={"Location": wrong.redirect})
        user = sign_in.user(request)
        if user is None:
            text = "<html><head><title>401 - Unauthorized</title></head><body>Access is denied.</body></html>"
            return web.Response(status=401, text=text, content_type="text/html", headers=sign_in.challenge(request))
        if wrong.busy_answers:
            wrong.busy_answers -= 1
            return web.Response(
                status=503, text="<h2>Service Unavailable</h2>", content_type="text/html", headers={"Retry-After": "0"}
            )
        if wrong.status != 200:
            text = f"<html><head><title>{wrong.status}</title></head><body>Something is wrong.</body></html>"
            return web.Response(status=wrong.status, text=text, content_type="text/html")
        if wrong.replaced_page is not None:
            return _html(wrong.replaced_page)
        _USER.set(user)
        return await handler(request)

    return gate


def _routes(server: CertsrvServer) -> list[web.RouteDef]:
    authority = server.authority

    async def submit(request: web.Request) -> web.Response:
        form = await request.post()
        asked = read_request(str(form.get("CertRequest", "")))
        if asked is None or form.get("Mode") != "newreq":
            return _html(pages.not_a_request())
        return _html(pages.submitted(authority.submit(asked, _template(str(form.get("CertAttrib", ""))), _USER.get())))

    async def certificate(request: web.Request) -> web.StreamResponse:
        if server.misbehaviour.oversized:
            return await _oversized(request)
        number, base64 = request.query.get("ReqID", ""), request.query.get("Enc", "").lower() == "b64"
        if number == "CACert":
            return _binary(request, authority.chain[0], base64, "application/pkix-cert")
        made = authority.requests.get(int(number)) if number.isdigit() else None
        if made is None:
            return _html(pages.no_such_request())
        if made.disposition != "issued":
            return _html(pages.disposition(made))
        return _binary(request, made.certificate, base64, "application/pkix-cert")

    async def chain(request: web.Request) -> web.Response:
        members = [x509.load_der_x509_certificate(der) for der in reversed(authority.chain)]
        der = pkcs7.serialize_certificates(members, Encoding.DER)
        return _binary(request, der, request.query.get("Enc", "").lower() == "b64", "application/x-pkcs7-certificates")

    async def renewals(request: web.Request) -> web.Response:
        del request
        return _html(pages.authority_certificates(authority.renewals))

    async def front(request: web.Request) -> web.Response:
        del request
        return _html(pages.welcome())

    return [
        web.get("/certsrv/", front),
        web.post("/certsrv/certfnsh.asp", submit),
        web.get("/certsrv/certnew.cer", certificate),
        web.get("/certsrv/certnew.p7b", chain),
        web.get("/certsrv/certcarc.asp", renewals),
    ]


def _template(attributes: str) -> str:
    """The template a request names in its attributes, one ``Name:value`` per line."""
    for line in attributes.splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() == "certificatetemplate":
            return value.strip()
    return ""


def _html(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/html")


def _binary(request: web.Request, der: bytes, base64: bool, media_type: str) -> web.Response:
    """Base-64 carries the label CERTIFICATE even around a PKCS#7; only browsers get the right media type."""
    body = pem_text("CERTIFICATE", der).replace("\n", "\r\n").encode("ascii") if base64 else der
    browser = request.headers.get("User-Agent", "").startswith("Mozilla")
    return web.Response(body=body, content_type=media_type if browser else "text/html")


async def _oversized(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/pkix-cert"})
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        for _ in range(_OVERSIZED_CHUNKS):
            await response.write(b"A" * _CHUNK_BYTES)
    return response


def _server_identity(folder: Path, address: str) -> tuple[bytes, ssl.SSLContext]:
    folder.mkdir(parents=True, exist_ok=True)
    key = generate_key(2048)
    since = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    names = x509.SubjectAlternativeName([x509.DNSName(HOST_NAME), x509.IPAddress(ipaddress.ip_address(address))])
    der = self_signed(
        key,
        DistinguishedName((("CN", HOST_NAME),)),
        not_before=since,
        not_after=since + timedelta(days=365),
        serial_number=x509.random_serial_number(),
        extensions=((names, False),),
    )
    (folder / BUNDLE_FILE).write_text(pem_text("CERTIFICATE", der), encoding="ascii")
    identity = folder / "certsrv-server-key.pem"
    identity.touch(mode=0o600)
    identity.write_bytes(private_key_pem(key) + pem_text("CERTIFICATE", der).encode("ascii"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(identity)
    return der, context
