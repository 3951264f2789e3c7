"""`utils system restart` and `utils dbreplication runtimestate`: the node as a whole and its part of the cluster."""

from collections.abc import Sequence

from pytest_cucmtls.sim.cli_command import ASSUMED, CliCommand, CliContext, confirmed
from pytest_cucmtls.sim.reboot import reboot


async def _restart(context: CliContext, _arguments: Sequence[str]) -> None:
    """The session stays: how long a real node lets it live was not found."""
    context.node.cluster.record_write("cli", "utils system restart")
    context.terminal.line("Do you really want to restart ?")
    if not await confirmed(context.terminal, "Enter (yes/no)? "):
        return
    context.terminal.line("Appliance is being Restarted ...")
    await reboot(context.node)


async def _replication(context: CliContext, _arguments: Sequence[str]) -> None:
    cluster = context.node.cluster
    held = cluster.replication.held
    behind = {node.name for node in cluster.nodes if held or not node.database.follows(cluster.database)}
    lines = [
        f"DB and Replication Services: {'SOME REPLICATION SERVICES ARE DOWN' if behind else 'ALL RUNNING'}",
        "",
        f"Cluster Detailed View from {context.node.name} ({len(cluster.nodes)} Servers):",
        "",
        f"{'SERVER-NAME':<32} {'IP ADDRESS':<16} REPLICATION SETUP",
        f"{'-----------':<32} {'----------':<16} -----------------",
        *(
            f"{each.name:<32} {each.ip:<16} {'(3) Bad' if each.name in behind else '(2) Setup Completed'}"
            for each in cluster.nodes
        ),
    ]
    await context.terminal.show("\n".join(lines))


COMMANDS = (
    CliCommand(("utils", "system", "restart"), _restart, "utils system restart", ASSUMED, "platform.md §3.2: texts assumed"),
    CliCommand(
        ("utils", "dbreplication", "runtimestate"),
        _replication,
        "utils dbreplication runtimestate",
        ASSUMED,
        "platform.md §3.2: layout assumed",
    ),
)
