"""The serviceability interfaces' limit of requests per minute, with its fault text."""

import asyncio
from collections import deque

from pytest_cucmtls.sim.soap_server import SoapRefusal
from pytest_cucmtls.sim.state import ClusterState

WINDOW_SECONDS = 60.0


class RequestRate:
    """Requests of the last minute to one service; the allowance is an enterprise parameter, read at each request."""

    def __init__(self, cluster: ClusterState, parameter: str, default: int, kind: str) -> None:
        self._cluster, self._parameter, self._default, self._kind = cluster, parameter, default, kind
        self._asked_at: deque[float] = deque()

    def count(self) -> None:
        """Count a request. Raises: SoapRefusal when as many as allowed came within the last 60 seconds already."""
        allowed = self._allowed()
        now = asyncio.get_running_loop().time()
        while self._asked_at and self._asked_at[0] <= now - WINDOW_SECONDS:
            self._asked_at.popleft()
        if len(self._asked_at) >= allowed:
            raise SoapRefusal(
                f"AxisFault: Exceeded allowed rate for {self._kind.replace('Realtime', 'Reatime')} information. "
                f"Current allowed rate for {self._kind.lower()} information is {allowed} requests per minute"
            )
        self._asked_at.append(now)

    def _allowed(self) -> int:
        text = self._cluster.enterprise_parameters.get(self._parameter, "")
        return int(text) if text.isdigit() else self._default
