"""Progress of a run: in a terminal a last line that lives (what is going on, for how long, up to which limit), elsewhere lines.

Nothing is written over what pytest writes: the living line exists only while a step runs inside one test, and is gone before
the test's own letter appears. Its clock is a thread that waits for an event, so it ends at once.
"""

import re
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import TextIO

from pytest_cucmtls.report.visible_text import visible_text

TICK_SECONDS = 1.0
_LIMIT = re.compile(r",? at most (\d+) s\b")
_CLEAR = "\r\x1b[K"
_SHOWN = ("PASS", "WARN", "FAIL", "INCONCLUSIVE", "ERROR", "BLOCKED", "NOT_APPLICABLE")


class LiveView:
    """What a run says about itself while it goes on.

    `terminal` is the terminal itself when there is one to draw on, else None: then each text becomes a line through `plain`.
    `fresh_line` ends the line somebody else is writing; it is asked before the first drawing of a test.
    """

    def __init__(
        self,
        plain: Callable[[str], None],
        terminal: TextIO | None,
        fresh_line: Callable[[], None] = lambda: None,
        *,
        clock: Callable[[], float] = time.monotonic,
        columns: Callable[[], int] = lambda: shutil.get_terminal_size().columns,
    ) -> None:
        self._plain, self._terminal, self._clock, self._columns = plain, terminal, clock, columns
        self._fresh_line, self._drawing = fresh_line, False
        self._counted: Counter[str] = Counter()
        self._text, self._since = "", 0.0
        self._lock, self._gone = threading.Lock(), threading.Event()
        self._ticking: threading.Thread | None = None

    def say(self, text: str) -> None:
        """What begins now; what was going on becomes a line of its own with the time it took."""
        if self._terminal is None:
            self._plain(text)
            return
        if not self._drawing:
            self._fresh_line()
        with self._lock:
            self._settle()
            self._drawing = True
            self._text, self._since = visible_text(text), self._clock()
            self._draw()
        if self._ticking is None:
            self._ticking = threading.Thread(target=self._tick, name="cucmtls progress", daemon=True)
            self._ticking.start()

    def settle(self, outcome: str = "") -> None:
        """The test that did all this ends: the last line becomes a line of its own, so that pytest can write."""
        if outcome:
            self._counted[outcome] += 1
        with self._lock:
            self._settle()
            self._drawing = False

    def close(self) -> None:
        """The run ends."""
        self.settle()
        self._gone.set()
        if self._ticking is not None:
            self._ticking.join(10)

    def living_line(self) -> str:
        """The present text with time, limit and verdicts, cut to the terminal's width."""
        limit = _LIMIT.search(self._text)
        seconds = f"{self._clock() - self._since:.0f} s" + (f" of {limit[1]} s" if limit else "")
        counted = ", ".join(f"{self._counted[name]} {name}" for name in _SHOWN if self._counted[name])
        tail = f"  [{seconds}]" + (f"  {counted}" if counted else "")
        head = f"  {_LIMIT.sub('', self._text)}"
        room = max(10, self._columns() - 1 - len(tail))
        return (head if len(head) <= room else f"{head[: room - 1]}…") + tail

    def _tick(self) -> None:
        while not self._gone.wait(TICK_SECONDS):
            with self._lock:
                if self._text:
                    self._draw()

    def _draw(self) -> None:
        self._write(_CLEAR + self.living_line()[: max(1, self._columns() - 1)])

    def _settle(self) -> None:
        if self._text:
            seconds = self._clock() - self._since
            line = f"  {_LIMIT.sub('', self._text)}"
            took = f"  {seconds:.1f} s" if seconds >= 0.1 else ""
            self._write(f"{_CLEAR}{line[: max(1, self._columns() - 1 - len(took))]}{took}\r\n")
        self._text = ""

    def _write(self, text: str) -> None:
        if self._terminal is not None:
            try:
                self._terminal.write(text)
                self._terminal.flush()
            except (OSError, ValueError):
                self._terminal = None  # the terminal is gone: the run goes on
