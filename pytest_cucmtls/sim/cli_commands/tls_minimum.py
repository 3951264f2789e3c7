"""`show tls min-version` and `set tls min-version`, with the reboot that follows."""

from collections.abc import Sequence

from pytest_cucmtls.sim.cli_command import RECORDED, CliCommand, CliContext, CommandFailed, argument, confirmed
from pytest_cucmtls.sim.reboot import reboot
from pytest_cucmtls.sim.state import ClusterState
from pytest_cucmtls.sim.tls_minimum import configured_minimum, minimum_versions, set_minimum

_FIRST_RELEASE = 11


def _check_known(cluster: ClusterState) -> None:
    if cluster.release.major < _FIRST_RELEASE:
        raise CommandFailed("The command is not supported on this platform.")


async def _show(context: CliContext, _arguments: Sequence[str]) -> None:
    _check_known(context.node.cluster)
    context.terminal.line(f"Configured TLS minimum version: {configured_minimum(context.node)}")


async def _set(context: CliContext, arguments: Sequence[str]) -> None:
    cluster = context.node.cluster
    _check_known(cluster)
    wanted = argument(arguments, 0, "version")
    known = minimum_versions(context.node)
    if wanted not in known:
        raise CommandFailed(f"Enter one of {', '.join(known)}.")
    cluster.record_write("cli", f"set tls min-version {wanted}")
    warning = f"Warning: This will set the minimum TLS to {wanted} and the server will reboot."
    stars = "*" * (len(warning) + 4)
    for line in (stars, f"* {warning} *", stars):
        context.terminal.line(line)
    if not await confirmed(context.terminal, "Do you want to continue (yes/no) ? "):
        return
    restarting = set_minimum(context.node, wanted)
    context.terminal.line(f"Successfully set minimum TLS version to {wanted}")
    context.terminal.line("The system will reboot in few minutes.")
    for node in restarting:
        await reboot(node)


COMMANDS = (
    CliCommand(("show", "tls", "min-version"), _show, "show tls min-version", RECORDED, "platform.md §3.6"),
    CliCommand(("set", "tls", "min-version"), _set, "set tls min-version version", RECORDED, "platform.md §3.6"),
)
