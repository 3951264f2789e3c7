"""What the pages of Microsoft's web enrolment (/certsrv) say about a request.

The pages are HTML for people; what is looked for is what public clients rely on (platform facts, section 8): a link to
``certnew.cer?ReqID=``, *Certificate Pending* with *Your Request Id is*, *The disposition message is*, and on the page that
stands in for a certificate *Disposition message:* and *LastStatus:*. An English server is assumed for all but the link.
"""

import html
import re
from dataclasses import dataclass
from enum import Enum

LONGEST_PAGE_BYTES = 256 * 1024
_LONGEST_MESSAGE = 500
_ISSUED = re.compile(r"certnew\.cer\?ReqID=(\d{1,10})(?:&|&amp;)", re.IGNORECASE)
_NUMBER = re.compile(r"Your Request Id is\s+(\d{1,10})", re.IGNORECASE)
_REFUSED = re.compile(r'The disposition message is\s+"([^"]{0,2000})', re.IGNORECASE)
_DISPOSITION = re.compile(r"Disposition message:\s*([^\r\n]{1,2000})", re.IGNORECASE)
_LAST_STATUS = re.compile(r"Last\s?Status:\s*([^\r\n]{1,2000})", re.IGNORECASE)
_RENEWALS = re.compile(r"\bnRenewals\s*=\s*(\d{1,4})\b")
_TAG = re.compile(r"<[^<>]{0,2000}>")
_PENDING_WORDS = ("taken under submission", "pending")
_DENIED_WORDS = ("denied", "revoked")


class PageState(Enum):
    """What a page says; UNKNOWN is a page that says nothing we know."""

    ISSUED = "issued"
    PENDING = "pending"
    DENIED = "denied"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class EnrolmentPage:
    """State, number of the request where the page names it, and the authority's own words."""

    state: PageState
    request_id: str = ""
    message: str = ""


def parse_submission(page: bytes) -> EnrolmentPage:
    """The answer of certfnsh.asp to a new request. Raises nothing."""
    text = _text(page)
    issued, number, refused = _ISSUED.search(text), _NUMBER.search(text), _REFUSED.search(text)
    request_id = number.group(1) if number else ""
    if refused or "request denied" in text.lower():
        return EnrolmentPage(PageState.DENIED, request_id, _words(refused.group(1)) if refused else "no reason given")
    if issued:
        return EnrolmentPage(PageState.ISSUED, issued.group(1))
    if number:
        return EnrolmentPage(PageState.PENDING, request_id)
    return EnrolmentPage(PageState.UNKNOWN)


def parse_disposition(page: bytes) -> EnrolmentPage:
    """The page certnew.cer answers with where there is no certificate (yet). Raises nothing."""
    text = _TAG.sub("", _text(page))
    found, status = _DISPOSITION.search(text), _LAST_STATUS.search(text)
    if found is None:
        return parse_submission(page)
    message = _words(found.group(1))
    reason = f"{message} ({_words(status.group(1))})" if status else message
    if any(word in message.lower() for word in _DENIED_WORDS):
        return EnrolmentPage(PageState.DENIED, message=reason)
    if any(word in message.lower() for word in _PENDING_WORDS):
        return EnrolmentPage(PageState.PENDING, message=reason)
    return EnrolmentPage(PageState.UNKNOWN, message=reason)


def parse_renewals(page: bytes) -> int | None:
    """Number of the CA certificate's newest renewal on certcarc.asp; None when the page does not say."""
    found = _RENEWALS.search(_text(page))
    return int(found.group(1)) if found else None


def _text(page: bytes) -> str:
    return page[:LONGEST_PAGE_BYTES].decode("utf-8", "replace")


def _words(text: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", text)).split())[:_LONGEST_MESSAGE]
