"""AXL over HTTP: paths, authentication, sessions, throttles and headers around the operations of sim/axl."""

import secrets
import time
from collections.abc import Callable

from aiohttp import web

from pytest_cucmtls.sim.authentication import Unauthorized, authenticated
from pytest_cucmtls.sim.axl import envelopes, pages
from pytest_cucmtls.sim.axl.calls import SCHEMA_STRICT, AxlCall
from pytest_cucmtls.sim.axl.elsewhere import elsewhere
from pytest_cucmtls.sim.axl.faults import AxlFault, NotUnderstood, OperationNotFound
from pytest_cucmtls.sim.axl.operations import Operation, operation
from pytest_cucmtls.sim.axl.requests import LARGEST_REQUEST_BYTES, Request, parse_request
from pytest_cucmtls.sim.axl.sessions import COOKIE, SessionStore
from pytest_cucmtls.sim.axl.toolkit import schema_files, toolkit_archive
from pytest_cucmtls.sim.state import NodeState, SimAccount, WriteForbidden

SERVICE = "Cisco AXL Web Service"
THROTTLED = "axl_throttled"
CONNECTION_LOST = "axl_connection_lost"
WRITES_BEFORE_LOSS = 2
"""Writes that succeed before the connection is cut at every further one."""
"""Name in `ClusterState.faults`: writes answer 503, as while more than 1500 change notifications are outstanding."""
MEMORY_EXHAUSTED = "axl_memory_fault"
"""Name in `ClusterState.faults`: every call answers the fault of too many requests at once."""
READ_ONLY_ROLE_SINCE = 11
"""The read-only AXL role came with 11.5."""
_DENIED = 5003
"""A user's rank does not allow it (axl guide); -1 would mean: try again."""
_MEMORY = "Maximum AXL Memory Allocation Consumed. Please retry once requests in progress have completed"


def routes(node: NodeState) -> list[web.RouteDef]:
    """The AXL service of a node."""
    return AxlService(node, clock=time.monotonic).routes()


class _ConnectionCut(Exception):
    """Nothing is answered; the connection ends."""


class _Refused(Exception):
    """The request ends with this page."""

    def __init__(self, response: web.Response) -> None:
        super().__init__("refused")
        self.response = response


