"""Call logs (``calllogs_*.txt``): one line per call event, full date, no bodies."""

import re
from collections.abc import Iterable, Iterator

from pytest_cucmtls.model.traces import CallLogLine

LINE = re.compile(rb"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{3}\|[A-Z]{1,8}\|")
LONGEST_LINE_BYTES = 64 * 1024
_SIP_SUBSYSTEMS = {"SIPL", "SIPT"}


def read_call_log(chunks: Iterable[bytes]) -> Iterator[CallLogLine]:
    """Every line that is one; others are passed over.

    For ``CC`` lines `event` is the third column; for ``SIPL`` (lines) and ``SIPT`` (trunks) it is the last one, the
    message (``INVITE``, ``180 Ringing``), and `columns` are call identifier, transport, direction, local address and
    port, device, remote address and port, tag, running number and Call-ID. Times are the node's local ones without a
    zone, so `at` is None.
    """
    for number, line in _lines(chunks):
        if LINE.match(line):
            moment, subsystem, *columns = line.decode("utf-8", "replace").split("|")
            event = columns.pop() if subsystem in _SIP_SUBSYSTEMS else columns.pop(0)
            yield CallLogLine(number, None, moment, subsystem, event, tuple(columns))


def _lines(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Numbered lines, cut at a bearable length."""
    number, waiting = 0, b""
    for chunk in chunks:
        *complete, waiting = (waiting + chunk).split(b"\n")
        for line in complete:
            number += 1
            yield number, line.rstrip(b"\r")[:LONGEST_LINE_BYTES]
        waiting = waiting[:LONGEST_LINE_BYTES]
    if waiting:
        yield number + 1, waiting.rstrip(b"\r")
