"""Captures that a node makes itself, started and stopped through its CLI."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_cucmtls.capture.cli_capture import CliFileCapture, CliScreenCapture
from pytest_cucmtls.clients.platform_cli import PlatformCliReader
from pytest_cucmtls.model.errors import AnswerTimedOut, ConfigurationInvalid, InterfaceRefused
from pytest_cucmtls.model.inventory import NodeAddress
from tests.scripted_ssh_server import PASSWORD as SCRIPTED_PASSWORD
from tests.scripted_ssh_server import USER as SCRIPTED_USER
from tests.scripted_ssh_server import ScriptedSshServer, Shell
from tests.simulated_cli_node import PASSWORD, PEER, USER, PacketCapture, SimulatedCliNode, file_capture, is_legacy

NOWHERE = NodeAddress("cucm-a", "127.0.0.1", ssh_port=1)
LINES = (
    "16:31:00.112233 IP CUCMA.42387 > 10.106.95.200.sip-tls: S 790302484:790302484(0) win 5840 <mss 1460>",
    "16:31:00.112534 IP 10.106.95.200.sip-tls > CUCMA.42387: S 81:81(0) ack 790302485 win 5792",
)


@pytest.fixture(params=["9.1", "15"])
def node(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SimulatedCliNode]:
    with SimulatedCliNode(tmp_path, request.param) as running:
        running.state.packet_capture = PacketCapture(LINES)
        yield running


def test_a_capture_to_file_runs_until_it_is_stopped(node: SimulatedCliNode) -> None:
    port = node.state.packet_capture
    assert isinstance(port, PacketCapture)
    with file_capture(node) as capture:
        file = node.state.active_log / "platform/cli/packets.cap"
        assert port.asked == {"path": file, "count": 100_000, "snap_length": None, "host": PEER, "port": None}
        assert port.source is not None
        assert not port.source.stopped
        assert capture.stop() == "/var/log/active/platform/cli/packets.cap"
        assert port.source.stopped
    assert capture.active_log_path == "platform/cli/packets.cap"
    assert "Executing command with options:" in capture.transcript


def test_the_node_stops_capturing_when_the_session_is_lost(node: SimulatedCliNode) -> None:
    port = node.state.packet_capture
    assert isinstance(port, PacketCapture)
    with file_capture(node):
        pass
    with PlatformCliReader(node.address, USER, PASSWORD, legacy_algorithms=is_legacy(node), limit_seconds=20) as cli:
        cli.read_version()
    assert port.source is not None
    assert port.source.stopped


def test_the_same_name_again_keeps_the_earlier_file_under_another_name(node: SimulatedCliNode) -> None:
    for _ in range(2):
        with file_capture(node) as capture:
            capture.stop()
    names = sorted(path.name for path in (node.state.active_log / "platform/cli").iterdir())
    assert names == ["packets.cap", "packets.cap01"]


def test_a_capture_on_screen_gives_the_lines(node: SimulatedCliNode) -> None:
    with CliScreenCapture(
        node.address, USER, PASSWORD, peer_ip=PEER, legacy_algorithms=is_legacy(node), limit_seconds=20
    ) as capture:
        reading = capture.stop()
    assert all(line in reading.value for line in LINES)
    assert reading.operation == f"utils network capture eth0 host ip {PEER}"
    assert reading.raw.endswith(b"admin:")


def test_a_node_that_cannot_capture_says_so(tmp_path: Path) -> None:
    with SimulatedCliNode(tmp_path) as node, pytest.raises(InterfaceRefused, match="not available"):
        file_capture(node).start()


@pytest.mark.parametrize("name", ["", "packets.cap", "two words", "a/b", "x" * 65])
def test_a_name_the_cli_would_refuse_is_not_typed(name: str) -> None:
    with pytest.raises(ConfigurationInvalid, match="file_name"):
        CliFileCapture(NOWHERE, USER, PASSWORD, peer_ip=PEER, file_name=name)


@pytest.mark.parametrize("peer", ["", "cucm-b", "10.0.0.1 port 5061", "10.0.0.256"])
def test_a_peer_that_is_no_address_is_not_typed(peer: str) -> None:
    with pytest.raises(ConfigurationInvalid, match="peer_ip"):
        CliScreenCapture(NOWHERE, USER, PASSWORD, peer_ip=peer)


def test_a_second_control_c_is_sent_when_the_first_was_not_enough() -> None:
    keys: list[bytes] = []

    async def stubborn(shell: Shell) -> None:
        shell.send(b"admin:")
        shell.send((await shell.line()).encode() + b"\r\nadmin:")
        shell.send((await shell.line()).encode() + b"\r\nExecuting command with options:\r\n interface=eth0\r\n ip=\r\n")
        while len(keys) < 3:
            keys.append(await shell.key())
        shell.send(b"^C\r\nControl-C pressed\r\nadmin:")
        await shell.forever()

    with ScriptedSshServer(stubborn) as server:
        capture = CliScreenCapture(server.address, SCRIPTED_USER, SCRIPTED_PASSWORD, peer_ip=PEER, limit_seconds=5)
        with capture:
            assert "Control-C pressed" in capture.stop().value
    assert keys == [b"\x03", b"\x03", b"\n"]


def test_a_capture_that_never_ends_times_out() -> None:
    async def deaf(shell: Shell) -> None:
        shell.send(b"admin:")
        shell.send((await shell.line()).encode() + b"\r\nadmin:")
        shell.send((await shell.line()).encode() + b"\r\n")
        await shell.forever()

    with ScriptedSshServer(deaf) as server:
        capture = CliScreenCapture(server.address, SCRIPTED_USER, SCRIPTED_PASSWORD, peer_ip=PEER, limit_seconds=1)
        with pytest.raises(AnswerTimedOut):
            capture.start()


def test_a_capture_that_ended_by_itself_is_stopped_without_control_c() -> None:
    async def full(shell: Shell) -> None:
        shell.send(b"admin:")
        shell.send((await shell.line()).encode() + b"\r\nadmin:")
        shell.send((await shell.line()).encode() + b"\r\nExecuting command with options:\r\n interface=eth0\r\n ip=\r\n")
        shell.send(b"1000 packets\r\nadmin:")
        assert await shell.key() == b"q"
        await shell.forever()

    with (
        ScriptedSshServer(full) as server,
        CliScreenCapture(server.address, SCRIPTED_USER, SCRIPTED_PASSWORD, peer_ip=PEER, limit_seconds=20) as capture,
    ):
        assert "1000 packets" in capture.stop().value
