"""A finding somebody answers for until a date: shown with the verdict, never instead of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

EVERY_SUBJECT = "*"
_KEYS = ("check", "subject", "owner", "reason", "expires")


@dataclass(frozen=True, slots=True)
class Waiver:
    """Who accepts which finding, why, and until when."""

    check: str
    subject: str
    """As in verdicts (``A``, ``A/node``, ``A->B``, ``pair``), or ``*`` for every subject of the check."""
    owner: str
    reason: str
    expires: str
    """Last day on which it holds, ``2027-01-31``."""

    @property
    def last_day(self) -> date:
        """The last day on which it holds."""
        return date.fromisoformat(self.expires)

    def expired(self, on: date) -> bool:
        """True after the last day; on that day itself the waiver still holds."""
        return on > self.last_day

    def covers(self, check: str, subject: str) -> bool:
        """True for the check and subject it names."""
        return check == self.check and self.subject in (subject, EVERY_SUBJECT)


@dataclass(frozen=True, slots=True)
class AppliedWaiver:
    """A waiver beside the verdict it is about, and whether it had expired when the evidence was gathered."""

    waiver: Waiver
    expired: bool

    @property
    def sentence(self) -> str:
        """For people: who answers for it, why, until when."""
        verb = "EXPIRED on" if self.expired else "until"
        return f"waived by {self.waiver.owner} {verb} {self.waiver.expires}: {self.waiver.reason}"


def waivers_of(tables: object) -> tuple[Waiver, ...]:
    """The ``[[waivers]]`` tables of a TOML file. Raises: ValueError saying which table and key is wrong and why."""
    if not isinstance(tables, list) or not all(isinstance(table, Mapping) for table in tables):
        raise ValueError("must be [[waivers]] tables")
    return tuple(_waiver(number, table) for number, table in enumerate(tables))


def _waiver(number: int, table: Mapping[str, object]) -> Waiver:
    for key in table:
        if key not in _KEYS:
            raise ValueError(f"waivers[{number}].{key}: unknown key; known are {', '.join(_KEYS)}")
    texts = {key: table.get(key) for key in _KEYS if key != "expires"}
    for key, value in texts.items():
        if not isinstance(value, str) or not value.strip():
            raise ValueError(
                f"waivers[{number}].{key}: is missing" if value is None else f"waivers[{number}].{key}: must be a text"
            )
    expires = table.get("expires")
    if type(expires) is not date:
        raise ValueError(f"waivers[{number}].expires: must be a date such as 2027-01-31; no waiver lasts for ever")
    check, subject, owner, reason = (str(texts[key]) for key in ("check", "subject", "owner", "reason"))
    if not re.fullmatch(r"[a-z0-9_]+", check):
        raise ValueError(f"waivers[{number}].check: {check!r} is no check's id; every check is waived by itself")
    return Waiver(check, subject, owner, reason, expires.isoformat())
