"""Our own SFTP server for one `file get`: upload only, into one folder, one user, a host key made for the occasion."""

import hmac
import os
import secrets
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncssh

from pytest_cucmtls.clients.ssh_loop import LoopThread
from pytest_cucmtls.clients.ssh_trust import LEGACY, MODERN
from pytest_cucmtls.model.errors import ClusterUnreachable, ConfigurationInvalid, FileUnreadable
from pytest_cucmtls.model.secrets import Secret

LARGEST_UPLOAD_BYTES = 4 * 1024**3
LARGEST_FILE_COUNT = 10_000
_HOST_KEY_BITS = 2048


class SftpSink:
    """Receives what a node uploads; a context manager.

    `address` is the one of this machine that the node can reach: it is listened on and told to the node. `folder` is
    created if need be and is the root the node sees (``/``). Together all files may have `largest_upload_bytes`. Raises
    on entry: ClusterUnreachable when the address cannot be listened on, ConfigurationInvalid for an impossible folder.
    """

    def __init__(
        self,
        folder: Path,
        address: str = "127.0.0.1",
        port: int = 0,
        *,
        legacy_algorithms: bool = False,
        largest_upload_bytes: int = LARGEST_UPLOAD_BYTES,
    ) -> None:
        self.folder, self.address, self.port = folder.resolve(), address, port
        self.user = "cucmtls" + secrets.token_hex(3)
        self.password = Secret(secrets.token_hex(16))
        self.host_key_fingerprint = ""
        self._algorithms = LEGACY if legacy_algorithms else MODERN
        self._budget = _Budget(largest_upload_bytes)
        self._loop: LoopThread | None = None
        self._acceptor: asyncssh.SSHAcceptor | None = None

    def __enter__(self) -> Self:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise ConfigurationInvalid("SFTP sink", "folder", f"{self.folder} cannot be made: {problem.strerror}") from None
        self._loop = LoopThread("sftp-sink")
        try:
            self._acceptor = self._loop.run(self._listen())
        except OSError as problem:
            self._loop.close()
            self._loop = None
            raise ClusterUnreachable(
                "sftp-sink",
                self.address,
                self.port,
                f"cannot listen: {problem.strerror}",
                remedy="Choose another address or port.",
            ) from None
        self.port = self._acceptor.get_port()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        loop, acceptor = self._loop, self._acceptor
        self._loop = self._acceptor = None
        if loop is not None:
            if acceptor is not None:
                loop.run(_close(acceptor))
            loop.close()

    def received(self) -> tuple[Path, ...]:
        """Every file below the folder, sorted by path."""
        return tuple(sorted(path for path in self.folder.rglob("*") if path.is_file() and not path.is_symlink()))

    def find(self, name: str) -> Path:
        """The newest received file of a name; nodes put it some folders deep (platform.md §3.5). Raises: FileUnreadable."""
        found = [path for path in self.received() if path.name == name]
        if not found:
            others = ", ".join(path.name for path in self.received()[:5]) or "nothing"
            raise FileUnreadable(
                str(self.folder / name),
                f"the node did not upload it (received: {others})",
                remedy="Check that the node can reach this machine's SFTP address and port.",
            )
        return max(found, key=lambda path: path.stat().st_mtime_ns)

    async def _listen(self) -> asyncssh.SSHAcceptor:
        key = asyncssh.generate_private_key("ssh-rsa", key_size=_HOST_KEY_BITS)
        self.host_key_fingerprint = key.get_fingerprint("sha256")
        return await asyncssh.listen(
            self.address,
            self.port,
            server_factory=lambda: _Login(self.user, self.password),
            sftp_factory=lambda channel: _UploadOnly(channel, os.fsencode(self.folder), self._budget),
            server_host_keys=[key],
            allow_scp=False,
            gss_host=None,
            public_key_auth=False,
            kex_algs=self._algorithms.key_exchange,
            encryption_algs=self._algorithms.encryption,
            mac_algs=self._algorithms.integrity,
        )


async def _close(acceptor: asyncssh.SSHAcceptor) -> None:
    acceptor.close()
    await acceptor.wait_closed()


