"""The turn-taking of one CLI session: wait for the prompt, answer the pager and questions, stop a running command."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from pytest_cucmtls.clients.ssh_connection import ShellChannel
from pytest_cucmtls.model.errors import AnswerTimedOut, ClusterUnreachable, CucmTlsError, UnexpectedAnswer
from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.wire.cli_dialogue import Question, find_question, is_pager, is_prompt, split_echo
from pytest_cucmtls.wire.cli_terminal import last_line, render_terminal

LARGEST_ANSWER_BYTES = 16 * 1024 * 1024
LARGEST_TRANSCRIPT_BYTES = 4 * 1024 * 1024
_TAIL_BYTES = 4096
_CONTROL_C = "\x03"
_INTERRUPT_PATIENCE_SECONDS = 3.0
"""A node may need a moment to flush the file before the prompt is back; shorter when the limit is short."""

Reply = Callable[[str], str | None]
"""Given what was shown since the last answer: the line to type, or None to leave it."""


@dataclass(frozen=True, slots=True)
class CliOutput:
    """What one command printed: the bytes as received, and the text without echo and prompt."""

    raw: bytes
    text: str


class ConnectionLost(ClusterUnreachable):
    """The session ended in the middle of a command: what only reads may be asked again over a new one."""


class Conversation:
    """Drives one shell channel; every method is a coroutine of the session's loop."""

    def __init__(self, channel: ShellChannel, node: NodeAddress, names: tuple[str, ...], transcript: bytearray) -> None:
        self._channel, self._node, self._names = channel, node, names
        self._transcript = transcript
        self._seen = 0
        """How much of `channel.received` has been answered or belongs to earlier lines: questions are looked for after it."""

    async def first_prompt(self, limit_seconds: float) -> None:
        """Wait for the banner and the prompt; one Enter half-way, as a shell that started late may need it."""
        try:
            try:
                async with asyncio.timeout(limit_seconds / 2):
                    await self._until(self._at_prompt)
            except TimeoutError:
                self._channel.type("\n")
                async with asyncio.timeout(limit_seconds / 2):
                    await self._until(self._at_prompt)
        except TimeoutError:
            raise self._overdue("log in", limit_seconds) from None
        self._forget()

    async def ask(self, command: str, reply: Reply, limit_seconds: float) -> CliOutput:
        """Type a command, answer what it asks, return its output at the next prompt."""
        self._forget()
        self._channel.type(command + "\n")
        unasked: list[Question] = []

        def finished() -> bool:
            self._answer(reply, unasked)
            return self._answered(command)

        try:
            async with asyncio.timeout(limit_seconds):
                await self._until(finished, command)
        except TimeoutError:
            raise self._overdue(command, limit_seconds) from None
        output = self._output(command)
        if unasked:
            raise UnexpectedAnswer(
                "cli", command, unasked[0].text, f"an unexpected question was answered {unasked[0].negative!r}"
            )
        return output

    async def begin(self, command: str, ready: Callable[[str], bool], limit_seconds: float) -> str:
        """Type a command that keeps running; returns its text once `ready` says so (or it is back at the prompt)."""
        self._forget()
        self._channel.type(command + "\n")

        def started() -> bool:
            return ready(self._text_of(command)) or self._answered(command)

        try:
            async with asyncio.timeout(limit_seconds):
                await self._until(started, command)
        except TimeoutError:
            raise self._overdue(command, limit_seconds) from None
        return self._text_of(command)

    async def stop(self, command: str, limit_seconds: float) -> CliOutput:
        """Ctrl-C until the prompt is back: a second one, with Enter, when the first was not enough (platform.md §3.4)."""
        keys = _CONTROL_C
        try:
            async with asyncio.timeout(limit_seconds):
                while not self._answered(command):
                    self._channel.type(keys)
                    keys = _CONTROL_C + "\n"
                    try:
                        async with asyncio.timeout(min(_INTERRUPT_PATIENCE_SECONDS, limit_seconds / 5)):
                            await self._until(lambda: self._answered(command), command)
                    except TimeoutError:
                        continue
        except TimeoutError:
            raise self._overdue(command, limit_seconds) from None
        return self._output(command)

    async def _until(self, condition: Callable[[], bool], command: str = "log in") -> None:
        """Return when the condition holds after some change. Raises: ClusterUnreachable (lost), UnexpectedAnswer (too much)."""
        while True:
            self._channel.changed.clear()
            if condition():
                return
            if self._channel.lost:
                raise self._lost(command)
            if len(self._channel.received) > LARGEST_ANSWER_BYTES:
                raise UnexpectedAnswer("cli", command, self._beginning(), f"more than {LARGEST_ANSWER_BYTES} bytes and no prompt")
            await self._channel.changed.wait()

    def _answer(self, reply: Reply, unasked: list[Question]) -> None:
        """Turn the pager, answer what `reply` answers, decline any other confirmation."""
        news = bytes(self._channel.received[max(self._seen, len(self._channel.received) - _TAIL_BYTES) :])
        if not news:
            return
        if is_pager(news):
            self._typed(" ")
            return
        shown = render_terminal(news)
        answer = reply(shown)
        question = find_question(last_line(shown))
        if answer is not None:
            self._typed(answer + "\n")
        elif question is not None:
            unasked.append(question)
            self._typed(question.negative + "\n")

    def _typed(self, keys: str) -> None:
        self._seen = len(self._channel.received)
        self._channel.type(keys)

    def _at_prompt(self) -> bool:
        tail = bytes(self._channel.received[-_TAIL_BYTES:])
        return is_prompt(last_line(render_terminal(tail)), *self._names)

    def _answered(self, command: str) -> bool:
        """At a prompt that follows this command, not at one left over from before it."""
        if not self._at_prompt():
            return False
        echoed, body = split_echo(self._without_prompt(), command)
        return echoed or bool(body.strip())

    def _text_of(self, command: str) -> str:
        return split_echo(render_terminal(bytes(self._channel.received)), command)[1]

    def _without_prompt(self) -> str:
        return render_terminal(bytes(self._channel.received)).rpartition("\n")[0]

    def _output(self, command: str) -> CliOutput:
        raw = bytes(self._channel.received)
        text = split_echo(self._without_prompt(), command)[1]
        self._forget()
        return CliOutput(raw, text)

    def _forget(self) -> None:
        """Move what was received to the transcript."""
        self._transcript += self._channel.received
        del self._transcript[: max(0, len(self._transcript) - LARGEST_TRANSCRIPT_BYTES)]
        self._channel.received.clear()
        self._seen = 0

    def _beginning(self) -> str:
        return bytes(self._channel.received[:200]).decode("latin-1")

    def _overdue(self, command: str, seconds: float) -> CucmTlsError:
        """Silence is a time-out; bytes without the prompt are an answer we do not understand, shown as they came."""
        received, beginning = bytes(self._channel.received), self._beginning()
        echoed, body = split_echo(render_terminal(received), command)
        self._forget()
        if not body.strip() or (echoed and not body.strip()):
            return AnswerTimedOut("cli", command, seconds, remedy="Try the command by hand; a busy node may need a longer limit.")
        wanted = " or ".join(f"{name}:" for name in dict.fromkeys(self._names))
        return UnexpectedAnswer("cli", command, beginning, f"no prompt {wanted!r} within {seconds:g} s")

    def _lost(self, command: str) -> ConnectionLost:
        count = len(self._channel.received)
        self._forget()
        return ConnectionLost(
            "cli",
            self._node.address,
            self._node.ssh_port,
            f"the connection was lost during {command!r}, after {count} bytes of its answer",
            remedy="Whether the command took effect is not known: read the state again before repeating it.",
        )
