"""`set cli pagination` and `show cli pagination`; the setting lasts for the session."""

from collections.abc import Sequence

from pytest_cucmtls.sim.cli_command import RECORDED, CliCommand, CliContext, CommandFailed, argument


async def _set(context: CliContext, arguments: Sequence[str]) -> None:
    wanted = argument(arguments, 0, "on|off")
    if wanted not in {"on", "off"}:
        raise CommandFailed("Enter on or off.")
    context.terminal.pages = wanted == "on"
    context.terminal.line(f"Automatic pagination is turned {wanted}")


async def _show(context: CliContext, _arguments: Sequence[str]) -> None:
    context.terminal.line(f"Automatic Pagination : {'On' if context.terminal.pages else 'Off'}.")


COMMANDS = (
    CliCommand(("set", "cli", "pagination"), _set, "set cli pagination on|off", RECORDED, "platform.md §3.2"),
    CliCommand(("show", "cli", "pagination"), _show, "show cli pagination", RECORDED, "platform.md §3.2"),
)
