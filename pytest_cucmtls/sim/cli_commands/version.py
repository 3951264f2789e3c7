"""`show version active` and `show status`."""

from collections.abc import Sequence

from pytest_cucmtls.sim.cli_command import ASSUMED, RECORDED, CliCommand, CliContext
from pytest_cucmtls.sim.cli_commands.capture import DISK_FULL

_PARTITION_KIB = 47_929_224


async def _show_version(context: CliContext, _arguments: Sequence[str]) -> None:
    context.terminal.line(f"Active Master Version: {context.node.cluster.release.full_version}")
    context.terminal.line("Active Version Installed Software Options:")
    context.terminal.line("No Installed Software Options Found.")


async def _show_status(context: CliContext, _arguments: Sequence[str]) -> None:
    node, now = context.node, context.node.now()
    for key, value in (
        ("Host Name", node.name.partition(".")[0]),
        ("Date", now.strftime("%a %b %d, %Y %H:%M:%S")),
        ("Time Zone", "Coordinated Universal Time (Etc/UTC)"),
        ("Locale", "en_US.UTF-8"),
        ("Product Ver", node.cluster.release.full_version),
    ):
        context.terminal.line(f"{key:<14}: {value}")
    _show_load(context)
    _show_disks(context)


def _show_load(context: CliContext) -> None:
    """Uptime counts from the start of the node's oldest service; the load is that of a machine that does little."""
    node, now = context.node, context.node.now()
    since = min((service.started_at for service in node.services.values() if service.started_at is not None), default=now)
    minutes = max(int((now - since).total_seconds()) // 60, 0)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    show = context.terminal.line
    show("Unified OS Version : 7.0.0.0-4")
    show()
    show("Uptime:")
    up = f"{days} day{'' if days == 1 else 's'}, " if days else ""
    show(f" {now:%H:%M:%S} up {up}{hours:2d}:{minutes:02d},  1 user,  load average: 0.18, 0.12, 0.10")
    show()
    show("CPU Idle:   97.48%  System:   01.01%    User:   01.51%")
    show("  IOWAIT:   00.00%     IRQ:   00.00%    Soft:   00.00%")
    show()
    show("Memory Total:        6108904K")
    show("        Free:        1204480K")
    show("        Used:        2810104K")
    show("      Cached:        2094320K")


def _show_disks(context: CliContext) -> None:
    """Traces and captures lie on the logging partition; above 95 % used its oldest files are deleted."""
    context.terminal.line()
    context.terminal.line(f"{'':<14}{'Total':>14}{'Free':>16}{'Used':>16}")
    full = DISK_FULL in context.node.cluster.faults
    for name, used_percent in (("active", 62), ("inactive", 61), ("logging", 98 if full else 34)):
        used = _PARTITION_KIB - _PARTITION_KIB * (100 - used_percent) // 100
        sizes = f"{_PARTITION_KIB:>14}K{_PARTITION_KIB - used:>15}K{used:>15}K"
        context.terminal.line(f"Disk/{name:<9}{sizes} ({used_percent}%)")


COMMANDS = (
    CliCommand(("show", "version", "active"), _show_version, "show version active", RECORDED, "platform.md §3.6"),
    CliCommand(
        ("show", "status"),
        _show_status,
        "show status",
        ASSUMED,
        "keys and lines as published transcripts have them; their columns in part",
    ),
)
