"""The platform CLI reader against nodes that are silent, odd, slow, byte-wise, or somebody else."""

import contextlib
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from pytest_cucmtls.clients.platform_cli import PlatformCliReader
from pytest_cucmtls.model.errors import (
    AnswerTimedOut,
    ClusterUnreachable,
    ConfigurationInvalid,
    CredentialsRefused,
    InterfaceRefused,
    PeerNotVerified,
    UnexpectedAnswer,
)
from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.model.secrets import Secret
from tests.scripted_ssh_server import PASSWORD, USER, ScriptedSshServer, Shell, host_key

VERSION = b"Active Master Version: 10.5.2.10000-5\r\nNo Installed Software Options Found.\r\n"
PAGER = b"Press <enter> for 1 line, <space> for one page, or <q> to quit"


def reader(server: ScriptedSshServer, limit_seconds: float = 20, password: Secret = PASSWORD) -> PlatformCliReader:
    return PlatformCliReader(server.address, USER, password, limit_seconds=limit_seconds)


async def well_behaved(shell: Shell) -> None:
    shell.send(b"Command Line Interface is starting up, please wait ...\r\n\r\nadmin:")
    while True:
        typed = await shell.line()
        shell.send(typed.encode() + b"\r\n")
        shell.send(VERSION if typed == "show version active" else b"")
        shell.send(b"admin:")


def test_the_prompt_may_be_admin_whatever_the_user_is_called() -> None:
    with ScriptedSshServer(well_behaved) as server, reader(server) as cli:
        assert cli.read_version().value.text == "10.5.2.10000-5"


def test_a_node_that_takes_passwords_only_is_logged_in_to() -> None:
    with ScriptedSshServer(well_behaved, method="password") as server, reader(server) as cli:
        assert cli.read_version().value.major == 10


@pytest.mark.parametrize("method", ["keyboard-interactive", "password", "both"])
def test_a_wrong_password_is_sent_once_so_that_no_account_is_locked(method: str) -> None:
    with ScriptedSshServer(well_behaved, method=method) as server, reader(server, password=Secret("no")) as cli:
        with pytest.raises(CredentialsRefused):
            cli.read_version()
        assert server.passwords_seen == 1


def test_a_second_question_at_login_is_not_answered_with_the_password() -> None:
    with ScriptedSshServer(well_behaved, method="two questions") as server, reader(server) as cli:
        with pytest.raises(CredentialsRefused, match="Token"):
            cli.read_version()
        assert server.passwords_seen == 0


def test_a_silent_node_times_out() -> None:
    with ScriptedSshServer(Shell.forever) as server, reader(server, 0.6) as cli, pytest.raises(AnswerTimedOut) as failure:
        cli.read_version()
    assert failure.value.seconds == 0.6


def test_a_late_shell_is_nudged_with_enter() -> None:
    async def waits_for_enter(shell: Shell) -> None:
        assert await shell.line() == ""
        await well_behaved(shell)

    with ScriptedSshServer(waits_for_enter) as server, reader(server, 2) as cli:
        assert cli.read_version().value.major == 10


def test_an_odd_prompt_is_reported_with_what_came() -> None:
    async def other_device(shell: Shell) -> None:
        shell.send(b"\x1b[1mswitch-7>\x1b[0m ")
        await shell.forever()

    with ScriptedSshServer(other_device) as server, reader(server, 0.6) as cli, pytest.raises(UnexpectedAnswer) as failure:
        cli.read_version()
    assert "switch-7>" in failure.value.excerpt
    assert "\x1b[1m" in failure.value.excerpt
    assert "admin:" in failure.value.detail


def test_a_command_that_never_ends_is_reported_with_its_beginning() -> None:
    async def stuck(shell: Shell) -> None:
        shell.send(b"admin:")
        shell.send((await shell.line()).encode() + b"\r\nadmin:")
        shell.send((await shell.line()).encode() + b"\r\nActive Master Ver")
        await shell.forever()

    with ScriptedSshServer(stuck) as server, reader(server, 1) as cli, pytest.raises(UnexpectedAnswer) as failure:
        cli.read_version()
    assert "Active Master Ver" in failure.value.excerpt


def test_a_command_without_any_answer_times_out() -> None:
    async def mute(shell: Shell) -> None:
        shell.send(b"admin:")
        shell.send((await shell.line()).encode() + b"\r\nAutomatic pagination is turned off\r\nadmin:")
        shell.send((await shell.line()).encode() + b"\r\n")
        await shell.forever()

    with ScriptedSshServer(mute) as server, reader(server, 1) as cli, pytest.raises(AnswerTimedOut) as failure:
        cli.read_version()
    assert failure.value.operation == "show version active"


def test_after_a_failure_the_next_command_gets_a_session_of_its_own() -> None:
    sessions: list[Shell] = []

    async def stuck_once(shell: Shell) -> None:
        sessions.append(shell)
        if len(sessions) > 1:
            await well_behaved(shell)
        shell.send(b"admin:")
        await shell.forever()

    with ScriptedSshServer(stuck_once) as server, reader(server, 0.6) as cli:
        with pytest.raises(AnswerTimedOut):
            cli.read_version()
        assert cli.read_version().value.major == 10


