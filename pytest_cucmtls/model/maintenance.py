"""When a run may change clusters, and how much it may ask of them, as the user declared it."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A window and ceilings; what is not declared does not limit.

    With `weekdays` the window opens on each of them at the time of day `opens` and closes at `closes`, on the next day
    when that is not later; without, `opens` and `closes` are moments. Both are in `zone`, unless they carry an offset.
    """

    opens: str = ""
    """ISO 8601: ``2026-11-28T22:00`` or, with weekdays, ``22:00``; empty: no window, always open."""
    closes: str = ""
    weekdays: tuple[str, ...] = ()
    zone: str = "UTC"
    """IANA name, ``Europe/Paris``."""
    max_calls: int | None = None
    """Test calls of one run folder."""
    max_minutes: int | None = None
    """From the start of a process to the begin of its last change."""

    def is_open(self, at: datetime, zone: tzinfo) -> bool:
        """Whether the window is open at a moment: `opens` itself is inside, `closes` is outside.

        Raises: ValueError when the declared times cannot be read.
        """
        if not self.opens:
            return True
        if not self.weekdays:
            return _moment(self.opens, zone) <= at < _moment(self.closes, zone)
        local = at.astimezone(zone)
        opens, closes, now = time.fromisoformat(self.opens), time.fromisoformat(self.closes), local.time()
        today = WEEKDAYS[local.weekday()] in self.weekdays
        if opens < closes:
            return today and opens <= now < closes
        yesterday = WEEKDAYS[(local - timedelta(days=1)).weekday()] in self.weekdays
        return (today and now >= opens) or (yesterday and now < closes)

    def described(self) -> str:
        """The window in words."""
        days = f"{', '.join(self.weekdays)} " if self.weekdays else ""
        return f"{days}{self.opens} until {self.closes} {self.zone}"

    def problem(self, zone: tzinfo) -> str:
        """What is wrong with the declaration; empty when nothing is."""
        if bool(self.opens) != bool(self.closes):
            return "from and until belong together"
        if unknown := [day for day in self.weekdays if day not in WEEKDAYS]:
            return f"weekdays are {', '.join(WEEKDAYS)}, not {', '.join(unknown)}"
        if self.weekdays and not self.opens:
            return "weekdays need from and until"
        try:
            self.is_open(datetime(2026, 1, 1, tzinfo=zone), zone)
            if self.opens and not self.weekdays and _moment(self.opens, zone) >= _moment(self.closes, zone):
                return "until must be later than from"
        except ValueError:
            wanted = "times of day like 22:00" if self.weekdays else "moments like 2026-11-28T22:00"
            return f"from and until must be {wanted}"
        return ""


def _moment(text: str, zone: tzinfo) -> datetime:
    if "T" not in text and " " not in text:
        raise ValueError(f"{text!r} has no time of day")
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
