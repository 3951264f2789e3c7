"""Numbers in SIP header values: the user part of an address, and the call identifier CUCM hides in its tags."""

import re

_USER = re.compile(r"(?:sips?|tel):([^@;>?\s]{1,128})", re.IGNORECASE)
_TAG = re.compile(r";\s*tag=\d{1,12}~([0-9a-f-]{36})-(\d{1,12})\s*(?:;|\Z)", re.IGNORECASE)


def user_of(value: str | None) -> str:
    """User part of the first SIP or tel URI in a header value or request URI; "" when there is none."""
    found = _USER.search((value or "")[:2048])
    return found.group(1) if found else ""


def identifier_in_tag(value: str | None) -> tuple[str, str] | None:
    """(cluster uuid, leg identifier CI) of a tag that CUCM made: ``<n>~<uuid>-<CI>`` (read in traces of 9.1 to 15)."""
    found = _TAG.search((value or "")[:2048])
    return (found.group(1).lower(), found.group(2)) if found else None


def same_number(one: str, other: str) -> bool:
    """Equal, or one is the other in international form (a leading plus and more digits in front)."""
    return bool(one) and (
        one == other or (one.startswith("+") and one.endswith(other)) or (other.startswith("+") and other.endswith(one))
    )
