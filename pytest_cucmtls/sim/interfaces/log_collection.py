"""Log collection: which trace files a node has (``listNodeServiceLogs``, ``selectLogFiles``)."""

import asyncio
import re
import secrets
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aiohttp import web
from lxml import etree

from pytest_cucmtls.sim.descriptions.log_collection import LOG_COLLECTION
from pytest_cucmtls.sim.descriptions.serving import description_route
from pytest_cucmtls.sim.log_services import asked_file, session_service
from pytest_cucmtls.sim.logs.late import LateFiles
from pytest_cucmtls.sim.logs.listing import SERVICE_FOLDERS, SYSTEM_FOLDERS, absolute_path, files_below, modified_at
from pytest_cucmtls.sim.provenance import Behaviour, Provenance
from pytest_cucmtls.sim.service_sessions import ServiceSessions
from pytest_cucmtls.sim.soap_server import AST_NAMESPACE, Operation, SoapRefusal, envelope, response, tag, text_tag
from pytest_cucmtls.sim.state import NodeState
from pytest_cucmtls.wire.multipart import Part, write_parts
from pytest_cucmtls.wire.soap import child, children, text_of

BEHAVIOURS = (
    Behaviour(
        "log collection",
        "listNodeServiceLogs, selectLogFiles, forms of dates and zones",
        Provenance.SPECIFIED,
        "published samples of requests and replies",
    ),
    Behaviour(
        "log collection", "multipart reply with one XML part", Provenance.SPECIFIED, "published samples of requests and replies"
    ),
    Behaviour("log collection", "without dates every file is selected", Provenance.SPECIFIED, "a published client"),
    Behaviour(
        "log collection",
        "GetOneFile here too, the file as an attachment (XOP)",
        Provenance.ASSUMED,
        "the vendor's published description says base64Binary of any content",
    ),
    Behaviour("log collection", "bare XML on 9.1 and 10.5", Provenance.ASSUMED, "both forms are reported, not for which release"),
    Behaviour("log collection", "the minute of ToDate belongs to the selection", Provenance.ASSUMED, "none found"),
    Behaviour(
        "log collection",
        "captures are the system log Packet Capture Logs",
        Provenance.ASSUMED,
        "name of the real-time monitoring tool",
    ),
)

WINDOW_IN_OWN_ZONE = "log_window_in_own_zone"
"""Behaviour name (`ClusterState.faults`): dates are taken in the node's own zone, whatever TimeZone says."""
_REALM = "Log Collection Service"
_LAST_BARE_MAJOR = 10
_TIME_FORM = "%m/%d/%y %I:%M %p"
_ZONE_NAME = re.compile(r"([A-Za-z]+(?:/[A-Za-z0-9_+-]+){1,2})\s*$")
_ZONE_OFFSET = re.compile(r"GMT([+-]?\d{1,2}):(\d{1,2})")


def routes(node: NodeState) -> list[web.RouteDef]:
    """The one service."""
    sessions = ServiceSessions("/logcollectionservice2")
    late = LateFiles(node.cluster)

    async def list_services(_request: web.Request, _element: etree._Element) -> web.Response:
        listed = tag(
            "ns1:listNodeServiceLogsReturn",
            text_tag("ns1:name", node.name),
            tag("ns1:ServiceLog", *(text_tag("ns1:item", name) for name in SERVICE_FOLDERS)),
            tag("ns1:SystemLog", *(text_tag("ns1:item", name) for name in SYSTEM_FOLDERS)),
        )
        return _answer(node, response("listNodeServiceLogs", listed))

    async def select_files(_request: web.Request, element: etree._Element) -> web.Response:
        criteria = child(element, "FileSelectionCriteria")
        if criteria is None:
            raise SoapRefusal("FileSelectionCriteria is missing", "Client")
        return _answer(node, _selected(node, criteria, late))

    async def get_file(_request: web.Request, element: etree._Element) -> web.Response:
        path = await asyncio.to_thread(asked_file, node, (element.text or "").strip(), late)
        return _attached(await asyncio.to_thread(path.read_bytes))

    operations: dict[str, Operation] = {
        "listNodeServiceLogs": list_services,
        "selectLogFiles": select_files,
        "FileName": get_file,  # the body element of GetOneFile is its only field
    }

    return [
        description_route(node, LOG_COLLECTION, _REALM),
        web.post(LOG_COLLECTION.path, session_service(node, _REALM, sessions, operations)),
    ]


