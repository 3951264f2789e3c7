"""Sees what becomes of a call in the caller's own call logs: answered on the trunk, released."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from threading import Event

from pytest_cucmtls.clusters import ClusterReader
from pytest_cucmtls.model.cucm import CALL_MANAGER_SERVICE
from pytest_cucmtls.model.traces import CallLogLine
from pytest_cucmtls.wire.traces import parse_trace

ANSWER_SECONDS = 30.0
TALK_SECONDS = 4.0
RELEASE_SECONDS = 20.0


class CallWatch:
    """Reads the call logs of a cluster's nodes; only lines newer than `mark` count."""

    def __init__(self, cluster: ClusterReader, poll_seconds: float, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        """`answer_seconds` is how long the call may take to be placed and answered."""
        self._cluster = cluster
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
        counted: Counter[str] = Counter()
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
                    counted.update(word for line in report.call_log if (word := self._word(line)))
        return counted

    def _word(self, line: CallLogLine) -> str | None:
        """``answered`` for a 200 on the trunk's leg, ``released`` for a call control release."""
        if line.subsystem == "CC" and line.event == "RELEASE":
            return "released"
        on_trunk = line.subsystem == "SIPT" and self._cluster.spec.trunk in line.columns
        return "answered" if on_trunk and line.event.startswith("200") else None
