"""`show network eth0` and `show network cluster`."""

from collections.abc import Sequence

from pytest_cucmtls.sim.cli_command import RECORDED, SPECIFIED, CliCommand, CliContext
from pytest_cucmtls.sim.state import NodeState


async def _eth0(context: CliContext, _arguments: Sequence[str]) -> None:
    node = context.node
    gateway = node.ip.rpartition(".")[0] + ".1"
    domain = node.cluster.domain or "Not Configured"
    for line in (
        "Ethernet 0",
        "DHCP         : disabled           Status     : up",
        f"IP Address   : {node.ip:<15}    IP Mask    : 255.255.255.000",
        "Link Detected: yes                Mode       : Auto disabled, Full, 10000 Mbits/s",
        "Duplicate IP : no",
        "",
        "DNS",
        f"Primary      : {gateway:<15}    Secondary  : Not Configured",
        "Options      : timeout:5 attempts:2",
        f"Domain       : {domain}",
        f"Gateway      : {gateway} on Ethernet 0",
    ):
        context.terminal.line(line)


async def _cluster(context: CliContext, _arguments: Sequence[str]) -> None:
    nodes = context.node.cluster.nodes
    for node in nodes:
        context.terminal.line(_member(node))
    context.terminal.line()
    context.terminal.line("Server Table (processnode) Entries")
    context.terminal.line("----------------------------------")
    for node in nodes:
        context.terminal.line(node.name)


def _member(node: NodeState) -> str:
    host = node.name.partition(".")[0]
    full = node.name if "." in node.name or not node.cluster.domain else f"{node.name}.{node.cluster.domain}"
    role = "Publisher callmanager DBPub" if node.role == "publisher" else "Subscriber callmanager DBSub"
    since = "" if node.role == "publisher" else " using TCP since Mon Jun 27 08:54:03 2016"
    return f"{node.ip} {full} {host} {role} authenticated{since}"


COMMANDS = (
    CliCommand(("show", "network", "eth0"), _eth0, "show network eth0 [detail]", SPECIFIED, "platform.md §3.6: spacing inferred"),
    CliCommand(("show", "network", "cluster"), _cluster, "show network cluster", RECORDED, "platform.md §3.6"),
)