def _attached(content: bytes) -> web.Response:
    """The file beside an answer that only points to it (XOP 1.0 §2)."""
    boundary = f"MIMEBoundaryurn_uuid_{secrets.token_hex(16).upper()}"
    place = "1.urn:uuid:simulator"
    include = f'<xop:Include href="cid:{place}" xmlns:xop="http://www.w3.org/2004/08/xop/include"/>'
    told = envelope(f'<ns1:GetOneFileReturn xmlns:ns1="{AST_NAMESPACE}">{include}</ns1:GetOneFileReturn>')
    root_type = 'application/xop+xml; charset=utf-8; type="text/xml"'
    root = Part((("Content-Type", root_type), ("Content-ID", "<0.urn:uuid:simulator>")), told)
    attachment = (("Content-Type", "application/octet-stream"), ("Content-Transfer-Encoding", "binary"))
    file = Part((*attachment, ("Content-ID", f"<{place}>")), content)
    media_type = f'multipart/related; type="application/xop+xml"; start="<0.urn:uuid:simulator>"; boundary={boundary}'
    return web.Response(body=write_parts((root, file), boundary), headers={"Content-Type": media_type})


def _selected(node: NodeState, criteria: etree._Element, late: LateFiles) -> str:
    zone = _zone(text_of(criteria, "TimeZone") or "")
    if WINDOW_IN_OWN_ZONE in node.cluster.faults:
        zone = ZoneInfo(node.time_zone)
    first, last = text_of(criteria, "FromDate") or "", text_of(criteria, "ToDate") or ""
    since = _time(first, "FromDate", zone) if first else datetime.min.replace(tzinfo=UTC)
    # The field has minutes only: a file of the last minute named belongs to the selection.
    until = _time(last, "ToDate", zone) + timedelta(minutes=1) if last else datetime.max.replace(tzinfo=UTC)
    services = _sets(node, criteria, "ServiceLogs", SERVICE_FOLDERS, (since, until), late)
    systems = _sets(node, criteria, "SystemLogs", SYSTEM_FOLDERS, (since, until), late)
    place = tag("ns1:Node", text_tag("ns1:name", node.name), tag("ns1:ServiceList", *services, *systems))
    result = tag("ns1:ResultSet", tag("ns1:SchemaFileSelectionResult", place))
    return response("selectLogFiles", result)


def _sets(
    node: NodeState,
    criteria: etree._Element,
    kind: str,
    folders: dict[str, str],
    times: tuple[datetime, datetime],
    late: LateFiles,
) -> list[str]:
    """One element per asked service that exists, with its files changed in [since, until) of `times`."""
    since, until = times
    asked = child(criteria, kind)
    names = [(item.text or "").strip() for item in children(asked, "item")] if asked is not None else []
    pattern = text_of(criteria, "SearchStr") or ""
    sets = []
    for name in names:
        if name not in folders:
            continue
        chosen = [
            path
            for path in files_below(node, folders[name])
            if since <= modified_at(path) < until and pattern in path.name and late.knows(absolute_path(node, path))
        ]
        sets.append(
            tag(f"ns1:{kind}", text_tag("ns1:name", name), tag("ns1:SetOfFiles", *(_file(node, path) for path in chosen)))
        )
    return sets


def _file(node: NodeState, path: Path) -> str:
    return tag(
        "ns1:File",
        text_tag("ns1:name", path.name),
        text_tag("ns1:absolutepath", absolute_path(node, path)),
        text_tag("ns1:filesize", path.stat().st_size),
        text_tag("ns1:modifiedDate", modified_at(path).strftime("%a %b %d %H:%M:%S UTC %Y")),
    )


def _zone(text: str) -> tzinfo:
    """Zone named at the end of ``Client: (GMT+0:0)Greenwich Mean Time-Europe/London``, else its offset, else UTC."""
    named = _ZONE_NAME.search(text)
    if named:
        try:
            return ZoneInfo(named.group(1))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    offset = _ZONE_OFFSET.search(text)
    if offset is None:
        return UTC
    hours, minutes = int(offset.group(1)), int(offset.group(2))
    shift = timedelta(hours=hours, minutes=minutes if hours >= 0 else -minutes)
    return timezone(shift) if abs(shift) < timedelta(hours=24) else UTC


def _time(text: str, name: str, zone: tzinfo) -> datetime:
    try:
        return datetime.strptime(text, _TIME_FORM).replace(tzinfo=zone)
    except ValueError:
        raise SoapRefusal(f"{name} {text!r} is not of the form MM/DD/YY HH:MM AM", "Client") from None


def _answer(node: NodeState, content: str) -> web.Response:
    body = envelope(content)
    if node.cluster.release.major <= _LAST_BARE_MAJOR:
        return web.Response(body=body, content_type="text/xml", charset="utf-8")
    boundary = f"MIMEBoundaryurn_uuid_{secrets.token_hex(16).upper()}"
    part = Part((("Content-Type", "text/xml; charset=utf-8"), ("Content-ID", "<0.urn:uuid:simulator>")), body)
    return web.Response(
        body=write_parts((part,), boundary),
        headers={"Content-Type": f'multipart/related; type="text/xml"; boundary={boundary}'},
    )
