"""Our half of the `file get` dialogue: where the SFTP server is, who we are, and whether the node sees the right key."""

import re

from pytest_cucmtls.clients.sftp_sink import SftpSink
from pytest_cucmtls.model.errors import InterfaceRefused, PeerNotVerified
from pytest_cucmtls.wire.cli_dialogue import find_question
from pytest_cucmtls.wire.cli_terminal import last_line

_SHA256_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_COMPLETED = re.compile(r"Transfer completed|^\s*done\.\s*$", re.MULTILINE)


class FileGetDialogue:
    """Answers every question of one `file get` (platform.md §3.5): address, port, user, password, directory, confirmations."""

    def __init__(self, sink: SftpSink) -> None:
        self._answers = (
            (re.compile(r"SFTP server IP:\s*\Z", re.IGNORECASE), sink.address),
            (re.compile(r"SFTP server port(?: \[\d+\])?:\s*\Z", re.IGNORECASE), str(sink.port)),
            (re.compile(r"^\s*User ID:\s*\Z", re.IGNORECASE), sink.user),
            (re.compile(r"^\s*Password:\s*\Z", re.IGNORECASE), sink.password.reveal()),
            (re.compile(r"Download directory:\s*\Z", re.IGNORECASE), "/"),
        )
        self._sink = sink
        self._foreign_key = ""

    def reply(self, shown: str) -> str | None:
        """The line to type, if the unfinished line is one of the questions."""
        line = last_line(shown)
        for pattern, answer in self._answers:
            if pattern.search(line):
                return answer
        question = find_question(line)
        if question is None:
            return None
        return question.negative if self._shows_foreign_key(shown) else question.affirmative

    def check(self, text: str, command: str) -> None:
        """Raises: PeerNotVerified (somebody else's host key was shown and declined), InterfaceRefused (no word of success)."""
        if self._foreign_key:
            raise PeerNotVerified(
                "sftp-sink",
                self._sink.address,
                self._foreign_key,
                f"the node sees another host key than the sink's {self._sink.host_key_fingerprint}",
                remedy="Something between the node and this machine answers in its place: check address, port and routes.",
            )
        if _COMPLETED.search(text) is None:
            detail = " ".join(text.split())[-300:] or "nothing was said"
            raise InterfaceRefused("cli", command, "", detail, remedy="Check that the node reaches this machine's SFTP port.")

    def _shows_foreign_key(self, shown: str) -> bool:
        """Only the SHA-256 form can be compared; older nodes print MD5, which is taken as it is."""
        printed = _SHA256_FINGERPRINT.search(shown)
        if printed is None or printed[0] == self._sink.host_key_fingerprint:
            return False
        self._foreign_key = printed[0]
        return True
