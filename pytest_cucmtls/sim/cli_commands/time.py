"""`utils ntp status`: the node's clock, synchronised unless it is off."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from pytest_cucmtls.sim.cli_command import RECORDED, CliCommand, CliContext

_LARGEST_SYNCHRONISED_OFFSET_SECONDS = 1.0
NTP_UNSYNCHRONISED = "ntp_unsynchronised"
"""Behaviour name (`ClusterState.faults`)."""
_REFERENCE = "192.0.2.123"


async def _status(context: CliContext, _arguments: Sequence[str]) -> None:
    offset_seconds = context.node.clock_offset.total_seconds()
    near = abs(offset_seconds) <= _LARGEST_SYNCHRONISED_OFFSET_SECONDS
    synchronised = near and NTP_UNSYNCHRONISED not in context.node.cluster.faults
    show = context.terminal.line
    show("ntpd (pid 28435) is running...")
    show()
    show("     remote           refid      st t when poll reach   delay   offset  jitter")
    show("==============================================================================")
    mark = "*" if synchronised else " "
    show(f"{mark}{_REFERENCE:<15} .GPS.            2 u   35 1024  377    0.412 {-offset_seconds * 1000:8.3f}   0.115")
    show()
    if synchronised:
        show(f"synchronised to NTP server ({_REFERENCE}) at stratum 3")
        show("   time correct to within 32 ms")
        show("   polling server every 1024 s")
    else:
        show("unsynchronised")
        show("   polling server every 64 s")
    show()
    now = context.node.now()
    stamp = f"{now.strftime('%a %b')} {now.day:2d} {now.strftime('%H:%M:%S UTC %Y')}"
    show(f"Current time in UTC is : {stamp}")
    zone = ZoneInfo(context.node.time_zone)
    local = now.astimezone(zone)
    shown = f"{local.strftime('%a %b')} {local.day:2d} {local.strftime('%H:%M:%S %Z %Y')}"
    show(f"Current time in {zone.key} is : {shown}")


COMMANDS = (CliCommand(("utils", "ntp", "status"), _status, "utils ntp status", RECORDED, "platform.md §3.6"),)
