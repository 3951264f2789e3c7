"""Addresses of things on the wire."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """One end of a connection or stream."""

    ip: str
    """Textual IPv4 or IPv6 address, as `ipaddress` prints it."""
    port: int
    """0 to 65535."""

    def __str__(self) -> str:
        return f"[{self.ip}]:{self.port}" if ":" in self.ip else f"{self.ip}:{self.port}"


@dataclass(frozen=True, slots=True)
class FileLocation:
    """Where in a raw file a value was read: `unit` is "frame", "line" or "byte", `number` is 1-based for the first two."""

    unit: str
    number: int

    def __str__(self) -> str:
        return f"{self.unit} {self.number}"
