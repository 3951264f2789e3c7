"""Connecting to a node's SSH port: host key, login, and one shell channel that collects what comes in."""

import asyncio
import contextlib
import socket
import warnings
from collections.abc import Sequence

import asyncssh

from pytest_cucmtls.clients.ssh_trust import LEGACY, MODERN, HostKeyTrust, host_key_trust
from pytest_cucmtls.model.errors import ClusterUnreachable, CredentialsRefused, UnexpectedAnswer
from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.model.secrets import Secret

_SCREEN_COLUMNS, _SCREEN_ROWS = 511, 200
"""Wide, so that echoed commands do not wrap."""
_LEAVE_SECONDS = 2.0
_KEEP_ALIVE_SECONDS = 30
_ALLOW_LEGACY = "Older releases offer SHA-1, CBC and ssh-rsa only: allow legacy algorithms for this cluster."


class ShellChannel(asyncssh.SSHClientSession[bytes]):
    """The interactive shell: received bytes, and an event whenever something changes."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.changed = asyncio.Event()
        self.lost = False
        self.connection: asyncssh.SSHClientConnection | None = None
        self._channel: asyncssh.SSHClientChannel[bytes] | None = None

    def connection_made(self, chan: "asyncssh.SSHClientChannel[bytes]") -> None:
        """The channel is open."""
        self._channel = chan

    def data_received(self, data: bytes, _datatype: int | None) -> None:
        """Collect, standard error included."""
        self.received += data
        self.changed.set()

    def connection_lost(self, _exc: Exception | None) -> None:
        """The shell ended, for whatever reason."""
        self.lost = True
        self.changed.set()

    def eof_received(self) -> bool:
        """The other side sends nothing more: treated as lost."""
        self.lost = True
        self.changed.set()
        return False

    def type(self, text: str) -> None:
        """Send keystrokes. Does nothing on a lost channel: the reader of answers notices."""
        if self._channel is not None and not self.lost:
            with contextlib.suppress(OSError, asyncssh.Error):
                self._channel.write(text.encode())

    async def leave(self) -> None:
        """Say ``quit``, then close the connection and wait for its end."""
        self.type("quit\n")
        if self.connection is not None:
            self.connection.close()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.connection.wait_closed(), _LEAVE_SECONDS)


class _Login(asyncssh.SSHClient):
    """Keyboard-interactive first; ``password`` only where that was not offered, so that a wrong password is sent once."""

    def __init__(self, trust: HostKeyTrust, password: Secret) -> None:
        self._trust, self._password = trust, password
        self.password_sent = False
        self.host_key_refused = False
        self.strange_challenge = ""

    def validate_host_public_key(self, _host: str, _addr: str, _port: int, key: asyncssh.SSHKey) -> bool:
        """Only an expected key will do."""
        self.host_key_refused = not self._trust.accepts(key)
        return not self.host_key_refused

    def kbdint_auth_requested(self) -> str | None:
        """Any method of the server's, once."""
        return None if self.password_sent else ""

    def kbdint_challenge_received(
        self, _name: str, _instructions: str, _lang: str, prompts: Sequence[tuple[str, bool]]
    ) -> list[str] | None:
        """The password to one hidden question, nothing to a mere notice; anything else is not ours to answer."""
        if not prompts:
            return []
        if len(prompts) == 1 and not prompts[0][1] and not self.password_sent:
            self.password_sent = True
            return [self._password.reveal()]
        self.strange_challenge = " / ".join(text.strip() for text, _ in prompts)[:200]
        return None

    def password_auth_requested(self) -> str | None:
        """The password, unless it was refused already."""
        if self.password_sent:
            return None
        self.password_sent = True
        return self._password.reveal()


async def open_shell(
    node: NodeAddress,
    user: str,
    password: Secret,
    *,
    known_hosts: str | None,
    legacy_algorithms: bool,
    limit_seconds: float,
) -> ShellChannel:
    """Connect, verify the host key, log in and open a vt100 shell; everything within `limit_seconds`.

    Raises: ClusterUnreachable, PeerNotVerified, CredentialsRefused, ConfigurationInvalid, UnexpectedAnswer (no shell).
    """
    trust = host_key_trust(node, known_hosts)
    login = _Login(trust, password)
    try:
        async with asyncio.timeout(limit_seconds):
            connection = await _connect(node, user, login, trust, legacy_algorithms=legacy_algorithms)
            return await _shell_of(connection)
    except TimeoutError:
        raise _unreachable(node, f"no SSH login within {limit_seconds:g} s") from None
    except asyncssh.HostKeyNotVerifiable:
        raise trust.refusal() from None
    except asyncssh.PermissionDenied:
        raise CredentialsRefused("cli", node.address, user, login.strange_challenge) from None
    except asyncssh.KeyExchangeFailed as problem:
        raise _unreachable(node, f"no common algorithm: {problem.reason}", _ALLOW_LEGACY) from None
    except asyncssh.ChannelOpenError as problem:
        raise UnexpectedAnswer("cli", "open a shell", problem.reason, "the node refused a terminal session") from None
    except OSError as problem:
        raise _unreachable(node, problem.strerror or str(problem)) from None
    except asyncssh.Error as problem:
        if login.host_key_refused:
            raise trust.refusal() from None
        if login.password_sent and "auth" in problem.reason.lower():
            raise CredentialsRefused("cli", node.address, user, problem.reason) from None
        # A node that shares no algorithm with us may hang up before our side notices.
        remedy = "" if trust.presented or legacy_algorithms else _ALLOW_LEGACY
        raise _unreachable(node, problem.reason or type(problem).__name__, remedy) from None


async def _connect(
    node: NodeAddress, user: str, login: _Login, trust: HostKeyTrust, *, legacy_algorithms: bool
) -> asyncssh.SSHClientConnection:
    """A logged-in connection that reads no file of the local user (no config, agent, keys or known_hosts)."""
    offered = LEGACY if legacy_algorithms else MODERN
    # Many nodes offer nothing else than finite-field Diffie-Hellman, and the crypto library warns at each use.
    warnings.filterwarnings("ignore", message="Diffie-Hellman over finite fields")
    connection, _ = await asyncssh.create_connection(
        lambda: login,
        node.address,
        node.ssh_port,
        family=socket.AF_UNSPEC,
        username=user,
        config=None,
        agent_path=None,
        client_keys=None,
        known_hosts=([], [], []),
        preferred_auth="keyboard-interactive,password",
        gss_kex=False,
        gss_auth=False,
        public_key_auth=False,
        kex_algs=offered.key_exchange,
        server_host_key_algs=trust.host_key_algorithms(offered.host_key),
        encryption_algs=offered.encryption,
        mac_algs=offered.integrity,
        compression_algs=("none",),
        keepalive_interval=_KEEP_ALIVE_SECONDS,
    )
    return connection


async def _shell_of(connection: asyncssh.SSHClientConnection) -> ShellChannel:
    shell = ShellChannel()
    try:
        await connection.create_session(
            lambda: shell, encoding=None, term_type="vt100", term_size=(_SCREEN_COLUMNS, _SCREEN_ROWS), request_pty="force"
        )
    except BaseException:
        connection.abort()
        raise
    shell.connection = connection
    return shell


def _unreachable(node: NodeAddress, detail: str, remedy: str = "") -> ClusterUnreachable:
    return ClusterUnreachable("cli", node.address, node.ssh_port, detail, remedy=remedy)
