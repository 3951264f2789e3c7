"""A TCP proxy between client and simulator that misbehaves on chosen connections: what networks and tired servers do."""

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

FAULTS_OF_TCP = ("refused", "reset", "reset_mid_answer", "slow", "half_open", "garbage", "other_node")
FAULTS_OF_HTTPS = (*FAULTS_OF_TCP, "wrong_certificate", "http_401", "http_503", "http_599", "http_garbage")
_REASONS = {"401": "Unauthorized", "503": "Service Unavailable", "599": "Unknown Version"}


@dataclass
class Weather:
    """What a proxy does: `fault` on `lasting` connections after the first `spared`; mid-answer faults after `after_bytes`."""

    fault: str = ""
    spared: int = 0
    lasting: int = 0
    after_bytes: int = 0
    seen: int = field(default=0, init=False)

    def of_next_connection(self) -> str:
        self.seen += 1
        return self.fault if self.spared < self.seen <= self.spared + self.lasting else ""


@dataclass(frozen=True)
class Papers:
    """A self-signed certificate for the proxy's address: TLS context and PEM."""

    context: ssl.SSLContext
    pem: str


class FaultProxy:
    """Listens on `address` and passes connections on to (`address`, `port`); `weather` may be replaced at any time."""

    def __init__(self, address: str, port: int, trusted: Papers, untrusted: Papers) -> None:
        self.address, self.target_port, self.port = address, port, 0
        self.other_node = address
        """Where connections end up by mistake: the same port of another node, with its keys."""
        self.weather = Weather()
        self._trusted, self._untrusted = trusted, untrusted
        self._server: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def change_weather(self, weather: Weather) -> None:
        """From now on; while it is ``refused`` nobody listens."""
        self.weather = weather
        assert self._loop is not None
        act = self.close() if weather.fault == "refused" else self.listen()
        asyncio.run_coroutine_threadsafe(act, self._loop).result(10)

    async def listen(self) -> None:
        """On the port it had before, if any."""
        self._loop = asyncio.get_running_loop()
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, self.address, self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fault = self.weather.of_next_connection()
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError):
            if fault == "reset":
                _reset(writer)
            elif fault == "garbage":
                await reader.read(1)
                writer.write(bytes(range(256)) * 8)
                await writer.drain()
            elif fault.startswith(("http_", "wrong_")):
                await self._answer_over_tls(reader, writer, fault)
            else:
                await self._pass(reader, writer, fault)
        writer.close()

    async def _answer_over_tls(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: str) -> None:
        await writer.start_tls((self._untrusted if fault.startswith("wrong") else self._trusted).context)
        await reader.readuntil(b"\r\n\r\n")
        status = fault.removeprefix("http_")
        if status == "garbage":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 40\r\n\r\n<soapenv:Envelope><unfinished")
        else:
            writer.write(f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: str) -> None:
        target = self.other_node if fault == "other_node" else self.address
        far_reader, far_writer = await asyncio.open_connection(target, self.target_port)
        there = asyncio.create_task(self._pump(reader, far_writer, ""))
        back = asyncio.create_task(self._pump(far_reader, writer, fault))
        await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
        if fault == "half_open" and back.done():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(there, 20)  # until the client gives up
        there.cancel()
        back.cancel()
        far_writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: str) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := await reader.read(16384):
                if fault in ("reset_mid_answer", "half_open") and passed + len(data) > self.weather.after_bytes:
                    writer.write(data[: max(0, self.weather.after_bytes - passed)])
                    await writer.drain()
                    if fault == "reset_mid_answer":
                        _reset(writer)
                    return
                if fault == "slow":
                    await asyncio.sleep(0.05)
                writer.write(data)
                await writer.drain()
                passed += len(data)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def papers(address: str, folder: Path, name: str) -> Papers:
    """A fresh self-signed certificate for an IP address."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    file = folder / f"{name}-{address}.pem"
    file.write_text(pem + plain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return Papers(context, pem)


@contextlib.contextmanager
def running(proxies: list[FaultProxy]) -> Iterator[None]:
    """The proxies in a thread of their own."""
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda _loop, _context: None)  # broken connections are this module's trade
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        for proxy in proxies:
            asyncio.run_coroutine_threadsafe(proxy.listen(), loop).result(10)
        yield
    finally:
        for proxy in proxies:
            asyncio.run_coroutine_threadsafe(proxy.close(), loop).result(10)
        asyncio.run_coroutine_threadsafe(_end_all(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _end_all() -> None:
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
