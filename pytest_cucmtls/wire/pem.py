"""Finds PEM blocks in whatever text surrounds them (RFC 7468 §2, read tolerantly) and writes them."""

import base64
import binascii
import re
from dataclasses import dataclass

MOST_BLOCKS = 10_000
"""The bundle of all public roots holds 150."""

_BEGIN, _END, _DASHES = b"-----BEGIN ", b"-----END ", b"-----"
_BARE_BASE64 = re.compile(rb"\s*MI[A-Za-z0-9+/=\s]+\Z")


@dataclass(frozen=True, slots=True)
class PemBlock:
    """One block: its label (``CERTIFICATE`` …), the decoded bytes, and whether the END line was there."""

    label: str
    der: bytes
    complete: bool


def as_single_bytes(data: bytes) -> bytes:
    """UTF-16 text (some Windows exports carry a byte order mark) as plain bytes; everything else unchanged."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace").encode("utf-8")
    return data


def pem_blocks(data: bytes) -> list[PemBlock]:
    """The blocks in order, at most `MOST_BLOCKS`.

    Text before, between and after blocks (Bag Attributes, CLI output, a BOM) is passed over.
    """
    text = as_single_bytes(data)
    blocks: list[PemBlock] = []
    position = text.find(_BEGIN)
    while position >= 0 and len(blocks) < MOST_BLOCKS:
        label_end = text.find(_DASHES, position + len(_BEGIN))
        if label_end < 0:
            break
        label = text[position + len(_BEGIN) : label_end].decode("ascii", "replace").strip()
        body = label_end + len(_DASHES)
        stop = text.find(_DASHES, body)
        complete = stop >= 0 and text.startswith(_END, stop)
        blocks.append(PemBlock(label, _decoded(text[body : stop if stop >= 0 else len(text)]), complete))
        position = text.find(_BEGIN, body)
    return blocks


def bare_base64(data: bytes) -> bytes | None:
    """DER of base64 text without armour, or None when the data is something else."""
    text = as_single_bytes(data)
    return _decoded(text) or None if _BARE_BASE64.match(text) else None


def _decoded(text: bytes) -> bytes:
    """Base64 with headers (``Proc-Type: …``), stray characters and missing padding tolerated."""
    lines = [line for line in text.splitlines() if b":" not in line]
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", b"".join(lines))
    letters = letters[: len(letters) - 1] if len(letters) % 4 == 1 else letters
    try:
        return base64.b64decode(letters + b"=" * (-len(letters) % 4))
    except binascii.Error:
        return b""


def pem_text(label: str, der: bytes) -> str:
    """One block with 64 characters per line and a final newline (RFC 7468 §2)."""
    text = base64.b64encode(der).decode("ascii")
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""))
