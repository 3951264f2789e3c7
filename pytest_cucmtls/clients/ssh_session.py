"""One interactive platform CLI session over SSH, driven synchronously: type a command, get what it printed.

There is no exec channel on CUCM (platform.md §3.1), so everything goes through a pty and a shell: the answer ends where
the prompt is back. Every wait has a limit and ends on an event.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, TypeVar

import asyncssh

from pytest_cucmtls.clients.cli_conversation import CliOutput, Conversation, Reply
from pytest_cucmtls.clients.ssh_connection import ShellChannel, open_shell
from pytest_cucmtls.clients.ssh_loop import LoopThread
from pytest_cucmtls.model.errors import ClusterUnreachable
from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.wire.cli_terminal import render_terminal

T = TypeVar("T")


def keep_silent(_: str) -> str | None:
    """Answers nothing: a confirmation that nobody expected is then declined and reported."""
    return None


class CliSession:
    """A logged-in session; a context manager. Whatever goes wrong closes it, so that no late answer is taken for another's."""

    def __init__(
        self,
        node: NodeAddress,
        user: str,
        password: Secret,
        *,
        known_hosts: str | None,
        legacy_algorithms: bool,
        limit_seconds: float,
    ) -> None:
        self.node, self.user, self.limit_seconds = node, user, limit_seconds
        self._password, self._known_hosts, self._legacy_algorithms = password, known_hosts, legacy_algorithms
        self._received = bytearray()
        self._secrets = [password]
        self._loop: LoopThread | None = None
        self._channel: ShellChannel | None = None
        self._conversation: Conversation | None = None

    def __enter__(self) -> "CliSession":
        self.open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def usable(self) -> bool:
        """Logged in, still connected, and at the prompt."""
        return self._conversation is not None and self._channel is not None and not self._channel.lost

    @property
    def transcript(self) -> str:
        """Everything the node showed so far, passwords blotted out; the oldest part goes when it grows too long."""
        text = render_terminal(bytes(self._received))
        for secret in self._secrets:
            text = text.replace(secret.reveal(), "********") if secret else text
        return text

    def keep_out_of_transcript(self, secret: Secret) -> None:
        """Blot out another secret that is typed in this session."""
        self._secrets.append(secret)

    def open(self) -> None:
        """Connect, log in and wait for the first prompt.

        Raises: ClusterUnreachable, PeerNotVerified, CredentialsRefused, AnswerTimedOut (silence), UnexpectedAnswer (no
        prompt we know), ConfigurationInvalid.
        """
        self.close()
        self._loop = LoopThread(f"cli-{self.node.name}")
        self._closing_on_failure(self._log_in())

    def close(self) -> None:
        """Leave the CLI and end the connection; safe to call at any time."""
        loop, channel = self._loop, self._channel
        self._loop = self._channel = self._conversation = None
        if loop is None:
            return
        if channel is not None:
            with contextlib.suppress(TimeoutError, OSError, asyncssh.Error):
                loop.run(channel.leave())
        loop.close()

    def run(self, command: str, *, reply: Reply = keep_silent, limit_seconds: float | None = None) -> CliOutput:
        """Type a command and return what it printed, once the prompt is back.

        `reply` is asked about what was shown since the last answer, with each new piece; the pager is turned by itself.
        A confirmation that `reply` leaves alone is declined. Raises: AnswerTimedOut, UnexpectedAnswer (no prompt in
        time, an unexpected confirmation), ClusterUnreachable (connection lost).
        """
        limit = self.limit_seconds if limit_seconds is None else limit_seconds
        return self._closing_on_failure(self._connected(command).ask(command, reply, limit))

    def start(self, command: str, ready: Callable[[str], bool]) -> str:
        """Type a command that runs until stopped; returns what it showed once `ready` was true of it. Raises as `run`."""
        return self._closing_on_failure(self._connected(command).begin(command, ready, self.limit_seconds))

    def stop(self, command: str) -> CliOutput:
        """End the started command with Ctrl-C and return all it printed. Raises as `run`."""
        return self._closing_on_failure(self._connected(command).stop(command, self.limit_seconds))

    async def _log_in(self) -> None:
        self._channel = await open_shell(
            self.node,
            self.user,
            self._password,
            known_hosts=self._known_hosts,
            legacy_algorithms=self._legacy_algorithms,
            limit_seconds=self.limit_seconds,
        )
        names = tuple(dict.fromkeys(("admin", self.user)))
        conversation = Conversation(self._channel, self.node, names, self._received)
        await conversation.first_prompt(self.limit_seconds)
        self._conversation = conversation

    def _connected(self, command: str) -> Conversation:
        if self._conversation is None:
            raise ClusterUnreachable("cli", self.node.address, self.node.ssh_port, f"the session is closed ({command!r})")
        return self._conversation

    def _closing_on_failure(self, work: Coroutine[Any, Any, T]) -> T:
        loop = self._loop
        if loop is None:
            work.close()
            raise ClusterUnreachable("cli", self.node.address, self.node.ssh_port, "the session is closed")
        try:
            return loop.run(work)
        except (Exception, asyncio.CancelledError, KeyboardInterrupt):
            self.close()
            raise
