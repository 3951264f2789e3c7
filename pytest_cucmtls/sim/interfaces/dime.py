"""DIME ``GetOneFile``: hands out one file of a node, as the second part of a multipart reply."""

import asyncio
import secrets

from aiohttp import web
from lxml import etree

from pytest_cucmtls.sim.descriptions.dime import DIME
from pytest_cucmtls.sim.descriptions.serving import description_route
from pytest_cucmtls.sim.log_services import asked_file, session_service
from pytest_cucmtls.sim.logs.late import LateFiles
from pytest_cucmtls.sim.provenance import Behaviour, Provenance
from pytest_cucmtls.sim.service_sessions import ServiceSessions
from pytest_cucmtls.sim.soap_server import envelope, response
from pytest_cucmtls.sim.state import NodeState
from pytest_cucmtls.wire.multipart import Part, write_parts
from pytest_cucmtls.wire.soap import text_of

BEHAVIOURS = (
    Behaviour("DIME", "GetOneFile and its two-part reply", Provenance.SPECIFIED, "published samples of requests and replies"),
    Behaviour("DIME", "fault FileName … do not exist", Provenance.SPECIFIED, "published samples of requests and replies"),
    Behaviour(
        "DIME",
        "its description: namespace, binding and operation",
        Provenance.SPECIFIED,
        "public clients that load it from a node",
    ),
    Behaviour("DIME", "the session of another service is HTTP 500", Provenance.SPECIFIED, "change log of a public client"),
)

_REALM = "Log Collection Service"


def routes(node: NodeState) -> list[web.RouteDef]:
    """The one service."""
    sessions = ServiceSessions("/logcollectionservice")
    late = LateFiles(node.cluster)

    async def get_file(_request: web.Request, element: etree._Element) -> web.Response:
        path = asked_file(node, text_of(element, "FileName") or "", late)
        return _answer(await asyncio.to_thread(path.read_bytes), path.name)

    return [
        description_route(node, DIME, _REALM),
        web.post(DIME.path, session_service(node, _REALM, sessions, {"GetOneFile": get_file})),
    ]


def _answer(content: bytes, name: str) -> web.Response:
    boundary = f"----=_Part_{secrets.randbelow(900) + 100}_{secrets.randbelow(10**9)}.{secrets.randbelow(10**12)}"
    first = Part(
        (("Content-Type", "text/xml; charset=UTF-8"), ("Content-Transfer-Encoding", "binary"), ("Content-Id", "<start>")),
        envelope(response("GetOneFile")),
    )
    second = Part(
        (
            ("Content-Type", "application/octet-stream"),
            ("Content-Transfer-Encoding", "binary"),
            ("Content-Id", f"<{name}>"),
        ),
        content,
    )
    return web.Response(
        body=write_parts((first, second), boundary),
        headers={"Content-Type": f'multipart/related; type="text/xml"; start="<start>"; boundary="{boundary}"'},
    )
