"""SIP messages from bytes, bytes from SIP messages, and the framing of streams (RFC 3261 §7, §18.3)."""

import re
from functools import lru_cache

from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.model.sip import SipMessage

LARGEST_HEADER_BYTES = 64 * 1024
"""Start line and headers together; CUCM's own limit for a whole message is far below."""
LARGEST_BODY_BYTES = 1024 * 1024
MOST_HEADERS = 1024

COMPACT_NAMES = {
    "a": "Accept-Contact",
    "b": "Referred-By",
    "c": "Content-Type",
    "d": "Request-Disposition",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "j": "Reject-Contact",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "n": "Identity-Info",
    "o": "Event",
    "r": "Refer-To",
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",
    "v": "Via",
    "x": "Session-Expires",
    "y": "Identity",
}
"""Registered one-letter forms (IANA SIP parameters, header fields)."""

_SPECIAL_SPELLINGS = {
    "call-id": "Call-ID",
    "cseq": "CSeq",
    "mime-version": "MIME-Version",
    "www-authenticate": "WWW-Authenticate",
}
_METHOD = re.compile(r"[A-Za-z0-9.!%*_+`'~-]{1,64}\Z")
_STATUS_CODE = re.compile(r"[1-9]\d\d\Z", re.ASCII)
_HEADERS_END = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"\n(?:content-length|l)[ \t]*:\s*(\d{1,9})[ \t]*\r?\n", re.IGNORECASE)


def parse_sip_message(data: bytes) -> SipMessage:
    """One message: compact header names expanded, folded lines joined, CRLF or bare LF, bad UTF-8 replaced.

    The body is as long as Content-Length says, or all that is left when it is absent, wrong or larger than what is there.
    Raises UnexpectedAnswer when there is no start line or the message is larger than the limits above.
    """
    data = data[: LARGEST_HEADER_BYTES + LARGEST_BODY_BYTES + 1].lstrip(b"\r\n")
    end = _HEADERS_END.search(data, 0, LARGEST_HEADER_BYTES)
    if end is None and len(data) > LARGEST_HEADER_BYTES:
        raise UnexpectedAnswer("sip", "message", _excerpt(data), f"headers longer than {LARGEST_HEADER_BYTES} bytes")
    head, body = (data[: end.start()], data[end.end() :]) if end else (data, b"")
    if len(body) > LARGEST_BODY_BYTES:
        raise UnexpectedAnswer("sip", "message", _excerpt(data), f"body longer than {LARGEST_BODY_BYTES} bytes")
    start_line, *lines = head.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    return _message(start_line.strip(), _headers(lines), body)


def parse_sip_lines(lines: list[str]) -> SipMessage:
    """One message from lines of text; the body gets back the CRLF that Content-Length counts. Raises: UnexpectedAnswer."""
    try:
        end = lines.index("")
    except ValueError:
        return _message(lines[0].strip(), _headers(lines[1:]), b"")
    body = "\r\n".join((*lines[end + 1 :], "")).encode("utf-8", "replace")
    if len(body) > LARGEST_BODY_BYTES:
        raise UnexpectedAnswer("sip", "message", lines[0][:200], f"body longer than {LARGEST_BODY_BYTES} bytes")
    return _message(lines[0].strip(), _headers(lines[1:end]), body)


def sip_bytes(message: SipMessage) -> bytes:
    """The message with CRLF line ends; Content-Length is added when the message does not carry one (RFC 3261 §20.14).

    Raises ValueError when a line holds a line end, which would let a value become a header.
    """
    headers = list(message.headers)
    if message.header("Content-Length") is None:
        headers.append(("Content-Length", str(len(message.body))))
    lines = [message.start_line, *(f"{name}: {value}" for name, value in headers)]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a SIP header value cannot hold a line end")
    return "\r\n".join((*lines, "", "")).encode("utf-8") + message.body


