"""SIP requests and answers of our own phone, written and read: one dialog's identifiers (RFC 3261 §8, §12)."""

import re
from dataclasses import dataclass, field

from pytest_cucmtls.model.sip import SipMessage

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, NOTIFY"
USER_AGENT = "pytest-cucmtls"
SRTP_FALLBACK = "X-cisco-srtp-fallback"
"""Cisco's option tag: a secure offer may be answered with plain RTP."""
REASONS = {
    100: "Trying",
    180: "Ringing",
    200: "OK",
    405: "Method Not Allowed",
    420: "Bad Extension",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    491: "Request Pending",
    500: "Server Internal Error",
    603: "Decline",
}
_TAG = re.compile(r";\s*tag=([^;>,\s]{1,256})", re.IGNORECASE)
_MOST_ROUTES = 32

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PhoneIdentity:
    """Who the phone is, and where it and its node are."""

    number: str
    domain: str
    """Host part of addresses of record: the node's address."""
    node_port: int
    contact_ip: str
    contact_port: int
    transport: str
    """``udp``, ``tcp`` or ``tls``."""
    instance: str = ""
    """UUID of ``+sip.instance`` (RFC 5626); "" leaves it out."""

    @property
    def record(self) -> str:
        """Address of record."""
        return f"sip:{self.number}@{_host(self.domain)}"

    @property
    def contact(self) -> str:
        """Value of Contact."""
        return f"<sip:{self.number}@{_host(self.contact_ip)}:{self.contact_port};transport={self.transport}>"

    @property
    def registrar(self) -> str:
        """Request URI of REGISTER."""
        return f"sip:{_host(self.domain)}"

    def uri_of(self, number: str) -> str:
        """Where a number is dialled."""
        return f"sip:{number}@{_host(self.domain)}:{self.node_port};transport={self.transport}"

    def via(self, branch: str) -> str:
        """Value of Via, asking for the answer at the port the request came from (RFC 3581)."""
        place = f"{_host(self.contact_ip)}:{self.contact_port}"
        return f"SIP/2.0/{self.transport.upper()} {place};branch={branch};rport"


@dataclass(slots=True)
class Dialog:
    """One call or registration as our side sees it."""

    identity: PhoneIdentity
    call_id: str
    local_tag: str
    remote_uri: str
    """Address of the other party, for To."""
    remote_tag: str = ""
    remote_target: str = ""
    """URI of the peer's Contact; until it is known, the request URI of the first request."""
    route_set: tuple[str, ...] = ()
    cseq: int = 0
    peer_cseq: int = -1
    local_uri: str = ""
    _learned_routes: bool = field(default=False, repr=False)

    def request(
        self, method: str, branch: str, *, headers: Headers = (), body: bytes = b"", content_type: str = "application/sdp"
    ) -> SipMessage:
        """The next request of this dialog."""
        self.cseq += 1
        return self._request(method, branch, self.cseq, headers, body, content_type)

    def ack(self, branch: str, invite_cseq: int, body: bytes = b"") -> SipMessage:
        """For a 2xx: a request of its own, with the INVITE's number (RFC 3261 §13.2.2.4)."""
        return self._request("ACK", branch, invite_cseq, (), body, "application/sdp")

    def answer(self, request: SipMessage, status: int, *, headers: Headers = (), body: bytes = b"") -> SipMessage:
        """An answer that carries our tag."""
        return answer_to(request, status, self.local_tag, headers=headers, body=body)

    def learn(self, message: SipMessage) -> None:
        """Take tag, contact and route from a message that builds or refreshes the dialog (RFC 3261 §12.1, §12.2)."""
        is_answer = message.status_code is not None
        self.remote_tag = tag_in(message.header("To" if is_answer else "From")) or self.remote_tag
        contact = uri_in(message.header("Contact") or "")
        if contact:
            self.remote_target = contact
        if not self._learned_routes:
            values = [value for name, value in message.headers if name == "Record-Route"]
            routes = [part.strip() for value in values for part in value.split(",") if part.strip()][:_MOST_ROUTES]
            self.route_set = tuple(reversed(routes)) if is_answer else tuple(routes)
            self._learned_routes = not is_answer or (message.status_code or 0) >= 200

    def owns(self, message: SipMessage) -> bool:
        """The message belongs here: Call-ID, and the tags as far as they are known."""
        if message.call_id != self.call_id:
            return False
        if message.status_code is not None:
            return tag_in(message.header("From")) in ("", self.local_tag)
        theirs = tag_in(message.header("From"))
        return tag_in(message.header("To")) in ("", self.local_tag) and (not self.remote_tag or theirs in ("", self.remote_tag))

    def _request(self, method: str, branch: str, number: int, headers: Headers, body: bytes, kind: str) -> SipMessage:
        identity = self.identity
        uri = self.remote_target or self.remote_uri
        to = f"<{self.remote_uri}>" + (f";tag={self.remote_tag}" if self.remote_tag else "")
        content: Headers = (("Content-Type", kind),) if body else ()
        every: Headers = (
            ("Via", identity.via(branch)),
            *(("Route", route) for route in self.route_set),
            ("Max-Forwards", "70"),
            ("From", f"<{self.local_uri or identity.record}>;tag={self.local_tag}"),
            ("To", to),
            ("Call-ID", self.call_id),
            ("CSeq", f"{number} {method}"),
            ("User-Agent", USER_AGENT),
            *headers,
            *content,
            ("Content-Length", str(len(body))),
        )
        return SipMessage(f"{method} {uri} SIP/2.0", every, body, method=method, request_uri=uri)


