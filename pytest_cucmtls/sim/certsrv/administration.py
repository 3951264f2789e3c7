"""What the CA's administrator does with certsrv.msc on a real one: look at the requests, issue them, deny them."""

from collections.abc import Callable

from aiohttp import web

from pytest_cucmtls.sim.certsrv.authority import EnterpriseAuthority


def administration_routes(authority: EnterpriseAuthority, is_administrator: Callable[[], bool]) -> list[web.RouteDef]:
    """``GET /simulator/requests``; ``POST /simulator/issue?ReqID=N`` and ``/simulator/deny?ReqID=N``, for the administrator."""

    def listed(status: int = 200) -> web.Response:
        rows = [
            {"number": made.number, "requester": made.requester, "disposition": made.disposition, "message": made.message}
            for made in authority.requests.values()
        ]
        return web.json_response(rows, status=status)

    def refused(request: web.Request) -> web.Response | None:
        if not is_administrator():
            return web.Response(status=403, text="for the administrator of the CA only")
        number = request.query.get("ReqID", "")
        if not number.isdecimal() or int(number) not in authority.requests:
            return web.Response(status=404, text="no such request")
        return None

    async def show(request: web.Request) -> web.Response:
        del request
        return listed() if is_administrator() else web.Response(status=403, text="for the administrator of the CA only")

    async def issue(request: web.Request) -> web.Response:
        refusal = refused(request)
        if refusal is None:
            authority.issue(int(request.query["ReqID"]))
        return refusal or listed()

    async def deny(request: web.Request) -> web.Response:
        refusal = refused(request)
        if refusal is None:
            authority.deny(int(request.query["ReqID"]))
        return refusal or listed()

    return [
        web.get("/simulator/requests", show),
        web.post("/simulator/issue", issue),
        web.post("/simulator/deny", deny),
    ]
