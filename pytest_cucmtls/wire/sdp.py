"""Session descriptions: what they offer, with SDES keys kept only as fingerprints (RFC 4566, RFC 4568)."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator

from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.model.sip import CryptoLine, MediaLine, SessionDescription

LARGEST_BYTES = 256 * 1024
MOST_MEDIA = 64

_DIRECTIONS = {"sendrecv", "sendonly", "recvonly", "inactive"}
_CRYPTO = re.compile(r"crypto:\s*(\d{1,9})\s+(\S+)\s+(\S+)(.*)\Z", re.IGNORECASE)
_INLINE = re.compile(r"inline:([^|;\s]*)", re.IGNORECASE)


def parse_session_description(body: bytes) -> SessionDescription:
    """An SDP body; unknown lines are passed over, session-level address and direction apply to sections without their own.

    Raises UnexpectedAnswer when it is no SDP (neither ``v=`` nor ``m=``), too large, or an ``m=`` line has no usable port.
    """
    session, sections = split_sections(body)
    address, direction = _connection_address(session), _direction(session, "sendrecv")
    media = tuple(_media_line(section, address, direction) for section in sections)
    origin = next((line[2:] for line in session if line.startswith("o=")), "")
    return SessionDescription(origin, address, media)


def split_sections(body: bytes) -> tuple[list[str], list[list[str]]]:
    """Lines before the first ``m=``, then the lines of each media section; raises as `parse_session_description`."""
    if len(body) > LARGEST_BYTES:
        raise UnexpectedAnswer("sdp", "body", "", f"{len(body)} bytes, more than {LARGEST_BYTES}")
    session: list[str] = []
    sections: list[list[str]] = []
    for line in body.decode("utf-8", "replace").replace("\r", "\n").split("\n"):
        if line.startswith("m="):
            sections.append([line])
        elif line:
            (sections[-1] if sections else session).append(line.rstrip())
    if not sections and not any(line.startswith("v=") for line in session):
        raise UnexpectedAnswer("sdp", "body", " ".join(session), "no v= line and no m= line")
    if len(sections) > MOST_MEDIA:
        raise UnexpectedAnswer("sdp", "body", "", f"{len(sections)} media sections, more than {MOST_MEDIA}")
    return session, sections


def crypto_fields(lines: list[str]) -> Iterator[tuple[int, str, str, tuple[str, ...]]]:
    """(tag, suite, key text after ``inline:``, session parameters) of every ``a=crypto`` line (RFC 4568 §9.1)."""
    for line in lines:
        found = _CRYPTO.match(line[2:]) if line.startswith("a=") else None
        if found:
            key = _INLINE.match(found.group(3))
            yield int(found.group(1)), found.group(2), key.group(1) if key else "", tuple(found.group(4).split())


def decoded_key(text: str) -> bytes | None:
    """Key and salt of an ``inline:`` text; None when masked (only ``X`` or ``*``), empty or no base64."""
    if not text.strip("Xx*"):
        return None
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def key_fingerprint(key_and_salt: bytes) -> str:
    """First 16 hex digits of SHA-256: enough to see that two keys differ, useless to decrypt."""
    return hashlib.sha256(key_and_salt).hexdigest()[:16]


def _media_line(section: list[str], session_address: str | None, session_direction: str) -> MediaLine:
    words = section[0][2:].split()
    port = words[1].partition("/")[0] if len(words) > 2 else ""
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535):
        raise UnexpectedAnswer("sdp", "media line", section[0], "no port between 0 and 65535")
    return MediaLine(
        kind=words[0],
        port=int(port),
        profile=words[2],
        formats=tuple(words[3:]),
        address=_connection_address(section) or session_address,
        crypto=tuple(_crypto_line(fields) for fields in crypto_fields(section)),
        direction=_direction(section, session_direction),
    )


def _crypto_line(fields: tuple[int, str, str, tuple[str, ...]]) -> CryptoLine:
    tag, suite, text, parameters = fields
    key = decoded_key(text)
    return CryptoLine(tag, suite, key_fingerprint(key) if key else None, parameters)


def _connection_address(lines: list[str]) -> str | None:
    """Third word of the first ``c=`` line, without a multicast TTL."""
    for line in lines:
        words = line[2:].split() if line.startswith("c=") else []
        if len(words) == 3:
            return words[2].partition("/")[0]
    return None


def _direction(lines: list[str], otherwise: str) -> str:
    return next((line[2:] for line in lines if line.startswith("a=") and line[2:] in _DIRECTIONS), otherwise)
