"""Runs the HTTPS side of simulated nodes on a thread of its own, with a CallManager stand-in, for plain HTTP tests."""

import asyncio
import base64
import http.client
import ssl
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lxml import etree

from pytest_cucmtls.sim.addresses import reserve_subnet
from pytest_cucmtls.sim.certificates.identities import Identity
from pytest_cucmtls.sim.http_server import serve_https
from pytest_cucmtls.sim.pairs import MODERN, build_cluster
from pytest_cucmtls.sim.releases import RELEASES, ReleaseProfile
from pytest_cucmtls.sim.state import CALL_MANAGER_SERVICE, CallTicket, NodeState

LIMIT_SECONDS = 10
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
AST = "http://schemas.cisco.com/ast/soap"


class StandInCallManager:
    """Remembers what it was asked; a restart waits until the test lets it finish."""

    def __init__(self, node: NodeState) -> None:
        self.node = node
        self.asked: list[tuple[str, ...]] = []
        self.may_start = asyncio.Event()
        self.started = threading.Event()
        self.ordered = threading.Event()
        self.status = ("Registered", 0)
        self.in_call = False

    def _remember(self, order: str) -> None:
        self.asked.append((order,))
        self.ordered.set()

    async def start(self) -> None:
        self._remember("start")
        self.node.services[CALL_MANAGER_SERVICE].status = "Started"

    async def stop(self) -> None:
        self._remember("stop")
        self.node.services[CALL_MANAGER_SERVICE].status = "Stopped"

    async def restart(self) -> None:
        self._remember("restart")
        self.node.services[CALL_MANAGER_SERVICE].status = "Starting"
        await self.may_start.wait()
        self.node.services[CALL_MANAGER_SERVICE].status = "Started"
        self.started.set()

    async def reset_trunk(self, name: str) -> None:
        self.asked.append(("reset", name))

    async def make_call(self, device: str, line: str, destination: str) -> CallTicket:
        self.asked.append(("call", device, line, destination))
        self.in_call = True
        return CallTicket(1, device, destination)

    async def end_call(self, device: str) -> bool:
        self.asked.append(("end", device))
        was, self.in_call = self.in_call, False
        return was

    def trunk_status(self, _name: str) -> tuple[str, int]:
        return self.status

    def phone_status(self, _name: str) -> tuple[str, int]:
        return self.status


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def fault(self) -> str:
        """The fault's text; fails when the answer is none."""
        assert self.status == 500
        texts = self.xml.xpath("//*[local-name()='Fault']/faultstring/text()")
        return str(texts[0])

    @property
    def xml(self) -> Any:
        """The envelope, taken out of a multipart body where there is one."""
        start, end = self.body.index(b"<?xml"), self.body.index(b":Envelope>", self.body.index(b"</soapenv:Envelope")) + 10
        return etree.fromstring(self.body[start:end])

    def texts(self, name: str) -> list[str]:
        """Texts of all elements of a local name."""
        return [element.text or "" for element in self.xml.iter() if etree.QName(element).localname == name]


class RunningNodes:
    """Nodes served by one loop on one thread; `close` ends both."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._closers: list[Any] = []
        self._shared: NodeState | None = None
        self._tomcat: Identity | None = None

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do something on the nodes' loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(LIMIT_SECONDS)

    def node(self, release: str | ReleaseProfile = "14", *, read_only: bool = False) -> NodeState:
        """Serve a node of a release."""
        return self.run(self._start(RELEASES[release] if isinstance(release, str) else release, read_only))

    @property
    def shared(self) -> NodeState:
        """One node for tests that change nothing."""
        if self._shared is None:
            self._shared = self.node()
        return self._shared

    async def _start(self, release: ReleaseProfile, read_only: bool) -> NodeState:
        plan = replace(MODERN.clusters[0], release=release)
        subnet = reserve_subnet([plan.host], (8443,))
        folder = self._folder / subnet.prefix
        node = build_cluster(plan, subnet, folder, read_only=read_only).publisher
        node.call_manager = StandInCallManager(node)
        # One HTTPS key for all nodes of a test module: making keys would be most of its time.
        self._tomcat = self._tomcat or node.certificates.own("tomcat")
        assert self._tomcat is not None
        node.certificates._own["tomcat"] = self._tomcat
        server = await serve_https(node)
        self._closers.append((server, subnet))
        return node

    def close(self) -> None:
        """Stop every server and the thread."""
        for server, subnet in self._closers:
            self.run(server.close())
            subnet.release()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(LIMIT_SECONDS)
        self._loop.close()


def ask(
    node: NodeState,
    path: str,
    body: bytes | str | None = None,
    *,
    role: str | None = "axl",
    method: str | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """One HTTPS exchange, with the credentials of the cluster's account that has the role."""
    sent = dict(headers or {})
    if role is not None:
        account = next(account for account in node.cluster.accounts if role in account.roles)
        sent["Authorization"] = basic(account.user, account.password)
    connection = http.client.HTTPSConnection(node.ip, node.https_port, timeout=LIMIT_SECONDS, context=unverified())
    try:
        connection.request(method or ("GET" if body is None else "POST"), path, body, sent)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def basic(user: str, password: str) -> str:
    """An Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def unverified() -> ssl.SSLContext:
    """These tests look at what is served, not at who serves it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def soap(content: str) -> str:
    """An envelope with the serviceability namespace as prefix ``soap``."""
    return (
        f'<soapenv:Envelope xmlns:soapenv="{SOAP}" xmlns:soap="{AST}">'
        f"<soapenv:Header/><soapenv:Body>{content}</soapenv:Body></soapenv:Envelope>"
    )


MALFORMED_SOAP = {
    "empty": b"",
    "not XML": b"GET / HTTP/1.0",
    "cut off": b"<soapenv:Envelope xmlns:soapenv='http://schemas.xmlsoap.org/soap/envelope/'><soapenv:Body>",
    "no envelope": b"<a/>",
    "empty body": f'<e:Envelope xmlns:e="{SOAP}"><e:Body/></e:Envelope>'.encode(),
    "entities": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "unknown operation": soap("<soap:nothingOfTheKind/>").encode(),
    "binary": bytes(range(256)) * 10,
    "deep": b"<a>" * 5000,
}
"""Bodies every SOAP service must answer with a fault."""