class AxlService:
    """One node's AXL web service; `clock` (seconds) drives session expiry."""

    def __init__(self, node: NodeState, *, clock: Callable[[], float]) -> None:
        self._node = node
        self._sessions = SessionStore(clock)

    def routes(self) -> list[web.RouteDef]:
        """/axl/ for calls, its WSDL and schemas, the toolkit archive, and the redirect of a forgotten slash."""
        return [
            web.get("/axl", self._redirect),
            web.post("/axl", self._redirect),
            web.get("/axl/", self._get),
            web.post("/axl/", self._post),
            web.get("/axl/AXLAPIService", self._wsdl),
            web.post("/axl/services/AXLAPIService", self._post),
            web.get("/axl/services/AXLAPIService", self._wsdl),
            web.get("/axl/{file:AXL[A-Za-z]+\\.(?:wsdl|xsd)}", self._schema),
            web.get("/plugins/axlsqltoolkit.zip", self._toolkit),
        ]

    async def _redirect(self, _request: web.Request) -> web.Response:
        return web.Response(status=302, headers=pages.SECURITY_HEADERS | {"Location": "/axl/"})

    async def _get(self, request: web.Request) -> web.Response:
        try:
            account = self._authenticate(request)
        except _Refused as refusal:
            return refusal.response
        if "wsdl" in {key.lower() for key in request.query}:
            return self._schema_answer("AXLAPI.wsdl")
        return self._with_session(request, pages.welcome_page(), account)

    async def _wsdl(self, request: web.Request) -> web.Response:
        return await self._file(request, "AXLAPI.wsdl")

    async def _schema(self, request: web.Request) -> web.Response:
        return await self._file(request, request.match_info["file"])

    async def _file(self, request: web.Request, name: str) -> web.Response:
        try:
            self._authenticate(request)
        except _Refused as refusal:
            return refusal.response
        return self._schema_answer(name)

    def _schema_answer(self, name: str) -> web.Response:
        files = schema_files(self._node.cluster.release.axl_versions[0])
        if name not in files:
            return pages.error_page(404, name)
        return web.Response(body=files[name], headers=pages.SECURITY_HEADERS | {"Content-Type": "text/xml;charset=UTF-8"})

    async def _toolkit(self, request: web.Request) -> web.Response:
        try:
            self._authenticate(request)
        except _Refused as refusal:
            return refusal.response
        archive = toolkit_archive(self._node.cluster.release.axl_versions)
        return web.Response(body=archive, headers=pages.SECURITY_HEADERS | {"Content-Type": "application/zip"})

    async def _post(self, request: web.Request) -> web.Response:
        try:
            account = self._authenticate(request)
            response = await self._call(request, account)
        except _Refused as refusal:
            return refusal.response
        except _ConnectionCut:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=503)
        return self._with_session(request, response, account)

    def _writes_so_far(self) -> int:
        return sum(write.interface == "axl" for write in self._node.cluster.writes)

    def _authenticate(self, request: web.Request) -> SimAccount:
        """Who asks, by password or by session. Raises: _Refused with the page to send."""
        service = self._node.services.get(SERVICE)
        if service is not None and service.status != "Started":
            raise _Refused(pages.error_page(404, request.path))
        cookie = request.cookies.get(COOKIE)
        if "Authorization" not in request.headers and cookie:
            account = self._sessions.account(cookie)
            if account is None:
                raise _Refused(pages.error_page(404, request.path))
            return account
        try:
            return authenticated(request, self._node.cluster, *self._roles())
        except Unauthorized as refusal:
            page = pages.error_page(403, "Access to the requested resource has been denied")
            raise _Refused(page if refusal.known else pages.challenge_page()) from None

    def _roles(self) -> tuple[str, ...]:
        """Roles that may call AXL on this release."""
        return ("axl", "axl-read") if self._node.cluster.release.major >= READ_ONLY_ROLE_SINCE else ("axl",)

    def _with_session(self, request: web.Request, response: web.Response, account: SimAccount) -> web.Response:
        """Set both session cookies unless the client came with a session that lives."""
        cookie = request.cookies.get(COOKIE)
        if cookie is None or self._sessions.account(cookie) is None:
            sso = self._sessions.open(account)
            response.headers.add("Set-Cookie", f"{COOKIE}={sso}; Path=/; Secure; HttpOnly")
            own = secrets.token_hex(16).upper()
            response.headers.add("Set-Cookie", f"JSESSIONID={own}; Path=/axl; Secure; HttpOnly")
        return response

    async def _call(self, request: web.Request, account: SimAccount) -> web.Response:
        """Read the call and answer it: a result, a fault, or a page."""
        body = await _bounded_body(request)
        try:
            call = parse_request(body, request.headers.get("SOAPAction"), self._node.cluster.release.axl_versions)
        except NotUnderstood as problem:
            return pages.error_page(599, problem.message)
        try:
            wanted = _wanted(call)
        except OperationNotFound:
            fault = envelopes.operation_not_found(call, self._node.ip, self._node.https_port)
            return pages.soap_response(fault, 500)
        self._admit(wanted, account)
        try:
            return await self._carry_out(wanted, call)
        except AxlFault as problem:
            return pages.soap_response(envelopes.fault(call, problem), 500)
        except WriteForbidden as problem:
            return pages.soap_response(envelopes.fault(call, AxlFault(_DENIED, str(problem), "Client")), 500)

    def _admit(self, wanted: Operation, account: SimAccount) -> None:
        """Raises: _Refused for a write by a reader, or while writes are throttled."""
        if not wanted.writes:
            return
        if "axl" not in account.roles:
            raise _Refused(pages.error_page(403, "Access to the requested resource has been denied"))
        if CONNECTION_LOST in self._node.cluster.faults and self._writes_so_far() >= WRITES_BEFORE_LOSS:
            raise _ConnectionCut
        if THROTTLED in self._node.cluster.faults:
            raise _Refused(pages.error_page(503, "Service Unavailable: too many change notifications are outstanding"))

    async def _carry_out(self, wanted: Operation, request: Request) -> web.Response:
        """Run the operation; a write is recorded before anything else. Raises: AxlFault, WriteForbidden."""
        cluster = self._node.cluster
        if MEMORY_EXHAUSTED in cluster.faults:
            raise AxlFault(-1, _MEMORY, "Server")
        if wanted.writes:
            cluster.record_write("axl", wanted.name)
        call = AxlCall(self._node, request)
        result = await wanted.handler(call)
        strict = SCHEMA_STRICT in cluster.faults
        if wanted.name == "listPhone" and call.at_least("12.5") and not strict:
            headers = pages.SECURITY_HEADERS | {"Content-Type": "text/xml;charset=ISO-8859-1"}
            response = web.Response(body=envelopes.odd_answer(request, result), headers=headers)
            response.enable_chunked_encoding()
            return response
        return pages.soap_response(envelopes.answer(request, result, declare_xsi=call.at_least("14.0")))


def _wanted(call: Request) -> Operation:
    """The operation called, of a simulated kind or of another one that AXL has. Raises: OperationNotFound."""
    other = elsewhere(call.operation)
    if other is None:
        return operation(call.operation, call.version)
    return Operation(call.operation, call.version, other[0], other[1])


async def _bounded_body(request: web.Request) -> bytes:
    """The whole body. Raises: _Refused when it is larger than AXL takes."""
    parts, size = [], 0
    async for chunk in request.content.iter_chunked(65536):
        size += len(chunk)
        if size > LARGEST_REQUEST_BYTES:
            raise _Refused(pages.error_page(413, "The request is too large"))
        parts.append(chunk)
    return b"".join(parts)
