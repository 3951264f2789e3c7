"""`show version active` and `show status`."""

from collections.abc import Sequence

from pytest_cucmtls.sim.cli_command import ASSUMED, RECORDED, CliCommand, CliContext


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


COMMANDS = (
    CliCommand(("show", "version", "active"), _show_version, "show version active", RECORDED, "platform.md §3.6"),
    CliCommand(("show", "status"), _show_status, "show status", ASSUMED, "platform.md §3.6: keys recorded in part"),
)
