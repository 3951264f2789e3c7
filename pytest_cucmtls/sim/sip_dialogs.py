"""The SIP messages of one trunk call as CUCM writes them: dialog identifiers and header set (RFC 3261; platform.md §6.3)."""

import re
import secrets
from dataclasses import dataclass, field
from email.utils import format_datetime
from ipaddress import IPv4Address
from itertools import count

from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.sim.sip_connection import SipConnection
from pytest_cucmtls.sim.state import NodeState

ALLOW = "INVITE, OPTIONS, INFO, BYE, CANCEL, ACK, PRACK, UPDATE, REFER, SUBSCRIBE, NOTIFY"
SUPPORTED = "timer,resource-priority,replaces,X-cisco-srtp-fallback,Geolocation"
REASONS = {
    100: "Trying",
    180: "Ringing",
    200: "OK",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    480: "Temporarily Unavailable",
    481: "Call Leg/Transaction Does Not Exist",
    486: "Busy here",
    487: "Request Terminated",
    488: "Not Acceptable Media",
    500: "Server Internal Error",
    503: "Service Unavailable",
}
CAUSES = {403: 21, 404: 1, 408: 102, 480: 20, 486: 17, 487: 16, 488: 47, 500: 41, 503: 41}
"""Q.850 causes of final answers (RFC 4497 §8.4.4 where it has one)."""

NORMAL_CLEARING = 16

_URI_USER = re.compile(r"sips?:([^@;>]*)@")
_TAG = re.compile(r";tag=([^;>\s]+)")
_FIRST_RELEASE_WITH_SESSION_ID = 11
_counter = count(7)


@dataclass(slots=True)
class SipDialog:
    """One side's view of a dialog over a trunk connection."""

    node: NodeState
    connection: SipConnection
    call_id: str
    ci: int
    """CUCM's call identifier of the trunk leg, part of the tag."""
    local_number: str
    remote_number: str
    local_tag: str
    remote_tag: str = ""
    remote_target: str = ""
    """URI of the peer's Contact."""
    cseq: int = 100
    session_id: str = field(default_factory=lambda: secrets.token_hex(16))
    remote_session_id: str = "0" * 32

    @property
    def transport(self) -> str:
        """Word of the top Via."""
        return "TLS" if self.connection.secure else "TCP"

    @property
    def local_uri(self) -> str:
        """Our party at our address."""
        return f"sip:{self.local_number}@{self.node.ip}"

    def invite(self, host: str, port: int, called: str) -> SipMessage:
        """The first request: delayed offer, hence no body."""
        self.cseq += 1
        guid = "-".join(str(secrets.randbits(32)) for _ in range(4))
        extra = (
            ("Min-SE", "1800"),
            ("User-Agent", f"Cisco-CUCM{self.node.cluster.release.sip_version}"),
            ("Allow", ALLOW),
            ("CSeq", f"{self.cseq} INVITE"),
            ("Expires", "180"),
            ("Allow-Events", "presence, kpml"),
            ("Supported", SUPPORTED),
            ("Cisco-Guid", guid),
            ("Session-Expires", "1800"),
            *self._session(),
            *self._identity("calling"),
            ("Contact", self._contact()),
            ("Max-Forwards", "69"),
        )
        return self._request("INVITE", f"sip:{called}@{host}:{port}", extra)

    def options(self, host: str, port: int) -> SipMessage:
        """A ping: outside any call, nobody's number."""
        self.cseq += 1
        node = self.node.ip
        headers = (
            ("Via", f"SIP/2.0/{self.transport} {node}:{self._port()};branch=z9hG4bK{secrets.token_hex(5)}"),
            ("From", f"<sip:{node}>;tag={self.local_tag}"),
            ("To", f"<sip:{host}>"),
            ("Date", self._date()),
            ("Call-ID", self.call_id),
            ("User-Agent", self._agent()),
            ("CSeq", f"{self.cseq} OPTIONS"),
            ("Contact", f"<sip:{node}:{self._port()};transport={self.transport.lower()}>"),
            ("Max-Forwards", "0"),
            ("Content-Length", "0"),
        )
        return _request_message("OPTIONS", f"sip:{host}:{port}", headers, b"")

    def ack(self, body: bytes) -> SipMessage:
        """For a 2xx, with the answer of a delayed offer."""
        return self._within("ACK", (("Max-Forwards", "70"), ("CSeq", f"{self.cseq} ACK"), *_typed(body)), body)

    def ack_failure(self, invite: SipMessage, response: SipMessage) -> SipMessage:
        """For a final answer above 299: same branch as the INVITE (RFC 3261 §17.1.1.3)."""
        headers = (
            ("Via", invite.header("Via") or ""),
            ("From", invite.header("From") or ""),
            ("To", response.header("To") or ""),
            ("Call-ID", self.call_id),
            ("Max-Forwards", "70"),
            ("CSeq", f"{self.cseq} ACK"),
            ("Content-Length", "0"),
        )
        return _request_message("ACK", invite.request_uri or "", headers, b"")

    def cancel(self, invite: SipMessage) -> SipMessage:
        """Ends a call that nobody answered yet; same branch as the INVITE (RFC 3261 §9.1)."""
        headers = (
            *((name, invite.header(name) or "") for name in ("Via", "From", "To")),
            ("Call-ID", self.call_id),
            ("Max-Forwards", "70"),
            ("CSeq", f"{self.cseq} CANCEL"),
            ("Content-Length", "0"),
        )
        return _request_message("CANCEL", invite.request_uri or "", headers, b"")

    def bye(self) -> SipMessage:
        """Normal clearing."""
        self.cseq += 1
        extra = (
            ("User-Agent", f"Cisco-CUCM{self.node.cluster.release.sip_version}"),
            ("Max-Forwards", "70"),
            *self._identity("calling"),
            ("CSeq", f"{self.cseq} BYE"),
            ("Reason", f"Q.850;cause={NORMAL_CLEARING}"),
            *self._session(),
        )
        return self._within("BYE", extra, b"")

    def respond(self, request: SipMessage, status: int, body: bytes = b"", warning: str = "") -> SipMessage:
        """An answer to a request of this dialog, with the answering party where CUCM shows it."""
        to = request.header("To") or ""
        if status != 100 and ";tag=" not in to:
            to += f";tag={self.local_tag}"
        extra: list[tuple[str, str]] = [("Allow-Events", "presence")]
        if status == 100:
            extra = [("CSeq", request.header("CSeq") or ""), ("Allow-Events", "presence")]
        else:
            extra = [("CSeq", request.header("CSeq") or ""), ("Allow", ALLOW), *extra, ("Server", self._agent())]
        if request.method == "INVITE" and status in (180, 200):
            extra += [("Supported", SUPPORTED), *self._session(), *self._identity("called"), ("Contact", self._contact())]
        if status > 299:
            extra.append(("Reason", f"Q.850;cause={CAUSES[status]}"))
        if warning:
            extra.append(("Warning", warning))
        return response_message(request, status, (("To", to), *extra), self._date(), body)

    def learn(self, message: SipMessage) -> None:
        """Take the peer's tag, contact and session identifier from a message."""
        header = message.header("To" if message.status_code else "From") or ""
        tag = _TAG.search(header)
        contact = re.search(r"<([^>]+)>", message.header("Contact") or "")
        self.remote_tag = tag.group(1) if tag else self.remote_tag
        self.remote_target = contact.group(1) if contact else self.remote_target
        self.remote_session_id = (message.header("Session-ID") or self.remote_session_id).partition(";")[0]

    def _within(self, method: str, extra: tuple[tuple[str, str], ...], body: bytes) -> SipMessage:
        return self._request(method, self.remote_target or f"sip:{self.remote_number}@{self.connection.peer.ip}", extra, body)

    def _request(self, method: str, uri: str, extra: tuple[tuple[str, str], ...], body: bytes = b"") -> SipMessage:
        remote = f"<sip:{self.remote_number}@{self.connection.peer.ip}>" + (f";tag={self.remote_tag}" if self.remote_tag else "")
        headers = (
            ("Via", f"SIP/2.0/{self.transport} {self.node.ip}:{self._port()};branch=z9hG4bK{secrets.token_hex(5)}"),
            ("From", f"<{self.local_uri}>;tag={self.local_tag}"),
            ("To", remote),
            ("Date", self._date()),
            ("Call-ID", self.call_id),
            *extra,
            ("Content-Length", str(len(body))),
        )
        return _request_message(method, uri, headers, body)

    def _identity(self, party: str) -> tuple[tuple[str, str], ...]:
        return (
            ("P-Asserted-Identity", f"<{self.local_uri}>"),
            ("Remote-Party-ID", f"<{self.local_uri}>;party={party};screen=yes;privacy=off"),
        )

    def _session(self) -> tuple[tuple[str, str], ...]:
        if self.node.cluster.release.major < _FIRST_RELEASE_WITH_SESSION_ID:
            return ()
        return (("Session-ID", f"{self.session_id};remote={self.remote_session_id}"),)

    def _contact(self) -> str:
        return f"<{self.local_uri}:{self._port()};transport={self.transport.lower()}>"

    def _port(self) -> int:
        return self.node.sip_port if self.connection.secure else 5060

    def _agent(self) -> str:
        return f"Cisco-CUCM{self.node.cluster.release.sip_version}"

    def _date(self) -> str:
        return sip_date(self.node)


