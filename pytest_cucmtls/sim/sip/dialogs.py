"""SIP requests and answers of one call leg as CUCM writes them: identifiers and header set (RFC 3261; platform.md §6.3)."""

import re
import secrets
from dataclasses import dataclass, field

from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.sim.sip.headers import (
    ALLOW,
    NORMAL_CLEARING,
    SUPPORTED,
    cause_of_status,
    new_branch,
    request_message,
    response_message,
    sip_date,
    typed,
    uri_in,
)
from pytest_cucmtls.sim.sip.links import SipLink
from pytest_cucmtls.sim.sip.session_timer import SessionTimer
from pytest_cucmtls.sim.state import NodeState

PLAIN_PORT = 5060

_TAG = re.compile(r";tag=([^;>\s]+)")
_FIRST_RELEASE_WITH_SESSION_ID = 11

Headers = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class SipDialog:
    """One side's view of a dialog over a link."""

    node: NodeState
    connection: SipLink
    call_id: str
    ci: int
    """CUCM's call identifier of the leg, part of the tag."""
    local_number: str
    remote_number: str
    local_tag: str
    reliable: bool = False
    """We ask for reliable provisional answers (SIP profile: SIP Rel1XX Options)."""
    remote_tag: str = ""
    remote_target: str = ""
    """URI of the peer's Contact."""
    route_set: tuple[str, ...] = ()
    """Route values of requests within the dialog, from the Record-Route of its beginning (RFC 3261 §12.1)."""
    cseq: int = 100
    invite_cseq: int = 0
    """CSeq number of the last INVITE sent, which its ACK repeats."""
    diversion: str = ""
    """``1018;reason=unconditional``: who forwarded the call to the party we invite; "" when nobody did, or it is not told."""
    max_forwards: int = 69
    """Hops an INVITE of ours may take: one less than the call had left when it came to us."""
    timer: SessionTimer = field(init=False)
    session_id: str = field(default_factory=lambda: secrets.token_hex(16))
    remote_session_id: str = "0" * 32

    def __post_init__(self) -> None:
        self.timer = SessionTimer(self.node.cluster, self.call_id)

    @property
    def transport(self) -> str:
        """Word of the top Via."""
        return self.connection.transport_word

    @property
    def local_uri(self) -> str:
        """Our party at our address."""
        return f"sip:{self.local_number}@{self.node.ip}"

    def invite(self, uri: str, body: bytes = b"") -> SipMessage:
        """The first request; without a body it is a delayed offer."""
        extra: Headers = (
            ("Expires", "180"),
            ("Allow-Events", "presence, kpml"),
            ("Cisco-Guid", "-".join(str(secrets.randbits(32)) for _ in range(4))),
        )
        return self._invite(uri, extra, body)

    def reinvite(self, body: bytes = b"") -> SipMessage:
        """A change of the session, or (without a body) the question for an offer."""
        return self._invite(self._target(), (("Expires", "180"), ("Allow-Events", "presence")), body)

    def update(self, body: bytes = b"") -> SipMessage:
        """RFC 3311: a change of the session outside an INVITE transaction."""
        return self.within("UPDATE", (("Supported", SUPPORTED), *self.timer.asked(), ("Contact", self.contact())), body)

    def prack(self, provisional: SipMessage) -> SipMessage:
        """RFC 3262 §7.2: acknowledges a reliable provisional answer."""
        rack = f"{provisional.header('RSeq') or '1'} {provisional.header('CSeq') or ''}"
        return self.within("PRACK", (("RAck", rack),))

    def options(self, host: str, port: int) -> SipMessage:
        """A ping: outside any call, nobody's number."""
        self.cseq += 1
        node = self.node.ip
        headers = (
            ("Via", self._via()),
            ("From", f"<sip:{node}>;tag={self.local_tag}"),
            ("To", f"<sip:{host}>"),
            ("Date", sip_date(self.node)),
            ("Call-ID", self.call_id),
            ("User-Agent", self._agent()),
            ("CSeq", f"{self.cseq} OPTIONS"),
            ("Contact", f"<sip:{node}:{self._port()};transport={self.transport.lower()}>"),
            ("Max-Forwards", "0"),
            ("Content-Length", "0"),
        )
        return request_message("OPTIONS", f"sip:{host}:{port}", headers, b"")

    def ack(self, body: bytes) -> SipMessage:
        """For a 2xx, with the answer of a delayed offer."""
        extra = (("Max-Forwards", "70"), ("CSeq", f"{self.invite_cseq} ACK"), *typed(body))
        return self._request("ACK", self._target(), extra, body)

    def ack_failure(self, invite: SipMessage, response: SipMessage) -> SipMessage:
        """For a final answer above 299: same branch as the INVITE (RFC 3261 §17.1.1.3)."""
        return self._of_invite("ACK", invite, response.header("To") or "")

    def cancel(self, invite: SipMessage) -> SipMessage:
        """Ends a call that nobody answered yet; same branch as the INVITE (RFC 3261 §9.1)."""
        return self._of_invite("CANCEL", invite, invite.header("To") or "")

    def bye(self, cause: int = NORMAL_CLEARING) -> SipMessage:
        """Clears the call, saying why."""
        extra = (*self._identity("calling"), ("Reason", f"Q.850;cause={cause}"), *self._session())
        return self.within("BYE", extra)

    def within(self, method: str, extra: Headers = (), body: bytes = b"", content_type: str = "application/sdp") -> SipMessage:
        """A further request of the dialog."""
        self.cseq += 1
        content: Headers = (("Content-Type", content_type),) if body else ()
        headers = (("User-Agent", self._agent()), ("Max-Forwards", "70"), ("CSeq", f"{self.cseq} {method}"), *extra, *content)
        return self._request(method, self._target(), headers, body)

    def respond(self, request: SipMessage, status: int, body: bytes = b"", extra: Headers = ()) -> SipMessage:
        """An answer to a request of this dialog, with the answering party where CUCM shows it."""
        to = request.header("To") or ""
        if status != 100 and ";tag=" not in to:
            to += f";tag={self.local_tag}"
        headers: list[tuple[str, str]] = [("CSeq", request.header("CSeq") or "")]
        if status == 100:
            headers.append(("Allow-Events", "presence"))
        else:
            headers += [("Allow", ALLOW), ("Allow-Events", "presence"), ("Server", self._agent())]
        if request.method in ("INVITE", "UPDATE") and 100 < status < 300:
            timer = self.timer.accept(request) if status >= 200 else ()
            headers += [
                ("Supported", SUPPORTED),
                *timer,
                *self._session(),
                *self._identity("called"),
                ("Contact", self.contact()),
            ]
        if status > 299:
            headers.append(("Reason", f"Q.850;cause={cause_of_status(status)}"))
        return response_message(request, status, (("To", to), *headers, *extra), sip_date(self.node), body)

    def learn(self, message: SipMessage) -> None:
        """Take the peer's tag, contact, route and session identifier from a message that builds or refreshes the dialog.

        A final 2xx also settles the session timer.
        """
        if 200 <= (message.status_code or 0) < 300:
            self.timer.conclude(message)
        header = message.header("To" if message.status_code else "From") or ""
        tag = _TAG.search(header)
        contact = message.header("Contact")
        if not self.remote_tag or (message.status_code or 0) == 200:
            routes = [value for name, value in message.headers if name == "Record-Route"]
            joined = [route.strip() for route in ",".join(routes).split(",") if route.strip()]
            if joined:
                self.route_set = tuple(reversed(joined) if message.status_code else joined)
        self.remote_tag = tag.group(1) if tag else self.remote_tag
        self.remote_target = uri_in(contact) if contact else self.remote_target
        self.remote_session_id = (message.header("Session-ID") or self.remote_session_id).partition(";")[0]

    def contact(self) -> str:
        """Where requests of the dialog reach us."""
        return f"<{self.local_uri}:{self._port()};transport={self.transport.lower()}>"

    def _invite(self, uri: str, extra: Headers, body: bytes) -> SipMessage:
        self.cseq += 1
        self.invite_cseq = self.cseq
        minimum, expires = self.timer.asked()
        headers = (
            minimum,
            ("User-Agent", self._agent()),
            ("Allow", ALLOW),
            ("CSeq", f"{self.cseq} INVITE"),
            *extra,
            ("Supported", f"100rel,{SUPPORTED}" if self.reliable else SUPPORTED),
            expires,
            *self._session(),
            *self._identity("calling"),
            *self._diverted(),
            ("Contact", self.contact()),
            ("Max-Forwards", str(self.max_forwards)),
            *typed(body),
        )
        return self._request("INVITE", uri, headers, body)

    def _of_invite(self, method: str, invite: SipMessage, to: str) -> SipMessage:
        number = (invite.header("CSeq") or "").split(" ")[0]
        headers = (
            ("Via", invite.header("Via") or ""),
            *(pair for pair in invite.headers if pair[0] == "Route"),
            ("From", invite.header("From") or ""),
            ("To", to),
            ("Call-ID", self.call_id),
            ("Max-Forwards", "70"),
            ("CSeq", f"{number} {method}"),
            ("Content-Length", "0"),
        )
        return request_message(method, invite.request_uri or "", headers, b"")

    def _target(self) -> str:
        return self.remote_target or f"sip:{self.remote_number}@{self.connection.peer.ip}"

    def _request(self, method: str, uri: str, extra: Headers, body: bytes) -> SipMessage:
        remote = f"<sip:{self.remote_number}@{self.connection.peer.ip}>" + (f";tag={self.remote_tag}" if self.remote_tag else "")
        headers = (
            ("Via", self._via()),
            *(("Route", route) for route in self.route_set),
            ("From", f"<{self.local_uri}>;tag={self.local_tag}"),
            ("To", remote),
            ("Date", sip_date(self.node)),
            ("Call-ID", self.call_id),
            *extra,
            ("Content-Length", str(len(body))),
        )
        return request_message(method, uri, headers, body)

    def _identity(self, party: str) -> Headers:
        return (
            ("P-Asserted-Identity", f"<{self.local_uri}>"),
            ("Remote-Party-ID", f"<{self.local_uri}>;party={party};screen=yes;privacy=off"),
        )

    def _diverted(self) -> Headers:
        """RFC 5806, as the trunk's *Redirecting Diversion Header Delivery - Outbound* asks."""
        number, _, reason = self.diversion.partition(";")
        return (("Diversion", f"<sip:{number}@{self.node.ip}>;{reason};privacy=off;screen=yes"),) if number else ()

    def _session(self) -> Headers:
        if self.node.cluster.release.major < _FIRST_RELEASE_WITH_SESSION_ID:
            return ()
        return (("Session-ID", f"{self.session_id};remote={self.remote_session_id}"),)

    def _via(self) -> str:
        return f"SIP/2.0/{self.transport} {self.node.ip}:{self._port()};branch={new_branch()}"

    def _port(self) -> int:
        return self.node.sip_port if self.connection.secure else PLAIN_PORT

    def _agent(self) -> str:
        return f"Cisco-CUCM{self.node.cluster.release.sip_version}"
