"""What SIP messages of the simulated CallManager are made of: status words, causes, identifiers, answers (RFC 3261)."""

import re
import secrets
from email.utils import format_datetime
from ipaddress import IPv4Address
from itertools import count

from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.sim.state import NodeState

ALLOW = "INVITE, OPTIONS, INFO, BYE, CANCEL, ACK, PRACK, UPDATE, REFER, SUBSCRIBE, NOTIFY"
SRTP_FALLBACK = "X-cisco-srtp-fallback"
"""Option tag: a secure offer may be answered with plain RTP."""
SUPPORTED = f"timer,resource-priority,replaces,{SRTP_FALLBACK},Geolocation"
UNDERSTOOD = frozenset({"timer", "resource-priority", "replaces", "100rel", "geolocation", SRTP_FALLBACK.lower()})
"""Option tags a request may require of us, lower case."""
REASONS = {
    100: "Trying",
    180: "Ringing",
    181: "Call Is Being Forwarded",
    183: "Session Progress",
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    420: "Bad Extension",
    422: "Session Interval Too Small",
    480: "Temporarily Unavailable",
    481: "Call Leg/Transaction Does Not Exist",
    483: "Too Many Hops",
    484: "Address Incomplete",
    486: "Busy here",
    487: "Request Terminated",
    488: "Not Acceptable Media",
    489: "Bad Event",
    491: "Request Pending",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    504: "Server Time-out",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
}
CAUSES = {
    403: 21,
    404: 1,
    408: 102,
    480: 20,
    483: 25,
    484: 28,
    486: 17,
    487: 16,
    488: 47,
    500: 41,
    503: 41,
    504: 102,
    600: 17,
    603: 21,
    604: 1,
}
"""Q.850 causes of final answers (RFC 4497 §8.4.4 where it has one)."""

RECOVERY_ON_TIMER_EXPIRY = 102
NORMAL_CLEARING, BUSY, NO_ANSWER, UNAVAILABLE = 16, 17, 19, 20
UNALLOCATED, NO_ROUTE, REJECTED, TEMPORARY_FAILURE, NO_RESOURCE = 1, 3, 21, 41, 47
_STATUSES = {
    UNALLOCATED: 404,
    NO_ROUTE: 404,
    REJECTED: 403,
    BUSY: 486,
    NO_ANSWER: 480,
    UNAVAILABLE: 480,
    NORMAL_CLEARING: 487,
    NO_RESOURCE: 488,
    RECOVERY_ON_TIMER_EXPIRY: 408,
}

_URI_USER = re.compile(r"sips?:([^@;>]*)@")
_counter = count(7)


def cause_of_status(status: int) -> int:
    """Q.850 cause of a final answer; 41 (temporary failure) for those without one of their own."""
    return CAUSES.get(status, TEMPORARY_FAILURE)


def status_of_cause(cause: int) -> int:
    """The final answer that says a release cause; 503 for those without one of their own."""
    return _STATUSES.get(cause, 503)


def cause_in(message: SipMessage, otherwise: int) -> int:
    """Q.850 cause of the Reason header (RFC 3326), or `otherwise`."""
    _, found, value = (message.header("Reason") or "").partition("cause=")
    digits = value.split(";")[0].strip()
    return int(digits) if found and digits.isdecimal() and len(digits) < 4 else otherwise


def option_tags(message: SipMessage, header: str) -> frozenset[str]:
    """Option tags of all headers of a name (Supported, Require), lower case."""
    values = ",".join(value for name, value in message.headers if name.lower() == header.lower())
    return frozenset(tag.strip().lower() for tag in values.split(",") if tag.strip())


def response_message(
    request: SipMessage, status: int, headers: tuple[tuple[str, str], ...], date: str, body: bytes = b""
) -> SipMessage:
    """An answer: Via, Record-Route, From and Call-ID of the request, then the given headers (`To` among them)."""
    to = next(value for name, value in headers if name == "To")
    rest = tuple(pair for pair in headers if pair[0] != "To")
    copied = tuple(pair for pair in request.headers if pair[0] in ("Via", "Record-Route"))
    first = (
        *copied,
        ("From", request.header("From") or ""),
        ("To", to),
        ("Date", date),
        ("Call-ID", request.call_id or ""),
    )
    reason = REASONS.get(status, "Unknown")
    content = (*typed(body), ("Content-Length", str(len(body))))
    return SipMessage(f"SIP/2.0 {status} {reason}", (*first, *rest, *content), body, status_code=status, reason_phrase=reason)


def request_message(method: str, uri: str, headers: tuple[tuple[str, str], ...], body: bytes) -> SipMessage:
    """A request as a value."""
    return SipMessage(f"{method} {uri} SIP/2.0", headers, body, method=method, request_uri=uri)


def typed(body: bytes) -> tuple[tuple[str, str], ...]:
    """Content-Type of a session description, nothing for an empty body."""
    return (("Content-Type", "application/sdp"),) if body else ()


def sip_date(node: NodeState) -> str:
    """The node's clock as RFC 3261 §20.17 wants it."""
    return format_datetime(node.now(), usegmt=True)


def new_branch() -> str:
    """A Via branch (RFC 3261 §8.1.1.7)."""
    return f"z9hG4bK{secrets.token_hex(5)}"


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


def uri_in(value: str) -> str:
    """The URI of a Contact, From or Route value: between angle brackets, or up to the first parameter."""
    inside = re.search(r"<([^>]+)>", value)
    return inside.group(1) if inside else value.split(";")[0].strip()
