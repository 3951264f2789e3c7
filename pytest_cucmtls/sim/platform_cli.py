"""The SSH server of a simulated node's platform CLI: login, one interactive shell, no exec channel."""

import asyncio
import hmac
import warnings
from collections.abc import Sequence

import asyncssh

from pytest_cucmtls.sim.cli_shell import serve_shell
from pytest_cucmtls.sim.cli_terminal import CliTerminal
from pytest_cucmtls.sim.provenance import Behaviour, Provenance
from pytest_cucmtls.sim.state import NodeState

BEHAVIOURS = (
    Behaviour("SSH", "keyboard-interactive login, pty and shell, no exec channel", Provenance.RECORDED, "public clients"),
    Behaviour("SSH", "OpenSSH_5.3 with SHA-1 algorithms on 11.5", Provenance.RECORDED, "a published log"),
    Behaviour(
        "SSH", "method password refused on 9.1 and 10.5; algorithms of each release", Provenance.ASSUMED, "some releases do"
    ),
    Behaviour("SSH", "banner, prompt and its place", Provenance.RECORDED, "a published log; the hardware lines vary"),
    Behaviour("SSH", "delay before the prompt", Provenance.RECORDED, "switchable, none unless asked for"),
)

_OLD_KEY_EXCHANGE = (
    "diffie-hellman-group14-sha1",
    "diffie-hellman-group-exchange-sha1",
    "diffie-hellman-group1-sha1",
)
_OLD_ENCRYPTION = ("aes128-ctr", "aes192-ctr", "aes256-ctr", "aes128-cbc", "aes256-cbc")
_OLD_INTEGRITY = ("hmac-sha1",)
_NEW_KEY_EXCHANGE = ("ecdh-sha2-nistp256", "diffie-hellman-group-exchange-sha256", "diffie-hellman-group14-sha256")
_NEW_ENCRYPTION = ("aes256-ctr", "aes192-ctr", "aes128-ctr", "aes256-gcm@openssh.com", "aes128-gcm@openssh.com")
_NEW_INTEGRITY = ("hmac-sha2-256", "hmac-sha2-512", "hmac-sha1")
_LAST_MAJOR_WITHOUT_PASSWORD = 10
_LAST_OLD_MAJOR = 11
"""Releases up to 11.5 show OpenSSH_5.3 with SHA-1 only (platform.md §3.1); where it changed is ASSUMED."""


async def serve_platform_cli(node: NodeState, *, banner_delay_seconds: float = 0.0) -> asyncssh.SSHAcceptor:
    """Listen on the node's SSH port; a port of 0 takes a free one. `ssh_port` and the host key's fingerprint go into the state.

    The node's host key is used, or made when it has none: RSA everywhere, signed with SHA-1 (``ssh-rsa``) on releases up to 11.5.
    Releases up to 10.5 accept keyboard-interactive only. Raises: OSError when the port is taken.
    """
    old = node.cluster.release.major <= _LAST_OLD_MAJOR
    await asyncio.to_thread(prepare_host_key, node)
    key = asyncssh.import_private_key(node.ssh_host_key_pem)
    pair = asyncssh.load_keypairs([key])[0]
    pair.host_key_algorithms = [b"ssh-rsa"] if old else [b"rsa-sha2-512", b"rsa-sha2-256"]
    acceptor = await asyncssh.listen(
        node.ip,
        node.ssh_port,
        server_factory=lambda: _Login(node, banner_delay_seconds),
        server_host_keys=[pair],
        server_version="OpenSSH_5.3" if old else "OpenSSH_8.0",
        kex_algs=_OLD_KEY_EXCHANGE if old else _NEW_KEY_EXCHANGE,
        encryption_algs=_OLD_ENCRYPTION if old else _NEW_ENCRYPTION,
        mac_algs=_OLD_INTEGRITY if old else _NEW_INTEGRITY,
        gss_host=None,
        allow_scp=False,
        line_editor=False,
        encoding=None,
        public_key_auth=False,
    )
    node.ssh_host_key_fingerprint = key.get_fingerprint("sha256")
    node.ssh_port = acceptor.get_port()
    return acceptor


