"""What the SOAP services of a simulated node share: reading a request, answering, and refusing as a fault."""

from collections.abc import Awaitable, Callable
from xml.sax.saxutils import escape

from aiohttp import web
from lxml import etree

from pytest_cucmtls.model.errors import CucmTlsError
from pytest_cucmtls.sim.authentication import Unauthorized, challenge, serviceability_account
from pytest_cucmtls.sim.state import NodeState, WriteForbidden
from pytest_cucmtls.wire.soap import local_name, parse_envelope

AST_NAMESPACE = "http://schemas.cisco.com/ast/soap"

Operation = Callable[[web.Request, etree._Element], Awaitable[web.Response]]
"""Answers one operation, given its element of the body."""


class SoapRefusal(Exception):
    """Becomes a fault, HTTP 500."""

    def __init__(self, message: str, code: str = "Server") -> None:
        super().__init__(message)
        self.message, self.code = message, code


def tag(name: str, *content: str) -> str:
    """An element around content that is XML already."""
    return f"<{name}>{''.join(content)}</{name}>"


def text_tag(name: str, text: object) -> str:
    """An element around plain text."""
    return f"<{name}>{escape(str(text))}</{name}>"


def nil_tag(name: str) -> str:
    """An element that says there is no value."""
    return f'<{name} xsi:nil="true"/>'


def envelope(content: str) -> bytes:
    """A SOAP 1.1 envelope around XML."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<soapenv:Body>{content}</soapenv:Body></soapenv:Envelope>"
    ).encode()


def answer(content: str) -> web.Response:
    """HTTP 200 with an envelope."""
    return web.Response(body=envelope(content), content_type="text/xml", charset="utf-8")


def response(operation: str, *content: str) -> str:
    """``<ns1:…Response>`` in the serviceability namespace, to which everything within belongs too."""
    spaces = f'xmlns:ns1="{AST_NAMESPACE}" xmlns="{AST_NAMESPACE}"'
    return f"<ns1:{operation}Response {spaces}>{''.join(content)}</ns1:{operation}Response>"


def fault(message: str, code: str = "Server") -> web.Response:
    """HTTP 500 with a fault (SOAP 1.1 §4.4, §6.2)."""
    content = tag("soapenv:Fault", text_tag("faultcode", f"soapenv:{code}"), text_tag("faultstring", message), "<detail/>")
    return web.Response(status=500, body=envelope(content), content_type="text/xml", charset="utf-8")


async def dispatch(request: web.Request, operations: dict[str, Operation]) -> web.Response:
    """Answer with the operation the body names; every refusal and every unreadable request becomes a fault."""
    try:
        element = parse_envelope(await request.read(), interface="simulator", operation="request")
        name = local_name(element)
        if name not in operations:
            raise SoapRefusal(
                f"The endpoint reference (EPR) for the Operation not found is {request.url} and the WSA Action = {name}", "Client"
            )
        return await operations[name](request, element)
    except SoapRefusal as refusal:
        return fault(refusal.message, refusal.code)
    except WriteForbidden as refusal:
        return fault(str(refusal), "Client")
    except CucmTlsError as problem:
        return fault(problem.message, "Client")


def guarded_service(
    node: NodeState, realm: str, operations: dict[str, Operation]
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Handler of a service that asks for an administrator's Basic credentials before it looks at the request."""

    async def handle(request: web.Request) -> web.Response:
        try:
            serviceability_account(request, node.cluster)
        except Unauthorized as refusal:
            return challenge(refusal, realm)
        return await dispatch(request, operations)

    return handle
