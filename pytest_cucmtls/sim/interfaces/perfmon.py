"""Perfmon: counters of calls, phones and trunks, at once or by session, with its limit of requests per minute."""

import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence

from aiohttp import web
from lxml import etree

from pytest_cucmtls.sim.calls.views import CallView, calls_of
from pytest_cucmtls.sim.descriptions.perfmon import PERFMON
from pytest_cucmtls.sim.descriptions.serving import description_route
from pytest_cucmtls.sim.provenance import Behaviour, Provenance
from pytest_cucmtls.sim.request_rate import RequestRate
from pytest_cucmtls.sim.soap_server import Operation, SoapRefusal, answer, guarded_service, response, tag, text_tag
from pytest_cucmtls.sim.state import CALL_MANAGER_SERVICE, NodeState
from pytest_cucmtls.wire.soap import child, children, text_of

BEHAVIOURS = (
    Behaviour("Perfmon", "operations, counter paths, Name, Value and CStatus", Provenance.SPECIFIED, "a published client"),
    Behaviour("Perfmon", "fault of the eighty-first request within a minute", Provenance.SPECIFIED, "a published client"),
    Behaviour("Perfmon", "objects Cisco CallManager and Cisco SIP, CallsActive", Provenance.SPECIFIED, "a published client"),
    Behaviour(
        "Perfmon", "every node tells the counters of every node of its cluster", Provenance.SPECIFIED, "a published client"
    ),
    Behaviour(
        "Perfmon", "which other counters exist, CStatus 1, texts of descriptions and refusals", Provenance.ASSUMED, "none found"
    ),
)

RATE_PARAMETER = "Allowed Performance Queries Per Minute"
ALLOWED_PER_MINUTE = 80

_REALM = "Perfmon Service"
_CALL_MANAGER, _SIP = "Cisco CallManager", "Cisco SIP"
_COUNTER_PATH = re.compile(r"\\\\([^\\]+)\\([^\\(]+?)(?:\(([^)]*)\))?\\([^\\]+)")
_VALID = 1
_MOST_SESSIONS, _MOST_COUNTERS = 100, 3000

Counter = Callable[[Sequence[CallView]], int]

_CALL_COUNTERS: dict[str, Counter] = {
    "CallsActive": lambda calls: sum(call.answered and not call.over for call in calls),
    "CallsAttempted": len,
    "CallsCompleted": lambda calls: sum(call.answered and call.over for call in calls),
    "CallsInProgress": lambda calls: sum(not call.over for call in calls),
}
"""Computed from the calls of the node, or of one trunk."""


_DESCRIPTIONS = {
    "CallsActive": "Calls that are answered and not yet over.",
    "CallsAttempted": "Calls that were tried since the service started.",
    "CallsCompleted": "Calls that were answered and are over.",
    "CallsInProgress": "Calls that were begun and are not yet over.",
    "EncryptedCallsCompleted": "Calls that were answered, had encrypted media and are over.",
    "InitializationState": "How far the service is with starting, in percent.",
    "RegisteredHardwarePhones": "Phones that are registered with this node.",
}
"""Our own words: what each counter counts here."""


def routes(node: NodeState) -> list[web.RouteDef]:
    """The one service."""
    rate = RequestRate(node.cluster, RATE_PARAMETER, ALLOWED_PER_MINUTE, "Perfmon")
    operations = {**_at_once(node), **_by_session(node)}

    def limited(operation: Operation) -> Operation:
        async def ask(request: web.Request, element: etree._Element) -> web.Response:
            rate.count()
            return await operation(request, element)

        return ask

    guarded = {name: limited(operation) for name, operation in operations.items()}
    return [description_route(node, PERFMON, _REALM), web.post(PERFMON.path, guarded_service(node, _REALM, guarded))]


def _at_once(node: NodeState) -> dict[str, Operation]:
    async def collect(_request: web.Request, element: etree._Element) -> web.Response:
        host, asked = _asked_host(node, element)
        counters = _counters(asked, _known_object(asked, element))
        values = [_value(_path(host, name), value) for name, value in counters.items()]
        return _answer("perfmonCollectCounterData", *values)

    async def list_counters(_request: web.Request, element: etree._Element) -> web.Response:
        _asked_host(node, element)
        return _answer("perfmonListCounter", *(_listed(name) for name in (_CALL_MANAGER, _SIP)))

    async def list_instances(_request: web.Request, element: etree._Element) -> web.Response:
        asked = _asked_host(node, element)[1]
        names = _trunk_names(asked) if _known_object(asked, element) == _SIP else []
        return _answer("perfmonListInstance", *(text_tag("ns1:Name", name) for name in names))

    async def describe(_request: web.Request, element: etree._Element) -> web.Response:
        path = text_of(element, "Counter") or ""
        _read(node, path)
        words = _DESCRIPTIONS[path.rpartition("\\")[2]]
        return answer(response("perfmonQueryCounterDescription", text_tag("perfmonQueryCounterDescriptionReturn", words)))

    return {
        "perfmonQueryCounterDescription": describe,
        "perfmonCollectCounterData": collect,
        "perfmonListCounter": list_counters,
        "perfmonListInstance": list_instances,
    }


