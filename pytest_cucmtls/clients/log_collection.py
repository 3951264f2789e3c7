"""Log collection: which trace files a node has for a service and a time window."""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pytest_cucmtls.clients.back_off import BackOff
from pytest_cucmtls.clients.https import HttpAnswer, HttpsSession
from pytest_cucmtls.clients.soap_service import SoapService, ast_child, ast_element, is_rate_limited
from pytest_cucmtls.model.cucm import LogFile
from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.model.readings import Reading
from pytest_cucmtls.wire.serviceability_answers import parse_log_files

INTERFACE: Final = "log-collection"
PATH: Final = "/logcollectionservice2/services/LogCollectionPortTypeService"


class LogCollection:
    """Lists the log files of the node its session leads to.

    Args:
        session: HTTPS to that node as a user with the role Standard CCM Super Users.
        back_off: pauses when the node throttles.
    """

    def __init__(self, session: HttpsSession, *, back_off: BackOff | None = None) -> None:
        self._service = SoapService(session.with_own_cookies(), INTERFACE, PATH)
        self._back_off = back_off or BackOff()

    def list_files(self, service: str, since: datetime, until: datetime, time_zone: str = "UTC") -> Reading[tuple[LogFile, ...]]:
        """Files of a service (``Cisco CallManager``: SDL traces and call logs) written between two instants.

        The window is widened to whole minutes, the service's resolution.

        Args:
            since, until: aware datetimes.
            time_zone: IANA name of the zone the window is expressed in.

        Raises: ConfigurationInvalid for an unknown zone; InterfaceRefused, UnexpectedAnswer and HttpsSession's errors.
        """
        request = ast_element("selectLogFiles")
        criteria = ast_child(request, "FileSelectionCriteria")
        ast_child(ast_child(criteria, "ServiceLogs"), "item", service)
        ast_child(ast_child(criteria, "SystemLogs"), "item")
        zone = _zone(time_zone)
        fields = (
            ("SearchStr", ""),
            ("Frequency", "OnDemand"),
            ("JobType", "DownloadtoClient"),
            ("ToDate", log_date(_next_minute(until).astimezone(zone))),
            ("FromDate", log_date(since.astimezone(zone))),
            ("TimeZone", zone_text(time_zone, since)),
            ("RelText", "None"),
            ("RelTime", "0"),
            *((name, "") for name in ("Port", "IPAddress", "UserName", "Password", "ZipInfo", "RemoteFolder")),
        )
        for field, text in fields:
            ast_child(criteria, field, text)
        answer = self._back_off.ask(lambda: self._service.send("selectLogFiles", request), is_rate_limited)
        return self._reading(answer, service)

    def _reading(self, answer: HttpAnswer, service: str) -> Reading[tuple[LogFile, ...]]:
        files = parse_log_files(answer.body, answer.content_type)
        return self._service.reading(files, answer, f"selectLogFiles {service}")


def log_date(when: datetime) -> str:
    """``10/04/22 11:00 AM``, independent of the locale."""
    hour = when.hour % 12 or 12
    return f"{when:%m/%d/%y} {hour:02d}:{when.minute:02d} {'AM' if when.hour < 12 else 'PM'}"


def zone_text(time_zone: str, at: datetime) -> str:
    """``Client: (GMT-8:0)America/Los_Angeles``: offset at an instant as hours and minutes without padding.

    Raises: ConfigurationInvalid for an unknown zone.
    """
    offset = at.astimezone(_zone(time_zone)).utcoffset() or timedelta()
    minutes = round(abs(offset).total_seconds() / 60)
    sign = "-" if offset < timedelta() else "+"
    return f"Client: (GMT{sign}{minutes // 60}:{minutes % 60}){time_zone}"


def _zone(time_zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigurationInvalid("inventory", "time_zone", f"{time_zone!r} is no IANA time zone known here") from error


def _next_minute(when: datetime) -> datetime:
    utc = when.astimezone(UTC)
    return utc if utc.second == utc.microsecond == 0 else utc.replace(second=0, microsecond=0) + timedelta(minutes=1)
