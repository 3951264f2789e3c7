"""The simulated platform CLI as any SSH client meets it (none of our own client code here)."""

import asyncio
import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import asyncssh
import pytest

from pytest_cucmtls.sim.cli_commands import all_commands, find_command
from tests.cli_talk import PROMPT, Talk, answers, connection, talk
from tests.simulated_cli_node import PacketCapture, SimulatedCliNode


@pytest.fixture
def node(tmp_path: Path) -> Iterator[SimulatedCliNode]:
    with SimulatedCliNode(tmp_path / "active", "12.5") as running:
        yield running


@pytest.fixture(scope="module")
def shared_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedCliNode]:
    """For tests that change nothing."""
    folder = tmp_path_factory.mktemp("shared")
    with SimulatedCliNode(folder / "active", "12.5") as running:
        (folder / "outside").write_text("secret")
        os.symlink("/etc", running.state.active_log / "link")
        running.state.packet_capture = PacketCapture()
        yield running


def test_the_banner_comes_before_the_prompt(shared_node: SimulatedCliNode) -> None:
    async def nothing(_talking: Talk) -> None:
        return

    shown = talk(shared_node, nothing)
    assert shown.startswith("Command Line Interface is starting up, please wait ...\r\n")
    assert "   Welcome to the Platform Command Line Interface\r\n" in shown
    assert shown.endswith("\r\n\r\nadmin:")


def test_the_banner_may_be_late(tmp_path: Path) -> None:
    with SimulatedCliNode(tmp_path, banner_delay_seconds=0.05) as node:
        assert "15.0.1" in answers(node, "show version active")[0]


def test_there_is_no_exec_channel(shared_node: SimulatedCliNode) -> None:
    async def go() -> None:
        async with connection(shared_node) as conn:  # type: ignore[attr-defined]
            with pytest.raises(asyncssh.ChannelOpenError):
                await conn.run("show version active")

    asyncio.run(go())


def test_commands_piped_in_are_worked_off_before_the_session_ends(shared_node: SimulatedCliNode) -> None:
    async def script(talking: Talk) -> None:
        talking.type("show version active\nshow tls min-version\n")
        talking.no_more()
        await talking.until("Configured TLS minimum version")
        await talking.end()

    assert "Active Master Version: 12.5" in talk(shared_node, script)


@pytest.mark.parametrize("word", ["quit", "exit"])
def test_quit_and_exit_end_the_session(word: str, node: SimulatedCliNode) -> None:
    async def script(talking: Talk) -> None:
        talking.type(f"{word}\r")
        await talking.end()

    talk(node, script)


@pytest.mark.parametrize(
    ("release", "methods"), [("10.5", {"keyboard-interactive"}), ("11.5", {"keyboard-interactive", "password"})]
)
def test_the_password_method_is_not_offered_by_old_releases(release: str, methods: set[str], tmp_path: Path) -> None:
    async def works(node: SimulatedCliNode, method: str) -> bool:
        try:
            async with connection(node, preferred_auth=method, kex_algs="+diffie-hellman-group14-sha1"):  # type: ignore[attr-defined]
                return True
        except asyncssh.PermissionDenied:
            return False

    with SimulatedCliNode(tmp_path, release) as node:
        assert {method for method in ("keyboard-interactive", "password") if asyncio.run(works(node, method))} == methods


@pytest.mark.parametrize(
    ("release", "algorithm", "served"), [("9.1", "ssh-rsa", True), ("9.1", "rsa-sha2-256", False), ("14", "ssh-rsa", False)]
)
def test_old_releases_sign_with_ssh_rsa_and_new_ones_do_not(release: str, algorithm: str, served: bool, tmp_path: Path) -> None:
    async def reachable(node: SimulatedCliNode) -> bool:
        try:
            async with connection(node, server_host_key_algs=[algorithm]):  # type: ignore[attr-defined]
                return True
        except (asyncssh.KeyExchangeFailed, asyncssh.ConnectionLost):
            return False

    with SimulatedCliNode(tmp_path, release) as node:
        assert asyncio.run(reachable(node)) is served


def test_each_start_has_a_host_key_of_its_own_and_tells_its_fingerprint(tmp_path: Path) -> None:
    async def presented(node: SimulatedCliNode) -> str:
        async with connection(node) as conn:  # type: ignore[attr-defined]
            return conn.get_server_host_key().get_fingerprint("sha256")

    with SimulatedCliNode(tmp_path) as first, SimulatedCliNode(tmp_path) as second:
        assert asyncio.run(presented(first)) == first.state.ssh_host_key_fingerprint
        assert first.state.ssh_host_key_fingerprint != second.state.ssh_host_key_fingerprint


