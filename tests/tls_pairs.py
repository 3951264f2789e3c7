"""Real TLS handshakes between two OpenSSL ends in memory, as flights of bytes in wire order."""

import datetime
import ssl
import tempfile
import warnings
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

INVITE = (
    b"INVITE sip:9898@10.0.0.200:5061 SIP/2.0\r\nVia: SIP/2.0/TLS 10.0.0.203:5061;branch=z9hG4bK1\r\n"
    b"From: <sip:1018@10.0.0.203>;tag=1\r\nTo: <sip:9898@10.0.0.200>\r\nCall-ID: 77-1@10.0.0.203\r\nCSeq: 101 INVITE\r\n"
    b"Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)
TRYING = (
    b"SIP/2.0 100 Trying\r\nVia: SIP/2.0/TLS 10.0.0.203:5061;branch=z9hG4bK1\r\nFrom: <sip:1018@10.0.0.203>;tag=1\r\n"
    b"To: <sip:9898@10.0.0.200>\r\nCall-ID: 77-1@10.0.0.203\r\nCSeq: 101 INVITE\r\nContent-Length: 0\r\n\r\n"
)


@dataclass(frozen=True)
class Identity:
    """A self-signed certificate and its key, as PEM in one file."""

    path: Path
    certificate: x509.Certificate

    @property
    def sha256(self) -> str:
        return self.certificate.fingerprint(hashes.SHA256()).hex()


@lru_cache(maxsize=1)
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="tls-pairs-")


@lru_cache(maxsize=16)
def identity(common_name: str) -> Identity:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    path = Path(_folder().name) / f"{common_name}.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return Identity(path, certificate)


@dataclass
class TlsPair:
    """What is special about one handshake; `flights` runs it and returns (sender, bytes) in wire order."""

    version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    ciphers: str = "ECDHE-RSA-AES128-GCM-SHA256"
    client_certificate: bool = True
    request_certificate: bool = True
    require_certificate: bool = True
    client_trusts_server: bool = True
    server_trusts_client: bool = True
    application: bool = True
    server_name: str | None = None
    key_log: Path | None = None
    session: ssl.SSLSession | None = None
    contexts: tuple[ssl.SSLContext, ssl.SSLContext] | None = None
    failed: Exception | None = field(default=None, init=False)

    def flights(self) -> list[tuple[str, bytes]]:
        self.contexts = self.contexts or (self._context("client"), self._context("server"))
        wires = {"client": (ssl.MemoryBIO(), ssl.MemoryBIO()), "server": (ssl.MemoryBIO(), ssl.MemoryBIO())}
        client = self.contexts[0].wrap_bio(*wires["client"], server_hostname=self.server_name, session=self.session)
        server = self.contexts[1].wrap_bio(*wires["server"], server_side=True)
        flights: list[tuple[str, bytes]] = []
        done = {"client": False, "server": False}
        for _ in range(12):
            for name, end, other in (("client", client, "server"), ("server", server, "client")):
                if not done[name] and self.failed is None:
                    done[name] = self._shake(end)
                self._carry(name, wires, other, flights)
        if self.application and all(done.values()) and self.failed is None:
            self._talk(client, server, wires, flights)
        self.session = client.session if self.failed is None else None
        return flights

    def _shake(self, end: ssl.SSLObject) -> bool:
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError as refused:
            self.failed = refused
            return False
        return True

    def _talk(self, client: ssl.SSLObject, server: ssl.SSLObject, wires: dict, flights: list[tuple[str, bytes]]) -> None:
        for name, sender, receiver, message in (("client", client, server, INVITE), ("server", server, client, TRYING)):
            try:
                sender.write(message)
                self._carry(name, wires, "server" if name == "client" else "client", flights)
                receiver.read(65536)
            except ssl.SSLError as refused:
                self.failed = refused

    @staticmethod
    def _carry(name: str, wires: dict, other: str, flights: list[tuple[str, bytes]]) -> None:
        data = wires[name][1].read()
        if data:
            wires[other][0].write(data)
            flights.append((name, data))

    def _context(self, side: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT if side == "client" else ssl.PROTOCOL_TLS_SERVER)
        context.check_hostname = False
        context.set_ciphers(f"{self.ciphers}:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = self.version
        own, peer = (identity("cucma"), identity("cucm10")) if side == "client" else (identity("cucm10"), identity("cucma"))
        trusts = self.client_trusts_server if side == "client" else self.server_trusts_client
        if side == "server" or self.client_certificate:
            context.load_cert_chain(own.path)
        context.load_verify_locations((peer if trusts else identity("stranger")).path)
        if side == "client":
            context.verify_mode = ssl.CERT_REQUIRED
        elif self.request_certificate:
            context.verify_mode = ssl.CERT_REQUIRED if self.require_certificate else ssl.CERT_OPTIONAL
        else:
            context.verify_mode = ssl.CERT_NONE
        if self.key_log is not None and side == "client":
            context.keylog_filename = str(self.key_log)
        return context