class _Budget:
    """How much may still come in."""

    def __init__(self, largest_bytes: int) -> None:
        self._largest_bytes = largest_bytes
        self._ends: dict[object, int] = {}
        self._files = 0

    def take_file(self) -> None:
        """Count a file being opened. Raises: SFTPFailure when there were too many."""
        self._files += 1
        if self._files > LARGEST_FILE_COUNT:
            raise asyncssh.SFTPFailure("too many files")

    def take_bytes(self, file: object, end: int) -> None:
        """Count a file as reaching to `end`. Raises: SFTPFailure beyond the limit."""
        known = max(self._ends.get(file, 0), end)
        others = sum(size for other, size in self._ends.items() if other != file)
        if known + others > self._largest_bytes:
            raise asyncssh.SFTPFailure("upload is larger than allowed")
        self._ends[file] = known


class _Login(asyncssh.SSHServer):
    """One user, one password; keyboard-interactive works too, as asyncssh maps it on the password."""

    def __init__(self, user: str, password: Secret) -> None:
        self._user, self._password = user, password

    def begin_auth(self, _username: str) -> bool:
        """Always asks."""
        return True

    def password_auth_supported(self) -> bool:
        """The one way in."""
        return True

    def validate_password(self, username: str, password: str) -> bool:
        """Compared in constant time."""
        right_user = hmac.compare_digest(username.encode(), self._user.encode())
        return hmac.compare_digest(password.encode(), self._password.reveal().encode()) and right_user


class _UploadOnly(asyncssh.SFTPServer):
    """New files and folders below the root; nothing is read back, renamed, linked or removed."""

    def __init__(self, channel: "asyncssh.SSHServerChannel[bytes]", root: bytes, budget: _Budget) -> None:
        super().__init__(channel, chroot=root)
        self._budget = budget

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """For writing only, with our own permissions."""
        if pflags & asyncssh.FXF_READ and not pflags & asyncssh.FXF_WRITE:
            raise asyncssh.SFTPPermissionDenied("upload only")
        self._refuse_links(path)
        self._budget.take_file()
        attrs.permissions = None
        return super().open(path, pflags & ~asyncssh.FXF_READ, attrs)

    def open56(self, _path: bytes, _desired_access: int, _flags: int, _attrs: asyncssh.SFTPAttrs) -> object:
        """Versions 5 and 6 of the protocol are not offered."""
        raise asyncssh.SFTPOpUnsupported("not offered")

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        """Within the budget; sparse files count to their end."""
        self._budget.take_bytes(file_obj, offset + len(data))
        written = super().write(file_obj, offset, data)
        return written if isinstance(written, int) else len(data)

    def setstat(self, _path: bytes, _attrs: asyncssh.SFTPAttrs) -> None:
        """Accepted and ignored: ``put -p`` must not fail, nor change permissions or sizes here."""

    def lsetstat(self, _path: bytes, _attrs: asyncssh.SFTPAttrs) -> None:
        """Accepted and ignored."""

    def fsetstat(self, _file_obj: object, _attrs: asyncssh.SFTPAttrs) -> None:
        """Accepted and ignored."""

    def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        """A folder with our own permissions."""
        self._budget.take_file()
        attrs.permissions = None
        super().mkdir(path, attrs)

    def remove(self, _path: bytes) -> None:
        """Refused."""
        raise asyncssh.SFTPPermissionDenied("upload only")

    def rmdir(self, _path: bytes) -> None:
        """Refused."""
        raise asyncssh.SFTPPermissionDenied("upload only")

    def rename(self, _oldpath: bytes, _newpath: bytes) -> None:
        """Refused."""
        raise asyncssh.SFTPPermissionDenied("upload only")

    def posix_rename(self, _oldpath: bytes, _newpath: bytes) -> None:
        """Refused."""
        raise asyncssh.SFTPPermissionDenied("upload only")

    def symlink(self, _oldpath: bytes, _newpath: bytes) -> None:
        """Refused: a link could lead out of the folder."""
        raise asyncssh.SFTPPermissionDenied("upload only")

    def link(self, _oldpath: bytes, _newpath: bytes) -> None:
        """Refused."""
        raise asyncssh.SFTPPermissionDenied("upload only")

    def readlink(self, _path: bytes) -> bytes:
        """Refused."""
        raise asyncssh.SFTPPermissionDenied("upload only")

    def _refuse_links(self, path: bytes) -> None:
        """A link that was in the folder before us is not followed out of it."""
        real = os.path.realpath(self.map_path(path))
        root = os.path.realpath(self.map_path(b"/"))
        if real != root and not real.startswith(root.rstrip(b"/") + b"/"):
            raise asyncssh.SFTPPermissionDenied("outside of the folder")
