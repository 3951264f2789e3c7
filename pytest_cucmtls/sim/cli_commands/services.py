"""`utils service list` and `utils service restart`."""

from collections.abc import Sequence

from pytest_cucmtls.sim.cli_command import RECORDED, SPECIFIED, CliCommand, CliContext, CommandFailed
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
)
