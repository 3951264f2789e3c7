"""`show itl`, `show ctl` and `utils ctl …`: the phones' trust lists and the cluster's security mode."""

from collections.abc import Sequence

from pytest_cucmtls.sim.certificates.trust_lists import (
    SECURITY_MODE,
    current_ctl,
    current_itl,
    is_mixed_mode,
    printed,
    update_ctl,
)
from pytest_cucmtls.sim.cli_command import ASSUMED, CliCommand, CliContext, CommandFailed, confirmed

_FIRST_MAJOR_WITHOUT_TOKENS = 10
_RESTART = "Please restart Cisco Tftp, Cisco CallManager and Cisco CTIManager services on all nodes that run these services."


async def _show_itl(context: CliContext, _arguments: Sequence[str]) -> None:
    await context.terminal.show(printed(current_itl(context.node), "ITL"))


async def _show_ctl(context: CliContext, _arguments: Sequence[str]) -> None:
    trust = current_ctl(context.node.cluster)
    if trust is None:
        context.terminal.line("Length of CTL file: 0")
        raise CommandFailed("CTL File not found. Please run the CLI - utils ctl set-cluster mixed-mode to generate the CTL file.")
    await context.terminal.show(printed(trust, "CTL"))


async def _mixed_mode(context: CliContext, _arguments: Sequence[str]) -> None:
    await _set_mode(context, "Mixed", "1")


async def _non_secure_mode(context: CliContext, _arguments: Sequence[str]) -> None:
    await _set_mode(context, "Non Secure", "0")


async def _set_mode(context: CliContext, mode: str, value: str) -> None:
    """The publisher only; media follows when the services were restarted."""
    _check_publisher(context)
    cluster = context.node.cluster
    cluster.record_write("cli", f"utils ctl set-cluster {mode}")
    if not await confirmed(
        context.terminal, f"This operation will set the cluster to {mode} mode. Do you want to continue? (y/n):"
    ):
        return
    current_ctl(cluster)
    cluster.enterprise_parameters[SECURITY_MODE] = value
    current_ctl(cluster)
    context.terminal.line()
    context.terminal.line(f"Moving Cluster to {mode} Mode")
    context.terminal.line(f"Cluster set to {mode} Mode")
    context.terminal.line(_RESTART)


async def _update(context: CliContext, _arguments: Sequence[str]) -> None:
    _check_publisher(context)
    cluster = context.node.cluster
    if not is_mixed_mode(cluster):
        raise CommandFailed("The cluster is not in Mixed Mode.")
    cluster.record_write("cli", "utils ctl update CTLFile")
    if not await confirmed(context.terminal, "This operation will update the CTLFile. Do you want to continue? (y/n):"):
        return
    update_ctl(cluster)
    context.terminal.line()
    context.terminal.line("Updating CTL file")
    context.terminal.line("CTL file Updated")
    context.terminal.line(_RESTART)


def _check_publisher(context: CliContext) -> None:
    if context.node.cluster.release.major < _FIRST_MAJOR_WITHOUT_TOKENS:
        raise CommandFailed("The command is not supported on this platform.")
    if context.node.role != "publisher":
        raise CommandFailed("This command can be executed on the publisher only.")


_SOURCE = "platform.md §3.3: the command exists, output assumed"

COMMANDS = (
    CliCommand(("show", "itl"), _show_itl, "show itl", ASSUMED, _SOURCE),
    CliCommand(("show", "ctl"), _show_ctl, "show ctl", ASSUMED, _SOURCE),
    CliCommand(("utils", "ctl", "set-cluster", "mixed-mode"), _mixed_mode, "utils ctl set-cluster mixed-mode", ASSUMED, _SOURCE),
    CliCommand(
        ("utils", "ctl", "set-cluster", "non-secure-mode"),
        _non_secure_mode,
        "utils ctl set-cluster non-secure-mode",
        ASSUMED,
        _SOURCE,
    ),
    CliCommand(("utils", "ctl", "update", "CTLFile"), _update, "utils ctl update CTLFile", ASSUMED, _SOURCE),
)
