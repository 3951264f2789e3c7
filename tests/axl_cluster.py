"""A simulated cluster of one publisher whose AXL service is served over plain HTTP on a free loopback port, for tests."""

import asyncio
import base64
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import requests
from aiohttp import web
from lxml import etree

from pytest_cucmtls.sim.certificates.store import CertificateStore
from pytest_cucmtls.sim.database import Database
from pytest_cucmtls.sim.initial_rows import add_built_in_objects, add_node, add_test_phone
from pytest_cucmtls.sim.interfaces.axl import AxlService
from pytest_cucmtls.sim.releases import RELEASES
from pytest_cucmtls.sim.state import ClusterState, NodeState, SimAccount

USER, PASSWORD = "axl-admin", "correct horse"
READER, STRANGER = "axl-reader", "end-user"
START_SECONDS = 10


class RecordingCallManager:
    """Stands in for the call manager of a node and notes which trunks were reset."""

    def __init__(self) -> None:
        self.resets: list[str] = []

    async def reset_trunk(self, name: str) -> None:
        self.resets.append(name)


@dataclass(slots=True)
class AxlCluster:
    """The state behind the service and where it is served."""

    state: ClusterState
    node: NodeState
    call_manager: RecordingCallManager
    version: str
    url: str = ""
    seconds: list[float] = field(default_factory=lambda: [0.0])
    """The clock that session expiry sees; tests move it."""

    def post(
        self,
        body: bytes,
        *,
        action: str | None = "CUCM:DB",
        user: str | None = USER,
        cookies: dict[str, str] | None = None,
        path: str = "/axl/",
    ) -> requests.Response:
        """One raw POST."""
        headers = {"Content-Type": "text/xml; charset=utf-8"}
        if action is not None:
            headers["SOAPAction"] = action
        if user is not None:
            headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()
        return requests.post(self.url + path, data=body, headers=headers, cookies=cookies, timeout=10, allow_redirects=False)

    def call(self, operation: str, inner: str = "", *, version: str = "", user: str = USER) -> requests.Response:
        """One operation with its content given as XML."""
        return self.post(envelope(operation, inner, version or self.version), user=user)

    def result(self, operation: str, inner: str = "", *, version: str = "") -> etree._Element:
        """``return`` of an operation that must succeed."""
        response = self.call(operation, inner, version=version)
        assert response.status_code == 200, response.text
        found = etree.fromstring(response.content).find(".//return")
        assert found is not None
        return found

    def fault(self, operation: str, inner: str = "", *, version: str = "") -> tuple[str, int, str]:
        """(faultcode, axlcode, message) of an operation that must fail."""
        response = self.call(operation, inner, version=version)
        assert response.status_code == 500, response.text
        assert response.headers["Connection"] == "close"
        root = etree.fromstring(response.content)
        code, message = root.findtext(".//axlError/axlcode"), root.findtext(".//faultstring")
        assert root.findtext(".//axlError/request") == operation
        assert root.findtext(".//axlError/axlmessage") == message
        return str(root.findtext(".//faultcode")), int(code or 0), str(message)


def envelope(operation: str, inner: str = "", version: str = "14.0") -> bytes:
    """A plain SOAP request."""
    return (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        f'<n:{operation} xmlns:n="http://www.cisco.com/AXL/API/{version}">{inner}</n:{operation}></e:Body></e:Envelope>'
    ).encode()


PROFILE = (
    "<sipTrunkSecurityProfile><name>TLS-to-B</name><securityMode>Encrypted</securityMode>"
    "<incomingTransport>TLS</incomingTransport><outgoingTransport>TLS</outgoingTransport>"
    "<x509SubjectName>cucm-b.beta.example</x509SubjectName><incomingPort>5061</incomingPort>"
    "<sipV150OutboundSdpOfferFiltering>Use Default Filter</sipV150OutboundSdpOfferFiltering></sipTrunkSecurityProfile>"
)
GROUP = (
    "<routeGroup><distributionAlgorithm>Circular</distributionAlgorithm><members><member><deviceSelectionOrder>1"
    "</deviceSelectionOrder><deviceName>{}</deviceName><port>0</port></member></members><name>{}</name></routeGroup>"
)