def test_a_connection_lost_in_the_middle_names_the_command() -> None:
    async def dies(shell: Shell) -> None:
        shell.send(b"admin:")
        shell.send((await shell.line()).encode() + b"\r\nadmin:")
        shell.send((await shell.line()).encode() + b"\r\nActive Mas")
        shell.hang_up()

    with ScriptedSshServer(dies) as server, reader(server) as cli, pytest.raises(ClusterUnreachable) as failure:
        cli.read_version()
    assert "lost during 'show version active'" in failure.value.detail


def test_a_shell_that_ends_at_once_is_a_lost_connection() -> None:
    async def leaves(_shell: Shell) -> None:
        return

    with ScriptedSshServer(leaves) as server, reader(server) as cli, pytest.raises(ClusterUnreachable):
        cli.read_version()


def test_bytes_may_come_one_by_one() -> None:
    async def slow(shell: Shell) -> None:
        await shell.send_bytewise(b"Welcome\r\n\x1b[0madmin:")
        while True:
            typed = await shell.line()
            answer = VERSION if typed == "show version active" else b""
            await shell.send_bytewise(typed.encode() + b"\r\n" + answer + b"\x1b[Kadmin:")

    with ScriptedSshServer(slow) as server, reader(server) as cli:
        assert cli.read_version().value.text == "10.5.2.10000-5"


def test_the_pager_is_turned_even_where_it_cannot_be_switched_off() -> None:
    async def pages(shell: Shell) -> None:
        shell.send(b"admin:")
        shell.send((await shell.line()).encode() + b"\r\nadmin:")
        shell.send((await shell.line()).encode() + b"\r\n")
        for piece in (b"Active Master Version: 11.5.1.12900-21\r\n", b"Options:\r\n", b"none\r\n"):
            shell.send(piece + b"\x1b[7m" + PAGER + b"\x1b[m")
            assert await shell.key() == b" "
            shell.send(b"\r" + b" " * len(PAGER) + b"\r")
        shell.send(b"\r\nadmin:")
        await shell.forever()

    with ScriptedSshServer(pages) as server, reader(server) as cli:
        reading = cli.read_version()
        assert reading.value.text == "11.5.1.12900-21"
        assert "Press <enter>" not in cli.transcript


def test_a_question_nobody_expects_is_declined_and_reported() -> None:
    answers: list[str] = []

    async def asks(shell: Shell) -> None:
        shell.send(b"admin:")
        shell.send((await shell.line()).encode() + b"\r\nadmin:")
        shell.send((await shell.line()).encode() + b"\r\nThe server will reboot.\r\nDo you want to continue (yes/no) ? ")
        answers.append(await shell.line())
        shell.send(answers[0].encode() + b"\r\nadmin:")
        await shell.forever()

    with ScriptedSshServer(asks) as server, reader(server) as cli:
        with pytest.raises(UnexpectedAnswer, match="Do you want to continue"):
            cli.read_version()
        assert answers == ["no"]


def test_a_prompt_left_over_from_before_is_not_taken_for_the_answer() -> None:
    async def stutters(shell: Shell) -> None:
        shell.send(b"admin:")
        shell.send((await shell.line()).encode() + b"\r\nadmin:")
        typed = await shell.line()
        shell.send(b"\r\nadmin:")
        await shell.send_bytewise(typed.encode() + b"\r\n" + VERSION + b"\r\nadmin:")
        await shell.forever()

    with ScriptedSshServer(stutters) as server, reader(server) as cli:
        assert cli.read_version().value.major == 10


def test_an_endless_answer_is_cut_off() -> None:
    async def floods(shell: Shell) -> None:
        shell.send(b"admin:")
        shell.send((await shell.line()).encode() + b"\r\nadmin:")
        shell.send((await shell.line()).encode() + b"\r\n")
        for _ in range(40):
            shell.send(b"x" * 500_000 + b"\r\n")
        await shell.forever()

    with ScriptedSshServer(floods) as server, reader(server) as cli, pytest.raises(UnexpectedAnswer, match="more than"):
        cli.read_version()


def test_the_failure_trailer_is_the_nodes_no() -> None:
    async def refuses(shell: Shell) -> None:
        shell.send(b"admin:")
        shell.send((await shell.line()).encode() + b"\r\nadmin:")
        shell.send(
            (await shell.line()).encode() + b"\r\nEnter valid values for the port.\r\nExecuted command unsuccessfully.\r\nadmin:"
        )
        await shell.forever()

    with ScriptedSshServer(refuses) as server, reader(server) as cli, pytest.raises(InterfaceRefused) as refusal:
        cli.read_version()
    assert refusal.value.detail == "Enter valid values for the port."


