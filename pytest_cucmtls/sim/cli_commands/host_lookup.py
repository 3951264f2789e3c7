"""`utils network host NAME`: what the node itself resolves a name to, as its SIP service does."""

from collections.abc import Sequence

from pytest_cucmtls.sim.calls.manager import CallManager
from pytest_cucmtls.sim.cli_command import ASSUMED, CliCommand, CliContext, CommandFailed


async def _host(context: CliContext, arguments: Sequence[str]) -> None:
    if len(arguments) != 1:
        raise CommandFailed("Executed command unsuccessfully\nNo valid command entered")
    name = arguments[0]
    manager = context.node.call_manager
    address = manager.host_names.get(name.lower()) if isinstance(manager, CallManager) else None
    if address is None:
        context.terminal.line(f"Host {name} not found")
        return
    context.terminal.line("Local Resolution:")
    context.terminal.line(f"{name} resolves locally to {address}")


COMMANDS = (
    CliCommand(
        ("utils", "network", "host"), _host, "utils network host hostname", ASSUMED, "platform.md names no output: layout assumed"
    ),
)
