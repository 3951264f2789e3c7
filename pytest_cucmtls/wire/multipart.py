"""MIME multipart bodies (RFC 2046 §5.1): splitting the answers of log collection and DIME, and writing one."""

import re
from dataclasses import dataclass

from pytest_cucmtls.model.errors import UnexpectedAnswer

MAX_PARTS = 10_000
MAX_HEADER_BYTES = 16 * 1024
_BOUNDARY = re.compile(r"""boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One body part; header names are lower case."""

    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def media_type(self) -> str:
        """Type and subtype in lower case, ``text/plain`` when not stated (RFC 2046 §5.1)."""
        stated = next((value for name, value in self.headers if name == "content-type"), "text/plain")
        return stated.partition(";")[0].strip().lower()


def boundary_of(content_type: str) -> str | None:
    """The boundary parameter of a multipart media type, or None when the type is not multipart or has none."""
    if not content_type.strip().lower().startswith("multipart/"):
        return None
    found = _BOUNDARY.search(content_type)
    return (found.group(1) or found.group(2)) if found else None


def split_parts(body: bytes, content_type: str, *, interface: str = "http", operation: str = "answer") -> tuple[Part, ...]:
    """The parts of a multipart body in order.

    A delimiter counts only at the start of a line, so a file that contains the boundary's text elsewhere survives.
    The line break before a delimiter belongs to the delimiter (RFC 2046 §5.1.1).

    Raises: UnexpectedAnswer when the type names no boundary, the closing delimiter is missing (the answer was cut
    off), a part has no end of headers within 16 KiB, or there are more than MAX_PARTS parts.
    """
    boundary = boundary_of(content_type)
    if boundary is None:
        raise UnexpectedAnswer(interface, operation, content_type, "not a multipart body with a boundary")
    delimiter = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary.encode("latin-1", "replace")) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    start: int | None = None
    parts: list[Part] = []
    for found in delimiter.finditer(body):
        if start is not None:
            parts.append(_part(body[start : found.start()], interface, operation))
        if found.group(1):
            return tuple(parts)
        if len(parts) > MAX_PARTS:
            raise UnexpectedAnswer(interface, operation, content_type, f"more than {MAX_PARTS} parts")
        start = found.end()
    raise UnexpectedAnswer(interface, operation, body[:200].decode("latin-1"), "multipart body without its closing delimiter")


def write_parts(parts: tuple[Part, ...], boundary: str) -> bytes:
    """A multipart body; the boundary must not occur at the start of a line of any part."""
    written = bytearray()
    for part in parts:
        written += f"--{boundary}\r\n".encode()
        for name, value in part.headers:
            written += f"{name}: {value}\r\n".encode("latin-1", "replace")
        written += b"\r\n" + part.body + b"\r\n"
    return bytes(written + f"--{boundary}--\r\n".encode())


def _part(data: bytes, interface: str, operation: str) -> Part:
    line_end = b"\r\n" if data.startswith(b"\r\n") else b"\n"
    if data.startswith(line_end * 2):
        return Part((), data[2 * len(line_end) :])
    end = data.find(line_end * 2, 0, MAX_HEADER_BYTES)
    if end < 0:
        raise UnexpectedAnswer(interface, operation, data[:200].decode("latin-1"), "a body part without the end of its headers")
    lines = re.sub(rb"\r?\n[ \t]+", b" ", data[:end]).decode("latin-1").splitlines()
    headers = [line.partition(":") for line in lines if ":" in line]
    return Part(tuple((name.strip().lower(), value.strip()) for name, _, value in headers), data[end + 2 * len(line_end) :])
