"""Our half of the `file get` dialogue against the forms it was seen in, and against an impostor."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_cucmtls.clients.platform_cli import PlatformCliReader
from pytest_cucmtls.clients.sftp_sink import SftpSink
from pytest_cucmtls.model.errors import FileUnreadable, InterfaceRefused, PeerNotVerified
from tests.scripted_ssh_server import PASSWORD, USER, Script, ScriptedSshServer, Shell

GATHERED = (
    b"Please wait while the system is gathering files info ...done.\r\nSub-directories were not traversed.\r\n"
    b"Number of files affected: 1\r\nTotal size in Bytes: 2702728\r\nTotal size in Kbytes: 2639.3828\r\n"
)
FIRST_CONTACT = (
    "The authenticity of host '10.0.0.5 (10.0.0.5)' can't be established.\r\nRSA key fingerprint is {}.\r\n"
    "Are you sure you want to continue connecting (yes/no)? "
)
FOREIGN = "SHA256:" + "A" * 43


def dialogue(typed: list[str], sink: SftpSink, *, contact: str = "", ending: bytes, deliver: bool = True) -> Script:
    async def answer(shell: Shell, question: bytes, *, echo: bool = True) -> None:
        await shell.send_bytewise(question)
        typed.append(await shell.line())
        shell.send((typed[-1].encode() if echo else b"*" * 9) + b"\r\n")

    async def script(shell: Shell) -> None:
        shell.send(b"admin:")
        shell.send((await shell.line()).encode() + b"\r\nadmin:")
        shell.send((await shell.line()).encode() + b"\r\n" + GATHERED)
        await answer(shell, b"Would you like to proceed [y/n]? ")
        await answer(shell, b"SFTP server IP: ")
        await answer(shell, b"SFTP server port [22]: ")
        await answer(shell, b"User ID: ")
        await answer(shell, b"Password: ", echo=False)
        await answer(shell, b"\r\nDownload directory: ")
        if contact:
            await answer(shell, contact.encode())
        if deliver:
            folder = sink.folder / "10.106.95.203" / "2015-05-23"
            folder.mkdir(parents=True)
            (folder / "packets.cap").write_bytes(b"packets")
        shell.send(ending + b"\r\nadmin:")
        await shell.forever()

    return script


def fetch(tmp_path: Path, make: Callable[[list[str], SftpSink], Script]) -> tuple[list[str], SftpSink, Path, str]:
    typed: list[str] = []
    with SftpSink(tmp_path) as sink, ScriptedSshServer(make(typed, sink)) as server:
        with PlatformCliReader(server.address, USER, PASSWORD, limit_seconds=20) as cli:
            try:
                landed = cli.fetch_file("platform/cli/packets.cap", sink)
            finally:
                transcript = cli.transcript
        return typed, sink, landed, transcript


def test_the_older_dialogue_is_answered(tmp_path: Path) -> None:
    typed, sink, landed, transcript = fetch(
        tmp_path, lambda typed, sink: dialogue(typed, sink, ending=b"\r\n.\r\nTransfer completed.\r\n")
    )
    assert typed == ["y", "127.0.0.1", str(sink.port), sink.user, sink.password.reveal(), "/"]
    assert landed.read_bytes() == b"packets"
    assert sink.password.reveal() not in transcript


def test_the_newer_dialogue_with_a_first_contact_is_answered(tmp_path: Path) -> None:
    def make(typed: list[str], sink: SftpSink) -> Script:
        ending = b"Get file: active/platform/cli/packets.cap\r\ndone.\r\n"
        return dialogue(typed, sink, contact=FIRST_CONTACT.format(sink.host_key_fingerprint), ending=ending)

    typed, *_ = fetch(tmp_path, make)
    assert typed[-1] == "yes"


def test_an_md5_fingerprint_cannot_be_compared_and_is_taken(tmp_path: Path) -> None:
    def make(typed: list[str], sink: SftpSink) -> Script:
        return dialogue(typed, sink, contact=FIRST_CONTACT.format("9c:" * 15 + "9c"), ending=b"Transfer completed.\r\n")

    typed, *_ = fetch(tmp_path, make)
    assert typed[-1] == "yes"


def test_somebody_elses_host_key_is_declined_and_reported(tmp_path: Path) -> None:
    typed: list[str] = []

    def make(mine: list[str], sink: SftpSink) -> Script:
        del mine
        ending = b"Host key verification failed.\r\nTransfer completed.\r\n"
        return dialogue(typed, sink, contact=FIRST_CONTACT.format(FOREIGN), ending=ending)

    with pytest.raises(PeerNotVerified) as refusal:
        fetch(tmp_path, make)
    assert typed[-1] == "no"
    assert refusal.value.fingerprint == FOREIGN


def test_an_announced_file_that_did_not_arrive_is_missed(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match=r"packets\.cap"):
        fetch(tmp_path, lambda typed, sink: dialogue(typed, sink, ending=b"Transfer completed.\r\n", deliver=False))


def test_an_ending_without_success_is_a_refusal_in_the_nodes_words(tmp_path: Path) -> None:
    with pytest.raises(InterfaceRefused, match="Connection refused"):
        fetch(tmp_path, lambda typed, sink: dialogue(typed, sink, ending=b"ssh: Connection refused\r\n", deliver=False))