def known_hosts(folder: Path, port: int, key: asyncssh.SSHKey, marker: str = "") -> str:
    file = folder / "known_hosts"
    file.write_text(f"{marker}[127.0.0.1]:{port} {key.export_public_key().decode()}", encoding="ascii")
    return str(file)


def by_file(server: ScriptedSshServer, file: str | None) -> PlatformCliReader:
    node = NodeAddress("odd", "127.0.0.1", ssh_port=server.port)
    return PlatformCliReader(node, USER, PASSWORD, known_hosts=file, limit_seconds=20)


def test_a_key_in_the_known_hosts_file_is_accepted(tmp_path: Path) -> None:
    with ScriptedSshServer(well_behaved) as server, by_file(server, known_hosts(tmp_path, server.port, host_key(0))) as cli:
        assert cli.read_version().value.major == 10


def test_a_changed_host_key_shows_old_and_new_fingerprint_and_gets_no_password(tmp_path: Path) -> None:
    with ScriptedSshServer(well_behaved, key=1) as server:
        file = known_hosts(tmp_path, server.port, host_key(0))
        with by_file(server, file) as cli, pytest.raises(PeerNotVerified) as refusal:
            cli.read_version()
        assert refusal.value.fingerprint == server.fingerprint
        assert host_key(0).get_fingerprint("sha256") in refusal.value.detail
        assert server.passwords_seen == 0


def test_a_host_that_is_not_in_the_file_is_not_accepted(tmp_path: Path) -> None:
    file = known_hosts(tmp_path, 1, host_key(0))
    with ScriptedSshServer(well_behaved) as server, by_file(server, file) as cli, pytest.raises(PeerNotVerified, match="no host"):
        cli.read_version()


def test_a_revoked_key_is_not_accepted(tmp_path: Path) -> None:
    with ScriptedSshServer(well_behaved) as server:
        file = known_hosts(tmp_path, server.port, host_key(0), "@revoked ")
        with by_file(server, file) as cli, pytest.raises(PeerNotVerified, match="revoked"):
            cli.read_version()


def test_no_file_and_no_fingerprint_is_no_permission() -> None:
    with ScriptedSshServer(well_behaved) as server, by_file(server, None) as cli, pytest.raises(PeerNotVerified):
        cli.read_version()


def test_a_missing_known_hosts_file_is_a_mistake_in_the_inventory(tmp_path: Path) -> None:
    file = str(tmp_path / "none")
    with ScriptedSshServer(well_behaved) as server, by_file(server, file) as cli, pytest.raises(ConfigurationInvalid):
        cli.read_version()


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b"* ssh-rsa not-base64!\n", b"@unknown * ssh-rsa AAAA\n", b"one-word\n"]
)
def test_a_damaged_known_hosts_file_vouches_for_nobody(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_bytes(content)
    with ScriptedSshServer(well_behaved) as server, by_file(server, str(file)) as cli:
        with pytest.raises((ConfigurationInvalid, PeerNotVerified)):
            cli.read_version()
        assert server.passwords_seen == 0


@pytest.mark.parametrize("fingerprint", ["SHA256:short", "MD5:" + "aa:" * 15 + "aa", "SHA256:" + "A" * 44])
def test_a_malformed_fingerprint_is_a_mistake_in_the_inventory(fingerprint: str) -> None:
    node = NodeAddress("odd", "127.0.0.1", ssh_port=1, ssh_host_key=fingerprint)
    with PlatformCliReader(node, USER, PASSWORD) as cli, pytest.raises(ConfigurationInvalid, match="fingerprint"):
        cli.read_version()


@contextlib.contextmanager
def plain_tcp(greeting: bytes) -> Iterator[NodeAddress]:
    """A listener that sends a greeting, or nothing, and never speaks SSH."""
    held: list[socket.socket] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                held.append(connection)
                connection.sendall(greeting)
                if greeting:
                    connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield NodeAddress("odd", "127.0.0.1", ssh_port=listener.getsockname()[1], ssh_host_key="SHA256:" + "A" * 43)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    for connection in held:
        connection.close()


@pytest.mark.parametrize("greeting", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x16\x03\x01" * 50, b"SSH-1.5-old\r\n"])
def test_something_that_is_no_ssh_server_is_unreachable(greeting: bytes) -> None:
    with plain_tcp(greeting) as address, PlatformCliReader(address, USER, PASSWORD, limit_seconds=0.5) as cli:
        with pytest.raises(ClusterUnreachable) as failure:
            cli.read_version()
        assert failure.value.detail


def test_control_c_of_the_user_ends_the_wait_and_the_session() -> None:
    threads = set(threading.enumerate())

    async def interrupts(shell: Shell) -> None:
        shell.send(b"admin:")
        await shell.line()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        await shell.forever()

    with ScriptedSshServer(interrupts) as server, reader(server) as cli, pytest.raises(KeyboardInterrupt):
        cli.read_version()
    assert set(threading.enumerate()) == threads
