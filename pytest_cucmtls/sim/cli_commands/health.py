"""What health checkers ask a node besides its services: inactive version, hardware, core files, diagnostics, backups, ping."""

from collections.abc import Sequence

from pytest_cucmtls.sim.calls.manager import CallManager
from pytest_cucmtls.sim.cli_command import ASSUMED, RECORDED, SPECIFIED, CliCommand, CliContext, argument
from pytest_cucmtls.sim.state import TOMCAT_SERVICE

_PINGS = 4


async def _inactive_version(context: CliContext, _arguments: Sequence[str]) -> None:
    """Freshly installed: there is nothing to switch back to."""
    context.terminal.line("Inactive side is not valid.")


async def _hardware(context: CliContext, _arguments: Sequence[str]) -> None:
    context.terminal.line()
    for key, value in (
        ("HW Platform", "VMware Virtual Machine"),
        ("Processors", "2"),
        ("Type", "Intel(R) Xeon(R) CPU E5-2630 v3 @ 2.40GHz"),
        ("CPU Speed", "2400"),
        ("Memory", "6144 MBytes"),
        ("Object ID", "1.3.6.1.4.1.9.1.1348"),
        ("OS Version", f"UCOS {context.node.cluster.release.major}.0.0.0-1"),
    ):
        context.terminal.line(f"{key:<12}: {value}")


async def _core_files(context: CliContext, _arguments: Sequence[str]) -> None:
    context.terminal.line("      Size         Date            Core File Name")
    context.terminal.line("=================================================================")
    context.terminal.line("No core files found")


async def _diagnose(context: CliContext, _arguments: Sequence[str]) -> None:
    """Three modules of the guide; Tomcat's result is that of its service."""
    tomcat = context.node.services.get(TOMCAT_SERVICE)
    running = tomcat is None or tomcat.status == "Started"
    show = context.terminal.line
    show()
    show("Starting diagnostic test(s)")
    show("===========================")
    for name, passed in (("disk_space", True), ("service_manager", True), ("tomcat", running)):
        show(f"test - {name:<20}: {'Passed' if passed else 'Failed'}")
    show()
    show("Diagnostics Completed")


async def _no_backup(context: CliContext, _arguments: Sequence[str]) -> None:
    """Nobody backs a simulated cluster up."""
    context.terminal.line("drfCliMsg:  No history data is available")


async def _time_zone(context: CliContext, _arguments: Sequence[str]) -> None:
    context.terminal.line(f"Current timezone : {context.node.time_zone}")


async def _ping(context: CliContext, arguments: Sequence[str]) -> None:
    """Nodes of simulated clusters answer, by address or by a name this node resolves; nothing is sent."""
    name = argument(arguments, 0, "destination")
    node, manager = context.node, context.node.call_manager
    peer = node.cluster.node(name)
    resolved = manager.host_names.get(name.lower()) if isinstance(manager, CallManager) else None
    address = peer.ip if peer is not None else resolved or (name if name in _known_addresses(context) else "")
    if not address:
        context.terminal.line(f"ping: {name}: Name or service not known")
        return
    show = context.terminal.line
    show(f"PING {name} ({address}) 56(84) bytes of data.")
    for sequence in range(1, _PINGS + 1):
        show(f"64 bytes from {address}: icmp_seq={sequence} ttl=64 time=0.040 ms")
    show()
    show(f"--- {name} ping statistics ---")
    show(f"{_PINGS} packets transmitted, {_PINGS} received, 0% packet loss, time 3000ms")


def _known_addresses(context: CliContext) -> set[str]:
    manager = context.node.call_manager
    return set(manager.host_names.values()) if isinstance(manager, CallManager) else set()


COMMANDS = (
    CliCommand(("show", "version", "inactive"), _inactive_version, "show version inactive", ASSUMED, "none found"),
    CliCommand(("show", "hardware"), _hardware, "show hardware", ASSUMED, "keys as public transcripts have them, in part"),
    CliCommand(("show", "timezone", "config"), _time_zone, "show timezone config", ASSUMED, "none found"),
    CliCommand(
        ("utils", "core", "active", "list"),
        _core_files,
        "utils core active list",
        RECORDED,
        "the sentence several parsers expect",
    ),
    CliCommand(("utils", "diagnose", "test"), _diagnose, "utils diagnose test", SPECIFIED, "vendor's command line guide"),
    CliCommand(
        ("utils", "disaster_recovery", "history", "backup"),
        _no_backup,
        "utils disaster_recovery history backup",
        RECORDED,
        "a public checker's sample",
    ),
    CliCommand(
        ("utils", "disaster_recovery", "status", "backup"),
        _no_backup,
        "utils disaster_recovery status backup",
        ASSUMED,
        "as the history",
    ),
    CliCommand(
        ("utils", "network", "ping"), _ping, "utils network ping destination [count]", ASSUMED, "as ping prints; nothing is sent"
    ),
)
