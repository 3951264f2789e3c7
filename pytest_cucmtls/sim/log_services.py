"""What log collection and DIME share: requests within a session of their own, and the file a request names."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from pytest_cucmtls.sim.authentication import Unauthorized, challenge, serviceability_account
from pytest_cucmtls.sim.logs.late import LateFiles
from pytest_cucmtls.sim.logs.listing import real_path
from pytest_cucmtls.sim.service_sessions import ServiceSessions
from pytest_cucmtls.sim.soap_server import Operation, SoapRefusal, dispatch
from pytest_cucmtls.sim.state import NodeState


def session_service(
    node: NodeState, realm: str, sessions: ServiceSessions, operations: dict[str, Operation]
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Handler that answers 500 to another service's session, asks for credentials, and gives its own session with the reply."""

    async def handle(request: web.Request) -> web.Response:
        if sessions.is_foreign(request):
            return web.Response(status=500, text="HTTP Status 500")
        try:
            serviceability_account(request, node.cluster)
        except Unauthorized as refusal:
            return challenge(refusal, realm)
        reply = await dispatch(request, operations)
        sessions.open(request, reply)
        return reply

    return handle


def asked_file(node: NodeState, name: str, late: LateFiles) -> Path:
    """The file of that name, with what was traced until now. Raises: SoapRefusal when there is none, or none yet."""
    if node.traces is not None:
        node.traces.flush()
    path = real_path(node, name)
    if path is None or not late.knows(name):
        raise SoapRefusal(f"FileName {name} do not exist")
    return path
