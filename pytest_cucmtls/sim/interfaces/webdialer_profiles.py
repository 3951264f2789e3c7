"""WebDialer's questions about a user: devices with their lines, the primary line, whether the user is this cluster's.

Served by `webdialer`; this module has the answers and their two spellings.
"""

from collections.abc import Callable
from xml.sax.saxutils import escape

from aiohttp import web
from lxml import etree

from pytest_cucmtls.sim.database import Row, repeated
from pytest_cucmtls.sim.descriptions.webdialer import LITERAL_WEBDIALER
from pytest_cucmtls.sim.provenance import Behaviour, Provenance
from pytest_cucmtls.sim.soap_server import Operation, answer, tag, text_tag
from pytest_cucmtls.sim.state import NodeState
from pytest_cucmtls.wire.soap import child, text_of

BEHAVIOURS = (
    Behaviour(
        "WebDialer",
        "getProfileDetailSoap and getPrimaryLine with their multi-reference replies",
        Provenance.RECORDED,
        "developer pages",
    ),
    Behaviour(
        "WebDialer", "getProfileSoap and isClusterUserSoap; both in 15 SU5", Provenance.SPECIFIED, "developer pages, a client"
    ),
    Behaviour("WebDialer", "a wrong password gets no primary line", Provenance.ASSUMED, "none found"),
)

SUCCESS = (0, "Success")
AUTHENTICATION_ERROR = (2, "Authentication error")
NO_DEVICE = (5, "No device is configured for the user")
_ENCODING = 'soapenv:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"'
_SPACES = 'xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:ns2="urn:WD70"'

Resolve = Callable[[etree._Element, etree._Element | None], etree._Element | None]


def routes(_node: NodeState) -> list[web.RouteDef]:
    """None of its own."""
    return []


def profile_operations(node: NodeState, resolve: Resolve, *, first: str, encoded: bool) -> dict[str, Operation]:
    """The four operations; `first` is the name of the first parameter, `resolve` follows references into the body."""
    write = _Encoded() if encoded else _Literal()

    def user_of(element: etree._Element) -> str | None:
        credential = resolve(element, child(element, first))
        name, password = (
            (text_of(credential, field) or "" for field in ("userID", "password")) if credential is not None else ("", "")
        )
        return name if node.cluster.account(name, password, "end-user") is not None else None

    async def detail(_request: web.Request, element: etree._Element) -> web.Response:
        return write.profile(node, "getProfileDetailSoap", user_of(element), detailed=True)

    async def short(_request: web.Request, element: etree._Element) -> web.Response:
        return write.profile(node, "getProfileSoap", user_of(element), detailed=False)

    async def primary(_request: web.Request, element: etree._Element) -> web.Response:
        return write.text("getPrimaryLine", "soapenc:string", _primary_line(node, user_of(element)))

    async def own_user(_request: web.Request, element: etree._Element) -> web.Response:
        asked = text_of(element, first)
        known = any(one.user == asked and "end-user" in one.roles for one in node.cluster.accounts)
        return write.text("isClusterUserSoap", "xsd:boolean", "true" if known else "false")

    return {"getProfileDetailSoap": detail, "getProfileSoap": short, "getPrimaryLine": primary, "isClusterUserSoap": own_user}


def _phones(node: NodeState, user: str) -> list[Row]:
    return [phone for phone in node.database.rows("phone") if phone.get("ownerUserName") == user]


def _lines(phone: Row) -> list[str]:
    """``number ; partition`` of every line."""
    numbers = (line["dirn"] for line in repeated(phone, "lines"))
    return [f"{one['pattern']} ; {one.get('routePartitionName') or 'no partition'}" for one in numbers]


def _primary_line(node: NodeState, user: str | None) -> str:
    row = node.database.find("user", userid=user) if user else None
    return str(row.get("primaryExtension") or "") if row is not None else ""


def _result(node: NodeState, user: str | None) -> tuple[tuple[int, str], list[Row]]:
    if user is None:
        return AUTHENTICATION_ERROR, []
    phones = _phones(node, user)
    return (SUCCESS, phones) if phones else (NO_DEVICE, [])


