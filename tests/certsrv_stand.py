"""Runs the simulated web enrolment in a thread of its own, for tests that are synchronous."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509

from pytest_cucmtls.ca.enrolment_http import EnrolmentSession
from pytest_cucmtls.ca.web_enrolment import WebEnrolment
from pytest_cucmtls.model.certificates import CLIENT_AUTH, IPSEC_END_SYSTEM, SERVER_AUTH, DistinguishedName
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.sim.certsrv.authority import EnterpriseAuthority
from pytest_cucmtls.sim.certsrv.server import CertsrvServer, serve_certsrv
from pytest_cucmtls.wire.x509 import pem_of
from pytest_cucmtls.wire.x509_sign import SigningKey, library_name, sign_request

USER, PASSWORD = "CORP\\enroller", "s3cret, with: colons"
LIMIT_SECONDS = 20.0


@contextmanager
def running_certsrv(
    folder: Path, authority: EnterpriseAuthority | None = None, *, authentication: str = "basic", password: str = PASSWORD
) -> Iterator[CertsrvServer]:
    """A server on a free port of loopback, closed on leaving."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def done(work: object) -> object:
        return asyncio.run_coroutine_threadsafe(work, loop).result(LIMIT_SECONDS)  # type: ignore[arg-type]

    started = serve_certsrv(authority or small_authority(), folder, {USER: password}, authentication=authentication)
    server = asyncio.run_coroutine_threadsafe(started, loop).result(LIMIT_SECONDS)
    try:
        yield server
    finally:
        done(server.close())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(LIMIT_SECONDS)
        loop.close()


def small_authority(**options: object) -> EnterpriseAuthority:
    """Short keys, because many are made."""
    return EnterpriseAuthority(**({"key_length": 1024} | options))  # type: ignore[arg-type]


def session_on(server: CertsrvServer, **options: object) -> EnrolmentSession:
    """The product's client, with the right account unless told otherwise."""
    chosen = {"user": USER, "password": Secret(PASSWORD), "ca_bundle": str(server.bundle_file), "limit_seconds": 5.0} | options
    return EnrolmentSession(server.url, **chosen)  # type: ignore[arg-type]


def enrolment_on(server: CertsrvServer, template: str | None = "CUCMTrunk", **options: object) -> WebEnrolment:
    """The product's authority."""
    return WebEnrolment(session_on(server, **options), template=template)


def request_of(key: SigningKey, name: str = "cucm-a.example") -> bytes:
    """A request in PEM as CUCM makes them: three usages, its own name."""
    usages = [x509.ObjectIdentifier(one) for one in (SERVER_AUTH, CLIENT_AUTH, IPSEC_END_SYSTEM)]
    builder = x509.CertificateSigningRequestBuilder(library_name(DistinguishedName((("O", "Example"), ("CN", name)))))
    builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return pem_of(sign_request(builder, key), "CERTIFICATE REQUEST").encode()
