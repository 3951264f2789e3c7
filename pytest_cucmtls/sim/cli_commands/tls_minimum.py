"""`show tls min-version` and `set tls min-version`, with the reboot that follows."""

from collections.abc import Sequence

from pytest_cucmtls.sim.cli_command import RECORDED, CliCommand, CliContext, CommandFailed, argument, confirmed
from pytest_cucmtls.sim.reboot import TLS_MINIMUM_PARAMETER, reboot
from pytest_cucmtls.sim.state import ClusterState

_VERSIONS = ("1.0", "1.1", "1.2")
_FIRST_RELEASE = 11


def _check_known(cluster: ClusterState) -> None:
    if cluster.release.major < _FIRST_RELEASE:
        raise CommandFailed("The command is not supported on this platform.")


def _configured(cluster: ClusterState) -> str:
    built_in = cluster.release.tls_minimum.removeprefix("TLSv")
    return cluster.enterprise_parameters.get(TLS_MINIMUM_PARAMETER, built_in if "." in built_in else f"{built_in}.0")


async def _show(context: CliContext, _arguments: Sequence[str]) -> None:
    _check_known(context.node.cluster)
    context.terminal.line(f"Configured TLS minimum version: {_configured(context.node.cluster)}")


async def _set(context: CliContext, arguments: Sequence[str]) -> None:
    cluster = context.node.cluster
    _check_known(cluster)
    wanted = argument(arguments, 0, "version")
    if wanted not in _VERSIONS:
        raise CommandFailed(f"Enter one of {', '.join(_VERSIONS)}.")
    cluster.record_write("cli", f"set tls min-version {wanted}")
    warning = f"Warning: This will set the minimum TLS to {wanted} and the server will reboot."
    stars = "*" * (len(warning) + 4)
    for line in (stars, f"* {warning} *", stars):
        context.terminal.line(line)
    if not await confirmed(context.terminal, "Do you want to continue (yes/no) ? "):
        return
    cluster.enterprise_parameters[TLS_MINIMUM_PARAMETER] = wanted
    context.terminal.line(f"Successfully set minimum TLS version to {wanted}")
    context.terminal.line("The system will reboot in few minutes.")
    await reboot(context.node)


COMMANDS = (
    CliCommand(("show", "tls", "min-version"), _show, "show tls min-version", RECORDED, "platform.md §3.6"),
    CliCommand(("set", "tls", "min-version"), _set, "set tls min-version version", RECORDED, "platform.md §3.6"),
)