class _Encoded:
    """rpc/encoded: values stand beside the response, each under an id."""

    def text(self, operation: str, kind: str, value: str) -> web.Response:
        """A single value, in the response itself."""
        inside = f'<{operation}Return {_SPACES} xsi:type="{kind}">{escape(value)}</{operation}Return>'
        return answer(f'<ns1:{operation}Response {_ENCODING} xmlns:ns1="urn:WD70">{inside}</ns1:{operation}Response>')

    def profile(self, node: NodeState, operation: str, user: str | None, *, detailed: bool) -> web.Response:
        """The user's devices, each a reference of its own."""
        (code, description), phones = _result(node, user)
        listed, kind = ("deviceInfoListDetail", "WDDeviceInfoDetail") if detailed else ("deviceInfoList", "WDDeviceInfo")
        references = "".join(f'<item href="#id{place}"/>' for place in range(1, len(phones) + 1))
        array = f'<{listed} soapenc:arrayType="ns2:{kind}[{len(phones)}]" xsi:type="soapenc:Array">{references}</{listed}>'
        inside = (
            f'<description xsi:type="soapenc:string">{escape(description)}</description>{array if phones else nil(listed)}'
            f'<responseCode xsi:type="xsd:int">{code}</responseCode>'
        )
        whole = self._multi(0, "ConfigResponseDetail" if detailed else "GetConfigResponse", inside)
        devices = "".join(self._multi(place, kind, self._device(phone, detailed)) for place, phone in enumerate(phones, 1))
        reference = f'<{operation}Return href="#id0"/>'
        head = f'<ns1:{operation}Response {_ENCODING} xmlns:ns1="urn:WD70">{reference}</ns1:{operation}Response>'
        return answer(head + whole + devices)

    def _multi(self, number: int, kind: str, content: str) -> str:
        return f'<multiRef {_SPACES} id="id{number}" soapenc:root="0" {_ENCODING} xsi:type="ns2:{kind}">{content}</multiRef>'

    def _device(self, phone: Row, detailed: bool) -> str:
        lines = _lines(phone)
        items = "".join(f'<item xsi:type="soapenc:string">{escape(line)}</item>' for line in lines)
        names = {"deviceName": "name", **({"phoneDesc": "description", "phoneType": "product"} if detailed else {})}
        texts = [f'<{name} xsi:type="soapenc:string">{escape(str(phone.get(key) or ""))}</{name}>' for name, key in names.items()]
        array = f'<lines soapenc:arrayType="soapenc:string[{len(lines)}]" xsi:type="soapenc:Array">{items}</lines>'
        return "".join([texts[0], array, *texts[1:]])


class _Literal:
    """document/literal: everything stands where it belongs."""

    def text(self, operation: str, _kind: str, value: str) -> web.Response:
        """A single value."""
        return self._answer(operation, text_tag("ns2:return", value))

    def profile(self, node: NodeState, operation: str, user: str | None, *, detailed: bool) -> web.Response:
        """The user's devices, one element each."""
        (code, description), phones = _result(node, user)
        listed = "deviceInfoListDetail" if detailed else "deviceInfoList"
        devices = (tag(listed, *self._device(phone, detailed)) for phone in phones)
        content = (text_tag("description", description), *devices, text_tag("responseCode", code))
        return self._answer(operation, tag("ns2:return", *content))

    def _device(self, phone: Row, detailed: bool) -> list[str]:
        more = [text_tag("phoneDesc", phone.get("description") or ""), text_tag("phoneType", phone.get("product") or "")]
        lines = (text_tag("lines", line) for line in _lines(phone))
        return [text_tag("deviceName", phone["name"]), *lines, *(more if detailed else ())]

    def _answer(self, operation: str, content: str) -> web.Response:
        spaces = f'xmlns:ns2="{LITERAL_WEBDIALER.namespace}" xmlns="{LITERAL_WEBDIALER.namespace}"'
        return answer(f"<ns2:{operation}Response {spaces}>{content}</ns2:{operation}Response>")


def nil(name: str) -> str:
    """An array that is not there."""
    return f'<{name} xsi:nil="true"/>'
