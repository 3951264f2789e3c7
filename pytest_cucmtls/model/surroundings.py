"""What surrounds a trunk and can break it: names that resolve, a database that is the same everywhere, a cryptographic mode."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class NameLookup:
    """What a node says a host name resolves to; no addresses: it does not resolve there."""

    name: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReplicationState:
    """How one node sees the database replication of its cluster."""

    servers: tuple[tuple[str, int, str], ...]
    """(server, replication setup number, its words); 2 is good."""

    @property
    def behind(self) -> tuple[str, ...]:
        """Servers whose setup is not completed, with number and words."""
        return tuple(f"{name} ({number}) {words}".strip() for name, number, words in self.servers if number != SETUP_COMPLETED)


SETUP_COMPLETED = 2
"""Cisco: 0 initialisation, 1 the number of replicates is incorrect, 2 good, 3 mismatched tables, 4 setup failed."""


@dataclass(frozen=True, slots=True)
class EarlierIdentity:
    """A CallManager identity that an earlier run recorded of a node."""

    place: str
    """``A/node``."""
    sha256: str
    serial: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class WriteAccess:
    """What the AXL account may do, found in the tables of roles without writing."""

    user: str
    roles: tuple[str, ...]
    may_write: bool | None
    """None: no standard AXL role is found for the account, so only a write would show it."""