class SipFraming:
    """Cuts a TCP or TLS stream into messages (RFC 3261 §18.3): keeps at most one unfinished message.

    Bytes that begin no message are passed over up to the next start line and counted in `skipped_bytes`; line ends
    between messages are keep-alives (RFC 5626 §4.4.1) and counted in `keep_alives` (one per pair of CRLF).
    """

    def __init__(self) -> None:
        self.skipped_bytes = 0
        self.keep_alives = 0
        self._waiting = b""
        self._searched = 0

    @property
    def waiting_bytes(self) -> int:
        """How many bytes of an unfinished message are held."""
        return len(self._waiting)

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that these bytes complete, each exactly as sent, for `parse_sip_message`."""
        self._waiting += data
        messages: list[bytes] = []
        while (message := self._next()) is not None:
            messages.append(message)
        return messages

    def _next(self) -> bytes | None:
        if self._waiting[:1] in {b"\r", b"\n"}:
            self._pass_over_line_ends()
        end = _HEADERS_END.search(self._waiting, self._searched, LARGEST_HEADER_BYTES)
        if end is None:
            self._searched = max(0, len(self._waiting) - 3)
            if len(self._waiting) >= LARGEST_HEADER_BYTES:
                self._resynchronise()
            return None
        self._searched = end.start()
        if not _starts_at(self._waiting, 0):
            return self._next() if self._resynchronise() else None
        size = end.end() + _announced_length(self._waiting[: end.end()])
        if len(self._waiting) < size:
            return None
        message, self._waiting, self._searched = self._waiting[:size], self._waiting[size:], 0
        return message

    def _pass_over_line_ends(self) -> None:
        self._searched = 0
        rest = self._waiting.lstrip(b"\r\n")
        self.keep_alives += self._waiting[: len(self._waiting) - len(rest)].count(b"\r\n\r\n")
        if rest:
            self._waiting = rest
        elif self._waiting.endswith(b"\r\n\r\n") or len(self._waiting) > 4:
            self._waiting = b""

    def _resynchronise(self) -> bool:
        """Drop bytes up to the next start line; False when none is in sight (a possible beginning is kept)."""
        line_end = self._waiting.find(b"\n")
        while line_end >= 0:
            if _starts_at(self._waiting, line_end + 1):
                break
            line_end = self._waiting.find(b"\n", line_end + 1)
        keep = line_end + 1 if line_end >= 0 else max(self._waiting.rfind(b"\n") + 1, len(self._waiting) - 4096)
        self.skipped_bytes += keep
        self._searched = 0
        self._waiting = self._waiting[keep:]
        return line_end >= 0


def _announced_length(head: bytes) -> int:
    """Content-Length of the headers; 0 when absent, as a stream has no other end (RFC 3261 §20.14)."""
    found = _LENGTH.search(head)
    return min(int(found.group(1)), LARGEST_BODY_BYTES) if found else 0


def _headers(lines: list[str]) -> tuple[tuple[str, str], ...]:
    headers: list[tuple[str, str]] = []
    for line in lines[:MOST_HEADERS]:
        if line[:1] in {" ", "\t"} and headers:
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {line.strip()}".strip())
            continue
        name, colon, value = line.partition(":")
        if colon and name.strip():
            headers.append((canonical_name(name.strip()), value.strip()))
    return tuple(headers)


@lru_cache(maxsize=1024)
def canonical_name(name: str) -> str:
    """Long form with the usual capitals: ``i`` → ``Call-ID``, ``content-length`` → ``Content-Length``; others as written."""
    lowered = name.lower()
    if lowered in COMPACT_NAMES:
        return COMPACT_NAMES[lowered]
    if lowered in _SPECIAL_SPELLINGS:
        return _SPECIAL_SPELLINGS[lowered]
    return name.title() if name in {lowered, name.upper()} and len(name) > 1 else name


def _message(start_line: str, headers: tuple[tuple[str, str], ...], rest: bytes) -> SipMessage:
    announced = next((value for name, value in headers if name == "Content-Length"), "")
    size = int(announced) if announced.isascii() and announced.isdigit() and len(announced) < 10 else len(rest)
    body = rest[:size]
    fields = _start_line_fields(start_line)
    if fields is None:
        raise UnexpectedAnswer("sip", "message", start_line, "no SIP request line and no SIP status line")
    first, second = fields
    if first is None:
        return SipMessage(start_line, headers, body, status_code=int(second[:3]), reason_phrase=second[3:].strip())
    return SipMessage(start_line, headers, body, method=first, request_uri=second)


def _start_line_fields(line: str) -> tuple[str | None, str] | None:
    """(method, request URI), or (None, code and reason), or None when the line is neither; linear in its length."""
    first, _, rest = line.strip().replace("\t", " ").partition(" ")
    rest = rest.strip()
    if first.upper() == "SIP/2.0":
        return (None, rest) if _STATUS_CODE.match(rest.partition(" ")[0]) else None
    uri, _, version = rest.rpartition(" ")
    return (first, uri.strip()) if _METHOD.match(first) and version.upper() == "SIP/2.0" and uri.strip() else None


def _starts_at(data: bytes, position: int) -> bool:
    """A complete start line stands at this position."""
    end = data.find(b"\n", position)
    return end >= 0 and _start_line_fields(data[position:end].decode("utf-8", "replace")) is not None


def _excerpt(data: bytes) -> str:
    return data[:200].decode("utf-8", "replace")
