"""The SFTP sink: takes uploads of one user into one folder, and nothing else."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import asyncssh
import pytest

from pytest_cucmtls.clients.sftp_sink import SftpSink
from pytest_cucmtls.model.errors import ClusterUnreachable, ConfigurationInvalid, FileUnreadable

Act = Callable[[asyncssh.SFTPClient], Awaitable[object]]


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[SftpSink]:
    with SftpSink(tmp_path / "upload", largest_upload_bytes=1_000_000) as running:
        yield running


def upload(sink: SftpSink, act: Act, *, password: str | None = None) -> object:
    async def go() -> object:
        async with (
            asyncssh.connect(
                sink.address,
                sink.port,
                username=sink.user,
                password=password or sink.password.reveal(),
                known_hosts=None,
                config=None,
                client_keys=None,
                agent_path=None,
            ) as connection,
            connection.start_sftp_client() as sftp,
        ):
            return await act(sftp)

    return asyncio.run(go())


async def put(sftp: asyncssh.SFTPClient, path: str, data: bytes) -> None:
    async with sftp.open(path, "wb") as file:
        await file.write(data)


def test_a_file_some_folders_deep_is_found_by_its_name(sink: SftpSink) -> None:
    async def act(sftp: asyncssh.SFTPClient) -> None:
        await sftp.makedirs("/10.0.0.1/2026-11-23/platform/cli")
        await put(sftp, "/10.0.0.1/2026-11-23/platform/cli/packets.cap", b"abc" * 1000)

    upload(sink, act)
    assert sink.find("packets.cap").read_bytes() == b"abc" * 1000
    assert sink.received() == (sink.folder / "10.0.0.1/2026-11-23/platform/cli/packets.cap",)


def test_a_file_that_never_came_is_reported_with_what_did_come(sink: SftpSink) -> None:
    upload(sink, lambda sftp: put(sftp, "/other.cap", b"x"))
    with pytest.raises(FileUnreadable, match=r"other\.cap"):
        sink.find("packets.cap")


@pytest.mark.parametrize("path", ["../escaped", "/../../escaped", "a/../../escaped", "/etc/escaped"])
def test_no_path_leads_out_of_the_folder(path: str, sink: SftpSink, tmp_path: Path) -> None:
    async def act(sftp: asyncssh.SFTPClient) -> None:
        try:
            await put(sftp, path, b"x")
        except asyncssh.SFTPError:
            return

    upload(sink, act)
    outside = [file for file in tmp_path.rglob("escaped*") if not file.is_relative_to(sink.folder)]
    assert not outside
    assert not Path("/etc/escaped").exists()


def test_a_link_that_leads_out_is_neither_made_nor_followed(sink: SftpSink, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("untouched")
    os.symlink(tmp_path, sink.folder / "out")

    async def act(sftp: asyncssh.SFTPClient) -> None:
        with pytest.raises(asyncssh.SFTPError):
            await sftp.symlink("/etc", "/here")
        with pytest.raises(asyncssh.SFTPError):
            await put(sftp, "/out/secret", b"overwritten")

    upload(sink, act)
    assert (tmp_path / "secret").read_text() == "untouched"


def test_nothing_can_be_read_renamed_or_removed(sink: SftpSink) -> None:
    async def act(sftp: asyncssh.SFTPClient) -> None:
        await put(sftp, "/kept", b"data")
        for attempt in (
            sftp.get("/kept", str(sink.folder.parent / "stolen")),
            sftp.rename("/kept", "/gone"),
            sftp.posix_rename("/kept", "/gone"),
            sftp.remove("/kept"),
            sftp.rmdir("/"),
            sftp.readlink("/kept"),
            sftp.link("/kept", "/second"),
        ):
            with pytest.raises(asyncssh.SFTPError):
                await attempt

    upload(sink, act)
    assert sink.find("kept").read_bytes() == b"data"


def test_attributes_of_the_sender_are_accepted_and_ignored(sink: SftpSink) -> None:
    async def act(sftp: asyncssh.SFTPClient) -> None:
        await put(sftp, "/file", b"data")
        await sftp.chmod("/file", 0)
        await sftp.truncate("/file", 1 << 40)

    upload(sink, act)
    assert sink.find("file").stat().st_size == 4


@pytest.mark.parametrize(("size", "accepted"), [(1_000_000, True), (1_000_001, False)])
def test_the_limit_on_bytes_is_kept_on_both_sides(size: int, accepted: bool, sink: SftpSink) -> None:
    async def act(sftp: asyncssh.SFTPClient) -> bool:
        try:
            await put(sftp, "/big", bytes(size))
        except asyncssh.SFTPError:
            return False
        return True

    assert upload(sink, act) is accepted


def test_the_limit_counts_all_files_together_and_sparse_ones_to_their_end(sink: SftpSink) -> None:
    async def act(sftp: asyncssh.SFTPClient) -> None:
        await put(sftp, "/first", bytes(600_000))
        with pytest.raises(asyncssh.SFTPError):
            await put(sftp, "/second", bytes(600_000))
        async with sftp.open("/sparse", "wb") as file:
            await file.seek(1 << 40)
            with pytest.raises(asyncssh.SFTPError):
                await file.write(b"x")

    upload(sink, act)


def test_a_wrong_password_is_refused_and_the_right_one_is_new_each_time(sink: SftpSink, tmp_path: Path) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        upload(sink, lambda sftp: sftp.getcwd(), password="guess")
    with SftpSink(tmp_path / "other") as other:
        assert other.password.reveal() != sink.password.reveal()
        assert other.host_key_fingerprint != sink.host_key_fingerprint
    assert sink.password.reveal() not in repr(sink.__dict__)


def test_there_is_no_shell_behind_it(sink: SftpSink) -> None:
    async def go() -> None:
        async with asyncssh.connect(
            sink.address, sink.port, username=sink.user, password=sink.password.reveal(), known_hosts=None, config=None
        ) as connection:
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.run("id", check=True)
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.open_connection("127.0.0.1", sink.port)

    asyncio.run(go())


def test_an_address_of_another_machine_cannot_be_listened_on(tmp_path: Path) -> None:
    with pytest.raises(ClusterUnreachable, match="cannot listen"), SftpSink(tmp_path, "192.0.2.1"):
        pass


def test_a_file_in_place_of_the_folder_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationInvalid), SftpSink(tmp_path / "file"):
        pass
