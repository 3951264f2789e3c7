"""WebDialer: lets a phone dial. The rpc/encoded service up to 15 SU4, the document/literal one from 15 SU5 on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from xml.sax.saxutils import escape

from aiohttp import web
from lxml import etree

from pytest_cucmtls.sim.database import Row, repeated
from pytest_cucmtls.sim.descriptions.serving import described, description_route
from pytest_cucmtls.sim.descriptions.webdialer import LITERAL_WEBDIALER, RPC_WEBDIALER
from pytest_cucmtls.sim.interfaces.webdialer_profiles import (
    AUTHENTICATION_ERROR,
    NO_DEVICE,
    SUCCESS,
    profile_operations,
)
from pytest_cucmtls.sim.pairs import WEBDIALER_SERVICE
from pytest_cucmtls.sim.provenance import Behaviour, Provenance
from pytest_cucmtls.sim.soap_server import Operation, SoapRefusal, answer, dispatch, tag, text_tag
from pytest_cucmtls.sim.state import CALL_MANAGER_SERVICE, NodeState
from pytest_cucmtls.wire.soap import child, children, local_name, text_of

BEHAVIOURS = (
    Behaviour(
        "WebDialer", "rpc/encoded service with a multi-reference reply up to 15 SU4", Provenance.SPECIFIED, "developer pages"
    ),
    Behaviour("WebDialer", "document/literal service from 15 SU5, legacy paths gone", Provenance.SPECIFIED, "developer pages"),
    Behaviour("WebDialer", "an invalid number is a success", Provenance.SPECIFIED, "developer pages"),
    Behaviour("WebDialer", "result codes other than 0", Provenance.ASSUMED, "the table is in none of the sources at hand"),
)

_RPC_DESCRIPTION_PATH = "/webdialer/wsdl/wd70.wsdl"

CALL_FAILURE = (1, "Call failure error")
SERVICE_UNAVAILABLE = (6, "Service temporarily unavailable")


@dataclass(frozen=True, slots=True)
class _Caller:
    user: str
    password: str
    device: str
    line: str


def routes(node: NodeState) -> list[web.RouteDef]:
    """One path per generation: the other generation's answers 404."""
    if node.cluster.release.axis1_webdialer:
        return [
            web.get(_RPC_DESCRIPTION_PATH, _describe_rpc),
            description_route(node, RPC_WEBDIALER, None),
            web.post(RPC_WEBDIALER.path, _service(node, _axis1_operations(node))),
        ]
    return [
        description_route(node, LITERAL_WEBDIALER, None),
        web.post(LITERAL_WEBDIALER.path, _service(node, _axis2_operations(node))),
    ]


async def _describe_rpc(request: web.Request) -> web.Response:
    return described(request, RPC_WEBDIALER)


