"""Hands out a service's description at `?wsdl`, to those who may use the service."""

from aiohttp import web

from pytest_cucmtls.sim.authentication import Unauthorized, challenge, serviceability_account
from pytest_cucmtls.sim.descriptions.service import ServiceDescription
from pytest_cucmtls.sim.descriptions.wsdl import wsdl_of
from pytest_cucmtls.sim.provenance import Behaviour, Provenance
from pytest_cucmtls.sim.state import NodeState

BEHAVIOURS = (
    Behaviour(
        "service descriptions",
        "names, fields and literals of RISService70, ControlCenterServices, PerfmonService and LogCollectionPortTypeService",
        Provenance.SPECIFIED,
        "the vendor's published descriptions, read and described anew",
    ),
    Behaviour("service descriptions", "ControlCenterServicesEx", Provenance.ASSUMED, "a published client's use of it"),
    Behaviour("service descriptions", "WebDialer, beyond the two operations", Provenance.ASSUMED, "developer pages"),
    Behaviour("service descriptions", "the address in it is the one it was asked at", Provenance.ASSUMED, "none found"),
    Behaviour("service descriptions", "asking for it needs the same account as using it", Provenance.ASSUMED, "none found"),
)


def description_route(node: NodeState, service: ServiceDescription, realm: str | None) -> web.RouteDef:
    """``GET …?wsdl``; without that query a GET is not allowed. Without a realm everybody may read it (WebDialer)."""

    async def describe(request: web.Request) -> web.Response:
        if "wsdl" not in {name.lower() for name in request.query}:
            raise web.HTTPMethodNotAllowed("GET", ["POST"])
        if realm is not None:
            try:
                serviceability_account(request, node.cluster)
            except Unauthorized as refusal:
                return challenge(refusal, realm)
        return described(request, service)

    return web.get(service.path, describe)


def described(request: web.Request, service: ServiceDescription) -> web.Response:
    """The description itself, with the address it was asked at."""
    body = wsdl_of(service, f"https://{request.host}{service.path}")
    return web.Response(body=body, content_type="text/xml", charset="utf-8")
