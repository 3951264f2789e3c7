"""The readable text of an HTML error page, for one line of a message."""

import re

_TITLE = re.compile(r"<title[^>]*>(.{0,400}?)</title", re.IGNORECASE | re.DOTALL)
_DROP = re.compile(r"<!--.*?-->|<(?:script|style|title)\b.*?</(?:script|style|title)\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)


def plain_text(page: bytes, limit: int = 300) -> str:
    """Title and text of a page on one line, at most `limit` characters; a body that is no HTML is shown as it is.

    Only the first 8 KiB are looked at, which also bounds the work a hostile page can make. CUCM's servers answer
    401, 404, 503 and 599 with such pages, never with SOAP.
    """
    text = page[:8192].decode("utf-8", "replace")
    title = _TITLE.search(text)
    words = " ".join(_DROP.sub(" ", text).split())
    heading = " ".join(title.group(1).split()) if title else ""
    if not heading or words.startswith(heading):
        return words[:limit]
    return (f"{heading}: {words}" if words else heading)[:limit]
