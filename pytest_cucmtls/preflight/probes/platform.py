"""The platform CLI of each node: login, privilege, release, clock, disk; and the certificate REST API."""

from datetime import timedelta

from pytest_cucmtls.checks.environment import FIRST_WITH_TLS12_TRUNKS, KNOWN_RELEASES, UNRESTRICTED_MARKS
from pytest_cucmtls.clients.certificate_rest import CertificateRestReader
from pytest_cucmtls.model.cucm import Release
from pytest_cucmtls.model.errors import InterfaceRefused
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.preflight.register import of_node
from pytest_cucmtls.preflight.results import Answer, cannot_say, not_applicable, ok, problem
from pytest_cucmtls.preflight.views import AT_ONCE, NodeView
from pytest_cucmtls.wire.cli_text import parse_release

LARGEST_CLOCK_DIFFERENCE = timedelta(seconds=5)
"""Captures, traces and calls are matched by time; the tool's own choice."""
LARGEST_NTP_OFFSET_MILLISECONDS = 1000.0
FULLEST_PERCENT = 90
"""Default low watermark of the log partition, from which on CUCM deletes traces (ASSUMED)."""
LEAST_FREE_BYTES = 512 * 1024 * 1024
_LOGGED_IN = ("platform_login",)


@of_node("platform login", order=40, needs=("passwords", "ssh_trusted"), account="platform")
def platform_login(view: NodeView) -> Answer:
    """The OS administrator logs in over SSH and the CLI answers a command."""
    return ok(f"as {view.spec.platform.user}; the node runs {view.release().text}")


@of_node("platform privilege", order=41, needs=_LOGGED_IN)
def platform_privilege(view: NodeView) -> Answer:
    """Privilege level 1 shows and changes certificates and requests (CLI Reference); showing needs it as well."""
    try:
        listed = view.cli().read_certificate_list("own").value
    except InterfaceRefused as refusal:
        found = f"level 1 is missing: show cert list own is refused ({refusal.detail})"
        return problem(found, "Give the OS administrator privilege level 1 (set account name … on the platform CLI).")
    return ok(f"level 1: {len(listed)} certificates are listed")


@of_node("release as declared", order=42, needs=_LOGGED_IN)
def release_as_declared(view: NodeView) -> Answer:
    """The node runs the declared release, and one whose behaviour this tool knows."""
    found, declared = view.release(), view.spec.release
    if declared is None:
        return cannot_say(f"{found.text}; the inventory declares none", f'Add release = "{found.major}.{found.minor}".')
    wanted = parse_release(declared)
    if not _agrees(wanted, declared, found):
        return problem(f"{found.text}, declared is {declared}", "Correct the release, or the address, in the inventory.")
    if (found.major, found.minor) not in KNOWN_RELEASES:
        return cannot_say(f"{found.text} is a release this tool does not know", "Look for a newer version of this tool.")
    old = " (no TLS 1.2 on SIP trunks)" if (found.major, found.minor) < FIRST_WITH_TLS12_TRUNKS else ""
    return ok(f"{found.text}{old}")


def _agrees(wanted: Release, declared: str, found: Release) -> bool:
    """``15`` declares every 15.x; ``10.5`` only 10.5."""
    return found.major == wanted.major and ("." not in declared.split("(")[0] or found.minor == wanted.minor)


@of_node("software may encrypt", order=43, needs=_LOGGED_IN)
def software_may_encrypt(view: NodeView) -> Answer:
    """Export-unrestricted software (UNRST in its version) cannot encrypt signalling or media."""
    text = view.release().text
    if any(mark in text.lower() for mark in UNRESTRICTED_MARKS):
        return problem(
            f"{text} is export-unrestricted", "Install the restricted software of the same release; nothing else helps."
        )
    return ok("export-restricted software")


@of_node("clock", order=44, needs=_LOGGED_IN)
def clock(view: NodeView) -> Answer:
    """The node's UTC clock against this machine's; shown to the second, so one second is allowed on top of the way."""
    reading = view.clock()
    told = reading.ntp.utc_time
    if told is None:
        return cannot_say("utils ntp status shows no UTC time", "Compare the clocks by hand.")
    apart = max(told - reading.after, reading.before - timedelta(seconds=1) - told, timedelta())
    if apart > LARGEST_CLOCK_DIFFERENCE:
        direction = "ahead of" if told > reading.after else "behind"
        found = f"{_span(apart)} {direction} this machine"
        return problem(found, "Correct the clock that is wrong (NTP): certificates, captures and traces depend on it.")
    zone = f", zone {reading.ntp.time_zone}" if reading.ntp.time_zone else ""
    return ok(f"within {LARGEST_CLOCK_DIFFERENCE.total_seconds():g} s of this machine{zone}")


@of_node("NTP", order=45, needs=_LOGGED_IN)
def ntp(view: NodeView) -> Answer:
    """Some NTP server vouches for the clock, and the offset is small."""
    status = view.clock().ntp
    repair = "Check the NTP servers of the publisher (utils ntp server list, utils ntp status)."
    if not status.synchronised:
        return problem("unsynchronised", repair)
    offset = status.offset_milliseconds
    if offset is not None and abs(offset) > LARGEST_NTP_OFFSET_MILLISECONDS:
        return problem(f"offset {offset:g} ms", repair)
    return ok(f"stratum {status.stratum}" + ("" if offset is None else f", offset {offset + 0.0:g} ms"))


@of_node("free space for traces and captures", order=46, needs=_LOGGED_IN)
def free_space(view: NodeView) -> Answer:
    """The logging partition, where captures are written and traces kept."""
    partitions = {one.name: one for one in view.cli().read_disk_space().value}
    logging = partitions.get("logging")
    if logging is None:
        return cannot_say("show status shows no logging partition", "Look at the disk usage in RTMT.")
    found = f"{logging.free_bytes // 1024**2} MiB free, {logging.used_percent} % used"
    if logging.used_percent >= FULLEST_PERCENT or logging.free_bytes < LEAST_FREE_BYTES:
        return problem(found, "Free the log partition (RTMT, or file delete activelog) or captures and traces will be lost.")
    return ok(found)


@of_node("certificate REST", order=47, needs=("platform_login", "https_trusted"), account="platform")
def certificate_rest(view: NodeView) -> Answer:
    """The certificate management API of release 14 and later, read only."""
    if not view.release().has_certificate_rest:
        return not_applicable(f"release {view.release().major} has none: the platform CLI is used")
    with_api = CertificateRestReader(view.session("platform"), back_off=AT_ONCE)
    try:
        found = with_api.read_identity().value
    except InterfaceRefused as refusal:
        return problem(refusal.message, refusal.remedy or "Check the certificate management API of the node (Cisco Tomcat).")
    writes = "" if view.cluster.inventory.mode is Mode.VERIFY else "; whether it may also write shows at the first request"
    return ok(f"shows {found.unit}{writes}")


def _span(apart: timedelta) -> str:
    return f"{apart.days} days" if apart.days else f"{apart.total_seconds():.0f} s"
