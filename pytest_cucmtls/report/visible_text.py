"""Text that can deceive or cannot be written, made visible: control characters, bidirectional overrides, lone surrogates."""

import re

_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def visible_text(text: str) -> str:
    """Such characters as ``\\uXXXX``; they are no part of HTML or XML 1.0 (§2.2), and can make a name look like another."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
