"""Control Center: service states and restarts (Serviceability XML, ``soapGetServiceStatus``, ``soapDoControlServices``)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from aiohttp import web
from lxml import etree

from pytest_cucmtls.sim.descriptions.control_center import CONTROL_CENTER, CONTROL_CENTER_EXTENDED
from pytest_cucmtls.sim.descriptions.serving import description_route
from pytest_cucmtls.sim.http_server import run_in_background
from pytest_cucmtls.sim.logs.listing import files_below, real_folder
from pytest_cucmtls.sim.pairs import NETWORK_SERVICES, WEBDIALER_SERVICE
from pytest_cucmtls.sim.provenance import Behaviour, Provenance
from pytest_cucmtls.sim.soap_server import Operation, SoapRefusal, answer, guarded_service, response, tag, text_tag
from pytest_cucmtls.sim.state import CALL_MANAGER_SERVICE, NodeState, ServiceState
from pytest_cucmtls.wire.soap import child, children, local_name, text_of

BEHAVIOURS = (
    Behaviour(
        "Control Center",
        "paths, soapGetServiceStatus and soapDoControlServices with their elements",
        Provenance.SPECIFIED,
        "published samples of requests and replies",
    ),
    Behaviour(
        "Control Center",
        "soapGetStaticServiceList, soapDoServiceDeployment, getProductInformationList",
        Provenance.SPECIFIED,
        "the vendor's published description",
    ),
    Behaviour(
        "Control Center",
        "getFileDirectoryList, getStaticServiceListExtended, soapDoControlServicesEx",
        Provenance.ASSUMED,
        "a published client's requests; the replies were not found",
    ),
    Behaviour("Control Center", "service groups, product texts, which services are servlets", Provenance.ASSUMED, "none found"),
    Behaviour("Control Center", "reason -1068 Service Not Activated", Provenance.SPECIFIED, "a published service tool"),
    Behaviour("Control Center", "an order is answered before the service is up", Provenance.ASSUMED, "none found"),
    Behaviour(
        "Control Center", "an order for another node is refused", Provenance.ASSUMED, "developer guide: send it to the node named"
    ),
    Behaviour("Control Center", "code and text for a service that does not exist", Provenance.ASSUMED, "none found"),
)

_REALM = "Control Center"
_CONTROL_TYPES = ("Start", "Stop", "Restart")
_DEPLOY_TYPES = ("Deploy", "UnDeploy")
_SERVLETS = (WEBDIALER_SERVICE, "Cisco AXL Web Service")

NOT_ACTIVATED = ("-1068", "Service Not Activated")
UNKNOWN_SERVICE = ("-1030", "Service Not Installed")


def routes(node: NodeState) -> list[web.RouteDef]:
    """Both service paths."""

    async def get_status(_request: web.Request, element: etree._Element) -> web.Response:
        names = _asked_services(element) or list(node.services)
        return answer(_reply("soapGetServiceStatus", [_item(node, name) for name in names]))

    async def control(request: web.Request, element: etree._Element) -> web.Response:
        order = child(element, "ControlServiceRequest")
        _check_place(node, text_of(order, "NodeName") or "")
        return await obey(request, order, "soapDoControlServices")

    async def control_extended(request: web.Request, element: etree._Element) -> web.Response:
        return await obey(request, child(element, "ControlServiceRequestEx"), "soapDoControlServicesEx")

    async def obey(request: web.Request, order: etree._Element | None, operation: str) -> web.Response:
        verb = text_of(order, "ControlType") or ""
        names = _names(child(order, "ServiceList"))
        _check(verb, names, _CONTROL_TYPES, "ControlType")
        node.cluster.record_write("control-center", f"{verb} {', '.join(names)}")
        for name in names:
            _control(request, node, name, verb)
        return answer(_reply(operation, [_item(node, name) for name in names]))

    async def deploy(request: web.Request, element: etree._Element) -> web.Response:
        order = child(element, "DeploymentServiceRequest")
        verb = text_of(order, "DeployType") or ""
        names = _names(child(order, "ServiceList"))
        _check_place(node, text_of(order, "NodeName") or "")
        _check(verb, names, _DEPLOY_TYPES, "DeployType")
        node.cluster.record_write("control-center", f"{verb} {', '.join(names)}")
        for name in names:
            _deploy(request, node, name, verb)
        return answer(_reply("soapDoServiceDeployment", [_item(node, name) for name in names]))

    operations: dict[str, Operation] = {
        "soapGetServiceStatus": get_status,
        "soapDoControlServices": control,
        "soapDoControlServicesEx": control_extended,
        "soapDoServiceDeployment": deploy,
        **_catalogue(node),
    }
    handler = guarded_service(node, _REALM, operations)
    described = (CONTROL_CENTER, CONTROL_CENTER_EXTENDED)
    return [
        *(description_route(node, service, _REALM) for service in described),
        *(web.post(service.path, handler) for service in described),
    ]


def _catalogue(node: NodeState) -> dict[str, Operation]:
    """What is installed, and which files a folder holds."""

    async def static_list(_request: web.Request, _element: etree._Element) -> web.Response:
        items = [_specification(name, product=False) for name in node.services]
        return answer(response("soapGetStaticServiceList", tag("soapGetStaticServiceListReturn", tag("Services", *items))))

    async def static_list_extended(_request: web.Request, _element: etree._Element) -> web.Response:
        content = (*_places(node), tag("Services", *(_specification(name, product=True) for name in node.services)))
        return answer(response("getStaticServiceListExtended", tag("getStaticServiceListExtendedReturn", *content)))

    async def products(_request: web.Request, _element: etree._Element) -> web.Response:
        return answer(response("getProductInformationList", tag("getProductInformationListReturn", *_products(node))))

    async def directory(_request: web.Request, element: etree._Element) -> web.Response:
        asked = text_of(element, "DirectoryPath") or ""
        names = await asyncio.to_thread(_files_in, node, asked)
        items = (text_tag("item", name) for name in names)
        return answer(response("getFileDirectoryList", tag("getFileDirectoryListReturn", *items)))

    return {
        "soapGetStaticServiceList": static_list,
        "getStaticServiceListExtended": static_list_extended,
        "getProductInformationList": products,
        "getFileDirectoryList": directory,
    }


def _specification(name: str, *, product: bool) -> str:
    """How a service was installed; one of the network services cannot be deactivated."""
    return tag(
        "item",
        text_tag("ServiceName", name),
        text_tag("ServiceType", "Servlet" if name in _SERVLETS else "Service"),
        text_tag("Deployable", "false" if name in NETWORK_SERVICES else "true"),
        text_tag("GroupName", "CM Services"),
        text_tag("ProductID", "CallManager") if product else "",
        "<DependentServices/>",
    )


def _products(node: NodeState) -> list[str]:
    version = node.cluster.release.full_version
    product = tag(
        "item",
        text_tag("ProductName", "Cisco Unified Communications Manager"),
        text_tag("ProductVersion", version),
        text_tag("ProductDescription", "Cisco Unified Communications Manager"),
        text_tag("ProductID", "CallManager"),
        text_tag("ShortName", "CCM"),
    )
    return [
        text_tag("ActiveServerVersion", version),
        *_places(node),
        tag("Products", product),
        tag("Services", *(_specification(name, product=True) for name in node.services)),
    ]


def _places(node: NodeState) -> tuple[str, str]:
    return text_tag("PrimaryNode", node.cluster.nodes[0].name), text_tag("SecondaryNode", "")


def _files_in(node: NodeState, folder: str) -> list[str]:
    """Names of the files of a folder of activelog. Raises: SoapRefusal when it is none, or lies elsewhere."""
    found = real_folder(node, folder)
    if found is None:
        raise SoapRefusal(f"DirectoryPath {folder} does not exist", "Client")
    return [
        path.name for path in files_below(node, found.relative_to(node.active_log.resolve()).as_posix()) if path.parent == found
    ]


def _deploy(request: web.Request, node: NodeState, name: str, verb: str) -> None:
    """Activate and start, or stop and deactivate; a network service stays as it is."""
    service = node.services.get(name)
    if service is None or name in NETWORK_SERVICES:
        return
    if verb == "Deploy":
        service.activated = True
        _control(request, node, name, "Start")
    else:
        _control(request, node, name, "Stop")
        service.activated = False


def _asked_services(element: etree._Element) -> list[str]:
    """Names as the description has them, one per element, or as items of one element, as published samples do."""
    asked = [place for place in children(element) if local_name(place) == "ServiceStatus"]
    return [name for place in asked for name in (_names(place) or [(place.text or "").strip()]) if name]


def _names(services: etree._Element | None) -> list[str]:
    """Texts of the items of a list element."""
    items = children(services, "item") if services is not None else ()
    return [name for item in items if (name := (item.text or "").strip())]


def _check_place(node: NodeState, place: str) -> None:
    """A request acts on the node it names, which must be this one. Raises: SoapRefusal."""
    if node.cluster.node(place) is not node:
        raise SoapRefusal(f"NodeName {place!r} is not this server", "Client")


def _check(verb: str, names: list[str], verbs: tuple[str, ...], field: str) -> None:
    """An order that can be obeyed. Raises: SoapRefusal."""
    if verb not in verbs:
        raise SoapRefusal(f"{field} {verb!r} is not one of {', '.join(verbs)}", "Client")
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
