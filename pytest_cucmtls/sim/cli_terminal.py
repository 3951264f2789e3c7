"""The terminal of one simulated CLI session: echo, line input, hidden input, pager, Ctrl-C."""

import asyncio
from collections.abc import Callable

PAGER = "Press <enter> for 1 line, <space> for one page, or <q> to quit"
_LONGEST_LINE, _LONGEST_TYPE_AHEAD = 8192, 1 << 20
_DEFAULT_ROWS = 24
_CONTROL_C, _CONTROL_U = 0x03, 0x15


class Interrupted(Exception):
    """Ctrl-C while input was awaited."""


class TerminalClosed(Exception):
    """Nothing more will be typed."""


class CliTerminal:
    """Bytes typed at us on one side (`feed`), lines and keys on the other; everything shown goes through `write`."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._input = bytearray()
        self._echo = bytearray()
        self._arrived = asyncio.Event()
        self._reading = False
        self._input_ended = False
        self._closed = False
        self._after_return = False
        self.rows = _DEFAULT_ROWS
        self.pages = True
        """Automatic pagination, for this session."""
        self.interrupted = asyncio.Event()
        """Set by Ctrl-C while a command runs; each command starts with it clear."""

    def feed(self, data: bytes) -> None:
        """Keystrokes arrived; Ctrl-C during a command throws away what was typed ahead."""
        for byte in data:
            if byte == _CONTROL_C and not self._reading:
                self._input.clear()
                self.interrupted.set()
            elif len(self._input) < _LONGEST_TYPE_AHEAD:
                self._input.append(byte)
        self._arrived.set()

    def end_input(self) -> None:
        """Nothing more will be typed; what was typed is still worked off, and shown."""
        self._input_ended = True
        self._arrived.set()

    def end(self) -> None:
        """The other side is gone."""
        self._closed = self._input_ended = True
        self.interrupted.set()
        self._arrived.set()

    def write(self, text: str) -> None:
        """Show text, line ends as a terminal wants them."""
        self._show_echo()
        if text and not self._closed:
            self._send(text.replace("\r\n", "\n").replace("\n", "\r\n").encode("utf-8", "replace"))

    def line(self, text: str = "") -> None:
        """Show one line."""
        self.write(text + "\n")

    async def show(self, text: str) -> None:
        """Show lines, by pages when pagination is on and they do not fit."""
        lines = text.removesuffix("\n").split("\n")
        room = max(self.rows - 1, 1)
        for line in lines:
            if self.pages and room == 0:
                room = await self._next_page()
                if room == 0:
                    return
            self.line(line)
            room -= 1

    async def read_line(self, question: str = "", *, mask: str | None = None) -> str:
        """Ask and wait for Enter; typed characters are echoed, or `mask` instead of each.

        Raises: Interrupted (Ctrl-C), TerminalClosed.
        """
        self.write(question)
        typed = bytearray()
        while (byte := await self._key()) not in b"\r\n":
            if byte in (0x08, 0x7F):
                if typed:
                    typed.pop()
                    self.write("\b \b")
            elif byte == _CONTROL_U:
                self.write("\b \b" * len(typed))
                typed.clear()
            elif byte >= 0x20 and len(typed) < _LONGEST_LINE:
                typed.append(byte)
                self._echo += bytes((byte,)) if mask is None else mask.encode()
        self._after_return = byte == 0x0D
        self.line()
        return typed.decode("utf-8", "replace")

    def _show_echo(self) -> None:
        """Send what was echoed so far in one piece."""
        if self._echo and not self._closed:
            self._send(bytes(self._echo))
        self._echo.clear()

    async def _next_page(self) -> int:
        """How many more lines the reader wants: 1, a page, or 0 to quit."""
        self.write(PAGER)
        wanted: int | None = None
        while wanted is None:
            wanted = {0x0D: 1, 0x0A: 1, 0x20: max(self.rows - 1, 1), ord("q"): 0, ord("Q"): 0}.get(await self._key())
        self.write("\r" + " " * len(PAGER) + "\r")
        return wanted

    async def _key(self) -> int:
        while True:
            self._reading = True
            try:
                while not self._input:
                    self._show_echo()
                    if self._input_ended:
                        raise TerminalClosed
                    self._arrived.clear()
                    await self._arrived.wait()
            finally:
                self._reading = False
            byte = self._input.pop(0)
            skip, self._after_return = self._after_return and byte == 0x0A, False
            if byte == _CONTROL_C:
                raise Interrupted
            if not skip:
                return byte
