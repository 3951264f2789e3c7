"""What a client hands over: the value it understood and the bytes it received."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """One answer of one interface: parsed value, raw bytes as received, and what was asked."""

    value: T
    raw: bytes
    interface: str
    """``axl``, ``cli``, ``certificate-rest``, ``control-center``, ``risport``, ``log-collection``, ``dime``, ``webdialer``."""
    operation: str
    """AXL operation, CLI command or URL path, without secrets."""
    at: datetime
    media_type: str = "text/plain"
