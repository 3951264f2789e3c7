"""Version, time, services, network and TLS floor as the platform CLI prints them."""

import re
from dataclasses import replace
from datetime import UTC, datetime

from pytest_cucmtls.model.cucm import DiskSpace, NtpStatus, ProcessNode, Release, ServiceStatus
from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.wire.cli_terminal import plain

_RELEASE = re.compile(r"(?<![\d.])(\d{1,3})(?!\d)(?:\.(\d{1,3})(?!\d))?(?:[.(]\d[\d.)\-]{0,40})?")
_VERSION = re.compile(r"Active Master Version:\s*(\S{1,60})")
_SYNCHRONISED = re.compile(r"^synchroni[sz]ed to .*? at stratum (\d{1,3})", re.MULTILINE)
_PEER_LINE = re.compile(r"^\*(?:\S+[ \t]+){8}(-?\d{1,12}(?:\.\d{1,6})?)[ \t]", re.MULTILINE)
_UTC_TIME = re.compile(r"Current time in UTC is\s*:\s*[A-Z][a-z]{2} ([A-Z][a-z]{2})\s+(\d{1,2}) (\d{2}:\d{2}:\d{2}) UTC (\d{4})")
_SERVICE = re.compile(
    r"^[ \t]*(?P<name>[A-Za-z][^\[\]\n]{0,120}?)[ \t]*\[(?P<status>[A-Z][A-Z ]{0,30})\](?P<rest>[^\n]{0,200})$", re.MULTILINE
)
_CLUSTER_ROW = re.compile(
    r"^(?P<address>\S{1,255})[ \t]+(?P<full>\S{1,255})[ \t]+(?P<name>\S{1,255})[ \t]+(?P<role>Publisher|Subscriber)\b",
    re.MULTILINE,
)
_TLS_MINIMUM = re.compile(r"TLS minimum version\s*:\s*(\d\.\d)", re.IGNORECASE)
_STATUS_LINE = re.compile(r"^[ \t]*([A-Z][^:\n]{0,60}?)[ \t]*:[ \t]+(\S[^\n]{0,500}?)[ \t]*$", re.MULTILINE)
_DISK_LINE = re.compile(
    r"^[ \t]*Disk/(?P<name>[a-z]{1,20})[ \t]+(?P<total>\d{1,15})K[ \t]+(?P<free>\d{1,15})K[ \t]+(?P<used>\d{1,15})K\b",
    re.MULTILINE,
)
_ZONE_TIME = re.compile(r"Current time in (?!UTC )(\S{1,64}) is\s*:")
_IP_ADDRESS = re.compile(r"IP Address[ \t]*:[ \t]*(\S{1,64})")


def parse_release(text: str) -> Release:
    """A release as anybody writes it: ``10.5.2.12900-14``, ``9.1(2)``, ``15``. Raises: UnexpectedAnswer."""
    match = _RELEASE.search(text[:200])
    if match is None:
        raise UnexpectedAnswer("cli", "release", text, "no release number")
    return Release(match[0], int(match[1]), int(match[2] or 0))


def parse_version(text: str) -> Release:
    """``show version active``: the whole word is kept, as a mark such as ``UNRST`` (export-unrestricted) follows the number.

    Raises: UnexpectedAnswer when the line ``Active Master Version:`` is missing.
    """
    text = plain(text)
    match = _VERSION.search(text)
    if match is None:
        raise UnexpectedAnswer("cli", "show version active", text, "no Active Master Version")
    return replace(parse_release(match[1]), text=match[1])


def parse_ntp_status(text: str) -> NtpStatus:
    """``utils ntp status``: synchronisation line, offset of the selected peer of the ntpq table, UTC clock, the node's zone.

    Raises: UnexpectedAnswer when neither the words synchronised/unsynchronised nor the UTC time are there.
    """
    text = plain(text)
    synchronised = _SYNCHRONISED.search(text)
    clock = _utc_time(text)
    if synchronised is None and clock is None and "unsynchroni" not in text:
        raise UnexpectedAnswer("cli", "utils ntp status", text, "no synchronisation line and no UTC time")
    offset, zone = _PEER_LINE.search(text), _ZONE_TIME.search(text)
    return NtpStatus(
        synchronised=synchronised is not None,
        stratum=int(synchronised[1]) if synchronised else None,
        offset_milliseconds=float(offset[1]) if offset else None,
        utc_time=clock,
        time_zone=zone[1] if zone else None,
    )


def parse_service_list(text: str) -> tuple[ServiceStatus, ...]:
    """``utils service list`` and the progress lines of ``utils service restart``: name, Control Center's word, remark."""
    text = plain(text)
    return tuple(
        ServiceStatus(row["name"], row["status"].strip().capitalize(), reason=row["rest"].strip() or None)
        for row in _SERVICE.finditer(text)
    )


def parse_cluster_members(text: str) -> tuple[ProcessNode, ...]:
    """``show network cluster``: host name, role and address of each member, in the order shown."""
    text = plain(text)
    return tuple(ProcessNode(row["name"], row["role"], row["address"]) for row in _CLUSTER_ROW.finditer(text))


def parse_tls_minimum(text: str) -> str:
    """``show tls min-version``: ``1.0``, ``1.1``, ``1.2`` or ``1.3``. Raises: UnexpectedAnswer."""
    text = plain(text)
    match = _TLS_MINIMUM.search(text)
    if match is None:
        raise UnexpectedAnswer("cli", "show tls min-version", text, "no minimum version")
    return match[1]


def parse_host_status(text: str) -> dict[str, str]:
    """``show status``: its ``key : value`` lines (``Host Name``, ``Date``, ``Time Zone`` …), the first of a key wins."""
    text = plain(text)
    found: dict[str, str] = {}
    for match in _STATUS_LINE.finditer(text):
        found.setdefault(match[1], match[2])
    return found


def parse_disk_space(text: str) -> tuple[DiskSpace, ...]:
    """``show status``: its lines ``Disk/logging  <total>K  <free>K  <used>K (n%)``. Layout ASSUMED; none: the empty tuple."""
    text = plain(text)
    return tuple(DiskSpace(row["name"], int(row["total"]) * 1024, int(row["free"]) * 1024) for row in _DISK_LINE.finditer(text))


def parse_network_address(text: str) -> str:
    """``show network eth0``: the node's own address. Raises: UnexpectedAnswer."""
    text = plain(text)
    match = _IP_ADDRESS.search(text)
    if match is None:
        raise UnexpectedAnswer("cli", "show network eth0", text, "no IP address")
    return match[1]


def _utc_time(text: str) -> datetime | None:
    match = _UTC_TIME.search(text)
    if match is None:
        return None
    try:
        return datetime.strptime(f"{match[1]} {match[2]} {match[3]} {match[4]}", "%b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    except ValueError:
        return None