def test_an_unknown_command_ends_with_the_failure_trailer(shared_node: SimulatedCliNode) -> None:
    assert (
        answers(shared_node, "make coffee", "show")
        == ["The command is not supported on this platform.\r\nExecuted command unsuccessfully\r\n"] * 2
    )


def test_a_missing_argument_is_a_failure_and_the_session_goes_on(shared_node: SimulatedCliNode) -> None:
    missing, version = answers(shared_node, "show cert own", "show version active")
    assert missing.endswith("Executed command unsuccessfully\r\n")
    assert version.startswith("Active Master Version: 12.5.1")


def test_a_question_mark_shows_the_syntax(shared_node: SimulatedCliNode) -> None:
    assert "file list activelog file-spec" in answers(shared_node, "file list?")[0]


def test_typing_mistakes_can_be_corrected(shared_node: SimulatedCliNode) -> None:
    async def script(talking: Talk) -> None:
        talking.type("nonsense\x15shoe\x08w version activex\x7f\r")
        assert "Active Master Version" in await talking.until(PROMPT)

    talk(shared_node, script)


def test_the_pager_waits_for_a_key_and_q_ends_the_output(shared_node: SimulatedCliNode) -> None:
    pager = "Press <enter> for 1 line, <space> for one page, or <q> to quit"

    async def script(talking: Talk) -> None:
        talking.type("show cert own CallManager\n")
        first = await talking.until(pager)
        assert first.count("\r\n") == 1 + 9
        talking.type("\n")
        assert (await talking.until(pager)).count("\r\n") == 1
        talking.type(" ")
        assert (await talking.until(pager)).count("\r\n") == 9
        talking.type("xq")
        assert "END CERTIFICATE" not in await talking.until(PROMPT)

    talk(shared_node, script, rows=10)


def test_without_pagination_everything_comes_at_once(shared_node: SimulatedCliNode) -> None:
    off, shown, certificate = answers(
        shared_node, "set cli pagination off", "show cli pagination", "show cert own CallManager/CallManager.pem"
    )
    assert off == "Automatic pagination is turned off\r\n"
    assert shown == "Automatic Pagination : Off.\r\n"
    assert "-----END CERTIFICATE-----" in certificate


def test_control_c_ends_a_capture_and_what_was_typed_ahead_is_lost(node: SimulatedCliNode) -> None:
    node.state.packet_capture = PacketCapture()

    async def script(talking: Talk) -> None:
        talking.type("utils network capture eth0 file packets count 10 size all host ip 127.0.0.9\n")
        await talking.until(" ip=127.0.0.9\r\n")
        talking.type("show version active\n\x03")
        ended = await talking.until(PROMPT)
        assert "Control-C pressed" in ended
        assert "Active Master Version" not in await talking.answer("show cli pagination")

    talk(node, script)
    assert node.state.packet_capture.asked["count"] == 10


def test_a_capture_on_screen_ends_at_its_count(node: SimulatedCliNode) -> None:
    node.state.packet_capture = PacketCapture(tuple(f"packet {number}" for number in range(5)))
    shown = answers(node, "utils network capture count 3 numeric port 5061")[0]
    assert re.findall(r"packet \d", shown) == ["packet 0", "packet 1", "packet 2"]
    assert node.state.packet_capture.asked == {"count": 3, "numeric": True, "host": None, "port": 5061}


@pytest.mark.parametrize(
    "options",
    [
        "file with.dot",
        "file",
        "count 0",
        "count 100001",
        "size 0",
        "port 65536",
        "port x",
        "host tcp 10.0.0.1",
        "host ip",
        "host ip 10.0.0.1 src 10.0.0.2",
        "verbose",
    ],
)
def test_capture_options_that_are_not_valid_start_nothing(options: str, shared_node: SimulatedCliNode) -> None:
    assert "Executed command unsuccessfully" in answers(shared_node, f"utils network capture eth0 {options}")[0]
    assert isinstance(shared_node.state.packet_capture, PacketCapture)
    assert shared_node.state.packet_capture.asked == {}


@pytest.mark.parametrize("spec", ["../../etc/passwd", "/etc/passwd", "cm/../../outside", "link/passwd", "link", ".."])
def test_no_file_outside_of_the_active_log_is_shown(spec: str, shared_node: SimulatedCliNode) -> None:
    for shown in answers(shared_node, *(f"file {action} activelog {spec}" for action in ("view", "list", "get", "delete"))):
        assert "Executed command unsuccessfully" in shown
        assert "secret" not in shown
        assert "root:" not in shown


def test_a_leading_slash_means_the_root_of_the_active_log(node: SimulatedCliNode) -> None:
    folder = node.state.active_log / "cm/trace"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text("something\n")
    plain, slashed, root = answers(
        node, "file list activelog cm/trace/*", "file list activelog /cm/trace/*", "file list activelog /"
    )
    assert plain == slashed == "a.txt\r\ndir count = 0, file count = 1\r\n"
    assert "<dir>   cm" in root


