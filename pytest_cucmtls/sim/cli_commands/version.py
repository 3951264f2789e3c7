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
    _show_disks(context)


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
    CliCommand(("show", "status"), _show_status, "show status", ASSUMED, "platform.md §3.6: keys recorded in part"),
)
