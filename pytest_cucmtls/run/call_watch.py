"""Sees what becomes of a call in the caller's own call logs: answered on the trunk, released."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from threading import Event

from pytest_cucmtls.clusters import ClusterReader
from pytest_cucmtls.model.cucm import CALL_MANAGER_SERVICE
from pytest_cucmtls.model.traces import CallLogLine
from pytest_cucmtls.wire.sip_addresses import same_number
from pytest_cucmtls.wire.traces import parse_trace

ANSWER_SECONDS = 30.0
TALK_SECONDS = 4.0
RELEASE_SECONDS = 20.0


class CallWatch:
    """Reads the call logs of a cluster's nodes; only lines newer than `mark` count."""

    def __init__(
        self, cluster: ClusterReader, destination: str, poll_seconds: float, *, answer_seconds: float = ANSWER_SECONDS
    ) -> None:
        """`destination` is what the cluster's test phone dials; `answer_seconds` how long that and the answer may take."""
        self._cluster = cluster
        self._destination = destination
        self._answer_seconds = answer_seconds
        self._poll_seconds = poll_seconds
        self._pause = Event()
        self._since = datetime.now(UTC)
        self._before: Counter[str] = Counter()

    def mark(self) -> None:
        """Everything logged until now belongs to earlier calls."""
        self._since = datetime.now(UTC)
        self._before = self._events()

    def wait_for_answer(self) -> bool:
        """True when a 200 OK came over the trunk, False when the call was released or nothing came in time."""
        return self._wait(lambda new: new["answered"] > 0 or new["released"] > 0, self._answer_seconds)["answered"] > 0

    def let_it_talk(self) -> None:
        """Leave the parties a few seconds of media, or less when they hang up themselves."""
        self._wait(lambda new: new["released"] > 0, TALK_SECONDS)

    def wait_for_release(self) -> bool:
        """True when the release was logged within 20 s."""
        return self._wait(lambda new: new["released"] > 0, RELEASE_SECONDS)["released"] > 0

    def _wait(self, enough: Callable[[Counter[str]], bool], limit_seconds: float) -> Counter[str]:
        """Look again and again until the limit has passed; asking takes time of its own, on a loaded node most of it."""
        until = time.monotonic() + limit_seconds
        while True:
            new = self._events() - self._before
            if enough(new) or time.monotonic() >= until:
                return new
            self._pause.wait(self._poll_seconds)

    def _events(self) -> Counter[str]:
        lines: list[CallLogLine] = []
        for node in self._cluster.spec.nodes:
            until = datetime.now(UTC) + timedelta(minutes=1)
            files = (
                self._cluster.log_collection(node)
                .list_files(CALL_MANAGER_SERVICE, self._since - timedelta(minutes=5), until)
                .value
            )
            dime = self._cluster.dime(node)
            for file in files:
                if file.name.startswith("calllogs_"):
                    report = parse_trace(BytesIO(dime.read_file(file.path).value), file_name=file.name)
                    lines += report.call_log
        return call_events(lines, self._cluster.spec.trunk, self._cluster.spec.extension, self._destination)


def call_events(lines: Iterable[CallLogLine], trunk: str, caller: str, destination: str) -> Counter[str]:
    """How often calls from one number to the other were ``answered`` on the trunk and ``released``.

    Other people's calls do not count: a line belongs to the call whose SETUP names both numbers and the same identifier. A
    log without any SETUP line, of a form not seen so far, is counted whole.
    """
    every = list(lines)
    setups = [line for line in every if (line.subsystem, line.event) == ("CC", "SETUP")]
    ours = [line.columns for line in setups if _is_between(line.columns, caller, destination)]
    legs = {identifier for columns in ours for identifier in columns[:2]}
    counted: Counter[str] = Counter()
    for line in every:
        if setups and (not line.columns or line.columns[0] not in legs):
            continue
        if line.subsystem == "CC" and line.event == "RELEASE":
            counted["released"] += 1
        elif line.subsystem == "SIPT" and trunk in line.columns and line.event.startswith("200"):
            counted["answered"] += 1
    return counted


def _is_between(columns: tuple[str, ...], caller: str, destination: str) -> bool:
    """Columns of a SETUP: both identifiers, calling, called and dialled number; numbers may be escaped or international."""
    numbers = [column.replace("\\", "") for column in columns[2:5]]
    return len(numbers) > 1 and same_number(numbers[0], caller) and any(same_number(one, destination) for one in numbers[1:])