def test_files_are_viewed_searched_and_deleted(node: SimulatedCliNode) -> None:
    folder = node.state.active_log / "cm/trace"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text("first line\nSIPCertificateInd here\n")
    (folder / "b.txt").write_text("nothing\n")
    viewed, found, broken = answers(
        node,
        "file view activelog cm/trace/a.txt",
        "file search activelog cm/trace/* sipcert ignorecase",
        "file search activelog cm/trace/* (((",
    )
    assert viewed == "first line\r\nSIPCertificateInd here\r\n"
    assert "a.txt\r\nSIPCertificateInd here\r\n" in found
    assert "b.txt" not in found
    assert "unsuccessfully" in broken
    answers(node, "file delete activelog cm/trace/a.txt noconfirm")
    assert [path.name for path in folder.iterdir()] == ["b.txt"]
    assert node.state.cluster.writes[-1].operation == "file delete activelog cm/trace/a.txt"


def test_a_refused_confirmation_changes_nothing(node: SimulatedCliNode) -> None:
    before = node.state.certificates.own("CallManager")

    async def script(talking: Talk) -> None:
        talking.type("set cert regen CallManager\n")
        await talking.until("Proceed with regeneration (yes|no)? ")
        talking.type("no\n")
        await talking.until(PROMPT)

    talk(node, script)
    assert node.state.certificates.own("CallManager") is before


def test_a_confirmed_regeneration_makes_a_new_certificate(node: SimulatedCliNode) -> None:
    before = node.state.certificates.own("CallManager-ECDSA")

    async def script(talking: Talk) -> None:
        talking.type("set cert regen CallManager-ECDSA\nyes\n")
        await talking.until("Successfully Regenerated Certificate for CallManager-ECDSA.")
        await talking.until(PROMPT)

    talk(node, script)
    after = node.state.certificates.own("CallManager-ECDSA")
    assert before is not None
    assert after is not None
    assert after.der != before.der


def test_control_c_leaves_a_paste_and_nothing_is_imported(node: SimulatedCliNode) -> None:
    async def script(talking: Talk) -> None:
        talking.type("set cert import trust CallManager\n")
        await talking.until("Paste the Certificate and Hit Enter\r\n")
        talking.type("-----BEGIN CERTIFICATE-----\n\x03")
        await talking.until(PROMPT)

    talk(node, script)
    assert node.state.certificates.trust("CallManager") == {}


def test_a_pasted_line_of_any_length_is_survived(node: SimulatedCliNode) -> None:
    async def script(talking: Talk) -> None:
        talking.type("set cert import trust CallManager\n")
        await talking.until("Hit Enter\r\n")
        talking.type("A" * 100_000 + "\n\n")
        await talking.until("Executed command unsuccessfully\r\n")
        await talking.until(PROMPT)

    talk(node, script)


def test_the_tls_floor_is_set_after_confirmation(node: SimulatedCliNode) -> None:
    async def script(talking: Talk) -> None:
        assert await talking.answer("show tls min-version") == "Configured TLS minimum version: 1.0\r\n"
        talking.type("set tls min-version 1.2\n")
        await talking.until("Do you want to continue (yes/no) ? ")
        talking.type("yes\n")
        await talking.until("Successfully set minimum TLS version to 1.2")
        await talking.until(PROMPT)
        assert await talking.answer("show tls min-version") == "Configured TLS minimum version: 1.2\r\n"

    talk(node, script)


def test_a_clock_that_is_off_is_not_synchronised(node: SimulatedCliNode) -> None:
    assert "synchronised to NTP server" in answers(node, "utils ntp status")[0]
    node.state.clock_offset = timedelta(minutes=10)
    assert "\r\nunsynchronised\r\n" in answers(node, "utils ntp status")[0]


def test_every_command_is_found_by_its_own_words_and_says_where_its_form_comes_from() -> None:
    for command in all_commands():
        assert find_command([*command.words, "something"]) is command
        assert command.provenance in {"RECORDED", "SPECIFIED", "ASSUMED"}
        assert command.source
        assert command.syntax.startswith(" ".join(command.words))


def test_no_two_commands_share_their_words() -> None:
    words = [command.words for command in all_commands()]
    assert len(words) == len(set(words))


def test_a_session_cut_in_the_middle_of_a_command_leaves_the_node_working(node: SimulatedCliNode) -> None:
    async def script(talking: Talk) -> None:
        talking.type("set cert import trust CallManager\n")
        await talking.until("Hit Enter")

    talk(node, script)
    assert "12.5.1" in answers(node, "show version active")[0]
