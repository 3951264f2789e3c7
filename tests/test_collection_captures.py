"""Captures and files of a node: taken away again, fetched by whichever way works, cut short when a session is lost."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_cucmtls.capture.cli_capture import CliFileCapture
from pytest_cucmtls.capture.fetching import fetch_by_sftp, fetch_file
from pytest_cucmtls.clients.platform_cli import REPEATED_READS, PlatformCliReader
from pytest_cucmtls.clients.platform_cli_writer import PlatformCliWriter
from pytest_cucmtls.model.errors import ClusterUnreachable, ConfigurationInvalid, CucmTlsError, InterfaceRefused
from pytest_cucmtls.model.inventory import NodeAddress
from tests.scripted_ssh_server import PASSWORD as SCRIPTED_PASSWORD
from tests.scripted_ssh_server import USER as SCRIPTED_USER
from tests.scripted_ssh_server import ScriptedSshServer, Shell
from tests.simulated_cli_node import PASSWORD, PEER, USER, PacketCapture, SimulatedCliNode, file_capture, is_legacy

VERSION = b"Active Master Version: 10.5.2.10000-5\r\n"


@pytest.fixture(params=["9.1", "15"])
def node(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SimulatedCliNode]:
    with SimulatedCliNode(tmp_path, request.param) as running:
        running.state.packet_capture = PacketCapture()
        yield running


def captures(node: SimulatedCliNode) -> list[str]:
    return sorted(path.name for path in (node.state.active_log / "platform/cli").iterdir())


def test_a_capture_takes_its_own_file_away_and_no_other(node: SimulatedCliNode) -> None:
    folder = node.state.active_log / "platform/cli"
    folder.mkdir(parents=True)
    for name in ("packets2.cap", "older.cap"):
        (folder / name).write_bytes(b"somebody else's")
    with file_capture(node) as capture:
        capture.stop()
    assert captures(node) == ["older.cap", "packets.cap", "packets2.cap"]
    capture.remove()
    assert captures(node) == ["older.cap", "packets2.cap"]
    assert node.state.cluster.writes == [], "as if nothing had been there"


def test_a_file_somebody_else_made_is_not_removed(node: SimulatedCliNode) -> None:
    never_started = file_capture(node, "theirs")
    with pytest.raises(ConfigurationInvalid, match="somebody else's"):
        never_started.remove()


def test_a_missing_privilege_leaves_the_file_and_says_so(node: SimulatedCliNode) -> None:
    with file_capture(node) as capture:
        capture.stop()
    node.state.cluster.faults.add("platform_privilege_zero")
    with pytest.raises(InterfaceRefused, match="permission"):
        capture.remove()
    assert captures(node) == ["packets.cap"]


def test_a_capture_whose_session_was_lost_is_cut_short_and_its_file_still_there() -> None:
    async def dies(shell: Shell) -> None:
        shell.send(b"admin:")
        shell.send((await shell.line()).encode() + b"\r\nadmin:")
        typed = await shell.line()
        shell.send(typed.encode() + b"\r\nExecuting command with options:\r\n size=ALL count=1 interface=eth0\r\n")
        await shell.key()
        shell.hang_up()

    with ScriptedSshServer(dies) as server:
        capture = CliFileCapture(
            server.address, SCRIPTED_USER, SCRIPTED_PASSWORD, peer_ip=PEER, file_name="packets", limit_seconds=20
        )
        with capture:
            assert capture.stop() == "/var/log/active/platform/cli/packets.cap"
    assert "lost" in capture.cut_short


@dataclass
class Files:
    """A cluster whose DIME service answers as a test says; its CLI is the node's."""

    reader: PlatformCliReader
    dime_content: bytes | None
    asked: int = 0

    def dime(self, _node: NodeAddress) -> Any:
        files = self

        class Dime:
            def read_file(self, path: str) -> Any:
                files.asked += 1
                if files.dime_content is None:
                    raise InterfaceRefused("dime", f"GetOneFile {path}", "503", "not in service")

                @dataclass
                class Reading:
                    value: bytes

                return Reading(files.dime_content)

        return Dime()

    def cli(self, _node: NodeAddress) -> PlatformCliReader:
        return self.reader


@pytest.fixture
def reader(node: SimulatedCliNode) -> Iterator[PlatformCliReader]:
    folder = node.state.active_log / "platform/cli"
    folder.mkdir(parents=True)
    (folder / "packets.cap").write_bytes(b"by sftp")
    with PlatformCliReader(node.address, USER, PASSWORD, legacy_algorithms=is_legacy(node), limit_seconds=20) as cli:
        yield cli


