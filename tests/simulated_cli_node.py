"""A simulated node that serves its platform CLI only, in a loop of its own thread: for tests of both sides."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncssh

from pytest_cucmtls.capture.cli_capture import CliFileCapture
from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.sim.certificates.store import CertificateStore
from pytest_cucmtls.sim.database import Database
from pytest_cucmtls.sim.platform_cli import serve_platform_cli
from pytest_cucmtls.sim.releases import RELEASES
from pytest_cucmtls.sim.state import CALL_MANAGER_SERVICE, ClusterState, NodeState, ServiceState, SimAccount

USER, PASSWORD = "administrator", Secret("correct horse")
PEER = "10.106.95.200"


class PacketSource:
    """Writes a pcap header when it starts, one packet count when it stops."""

    comment = "made up"

    def __init__(self, path: Path | None) -> None:
        self.stopped = False
        if path is not None:
            path.write_bytes(bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000"))

    def stop(self) -> int:
        self.stopped = True
        return 0


class PacketCapture:
    """Remembers what it was asked for; shows the given screen lines at once."""

    def __init__(self, lines: tuple[str, ...] = ()) -> None:
        self.asked: dict[str, Any] = {}
        self.source: PacketSource | None = None
        self._lines = lines

    def start_file(self, path: Path, *, count: int, snap_length: int | None, host: str | None, port: int | None) -> PacketSource:
        self.asked = {"path": path, "count": count, "snap_length": snap_length, "host": host, "port": port}
        self.source = PacketSource(path)
        return self.source

    def start_screen(
        self, show: Callable[[str], None], *, count: int, numeric: bool, host: str | None, port: int | None
    ) -> PacketSource:
        self.asked = {"count": count, "numeric": numeric, "host": host, "port": port}
        for line in self._lines:
            show(line)
        self.source = PacketSource(None)
        return self.source


class SimulatedCliNode:
    """Context manager: `state` is the node's, `address` what a client needs to reach it."""

    def __init__(self, log_folder: Path, release: str = "15", *, banner_delay_seconds: float = 0.0) -> None:
        profile = RELEASES[release]
        account = SimAccount(USER, PASSWORD.reveal(), frozenset({"platform"}))
        stranger = SimAccount("axluser", PASSWORD.reveal(), frozenset({"axl"}))
        cluster = ClusterState("A", profile, Database(), domain="alpha.example", accounts=[account, stranger])
        store = CertificateStore(
            common_name="cucm-a.alpha.example",
            subject=(("C", "IN"), ("O", "cisco")),
            release=profile,
            units=("CallManager-ECDSA", "CallManager"),
            clock=lambda: datetime.now(UTC),
        )
        services = {name: ServiceState(name) for name in (CALL_MANAGER_SERVICE, "Cisco Tftp")}
        log_folder.mkdir(parents=True, exist_ok=True)
        self.state = NodeState(
            "cucm-a.alpha.example",
            "127.0.0.1",
            "publisher",
            1,
            log_folder,
            cluster,
            store,
            ssh_port=0,
            services=services,
        )
        cluster.nodes.append(self.state)
        self._delay = banner_delay_seconds
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._acceptor: asyncssh.SSHAcceptor | None = None

    def __enter__(self) -> "SimulatedCliNode":
        self._thread.start()
        self._acceptor = self.call(serve_platform_cli(self.state, banner_delay_seconds=self._delay))
        return self

    def __exit__(self, *_: object) -> None:
        if self._acceptor is not None:
            self.call(_close(self._acceptor))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def address(self) -> NodeAddress:
        return NodeAddress(
            self.state.name, "127.0.0.1", ssh_port=self.state.ssh_port, ssh_host_key=self.state.ssh_host_key_fingerprint
        )

    def call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)


async def _close(acceptor: asyncssh.SSHAcceptor) -> None:
    acceptor.close()
    await acceptor.wait_closed()
    await asyncio.get_running_loop().shutdown_default_executor()


def is_legacy(node: SimulatedCliNode) -> bool:
    """Its SSH offers old algorithms only."""
    return node.state.cluster.release.major <= 11


def file_capture(node: SimulatedCliNode, name: str = "packets") -> CliFileCapture:
    """A capture to a file on the node, of what it says to the peer."""
    return CliFileCapture(
        node.address, USER, PASSWORD, peer_ip=PEER, file_name=name, legacy_algorithms=is_legacy(node), limit_seconds=20
    )
