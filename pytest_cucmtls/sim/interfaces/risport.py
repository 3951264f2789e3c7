"""RISPort70 ``selectCmDevice``: registration state of trunks and phones, with its limit of requests per minute."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web
from lxml import etree

from pytest_cucmtls.sim.database import Row, repeated
from pytest_cucmtls.sim.descriptions.risport import H323_FIELDS, RISPORT
from pytest_cucmtls.sim.descriptions.serving import description_route
from pytest_cucmtls.sim.provenance import Behaviour, Provenance
from pytest_cucmtls.sim.request_rate import RequestRate
from pytest_cucmtls.sim.soap_server import Operation, SoapRefusal, answer, guarded_service, nil_tag, response, tag, text_tag
from pytest_cucmtls.sim.state import NodeState
from pytest_cucmtls.wire.soap import child, children, text_of

BEHAVIOURS = (
    Behaviour(
        "RISPort", "selectCmDevice, its selection elements and reply", Provenance.RECORDED, "a published reply of a CUCM 15"
    ),
    Behaviour(
        "RISPort",
        "fault of the sixteenth request within a minute, with its typing error",
        Provenance.RECORDED,
        "several public threads",
    ),
    Behaviour(
        "RISPort", "selectCmDeviceExt answers as selectCmDevice does", Provenance.SPECIFIED, "the vendor's published description"
    ),
    Behaviour(
        "RISPort", "selection by name, address, directory number or description", Provenance.SPECIFIED, "a published client"
    ),
    Behaviour("RISPort", "selectCtiItem finds no application: none is simulated", Provenance.ASSUMED, "none found"),
    Behaviour("RISPort", "an unregistered device is shown at the first node", Provenance.ASSUMED, "none found"),
    Behaviour("RISPort", "flat reply without return wrapper on 9.1 and 10.5", Provenance.ASSUMED, "parsers that accept both"),
)

_REALM = "RealTime Service"
_MOST_DEVICES = 1000
_DEVICE_KINDS = {"sipTrunk": "SIPTrunk", "phone": "Phone"}
_LAST_FLAT_MAJOR = 10

RATE_PARAMETER = "Allowed Device Queries Per Minute"
"""Enterprise parameter; 15 when it is not set."""
ALLOWED_PER_MINUTE = 15


@dataclass(frozen=True, slots=True)
class _Selection:
    device_class: str
    status: str
    select_by: str
    items: tuple[str, ...]
    node: str
    """Empty: every node."""
    at_most: int

    def wants(self, kind: str, values: tuple[str, ...], status: str) -> bool:
        """Whether a device is meant; `values` is what it has of the property selected by."""
        return (
            self.device_class.lower() in ("", "any", _DEVICE_KINDS[kind].lower())
            and self.status.lower() in ("", "any", status.lower())
            and any(_matches(item, value) for item in self.items for value in values)
        )


def routes(node: NodeState) -> list[web.RouteDef]:
    """The one service."""
    rate = RequestRate(node.cluster, RATE_PARAMETER, ALLOWED_PER_MINUTE, "Realtime")

    async def select(_request: web.Request, element: etree._Element) -> web.Response:
        rate.count()
        selection = _selection(element)
        return answer(_reply(node, _found(_asked_nodes(node, selection.node), selection)))

    async def select_cti(_request: web.Request, element: etree._Element) -> web.Response:
        rate.count()
        return answer(_cti_reply(_asked_nodes(node, text_of(child(element, "CtiSelectionCriteria"), "NodeName") or "")))

    operations: dict[str, Operation] = {"selectCmDevice": select, "selectCmDeviceExt": select, "selectCtiItem": select_cti}
    return [
        description_route(node, RISPORT, _REALM),
        web.post(RISPORT.path, guarded_service(node, _REALM, operations)),
    ]


def _asked_nodes(node: NodeState, name: str) -> list[NodeState]:
    """The node of that name, or with an empty name every node of the cluster."""
    return [member for member in node.cluster.nodes if not name or node.cluster.node(name) is member]


def _found(members: list[NodeState], selection: _Selection) -> list[tuple[NodeState, list[str]]]:
    """Devices by node: each where it is registered; one that is registered nowhere at the first node asked about."""
    found: dict[str, list[str]] = {member.name: [] for member in members}
    left = selection.at_most
    for kind in _DEVICE_KINDS:
        for row in members[0].database.rows(kind) if members else ():
            states = [(member, *_state(member, kind, row["name"])) for member in members]
            shown = [state for state in states if state[1] != "UnRegistered"] or states[:1]
            for member, status, reason in shown:
                if left > 0 and selection.wants(kind, _SELECT_BY[selection.select_by](member, kind, row), status):
                    found[member.name].append(_device(member, kind, row, status, reason))
                    left -= 1
    return [(member, found[member.name]) for member in members]


def _selection(element: etree._Element) -> _Selection:
    criteria = child(element, "CmSelectionCriteria")
    if criteria is None:
        raise SoapRefusal("CmSelectionCriteria is missing", "Client")
    select_by = text_of(criteria, "SelectBy") or "Name"
    if select_by not in _SELECT_BY:
        raise SoapRefusal(f"SelectBy {select_by!r} is not simulated", "Client")
    most = text_of(criteria, "MaxReturnedDevices") or "200"
    items = child(criteria, "SelectItems")
    names = [text_of(item, "Item") or "" for item in children(items, "item")] if items is not None else []
    wanted = tuple(name.strip() for text in names for name in text.split(",") if name.strip())
    return _Selection(
        device_class=text_of(criteria, "DeviceClass") or "",
        status=text_of(criteria, "Status") or "",
        select_by=select_by,
        items=wanted or ("*",),
        node=text_of(criteria, "NodeName") or "",
        at_most=min(int(most), _MOST_DEVICES) if most.isdigit() else 200,
    )


def _matches(pattern: str, name: str) -> bool:
    """Name without case; ``*`` stands for anything."""
    expression = ".*".join(re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(expression, name, re.IGNORECASE) is not None


def _state(node: NodeState, kind: str, name: str) -> tuple[str, int]:
    if node.call_manager is None:
        return "Unknown", 1
    return node.call_manager.trunk_status(name) if kind == "sipTrunk" else node.call_manager.phone_status(name)


def _device(node: NodeState, kind: str, row: Row, status: str, reason: int) -> str:
    address = _address(node, kind, row)
    nested = tag("item", text_tag("IP", address), text_tag("IPAddrType", "ipv4"), text_tag("Attribute", "Unknown"))
    lines = _numbers(row)
    states = (tag("item", text_tag("DirectoryNumber", line), text_tag("Status", status)) for line in lines)
    return tag(
        "item",
        text_tag("Name", row["name"]),
        text_tag("DirNumber", ",".join(f"{line}-{status}" for line in lines)),
        text_tag("DeviceClass", _DEVICE_KINDS[kind]),
        text_tag("Model", 131 if kind == "sipTrunk" else 36225),
        text_tag("Product", 131 if kind == "sipTrunk" else 36225),
        text_tag("BoxProduct", 0),
        text_tag("Httpd", "No"),
        text_tag("RegistrationAttempts", 0),
        text_tag("IsCtiControllable", "true" if kind == "phone" else "false"),
        nil_tag("LoginUserId"),
        text_tag("Status", status),
        text_tag("StatusReason", reason),
        text_tag("PerfMonObject", 0),
        text_tag("DChannel", 0),
        text_tag("Description", row.get("description") or ""),
        tag("H323Trunk", *(nil_tag(name) for name in H323_FIELDS)),
        text_tag("TimeStamp", int(node.now().timestamp())),
        text_tag("Protocol", "SIP"),
        text_tag("NumOfLines", len(lines)),
        tag("LinesStatus", *states),
        *(nil_tag(name) for name in ("ActiveLoadID", "InactiveLoadID")),
        text_tag("DownloadStatus", "Unknown"),
        *(nil_tag(name) for name in ("DownloadFailureReason", "DownloadServer")),
        text_tag("IPAddress", address) if _is_flat(node) else tag("IPAddress", nested),
    )


def _address(node: NodeState, kind: str, row: Row) -> str:
    """A trunk's first destination; phones live on their node's own address."""
    if kind == "phone":
        return node.ip
    return next((place.get("addressIpv4") or "" for place in repeated(row, "destinations")), "")


def _numbers(row: Row) -> tuple[str, ...]:
    return tuple(str(line["dirn"]["pattern"]) for line in repeated(row, "lines"))


_SELECT_BY: dict[str, Callable[[NodeState, str, Row], tuple[str, ...]]] = {
    "Name": lambda _node, _kind, row: (str(row["name"]),),
    "IPV4Address": lambda node, kind, row: (_address(node, kind, row),),
    "DirNumber": lambda _node, _kind, row: _numbers(row),
    "Description": lambda _node, _kind, row: (str(row.get("description") or ""),),
}
"""What a device has of the property it is selected by; SIPStatus and IPV6Address are not simulated."""


def _is_flat(node: NodeState) -> bool:
    return node.cluster.release.major <= _LAST_FLAT_MAJOR


def _reply(node: NodeState, found: list[tuple[NodeState, list[str]]]) -> str:
    places = [
        tag(
            "item",
            text_tag("ReturnCode", "Ok" if devices else "NotFound"),
            text_tag("Name", member.name),
            text_tag("NoChange", "false"),
            tag("CmDevices", *devices),
        )
        for member, devices in found
    ]
    total = sum(len(devices) for _, devices in found)
    result = tag("SelectCmDeviceResult", text_tag("TotalDevicesFound", total), tag("CmNodes", *places))
    content = result + text_tag("StateInfo", "")
    return response("selectCmDevice", content if _is_flat(node) else tag("selectCmDeviceReturn", content))


def _cti_reply(members: list[NodeState]) -> str:
    places = [
        tag(
            "item",
            text_tag("ReturnCode", "NotFound"),
            text_tag("Name", member.name),
            text_tag("NoChange", "false"),
            "<CtiItems/>",
        )
        for member in members
    ]
    result = tag("SelectCtiItemResult", text_tag("TotalItemsFound", 0), tag("CtiNodes", *places))
    return response("selectCtiItem", tag("selectCtiItemReturn", result, text_tag("StateInfo", "")))