def _service(node: NodeState, operations: dict[str, Operation]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Handler that answers 404 while WebDialer is not activated or stopped, as a servlet that is not deployed."""

    async def handle(request: web.Request) -> web.Response:
        service = node.services[WEBDIALER_SERVICE]
        if not service.activated or service.status != "Started":
            return web.Response(status=404, text="HTTP Status 404")
        return await dispatch(request, operations)

    return handle


def _axis1_operations(node: NodeState) -> dict[str, Operation]:
    async def make_call(_request: web.Request, element: etree._Element) -> web.Response:
        caller = _caller(element, child(element, "in0"), child(element, "in2"))
        return _axis1_answer("makeCallSoap", await _make_call(node, caller, _needed(element, "in1")))

    async def end_call(_request: web.Request, element: etree._Element) -> web.Response:
        caller = _caller(element, child(element, "in0"), child(element, "in1"))
        return _axis1_answer("endCallSoap", await _end_call(node, caller))

    profiles = profile_operations(node, _resolved, first="in0", encoded=True)
    return {"makeCallSoap": make_call, "endCallSoap": end_call, **profiles}


def _axis2_operations(node: NodeState) -> dict[str, Operation]:
    async def make_call(_request: web.Request, element: etree._Element) -> web.Response:
        caller = _caller(element, child(element, "args0"), child(element, "args2"))
        return _axis2_answer("makeCallSoap", await _make_call(node, caller, _needed(element, "args1")))

    async def end_call(_request: web.Request, element: etree._Element) -> web.Response:
        caller = _caller(element, child(element, "args0"), child(element, "args1"))
        return _axis2_answer("endCallSoap", await _end_call(node, caller))

    profiles = profile_operations(node, _resolved, first="args0", encoded=False)
    return {"makeCallSoap": make_call, "endCallSoap": end_call, **profiles}


def _caller(operation: etree._Element, credential: etree._Element | None, profile: etree._Element | None) -> _Caller:
    """Who calls from where; `href` references into the body are followed. Raises: SoapRefusal."""
    credential, profile = _resolved(operation, credential), _resolved(operation, profile)
    if credential is None or profile is None:
        raise SoapRefusal(f"{local_name(operation)}: credential or user profile is missing", "Client")
    return _Caller(
        user=text_of(credential, "userID") or "",
        password=text_of(credential, "password") or "",
        device=text_of(profile, "deviceName") or "",
        line=text_of(profile, "lineNumber") or "",
    )


def _resolved(operation: etree._Element, element: etree._Element | None) -> etree._Element | None:
    """The element an ``href="#id0"`` points to (SOAP 1.1 §5.1), or the element itself."""
    reference = element.get("href") if element is not None else None
    if reference is None:
        return element
    body = operation.getparent()
    others = children(body) if body is not None else ()
    return next((other for other in others if other.get("id") == reference.lstrip("#")), None)


def _needed(element: etree._Element, name: str) -> str:
    text = text_of(element, name)
    if text is None:
        raise SoapRefusal(f"{local_name(element)}: {name} is missing", "Client")
    return text


async def _make_call(node: NodeState, caller: _Caller, destination: str) -> tuple[int, str]:
    refusal = _refusal(node, caller)
    if refusal is not None:
        return refusal
    assert node.call_manager is not None
    await node.call_manager.make_call(caller.device, caller.line, destination)
    return SUCCESS


async def _end_call(node: NodeState, caller: _Caller) -> tuple[int, str]:
    refusal = _refusal(node, caller)
    if refusal is not None:
        return refusal
    assert node.call_manager is not None
    return SUCCESS if await node.call_manager.end_call(caller.device) else CALL_FAILURE


def _refusal(node: NodeState, caller: _Caller) -> tuple[int, str] | None:
    """Why this caller may not use this phone now; the destination is nobody's business."""
    if node.cluster.account(caller.user, caller.password, "end-user") is None:
        return AUTHENTICATION_ERROR
    phone = node.database.find("phone", name=caller.device)
    if phone is None or phone.get("ownerUserName") != caller.user or not _has_line(phone, caller.line):
        return NO_DEVICE
    running = node.call_manager is not None and node.services[CALL_MANAGER_SERVICE].status == "Started"
    return None if running else SERVICE_UNAVAILABLE


def _has_line(phone: Row, number: str) -> bool:
    return any(line["dirn"]["pattern"] == number for line in repeated(phone, "lines"))


def _axis1_answer(operation: str, result: tuple[int, str]) -> web.Response:
    """rpc/encoded with a multi-reference: the value stands beside the response, not in it."""
    code, description = result
    encoding = 'soapenv:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"'
    return answer(
        f'<ns1:{operation}Response {encoding} xmlns:ns1="urn:WD70"><{operation}Return href="#id0"/></ns1:{operation}Response>'
        f'<multiRef id="id0" soapenc:root="0" {encoding} xsi:type="ns2:CallResponse" '
        'xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:ns2="urn:WD70">'
        f'<responseCode xsi:type="xsd:int">{code}</responseCode>'
        f'<responseDescription xsi:type="xsd:string">{escape(description)}</responseDescription></multiRef>'
    )


def _axis2_answer(operation: str, result: tuple[int, str]) -> web.Response:
    code, description = result
    content = tag("ns2:return", text_tag("responseCode", code), text_tag("responseDescription", description))
    spaces = f'xmlns:ns2="{LITERAL_WEBDIALER.namespace}" xmlns="{LITERAL_WEBDIALER.namespace}"'
    return answer(f"<ns2:{operation}Response {spaces}>{content}</ns2:{operation}Response>")
