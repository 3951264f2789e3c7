"""Nanoseconds since 1970, as capture files count, and aware datetimes."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_MICROSECONDS = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


def datetime_of(nanoseconds: int) -> datetime:
    """Aware UTC datetime, cut to microseconds; a damaged file's impossible time becomes the nearest possible one."""
    return _EPOCH + timedelta(microseconds=max(0, min(nanoseconds // 1000, _LATEST_MICROSECONDS)))