def prepare_host_key(node: NodeState) -> None:
    """Make the node's host key unless it has one; safe in a worker thread."""
    if not node.ssh_host_key_pem:
        node.ssh_host_key_pem = asyncssh.generate_private_key("ssh-rsa", key_size=2048).export_private_key()


class _Login(asyncssh.SSHServer):
    """Accounts with the role ``platform``."""

    def __init__(self, node: NodeState, banner_delay_seconds: float) -> None:
        self._node, self._delay = node, banner_delay_seconds

    def connection_made(self, _conn: asyncssh.SSHServerConnection) -> None:
        """Old nodes only offer finite-field Diffie-Hellman, which the crypto library warns about: that is their point."""
        warnings.filterwarnings("ignore", message="Diffie-Hellman over finite fields")

    def begin_auth(self, _username: str) -> bool:
        """Always asks for a password."""
        return True

    def kbdint_auth_supported(self) -> bool:
        """On every release."""
        return True

    def password_auth_supported(self) -> bool:
        """From 11.5 on (ASSUMED; the method is rejected on some releases: platform.md §3.1)."""
        return self._node.cluster.release.major > _LAST_MAJOR_WITHOUT_PASSWORD

    def get_kbdint_challenge(self, _username: str, _lang: str, _submethods: str) -> tuple[str, str, str, list[tuple[str, bool]]]:
        """PAM's one question."""
        return "", "", "", [("Password: ", False)]

    def validate_kbdint_response(self, username: str, responses: Sequence[str]) -> bool:
        """The answer to it."""
        return len(responses) == 1 and self._accepts(username, responses[0])

    def validate_password(self, username: str, password: str) -> bool:
        """The ``password`` method, where the release offers it."""
        return self._accepts(username, password)

    def session_requested(self) -> "asyncssh.SSHServerSession[bytes]":
        """One shell per session."""
        return _Session(self._node, self._delay)

    def _accepts(self, user: str, password: str) -> bool:
        return any(
            account.user == user
            and "platform" in account.roles
            and hmac.compare_digest(account.password.encode(), password.encode())
            for account in self._node.cluster.accounts
        )


class _Session(asyncssh.SSHServerSession[bytes]):
    """A pty and a shell; exec and subsystems are refused, as on the real thing."""

    def __init__(self, node: NodeState, banner_delay_seconds: float) -> None:
        self._node, self._delay = node, banner_delay_seconds
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None
        self._terminal: CliTerminal | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, chan: "asyncssh.SSHServerChannel[bytes]") -> None:
        """The channel is open."""
        self._channel = chan
        self._terminal = CliTerminal(chan.write)

    def pty_requested(self, _term_type: str, term_size: tuple[int, int, int, int], _term_modes: object) -> bool:
        """A terminal, with the rows the pager counts."""
        if self._terminal is not None and term_size[1] > 1:
            self._terminal.rows = term_size[1]
        return True

    def shell_requested(self) -> bool:
        """The one thing on offer."""
        return True

    def exec_requested(self, _command: str) -> bool:
        """No exec channel (platform.md §3.1)."""
        return False

    def session_started(self) -> None:
        """Run the shell beside the connection."""
        self._task = asyncio.get_running_loop().create_task(self._serve())

    def data_received(self, data: bytes, _datatype: int | None) -> None:
        """Keystrokes."""
        if self._terminal is not None:
            self._terminal.feed(data)

    def eof_received(self) -> bool:
        """No more keystrokes: the shell ends when it has worked off what was typed (``ssh node < commands``)."""
        if self._terminal is not None:
            self._terminal.end_input()
        return True

    def connection_lost(self, _exc: Exception | None) -> None:
        """End whatever runs."""
        if self._terminal is not None:
            self._terminal.end()
        if self._task is not None:
            self._task.cancel()

    async def _serve(self) -> None:
        if self._terminal is None or self._channel is None:
            return
        try:
            await serve_shell(self._node, self._terminal, self._delay)
        finally:
            self._channel.exit(0)