def trunk(
    name: str = "to-cluster-b",
    *,
    profile: str = "TLS-to-B",
    destinations: tuple[tuple[str, int], ...] = (("10.0.0.1", 5061),),
    more: str = "<srtpAllowed>true</srtpAllowed>",
) -> str:
    """Content of addSipTrunk with the elements the smallest recorded request had."""
    rows = "".join(
        f"<destination><addressIpv4>{address}</addressIpv4><addressIpv6/><port>{port}</port><sortOrder>{place}</sortOrder></destination>"
        for place, (address, port) in enumerate(destinations, 1)
    )
    return (
        f"<sipTrunk><name>{name}</name><description>to B</description><product>SIP Trunk</product><model>SIP Trunk</model>"
        "<class>Trunk</class><protocol>SIP</protocol><protocolSide>Network</protocolSide><locationName>Hub_None</locationName>"
        "<devicePoolName>Default</devicePoolName><sipProfileName>Standard SIP Profile</sipProfileName>"
        f"<securityProfileName>{profile}</securityProfileName><destinations>{rows}</destinations>"
        "<presenceGroupName>Standard Presence group</presenceGroupName>"
        f"<callingAndCalledPartyInfoFormat>Deliver DN only in connected party</callingAndCalledPartyInfoFormat>{more}</sipTrunk>"
    )


def route_pattern(pattern: str = "9898", gateway: str = "to-cluster-b") -> str:
    """Content of addRoutePattern with empty elements for what is not used, as the recorded request had."""
    return (
        f"<routePattern><pattern>{pattern}</pattern><routePartitionName/><blockEnable>False</blockEnable>"
        "<useCallingPartyPhoneMask>Default</useCallingPartyPhoneMask><dialPlanName/><digitDiscardInstructionName/>"
        "<networkLocation>OnNet</networkLocation><prefixDigitsOut/><routeFilterName/>"
        f"<destination><gatewayName>{gateway}</gatewayName></destination></routePattern>"
    )


def build_cluster(release: str = "14") -> AxlCluster:
    """A fresh cluster with the built-in objects, one node and one phone; not served yet."""
    profile = RELEASES[release]
    database = Database()
    state = ClusterState("A", profile, database)
    for name, role in ((USER, "axl"), (READER, "axl-read"), (STRANGER, "end-user")):
        state.accounts.append(SimAccount(name, PASSWORD, frozenset({role})))
    store = CertificateStore(
        common_name="cucm-a.alpha.example",
        subject=(("O", "alpha"),),
        release=profile,
        units=("CallManager", "tomcat"),
        clock=lambda: datetime.now(UTC),
    )
    node = NodeState("cucm-a.alpha.example", "127.0.0.1", "publisher", 1, Path("."), state, store)
    call_manager = RecordingCallManager()
    node.call_manager = call_manager  # type: ignore[assignment]
    state.nodes.append(node)
    add_built_in_objects(database, ("Default",))
    add_node(database, node.name, node.role)
    add_test_phone(database, "SEP001122334418", "1018", "caller")
    return AxlCluster(state, node, call_manager, profile.axl_versions[0])


@contextmanager
def served(cluster: AxlCluster, *, context: ssl.SSLContext | None = None) -> Iterator[AxlCluster]:
    """Serve the cluster's AXL from a thread with its own event loop until the block ends; over TLS when given a context."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    runner: list[web.AppRunner] = []

    async def start() -> None:
        application = web.Application()
        application.add_routes(AxlService(cluster.node, clock=lambda: cluster.seconds[0]).routes())
        runner.append(web.AppRunner(application, access_log=None, shutdown_timeout=0.1))
        await runner[0].setup()
        await web.TCPSite(runner[0], "127.0.0.1", 0, ssl_context=context).start()
        cluster.url = f"{'http' if context is None else 'https'}://127.0.0.1:{runner[0].addresses[0][1]}"
        ready.set()

    async def stop() -> None:
        server = runner[0].server
        for connection in server.connections if server is not None else ():
            if connection.transport is not None:
                connection.transport.abort()
        await runner[0].cleanup()
        await asyncio.sleep(0)

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(stop())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(START_SECONDS), "the AXL service did not start"
    try:
        yield cluster
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(START_SECONDS)


@contextmanager
def serving_tls(release: str, folder: Path) -> Iterator[AxlCluster]:
    """A fresh cluster, served with its node's tomcat certificate."""
    cluster = build_cluster(release)
    identity = cluster.node.certificates.own("tomcat")
    assert identity is not None
    file = folder / "tomcat.pem"
    file.write_bytes(identity.pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with served(cluster, context=context):
        yield cluster


@contextmanager
def serving(release: str = "14") -> Iterator[AxlCluster]:
    """A fresh cluster, served."""
    with served(build_cluster(release)) as cluster:
        yield cluster


@contextmanager
def serving_a_trunk(release: str = "14") -> Iterator[AxlCluster]:
    """A cluster with a profile, a trunk and a route pattern, all made through AXL."""
    with serving(release) as cluster:
        cluster.result("addSipTrunkSecurityProfile", PROFILE)
        cluster.result("addSipTrunk", trunk())
        cluster.result("addRoutePattern", route_pattern())
        yield cluster
