"""`utils service list`, `start`, `stop` and `restart`."""

from collections.abc import Sequence

from pytest_cucmtls.sim.cli_command import ASSUMED, RECORDED, SPECIFIED, CliCommand, CliContext, CommandFailed
from pytest_cucmtls.sim.state import CALL_MANAGER_SERVICE, TOMCAT_SERVICE, ServiceState

_PLATFORM_SERVICES = ("System SSH", "Cluster Manager", "Name Service Cache", "Entropy Monitoring Daemon")


async def _list(context: CliContext, _arguments: Sequence[str]) -> None:
    services = sorted(context.node.services.values(), key=lambda service: service.name)
    rows = [
        "Requesting service status, please wait...",
        *(f"{name} [STARTED]" for name in _PLATFORM_SERVICES),
        "Password Reset [STOPPED] Service Activated",
        "Service Manager is running",
        "Getting list of all services",
        ">> Return code = 0",
        *(_row(service) for service in services),
        f"Primary Node ={'true' if context.node.role == 'publisher' else 'false'}",
    ]
    await context.terminal.show("\n".join(rows))


def _row(service: ServiceState) -> str:
    remark = "" if service.activated else "  Service Not Activated"
    return f"{service.name}[{service.status.upper()}]{remark}"


async def _restart(context: CliContext, arguments: Sequence[str]) -> None:
    """Really restarts Cisco CallManager; Cisco Tomcat loads its certificate; for the others only the start time moves."""
    service = _service(context, arguments)
    context.node.cluster.record_write("cli", f"utils service restart {service.name}")
    show = context.terminal.line
    show(
        " Don't press Ctrl-c while the service is getting RESTARTED.If Service has not Restarted Properly, "
        "execute the same Command Again"
    )
    show("Service Manager is running")
    show(f"{service.name}[STOPPING]  ")
    show(f"{service.name}[STARTING]  ")
    if service.name == CALL_MANAGER_SERVICE and context.node.call_manager is not None:
        await context.node.call_manager.restart()
    else:
        if service.name == TOMCAT_SERVICE and context.node.web_server is not None:
            context.node.web_server.reload()
        service.status, service.started_at = "Started", context.node.now()
    show(f"{service.name}[{service.status.upper()}]  ")


async def _start(context: CliContext, arguments: Sequence[str]) -> None:
    """Starts what is stopped, and says how it stands either way."""
    await _switch(context, arguments, "Started")


async def _stop(context: CliContext, arguments: Sequence[str]) -> None:
    """Stops what runs, and says how it stands either way."""
    await _switch(context, arguments, "Stopped")


async def _switch(context: CliContext, arguments: Sequence[str], wanted: str) -> None:
    service = _service(context, arguments)
    word = "start" if wanted == "Started" else "stop"
    context.node.cluster.record_write("cli", f"utils service {word} {service.name}")
    context.terminal.line("Service Manager is running")
    if service.status != wanted:
        context.terminal.line(f"{service.name}[{'STARTING' if wanted == 'Started' else 'STOPPING'}]  ")
        await _let(context, service, wanted)
    context.terminal.line(f"{service.name}[{service.status.upper()}]  ")


async def _let(context: CliContext, service: ServiceState, wanted: str) -> None:
    manager = context.node.call_manager
    if service.name == CALL_MANAGER_SERVICE and manager is not None:
        await (manager.start() if wanted == "Started" else manager.stop())
        return
    service.status, service.started_at = wanted, context.node.now() if wanted == "Started" else service.started_at


def _service(context: CliContext, arguments: Sequence[str]) -> ServiceState:
    name = " ".join(arguments)
    service = context.node.services.get(name)
    if service is None:
        raise CommandFailed(f"Service {name} is not a valid service name.")
    if not service.activated:
        raise CommandFailed(f"{name} Service Not Activated")
    return service


COMMANDS = (
    CliCommand(("utils", "service", "list"), _list, "utils service list", RECORDED, "platform.md §3.6"),
    CliCommand(
        ("utils", "service", "restart"),
        _restart,
        "utils service restart name",
        SPECIFIED,
        "platform.md §3.6: seen for another service",
    ),
    CliCommand(("utils", "service", "start"), _start, "utils service start name", ASSUMED, "lines as at a restart"),
    CliCommand(("utils", "service", "stop"), _stop, "utils service stop name", ASSUMED, "lines as at a restart"),
)