def response_message(
    request: SipMessage, status: int, headers: tuple[tuple[str, str], ...], date: str, body: bytes = b""
) -> SipMessage:
    """An answer: Via, From and Call-ID of the request, then the given headers (`To` among them)."""
    to = next(value for name, value in headers if name == "To")
    rest = tuple(pair for pair in headers if pair[0] != "To")
    via = tuple(("Via", value) for name, value in request.headers if name == "Via")
    first = (
        *via,
        ("From", request.header("From") or ""),
        ("To", to),
        ("Date", date),
        ("Call-ID", request.call_id or ""),
    )
    reason = REASONS[status]
    content = (*_typed(body), ("Content-Length", str(len(body))))
    return SipMessage(f"SIP/2.0 {status} {reason}", (*first, *rest, *content), body, status_code=status, reason_phrase=reason)


def sip_date(node: NodeState) -> str:
    """The node's clock as RFC 3261 §20.17 wants it."""
    return format_datetime(node.now(), usegmt=True)


def new_call_id(node: NodeState) -> str:
    """``<hex>-<hex>-<n>-<address, bytes reversed>@<address>``."""
    reversed_address = bytes(reversed(IPv4Address(node.ip).packed)).hex()
    return f"{secrets.token_hex(4)}-{secrets.token_hex(4)}-{next(_counter):x}-{reversed_address}@{node.ip}"


def new_tag(session: int, cluster_id: str, ci: int) -> str:
    """``<n>~<cluster id>-<CI>``."""
    return f"{session}~{cluster_id}-{ci}"


def user_of(value: str) -> str:
    """User part of the first SIP URI in a header or request line, "" without one."""
    found = _URI_USER.search(value)
    return found.group(1) if found else ""


def _typed(body: bytes) -> tuple[tuple[str, str], ...]:
    return (("Content-Type", "application/sdp"),) if body else ()


def _request_message(method: str, uri: str, headers: tuple[tuple[str, str], ...], body: bytes) -> SipMessage:
    return SipMessage(f"{method} {uri} SIP/2.0", headers, body, method=method, request_uri=uri)