def _by_session(node: NodeState) -> dict[str, Operation]:
    """Sessions hold counter paths; the oldest is forgotten when there are too many."""
    sessions: OrderedDict[str, list[str]] = OrderedDict()

    def known(element: etree._Element) -> list[str]:
        handle = text_of(element, "SessionHandle") or ""
        if handle not in sessions:
            raise SoapRefusal(f"Invalid session handle {handle}", "Client")
        return sessions[handle]

    async def open_session(_request: web.Request, _element: etree._Element) -> web.Response:
        handle = secrets.token_hex(16)
        sessions[handle] = []
        while len(sessions) > _MOST_SESSIONS:
            sessions.popitem(last=False)
        return answer(response("perfmonOpenSession", text_tag("ns1:perfmonOpenSessionReturn", handle)))

    async def add(_request: web.Request, element: etree._Element) -> web.Response:
        counters, wanted = known(element), _paths(element)
        for path in wanted:
            _read(node, path)
        if len(counters) + len(wanted) > _MOST_COUNTERS:
            raise SoapRefusal(f"A session holds at most {_MOST_COUNTERS} counters", "Client")
        counters.extend(path for path in wanted if path not in counters)
        return answer(response("perfmonAddCounter"))

    async def remove(_request: web.Request, element: etree._Element) -> web.Response:
        counters, unwanted = known(element), _paths(element)
        counters[:] = [path for path in counters if path not in unwanted]
        return answer(response("perfmonRemoveCounter"))

    async def collect(_request: web.Request, element: etree._Element) -> web.Response:
        return _answer("perfmonCollectSessionData", *(_value(path, _read(node, path)) for path in known(element)))

    async def close(_request: web.Request, element: etree._Element) -> web.Response:
        known(element)
        del sessions[text_of(element, "SessionHandle") or ""]
        return answer(response("perfmonCloseSession"))

    return {
        "perfmonOpenSession": open_session,
        "perfmonAddCounter": add,
        "perfmonRemoveCounter": remove,
        "perfmonCollectSessionData": collect,
        "perfmonCloseSession": close,
    }


def _counters(node: NodeState, name: str) -> dict[str, int]:
    """``Object\\Counter`` or ``Object(instance)\\Counter`` to value."""
    calls = calls_of(node)
    if name == _SIP:
        return {
            f"{_SIP}({trunk})\\{counter}": count([call for call in calls if call.trunk == trunk])
            for trunk in _trunk_names(node)
            for counter, count in _CALL_COUNTERS.items()
        }
    found = {counter: count(calls) for counter, count in _CALL_COUNTERS.items()}
    found["EncryptedCallsCompleted"] = sum(call.over and call.answered and call.encrypted for call in calls)
    running = node.services[CALL_MANAGER_SERVICE].status == "Started"
    found["InitializationState"] = 100 if running else 0
    found["RegisteredHardwarePhones"] = _registered_phones(node)
    return {f"{_CALL_MANAGER}\\{counter}": value for counter, value in found.items()}


def _registered_phones(node: NodeState) -> int:
    if node.call_manager is None:
        return 0
    names = [str(row["name"]) for row in node.database.rows("phone")]
    return sum(node.call_manager.phone_status(name)[0] == "Registered" for name in names)


def _trunk_names(node: NodeState) -> list[str]:
    return [str(row["name"]) for row in node.database.rows("sipTrunk")]


def _asked_host(node: NodeState, element: etree._Element) -> tuple[str, NodeState]:
    """The host as it was written and the node of the cluster it is. Raises: SoapRefusal for a stranger."""
    host = text_of(element, "Host") or ""
    asked = node.cluster.node(host)
    if asked is None:
        raise SoapRefusal(f"Host {host!r} is no server of this cluster", "Client")
    return host, asked


def _known_object(node: NodeState, element: etree._Element) -> str:
    name = text_of(element, "Object") or ""
    if name not in (_CALL_MANAGER, _SIP):
        raise SoapRefusal(f"Object {name!r} does not exist on {node.name}", "Client")
    return name


def _paths(element: etree._Element) -> list[str]:
    listed = child(element, "ArrayOfCounter")
    counters = children(listed, "Counter") if listed is not None else ()
    return [text_of(counter, "Name") or "" for counter in counters]


def _read(node: NodeState, path: str) -> int:
    r"""Value of ``\\host\Object(instance)\Counter``. Raises: SoapRefusal."""
    found = _COUNTER_PATH.fullmatch(path)
    asked = node.cluster.node(found[1]) if found is not None else None
    if found is not None and asked is not None and found[2] in (_CALL_MANAGER, _SIP):
        instance = f"({found[3]})" if found[3] else ""
        value = _counters(asked, found[2]).get(f"{found[2]}{instance}\\{found[4]}")
        if value is not None:
            return value
    raise SoapRefusal(f"Counter {path} does not exist", "Client")


def _path(host: str, name: str) -> str:
    return f"\\\\{host}\\{name}"


def _value(path: str, value: int) -> str:
    return text_tag("ns1:Name", path) + text_tag("ns1:Value", value) + text_tag("ns1:CStatus", _VALID)


def _listed(name: str) -> str:
    own = list(_CALL_COUNTERS)
    counters = own if name == _SIP else [*own, "EncryptedCallsCompleted", "InitializationState", "RegisteredHardwarePhones"]
    items = (tag("ns1:item", text_tag("ns1:Name", counter)) for counter in counters)
    multiple = text_tag("ns1:MultiInstance", "true" if name == _SIP else "false")
    return text_tag("ns1:Name", name) + multiple + tag("ns1:ArrayOfCounter", *items)


def _answer(operation: str, *returns: str) -> web.Response:
    """One ``…Return`` element per item."""
    return answer(response(operation, *(tag(f"ns1:{operation}Return", content) for content in returns)))
