"""Control Center: service states and restarts (Serviceability XML, ``soapGetServiceStatus``, ``soapDoControlServices``)."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from aiohttp import web
from lxml import etree

from pytest_cucmtls.sim.http_server import run_in_background
from pytest_cucmtls.sim.provenance import Behaviour, Provenance
from pytest_cucmtls.sim.soap_server import SoapRefusal, answer, guarded_service, response, tag, text_tag
from pytest_cucmtls.sim.state import CALL_MANAGER_SERVICE, NodeState, ServiceState
from pytest_cucmtls.wire.soap import child, children, text_of

BEHAVIOURS = (
    Behaviour(
        "Control Center",
        "paths, soapGetServiceStatus and soapDoControlServices with their elements",
        Provenance.SPECIFIED,
        "published samples of requests and replies",
    ),
    Behaviour("Control Center", "reason -1068 Service Not Activated", Provenance.SPECIFIED, "a published service tool"),
    Behaviour("Control Center", "an order is answered before the service is up", Provenance.ASSUMED, "none found"),
    Behaviour(
        "Control Center", "an order for another node is refused", Provenance.ASSUMED, "developer guide: send it to the node named"
    ),
    Behaviour("Control Center", "code and text for a service that does not exist", Provenance.ASSUMED, "none found"),
)

_PATHS = ("/controlcenterservice2/services/ControlCenterServices", "/controlcenterservice2/services/ControlCenterServicesEx")
_CONTROL_TYPES = ("Start", "Stop", "Restart")

NOT_ACTIVATED = ("-1068", "Service Not Activated")
UNKNOWN_SERVICE = ("-1030", "Service Not Installed")


def routes(node: NodeState) -> list[web.RouteDef]:
    """Both service paths."""

    async def get_status(_request: web.Request, element: etree._Element) -> web.Response:
        names = _names(child(element, "ServiceStatus")) or list(node.services)
        return answer(_reply("soapGetServiceStatus", [_item(node, name) for name in names]))

    async def control(request: web.Request, element: etree._Element) -> web.Response:
        order = child(element, "ControlServiceRequest")
        verb = text_of(order, "ControlType") or ""
        names = _names(child(order, "ServiceList"))
        _check(node, text_of(order, "NodeName") or "", verb, names)
        node.cluster.record_write("control-center", f"{verb} {', '.join(names)}")
        for name in names:
            _control(request, node, name, verb)
        return answer(_reply("soapDoControlServices", [_item(node, name) for name in names]))

    handler = guarded_service(node, "Control Center", {"soapGetServiceStatus": get_status, "soapDoControlServices": control})
    return [web.post(path, handler) for path in _PATHS]


def _names(services: etree._Element | None) -> list[str]:
    """Texts of the items of a list element."""
    items = children(services, "item") if services is not None else ()
    return [name for item in items if (name := (item.text or "").strip())]


def _check(node: NodeState, place: str, verb: str, names: list[str]) -> None:
    """A request acts on the node it names, which must be this one. Raises: SoapRefusal."""
    if verb not in _CONTROL_TYPES:
        raise SoapRefusal(f"ControlType {verb!r} is not one of {', '.join(_CONTROL_TYPES)}", "Client")
    if node.cluster.node(place) is not node:
        raise SoapRefusal(f"NodeName {place!r} is not this server", "Client")
    if not names:
        raise SoapRefusal("ServiceList is empty", "Client")


def _control(request: web.Request, node: NodeState, name: str, verb: str) -> None:
    """Start the work; the answer does not wait for it. Services that do not exist or are not activated are left alone."""
    service = node.services.get(name)
    if service is None or not service.activated:
        return
    if name != CALL_MANAGER_SERVICE or node.call_manager is None:
        service.status = "Stopped" if verb == "Stop" else "Started"
        service.started_at = datetime.now(UTC)
        return
    service.status = "Starting" if verb == "Start" else "Stopping"
    if verb == "Stop":
        run_in_background(request, node.call_manager.stop())
    else:
        start = node.call_manager.start if verb == "Start" else node.call_manager.restart
        run_in_background(request, _start(service, start))


async def _start(service: ServiceState, start: Callable[[], Awaitable[None]]) -> None:
    """Start, and date it with the next full second after the order and after the earlier start.

    StartTime has seconds only. A real service needs longer than one to start, so its StartTime always differs from the
    earlier one and is later than whatever was done before the order.
    """
    earliest = max(service.started_at, datetime.now(UTC)).replace(microsecond=0) + timedelta(seconds=1)
    await start()
    service.started_at = max(service.started_at, earliest)


def _reply(operation: str, items: list[str]) -> str:
    content = tag(
        f"{operation}Return",
        text_tag("ReturnCode", 0),
        text_tag("ReasonCode", -1),
        text_tag("ReasonString", ""),
        tag("ServiceInfoList", *items),
    )
    return response(operation, content)


def _item(node: NodeState, name: str) -> str:
    service = node.services.get(name)
    reason = UNKNOWN_SERVICE if service is None else ("-1", "") if service.activated else NOT_ACTIVATED
    started = service if service is not None and service.activated and service.status == "Started" else None
    return tag(
        "item",
        text_tag("ServiceName", name),
        text_tag("ServiceStatus", service.status if service else "Unknown"),
        text_tag("ReasonCode", reason[0]),
        text_tag("ReasonCodeString", reason[1]),
        text_tag("StartTime", _start_time(started)),
        text_tag("UpTime", _up_time(started)),
    )


def _start_time(service: ServiceState | None) -> str:
    return service.started_at.strftime("%a %b %d %H:%M:%S %Y") if service else ""


def _up_time(service: ServiceState | None) -> int:
    """Seconds; -1 for a service that does not run."""
    return max(0, int((datetime.now(UTC) - service.started_at).total_seconds())) if service else -1
