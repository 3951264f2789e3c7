"""One statement read from evidence, plain enough for JSON and for comparison."""

from dataclasses import dataclass
from typing import Any

from pytest_cucmtls.model.verdicts import EvidenceItem

Value = str | int | float | bool | tuple[str, ...] | None
"""None: the source did not say."""


@dataclass(frozen=True, slots=True)
class Fact:
    """`subject` has the attribute `name` of the thing `about` with this value."""

    area: str
    """``release``, ``configuration``, ``certificate``, ``connection``, ``route``, ``media``."""
    subject: str
    """``pair``, ``A``, ``A/node`` or ``A->B``."""
    about: str
    """What in the subject: ``SIP trunk``, ``CallManager identity``, ``route pattern 9898`` …"""
    name: str
    value: Value
    item: EvidenceItem
    """The raw item, and the frame or line where there is one."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What identifies the fact from run to run."""
        return self.area, self.subject, self.about, self.name

    def as_json(self) -> dict[str, Any]:
        """For derived/facts.json."""
        location = self.item.location
        return {
            "area": self.area,
            "subject": self.subject,
            "about": self.about,
            "name": self.name,
            "value": list(self.value) if isinstance(self.value, tuple) else self.value,
            "from": {
                "path": self.item.path,
                "sha256": self.item.sha256,
                "location": {"unit": location.unit, "number": location.number} if location else None,
            },
        }
