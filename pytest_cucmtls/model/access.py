"""How patient this tool is with a cluster's interfaces and how files come from its nodes, as the inventory declares it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

DIME: Final = "dime"
SFTP: Final = "sftp"
KEYS: Final = frozenset({"answer_seconds", "file_transfer", "sftp_port"})
"""What belongs here in a cluster's table."""
SHORTEST_SECONDS, LONGEST_SECONDS = 5, 3600


@dataclass(frozen=True, slots=True)
class Access:
    """One cluster's limits and ways."""

    answer_seconds: float | None = None
    """How long one answer may take, HTTPS and CLI; None: each client's own limit (30 and 60 s)."""
    file_transfer: tuple[str, ...] = (DIME, SFTP)
    """Ways to fetch a file, tried in this order: ``dime`` (HTTPS), ``sftp`` (the node uploads to this tool)."""
    sftp_port: int = 0
    """Port this tool listens on for such an upload; 0: any free one."""

    @property
    def limit(self) -> dict[str, float]:
        """``limit_seconds`` for a client, or nothing where the client's own limit holds."""
        return {} if self.answer_seconds is None else {"limit_seconds": self.answer_seconds}


def access_of(values: Mapping[str, Any]) -> Access:
    """From a cluster's table. Raises: ValueError, ``key: problem``."""
    return Access(_seconds(values), _ways(values), _port(values))


def access_from_json(values: Mapping[str, Any] | None) -> Access:
    """From a run folder; None (an earlier version's) is the default. Raises: ValueError."""
    return Access() if values is None else access_of(values)


def _seconds(values: Mapping[str, Any]) -> float | None:
    seconds = values.get("answer_seconds")
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
        raise ValueError(f"answer_seconds: must be a number of seconds from {SHORTEST_SECONDS} to {LONGEST_SECONDS}")
    return float(seconds)


def _ways(values: Mapping[str, Any]) -> tuple[str, ...]:
    ways = values.get("file_transfer", [DIME, SFTP])
    known = isinstance(ways, list | tuple) and ways and all(way in (DIME, SFTP) for way in ways)
    if not known or len(set(ways)) != len(ways):
        raise ValueError(f'file_transfer: must be a list of "{DIME}" and "{SFTP}", each once at most')
    return tuple(ways)


def _port(values: Mapping[str, Any]) -> int:
    port = values.get("sftp_port", 0)
    if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= 65535:
        raise ValueError("sftp_port: must be a port number, or 0 for any free one")
    return port