PATH = "/var/log/active/platform/cli/packets.cap"


@pytest.mark.parametrize(
    ("ways", "dime_content", "found"),
    [
        (("dime", "sftp"), b"by dime", (b"by dime", "dime")),
        (("dime", "sftp"), None, (b"by sftp", "sftp")),
        (("sftp", "dime"), b"by dime", (b"by sftp", "sftp")),
        (("sftp",), None, (b"by sftp", "sftp")),
        (("dime",), b"by dime", (b"by dime", "dime")),
    ],
)
def test_each_way_stands_in_for_the_other_in_the_order_asked_for(
    ways: tuple[str, ...], dime_content: bytes | None, found: tuple[bytes, str], reader: PlatformCliReader
) -> None:
    assert fetch_file(Files(reader, dime_content), reader.node, PATH, ways=ways) == found


def test_dime_stands_in_where_the_node_cannot_reach_our_sftp_server(reader: PlatformCliReader) -> None:
    gone = PATH.replace("packets", "nothing")
    assert fetch_file(Files(reader, b"by dime"), reader.node, gone, ways=("sftp", "dime")) == (b"by dime", "dime")


def test_when_both_ways_fail_both_are_told(reader: PlatformCliReader) -> None:
    with pytest.raises(InterfaceRefused) as failure:
        fetch_file(Files(reader, None), reader.node, PATH.replace("packets", "nothing"))
    assert "by dime: " in failure.value.detail
    assert "by sftp: " in failure.value.detail


def test_the_only_ways_error_is_the_error(reader: PlatformCliReader) -> None:
    with pytest.raises(InterfaceRefused, match="not in service"):
        fetch_file(Files(reader, None), reader.node, PATH, ways=("dime",))


def test_an_old_node_that_speaks_sha1_only_uploads_to_our_server(reader: PlatformCliReader) -> None:
    assert fetch_by_sftp(reader, reader.node, PATH) == b"by sftp"


async def answers_after(shell: Shell, failures: list[str], wanted: int) -> None:
    """A session dies in the middle of ``show version active`` as often as `wanted`."""
    shell.send(b"admin:")
    while True:
        typed = await shell.line()
        if typed == "show version active" and len(failures) < wanted:
            failures.append(typed)
            shell.send(typed.encode() + b"\r\nActive Mas")
            shell.hang_up()
            return
        shell.send(typed.encode() + b"\r\n" + (VERSION if typed.startswith("show version") else b"") + b"admin:")


@pytest.mark.parametrize("losses", [1, REPEATED_READS])
def test_a_read_whose_session_is_lost_is_asked_again_over_a_new_one(losses: int) -> None:
    failures: list[str] = []
    with ScriptedSshServer(lambda shell: answers_after(shell, failures, losses)) as server:
        with PlatformCliReader(server.address, SCRIPTED_USER, SCRIPTED_PASSWORD, limit_seconds=20) as cli:
            assert cli.read_version().value.major == 10
        assert server.passwords_seen == losses + 1
    assert len(failures) == losses


def test_a_session_that_is_lost_again_and_again_is_given_up() -> None:
    failures: list[str] = []
    with (
        ScriptedSshServer(lambda shell: answers_after(shell, failures, 99)) as server,
        PlatformCliReader(server.address, SCRIPTED_USER, SCRIPTED_PASSWORD, limit_seconds=20) as cli,
        pytest.raises(ClusterUnreachable, match="lost during"),
    ):
        cli.read_version()
    assert len(failures) == REPEATED_READS + 1


def test_a_write_whose_session_is_lost_is_never_repeated() -> None:
    typed: list[str] = []

    async def dies_at_writes(shell: Shell) -> None:
        shell.send(b"admin:")
        while True:
            line = await shell.line()
            typed.append(line)
            if line.startswith("set csr"):
                shell.hang_up()
                return
            shell.send(line.encode() + b"\r\nadmin:")

    with (
        ScriptedSshServer(dies_at_writes) as server,
        PlatformCliWriter(server.address, SCRIPTED_USER, SCRIPTED_PASSWORD, limit_seconds=20) as cli,
        pytest.raises(ClusterUnreachable, match="not known"),
    ):
        cli.generate_request("CallManager")
    assert typed.count("set csr gen CallManager") == 1


def test_an_unreachable_node_is_not_tried_again() -> None:
    nowhere = NodeAddress("gone", "127.0.0.1", ssh_port=1, ssh_host_key="SHA256:" + "A" * 43)
    with PlatformCliReader(nowhere, USER, PASSWORD, limit_seconds=5) as cli, pytest.raises(CucmTlsError):
        cli.read_version()
