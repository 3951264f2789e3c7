"""Packet captures made by a node itself through its platform CLI: to a file on the node, or on the screen.

Each capture has an SSH session of its own, as the command keeps the session busy until Ctrl-C.
"""

import re
from datetime import UTC, datetime
from ipaddress import ip_address
from types import TracebackType
from typing import Self

from pytest_cucmtls.clients.cli_conversation import ConnectionLost
from pytest_cucmtls.clients.platform_cli import DEFAULT_LIMIT_SECONDS, PAGER_OFF, refused
from pytest_cucmtls.clients.ssh_session import CliSession
from pytest_cucmtls.model.errors import ConfigurationInvalid, InterfaceRefused
from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.model.readings import Reading
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.wire.cli_dialogue import find_question
from pytest_cucmtls.wire.cli_terminal import last_line
from pytest_cucmtls.wire.cli_text import parse_refusal

MOST_PACKETS = 100_000
"""The CLI's own limit for a file; the screen takes 1000 (platform.md §3.4)."""
_HEADER = "Executing command with options:"
_RUNNING = re.compile(re.escape(_HEADER) + r"\s*\n[^\n]*=[^\n]*\n")
_FILE_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class _Capture:
    """One running capture command: a context manager that never leaves the command running."""

    def __init__(
        self,
        command: str,
        node: NodeAddress,
        user: str,
        password: Secret,
        *,
        known_hosts: str | None = None,
        legacy_algorithms: bool = False,
        limit_seconds: float = DEFAULT_LIMIT_SECONDS,
    ) -> None:
        self.command, self.node = command, node
        self.cut_short = ""
        """Why the capture ended before it was stopped; "" when it did not."""
        self._started = False
        self._session = CliSession(
            node,
            user,
            password,
            known_hosts=known_hosts,
            legacy_algorithms=legacy_algorithms,
            limit_seconds=limit_seconds,
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._session.close()

    @property
    def transcript(self) -> str:
        """What the node showed, without passwords."""
        return self._session.transcript

    def start(self) -> None:
        """Log in and start; returns when the node has printed the header, that is when it captures.

        Raises: InterfaceRefused when the node does not start it, else as CliSession.
        """
        self._session.open()
        self._session.run(PAGER_OFF)
        shown = self._session.start(self.command, _is_running)
        if _HEADER in shown:
            self._started = True
            return
        self._session.close()
        refusal = parse_refusal(shown)
        if refusal is not None:
            raise refused(self.command, refusal)
        raise InterfaceRefused("cli", self.command, "", " ".join(shown.split())[:300] or "the capture ended at once")

    def _finish(self) -> Reading[str]:
        """Ctrl-C, wait for the prompt, log out."""
        output = self._session.stop(self.command)
        self._session.close()
        refusal = parse_refusal(output.text)
        if refusal is not None:
            raise refused(self.command, refusal)
        return Reading(output.text, output.raw, "cli", self.command, datetime.now(UTC))


class CliFileCapture(_Capture):
    """Whole packets between the node and one peer, or of everything, into ``activelog platform/cli/<file_name>.cap`` on the node.

    The command takes one host at most: a capture that serves several peers has no filter.
    """

    def __init__(
        self,
        node: NodeAddress,
        user: str,
        password: Secret,
        *,
        peer_ip: str | None,
        file_name: str,
        known_hosts: str | None = None,
        legacy_algorithms: bool = False,
        limit_seconds: float = DEFAULT_LIMIT_SECONDS,
    ) -> None:
        """Raises: ConfigurationInvalid for a name with a dot (the CLI refuses it) or a peer that is no IP address."""
        if not _FILE_NAME.fullmatch(file_name):
            raise ConfigurationInvalid("capture", "file_name", f"{file_name!r}: letters, digits, - and _ only, no dot")
        self.file_name = file_name
        peer = "" if peer_ip is None else f" host ip {_address(peer_ip)}"
        super().__init__(
            f"utils network capture eth0 file {file_name} count {MOST_PACKETS} size all{peer}",
            node,
            user,
            password,
            known_hosts=known_hosts,
            legacy_algorithms=legacy_algorithms,
            limit_seconds=limit_seconds,
        )

    @property
    def active_log_path(self) -> str:
        """The file as ``file get activelog`` names it."""
        return f"platform/cli/{self.file_name}.cap"

    def stop(self) -> str:
        """End the capture; returns the file's absolute path on the node, as DIME takes it. Raises as CliSession.

        When the session was lost meanwhile the node has ended the capture by itself: `cut_short` then says so, and the
        file holds the packets up to that moment.
        """
        try:
            self._finish()
        except ConnectionLost as lost:
            self.cut_short = lost.detail
        return f"/var/log/active/{self.active_log_path}"

    def remove(self) -> None:
        """Delete the file this capture made, and no other, in a session of its own.

        Raises: InterfaceRefused (privilege level 1 is needed), and as CliSession; ConfigurationInvalid before the start.
        """
        if not self._started:
            raise ConfigurationInvalid("capture", self.file_name, "was never started, so its file is somebody else's")
        command = f"file delete activelog {self.active_log_path} noconfirm"
        self._session.open()
        try:
            output = self._session.run(command, reply=_agree)
        finally:
            self._session.close()
        refusal = parse_refusal(output.text)
        if refusal is not None:
            raise refused(command, refusal)


class CliScreenCapture(_Capture):
    """The same on the screen: one line of text per packet, 1000 packets at most."""

    def __init__(
        self,
        node: NodeAddress,
        user: str,
        password: Secret,
        *,
        peer_ip: str,
        known_hosts: str | None = None,
        legacy_algorithms: bool = False,
        limit_seconds: float = DEFAULT_LIMIT_SECONDS,
    ) -> None:
        """Raises: ConfigurationInvalid for a peer that is no IP address."""
        super().__init__(
            f"utils network capture eth0 host ip {_address(peer_ip)}",
            node,
            user,
            password,
            known_hosts=known_hosts,
            legacy_algorithms=legacy_algorithms,
            limit_seconds=limit_seconds,
        )

    def stop(self) -> Reading[str]:
        """End the capture; the value is the printed text, as `wire.screen_capture` reads it. Raises as CliSession."""
        return self._finish()


def _agree(shown: str) -> str | None:
    """Releases that ask in spite of ``noconfirm`` are told yes."""
    question = find_question(last_line(shown))
    return None if question is None else question.affirmative


def _is_running(shown: str) -> bool:
    """The header and one line of options are complete: how many follow differs between releases (platform.md §3.4)."""
    return _RUNNING.search(shown) is not None


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise ConfigurationInvalid("capture", "peer_ip", f"{text[:60]!r} is not an IP address") from None