def answer_to(request: SipMessage, status: int, tag: str, *, headers: Headers = (), body: bytes = b"") -> SipMessage:
    """An answer to any request (RFC 3261 §8.2.6); `tag` is put into To where there is none."""
    to = request.header("To") or ""
    if status != 100 and not tag_in(to):
        to = f"{to};tag={tag}"
    content: Headers = (("Content-Type", "application/sdp"),) if body else ()
    every: Headers = (
        *(pair for pair in request.headers if pair[0] == "Via"),
        *(pair for pair in request.headers if pair[0] == "Record-Route" and 100 < status < 300),
        ("From", request.header("From") or ""),
        ("To", to),
        ("Call-ID", request.call_id or ""),
        ("CSeq", request.header("CSeq") or ""),
        ("Server", USER_AGENT),
        *headers,
        *content,
        ("Content-Length", str(len(body))),
    )
    reason = REASONS.get(status, "Unknown")
    return SipMessage(f"SIP/2.0 {status} {reason}", every, body, status_code=status, reason_phrase=reason)


def of_invite(invite: SipMessage, method: str, to: str) -> SipMessage:
    """CANCEL, or the ACK of a refusal: the INVITE's branch, route and number (RFC 3261 §9.1, §17.1.1.3)."""
    number = cseq_of(invite)[0]
    headers: Headers = (
        ("Via", invite.header("Via") or ""),
        *(pair for pair in invite.headers if pair[0] == "Route"),
        ("Max-Forwards", "70"),
        ("From", invite.header("From") or ""),
        ("To", to),
        ("Call-ID", invite.call_id or ""),
        ("CSeq", f"{number} {method}"),
        ("Content-Length", "0"),
    )
    uri = invite.request_uri or ""
    return SipMessage(f"{method} {uri} SIP/2.0", headers, method=method, request_uri=uri)


def tag_in(value: str | None) -> str:
    """The tag of a From or To value, "" without one."""
    found = _TAG.search((value or "")[:4096])
    return found.group(1) if found else ""


def branch_of(message: SipMessage) -> str:
    """The branch of the top Via, "" without one."""
    found = re.search(r";\s*branch=([^;,\s]{1,256})", (message.header("Via") or "")[:4096], re.IGNORECASE)
    return found.group(1) if found else ""


def cseq_of(message: SipMessage) -> tuple[int, str]:
    """(number, method); (-1, "") when the header is missing or no CSeq."""
    number, _, method = (message.header("CSeq") or "").strip().partition(" ")
    if not (number.isascii() and number.isdigit() and len(number) <= 10):
        return -1, ""
    return int(number), method.strip().upper()


def uri_in(value: str) -> str:
    """The URI between angle brackets, or up to the first parameter; "" when it could break a line or is none."""
    found = re.search(r"<([^<>\s]{1,1024})>", value[:4096])
    uri = found.group(1) if found else value.split(";")[0].split(",")[0].strip()
    return uri if uri.lower().startswith(("sip:", "sips:", "tel:")) and len(uri) <= 1024 and not re.search(r"\s", uri) else ""


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address
